package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/gateway"
)

// A clock that goes back: what was kept right now is what is pruned.
func TestPruneNewest(t *testing.T) {
	t.Parallel()
	s := &shelf{dir: t.TempDir()}
	for i := range mostKept {
		if err := os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("20991231T000000.%03d-target-x-%d.json", i%1000, i)), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.keep(gateway.Kept{Kind: gateway.KeptTarget, Name: "orders", KeptAt: time.Now(), Gateway: "g", Configuration: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.told() {
		if _, err := os.Stat(f.path); err != nil {
			t.Errorf("named as kept, and gone: %v", err)
		}
	}
}

// A directory whose name is a pattern: another one is pruned.
func TestPruneElsewhere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	mine, other := filepath.Join(root, "[ab]"), filepath.Join(root, "a")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range mostKept + 1 {
		if err := os.WriteFile(filepath.Join(other, fmt.Sprintf("%04d.json", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &shelf{dir: mine}
	if err := s.keep(gateway.Kept{Kind: gateway.KeptTarget, Name: "orders", KeptAt: time.Now(), Gateway: "g", Configuration: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(other); len(left) != mostKept+1 {
		t.Errorf("%d files left in a directory that is not its own", len(left))
	}
}

// A schema of 1 MiB, AWS's limit, of characters that JSON escapes for HTML.
func TestKeptTooLong(t *testing.T) {
	t.Parallel()
	s := &shelf{dir: t.TempDir()}
	configuration, _ := json.Marshal(map[string]string{"inlinePayload": strings.Repeat("<", 900<<10)})
	if err := s.keep(gateway.Kept{Kind: gateway.KeptTarget, Name: "orders", KeptAt: time.Now(), Gateway: "g", Configuration: configuration}); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.told() {
		if _, err := readKept(f.path); err != nil {
			t.Error(err)
		}
	}
}

package interop_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// seconds are figures that differ from run to run.
var seconds = regexp.MustCompile(`\d+\.\d s`)

// TestReadme runs the commands of README.md as they stand, and holds what it shows of
// the first one to what that says.
func TestReadme(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "go")
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := commandsOf(t, "../README.md")
	if len(blocks) != 3 {
		t.Fatalf("README.md has %d blocks of commands", len(blocks))
	}
	t.Run("get it", func(t *testing.T) {
		t.Parallel()
		demo, tests, _ := strings.Cut(blocks[0], "\n")
		if !strings.HasPrefix(demo, "go run . demo ") || !strings.HasPrefix(tests, "go test ./... ") || !strings.HasPrefix(blocks[1], "go install .") {
			t.Fatalf("it begins with %s%s", blocks[0], blocks[1])
		}
		bin := t.TempDir()
		env := environment(os.Getenv("HOME"), "GOBIN="+bin)
		for _, name := range []string{"GOFLAGS", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN"} {
			if value, set := os.LookupEnv(name); set {
				env = append(env, name+"="+value)
			}
		}
		said := string(succeed(t, env, "bash", "-c", "set -euo pipefail\ncd ..\nexport PATH="+bin+":$PATH\n"+demo+"\n"+blocks[1]))
		if strings.Count(said, "All 5 steps") != 2 {
			t.Errorf("it says\n%s", said)
		}
	})
	t.Run("on a local AgentCore", func(t *testing.T) {
		t.Parallel()
		local, list, _ := strings.Cut(blocks[2], "\n")
		if !strings.HasPrefix(local, "agentcore-gateway-mcp local --env-file env ") {
			t.Fatalf("it begins with %s", local)
		}
		dir := t.TempDir()
		start(t, regexp.MustCompile("Ctrl-C"), "local", "--env-file", filepath.Join(dir, "env"), "--addr", "127.0.0.1:0")
		if said := shell(t, environment(t.TempDir()), "cd "+dir, list); !strings.Contains(said, "mcp-server-target") {
			t.Errorf("it says\n%s", said)
		}
		_, shown, _ := strings.Cut(string(readme), "```\n$ ")
		shown, _, _ = strings.Cut(shown, "```")
		command, want, _ := strings.Cut(shown, "\n")
		said := shell(t, environment(t.TempDir()), "cd "+dir, "set -a; . ./env; set +a", command)
		if mask := func(s string) string { return seconds.ReplaceAllString(s, "N s") }; mask(said) != mask(want) {
			t.Errorf("README.md shows\n%s\nand it says\n%s", want, said)
		}
	})
}

package interop_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// inspectorToolError is the Inspector's exit status for a result with isError.
const inspectorToolError = 5

// TestInspector drives the server over stdio with the Inspector's command line.
func TestInspector(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	inspect := func(t *testing.T, args ...string) result {
		t.Helper()
		return run(t, n.env, n.command("mcp-inspector"), append([]string{"--cli", program, "--local", "--format", "json"}, args...)...)
	}

	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		for _, era := range []string{"legacy", "modern"} {
			r := inspect(t, "--protocol-era", era, "--method", "tools/list", "--strict")
			var list struct {
				Result struct{ Tools []struct{ Name string } }
			}
			if err := json.Unmarshal(r.stdout, &list); err != nil || len(list.Result.Tools) == 0 {
				t.Errorf("%s: no tools: %v", era, err)
			}
			if r.status != 0 || len(r.stderr) > 0 {
				t.Errorf("%s: exit status %d, the schema lint says:\n%s", era, r.status, r.stderr)
			}
		}
	})
	t.Run("call", func(t *testing.T) {
		t.Parallel()
		r := inspect(t, "--method", "tools/call", "--tool-name", "synchronize_target", "--tool-arg", "target=mcp-server-target")
		if r.status != 0 || !strings.Contains(string(r.stdout), "cancelOrder") {
			t.Errorf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
	})
	t.Run("tool error", func(t *testing.T) {
		t.Parallel()
		r := inspect(t, "--method", "tools/call", "--tool-name", "get_target", "--tool-arg", "target=nowhere")
		if r.status != inspectorToolError || !strings.Contains(string(r.stdout), "no target named") {
			t.Errorf("exit status %d, want %d\n%s%s", r.status, inspectorToolError, r.stdout, r.stderr)
		}
	})
}

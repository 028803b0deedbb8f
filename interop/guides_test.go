package interop_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// commandsOf are the shell blocks of a guide in docs, in their order.
func commandsOf(t *testing.T, guide string) []string {
	t.Helper()
	return commandsIn(t, filepath.Join("..", "docs", guide))
}

// commandsIn are the shell blocks of a file, in their order.
func commandsIn(t *testing.T, path string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range fence.FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(found[1]))
	}
	return blocks
}

// needs looks for commands that a guide uses.
func needs(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := exec.LookPath(c); err != nil {
			missing(t, c+" is not installed", "apt-get install "+c)
		}
	}
}

// shell runs a guide's commands as somebody would who pastes them one after the other.
func shell(t *testing.T, env []string, blocks ...string) string {
	t.Helper()
	script := "set -euo pipefail\nexport PATH=" + filepath.Dir(program) + ":$PATH\n" + strings.Join(blocks, "\n")
	return string(succeed(t, env, "bash", "-c", script))
}

// The guide to HTTP by hand, from the key on.
func TestGuideHTTP(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "jq", "openssl")
	blocks := commandsOf(t, "http.md")
	key, command, ok := strings.Cut(blocks[0], "\n")
	if !ok || strings.TrimSpace(command) != "agentcore-gateway-mcp serve --local --addr 127.0.0.1:8000" {
		t.Fatalf("the guide begins with %s", blocks[0])
	}
	key = shell(t, environment(t.TempDir()), key, "printf %s \"$AGENTCORE_GATEWAY_MCP_SEAL_KEY\"")
	printed, _ := background(t, serving, environment(t.TempDir(), "AGENTCORE_GATEWAY_MCP_SEAL_KEY="+key), program, "serve", "--local", "--addr", "127.0.0.1:0")
	url := serving.FindStringSubmatch(printed)[1]
	said := shell(t, environment(t.TempDir(), "URL="+url), blocks[1:]...)
	rest := said
	for _, want := range []string{
		"check_drift\n", `"state": "drifted"`, `"cancelOrder"`, "Resync the tools", "agentcore://gateways/{gateway}\n", `"prefix": "mcp-server-target___"`, "[\n  \"mcp-server-target\"\n]",
		"serves 3 tools of it, which its callers would lose", `"outcome": "deleted"`, "ac-gateway-mcp-server",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q does not come:\n%s", want, said)
		}
		rest = after
	}
	again := run(t, environment(t.TempDir(), "URL="+url), "bash", "-c", blocks[1]+strings.Join(blocks[len(blocks)-3:len(blocks)-1], ""))
	if bytes.Contains(again.stdout, []byte(`"outcome": "deleted"`)) {
		t.Errorf("what has gone is deleted again: %s", again.stdout)
	}
}

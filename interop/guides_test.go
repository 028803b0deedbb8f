package interop_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

var (
	exportLine = regexp.MustCompile(`(?m)^export (\S+)$`)
	tokenURL   = regexp.MustCompile(`takes tokens of (\S+)/oauth2/token`)
	gatewayID  = regexp.MustCompile(`Gateway \S+ \((\S+)\)`)
)

// The guide to AgentCore Runtime, but for what only AWS has: with the AWS CLI, the local
// AgentCore's issuer, and this program as the container.
func TestGuideRuntime(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "jq")
	text, _ := background(t, regexp.MustCompile("Ctrl-C"), environment(t.TempDir()), program, "local", "--addr", "127.0.0.1:0")
	var variables []string
	for _, found := range exportLine.FindAllStringSubmatch(text, -1) {
		variables = append(variables, found[1])
	}
	newAWSCLI(t, variables)
	pool := tokenURL.FindStringSubmatch(text)[1]
	const name = "agentcore_gateway_mcp"
	id := gatewayID.FindStringSubmatch(text)[1]
	container := environment(t.TempDir(), append(variables, "AGENTCORE_GATEWAY_MCP_READ_ONLY=false", "AGENTCORE_GATEWAY_MCP_SELF="+name)...)
	printed, _ := background(t, serving, container, program, "serve", "--addr", "127.0.0.1:0", "--auth", "platform")
	image := "local" + strings.TrimPrefix(serving.FindStringSubmatch(printed)[1], "http")

	var here []string
	blocks := commandsOf(t, "runtime.md")
	for _, block := range blocks {
		if first, _, _ := strings.Cut(block, "\n"); first != "# AWS only" && !strings.HasPrefix(first, "# yours: ") {
			here = append(here, block)
		}
	}
	given := strings.NewReplacer("GATEWAY_ID=…", "GATEWAY_ID="+id, "DISCOVERY_URL=…", "DISCOVERY_URL="+pool+"/.well-known/openid-configuration",
		"local://127.0.0.1:8001/mcp", image, "set -a; . ./env; set +a", "").Replace(blocks[len(blocks)-1])
	said := shell(t, pythonEnvironment(variables...), append([]string{"cd " + t.TempDir(), given}, here...)...)
	t.Logf("%s", said)
	rest := said
	for _, want := range []string{
		"update_target_endpoint\n", `"count": 2`, `"status": "READY"`, // what the gateway serves, and the own target, by itself
		`"2"`, "synchronized: 1 of 1", "gateway-tools  deleted",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q does not come:\n%s", want, said)
		}
		rest = after
	}
}

// The guide to callers with tokens: a local issuer, a server, and a caller who only reads.
func TestGuideAuthentication(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "jq")
	blocks := commandsOf(t, "authentication.md")
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.HasPrefix(b, "agentcore-gateway-mcp local ") })
	local, serve, call := blocks[i], blocks[i+1], blocks[i+2]
	begin := func(ready *regexp.Regexp, env []string, block string) string {
		command := strings.Replace(block, "agentcore-gateway-mcp ", "exec "+program+" ", 1)
		printed, _ := background(t, ready, env, "bash", "-c", command)
		return printed
	}
	dir := t.TempDir()
	text := begin(regexp.MustCompile("Ctrl-C"), environment(dir), "cd "+dir+"\n"+strings.Replace(local, ":8042", ":0", 1))
	discovery := "DISCOVERY_URL=" + tokenURL.FindStringSubmatch(text)[1] + "/.well-known/openid-configuration"
	if !strings.Contains(text, "whose discovery URL is "+strings.TrimPrefix(discovery, "DISCOVERY_URL=")) {
		t.Errorf("it is not printed: %s", text)
	}
	url := serving.FindStringSubmatch(begin(serving, environment(dir, "PORT=0", discovery), "cd "+dir+"\n"+serve))[1]
	port := strings.TrimSuffix(url[strings.LastIndex(url, ":")+1:], "/mcp")
	said := strings.Fields(shell(t, environment(dir, "PORT="+port, discovery), call))
	if len(said) != 7 || !slices.Contains(said, "list_targets") || slices.Contains(said, "synchronize_target") {
		t.Errorf("a reader sees %q", said)
	}
}

// The guide to shells and pipelines, with its names put in the place of a local world's.
func TestGuideShells(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "jq")
	text, _ := background(t, regexp.MustCompile("Ctrl-C"), environment(t.TempDir()), program, "local", "--addr", "127.0.0.1:0")
	var variables []string
	for _, found := range exportLine.FindAllStringSubmatch(text, -1) {
		variables = append(variables, found[1])
	}
	another := regexp.MustCompile(`ask for no token: \S+ and (\S+)`).FindStringSubmatch(text)[1]
	here := strings.NewReplacer("my-gateway", "ac-gateway-mcp-server", " orders", " mcp-server-target", "https://new.example.com/mcp", another,
		"http://127.0.0.1:8042", strings.TrimSuffix(tokenURL.FindStringSubmatch(text)[1][:strings.Index(tokenURL.FindStringSubmatch(text)[1], "/cognito")], "/"))
	var shells, aws []string
	for _, block := range commandsOf(t, "clients.md") {
		switch {
		case strings.HasPrefix(block, "agentcore-gateway-mcp call"):
			shells = append(shells, here.Replace(block))
		case strings.HasPrefix(block, "export AWS_ENDPOINT"):
			aws = append(aws, here.Replace(block))
		}
	}
	if len(shells) != 3 || len(aws) != 1 {
		t.Fatalf("%d blocks of calls, %d of the AWS CLI", len(shells), len(aws))
	}
	runtime := "RUNTIME_ARN=$(agentcore-gateway-mcp call --json get_runtime --runtime orders_v1 | jq -r .arn)" // to which the target points until the first block moves it
	said := shell(t, environment(t.TempDir(), variables...), "cd "+t.TempDir(), runtime, shells[1], shells[2], shells[0])
	rest := said
	for _, want := range []string{"synchronized: 1 of 1", "in sync", "synchronize_target", "READY", "[]", "planned", "updated, READY"} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q does not come:\n%s", want, said)
		}
		rest = after
	}
	newAWSCLI(t, variables)
	if said := shell(t, pythonEnvironment(), aws...); !strings.Contains(said, "ac-gateway-mcp-server") {
		t.Errorf("the AWS CLI says %s", said)
	}
}

// A guide's commands are run by a test, or say that they need what only AWS or its reader
// has.
func TestGuidesAreRun(t *testing.T) {
	t.Parallel()
	byTests := []string{"authentication.md", "clients.md", "http.md", "runtime.md"} // above, and by TestClients
	guides, err := filepath.Glob("../docs/*.md")
	if err != nil || len(guides) < len(byTests) {
		t.Fatalf("%q, %v", guides, err)
	}
	for _, guide := range guides {
		name := filepath.Base(guide)
		for _, block := range commandsOf(t, name) {
			first, _, _ := strings.Cut(block, "\n")
			if !slices.Contains(byTests, name) && !strings.HasPrefix(first, "# AWS only") && !strings.HasPrefix(first, "# yours") {
				t.Errorf("docs/%s: no test runs\n%s", name, block)
			}
		}
	}
}

package interop_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// TestExampleClaudeDesktop starts the command of each configuration file as
// Claude Desktop does.
func TestExampleClaudeDesktop(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"claude_desktop_config.json", "claude_desktop_config.local.json"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("..", "agent-examples", "claude-desktop", file))
			if err != nil {
				t.Fatal(err)
			}
			var config struct {
				MCPServers map[string]struct {
					Command string
					Args    []string
					Env     map[string]string
				}
			}
			if err := json.Unmarshal(data, &config); err != nil {
				t.Fatal(err)
			}
			server, found := config.MCPServers["agentcore-gateway"]
			if !found || server.Command != "/path/to/agentcore-gateway-mcp" {
				t.Fatalf("servers %+v", config.MCPServers)
			}
			cmd := exec.Command(program, server.Args...)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()} // it hands on little else
			for name, value := range server.Env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			if profile := server.Env["AWS_PROFILE"]; profile != "" {
				path := filepath.Join(t.TempDir(), "config")
				write(t, path, "[profile "+profile+"]\naws_access_key_id = local\naws_secret_access_key = local\n")
				cmd.Env = append(cmd.Env, "AWS_CONFIG_FILE="+path)
			}
			session, err := mcp.NewClient(&mcp.Implementation{Name: "claude-ai", Version: "0.1.0"}, nil).
				Connect(t.Context(), &mcp.CommandTransport{Command: cmd, TerminateDuration: 10 * time.Second}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			listed, err := session.ListTools(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(listed.Tools, func(tool *mcp.Tool) bool { return tool.Name == "synchronize_target" }) {
				t.Errorf("no synchronize_target among %d tools", len(listed.Tools))
			}
		})
	}
}

// strands is the directory of the TypeScript example, with its packages.
const strands = "../agent-examples/strands-typescript"

// TestExampleStrandsTypeScript runs the agent's real loop with the scripted
// model: the agent finds a tool missing, synchronizes, and has it.
func TestExampleStrandsTypeScript(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if _, err := os.Stat(filepath.Join(strands, "node_modules", ".package-lock.json")); err != nil {
		missing(t, "the example's packages are not installed", "npm ci --prefix agent-examples/strands-typescript")
	}
	script := filepath.Join(strands, "agent.ts")

	t.Run("types", func(t *testing.T) {
		t.Parallel()
		n.script(t, nil, filepath.Join(strands, "node_modules", "typescript", "bin", "tsc"), "--project", strands)
	})
	t.Run("stdio", func(t *testing.T) {
		t.Parallel()
		checkConversation(t, n.script(t, []string{"AGENTCORE_GATEWAY_MCP=" + program}, script, "--scripted", "--", "--local"))
	})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		const client, secret, scope = "strands-agent", "a-secret-of-the-agent", "gateways/write"
		core := emulator.New(emulator.Options{})
		t.Cleanup(core.Close)
		pool := core.NewUserPool("agents")
		pool.AddClient(client, secret, scope)
		url := serving.FindStringSubmatch(start(t, serving, "serve", "--local", "--addr", "127.0.0.1:0", "--auth", "jwt",
			"--discovery-url", pool.DiscoveryURL(listen(t, core)), "--allowed-clients", client, "--write-scope", scope))[1]
		settings := func(secret string) []string {
			return []string{"MCP_URL=" + url, "MCP_CLIENT_ID=" + client, "MCP_CLIENT_SECRET=" + secret, "MCP_SCOPES=" + scope}
		}

		const wrong = "another-secret"
		r := run(t, append(slices.Clone(n.env), settings(wrong)...), n.path, script, "--scripted")
		if printed := string(r.stdout) + string(r.stderr); r.status == 0 || !strings.Contains(printed, "failed  ") || strings.Contains(printed, "called  ") || strings.Contains(printed, wrong) {
			t.Errorf("with a wrong secret: exit status %d\n%s", r.status, printed)
		}
		checkConversation(t, n.script(t, settings(secret), script, "--scripted"))
	})
}

// checkConversation wants the agent to have done, in this order, what its user
// asked for.
func checkConversation(t *testing.T, printed []byte) {
	t.Helper()
	all := conversation(printed)
	called, answered, said := all["called"], all["answer"], all["said"]
	const synchronize = `synchronize_target {"target":"mcp-server-target"}`
	if !slices.Equal(called, []string{"list_tools {}", synchronize, "list_tools {}"}) || len(answered) != 3 {
		t.Fatalf("the agent called %q:\n%s", called, printed)
	}
	for i, want := range []bool{false, true, true} {
		if has := strings.Contains(answered[i], `"name":"cancelOrder"`); has != want {
			t.Errorf("answer %d tells of cancelOrder: %t, want %t\n%s", i, has, want, answered[i])
		}
	}
	if !slices.Equal(said, []string{"mcp-server-target has cancelOrder, since its synchronization."}) {
		t.Errorf("the agent said %q", said)
	}
}

// conversation is what an agent printed, by the word that each line begins with.
func conversation(printed []byte) map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(string(printed)) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[kind] = append(all[kind], strings.TrimSpace(rest))
	}
	return all
}

// TestExampleStrandsPython checks the syntax, no more: the example's packages
// are not installed.
func TestExampleStrandsPython(t *testing.T) {
	t.Parallel()
	env := pythonEnvironment("PYTHONPYCACHEPREFIX=" + t.TempDir())
	succeed(t, env, fromPython(t, "python3"), "-m", "py_compile", "../agent-examples/strands-python/agent.py")
}

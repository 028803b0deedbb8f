package interop_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const selfManaging = "../agent-examples/self-managing"

// TestExampleSelfManaging does what the example's README says: the server becomes a
// target of the gateway that it manages, and an agent that is connected to that
// gateway alone finds a tool missing, gets it, uses it, and synchronizes the target
// that is the server.
func TestExampleSelfManaging(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if _, err := os.Stat(filepath.Join(selfManaging, "node_modules", ".package-lock.json")); err != nil {
		missing(t, "the example's packages are not installed", "npm ci --prefix agent-examples/self-managing")
	}
	t.Run("types", func(t *testing.T) {
		t.Parallel()
		n.script(t, nil, filepath.Join(selfManaging, "node_modules", "typescript", "bin", "tsc"), "--project", selfManaging)
	})
	t.Run("agent", func(t *testing.T) {
		t.Parallel()
		settings := selfManaged(t)
		script := filepath.Join(selfManaging, "agent.ts")

		const wrong = "another-secret"
		r := run(t, slices.Concat(n.env, settings, []string{"MCP_CLIENT_SECRET=" + wrong}), n.path, script)
		if printed := string(r.stdout) + string(r.stderr); r.status == 0 || !strings.Contains(printed, "failed  ") || strings.Contains(printed, "listed  ") || strings.Contains(printed, wrong) {
			t.Errorf("with a wrong secret: exit status %d\n%s", r.status, printed)
		}
		checkSelfManaging(t, n.script(t, settings, script))
	})
}

// selfManaged starts a local AgentCore and the server, makes that a target of the
// gateway, and returns the settings of an agent that may call the gateway.
func selfManaged(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "env")
	said := start(t, regexp.MustCompile("Ctrl-C"), "local", "--addr", "127.0.0.1:0", "--env-file", file)
	url := regexp.MustCompile(`Its MCP endpoint (\S+)`).FindStringSubmatch(said)
	written, err := os.ReadFile(file)
	if err != nil || url == nil {
		t.Fatalf("%v\n%s", err, said)
	}
	variables := strings.Fields(string(written))
	env := environment(t.TempDir(), variables...)
	served, _ := background(t, serving, env, program, "serve", "--addr", "127.0.0.1:0")
	succeed(t, env, program, "call", "create_target", "--name", "gateway-tools", "--endpoint", serving.FindStringSubmatch(served)[1])
	settings := []string{"MCP_URL=" + url[1]}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		switch strings.TrimPrefix(name, "AGENTCORE_GATEWAY_MCP_GATEWAY_") {
		case "CLIENT_ID":
			settings = append(settings, "MCP_CLIENT_ID="+value)
		case "CLIENT_SECRET":
			settings = append(settings, "MCP_CLIENT_SECRET="+value)
		case "SCOPE":
			settings = append(settings, "MCP_SCOPES="+value)
		}
	}
	return settings
}

func checkSelfManaging(t *testing.T, printed []byte) {
	t.Helper()
	said := conversation(printed)
	called := []string{
		`gateway-tools___check_drift {}`, `gateway-tools___synchronize_target {"target":"mcp-server-target"}`, `mcp-server-target___cancelOrder {"orderId":123}`,
		`gateway-tools___synchronize_target {"target":"gateway-tools"}`, `gateway-tools___list_targets {"details":false}`,
	}
	if !slices.Equal(said["called"], called) || len(said["answer"]) != len(called) {
		t.Fatalf("the agent called %q:\n%s", said["called"], printed)
	}
	for i, wants := range [][]string{
		{`"inSync":1,"drifted":1`, `"added":[{"name":"cancelOrder"`}, {`"outcome":"synchronized"`, `"status":"READY"`, `"added":[{"name":"cancelOrder"`}, {`"status":"CANCELLED"`},
		{`"outcome":"synchronized"`, `"target":"gateway-tools"`, `"status":"READY"`, `"added":[],"removed":[]`}, {`"name":"gateway-tools","status":"READY"`},
	} {
		for _, want := range wants {
			if !strings.Contains(said["answer"][i], want) {
				t.Errorf("answer %d lacks %s: %s", i, want, said["answer"][i])
			}
		}
	}
	listed := said["listed"]
	if len(listed) != 3 || !strings.HasSuffix(listed[1], " tools, new: mcp-server-target___cancelOrder") || !strings.HasSuffix(listed[2], " tools, none is new") {
		t.Errorf("it listed %q", listed)
	}
	if want := []string{"Order 123 is CANCELLED, by mcp-server-target___cancelOrder.", "gateway-tools is synchronized and READY, and answers: 2 targets."}; !slices.Equal(said["said"], want) {
		t.Errorf("it said %q, want %q", said["said"], want)
	}
}

// TestExampleSelfManagingPython checks the syntax, no more: the example's packages
// are not installed.
func TestExampleSelfManagingPython(t *testing.T) {
	t.Parallel()
	env := pythonEnvironment("PYTHONPYCACHEPREFIX=" + t.TempDir())
	succeed(t, env, fromPython(t, "python3"), "-m", "py_compile", filepath.Join(selfManaging, "agent.py"))
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// binaries holds what the tests build, until they end.
var binaries string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "agentcore-gateway-mcp")
	if err != nil {
		panic(err)
	}
	binaries = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

var build = sync.OnceValues(func() (string, error) { return goBuild("agentcore-gateway-mcp", ".") })

// buildUnraced builds without the race detector, for tests of size and speed.
var buildUnraced = sync.OnceValues(func() (string, error) { return goBuild("unraced", ".", "-race=false") })

func goBuild(name, dir string, flags ...string) (string, error) {
	path := filepath.Join(binaries, name)
	out, err := exec.Command("go", slices.Concat([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", path}, flags, []string{dir})...).CombinedOutput()
	if err != nil {
		err = errors.New(err.Error() + ": " + string(out))
	}
	return path, err
}

// program is the built binary with arguments, in an environment without AWS
// settings of the machine's.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	// A test's context ends before its clean-up begins: the program is asked to end, and
	// how it ends is not covered up by that.
	cmd.Cancel = func() error {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		return os.ErrProcessDone
	}
	cmd.WaitDelay = 30 * time.Second
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	return cmd
}

// output runs the program to its end.
func output(t testing.TB, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestDemo(t *testing.T) {
	own := []string{
		"gateway-tools: 15 tools; mcp-server-target: getOrder, updateOrder\n", "none of them cancels an order",
		"called gateway-tools___check_drift {}", "mcp-server-target  drifted", "+ cancelOrder", "gateway-tools  in_sync",
		`called gateway-tools___synchronize_target {"target":"mcp-server-target"}`, "synchronized, READY", "+ cancelOrder", "mcp-server-target: cancelOrder, getOrder, updateOrder\n",
		`called mcp-server-target___cancelOrder {"orderId":123}`, "CANCELLED", "called mcp-server-target___getOrder", "CANCELLED",
		`called gateway-tools___synchronize_target {"target":"gateway-tools"}`, "gateway-tools SYNCHRONIZING, mcp-server-target READY", "the server answers",
		"synchronized, READY", "15 tools before and 15 now", "leads to this very server", "was not deleted", "nothing was changed", "All 5 steps",
	}
	tutorial := []string{
		"the gateway serves 2 tools", "now offers cancelOrder, getOrder, updateOrder", "the gateway serves 2 tools",
		`called synchronize_target {"target":"mcp-server-target"}`, "synchronized, READY", "+ cancelOrder", "the gateway serves 3 tools",
		"called update_target_endpoint", "updated, READY", "+ deleteOrder", "the gateway serves 4 tools",
		"credentialProviderConfigurations", "metadataConfiguration", "nothing is left", "All 5 steps",
	}
	for args, want := range map[string][]string{"demo": tutorial, "demo --http": tutorial, "demo --self": own} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, status := output(t, program(t, strings.Fields(args)...))
			if status != 0 || stderr != "" {
				t.Fatalf("exit status %d, stderr %q\n%s", status, stderr, stdout)
			}
			rest := stdout
			for _, w := range want {
				i := strings.Index(rest, w)
				if i < 0 {
					t.Fatalf("%q is missing, or too early:\n%s", w, stdout)
				}
				rest = rest[i+len(w):]
			}
			if args != "demo --self" && !strings.Contains(timeless(stdout), timeless(readmeStep(t))) {
				t.Errorf("README.md shows another step 3:\n%s\n%s", readmeStep(t), stdout)
			}
			if strings.Contains(stdout, "\x1b[") {
				t.Error("colours in a pipe")
			}
		})
	}
}

// readmeStep is the part of the demo's output that README.md shows.
func readmeStep(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```\n3. ")
	step, _, too := strings.Cut(rest, "```")
	if !ok || !too {
		t.Fatal("README.md shows no step 3")
	}
	return "3. " + step
}

// timeless takes out how long something took.
func timeless(s string) string {
	return regexp.MustCompile(`[0-9.]+ s,`).ReplaceAllString(s, "… s,")
}

// The tutorial's two changes as an agent makes them, over both transports, in
// two processes: a local AgentCore and our server.
func TestTutorial(t *testing.T) {
	for name, connect := range map[string]func(*testing.T, []string) *mcp.ClientSession{"stdio": overStdio, "http": overHTTP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exports, successor := startLocal(t)
			session := connect(t, exports)
			if n := callOver[tools.ToolList](t, session, "list_tools", nil).Count; n != 2 {
				t.Fatalf("%d tools are served, want 2", n)
			}
			c := callOver[gateway.Change](t, session, "synchronize_target", map[string]any{"target": "mcp-server-target"})
			if c.Outcome != gateway.Synchronized || toolNames(c.Tools.Added) != "cancelOrder" {
				t.Errorf("got %+v", c)
			}
			c = callOver[gateway.Change](t, session, "update_target_endpoint", map[string]any{"target": "mcp-server-target", "runtimeArn": successor})
			if c.Outcome != gateway.Updated || toolNames(c.Tools.Added) != "deleteOrder" || c.Tools.After != 4 {
				t.Errorf("got %+v", c)
			}
			if n := callOver[tools.ToolList](t, session, "list_tools", nil).Count; n != 4 {
				t.Errorf("%d tools are served, want 4", n)
			}
		})
	}
}

// startLocal starts a local AgentCore as a process of its own. It returns the
// variables that it says to export, and the runtime of the server with 4 tools.
func startLocal(t *testing.T) (exports []string, successor string) {
	t.Helper()
	stdout := start(t, program(t, "local", "--addr", "127.0.0.1:0"))
	text := stdout.until(t, "Ctrl-C")
	for _, line := range regexp.MustCompile(`(?m)^export (.+)$`).FindAllStringSubmatch(text, -1) {
		exports = append(exports, strings.Fields(line[1])...)
	}
	return exports, regexp.MustCompile(`--runtimeArn (\S+)`).FindStringSubmatch(text)[1]
}

func overStdio(t *testing.T, env []string) *mcp.ClientSession {
	cmd := program(t)
	cmd.Env = append(cmd.Env, env...)
	return connectTo(t, &mcp.CommandTransport{Command: cmd})
}

func overHTTP(t *testing.T, env []string) *mcp.ClientSession {
	cmd := program(t, "serve", "--addr", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, env...)
	url := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(start(t, cmd).until(t, "/mcp"))[1]
	return connectTo(t, &mcp.StreamableClientTransport{Endpoint: url})
}

func connectTo(t testing.TB, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func callOver[Out any](t *testing.T, session *mcp.ClientSession, tool string, arguments map[string]any) (out Out) {
	t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	if result.IsError {
		t.Fatalf("%s: %s", tool, text(result))
	}
	if err := json.Unmarshal([]byte(text(result)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestServe(t *testing.T) {
	cmd := program(t, "serve", "--local", "--addr", "127.0.0.1:0", "--self", "mcp-server-target,nobody")
	log := start(t, cmd)
	url := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(log.until(t, "/mcp"))[1]
	log.until(t, "no --seal-key: nobody is asked")
	if said := log.until(t, "--self names no target"); !strings.Contains(said, "[nobody]") {
		t.Errorf("it says %s", said)
	}
	base := strings.TrimSuffix(url, "/mcp")
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	for name, c := range map[string]struct {
		method, url, body string
		header            http.Header
		host              string
		status            int
		want              string
	}{
		"ping":                      {method: "GET", url: base + "/ping", status: 200, want: `{"status":"Healthy"}`},
		"initialize":                {method: "POST", url: url, body: initialize, status: 200, want: `"protocolVersion":"2025-11-25"`},
		"a platform's session":      {method: "POST", url: url, body: initialize, header: http.Header{"Mcp-Session-Id": {"0f1e"}, "X-Amzn-Bedrock-Agentcore-Runtime-Session-Id": {"0f1e"}}, status: 200},
		"a foreign host":            {method: "POST", url: url, body: initialize, host: "evil.example.com", status: 403},
		"a foreign origin":          {method: "POST", url: url, body: initialize, header: http.Header{"Origin": {"https://evil.example.com"}}, status: 403},
		"a body that is too large":  {method: "POST", url: url, body: `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 2<<20) + `"}`, status: 413},
		"GET":                       {method: "GET", url: url, status: 405},
		"somewhere else":            {method: "GET", url: base + "/", status: 404},
		"what is not JSON":          {method: "POST", url: url, body: "{", status: 400},
		"a browser's navigation":    {method: "POST", url: url, body: initialize, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, status: 403},
		"a command line client too": {method: "POST", url: url, body: initialize, header: http.Header{"Sec-Fetch-Site": {"none"}}, status: 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		for k, v := range c.header {
			req.Header[k] = v
		}
		req.Host = c.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s: got %d %.200s, want %d %s", name, resp.StatusCode, body, c.status, c.want)
		}
	}
}

func TestCall(t *testing.T) {
	for name, c := range map[string]struct {
		args           []string
		status         int
		stdout, stderr []string
	}{
		"all tools":       {[]string{"call", "--local"}, 0, []string{"synchronize_target", "list_gateways"}, nil},
		"table":           {[]string{"call", "--local", "synchronize_target", "--target", "mcp-server-target"}, 0, []string{"synchronized, READY", "+ cancelOrder  cancel existing order", "2 tools before, 3 now"}, nil},
		"JSON":            {[]string{"call", "--local", "--json", "list_tools", "--target=mcp-server-target"}, 0, []string{`"count": 2`}, nil},
		"boolean":         {[]string{"call", "--local", "list_targets", "--details", "false"}, 0, []string{"mcp-server-target", "READY"}, nil},
		"arguments":       {[]string{"call", "--local", "update_target_endpoint", "--help"}, 0, []string{"--runtimeArn", "(required)", "default revert; one of revert, revert_on_loss"}, nil},
		"a tool's error":  {[]string{"call", "--local", "get_target", "--target", "mcp-server"}, 1, nil, []string{"error: ", "did you mean mcp-server-target ("}},
		"failed":          {[]string{"call", "--local", "update_target_endpoint", "--target", "mcp-server-target", "--endpoint", "http://127.0.0.1:1/mcp", "--confirm", "mcp-server-target"}, 1, []string{"reverted, READY", "Unable to connect"}, nil},
		"no such tool":    {[]string{"call", "--local", "resync"}, 1, nil, []string{`no tool named "resync"`}},
		"unbound":         {[]string{"call", "--local", "--gateway", "mcp-gateway", "create_gateway"}, 1, nil, []string{"create_gateway is not there where --gateway names", "env -u AGENTCORE_GATEWAY_MCP_GATEWAY"}},
		"runtimes, piped": {[]string{"call", "--local", "list_runtimes"}, 0, []string{"  ARN\n", ":runtime/orders_v2-"}, nil},
		"no such flag":    {[]string{"call", "--local", "list_tools", "--targte", "x"}, 1, nil, []string{"has no argument --targte", "--target"}},
		"not a number":    {[]string{"call", "--local", "synchronize_target", "--target", "x", "--waitSeconds", "soon"}, 1, nil, []string{`"soon" is not a number`}},
		"read-only":       {[]string{"call", "--local", "--read-only", "synchronize_target", "--target", "x"}, 1, nil, []string{"--read-only leaves only tools"}},
		"no value":        {[]string{"call", "--local", "get_target", "--target"}, 1, nil, []string{"--target has no value"}},
		"no region":       {[]string{"call", "list_gateways"}, 1, nil, []string{"no AWS region is set", "--region"}},
		"no credentials":  {[]string{"call", "--region", "us-east-1", "list_gateways"}, 1, nil, []string{"no usable AWS credentials", "--profile"}},
		"unknown profile": {[]string{"call", "--profile", "nobody", "list_gateways"}, 1, nil, []string{"nobody", "--profile"}},
		"serve to all":    {[]string{"serve", "--addr", "0.0.0.0:0"}, 1, nil, []string{"not a loopback address", "127.0.0.1"}},
		"self over HTTP":  {[]string{"demo", "--self", "--http"}, 1, nil, []string{"--http has no effect with --self"}},
		"unknown command": {[]string{"sync"}, 1, nil, []string{`there is no command "sync"`, "--help"}},
		"local, profile":  {[]string{"call", "--local", "--profile", "nobody", "list_targets"}, 0, []string{"mcp-server-target"}, nil},
		"help":            {[]string{"--help"}, 0, []string{"$AGENTCORE_GATEWAY_MCP_READ_ONLY", "AWS_REGION", "demo"}, nil},
		"version":         {[]string{"--version"}, 0, []string{"agentcore-gateway-mcp "}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, status := output(t, program(t, c.args...))
			if status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			for _, want := range c.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, stdout)
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, stderr)
				}
			}
			if c.stderr == nil && strings.Contains(stderr, "error:") {
				t.Errorf("stderr: %s", stderr)
			}
		})
	}
}

// The stdio server ends well when its client goes, or a signal comes.
func TestStdioEnds(t *testing.T) {
	cmd := program(t)
	cmd.Env = append(cmd.Env, "AWS_REGION=us-east-1")
	if stdout, stderr, status := output(t, cmd); status != 0 || stdout != "" || stderr != "" {
		t.Errorf("at the end of stdin: exit status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	cmd = program(t)
	cmd.Env = append(cmd.Env, "AWS_REGION=us-east-1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("at a signal: %v, stderr %q", err, stderr.String())
	}
}

// A port that is taken is said to be.
func TestAddressInUse(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, stderr, status := output(t, program(t, "local", "--addr", l.Addr().String()))
	if status != 1 || !strings.Contains(stderr, "cannot listen on "+l.Addr().String()) {
		t.Errorf("exit status %d, stderr %s", status, stderr)
	}
}

func text(result *mcp.CallToolResult) string {
	var parts []string
	for _, c := range result.Content {
		if t, ok := c.(*mcp.TextContent); ok {
			parts = append(parts, t.Text)
		}
	}
	return strings.Join(parts, "\n")
}

func toolNames(tools []gateway.ToolView) string {
	var all []string
	for _, t := range tools {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}

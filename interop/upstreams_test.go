package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// The reference servers of MCP as upstreams of a gateway, with tools that change
// between calls: drift is seen, judged, taken in, frozen and let in again.
func TestReferenceServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve func(*testing.T, node) http.Handler
		offer []string // some of its tools
	}{
		"server-everything": {everything, []string{"echo", "get-sum", "get-structured-content"}},
		"server-memory":     {memory, []string{"create_entities", "read_graph", "search_nodes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t, c.serve(t, newNode(t)))

			served := said[tools.ToolList](u, 0, "list_tools")
			names := served.Targets[0].Tools
			for _, tool := range c.offer {
				if !slices.ContainsFunc(names, func(v gateway.ToolView) bool { return v.Name == tool }) {
					t.Errorf("the gateway does not serve %s: %v", tool, names)
				}
			}
			if d := u.drift(); d.State != gateway.InSync || len(d.Hashes) != served.Count {
				t.Fatalf("after the creation: %+v", d)
			}
			approved := u.save("check_drift")
			u.expect(0, approved)

			// A tool more.
			u.edit(func(list []map[string]any) []map[string]any {
				more := maps.Clone(list[0])
				more["name"] = "added"
				return append(list, more)
			})
			if d := u.drift(); d.State != gateway.Drifted || d.Tools.Breaking || len(d.Tools.Added) != 1 || d.Tools.Added[0].Name != "added" || len(d.Tools.Changed) != 0 {
				t.Errorf("with a tool more: %+v", d)
			}
			u.expect(10, approved)
			change := said[gateway.Change](u, 0, "synchronize_target")
			if change.Outcome != gateway.Synchronized || change.Tools.After != served.Count+1 || len(change.Tools.Added) != 1 || len(change.Tools.Changed) != 0 {
				t.Errorf("the synchronization: %+v", change)
			}
			if d := u.drift(); d.State != gateway.InSync {
				t.Errorf("after the synchronization: %+v", d)
			}

			approved = u.save("pin_target_tools")
			u.expect(0, approved)

			// A tool less, and one that asks for more.
			u.edit(func(list []map[string]any) []map[string]any {
				for _, tool := range list {
					if tool["name"] == c.offer[0] {
						input := tool["inputSchema"].(map[string]any)
						input["properties"].(map[string]any)["tenant"] = map[string]any{"type": "string"}
						input["required"] = []string{"tenant"}
					}
				}
				return slices.DeleteFunc(list, func(tool map[string]any) bool { return tool["name"] == c.offer[1] })
			})
			d := u.drift()
			if d.State != gateway.Drifted || !d.Pinned || !d.Tools.Breaking || len(d.Tools.Removed) != 2 || len(d.Tools.Changed) != 1 || !strings.Contains(strings.Join(d.Tools.Changed[0].Details, " "), "tenant") {
				t.Errorf("behind the pin: %+v", d.Tools)
			}
			u.expect(11, approved)
			if n := said[tools.ToolList](u, 0, "list_tools").Count; n != served.Count+1 {
				t.Errorf("the gateway serves %d tools of a pinned target, want %d", n, served.Count+1)
			}
			if r := u.call("synchronize_target"); r.status != 1 || !strings.Contains(string(r.stderr), "static schema") {
				t.Errorf("a pinned target is synchronized: %d %s", r.status, r.stderr)
			}

			u.edit(nil) // out of order
			u.expect(20, approved)

			u.edit(func(list []map[string]any) []map[string]any { return list })
			change = said[gateway.Change](u, 0, "unpin_target_tools")
			if change.Outcome != gateway.Updated || change.Tools.After != served.Count || len(change.Tools.Removed) != 1 {
				t.Errorf("the end of the pin: %+v", change)
			}
			if d := u.drift(); d.State != gateway.InSync || d.Pinned {
				t.Errorf("after the end of the pin: %+v", d)
			}
		})
	}
}

// freePort is a port that nobody listens on, and below those that a system gives to who
// asks for any: another test does not take it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// everything is @modelcontextprotocol/server-everything, over its own streamable
// HTTP transport.
func everything(t *testing.T, n node) http.Handler {
	t.Helper()
	port := freePort(t) // it can be told one, and does not tell which it took
	address := "127.0.0.1:" + port
	env := append(slices.Clone(n.env), "PORT="+port)
	background(t, regexp.MustCompile(`listening on port`), env, n.path, n.server("server-everything"), "streamableHttp")
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.FlushInterval = -1
	return proxy
}

// memory is @modelcontextprotocol/server-memory, which speaks over stdio only.
func memory(t *testing.T, n node) http.Handler {
	t.Helper()
	cmd := exec.Command(n.path, n.server("server-memory"))
	cmd.Env = append(slices.Clone(n.env), "MEMORY_FILE_PATH="+filepath.Join(t.TempDir(), "memory.jsonl"))
	session, err := mcp.NewClient(&mcp.Implementation{Name: "bridge"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	server := mcp.NewServer(&mcp.Implementation{Name: "bridge"}, &mcp.ServerOptions{Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}})
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			switch r := req.(type) {
			case *mcp.ListToolsRequest:
				return session.ListTools(ctx, r.Params)
			case *mcp.CallToolRequest:
				return session.CallTool(ctx, &mcp.CallToolParams{Name: r.Params.Name, Arguments: r.Params.Arguments})
			}
			return next(ctx, method, req)
		}
	})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
}

// server is the main script of one of MCP's reference servers.
func (n node) server(name string) string {
	return filepath.Join(n.modules, "@modelcontextprotocol", name, "dist", "index.js")
}

// editor changes a list of tools; nil: the server is out of order.
type editor func([]map[string]any) []map[string]any

// upstream is a target of a local AgentCore, with an MCP server behind it whose
// list of tools can be edited on its way.
type upstream struct {
	t      *testing.T
	env    []string
	editor atomic.Pointer[editor]
}

const behind = "behind" // the target's name

func newUpstream(t *testing.T, server http.Handler) *upstream {
	t.Helper()
	u := &upstream{t: t}
	u.edit(func(list []map[string]any) []map[string]any { return list })
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		return s.URL
	}
	cloud := emulator.New(emulator.Options{})
	t.Cleanup(cloud.Close)
	front, endpoint := serve(cloud), serve(u.between(server))+"/mcp"
	u.env = environment(t.TempDir(), "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+front)
	admin, err := aws.New(t.Context(), aws.Options{Endpoint: front})
	if err != nil {
		t.Fatal(err)
	}
	id, err := admin.CreateGateway(t.Context(), aws.NewGateway{Name: "reference", RoleARN: "arn:aws:iam::123456789012:role/gateway"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.WaitGateway(t.Context(), id, aws.GatewayReady); err != nil {
		t.Fatal(err)
	}
	created, err := admin.CreateTarget(t.Context(), id, aws.NewTarget{Name: behind, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if target, err := admin.WaitTarget(t.Context(), id, created, nil); err != nil || target.Status != aws.TargetReady {
		t.Fatalf("the target is %s %q, %v", target.Status, target.StatusReasons, err)
	}
	return u
}

// edit sets what the lists of tools go through from now on.
func (u *upstream) edit(e editor) { u.editor.Store(&e) }

// between edits the answers to tools/list.
func (u *upstream) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		edit := *u.editor.Load()
		body, err := io.ReadAll(r.Body)
		if edit == nil || err != nil {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(`"tools/list"`)) {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		for line := range strings.Lines(answer.Body.String()) {
			io.WriteString(w, edited(line, edit))
		}
	})
}

// edited is a line of an answer, which may be one of an event stream.
func edited(line string, edit editor) string {
	data, isEvent := strings.CutPrefix(line, "data: ")
	var message map[string]any
	if json.Unmarshal([]byte(data), &message) != nil {
		return line
	}
	result, _ := message["result"].(map[string]any)
	list, _ := result["tools"].([]any)
	var all []map[string]any
	for _, tool := range list {
		all = append(all, tool.(map[string]any))
	}
	if len(all) == 0 {
		return line
	}
	result["tools"] = edit(all)
	out, err := json.Marshal(message)
	if err != nil {
		return line
	}
	if isEvent {
		return fmt.Sprintf("data: %s\n", out)
	}
	return string(out)
}

// call calls a tool of the built program about the target.
func (u *upstream) call(tool string, flags ...string) result {
	u.t.Helper()
	args := append(append([]string{"call", "--json"}, flags...), tool, "--target", behind)
	return run(u.t, u.env, program, args...)
}

// said is what a call, which has to end with the status, prints.
func said[Out any](u *upstream, status int, tool string) (out Out) {
	u.t.Helper()
	r := u.call(tool)
	if err := json.Unmarshal(r.stdout, &out); r.status != status || err != nil {
		u.t.Fatalf("%s: exit status %d, %v\n%s%s", tool, r.status, err, r.stdout, r.stderr)
	}
	return out
}

func (u *upstream) drift() gateway.Drift {
	u.t.Helper()
	return said[tools.DriftReport](u, 0, "check_drift").Targets[0]
}

// save keeps a call's answer in a file.
func (u *upstream) save(tool string) (path string) {
	u.t.Helper()
	r := u.call(tool)
	path = filepath.Join(u.t.TempDir(), tool+".json")
	if err := os.WriteFile(path, r.stdout, 0o600); err != nil || r.status != 0 {
		u.t.Fatalf("%s: exit status %d, %v\n%s%s", tool, r.status, err, r.stdout, r.stderr)
	}
	return path
}

// expect checks the exit status of a check against approved tools.
func (u *upstream) expect(status int, approved string) {
	u.t.Helper()
	if r := u.call("check_drift", "--expect", approved); r.status != status {
		u.t.Errorf("exit status %d, want %d\n%s%s", r.status, status, r.stdout, r.stderr)
	}
}

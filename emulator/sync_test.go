package emulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// listing is a bare MCP server of the initialize handshake with n tools.
func listing(n int) http.HandlerFunc {
	tools := make([]string, n)
	for i := range tools {
		tools[i] = fmt.Sprintf(`{"name":"t%d","inputSchema":{"type":"object"}}`, i)
	}
	return list(strings.Join(tools, ","))
}

// list is a bare MCP server with tools in JSON.
func list(tools string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.NewDecoder(r.Body).Decode(&call) != nil || call.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		result := `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bare","version":"1"}}`
		if call.Method == "tools/list" {
			result = `{"tools":[` + tools + `]}`
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, call.ID, result)
	}
}

func TestFailedSynchronization(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	const fetch = "Failed to connect and fetch tools from the provided MCP target server. Error - "
	for name, c := range map[string]struct {
		upstream http.HandlerFunc
		reason   string
	}{
		"reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fetch + "Unable to connect to the MCP server"},
		"html": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>secret</html>")
		}, fetch + "The answer of the MCP server could not be understood"},
		"401":     {status(401), fetch + "Authorization error when sending message"},
		"403":     {status(403), fetch + "Authorization error when sending message"},
		"400":     {status(400), fetch + "Received error (400) from runtime"},
		"502":     {status(502), fetch + "Unable to connect to the MCP server"},
		"empty":   {listing(0), "MCP server with targetId %s has no tools"},
		"toomany": {listing(10_001), "The number of tools exceeds the limit of 1000 tools per target"},
		"hang": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
			<-r.Context().Done()
		}, fetch + "Unable to connect to the MCP server"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, emulator.Options{})
			var broken atomic.Bool
			healthy := w.upstream(1)
			url := w.serve(func(rw http.ResponseWriter, r *http.Request) {
				if broken.Load() {
					c.upstream(rw, r)
					return
				}
				healthy.orders.ServeHTTP(rw, r)
			}) + "/mcp"
			gw := w.gateway("g")
			id := w.target(gw, "orders", server(url))
			before := w.get(gw, id)
			broken.Store(true)
			if name == "hang" {
				w.core.SetSyncTimeout(300 * time.Millisecond)
			}
			unchanged := func(status types.TargetStatus) {
				t.Helper()
				out := w.settles(gw, id, status)
				want := c.reason
				if strings.Contains(want, "%s") {
					want = fmt.Sprintf(want, id)
				}
				if !slices.Equal(out.StatusReasons, []string{want}) {
					t.Errorf("%s because %q\nwant %q", status, out.StatusReasons, want)
				}
				if !out.LastSynchronizedAt.Equal(*before.LastSynchronizedAt) || !out.UpdatedAt.After(*before.UpdatedAt) {
					t.Errorf("%s: last synchronized %v (before %v), updated %v", status, out.LastSynchronizedAt, before.LastSynchronizedAt, out.UpdatedAt)
				}
				w.serves(gw, "orders___getOrder")
			}
			w.check(w.synchronize(gw, id))
			unchanged(types.TargetStatusSynchronizeUnsuccessful)
			w.check(w.update(gw, id, "renamed", server(url+"?v=2")))
			unchanged(types.TargetStatusUpdateUnsuccessful)
			if out := w.get(gw, id); *out.Name != "renamed" {
				t.Errorf("the failed update left the name %s", *out.Name)
			}
			w.settles(gw, w.create(gw, "new", server(url)), types.TargetStatusFailed)

			broken.Store(false)
			w.check(w.synchronize(gw, id))
			if out := w.settles(gw, id, types.TargetStatusReady); out.StatusReasons != nil {
				t.Errorf("READY with reasons %q", out.StatusReasons)
			}
			w.serves(gw, "renamed___getOrder")
		})
	}
}

func TestUnreachableEndpoints(t *testing.T) {
	w := start(t, emulator.Options{})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	gw := w.gateway("g")
	for endpoint, want := range map[string]string{
		gone.URL + "/mcp":               "Unable to connect to the MCP server",
		"https://10.0.0.1/mcp?k=hidden": "The address of the MCP server is not allowed",
		"https://169.254.169.254/":      "The address of the MCP server is not allowed",
		"https://nowhere.invalid/mcp":   "Apache transport request failed",
	} {
		id := w.create(gw, fmt.Sprintf("t%d", len(endpoint)), server(endpoint))
		out := w.settles(gw, id, types.TargetStatusFailed)
		if !strings.Contains(out.StatusReasons[0], want) || strings.Contains(out.StatusReasons[0], "hidden") {
			t.Errorf("%s: %q, want %q", endpoint, out.StatusReasons, want)
		}
	}
}

// What is over a limit fails as a synchronization fails, and what was served before
// is served still.
func TestToolsThatAreRefused(t *testing.T) {
	long := strings.Repeat("n", 256-len("new___"))
	ref := `{"name":"a","inputSchema":{"type":"object","properties":{"x":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}}`
	two := `{"name":"a","inputSchema":{"type":"object"}},{"name":"a","inputSchema":{"type":"object"}}`
	for name, c := range map[string]struct {
		options emulator.Options
		tools   string
		reason  string // "" for none
	}{
		"longest name":        {emulator.Options{}, `{"name":"` + long + `","inputSchema":{"type":"object"}}`, ""},
		"too long a name":     {emulator.Options{}, `{"name":"` + long + `n","inputSchema":{"type":"object"}}`, "name of tool 1 is longer than 256 characters"},
		"a reference":         {emulator.Options{}, ref, ""},
		"a reference refused": {emulator.Options{RefuseReferences: true}, ref, "tool 1 holds $ref"},
		"a name twice":        {emulator.Options{}, two, ""},
		"twice and refused":   {emulator.Options{RefuseDuplicates: true}, two, "Tool 2 has the name of another"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, c.options)
			gw := w.gateway("g")
			var bad atomic.Bool
			id := w.target(gw, "new", server(w.serve(func(rw http.ResponseWriter, r *http.Request) {
				if bad.Load() {
					list(c.tools)(rw, r)
					return
				}
				listing(1)(rw, r)
			})))
			bad.Store(true)
			w.check(w.synchronize(gw, id))
			if c.reason == "" {
				w.settles(gw, id, types.TargetStatusReady)
				return
			}
			out := w.settles(gw, id, types.TargetStatusSynchronizeUnsuccessful)
			if len(out.StatusReasons) != 1 || !strings.Contains(out.StatusReasons[0], c.reason) {
				t.Errorf("reasons %q", out.StatusReasons)
			}
			if got := w.tools(gw); !slices.Equal(got, []string{"new___t0"}) {
				t.Errorf("served: %q", got)
			}
		})
	}
}

// A schema of one MiB is taken inline, and not a byte more.
func TestInlineSchemaIsBounded(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	schema := func(size int) string {
		head, tail := `{"tools":[{"name":"a","inputSchema":{"type":"object"},"description":"`, `"}]}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	pinned := func(schema string) *types.McpServerTargetConfiguration {
		c := server(w.serve(listing(1)))
		c.McpToolSchema = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: schema}
		return c
	}
	w.target(gw, "fits", pinned(schema(1<<20)))
	out := w.settles(gw, w.create(gw, "large", pinned(schema(1<<20+1))), types.TargetStatusFailed)
	if !strings.Contains(out.StatusReasons[0], "larger than 1048576 bytes") {
		t.Errorf("reasons %q", out.StatusReasons)
	}
}

func TestToolsPerTargetByDefault(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	w.target(gw, "most", server(w.serve(listing(1000))))
	out := w.settles(gw, w.create(gw, "more", server(w.serve(listing(1001)))), types.TargetStatusFailed)
	if !strings.Contains(out.StatusReasons[0], "limit of 1000 tools") {
		t.Errorf("reasons %q", out.StatusReasons)
	}
}

func TestToolsPerTarget(t *testing.T) {
	w := start(t, emulator.Options{ToolsPerTarget: 3})
	gw := w.gateway("g")
	w.target(gw, "three", server(w.serve(listing(3))))
	out := w.settles(gw, w.create(gw, "four", server(w.serve(listing(4)))), types.TargetStatusFailed)
	if !strings.Contains(out.StatusReasons[0], "limit of 3 tools") {
		t.Errorf("reasons %q", out.StatusReasons)
	}
}

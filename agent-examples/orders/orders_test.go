package orders_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/agent-examples/orders"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect starts the handler and opens a session of the given protocol version.
func connect(t *testing.T, h http.Handler, version string) *mcp.ClientSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx,
		&mcp.StreamableClientTransport{Endpoint: server.URL + "/mcp", HTTPClient: server.Client(), DisableStandaloneSSE: true},
		&mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	if got := session.InitializeResult().ProtocolVersion; version != "" && got != version {
		t.Fatalf("protocol version is %s, want %s", got, version)
	}
	return session
}

func call(t *testing.T, session *mcp.ClientSession, tool string, args map[string]any) (map[string]any, string) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text := result.Content[0].(*mcp.TextContent).Text
	if result.IsError {
		return nil, text
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return got, ""
}

func names(t *testing.T, session *mcp.ClientSession) []string {
	t.Helper()
	result, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tool := range result.Tools {
		got = append(got, tool.Name)
	}
	return got
}

func TestToolsWork(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			h, err := orders.NewHandler(4)
			if err != nil {
				t.Fatal(err)
			}
			session := connect(t, h, version)
			one := map[string]any{"orderId": 123}
			if got, fault := call(t, session, "getOrder", one); got["status"] != "PLACED" {
				t.Errorf("getOrder: %v %s", got, fault)
			}
			if got, fault := call(t, session, "updateOrder", map[string]any{"orderId": 123, "status": "SHIPPED"}); got["status"] != "SHIPPED" {
				t.Errorf("updateOrder: %v %s", got, fault)
			}
			call(t, session, "cancelOrder", one)
			if got, fault := call(t, session, "getOrder", one); got["status"] != "CANCELLED" {
				t.Errorf("after cancelOrder: %v %s", got, fault)
			}
			if got, fault := call(t, session, "deleteOrder", one); got["deleted"] != true {
				t.Errorf("deleteOrder: %v %s", got, fault)
			}
			if got, fault := call(t, session, "getOrder", one); !strings.Contains(fault, `no order 123`) {
				t.Errorf("getOrder of a deleted order: %v, error %q", got, fault)
			}
			// The tutorial calls them so.
			if got, fault := call(t, session, "updateOrder", map[string]any{"orderId": 456}); got["status"] != "UPDATED" {
				t.Errorf("updateOrder without status: %v %s", got, fault)
			}
			if got, fault := call(t, session, "getOrder", nil); !strings.Contains(fault, "no order 123") {
				t.Errorf("getOrder without id: %v, error %q", got, fault)
			}
		})
	}
}

func TestDefinitions(t *testing.T) {
	h, err := orders.NewHandler(4)
	if err != nil {
		t.Fatal(err)
	}
	result, err := connect(t, h, "").ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	type hints struct{ readOnly, destructive bool }
	want := map[string]hints{"getOrder": {readOnly: true}, "updateOrder": {}, "cancelOrder": {destructive: true}, "deleteOrder": {destructive: true}}
	for _, tool := range result.Tools {
		a := tool.Annotations
		if a == nil || a.DestructiveHint == nil || a.OpenWorldHint == nil || *a.OpenWorldHint || !a.IdempotentHint ||
			want[tool.Name] != (hints{a.ReadOnlyHint, *a.DestructiveHint}) {
			t.Errorf("%s: annotations %+v", tool.Name, a)
		}
		required := tool.InputSchema.(map[string]any)["required"]
		var expected any = []any{"orderId"} // as in the tutorial
		if tool.Name == "getOrder" {
			expected = nil
		}
		if !reflect.DeepEqual(required, expected) {
			t.Errorf("%s requires %v, want %v", tool.Name, required, expected)
		}
		if properties, _ := json.Marshal(tool.InputSchema); !strings.Contains(string(properties), `"type":"integer"`) {
			t.Errorf("%s takes no integer: %s", tool.Name, properties)
		}
		if tool.Name == "cancelOrder" && tool.Description != "cancel existing order" {
			t.Errorf("cancelOrder is described as %q", tool.Description)
		}
		delete(want, tool.Name)
	}
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestSetToolsWhileRunning(t *testing.T) {
	h, err := orders.NewHandler(2)
	if err != nil {
		t.Fatal(err)
	}
	session := connect(t, h, "2025-11-25") // this revision does not cache lists
	steps := []struct {
		n    int
		want string
	}{
		{2, "getOrder updateOrder"},
		{3, "cancelOrder getOrder updateOrder"},
		{4, "cancelOrder deleteOrder getOrder updateOrder"},
		{1, "getOrder"},
	}
	for _, step := range steps {
		if err := h.SetTools(step.n); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names(t, session), " "); got != step.want {
			t.Errorf("with %d tools: %q, want %q", step.n, got, step.want)
		}
	}
	for _, n := range []int{0, 5} {
		if h.SetTools(n) == nil {
			t.Errorf("SetTools(%d) succeeded", n)
		}
	}
	if got := names(t, session); len(got) != 1 {
		t.Errorf("a refused SetTools changed the tools to %v", got)
	}
}

func TestServersKeepTheirOwnOrders(t *testing.T) {
	sessions := make([]*mcp.ClientSession, 2)
	for i := range sessions {
		server, err := orders.NewServer(4)
		if err != nil {
			t.Fatal(err)
		}
		h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
		sessions[i] = connect(t, h, "")
	}
	call(t, sessions[0], "deleteOrder", map[string]any{"orderId": 456})
	if got, fault := call(t, sessions[1], "getOrder", map[string]any{"orderId": 456}); got["status"] != "SHIPPED" {
		t.Errorf("the other server answers %v %s", got, fault)
	}
}

func TestCountIsChecked(t *testing.T) {
	for _, n := range []int{-1, 0, 5} {
		if _, err := orders.NewServer(n); err == nil {
			t.Errorf("NewServer(%d) succeeded", n)
		}
		if _, err := orders.NewHandler(n); err == nil {
			t.Errorf("NewHandler(%d) succeeded", n)
		}
	}
}

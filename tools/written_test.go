package tools_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// tools/list goes to every client: the tools' schemas are written once, not for each.
func TestSchemasAreWrittenOnce(t *testing.T) {
	server := tools.NewServer(&gateway.Manager{}, tools.Options{})
	h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
	size := 0
	allocations := testing.AllocsPerRun(10, func() {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`))
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		size = w.Body.Len()
	})
	if t.Logf("%.0f allocations for %d bytes", allocations, size); allocations > 2000 || size < 10_000 {
		t.Errorf("%.0f allocations for %d bytes", allocations, size)
	}
}

// The first requests of many clients at once find the tools as they stay: what reads them
// does so before the server handles a request.
func TestToolsAreMadeOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for range 5 {
		server := tools.NewServer(b.manager, tools.Options{Log: b.manager.Log})
		url := serve(t, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})).URL
		var work sync.WaitGroup
		for range 16 {
			work.Go(func() {
				client := &http.Transport{}
				defer client.CloseIdleConnections()
				session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.StreamableClientTransport{
					Endpoint: url, DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: client}}, &mcp.ClientSessionOptions{ProtocolVersion: "2026-07-28"})
				if err != nil {
					t.Error(err)
					return
				}
				defer session.Close()
				if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_gateways"}); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
	}
}

package tools_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
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

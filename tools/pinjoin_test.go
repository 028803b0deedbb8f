package tools_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// A client that leaves while the hashes of a pin are read, which it has waited for, is
// told of the end by its next call.
func TestPinWhoseCallerLeavesAtTheEnd(t *testing.T) {
	t.Parallel()
	var m *gateway.Manager
	var armed atomic.Bool
	reading := make(chan struct{})
	told := sync.OnceFunc(func() { close(reading) })
	b := newBench(t, benchOptions{manager: func(made *gateway.Manager) { m = made }, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if armed.Load() && strings.HasPrefix(r.URL.Path, "/gateway/") && !m.Busy() {
				told()
				_, _ = io.Copy(io.Discard, r.Body) // or its end is not seen
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	release := b.cloud.Hold(types.TargetStatusUpdating)
	defer release()
	arguments := map[string]any{"target": "orders", "waitSeconds": 1}
	if p := must[gateway.Pinned](b, "pin_target_tools", arguments); p.Outcome != gateway.InProgress {
		t.Fatalf("%+v", p)
	}
	armed.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		if _, err := b.session.CallTool(ctx, &mcp.CallToolParams{Name: "pin_target_tools", Arguments: map[string]any{"target": "orders", "waitSeconds": 60}}); err == nil {
			t.Error("the call has an answer")
		}
	})
	release()
	<-reading
	leave()
	work.Wait()
	armed.Store(false)
	eventually(t, "the end is told", func() bool {
		told := must[withEarlier](b, "list_gateways", nil)
		return len(told.Earlier) == 1 && told.Earlier[0].Outcome == gateway.Updated
	})
}

package tools_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// ended waits until so many operations have ended for which nobody waited.
func (b *bench) ended(many int) {
	b.t.Helper()
	eventually(b.t, "an operation ends by itself", func() bool {
		return strings.Count(b.log.String(), "an operation ended for which nobody waited") == many
	})
}

type withEarlier struct {
	Earlier []gateway.End `json:"earlier"`
}

// The end that a call has not waited for is told to the same call, with the
// comparison to the state before it began, and to it alone.
func TestUnheardEndIsToldToTheSameCall(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	first := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0})
	if first.Outcome != gateway.InProgress || first.Operation == nil || first.Operation.ID == "" || first.Operation.Awaiting != "the synchronization that this call, or the same one before it, sent" || first.Operation.Reverts || first.Tools != nil {
		t.Fatalf("while it runs: %+v %+v", first, first.Operation)
	}
	release()
	b.ended(1)
	second := must[gateway.Change](b, "synchronize_target", map[string]any{"waitSeconds": 30, "target": "orders"})
	if second.Outcome != gateway.Synchronized || second.Tools.Before != 2 || second.Tools.After != 3 || len(second.Tools.Added) != 1 || second.Operation != nil {
		t.Errorf("the same call after the end: %+v, tools %+v", second, second.Tools)
	}
	if n := b.cloud.Calls("SynchronizeGatewayTargets"); n != 1 {
		t.Errorf("%d synchronizations were sent, want 1", n)
	}
	third := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
	if third.Tools.Before != 3 || len(third.Tools.Added) != 0 || b.cloud.Calls("SynchronizeGatewayTargets") != 2 {
		t.Errorf("once more: %+v", third)
	}
	if e := must[withEarlier](b, "list_targets", nil); len(e.Earlier) != 0 {
		t.Errorf("an end that was heard is told again: %+v", e)
	}
}

// Any other call tells it too, once.
func TestUnheardEndIsToldByAnyCallOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	first := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0})
	b.ended(1)
	read := must[withEarlier](b, "list_tools", nil)
	if len(read.Earlier) != 1 || read.Earlier[0].Operation != first.Operation.ID || read.Earlier[0].Outcome != gateway.Synchronized || read.Earlier[0].Target != "orders" ||
		len(read.Earlier[0].Tools.Added) != 1 || read.Earlier[0].EndedAt.IsZero() {
		t.Errorf("a read afterwards: %+v", read)
	}
	if read = must[withEarlier](b, "list_tools", nil); len(read.Earlier) != 0 {
		t.Errorf("told twice: %+v", read)
	}
}

// A call that joins another one's work says whose it is.
func TestAwaitingWorkOfOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for status, want := range map[types.TargetStatus]string{
		types.TargetStatusSynchronizing: "a synchronization that was running already",
		types.TargetStatusUpdating:      "work that was running already (UPDATING), which synchronizes too",
	} {
		release := b.cloud.Hold(status)
		if status == types.TargetStatusSynchronizing {
			if _, err := b.client.Synchronize(t.Context(), b.gatewayID, b.targetID); err != nil {
				t.Fatal(err)
			}
		}
		if status == types.TargetStatusUpdating {
			target, err := b.client.Target(t.Context(), b.gatewayID, b.targetID)
			if err != nil {
				t.Fatal(err)
			}
			description := "by a rival"
			if _, err := b.client.UpdateTarget(t.Context(), b.gatewayID, target, aws.Edit{Description: &description}); err != nil {
				t.Fatal(err)
			}
		}
		c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0})
		if c.Outcome != gateway.InProgress || c.Operation.Awaiting != want {
			t.Errorf("%s: %+v", status, c.Operation)
		}
		release()
		if c = must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"}); c.Outcome != gateway.Synchronized {
			t.Errorf("%s: %+v", status, c)
		}
	}
}

// An update whose call has ended goes back by itself, and the same call says so.
func TestUpdateIsUndoneWhoeverWaits(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(b *bench, arguments map[string]any){
		"the wait ends": func(b *bench, arguments map[string]any) {
			arguments["waitSeconds"] = 0
			c := must[gateway.Change](b, "update_target_endpoint", arguments)
			if c.Outcome != gateway.InProgress || !c.Operation.Reverts || c.PreviousEndpoint != b.url || c.Tools != nil || !strings.Contains(c.Next, "is undone if it fails") {
				b.t.Errorf("while it runs: %+v %+v", c, c.Operation)
			}
		},
		"the client cancels": func(b *bench, arguments map[string]any) {
			ctx, cancel := context.WithCancel(b.t.Context())
			sent := b.cloud.Calls("UpdateGatewayTarget")
			var wait sync.WaitGroup
			wait.Go(func() {
				_, _ = b.session.CallTool(ctx, &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: arguments})
			})
			eventually(b.t, "the update was sent", func() bool { return b.cloud.Calls("UpdateGatewayTarget") > sent })
			cancel()
			wait.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			before := b.configuration("orders")
			release := b.cloud.Hold(types.TargetStatusUpdating)
			defer release()
			arguments := map[string]any{"target": "orders", "endpoint": b.url + "/nowhere", "confirm": "orders"}
			leave(b, arguments)
			release()
			b.ended(1)
			if b.cloud.Calls("UpdateGatewayTarget") != 2 {
				t.Errorf("%d updates were sent, want 2", b.cloud.Calls("UpdateGatewayTarget"))
			}
			c, isError, failed := call[gateway.Change](b, "update_target_endpoint", arguments)
			if failed != "" || !isError || c.Outcome != gateway.Reverted || c.PreviousEndpoint != b.url || c.Endpoint != b.url || len(c.StatusReasons) == 0 {
				t.Errorf("the same call after the end: %+v %s", c, failed)
			}
			if got := b.configuration("orders"); got != before {
				t.Errorf("after going back:\n got %s\nwant %s", got, before)
			}
			if log := b.log.String(); !strings.Contains(log, "outcome=reverted") {
				t.Errorf("the log does not say how it ended: %s", log)
			}
		})
	}
}

// One poll that is refused ends nothing: the update is followed, and undone.
func TestUnreadStatusIsReadAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	release := b.cloud.Hold(types.TargetStatusUpdating)
	defer release()
	broken := serve(t, http.NotFoundHandler()).URL + "/mcp"
	c := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": broken, "waitSeconds": 0})
	if c.Operation == nil || !c.Operation.Reverts {
		t.Fatalf("got %+v", c)
	}
	remove := b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException", Times: 1})
	defer remove()
	release()
	b.ended(1)
	told := must[withEarlier](b, "list_gateways", nil)
	if len(told.Earlier) != 1 || told.Earlier[0].Outcome != gateway.Reverted {
		t.Errorf("got %+v", told)
	}
}

// Nor does the read before going back: whatever it takes the place of, it is made again.
func TestReadBeforeGoingBackIsMadeAgain(t *testing.T) {
	t.Parallel()
	var failed, refused atomic.Bool
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			if failed.Load() && r.Method == http.MethodGet && refused.CompareAndSwap(false, true) {
				answer.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
				answer.WriteHeader(http.StatusForbidden)
			} else {
				next.ServeHTTP(answer, r)
			}
			failed.CompareAndSwap(false, strings.Contains(answer.Body.String(), "UPDATE_UNSUCCESSFUL"))
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}})
	broken := serve(t, http.NotFoundHandler()).URL + "/mcp"
	c, _, text := call[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": broken})
	if c.Outcome != gateway.Reverted || !refused.Load() {
		t.Errorf("got %+v %s, a read was refused: %t", c, text, refused.Load())
	}
}

// A target that does not work is never "unchanged".
func TestFailedTargetIsNotUnchanged(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	arguments := map[string]any{"target": "orders", "endpoint": b.url + "/nowhere", "confirm": "orders", "onFailure": "keep"}
	if c, isError, failed := call[gateway.Change](b, "update_target_endpoint", arguments); failed != "" || !isError || c.Outcome != gateway.Failed {
		t.Fatalf("%+v %s", c, failed)
	}
	c, isError, failed := call[gateway.Change](b, "update_target_endpoint", arguments)
	if failed != "" || !isError || c.Outcome != gateway.Failed || !strings.Contains(c.Next, "has these settings already and does not work with them") {
		t.Errorf("the same once more: %+v %s", c, failed)
	}
}

// Ten changes at once in one session, each of them told of its own end.
func TestTenOperationsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	handlers := make([]*orders.Handler, 10)
	for i := range handlers {
		h, err := orders.NewHandler(2)
		if err != nil {
			t.Fatal(err)
		}
		handlers[i] = h
		b.newTarget(b.gatewayID, fmt.Sprint("target-", i), serve(t, h).URL+"/mcp")
		if err := h.SetTools(3); err != nil {
			t.Fatal(err)
		}
	}
	var wait sync.WaitGroup
	for i := range handlers {
		wait.Go(func() {
			name := fmt.Sprint("target-", i)
			c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": name})
			if c.Outcome != gateway.Synchronized || c.Target != name || c.Tools.After != 3 {
				t.Errorf("%s: %+v", name, c)
			}
		})
	}
	wait.Wait()
}

// What an answer says of earlier ends is described once, and allowed everywhere.
func TestEarlierIsAllowedByEverySchema(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{empty: true})
	list, err := b.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	described := 0
	for _, tool := range list.Tools {
		schema := schemaOf(t, tool.OutputSchema)
		if schema.AdditionalProperties != nil {
			t.Errorf("%s: its answers may have nothing more", tool.Name)
		}
		if schema.Properties["earlier"] != nil {
			described++
		}
	}
	if described != 1 {
		t.Errorf("described %d times", described)
	}
}

// AWS applies an update whose answer never comes: the target is read, and nothing
// is sent twice.
func TestAnswerThatNeverComes(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{
		manager: func(m *gateway.Manager) { m.SendTimeout = time.Second },
		between: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut {
					next.ServeHTTP(w, r)
					return
				}
				next.ServeHTTP(httptest.NewRecorder(), r)
				<-r.Context().Done()
			})
		},
	})
	successor, err := orders.NewHandler(4)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, successor).URL + "/mcp"
	c := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": url, "confirm": "orders"})
	if c.Outcome != gateway.Updated || c.Endpoint != url || c.Tools.After != 4 || b.cloud.Calls("UpdateGatewayTarget") != 1 {
		t.Errorf("%d updates were sent: %+v", b.cloud.Calls("UpdateGatewayTarget"), c)
	}
}

// slowly takes its time for every page.
type slowly struct {
	http.RoundTripper
	page time.Duration
}

func (s slowly) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.page):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return s.RoundTripper.RoundTrip(req)
}

// A gateway with many pages is read for as long as the call has time.
func TestManyPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		transport := m.Transport
		m.Transport = func(g aws.Gateway) (http.RoundTripper, error) {
			rt, err := transport(g)
			return slowly{rt, 1200 * time.Millisecond}, err
		}
	}})
	for i := range 8 {
		b.newTarget(b.gatewayID, fmt.Sprint("t", i), b.url)
	}
	out := must[tools.ToolList](b, "list_tools", nil)
	if out.Count != 18 {
		t.Errorf("%d tools", out.Count)
	}
}

package tools_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// Somebody else changes the target between our two reads of it.
func TestRivalWriter(t *testing.T) {
	t.Parallel()
	var cloud *bench
	var armed atomic.Bool
	var reads atomic.Int32
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if armed.Load() && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/targets/"+cloud.targetID) && reads.Add(1) == 2 {
				if err := cloud.cloud.SetTarget(cloud.gatewayID, cloud.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
					o.Description, o.UpdatedAt = ptr("the rival's"), ptr(o.UpdatedAt.Add(time.Second))
				}); err != nil {
					t.Error(err)
				}
			}
			next.ServeHTTP(w, r)
		})
	}})
	cloud = b
	successor, err := orders.NewHandler(4)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, successor).URL + "/mcp"
	armed.Store(true)
	refused(b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": url}, "changed while this update was prepared", "nothing was sent")
	armed.Store(false)
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
	if got := b.configuration("orders"); !strings.Contains(got, "the rival's") {
		t.Errorf("the rival's change is lost: %s", got)
	}
}

// Between the end of an update and going back from it somebody else may have changed
// the target: that stays.
func TestRivalBeforeGoingBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen   string // the status in an answer, with which or after which the rival comes
		after  bool
		tools  int // of the new server, of which the old one has two; none: it is broken
		reason string
	}{
		"after a failure": {"UPDATE_UNSUCCESSFUL", true, 0, "before the previous ones could be put back somebody else changed the target"},
		"after a loss":    {"READY", false, 1, "somebody else changed the target meanwhile (description), and nothing was put back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRivaled(t, c.seen, c.after)
			successor := http.NotFoundHandler()
			if c.tools > 0 {
				var err error
				if successor, err = orders.NewHandler(c.tools); err != nil {
					t.Fatal(err)
				}
			}
			change, isError, _ := call[gateway.Change](b, "update_target_endpoint", map[string]any{
				"target": "orders", "confirm": "orders", "onFailure": "revert_on_loss", "endpoint": serve(t, successor).URL + "/mcp",
			})
			if !isError || change.Outcome != gateway.Failed || !strings.Contains(change.Next, c.reason) || change.Status != aws.TargetReady {
				t.Errorf("got %+v", change)
			}
			if n := b.cloud.Calls("UpdateGatewayTarget"); n != 1 {
				t.Errorf("%d updates were sent", n)
			}
			if got := b.configuration("orders"); !strings.Contains(got, "the rival's") {
				t.Errorf("the rival's change is lost: %s", got)
			}
		})
	}
}

// newRivaled is a bench whose target a rival changes once, when an update was sent
// and the target's status is seen: before that answer, or before the one after it.
func newRivaled(t *testing.T, status string, after bool) *bench {
	var b *bench
	var sent, seen, done atomic.Bool
	rival := func() {
		if !done.CompareAndSwap(false, true) {
			return
		}
		if err := b.cloud.SetTarget(b.gatewayID, b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.Description, o.Status, o.UpdatedAt = ptr("the rival's"), types.TargetStatusReady, ptr(o.UpdatedAt.Add(time.Second))
		}); err != nil {
			t.Error(err)
		}
	}
	b = newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				sent.Store(true)
			}
			if r.Method != http.MethodGet || !sent.Load() {
				next.ServeHTTP(w, r)
				return
			}
			if seen.Load() {
				rival()
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			if strings.Contains(answer.Body.String(), `"status":"`+status+`"`) {
				if seen.Store(true); !after {
					rival()
					answer = httptest.NewRecorder()
					next.ServeHTTP(answer, r)
				}
			}
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}})
	return b
}

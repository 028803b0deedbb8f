package tools_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
)

// lossy loses the answer to the next change, once armed, which takes effect or not, and
// then has the reads of targets denied, so many times.
type lossy struct {
	cloud  *emulator.Server
	armed  atomic.Bool
	pass   bool
	denied int
	allow  func() // ends that
}

func (l *lossy) over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || !l.armed.CompareAndSwap(true, false) {
			next.ServeHTTP(w, r)
			return
		}
		if l.pass {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		l.allow = l.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException", Times: l.denied})
		panic(http.ErrAbortHandler)
	})
}

// A change to which AWS gave no answer, and of which it then does not say whether it
// has begun, is followed like any other: to its end, back from it, or to the word that
// it never began.
func TestLostAnswerThatCannotBeReadAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool  string
		pass  bool
		fails bool
		want  gateway.Outcome
		next  string
	}{
		"an update that took effect":            {"update_target_endpoint", true, false, gateway.Updated, ""},
		"an update that took effect and failed": {"update_target_endpoint", true, true, gateway.Reverted, "previous configuration is back"},
		"an update that did not":                {"update_target_endpoint", false, false, gateway.Failed, "nothing was changed: AWS gave no answer"},
		"a synchronization that took effect":    {"synchronize_target", true, false, gateway.Synchronized, ""},
		"a synchronization that did not":        {"synchronize_target", false, false, gateway.Failed, "nothing was changed: AWS gave no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lossy{pass: c.pass, denied: 2}
			b := newBench(t, benchOptions{between: l.over})
			l.cloud = b.cloud
			if err := b.orders.SetTools(3); err != nil {
				t.Fatal(err)
			}
			successor := newUpstream(t, 3)
			if c.fails {
				successor.failures.Store(1 << 30)
			}
			arguments := map[string]any{"target": "orders"}
			if c.tool == "update_target_endpoint" {
				arguments["endpoint"], arguments["confirm"] = successor.url, "orders"
			}
			l.armed.Store(true)
			change := answered[gateway.Change](b, c.tool, arguments)
			if change.Outcome != c.want || !strings.Contains(change.Next, c.next) {
				t.Errorf("got %+v", change)
			}
			if moved := strings.Contains(b.configuration("orders"), successor.url); moved != (c.want == gateway.Updated) {
				t.Errorf("moved %t: %+v", moved, change)
			}
			if changed := c.want == gateway.Updated || c.want == gateway.Synchronized; changed && (change.Tools == nil || len(change.Tools.Added) != 1) {
				t.Errorf("tools: %+v", change.Tools)
			}
		})
	}
}

// While it is not known whether a change has begun, that is what the answer says.
func TestLostAnswerIsToldAsOne(t *testing.T) {
	t.Parallel()
	l := &lossy{pass: true, denied: 1000}
	b := newBench(t, benchOptions{between: l.over})
	l.cloud = b.cloud
	for _, tool := range []string{"synchronize_target", "update_target"} {
		arguments := map[string]any{"target": "orders", "waitSeconds": 1}
		if tool == "update_target" {
			arguments["resourcePriority"], arguments["onFailure"] = 9, gateway.Keep
		}
		l.armed.Store(true)
		c := must[gateway.Change](b, tool, arguments)
		if c.Outcome != gateway.InProgress || c.Operation == nil || !strings.Contains(c.Operation.Awaiting, "AWS gave no answer") || c.Tools != nil {
			t.Errorf("%s: %+v", tool, c)
		}
		l.allow()
		if c = must[gateway.Change](b, tool, arguments); c.Outcome == gateway.InProgress {
			arguments["waitSeconds"] = 30
			c = must[gateway.Change](b, tool, arguments)
		}
		if c.Outcome != gateway.Synchronized && c.Outcome != gateway.Updated {
			t.Errorf("%s, once it can be read: %+v", tool, c)
		}
	}
}

// A first attempt that arrives when the second is sent, and makes it a conflict, has
// begun the change.
func TestFirstAttemptMakesTheSecondAConflict(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"update_target", "synchronize_target"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			var armed atomic.Bool
			var first func()
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Method != http.MethodPut || !armed.Load():
						next.ServeHTTP(w, r)
					case first == nil: // requests of one call come one after another
						again := r.Clone(context.WithoutCancel(r.Context()))
						again.Body = io.NopCloser(bytes.NewReader(readAll(r)))
						first = func() { next.ServeHTTP(httptest.NewRecorder(), again) }
						panic(http.ErrAbortHandler)
					default:
						first()
						armed.Store(false)
						next.ServeHTTP(w, r)
					}
				})
			}})
			arguments := map[string]any{"target": "orders"}
			want := gateway.Synchronized
			if tool == "update_target" {
				arguments["resourcePriority"], want = 9, gateway.Updated
			}
			armed.Store(true)
			if c := must[gateway.Change](b, tool, arguments); c.Outcome != want {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// Going back whose answer is lost, and that has not begun, is not told as done.
func TestLostWayBack(t *testing.T) {
	t.Parallel()
	l := &lossy{denied: 1}
	b := newBench(t, benchOptions{between: l.over})
	l.cloud = b.cloud
	successor := newUpstream(t, 3)
	successor.failures.Store(1 << 30)
	release := b.cloud.Hold(types.TargetStatusUpdating)
	defer release()
	arguments := map[string]any{"target": "orders", "endpoint": successor.url, "confirm": "orders", "waitSeconds": 1}
	if c := must[gateway.Change](b, "update_target_endpoint", arguments); c.Outcome != gateway.InProgress {
		t.Fatalf("%+v", c)
	}
	l.armed.Store(true)
	release()
	arguments["waitSeconds"] = 40
	c := answered[gateway.Change](b, "update_target_endpoint", arguments)
	if c.Outcome != gateway.Failed || !strings.Contains(c.Next, "putting the previous ones back failed") || c.Endpoint != successor.url {
		t.Errorf("got %+v", c)
	}
}

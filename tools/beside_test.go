package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

func readsTarget(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/targets/") && !listsTargets(r)
}

func listsTargets(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/targets")
}

// denyAs answers as AWS does.
func denyAs(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"message":"no"}`))
}

// A synchronization that has joined an update leaves it to that to go back: it does not
// try once more what has failed.
func TestJoinedUpdateGoesBack(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"synchronize_target", "synchronize_targets"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			var slow atomic.Bool
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/gateway/") && slow.Load() { // comparing takes longer than a second try
						pause(r.Context(), 300*time.Millisecond)
					}
					next.ServeHTTP(w, r)
				})
			}})
			broken := newUpstream(t, 2)
			broken.failures.Store(1 << 30)
			release := b.cloud.Hold(types.TargetStatusUpdating)
			defer release()
			arguments := map[string]any{"target": "orders", "endpoint": broken.url, "confirm": "orders", "waitSeconds": 1}
			must[gateway.Change](b, "update_target_endpoint", arguments)
			joining := map[string]any{"waitSeconds": 1}
			if tool == "synchronize_target" {
				joining["target"] = "orders"
			}
			must[any](b, tool, joining)
			slow.Store(true)
			release()
			arguments["waitSeconds"] = 30
			if c := answered[gateway.Change](b, "update_target_endpoint", arguments); c.Outcome != gateway.Reverted {
				t.Errorf("got %+v", c)
			}
			eventually(t, "nothing goes on", func() bool { return !b.manager.Busy() })
			if n := b.cloud.Calls("SynchronizeGatewayTargets"); n != 0 {
				t.Errorf("%d synchronizations were sent", n)
			}
		})
	}
}

// A quota that our own calls use up is waited for, and told of no target as a failure.
func TestOwnQuotaIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		b.newTarget(b.gatewayID, name, b.url)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	first := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1})
	second := answered[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 3, "notSyncedSince": first.NotSyncedSince})
	if n := b.cloud.Calls("SynchronizeGatewayTargets"); second.InProgress != 7 || second.Failed != 0 || n != 5 {
		t.Errorf("%d were sent: %+v", n, second)
	}
	release()
	if third := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"notSyncedSince": first.NotSyncedSince}); third.Synchronized != 7 || third.Failed != 0 {
		t.Errorf("in the end: %+v", third)
	}
}

// After a stop nothing more is sent: no attempt after one whose answer was lost, and no
// second try of what failed.
func TestStoppedSendsNothing(t *testing.T) {
	t.Parallel()
	var puts atomic.Int32
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				puts.Add(1)
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	}})
	var work sync.WaitGroup
	work.Go(func() {
		refused(b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 1}, "nothing was changed")
	})
	eventually(t, "the first attempt", func() bool { return puts.Load() == 1 })
	b.manager.Stop(0)
	work.Wait()
	if n := puts.Load(); n != 1 {
		t.Errorf("%d attempts", n)
	}

	b = newBench(t, benchOptions{empty: true})
	u := newUpstream(t, 2)
	b.newTarget(b.newGateway("shop"), "cold", u.url)
	u.failures.Store(1 << 30)
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	must[gateway.Change](b, "synchronize_target", map[string]any{"target": "cold", "waitSeconds": 0})
	done := make(chan struct{})
	go func() {
		b.manager.Stop(20 * time.Second)
		close(done)
	}()
	eventually(t, "it stops", func() bool {
		_, _, failed := call[gateway.Change](b, "update_target", map[string]any{"target": "cold", "resourcePriority": 3})
		return strings.Contains(failed, "UPDATING") || strings.Contains(failed, "SYNCHRONIZING") || strings.Contains(failed, "stopping")
	})
	release()
	<-done
	if n := b.cloud.Calls("SynchronizeGatewayTargets"); n != 1 {
		t.Errorf("%d synchronizations were sent", n)
	}
}

// Going back is followed like any change: over a read that is refused, and to the word
// that the target is gone.
func TestWayBackIsFollowed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		code   string
		want   gateway.Outcome
		next   string
	}{
		"refused once": {http.StatusForbidden, "AccessDeniedException", gateway.Reverted, "previous configuration is back"},
		"deleted":      {http.StatusNotFound, "ResourceNotFoundException", gateway.Failed, "the target is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var puts, left atomic.Int32
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if readsTarget(r) && left.Add(-1) >= 0 {
						denyAs(w, c.status, c.code)
						return
					}
					next.ServeHTTP(w, r)
					if r.Method == http.MethodPut && puts.Add(1) == 2 {
						left.Store(1)
					}
				})
			}})
			broken := newUpstream(t, 2)
			broken.failures.Store(1 << 30)
			got := answered[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": broken.url})
			if got.Outcome != c.want || !strings.Contains(got.Next, c.next) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A second attempt that is a conflict has its reason in the first, also while AWS's reads
// are old.
func TestConflictBeforeReadsShowIt(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"update_target", "synchronize_target"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			var puts, old atomic.Int32
			var stale atomic.Pointer[httptest.ResponseRecorder]
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					answer := httptest.NewRecorder()
					switch {
					case readsTarget(r) && old.Add(-1) >= 0:
						answer = stale.Load()
					case r.Method == http.MethodPut && puts.Add(1) == 1:
						panic(http.ErrAbortHandler)
					case r.Method == http.MethodPut:
						old.Store(2)
						denyAs(answer, http.StatusConflict, "ConflictException")
						body := readAll(r) // the first attempt is what it collides with
						again := r.Clone(context.WithoutCancel(r.Context()))
						again.Body = io.NopCloser(bytes.NewReader(body))
						next.ServeHTTP(httptest.NewRecorder(), again)
					default:
						next.ServeHTTP(answer, r)
						if readsTarget(r) && puts.Load() < 2 {
							stale.Store(answer)
						}
					}
					for key, values := range answer.Header() {
						w.Header()[key] = values
					}
					w.WriteHeader(answer.Code)
					_, _ = w.Write(answer.Body.Bytes())
				})
			}})
			arguments, want := map[string]any{"target": "orders"}, gateway.Synchronized
			if tool == "update_target" {
				arguments["resourcePriority"], want = 9, gateway.Updated
			}
			if c := must[gateway.Change](b, tool, arguments); c.Outcome != want {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// A listing that repeats a target has it once.
func TestRepeatedTargetIsOne(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !armed.Load() || !listsTargets(r) {
				next.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var page map[string]any
			if json.Unmarshal(answer.Body.Bytes(), &page) == nil {
				items, _ := page["items"].([]any)
				page["items"] = append(items, items[0])
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(page)
		})
	}})
	armed.Store(true)
	if f := must[gateway.Fleet](b, "synchronize_targets", nil); f.Total != 1 || f.Synchronized != 1 {
		t.Errorf("got %+v", f)
	}
	must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
}

// One target that is gone between listing and reading is skipped.
func TestDriftedFleetWithoutOne(t *testing.T) {
	t.Parallel()
	var gone atomic.Pointer[string]
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id := gone.Load(); id != nil && readsTarget(r) && strings.Contains(r.URL.Path, *id) {
				denyAs(w, http.StatusNotFound, "ResourceNotFoundException")
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	id := b.newTarget(b.gatewayID, "second", b.url)
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	gone.Store(&id)
	if f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"onlyDrifted": true}); f.Synchronized != 1 || f.Skipped != 1 || f.SkippedFor[0].Reason != "deleted meanwhile" {
		t.Errorf("got %+v", f)
	}
}

// A call on many that fails inside leaves the ends that it has met to others.
func TestPanicLeavesEnds(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		transport := m.Transport
		m.Transport = func(g aws.Gateway) (http.RoundTripper, error) {
			if armed.Load() {
				panic("a mistake")
			}
			return transport(g)
		}
	}})
	b.newTarget(b.gatewayID, "second", b.url)
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1, "targets": []string{"orders"}})
	armed.Store(true)
	refused(b, "synchronize_targets", map[string]any{"onlyDrifted": true, "waitSeconds": 1}, "failed inside")
	armed.Store(false)
	release()
	b.ended(1)
	if told := must[withEarlier](b, "list_gateways", nil); len(told.Earlier) != 1 {
		t.Errorf("earlier: %+v", told.Earlier)
	}
}

// A pin is of what was served when its tools were read: one that was synchronized
// meanwhile is refused.
func TestPinOfWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	var b *bench
	var lists atomic.Int32
	armed := false
	b = newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if armed && listsTargets(r) && lists.Add(1) == 2 { // the update's own look for its target
				b.setTarget(b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
					o.UpdatedAt = ptr(o.UpdatedAt.Add(time.Second))
				})
			}
			next.ServeHTTP(w, r)
		})
	}})
	armed = true
	refused(b, "pin_target_tools", map[string]any{"target": "orders"}, "changed while this update was prepared", "nothing was sent")
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
}

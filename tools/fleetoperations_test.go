package tools_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/gateway"
)

// Two calls on many that meet on a target wait for one operation, whoever sent it, and
// its end is told once.
func TestTwoFleetsHaveOneOperation(t *testing.T) {
	t.Parallel()
	var m *gateway.Manager
	b := newBench(t, benchOptions{manager: func(made *gateway.Manager) { m = made }})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			if f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1}); f.InProgress != 1 {
				t.Errorf("while it runs: %+v", f)
			}
		})
	}
	work.Wait()
	release()
	eventually(t, "nothing goes on", func() bool { return !m.Busy() })
	b.ended(1)
	if n := b.cloud.Calls("SynchronizeGatewayTargets"); n != 1 {
		t.Errorf("%d were sent", n)
	}
	told := must[withEarlier](b, "list_gateways", nil)
	if len(told.Earlier) != 1 || len(told.Earlier[0].Tools.Added) != 1 {
		t.Errorf("earlier: %+v", told.Earlier)
	}
}

// A stop waits for what a call on many has sent, and the call sends no more.
func TestStopEndsAFleet(t *testing.T) {
	t.Parallel()
	var m *gateway.Manager
	b := newBench(t, benchOptions{manager: func(made *gateway.Manager) { m = made }})
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		b.newTarget(b.gatewayID, name, b.url)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	var f gateway.Fleet
	var work sync.WaitGroup
	work.Go(func() { f = must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 8}) })
	sent := func() int { return b.cloud.Calls("SynchronizeGatewayTargets") }
	eventually(t, "five are sent", func() bool { return sent() == 5 })
	if !m.Busy() {
		t.Error("it is not busy")
	}
	left := make(chan []gateway.Change)
	go func() { left <- m.Stop(time.Minute) }()
	eventually(t, "nothing more is sent", func() bool {
		_, _, failed := call[gateway.Change](b, "synchronize_target", map[string]any{"target": "f", "waitSeconds": 0})
		return failed != ""
	})
	release()
	if left := <-left; len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	work.Wait()
	if f.Synchronized != 5 || f.InProgress != 2 || sent() != 5 {
		t.Errorf("%d were sent: %+v", sent(), f)
	}
}

// A gateway's list that follows READY late is waited for in a call on many as in one
// on one target.
func TestFleetWaitsForALateList(t *testing.T) {
	t.Parallel()
	b, _, s := newLateBench(t, 2500*time.Millisecond)
	s.tool("find", "finds, and tells where")
	f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"gateway": "shop"})
	if f.Synchronized != 2 || f.Changed != 1 || f.Targets[0].Target != "shelf" || len(f.Targets[0].Tools.Changed) != 1 {
		t.Errorf("got %+v", f)
	}
}

// A server that fails like one that is starting is tried again, as by a call on one
// target.
func TestFleetWarmsAServer(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, 2)
	sent := 0
	b := newBench(t, benchOptions{empty: true, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/synchronizeTargets") { // of one call, one after another
				u.failures.Store(0)
				if sent++; sent == 1 {
					u.failures.Store(1 << 30)
				}
			}
			next.ServeHTTP(w, r)
		})
	}})
	b.gatewayID = b.newGateway("shop")
	b.newTarget(b.gatewayID, "orders", u.url)
	if f := must[gateway.Fleet](b, "synchronize_targets", nil); f.Synchronized != 1 || f.Failed != 0 || sent != 2 {
		t.Errorf("%d were sent: %+v", sent, f)
	}
}

// A target that AWS is done with makes room for the next one, also while its tools are
// still compared.
func TestComparingTakesNoRoom(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	all := make(chan struct{})
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/synchronizeTargets"):
				if sent.Add(1) == 6 {
					close(all)
				}
			case strings.HasPrefix(r.URL.Path, "/gateway/") && sent.Load() > 0:
				r.Body = io.NopCloser(bytes.NewReader(readAll(r))) // read, or the client's leaving is not seen
				select {
				case <-all:
				case <-r.Context().Done():
				}
			}
			next.ServeHTTP(w, r)
		})
	}})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		b.newTarget(b.gatewayID, name, b.url)
	}
	if f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 10}); f.Synchronized != 6 {
		t.Errorf("%d were sent: %+v", sent.Load(), f)
	}
}

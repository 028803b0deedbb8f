package tools_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
)

// newLeft is a bench whose target has lost a tool, and a call on many that has left its
// synchronization to be carried on once release is called.
func newLeft(t *testing.T) (b *bench, left gateway.Fleet, release func()) {
	t.Helper()
	b = newBench(t, benchOptions{})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	release = b.cloud.Hold(types.TargetStatusSynchronizing)
	t.Cleanup(release)
	left = must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1})
	if left.InProgress != 1 {
		t.Fatalf("%+v", left)
	}
	return b, left, release
}

// What still runs is in progress, and joined; its change is counted by the call
// that sees its end.
func TestFleetIsJoined(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "second", b.url)
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	for _, call := range []string{"first", "second"} {
		f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 3})
		if f.Outcome != gateway.InProgress || f.InProgress != 2 || f.Total != 2 || f.Next == "" {
			t.Errorf("%s call, while they run: %+v", call, f)
		}
	}
	release()
	f := must[gateway.Fleet](b, "synchronize_targets", nil)
	if f.Outcome != gateway.Synchronized || f.Synchronized != 2 || f.Changed != 2 || len(f.Targets) != 2 || len(f.Targets[0].Tools.Added) != 1 {
		t.Errorf("at the end: %+v", f)
	}
	if told := must[withEarlier](b, "list_gateways", nil); len(told.Earlier) != 0 || b.cloud.Calls("SynchronizeGatewayTargets") != 2 {
		t.Errorf("told again, or sent again: %+v", told)
	}
}

// What a call on many has begun is carried to its end like any change, and told by
// the next call, whichever it is.
func TestFleetsEndIsToldByAnyCallOnce(t *testing.T) {
	t.Parallel()
	b, left, release := newLeft(t)
	if !b.manager.Busy() {
		t.Fatalf("not busy: %+v", left)
	}
	release()
	b.ended(1)
	told := must[withEarlier](b, "list_gateways", nil)
	if len(told.Earlier) != 1 || told.Earlier[0].Outcome != gateway.Synchronized || told.Earlier[0].TargetID != b.targetID || len(told.Earlier[0].Tools.Removed) != 1 {
		t.Errorf("got %+v", told)
	}
	if again := must[withEarlier](b, "list_gateways", nil); len(again.Earlier) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}

// What AWS accepts as the time runs out is under way, and followed.
func TestFleetSentAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	b.cloud.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Delay: 1500 * time.Millisecond, Times: 1})
	if f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1}); f.InProgress != 1 {
		t.Fatalf("got %+v", f)
	}
	b.ended(1)
	told := must[withEarlier](b, "list_gateways", nil)
	if len(told.Earlier) != 1 || len(told.Earlier[0].Tools.Removed) != 1 || b.cloud.Calls("SynchronizeGatewayTargets") != 1 {
		t.Errorf("sent %d times, told %+v", b.cloud.Calls("SynchronizeGatewayTargets"), told)
	}
}

// An end that comes while a further call on many waits for it is told by that, and by
// no other call meanwhile.
func TestFleetsEndIsToldByOneAnswer(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	var second string
	gate, blocked := make(chan struct{}), make(chan struct{})
	open, block := sync.OnceFunc(func() { close(gate) }), sync.OnceFunc(func() { close(blocked) })
	defer open()
	var m *gateway.Manager
	b := newBench(t, benchOptions{manager: func(made *gateway.Manager) { m = made }, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if armed.Load() && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/targets/"+second) {
				block()
				<-gate
			}
			next.ServeHTTP(w, r)
		})
	}})
	second = b.newTarget(b.gatewayID, "second", b.url)
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 3, "targets": []string{"orders"}})
	armed.Store(true)
	var f gateway.Fleet
	var work sync.WaitGroup
	work.Go(func() { f = must[gateway.Fleet](b, "synchronize_targets", nil) })
	<-blocked
	release()
	eventually(t, "the end of what the first call began", func() bool { return !m.Busy() })
	told := must[withEarlier](b, "list_gateways", nil)
	open()
	work.Wait()
	if len(told.Earlier) != 0 || f.Synchronized != 2 || f.Changed != 2 {
		t.Errorf("earlier %+v, the call on many %+v", told.Earlier, f)
	}
}

// A call that is refused, and has heard of an end before that was clear, leaves it to
// the next one.
func TestRefusedFleetHearsOfNothing(t *testing.T) {
	t.Parallel()
	b, _, release := newLeft(t)
	release()
	b.ended(1)
	refused(b, "synchronize_targets", map[string]any{"targets": []string{"orders", "none"}}, "nothing was begun")
	told := must[withEarlier](b, "list_gateways", nil)
	if len(told.Earlier) != 1 || len(told.Earlier[0].Tools.Removed) != 1 {
		t.Errorf("got %+v", told)
	}
}

// Where nothing is different, the call that hears of an end says so; what it was given
// as the time since stays that.
func TestFleetsEndWithoutAChange(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "second", b.url)
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	first := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1})
	if first.InProgress != 2 || !strings.Contains(first.Next, "2 are not done (shop/orders, shop/second)") {
		t.Fatalf("%+v", first)
	}
	release()
	b.ended(2)
	since := map[string]any{"notSyncedSince": first.NotSyncedSince.Format(time.RFC3339Nano)}
	second := must[gateway.Fleet](b, "synchronize_targets", since)
	if second.Outcome != gateway.Synchronized || second.Synchronized != 2 || second.Changed != 0 || len(second.Targets) != 0 || !second.NotSyncedSince.Equal(first.NotSyncedSince) {
		t.Errorf("got %+v", second)
	}
	if third := must[gateway.Fleet](b, "synchronize_targets", since); third.Skipped != 2 || b.cloud.Calls("SynchronizeGatewayTargets") != 2 {
		t.Errorf("done again: %+v", third)
	}
}

// A client that leaves a call on many hears of what it has done by a later one.
func TestFleetWhoseCallerLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	var armed atomic.Bool
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	defer release()
	b.newTarget(b.gatewayID, "held", serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if armed.Load() {
			<-gate
		}
		b.orders.ServeHTTP(w, r)
	})).URL+"/mcp")
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		params := &mcp.CallToolParams{Name: "synchronize_targets", Arguments: map[string]any{}}
		params.SetProgressToken("p")
		_, err := b.session.CallTool(ctx, params)
		left <- err
	}()
	eventually(t, "one is done, the other held", func() bool { return b.told("orders: synchronized") })
	leave()
	if err := <-left; err == nil {
		t.Error("the call was answered")
	}
	release()
	var ends []gateway.End
	eventually(t, "both ends are told", func() bool {
		ends = append(ends, must[withEarlier](b, "list_gateways", nil).Earlier...)
		return len(ends) >= 2
	})
	for _, end := range ends {
		if end.Outcome != gateway.Synchronized || len(end.Tools.Removed) != 1 {
			t.Errorf("got %+v", end)
		}
	}
	if len(ends) != 2 || ends[0].TargetID == ends[1].TargetID {
		t.Errorf("got %+v", ends)
	}
}

// A call that leaves out what was synchronized since an earlier one counts what
// that one has not seen end.
func TestFleetCountsWhatItHasNotSeen(t *testing.T) {
	t.Parallel()
	b, first, release := newLeft(t)
	release()
	eventually(t, "AWS has ended it", func() bool {
		target, err := b.client.Target(t.Context(), b.gatewayID, b.targetID)
		return err == nil && target.Status == aws.TargetReady && target.LastSynchronizedAt.After(first.NotSyncedSince)
	})
	arguments := map[string]any{"notSyncedSince": first.NotSyncedSince.Format(time.RFC3339Nano)}
	second := must[gateway.Fleet](b, "synchronize_targets", arguments)
	if second.Outcome != gateway.Synchronized || second.Synchronized != 1 || second.Changed != 1 || len(second.Targets) != 1 || len(second.Targets[0].Tools.Removed) != 1 {
		t.Errorf("the second call: %+v", second)
	}
	third := must[gateway.Fleet](b, "synchronize_targets", arguments)
	if third.Outcome != gateway.Unchanged || third.Skipped != 1 || b.cloud.Calls("SynchronizeGatewayTargets") != 1 {
		t.Errorf("the third call: %+v", third)
	}
}

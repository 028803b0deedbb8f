package tools_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

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
		f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1})
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

// A call that leaves out what was synchronized since an earlier one counts what
// that one has not seen end.
// What a call on many has begun is carried to its end like any change, and told by
// the next call, whichever it is.
func TestFleetsEndIsToldByAnyCallOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	if f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1}); f.InProgress != 1 || !b.manager.Busy() {
		t.Fatalf("busy %t: %+v", b.manager.Busy(), f)
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

// An end that another call tells while a further call on many goes on is not told by
// that as well.
func TestFleetsEndIsToldByOneAnswer(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	var second string
	gate, blocked := make(chan struct{}), make(chan struct{})
	open, block := sync.OnceFunc(func() { close(gate) }), sync.OnceFunc(func() { close(blocked) })
	defer open()
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
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
	must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1, "targets": []string{"orders"}})
	armed.Store(true)
	var f gateway.Fleet
	var work sync.WaitGroup
	work.Go(func() { f = must[gateway.Fleet](b, "synchronize_targets", nil) })
	<-blocked
	release()
	b.ended(1)
	told := must[withEarlier](b, "list_gateways", nil)
	open()
	work.Wait()
	if len(told.Earlier) != 1 || f.Synchronized != 2 || f.Changed != 1 {
		t.Errorf("earlier %+v, the call on many %+v", told.Earlier, f)
	}
}

// A listing that lacks a target for a moment does not say that it was deleted.
func TestListingThatLacksATarget(t *testing.T) {
	t.Parallel()
	var empty atomic.Int32
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/targets") && empty.Add(-1) >= 0 {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"items":[]}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	done := make(chan gateway.Fleet)
	go func() { done <- must[gateway.Fleet](b, "synchronize_targets", nil) }()
	eventually(t, "it is sent", func() bool { return b.cloud.Calls("SynchronizeGatewayTargets") == 1 })
	empty.Store(2)
	eventually(t, "two listings lack it", func() bool { return empty.Load() <= 0 })
	release()
	if f := <-done; f.Failed != 0 || f.Synchronized != 1 || f.Changed != 1 {
		t.Errorf("got %+v", f)
	}
}

// A call that is refused, and has heard of an end before that was clear, leaves it to
// the next one.
func TestRefusedFleetHearsOfNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 0})
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

func TestFleetCountsWhatItHasNotSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	first := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"waitSeconds": 1})
	if first.InProgress != 1 {
		t.Fatalf("%+v", first)
	}
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

// A target is read right before it is synchronized: one that was pinned while it
// was queued is left alone.
func TestFleetReadsBeforeItSends(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	ids := []string{b.targetID}
	for _, name := range []string{"t1", "t2", "t3", "t4", "t5"} {
		ids = append(ids, b.newTarget(b.gatewayID, name, b.url))
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	go func() {
		eventually(t, "five are at work", func() bool { return b.cloud.Calls("SynchronizeGatewayTargets") == 5 })
		for _, id := range ids {
			b.setTarget(id, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
				if o.Status == types.TargetStatusReady { // the one that is queued
					server := &o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer).Value
					server.McpToolSchema = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: `{"tools":[{"name":"pinned","inputSchema":{"type":"object"}}]}`}
				}
			})
		}
		release()
	}()
	f := must[gateway.Fleet](b, "synchronize_targets", nil)
	if f.Outcome != gateway.Synchronized || f.Synchronized != 5 || f.Skipped != 1 || !strings.HasPrefix(f.SkippedFor[0].Reason, "static schema") || b.cloud.Calls("SynchronizeGatewayTargets") != 5 {
		t.Errorf("%d synchronizations were sent: %+v", b.cloud.Calls("SynchronizeGatewayTargets"), f)
	}
}

// hanging never answers.
type hanging struct{}

func (hanging) RoundTrip(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// Gateways whose own endpoints hang take no time from each other, and their
// targets are begun.
func TestFleetOfHangingGateways(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		m.Transport = func(aws.Gateway) (http.RoundTripper, error) { return hanging{}, nil }
	}})
	for _, name := range []string{"g1", "g2", "g3"} {
		b.newTarget(b.newGateway(name), "orders", b.url)
	}
	f := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"gateway": "*", "waitSeconds": 1})
	if f.Total != 4 || len(f.Unread) != 4 || b.cloud.Calls("SynchronizeGatewayTargets") != 4 || f.Seconds > 9 {
		t.Errorf("%d synchronizations were sent: %+v", b.cloud.Calls("SynchronizeGatewayTargets"), f)
	}
}

// A panic while one target is looked at is told in its row.
func TestPanicInAWorker(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		upstream := m.Upstream
		m.Upstream = func(t aws.Target) (http.RoundTripper, error) {
			if t.Name == "second" {
				panic("a mistake")
			}
			return upstream(t)
		}
	}})
	b.newTarget(b.gatewayID, "second", b.url)
	d := must[tools.DriftReport](b, "check_drift", nil)
	if d.InSync != 1 || d.Unknown != 1 || d.Targets[0].Target != "second" || !strings.Contains(d.Targets[0].Reason, "failed inside agentcore-gateway-mcp") {
		t.Errorf("%+v", d)
	}
	if log := b.log.String(); !strings.Contains(log, "a mistake") || !strings.Contains(log, "fleetend_test.go") {
		t.Errorf("the log has no stack: %s", log)
	}
	c, _, failed := call[gateway.Change](b, "synchronize_target", map[string]any{"target": "second"})
	if failed != "" || c.Outcome != gateway.Synchronized {
		t.Errorf("%+v %s", c, failed)
	}
}

// AWS refuses while it works on the gateway: the target waits for its turn again.
func TestFleetAfterAConflict(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	b.cloud.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Code: "ConflictException", Times: 1})
	if f := must[gateway.Fleet](b, "synchronize_targets", nil); f.Outcome != gateway.Synchronized || f.Synchronized != 1 || f.Changed != 1 {
		t.Errorf("got %+v", f)
	}
}

// A quota that stands is told, and not asked for ever.
func TestFleetWithoutQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	defer b.cloud.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Code: "ServiceQuotaExceededException"})()
	f, isError, failed := call[gateway.Fleet](b, "synchronize_targets", nil)
	if failed != "" || !isError || f.Outcome != gateway.Failed || f.Failed != 1 || !strings.Contains(f.Targets[0].StatusReasons[0], "over a service quota") || b.cloud.Calls("SynchronizeGatewayTargets") != 5 {
		t.Errorf("%d were sent: %+v %s", b.cloud.Calls("SynchronizeGatewayTargets"), f, failed)
	}
}

// AWS's clock decides what was synchronized since, wherever ours stands.
func TestFleetByTheClockOfAWS(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"behind": -2 * time.Minute, "ahead": 2 * time.Minute} {
		clock := func() time.Time { return time.Now().Add(off) }
		b := newBench(t, benchOptions{emulator: emulator.Options{Now: clock}, between: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", clock().UTC().Format(http.TimeFormat))
				next.ServeHTTP(w, r)
			})
		}})
		first := must[gateway.Fleet](b, "synchronize_targets", nil)
		if first.Synchronized != 1 || first.NotSyncedSince.Sub(clock()).Abs() > 30*time.Second {
			t.Errorf("%s: %+v", name, first)
		}
		again := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"notSyncedSince": first.NotSyncedSince.Format(time.RFC3339Nano)})
		if again.Skipped != 1 || again.Synchronized != 0 {
			t.Errorf("%s, again: %+v", name, again)
		}
	}
}

package tools_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

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
		eventually(t, "five are at work", func() bool {
			working := 0
			for target := range b.client.Targets(t.Context(), b.gatewayID) {
				if target.Status == types.TargetStatusSynchronizing {
					working++
				}
			}
			return working == 5
		})
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
	// Nor are those lists waited for again, which have nothing to be compared with.
	g := must[gateway.Fleet](b, "synchronize_targets", map[string]any{"gateway": "*", "waitSeconds": 20, "notSyncedSince": f.NotSyncedSince})
	if f.Synchronized+g.Synchronized != 4 {
		t.Errorf("the ends: %+v", g)
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

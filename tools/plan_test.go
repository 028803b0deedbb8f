package tools_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/remote"
)

// A call is held to the plan that it names: what has changed since is told, and
// nothing is sent.
func TestCallsAreHeldToTheirPlan(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	next := serveOrders(t, 4)
	for _, c := range []struct {
		tool      string
		arguments map[string]any
		sends     string
	}{
		{"synchronize_target", map[string]any{}, "SynchronizeGatewayTargets"},
		{"update_target", map[string]any{"resourcePriority": 8}, "UpdateGatewayTarget"},
		{"pin_target_tools", map[string]any{}, "UpdateGatewayTarget"},
		{"update_target_endpoint", map[string]any{"endpoint": next, "confirm": "orders"}, "UpdateGatewayTarget"},
		{"unpin_target_tools", map[string]any{}, "UpdateGatewayTarget"},
	} {
		c.arguments["target"], c.arguments["dryRun"] = "orders", true
		plan := must[gateway.Change](b, c.tool, c.arguments)
		if strings.Count(plan.Plan, "-") != 2 {
			t.Fatalf("%s: the plan %+v has the value %q", c.tool, plan, plan.Plan)
		}
		delete(c.arguments, "dryRun")
		c.arguments["plan"] = plan.Plan[:len(plan.Plan)-1] + "_"
		before := b.cloud.Calls(c.sends)
		refused(b, c.tool, c.arguments, "nothing was sent for target orders", "what the server offers changed", "dryRun")
		if b.cloud.Calls(c.sends) != before {
			t.Errorf("%s was sent", c.tool)
		}
		c.arguments["plan"] = plan.Plan
		if done := must[gateway.Change](b, c.tool, c.arguments); done.Outcome != gateway.Updated && done.Outcome != gateway.Synchronized || strings.Contains(done.Next, "had not seen") {
			t.Errorf("%s by its plan: %+v", c.tool, done)
		}
	}
	refused(b, "synchronize_target", map[string]any{"target": "orders", "plan": "that one"}, `plan "that one" is none of target orders`)
}

func TestWhatAPlanDoesNotKnowAnyMore(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(b *bench){
		"the target's configuration changed": func(b *bench) {
			target, err := b.client.Target(b.t.Context(), b.gatewayID, b.targetID)
			if err != nil {
				b.t.Fatal(err)
			}
			description := "by a rival"
			if target, err = b.client.UpdateTarget(b.t.Context(), b.gatewayID, target, aws.Edit{Description: &description}); err != nil {
				b.t.Fatal(err)
			}
			if _, err := b.client.WaitTarget(b.t.Context(), b.gatewayID, target, nil); err != nil {
				b.t.Fatal(err)
			}
		},
		"what the server offers changed": func(b *bench) {
			if err := b.orders.SetTools(4); err != nil {
				b.t.Fatal(err)
			}
		},
	} {
		b := newBench(t, benchOptions{})
		arguments := map[string]any{"target": "orders", "resourcePriority": 8, "dryRun": true}
		plan := must[gateway.Change](b, "update_target", arguments)
		change(b)
		delete(arguments, "dryRun")
		arguments["plan"] = plan.Plan
		sent := b.cloud.Calls("UpdateGatewayTarget")
		refused(b, "update_target", arguments, want)
		if b.cloud.Calls("UpdateGatewayTarget") != sent {
			t.Errorf("%s: it was sent", want)
		}
	}
}

// What the gateway serves in the end and the plan had not seen is named.
func TestToolsThatThePlanHadNotSeen(t *testing.T) {
	t.Parallel()
	var deploy atomic.Pointer[func()]
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if now := deploy.Load(); now != nil && r.Method == http.MethodPut {
				(*now)()
			}
			next.ServeHTTP(w, r)
		})
	}})
	arguments := map[string]any{"target": "orders", "resourcePriority": 8, "dryRun": true}
	plan := must[gateway.Change](b, "update_target", arguments)
	now := func() {
		if err := b.orders.SetTools(3); err != nil {
			t.Error(err)
		}
	}
	deploy.Store(&now)
	delete(arguments, "dryRun")
	arguments["plan"] = plan.Plan
	c := must[gateway.Change](b, "update_target", arguments)
	if c.Outcome != gateway.Updated || len(c.Tools.Added) != 1 || !strings.HasPrefix(c.Next, "tools that the plan had not seen: cancelOrder; ") {
		t.Errorf("%+v", c)
	}
}

// A plan may have been made with the confirmation that its call has, or without it:
// a new server that answers only who signs in shows other tools to each.
func TestPlanWithAndWithoutConfirmation(t *testing.T) {
	t.Parallel()
	plain := remote.Guard{AnyPort: true, Loopback: true}.Transport()
	t.Cleanup(plain.CloseIdleConnections)
	var sent atomic.Bool // from then on AgentCore asks, which signs in in its own way
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				sent.Store(true)
			}
			next.ServeHTTP(w, r)
		})
	}, manager: func(m *gateway.Manager) {
		m.Upstream = func(target aws.Target) (http.RoundTripper, error) {
			if target.Credentials == "" {
				return plain, nil
			}
			return signed{plain}, nil
		}
	}})
	for _, confirmed := range []bool{true, false} {
		handler, err := orders.NewHandler(4)
		if err != nil {
			t.Fatal(err)
		}
		sent.Store(false)
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !sent.Load() && r.Header.Get("X-Signed") == "" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			handler.ServeHTTP(w, r)
		})).URL + "/mcp"
		arguments := map[string]any{"target": "orders", "endpoint": url, "dryRun": true}
		if confirmed {
			arguments["confirm"] = "orders"
		}
		plan := must[gateway.Change](b, "update_target_endpoint", arguments)
		if blind := strings.HasSuffix(plan.Plan, "-unread"); plan.Plan == "" || blind == confirmed {
			t.Errorf("confirmed %t: the plan is %q", confirmed, plan.Plan)
		}
		refused(b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": url, "confirm": "orders", "plan": plan.Plan + "_"}, "nothing was sent")
		done := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": url, "confirm": "orders", "plan": plan.Plan})
		if done.Outcome != gateway.Updated || done.Tools.After != 4 {
			t.Errorf("confirmed %t: %+v", confirmed, done)
		}
	}
}

// signed signs in.
type signed struct{ next http.RoundTripper }

func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Signed", "yes")
	return s.next.RoundTrip(r)
}

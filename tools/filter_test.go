package tools_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

func (b *bench) updateGateway(change func(*control.UpdateGatewayInput)) {
	b.t.Helper()
	sdk := newControl(b.front.URL)
	g, err := sdk.GetGateway(b.t.Context(), &control.GetGatewayInput{GatewayIdentifier: &b.gatewayID})
	if err != nil {
		b.t.Fatal(err)
	}
	in := &control.UpdateGatewayInput{GatewayIdentifier: &b.gatewayID, Name: g.Name, RoleArn: g.RoleArn, AuthorizerType: g.AuthorizerType, AuthorizerConfiguration: g.AuthorizerConfiguration, ProtocolType: g.ProtocolType, ProtocolConfiguration: g.ProtocolConfiguration}
	change(in)
	if _, err := sdk.UpdateGateway(b.t.Context(), in); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.client.WaitGateway(b.t.Context(), b.gatewayID, aws.GatewayReady); err != nil {
		b.t.Fatal(err)
	}
}

// takesEngine gives the gateway a policy engine with these policies, and returns the
// engine's id and a function that deletes the last of them.
func (b *bench) takesEngine(mode types.GatewayPolicyEngineMode, policies ...string) (id string, deleteLast func()) {
	b.t.Helper()
	ctx, sdk := b.t.Context(), newControl(b.front.URL)
	check := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	engine, err := sdk.CreatePolicyEngine(ctx, &control.CreatePolicyEngineInput{Name: ptr("orders_engine")})
	check(err)
	eventually(b.t, "the policy engine is ACTIVE", func() bool {
		got, err := sdk.GetPolicyEngine(ctx, &control.GetPolicyEngineInput{PolicyEngineId: engine.PolicyEngineId})
		check(err)
		return got.Status == types.PolicyEngineStatusActive
	})
	var last *string
	for i, cedar := range policies {
		p, err := sdk.CreatePolicy(ctx, &control.CreatePolicyInput{PolicyEngineId: engine.PolicyEngineId, Name: ptr(fmt.Sprintf("p%d", i)),
			Definition: &types.PolicyDefinitionMemberCedar{Value: types.CedarPolicy{Statement: &cedar}}})
		check(err)
		last = p.PolicyId
		eventually(b.t, "the policy is ACTIVE", func() bool {
			got, err := sdk.GetPolicy(ctx, &control.GetPolicyInput{PolicyEngineId: engine.PolicyEngineId, PolicyId: last})
			check(err)
			return got.Status == types.PolicyStatusActive
		})
	}
	b.updateGateway(func(in *control.UpdateGatewayInput) {
		in.PolicyEngineConfiguration = &types.GatewayPolicyEngineConfiguration{Arn: engine.PolicyEngineArn, Mode: mode}
	})
	return *engine.PolicyEngineId, func() {
		b.t.Helper()
		_, err := sdk.DeletePolicy(ctx, &control.DeletePolicyInput{PolicyEngineId: engine.PolicyEngineId, PolicyId: last})
		check(err)
		eventually(b.t, "the policy is gone", func() bool {
			_, err := sdk.GetPolicy(ctx, &control.GetPolicyInput{PolicyEngineId: engine.PolicyEngineId, PolicyId: last})
			return err != nil
		})
	}
}

// permitAll is a policy that keeps nothing from anybody.
const permitAll = "permit(principal, action, resource);"

// A gateway with a policy engine in ENFORCE mode shows a caller only what that
// caller may use.
func TestToolsBehindAFilter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hide func(b *bench) (says string, show func())
	}{
		"policy engine": {func(b *bench) (string, func()) {
			id, show := b.takesEngine(types.GatewayPolicyEngineModeEnforce, permitAll, `forbid(principal, action == AgentCore::Action::"orders___updateOrder", resource);`)
			return "policy engine " + id, show
		}},
		"interceptor": {func(b *bench) (string, func()) {
			b.updateGateway(func(in *control.UpdateGatewayInput) {
				in.InterceptorConfigurations = []types.GatewayInterceptorConfiguration{{
					InterceptionPoints: []types.GatewayInterceptionPoint{types.GatewayInterceptionPointResponse},
					Interceptor:        &types.InterceptorConfigurationMemberLambda{Value: types.LambdaInterceptorConfiguration{Arn: ptr("arn:aws:lambda:us-east-1:123456789012:function:f")}},
				}}
			})
			b.cloud.HideTools(b.gatewayID, func(tool string) bool { return tool == "orders___updateOrder" })
			return "an interceptor of responses", func() { b.cloud.HideTools(b.gatewayID, nil) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var lists atomic.Int32
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/gateway/") && bytes.Contains(readAll(r), []byte(`"tools/list"`)) {
						lists.Add(1)
					}
					next.ServeHTTP(w, r)
				})
			}})
			says, show := c.hide(b)
			if got := b.served("orders"); got != "getOrder" {
				t.Fatalf("served: %s", got)
			}
			d := must[tools.DriftReport](b, "check_drift", map[string]any{"target": "orders"})
			if one := d.Targets[0]; d.Unknown != 1 || one.State != gateway.Unknown || !strings.Contains(one.Reason, "not shown to us ("+says+")") || !slices.Equal(one.Tools.NotShown, []string{"updateOrder"}) || one.Tools.Filter != says {
				t.Errorf("drift: %+v %+v", one, one.Tools)
			}
			lists.Store(0)
			change := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
			if n := lists.Load(); n == 0 || n > 4 { // before, after, and a page each for the target without tools
				t.Errorf("a list that is not late was waited for: it was read %d times", n)
			}
			if change.Tools.Before != 1 || change.Tools.After != 1 || !slices.Equal(change.Tools.NotShown, []string{"updateOrder"}) || !strings.Contains(change.Next, "not shown to us") || strings.Contains(change.Next, "late") {
				t.Errorf("synchronization: %+v, %s", change.Tools, change.Next)
			}
			// A pin takes what the server offers, not only what is shown.
			pinned := must[gateway.Pinned](b, "pin_target_tools", map[string]any{"target": "orders"})
			if len(pinned.Hashes) != 2 {
				t.Errorf("pinned: %+v", pinned)
			}
			show()
			if got := b.served("orders"); got != "getOrder updateOrder" {
				t.Errorf("the pin serves others %s", got)
			}
		})
	}
}

func TestPinBehindAFilterNeedsTheServersWord(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	id, _ := b.takesEngine(types.GatewayPolicyEngineModeEnforce, permitAll)
	if err := b.orders.SetTools(1); err != nil { // updateOrder is shown, and not offered
		t.Fatal(err)
	}
	refused(b, "pin_target_tools", map[string]any{"target": "orders"}, "was not pinned", "what it shows is not what the server offers", id)
	gone := serve(t, http.NotFoundHandler())
	b.setTarget(b.targetID, func(o *control.GetGatewayTargetOutput) { mcpServer(o).Value.Endpoint = ptr(gone.URL + "/mcp") })
	refused(b, "pin_target_tools", map[string]any{"target": "orders"}, "was not pinned", "what the server offers could not be read from here")
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
}

// A log-only engine keeps nothing from anybody.
func TestLogOnlyEngineIsNoFilter(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.takesEngine(types.GatewayPolicyEngineModeLogOnly)
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	if d := must[tools.DriftReport](b, "check_drift", nil); d.Drifted != 1 || len(d.Targets[0].Tools.Added) != 1 {
		t.Errorf("got %+v", d)
	}
}

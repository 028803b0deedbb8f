package tools_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
	in := &control.UpdateGatewayInput{GatewayIdentifier: &b.gatewayID, Name: g.Name, RoleArn: g.RoleArn, AuthorizerType: g.AuthorizerType, ProtocolType: g.ProtocolType, ProtocolConfiguration: g.ProtocolConfiguration}
	change(in)
	if _, err := sdk.UpdateGateway(b.t.Context(), in); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.client.WaitGateway(b.t.Context(), b.gatewayID, aws.GatewayReady); err != nil {
		b.t.Fatal(err)
	}
}

// engine gives a gateway a policy engine.
func engine(mode types.GatewayPolicyEngineMode) func(*control.UpdateGatewayInput) {
	return func(in *control.UpdateGatewayInput) {
		in.PolicyEngineConfiguration = &types.GatewayPolicyEngineConfiguration{Arn: ptr("arn:aws:bedrock-agentcore:us-east-1:123456789012:policy-engine/orders_engine-abcdefghij"), Mode: mode}
	}
}

// A gateway with a policy engine in ENFORCE mode shows a caller only what that
// caller may use.
func TestToolsBehindAFilter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*control.UpdateGatewayInput)
		says   string
	}{
		"policy engine": {engine(types.GatewayPolicyEngineModeEnforce), "policy engine orders_engine-abcdefghij"},
		"interceptor": {func(in *control.UpdateGatewayInput) {
			in.InterceptorConfigurations = []types.GatewayInterceptorConfiguration{{
				InterceptionPoints: []types.GatewayInterceptionPoint{types.GatewayInterceptionPointResponse},
				Interceptor:        &types.InterceptorConfigurationMemberLambda{Value: types.LambdaInterceptorConfiguration{Arn: ptr("arn:aws:lambda:us-east-1:123456789012:function:f")}},
			}}
		}, "an interceptor of responses"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, benchOptions{})
			b.updateGateway(c.change)
			b.cloud.HideTools(b.gatewayID, func(tool string) bool { return tool == "orders___updateOrder" })
			if got := b.served("orders"); got != "getOrder" {
				t.Fatalf("served: %s", got)
			}
			d := must[tools.DriftReport](b, "check_drift", map[string]any{"target": "orders"})
			if one := d.Targets[0]; d.Unknown != 1 || one.State != gateway.Unknown || !strings.Contains(one.Reason, "not shown to us ("+c.says+")") || !slices.Equal(one.Tools.NotShown, []string{"updateOrder"}) || one.Tools.Filter != c.says {
				t.Errorf("drift: %+v %+v", one, one.Tools)
			}
			begun := time.Now()
			change := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("a list that is not late was waited for, %s", took)
			}
			if change.Tools.Before != 1 || change.Tools.After != 1 || !slices.Equal(change.Tools.NotShown, []string{"updateOrder"}) || !strings.Contains(change.Next, "not shown to us") || strings.Contains(change.Next, "late") {
				t.Errorf("synchronization: %+v, %s", change.Tools, change.Next)
			}
			// A pin takes what the server offers, not only what is shown.
			pinned := must[gateway.Pinned](b, "pin_target_tools", map[string]any{"target": "orders"})
			if len(pinned.Hashes) != 2 {
				t.Errorf("pinned: %+v", pinned)
			}
			b.cloud.HideTools(b.gatewayID, nil)
			if got := b.served("orders"); got != "getOrder updateOrder" {
				t.Errorf("the pin serves others %s", got)
			}
		})
	}
}

func TestPinBehindAFilterNeedsTheServersWord(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.updateGateway(engine(types.GatewayPolicyEngineModeEnforce))
	if err := b.orders.SetTools(1); err != nil { // updateOrder is shown, and not offered
		t.Fatal(err)
	}
	refused(b, "pin_target_tools", map[string]any{"target": "orders"}, "was not pinned", "what it shows is not what the server offers", "orders_engine-abcdefghij")
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
	b.updateGateway(engine(types.GatewayPolicyEngineModeLogOnly))
	b.cloud.HideTools(b.gatewayID, func(string) bool { return true })
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	if d := must[tools.DriftReport](b, "check_drift", nil); d.Drifted != 1 || len(d.Targets[0].Tools.Added) != 1 {
		t.Errorf("got %+v", d)
	}
}

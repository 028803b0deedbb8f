package emulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

func (w *world) engine(name string) (id, arn string) {
	w.Helper()
	out, err := w.client.CreatePolicyEngine(w.Context(), &control.CreatePolicyEngineInput{Name: &name})
	w.check(err)
	w.until("the engine is ACTIVE", func() bool {
		got, err := w.client.GetPolicyEngine(w.Context(), &control.GetPolicyEngineInput{PolicyEngineId: out.PolicyEngineId})
		w.check(err)
		return got.Status == types.PolicyEngineStatusActive
	})
	return *out.PolicyEngineId, *out.PolicyEngineArn
}

// policy creates a policy and waits for how that ends.
func (w *world) policy(engine, name, cedar string) *control.GetPolicyOutput {
	w.Helper()
	out, err := w.client.CreatePolicy(w.Context(), &control.CreatePolicyInput{PolicyEngineId: &engine, Name: &name, Definition: cedarOf(cedar)})
	w.check(err)
	return w.policySettles(engine, *out.PolicyId)
}

func (w *world) policySettles(engine, id string) (got *control.GetPolicyOutput) {
	w.Helper()
	w.until("policy "+id+" has settled", func() bool {
		var err error
		got, err = w.client.GetPolicy(w.Context(), &control.GetPolicyInput{PolicyEngineId: &engine, PolicyId: &id})
		w.check(err)
		return !slices.Contains([]types.PolicyStatus{types.PolicyStatusCreating, types.PolicyStatusUpdating}, got.Status)
	})
	return got
}

func cedarOf(statement string) types.PolicyDefinition {
	return &types.PolicyDefinitionMemberCedar{Value: types.CedarPolicy{Statement: &statement}}
}

// An engine in ENFORCE mode decides which tools a caller sees and may call: nothing
// that is not permitted, and nothing that is forbidden.
func TestPoliciesDecide(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	got, err := w.client.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &w.gatewayID})
	w.check(err)
	engine, arn := w.engine("shop")
	enforce := func(mode types.GatewayPolicyEngineMode) {
		t.Helper()
		_, err := w.client.UpdateGateway(t.Context(), &control.UpdateGatewayInput{
			GatewayIdentifier: &w.gatewayID, Name: got.Name, RoleArn: got.RoleArn, AuthorizerType: got.AuthorizerType, AuthorizerConfiguration: got.AuthorizerConfiguration,
			ProtocolType: got.ProtocolType, PolicyEngineConfiguration: &types.GatewayPolicyEngineConfiguration{Arn: &arn, Mode: mode},
		})
		w.check(err)
		w.until("the gateway is READY", func() bool {
			out, err := w.client.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &w.gatewayID})
			w.check(err)
			return out.Status == types.GatewayStatusReady
		})
	}
	token := w.callerToken()
	all := w.offers(w.endpoint(), token)
	if len(all) < 2 {
		t.Fatalf("the gateway serves %q", all)
	}
	get, target := all[0], strings.Split(all[0], "___")[0]
	seen := func(what string, want ...string) {
		t.Helper()
		if tools := w.offers(w.endpoint(), token); !slices.Equal(tools, want) {
			t.Errorf("%s: %q, want %q", what, tools, want)
		}
	}
	call := func(tool string, arguments map[string]any) error {
		session, err := w.session(w.endpoint(), token)
		w.check(err)
		defer session.Close()
		_, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
		return err
	}

	enforce(types.GatewayPolicyEngineModeLogOnly)
	seen("an engine that only logs", all...)
	enforce(types.GatewayPolicyEngineModeEnforce)
	seen("no policy permits anything")
	resource := fmt.Sprintf("resource == AgentCore::Gateway::%q", *got.GatewayArn)
	one := w.policy(engine, "one", fmt.Sprintf("permit(principal is AgentCore::OAuthUser, action == AgentCore::Action::%q, %s);", get, resource))
	seen("one tool is permitted", get)
	w.check(call(get, map[string]any{"orderId": 123}))
	if err := call(all[1], map[string]any{"orderId": 123}); err == nil || !strings.Contains(err.Error(), "Unknown tool") {
		t.Errorf("a tool that is not permitted: %v", err)
	}
	w.policy(engine, "all", fmt.Sprintf("permit(principal, action in AgentCore::Action::%q, %s);", target, resource))
	seen("all of a target are permitted", all...)
	w.policy(engine, "none", fmt.Sprintf("forbid(principal, action == AgentCore::Action::%q, resource) unless { principal.hasTag(\"scope\") && principal.getTag(\"scope\") like \"*admin*\" };", get))
	seen("one is forbidden to who has not the scope", all[1:]...)
	w.policy(engine, "orders", fmt.Sprintf("forbid(principal, action == AgentCore::Action::%q, resource) when { context has input && context.input.orderId == 7 };", all[1]))
	seen("what depends on the input is listed", all[1:]...)
	w.check(call(all[1], map[string]any{"orderId": 123}))
	if err := call(all[1], map[string]any{"orderId": 7}); err == nil {
		t.Error("a call that is forbidden for its input went through")
	}
	_, err = w.client.DeletePolicyEngine(t.Context(), &control.DeletePolicyEngineInput{PolicyEngineId: &engine})
	w.refusal(err, "ConflictException", "has 4 policies")
	spare, spareARN := w.engine("spare")
	arn = spareARN
	enforce(types.GatewayPolicyEngineModeLogOnly)
	_, err = w.client.DeletePolicyEngine(t.Context(), &control.DeletePolicyEngineInput{PolicyEngineId: &spare})
	w.refusal(err, "ConflictException", "is used by gateway "+w.gatewayID)
	_, err = w.client.DeletePolicy(t.Context(), &control.DeletePolicyInput{PolicyEngineId: &engine, PolicyId: one.PolicyId})
	w.check(err)
	w.until("the policy is gone", func() bool {
		list, err := w.client.ListPolicies(t.Context(), &control.ListPoliciesInput{PolicyEngineId: &engine})
		w.check(err)
		return len(list.Policies) == 3
	})
	scoped, err := w.client.ListPolicies(t.Context(), &control.ListPoliciesInput{PolicyEngineId: &engine, TargetResourceScope: got.GatewayArn})
	w.check(err)
	if len(scoped.Policies) != 1 || *scoped.Policies[0].Name != "all" {
		t.Errorf("of this gateway: %+v", scoped.Policies)
	}
}

// What is not Cedar fails, and the policy before it stays in force.
func TestPolicyRecords(t *testing.T) {
	w := start(t, emulator.Options{})
	engine, arn := w.engine("records")
	if !strings.HasPrefix(arn, "arn:aws:bedrock-agentcore:us-east-1:123456789012:policy-engine/records-") {
		t.Errorf("the ARN is %s", arn)
	}
	bad := w.policy(engine, "bad", "permit(principal, action, resource) whenever { true };")
	if bad.Status != types.PolicyStatusCreateFailed || len(bad.StatusReasons) != 1 || !strings.HasPrefix(bad.StatusReasons[0], "the statement is not Cedar") {
		t.Errorf("got %+v", bad)
	}
	two := w.policy(engine, "two", "permit(principal, action, resource); permit(principal, action, resource);")
	if two.Status != types.PolicyStatusCreateFailed || two.StatusReasons[0] != "the statement must be one policy" {
		t.Errorf("got %+v", two)
	}
	good := w.policy(engine, "good", "permit(principal, action, resource is AgentCore::Gateway);")
	if good.Status != types.PolicyStatusActive || len(good.StatusReasons) != 0 {
		t.Errorf("got %+v", good)
	}
	_, err := w.client.CreatePolicy(t.Context(), &control.CreatePolicyInput{PolicyEngineId: &engine, Name: aws.String("good"), Definition: cedarOf("permit(principal, action, resource);")})
	w.refusal(err, "ConflictException", "already exists")
	_, err = w.client.UpdatePolicy(t.Context(), &control.UpdatePolicyInput{PolicyEngineId: &engine, PolicyId: good.PolicyId,
		Description: &types.UpdatedDescription{OptionalValue: aws.String("why")}, Definition: cedarOf("permit(principal, action, resource) oops;")})
	w.check(err)
	if got := w.policySettles(engine, *good.PolicyId); got.Status != types.PolicyStatusUpdateFailed || *got.Description != "why" {
		t.Errorf("got %+v", got)
	}
	_, err = w.client.UpdatePolicyEngine(t.Context(), &control.UpdatePolicyEngineInput{PolicyEngineId: &engine, Description: &types.UpdatedDescription{OptionalValue: aws.String("mine")}})
	w.check(err)
	list, err := w.client.ListPolicyEngines(t.Context(), &control.ListPolicyEnginesInput{})
	w.check(err)
	if len(list.PolicyEngines) != 1 || *list.PolicyEngines[0].Description != "mine" {
		t.Errorf("got %+v", list.PolicyEngines)
	}
	_, err = w.client.GetPolicy(t.Context(), &control.GetPolicyInput{PolicyEngineId: &engine, PolicyId: aws.String("none-0123456789")})
	w.refusal(err, "ResourceNotFoundException", "none-0123456789")
	_, err = w.client.GetPolicyEngine(t.Context(), &control.GetPolicyEngineInput{PolicyEngineId: aws.String("none-0123456789")})
	w.refusal(err, "ResourceNotFoundException", "none-0123456789")
}

package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// Rules are kept with their gateway.
func TestGatewayRules(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	route := func(target string) []types.Action {
		return []types.Action{&types.ActionMemberRouteToTarget{Value: &types.RouteToTargetActionMemberStaticRoute{Value: types.StaticRoute{TargetName: &target}}}}
	}
	create := func(priority int32) (*control.CreateGatewayRuleOutput, error) {
		return w.client.CreateGatewayRule(t.Context(), &control.CreateGatewayRuleInput{GatewayIdentifier: &gw, Priority: &priority, Actions: route("orders"), Description: aws.String("why"),
			Conditions: []types.Condition{&types.ConditionMemberMatchPaths{Value: types.MatchPaths{AnyOf: []string{"/orders/*"}}}}})
	}
	active := func(id *string) (got *control.GetGatewayRuleOutput) {
		w.until("the rule is ACTIVE", func() bool {
			var err error
			got, err = w.client.GetGatewayRule(t.Context(), &control.GetGatewayRuleInput{GatewayIdentifier: &gw, RuleId: id})
			w.check(err)
			return got.Status == types.GatewayRuleStatusActive
		})
		return got
	}
	first, err := create(10)
	w.check(err)
	if got := active(first.RuleId); *got.Priority != 10 || *got.Description != "why" || len(got.Conditions) != 1 || len(got.Actions) != 1 {
		t.Errorf("got %+v", got)
	}
	_, err = create(10)
	w.refusal(err, "ConflictException", "priority 10 already exists")
	_, err = create(0)
	w.refusal(err, "ValidationException", "'priority' failed to satisfy constraint")
	second, err := create(20)
	w.check(err)
	active(second.RuleId)
	_, err = w.client.UpdateGatewayRule(t.Context(), &control.UpdateGatewayRuleInput{GatewayIdentifier: &gw, RuleId: second.RuleId, Priority: aws.Int32(10)})
	w.refusal(err, "ConflictException", "priority 10 already exists")
	_, err = w.client.UpdateGatewayRule(t.Context(), &control.UpdateGatewayRuleInput{GatewayIdentifier: &gw, RuleId: second.RuleId, Priority: aws.Int32(30)})
	w.check(err)
	if got := active(second.RuleId); *got.Priority != 30 || *got.Description != "why" || len(got.Conditions) != 1 || got.UpdatedAt == nil {
		t.Errorf("an update of the priority left %+v", got)
	}
	_, err = w.client.UpdateGatewayRule(t.Context(), &control.UpdateGatewayRuleInput{GatewayIdentifier: &gw, RuleId: second.RuleId, Priority: aws.Int32(30), Description: aws.String("so")})
	w.check(err) // its own priority is free
	active(second.RuleId)
	_, err = w.client.DeleteGatewayRule(t.Context(), &control.DeleteGatewayRuleInput{GatewayIdentifier: &gw, RuleId: first.RuleId})
	w.check(err)
	w.until("the rule is gone", func() bool {
		list, err := w.client.ListGatewayRules(t.Context(), &control.ListGatewayRulesInput{GatewayIdentifier: &gw})
		w.check(err)
		return len(list.GatewayRules) == 1 && *list.GatewayRules[0].RuleId == *second.RuleId
	})
	_, err = w.client.GetGatewayRule(t.Context(), &control.GetGatewayRuleInput{GatewayIdentifier: &gw, RuleId: first.RuleId})
	w.refusal(err, "ResourceNotFoundException", *first.RuleId)
}

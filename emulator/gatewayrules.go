package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// gatewayRule is a rule of a gateway, as GetGatewayRule answers it. It is kept, and
// not executed.
type gatewayRule struct {
	sequence int
	record   control.GetGatewayRuleOutput
}

func (s *Server) createGatewayRule(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	scope := "CreateGatewayRule " + *gw.record.GatewayId
	id, repeated, err := s.repeats(r, scope)
	if err != nil {
		return nil, err
	}
	if rule := gw.rule(id); repeated && rule != nil {
		return aws.EncodeJSON(&rule.record)
	}
	if err := idle("Gateway", *gw.record.GatewayId, gw.record.Status); err != nil {
		return nil, err
	}
	rule := &gatewayRule{}
	if err := aws.DecodeJSON(r.body, &rule.record); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	if err := gw.freePriority(*rule.record.Priority, nil); err != nil {
		return nil, err
	}
	id = s.random.uuid()
	s.sequence++
	rule.sequence = s.sequence
	rule.record.RuleId, rule.record.GatewayArn = &id, gw.record.GatewayArn
	rule.record.CreatedAt = s.stamp(nil)
	rule.record.Status = types.GatewayRuleStatusCreating
	if err := s.workOnGatewayRule(gw, rule); err != nil {
		return nil, err
	}
	gw.rules = append(gw.rules, rule)
	s.remember(r, scope, id)
	return aws.EncodeJSON(&rule.record)
}

func (s *Server) getGatewayRule(r *request) (json.RawMessage, error) {
	_, rule, err := s.findGatewayRule(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&rule.record)
}

func (s *Server) listGatewayRules(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(r, "rules "+*gw.record.GatewayId, gw.rules, func(rule *gatewayRule) int { return rule.sequence })
	if err != nil {
		return nil, err
	}
	out := &control.ListGatewayRulesOutput{GatewayRules: []types.GatewayRuleDetail{}, NextToken: next}
	for _, rule := range page {
		r := rule.record
		out.GatewayRules = append(out.GatewayRules, types.GatewayRuleDetail{
			RuleId: r.RuleId, GatewayArn: r.GatewayArn, Priority: r.Priority, Conditions: r.Conditions, Actions: r.Actions,
			Description: r.Description, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Status: r.Status,
		})
	}
	return aws.EncodeJSON(out)
}

// updateGatewayRule changes what the request says, and nothing else: it is a PATCH.
func (s *Server) updateGatewayRule(r *request) (json.RawMessage, error) {
	gw, rule, err := s.findGatewayRule(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Rule", *rule.record.RuleId, rule.record.Status); err != nil {
		return nil, err
	}
	sent := maps.Clone(r.members)
	delete(sent, "gatewayIdentifier")
	delete(sent, "ruleId")
	body, err := json.Marshal(sent)
	if err != nil {
		return nil, err
	}
	var given control.GetGatewayRuleOutput
	if err := aws.DecodeJSON(body, &given); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	if given.Priority != nil {
		if err := gw.freePriority(*given.Priority, rule); err != nil {
			return nil, err
		}
	}
	if err := s.workOnGatewayRule(gw, rule); err != nil {
		return nil, err
	}
	setGiven(&rule.record.Priority, given.Priority)
	setGiven(&rule.record.Description, given.Description)
	if given.Conditions != nil {
		rule.record.Conditions = given.Conditions
	}
	if given.Actions != nil {
		rule.record.Actions = given.Actions
	}
	rule.record.Status = types.GatewayRuleStatusUpdating
	rule.record.UpdatedAt = s.stamp(rule.record.UpdatedAt)
	return aws.EncodeJSON(&rule.record)
}

func setGiven[T any](member **T, given *T) {
	if given != nil {
		*member = given
	}
}

func (s *Server) deleteGatewayRule(r *request) (json.RawMessage, error) {
	gw, rule, err := s.findGatewayRule(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Rule", *rule.record.RuleId, rule.record.Status); err != nil {
		return nil, err
	}
	if err := s.workOnGatewayRule(gw, rule); err != nil {
		return nil, err
	}
	rule.record.Status = types.GatewayRuleStatusDeleting
	return aws.EncodeJSON(&control.DeleteGatewayRuleOutput{RuleId: rule.record.RuleId, Status: rule.record.Status})
}

// workOnGatewayRule starts the job that takes a rule out of its working state.
func (s *Server) workOnGatewayRule(gw *gateway, rule *gatewayRule) error {
	return s.later("gateway rule", func() {
		if rule.record.Status == types.GatewayRuleStatusDeleting {
			gw.rules = slices.DeleteFunc(gw.rules, func(other *gatewayRule) bool { return other == rule })
			s.forget(*rule.record.RuleId)
			return
		}
		rule.record.Status = types.GatewayRuleStatusActive
		if rule.record.UpdatedAt == nil {
			rule.record.UpdatedAt = rule.record.CreatedAt
		}
	})
}

// freePriority refuses a priority that a rule other than self has.
func (gw *gateway) freePriority(priority int32, self *gatewayRule) error {
	if slices.ContainsFunc(gw.rules, func(rule *gatewayRule) bool { return rule != self && *rule.record.Priority == priority }) {
		return conflicting("A rule with priority %d already exists in gateway %s", priority, *gw.record.GatewayId)
	}
	return nil
}

func (gw *gateway) rule(id string) *gatewayRule {
	for _, rule := range gw.rules {
		if *rule.record.RuleId == id {
			return rule
		}
	}
	return nil
}

func (s *Server) findGatewayRule(r *request) (*gateway, *gatewayRule, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, nil, err
	}
	if rule := gw.rule(r.str("ruleId")); rule != nil {
		return gw, rule, nil
	}
	return nil, nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("GatewayRule %s not found", r.str("ruleId"))}
}

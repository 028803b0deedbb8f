package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// policy is a policy of an engine, as GetPolicy answers it.
type policy struct {
	sequence int
	record   control.GetPolicyOutput
	cedar    *cedarPolicy // nil for one that has failed
}

func (s *Server) createPolicy(r *request) (json.RawMessage, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, err
	}
	scope := "CreatePolicy " + *e.record.PolicyEngineId
	id, repeated, err := s.repeats(r, scope)
	if err != nil {
		return nil, err
	}
	if p := e.policy(id); repeated && p != nil {
		return aws.EncodeJSON(&p.record)
	}
	if err := idle("Policy engine", *e.record.PolicyEngineId, e.record.Status); err != nil {
		return nil, err
	}
	name := r.str("name")
	if slices.ContainsFunc(e.policies, func(p *policy) bool { return *p.record.Name == name }) {
		return nil, conflicting("A policy with name %s already exists in policy engine %s", name, *e.record.PolicyEngineId)
	}
	p := &policy{}
	if err := aws.DecodeJSON(r.body, &p.record); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	id = name + "-" + s.random.id(lowerAlphanumeric)
	arn := *e.record.PolicyEngineArn + "/policy/" + id
	s.sequence++
	p.sequence = s.sequence
	p.record.PolicyId, p.record.PolicyArn, p.record.PolicyEngineId, p.record.StatusReasons = &id, &arn, e.record.PolicyEngineId, []string{}
	p.record.CreatedAt = s.stamp(nil)
	p.record.UpdatedAt, p.record.Status = p.record.CreatedAt, types.PolicyStatusCreating
	if err := s.workOnPolicy(e, p, types.PolicyStatusCreateFailed); err != nil {
		return nil, err
	}
	e.policies = append(e.policies, p)
	s.remember(r, scope, id)
	return aws.EncodeJSON(&p.record)
}

func (s *Server) getPolicy(r *request) (json.RawMessage, error) {
	_, p, err := s.findPolicy(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&p.record)
}

// listPolicies lists an engine's policies; with a resource's ARN those that name it.
func (s *Server) listPolicies(r *request) (json.RawMessage, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, err
	}
	all := e.policies
	if scope := r.str("targetResourceScope"); scope != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(p *policy) bool { return !strings.Contains(statement(&p.record), scope) })
	}
	page, next, err := paginate(r, "policies "+*e.record.PolicyEngineId, all, func(p *policy) int { return p.sequence })
	if err != nil {
		return nil, err
	}
	out := &control.ListPoliciesOutput{Policies: []types.Policy{}, NextToken: next}
	for _, p := range page {
		r := p.record
		out.Policies = append(out.Policies, types.Policy{
			PolicyId: r.PolicyId, PolicyArn: r.PolicyArn, PolicyEngineId: r.PolicyEngineId, Name: r.Name, Description: r.Description, Definition: r.Definition,
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Status: r.Status, StatusReasons: r.StatusReasons,
		})
	}
	return aws.EncodeJSON(out)
}

func (s *Server) updatePolicy(r *request) (json.RawMessage, error) {
	e, p, err := s.findPolicy(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Policy", *p.record.PolicyId, p.record.Status); err != nil {
		return nil, err
	}
	var given control.GetPolicyOutput
	definition := map[string]any{}
	if d, ok := r.members["definition"]; ok {
		definition["definition"] = d
	}
	body, err := json.Marshal(definition)
	if err != nil || aws.DecodeJSON(body, &given) != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	if err := s.workOnPolicy(e, p, types.PolicyStatusUpdateFailed); err != nil {
		return nil, err
	}
	if given.Definition != nil {
		p.record.Definition = given.Definition
	}
	if given, text := r.updated("description"); given {
		p.record.Description = text
	}
	p.record.Status, p.record.UpdatedAt = types.PolicyStatusUpdating, s.stamp(p.record.UpdatedAt)
	return aws.EncodeJSON(&p.record)
}

func (s *Server) deletePolicy(r *request) (json.RawMessage, error) {
	e, p, err := s.findPolicy(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Policy", *p.record.PolicyId, p.record.Status); err != nil {
		return nil, err
	}
	if err := s.workOnPolicy(e, p, types.PolicyStatusDeleteFailed); err != nil {
		return nil, err
	}
	p.record.Status, p.record.UpdatedAt = types.PolicyStatusDeleting, s.stamp(p.record.UpdatedAt)
	return aws.EncodeJSON(&p.record)
}

// workOnPolicy starts the job that takes a policy out of its working state: into
// failed, where its statement is not Cedar, with the one before in force still.
func (s *Server) workOnPolicy(e *policyEngine, p *policy, failed types.PolicyStatus) error {
	return s.later("policy", func() {
		if p.record.Status == types.PolicyStatusDeleting {
			e.policies = slices.DeleteFunc(e.policies, func(other *policy) bool { return other == p })
			s.forget(*p.record.PolicyId)
			return
		}
		p.record.UpdatedAt = s.stamp(p.record.UpdatedAt)
		parsed, err := parsePolicy(statement(&p.record))
		if err != nil {
			p.record.Status, p.record.StatusReasons = failed, []string{err.Error()}
			return
		}
		p.record.Status, p.record.StatusReasons, p.cedar = types.PolicyStatusActive, []string{}, parsed
	})
}

// statement is a policy's Cedar text, "" for one that was generated.
func statement(record *control.GetPolicyOutput) string {
	if c, ok := record.Definition.(*types.PolicyDefinitionMemberCedar); ok && c.Value.Statement != nil {
		return *c.Value.Statement
	}
	return ""
}

func (e *policyEngine) policy(id string) *policy {
	for _, p := range e.policies {
		if *p.record.PolicyId == id {
			return p
		}
	}
	return nil
}

func (s *Server) findPolicy(r *request) (*policyEngine, *policy, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, nil, err
	}
	if p := e.policy(r.str("policyId")); p != nil {
		return e, p, nil
	}
	return nil, nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("Policy %s does not exist", r.str("policyId"))}
}

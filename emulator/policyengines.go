package emulator

import (
	"encoding/json"
	"fmt"
	"slices"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// policyEngine is a policy engine's record, as GetPolicyEngine answers it, and its
// policies in order of creation.
type policyEngine struct {
	sequence int
	record   control.GetPolicyEngineOutput
	policies []*policy
	tags     tags
}

func (s *Server) createPolicyEngine(r *request) (json.RawMessage, error) {
	id, repeated, err := s.repeats(r, "CreatePolicyEngine")
	if err != nil {
		return nil, err
	}
	if e := s.policyEngine(id); repeated && e != nil {
		return aws.EncodeJSON(&e.record)
	}
	name := r.str("name")
	if slices.ContainsFunc(s.policyEngines, func(e *policyEngine) bool { return *e.record.Name == name }) {
		return nil, conflicting("A policy engine with name %s already exists", name)
	}
	e := &policyEngine{tags: givenTags(r)}
	if err := aws.DecodeJSON(r.body, &e.record); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	id = name + "-" + s.random.id(lowerAlphanumeric)
	arn := s.arn("policy-engine/" + id)
	s.sequence++
	e.sequence = s.sequence
	e.record.PolicyEngineId, e.record.PolicyEngineArn, e.record.StatusReasons = &id, &arn, []string{}
	e.record.CreatedAt = s.stamp(nil)
	e.record.UpdatedAt, e.record.Status = e.record.CreatedAt, types.PolicyEngineStatusCreating
	if err := s.workOnPolicyEngine(e); err != nil {
		return nil, err
	}
	s.policyEngines = append(s.policyEngines, e)
	s.remember(r, "CreatePolicyEngine", id)
	return aws.EncodeJSON(&e.record) // all operations answer the same members
}

func (s *Server) getPolicyEngine(r *request) (json.RawMessage, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&e.record)
}

func (s *Server) listPolicyEngines(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "policy engines", s.policyEngines, func(e *policyEngine) int { return e.sequence })
	if err != nil {
		return nil, err
	}
	out := &control.ListPolicyEnginesOutput{PolicyEngines: []types.PolicyEngine{}, NextToken: next}
	for _, e := range page {
		r := e.record
		out.PolicyEngines = append(out.PolicyEngines, types.PolicyEngine{
			PolicyEngineId: r.PolicyEngineId, PolicyEngineArn: r.PolicyEngineArn, Name: r.Name, Description: r.Description, EncryptionKeyArn: r.EncryptionKeyArn,
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Status: r.Status, StatusReasons: r.StatusReasons,
		})
	}
	return aws.EncodeJSON(out)
}

func (s *Server) updatePolicyEngine(r *request) (json.RawMessage, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Policy engine", *e.record.PolicyEngineId, e.record.Status); err != nil {
		return nil, err
	}
	if err := s.workOnPolicyEngine(e); err != nil {
		return nil, err
	}
	if given, text := r.updated("description"); given {
		e.record.Description = text
	}
	e.record.Status, e.record.UpdatedAt = types.PolicyEngineStatusUpdating, s.stamp(e.record.UpdatedAt)
	return aws.EncodeJSON(&e.record)
}

// updated is a member that an update wraps, so that it can be taken away: given tells
// whether it was sent, text is nil to take it away.
func (r *request) updated(member string) (given bool, text *string) {
	wrapped, given := r.members[member].(map[string]any)
	if value, ok := wrapped["optionalValue"].(string); ok {
		text = &value
	}
	return given, text
}

func (s *Server) deletePolicyEngine(r *request) (json.RawMessage, error) {
	e, err := s.findPolicyEngine(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Policy engine", *e.record.PolicyEngineId, e.record.Status); err != nil {
		return nil, err
	}
	if n := len(e.policies); n > 0 {
		return nil, conflicting("Policy engine %s has %d policies. Delete all policies before deleting the policy engine", *e.record.PolicyEngineId, n)
	}
	for _, gw := range s.gateways {
		if c := gw.record.PolicyEngineConfiguration; c != nil && *c.Arn == *e.record.PolicyEngineArn {
			return nil, conflicting("Policy engine %s is used by gateway %s", *e.record.PolicyEngineId, *gw.record.GatewayId)
		}
	}
	if err := s.workOnPolicyEngine(e); err != nil {
		return nil, err
	}
	e.record.Status, e.record.UpdatedAt = types.PolicyEngineStatusDeleting, s.stamp(e.record.UpdatedAt)
	return aws.EncodeJSON(&e.record)
}

// workOnPolicyEngine starts the job that takes an engine out of its working state.
func (s *Server) workOnPolicyEngine(e *policyEngine) error {
	return s.later("policy engine", func() {
		if e.record.Status == types.PolicyEngineStatusDeleting {
			s.policyEngines = slices.DeleteFunc(s.policyEngines, func(other *policyEngine) bool { return other == e })
			s.forget(*e.record.PolicyEngineId)
			return
		}
		e.record.Status, e.record.UpdatedAt = types.PolicyEngineStatusActive, s.stamp(e.record.UpdatedAt)
	})
}

// policyEngine returns the engine with this id or ARN, nil when there is none.
func (s *Server) policyEngine(id string) *policyEngine {
	for _, e := range s.policyEngines {
		if *e.record.PolicyEngineId == id || *e.record.PolicyEngineArn == id {
			return e
		}
	}
	return nil
}

func (s *Server) findPolicyEngine(r *request) (*policyEngine, error) {
	if e := s.policyEngine(r.str("policyEngineId")); e != nil {
		return e, nil
	}
	return nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("Policy engine %s does not exist", r.str("policyEngineId"))}
}

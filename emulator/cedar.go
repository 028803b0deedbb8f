package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/cedar-policy/cedar-go"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/catalog"
)

// AWS's names in policies (developer guide, "Policy in Amazon Bedrock AgentCore").
const (
	actionType  = cedar.EntityType("AgentCore::Action")
	gatewayType = cedar.EntityType("AgentCore::Gateway")
	oauthType   = cedar.EntityType("AgentCore::OAuthUser")
	iamType     = cedar.EntityType("AgentCore::IamEntity")
)

type cedarPolicy = cedar.Policy

// parsePolicy reads one policy in Cedar.
func parsePolicy(text string) (*cedarPolicy, error) {
	list, err := cedar.NewPolicyListFromBytes("statement", []byte(text))
	if err != nil {
		return nil, fmt.Errorf("the statement is not Cedar: %w", err)
	}
	if len(list) != 1 {
		return nil, errors.New("the statement must be one policy")
	}
	return list[0], nil
}

// decider decides by the policies of an engine which tools a caller may see and call.
type decider struct {
	policies *cedar.PolicySet
	gateway  cedar.EntityUID
	caller   cedar.Entity
}

// enforced is the policy engine of a gateway that is in ENFORCE mode, nil where it has
// none: an engine with gateways cannot be deleted. The lock is held.
func (s *Server) enforced(gw *gateway) *policyEngine {
	c := gw.record.PolicyEngineConfiguration
	if c == nil || c.Mode != types.GatewayPolicyEngineModeEnforce {
		return nil
	}
	e := s.policyEngine(*c.Arn)
	if e == nil {
		return nil
	}
	now := *e
	now.policies = slices.Clone(e.policies)
	return &now
}

// refuseEngine refuses a policy engine that does not exist or is being deleted: nothing
// would be kept from the gateway's callers.
func (s *Server) refuseEngine(c *types.GatewayPolicyEngineConfiguration) error {
	if c == nil {
		return nil
	}
	e := s.policyEngine(*c.Arn)
	if e == nil {
		return refused("Policy engine %s does not exist", *c.Arn)
	}
	if e.record.Status == types.PolicyEngineStatusDeleting {
		return conflicting("Policy engine %s is in DELETING state", *e.record.PolicyEngineId)
	}
	return nil
}

// newDecider is for a caller of the gateway with this ARN; nil stands for one without
// a token.
func newDecider(e *policyEngine, gatewayARN string, caller *auth.Principal) *decider {
	d := &decider{policies: cedar.NewPolicySet(), gateway: cedar.NewEntityUID(gatewayType, cedar.String(gatewayARN))}
	for _, p := range e.policies {
		if p.cedar != nil {
			d.policies.Add(cedar.PolicyID(*p.record.PolicyId), p.cedar)
		}
	}
	d.caller.UID = cedar.NewEntityUID(iamType, "local")
	if caller != nil {
		d.caller.UID = cedar.NewEntityUID(oauthType, cedar.String(caller.Subject))
		d.caller.Tags = cedar.NewRecord(cedar.RecordMap{
			"sub": cedar.String(caller.Subject), "iss": cedar.String(caller.Issuer),
			"client_id": cedar.String(caller.ClientID), "scope": cedar.String(strings.Join(caller.Scopes, " ")),
		})
	}
	return d
}

// allows decides about a tool by its name at the gateway: nothing is allowed that no
// policy permits, and nothing that one forbids. arguments are those of a call, nil for
// a listing. A call is refused whose arguments no policy can judge, or that one which
// forbids fails to judge: Cedar would pass over that policy. A tool is listed where some
// call of it may be allowed (AWS, "Use gateway with policy"): a policy that permits and
// asks for arguments is no obstacle then.
func (d *decider) allows(tool string, arguments json.RawMessage) bool {
	action := cedar.NewEntityUID(actionType, cedar.String(tool))
	entities := cedar.EntityMap{d.caller.UID: d.caller, d.gateway: {UID: d.gateway}, action: {UID: action}}
	if target, _, ok := catalog.Split(tool); ok {
		all := cedar.NewEntityUID(actionType, cedar.String(target))
		entities[action] = cedar.Entity{UID: action, Parents: cedar.NewEntityUIDSet(all)}
		entities[all] = cedar.Entity{UID: all}
	}
	context := cedar.RecordMap{}
	if arguments != nil {
		input, err := cedarInput(arguments)
		if err != nil {
			return false
		}
		context["input"] = input
	}
	decision, diagnostic := cedar.Authorize(d.policies, entities, cedar.Request{
		Principal: d.caller.UID, Action: action, Resource: d.gateway, Context: cedar.NewRecord(context),
	})
	failed := func(effect cedar.Effect) bool {
		return slices.ContainsFunc(diagnostic.Errors, func(e cedar.DiagnosticError) bool { return d.policies.Get(e.PolicyID).Effect() == effect })
	}
	if arguments != nil {
		return decision == cedar.Allow && !failed(cedar.Forbid)
	}
	forbidden := decision == cedar.Deny && len(diagnostic.Reasons) > 0
	return !forbidden && (decision == cedar.Allow || failed(cedar.Permit))
}

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
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

// decider is that of a gateway's policy engine in ENFORCE mode, for a caller; nil where
// it has none that is stored here.
func (s *Server) decider(gatewayID string, caller *auth.Principal) *decider {
	s.mu.Lock()
	defer s.mu.Unlock()
	gw := s.gateway(gatewayID)
	if gw == nil || gw.record.PolicyEngineConfiguration == nil || gw.record.PolicyEngineConfiguration.Mode != types.GatewayPolicyEngineModeEnforce {
		return nil
	}
	e := s.policyEngine(*gw.record.PolicyEngineConfiguration.Arn)
	if e == nil {
		return nil
	}
	return newDecider(e, *gw.record.GatewayArn, caller)
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
// a listing.
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
		var input cedar.Record
		if json.Unmarshal(arguments, &input) == nil { // what Cedar has no value for is no input
			context["input"] = input
		}
	}
	decision, _ := cedar.Authorize(d.policies, entities, cedar.Request{
		Principal: d.caller.UID, Action: action, Resource: d.gateway, Context: cedar.NewRecord(context),
	})
	return decision == cedar.Allow
}

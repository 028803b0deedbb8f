package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// gateway is a gateway's record, as GetGateway answers it but for the URL, and
// its targets in order of creation.
type gateway struct {
	sequence int
	record   bedrockagentcorecontrol.GetGatewayOutput
	targets  []*target
	rules    []*gatewayRule
	hides    func(tool string) bool // see HideTools
	tags     tags
}

func (s *Server) createGateway(r *request) (json.RawMessage, error) {
	id, repeated, err := s.repeats(r, "CreateGateway")
	if err != nil {
		return nil, err
	}
	if repeated {
		return s.encodeGateway(r, s.gateway(id))
	}
	gw := &gateway{tags: givenTags(r)}
	if err := aws.DecodeJSON(r.body, &gw.record); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	name := *gw.record.Name
	if len(s.gateways) >= s.opts.GatewaysPerAccount {
		return nil, &apiError{code: serviceQuotaExceeded, message: fmt.Sprintf("You have reached the limit of %d gateways per account", s.opts.GatewaysPerAccount)}
	}
	if slices.ContainsFunc(s.gateways, func(g *gateway) bool { return *g.record.Name == name }) {
		return nil, conflicting("A gateway with name %s already exists", name)
	}
	if err := checkAuthorizer(&gw.record); err != nil {
		return nil, err
	}
	if err := s.refuseEngine(gw.record.PolicyEngineConfiguration); err != nil {
		return nil, err
	}
	if err := s.refuseNewRole(gw.record.RoleArn); err != nil {
		return nil, err
	}
	id = strings.ToLower(name) + "-" + s.random.id(lowerAlphanumeric)
	arn := s.arn("gateway/" + id)
	s.sequence++
	gw.sequence = s.sequence
	gw.record.GatewayId, gw.record.GatewayArn = &id, &arn
	gw.record.CreatedAt = s.stamp(nil)
	gw.record.UpdatedAt = gw.record.CreatedAt
	gw.record.Status = types.GatewayStatusCreating
	gw.record.WorkloadIdentityDetails = &types.WorkloadIdentityDetails{}
	if err := s.workOnGateway(gw); err != nil {
		return nil, err
	}
	s.gateways = append(s.gateways, gw)
	s.remember(r, "CreateGateway", id)
	return s.encodeGateway(r, gw)
}

// refuseNewRole refuses a role that has not come to all of AWS yet.
func (s *Server) refuseNewRole(arn *string) error {
	if s.opts.RolePropagation <= 0 || arn == nil {
		return nil
	}
	const most = 1000 // roles that are remembered
	if _, known := s.roles[*arn]; !known && len(s.roles) < most {
		s.roles[*arn] = s.opts.Now()
	}
	if first, known := s.roles[*arn]; known && s.opts.Now().Before(first.Add(s.opts.RolePropagation)) {
		return refused("Gateway service is not authorized to assume the role %s", *arn)
	}
	return nil
}

func (s *Server) getGateway(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	return s.encodeGateway(r, gw)
}

// updateGateway replaces: what the request leaves out is gone.
func (s *Server) updateGateway(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	var next bedrockagentcorecontrol.GetGatewayOutput
	if err := aws.DecodeJSON(r.body, &next); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	old := &gw.record
	if err := idle("Gateway", *gw.record.GatewayId, gw.record.Status); err != nil {
		return nil, err
	}
	if *next.Name != *old.Name {
		return nil, refused("The name of a gateway cannot be changed")
	}
	if next.AuthorizerType != old.AuthorizerType {
		return nil, refused("The authorizer type of a gateway cannot be changed")
	}
	if err := checkAuthorizer(&next); err != nil {
		return nil, err
	}
	if err := s.refuseEngine(next.PolicyEngineConfiguration); err != nil {
		return nil, err
	}
	next.GatewayId, next.GatewayArn, next.CreatedAt = old.GatewayId, old.GatewayArn, old.CreatedAt
	next.WorkloadIdentityDetails = old.WorkloadIdentityDetails
	next.UpdatedAt = s.stamp(old.UpdatedAt)
	next.Status = types.GatewayStatusUpdating
	if err := s.workOnGateway(gw); err != nil {
		return nil, err
	}
	gw.record = next
	return s.encodeGateway(r, gw)
}

func (s *Server) deleteGateway(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Gateway", *gw.record.GatewayId, gw.record.Status); err != nil {
		return nil, err
	}
	if n := len(gw.targets); n > 0 {
		return nil, conflicting("Gateway %s has %d targets associated with it. Delete all targets before deleting the gateway", *gw.record.GatewayId, n)
	}
	if err := s.workOnGateway(gw); err != nil {
		return nil, err
	}
	gw.record.Status = types.GatewayStatusDeleting
	gw.record.StatusReasons = nil
	gw.record.UpdatedAt = s.stamp(gw.record.UpdatedAt)
	return aws.EncodeJSON(&bedrockagentcorecontrol.DeleteGatewayOutput{GatewayId: gw.record.GatewayId, Status: gw.record.Status})
}

func (s *Server) listGateways(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "gateways", s.gateways, func(gw *gateway) int { return gw.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListGatewaysOutput{Items: []types.GatewaySummary{}, NextToken: next}
	for _, gw := range page {
		out.Items = append(out.Items, types.GatewaySummary{
			AuthorizerType: gw.record.AuthorizerType,
			CreatedAt:      gw.record.CreatedAt,
			Description:    gw.record.Description,
			GatewayId:      gw.record.GatewayId,
			Name:           gw.record.Name,
			ProtocolType:   gw.record.ProtocolType,
			Status:         gw.record.Status,
			UpdatedAt:      gw.record.UpdatedAt,
		})
	}
	return aws.EncodeJSON(out)
}

// workOnGateway starts the job that takes a gateway out of its working state.
func (s *Server) workOnGateway(gw *gateway) error {
	return s.later("gateway", func() {
		if gw.record.Status == types.GatewayStatusDeleting {
			s.gateways = slices.DeleteFunc(s.gateways, func(g *gateway) bool { return g == gw })
			s.forget(*gw.record.GatewayId)
			for _, rule := range gw.rules {
				s.forget(*rule.record.RuleId)
			}
			s.disown(*gw.record.GatewayId)
			return
		}
		gw.record.Status = types.GatewayStatusReady
		gw.record.UpdatedAt = s.stamp(gw.record.UpdatedAt)
		gw.record.WorkloadIdentityDetails = s.own(*gw.record.GatewayId)
	})
}

// idle refuses work on a resource that is being worked on.
func idle[S ~string](what, id string, status S) error {
	switch status {
	case "CREATING", "UPDATING", "SYNCHRONIZING", "DELETING":
		return conflicting("%s %s is in %s state. Wait for the operation to complete", what, id, status)
	}
	return nil
}

func checkAuthorizer(record *bedrockagentcorecontrol.GetGatewayOutput) error {
	if record.AuthorizerType == types.AuthorizerTypeCustomJwt && record.AuthorizerConfiguration == nil {
		return refused("AuthorizerConfiguration is required when the authorizer type is CUSTOM_JWT")
	}
	return nil
}

// gateway returns the gateway with this id, nil when there is none.
func (s *Server) gateway(id string) *gateway {
	for _, gw := range s.gateways {
		if *gw.record.GatewayId == id {
			return gw
		}
	}
	return nil
}

func (s *Server) findGateway(r *request) (*gateway, error) {
	id := r.str("gatewayIdentifier")
	if gw := s.gateway(id); gw != nil {
		return gw, nil
	}
	return nil, &apiError{code: resourceNotFound, message: "Failed to retrieve gateway because it doesn't exist. Retry the request with a different resource identifier."}
}

// encodeGateway adds the URL under the name by which the client reached us.
func (s *Server) encodeGateway(r *request, gw *gateway) (json.RawMessage, error) {
	record := gw.record
	address := r.origin + gatewayPath + *record.GatewayId
	if record.ProtocolType == types.GatewayProtocolTypeMcp {
		address += mcpSuffix
	}
	record.GatewayUrl = &address
	return encode(&record)
}

package emulator

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// workloadIdentity is a workload identity's record, as GetWorkloadIdentity
// answers it. Gateways and runtimes have one of their own.
type workloadIdentity struct {
	sequence int
	record   bedrockagentcorecontrol.GetWorkloadIdentityOutput
	tags     tags
	owned    bool // by a gateway or a runtime, with which it goes
}

func (s *Server) createWorkloadIdentity(r *request) (json.RawMessage, error) {
	name := r.str("name")
	// A gateway gets the identity of its id when it has been created.
	if s.workloadIdentity(name) != nil || s.gateway(name) != nil {
		return nil, conflicting("WorkloadIdentity with name: %s already exists", name)
	}
	identity := s.addWorkloadIdentity(name)
	identity.tags = givenTags(r)
	if err := aws.DecodeJSON(r.body, &identity.record); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	return aws.EncodeJSON(&bedrockagentcorecontrol.CreateWorkloadIdentityOutput{
		Name: &name, WorkloadIdentityArn: identity.record.WorkloadIdentityArn,
		AllowedResourceOauth2ReturnUrls: identity.record.AllowedResourceOauth2ReturnUrls,
	})
}

// addWorkloadIdentity makes a record, unless there is one of this name. The
// caller holds s.mu.
func (s *Server) addWorkloadIdentity(name string) *workloadIdentity {
	if identity := s.workloadIdentity(name); identity != nil {
		return identity
	}
	arn := s.arn("workload-identity-directory/default/workload-identity/" + name)
	s.sequence++
	identity := &workloadIdentity{sequence: s.sequence}
	identity.record.Name, identity.record.WorkloadIdentityArn = &name, &arn
	identity.record.CreatedTime = s.stamp(nil)
	identity.record.LastUpdatedTime = identity.record.CreatedTime
	s.workloadIdentities = append(s.workloadIdentities, identity)
	return identity
}

// own makes the identity of a gateway or a runtime. The caller holds s.mu.
func (s *Server) own(name string) *types.WorkloadIdentityDetails {
	identity := s.addWorkloadIdentity(name)
	identity.owned = true
	return &types.WorkloadIdentityDetails{WorkloadIdentityArn: identity.record.WorkloadIdentityArn}
}

// disown removes the identity of a gateway or a runtime. The caller holds s.mu.
func (s *Server) disown(name string) {
	s.workloadIdentities = slices.DeleteFunc(s.workloadIdentities, func(i *workloadIdentity) bool { return i.owned && *i.record.Name == name })
}

func (s *Server) getWorkloadIdentity(r *request) (json.RawMessage, error) {
	identity, err := s.findWorkloadIdentity(r.str("name"))
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&identity.record)
}

// updateWorkloadIdentity replaces: without return URLs there are none.
func (s *Server) updateWorkloadIdentity(r *request) (json.RawMessage, error) {
	identity, err := s.findWorkloadIdentity(r.str("name"))
	if err != nil {
		return nil, err
	}
	var next bedrockagentcorecontrol.GetWorkloadIdentityOutput
	if err := aws.DecodeJSON(r.body, &next); err != nil {
		return nil, cannotParse("the body could not be decoded")
	}
	identity.record.AllowedResourceOauth2ReturnUrls = next.AllowedResourceOauth2ReturnUrls
	identity.record.LastUpdatedTime = s.stamp(identity.record.LastUpdatedTime)
	return aws.EncodeJSON(&identity.record) // Update and Get answer the same members
}

func (s *Server) deleteWorkloadIdentity(r *request) (json.RawMessage, error) {
	identity, err := s.findWorkloadIdentity(r.str("name"))
	if err != nil {
		return nil, err
	}
	if identity.owned {
		return nil, refused("WorkloadIdentity %s is managed by a gateway or an agent runtime and goes with it", *identity.record.Name)
	}
	s.workloadIdentities = slices.DeleteFunc(s.workloadIdentities, func(other *workloadIdentity) bool { return other == identity })
	// Its tokens go with it: they must not be those of a later one of its name.
	maps.DeleteFunc(s.workloadTokens, func(_ string, token workloadToken) bool { return token.workload == *identity.record.Name })
	return nil, nil
}

func (s *Server) listWorkloadIdentities(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "workload identities", s.workloadIdentities, func(i *workloadIdentity) int { return i.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListWorkloadIdentitiesOutput{WorkloadIdentities: []types.WorkloadIdentityType{}, NextToken: next}
	for _, identity := range page {
		out.WorkloadIdentities = append(out.WorkloadIdentities, types.WorkloadIdentityType{
			Name: identity.record.Name, WorkloadIdentityArn: identity.record.WorkloadIdentityArn,
		})
	}
	return aws.EncodeJSON(out)
}

// workloadIdentity returns the identity with this name, nil when there is none.
func (s *Server) workloadIdentity(name string) *workloadIdentity {
	for _, identity := range s.workloadIdentities {
		if *identity.record.Name == name {
			return identity
		}
	}
	return nil
}

func (s *Server) findWorkloadIdentity(name string) (*workloadIdentity, error) {
	if identity := s.workloadIdentity(name); identity != nil {
		return identity, nil
	}
	return nil, &apiError{code: resourceNotFound, message: "WorkloadIdentity with name: " + name + " not found"}
}

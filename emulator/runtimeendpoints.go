package emulator

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// runtimeEndpoint is an endpoint's record, as GetAgentRuntimeEndpoint answers it.
type runtimeEndpoint struct {
	sequence int
	record   bedrockagentcorecontrol.GetAgentRuntimeEndpointOutput
	tags     tags
}

func (s *Server) createRuntimeEndpoint(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	name := r.str("name")
	scope := "CreateAgentRuntimeEndpoint " + *a.latest().AgentRuntimeId
	_, repeated, err := s.repeats(r, scope)
	if err != nil {
		return nil, err
	}
	if e := a.endpoint(name); repeated && e != nil {
		return createdEndpoint(a, e)
	}
	if a.endpoint(name) != nil {
		return nil, conflicting("An endpoint with name %s already exists for agent runtime %s", name, *a.latest().AgentRuntimeId)
	}
	if err := idle("Agent runtime", *a.latest().AgentRuntimeId, a.latest().Status); err != nil {
		return nil, err
	}
	version, err := a.chosen(r)
	if err != nil {
		return nil, err
	}
	e := s.addEndpoint(a, name, version, r.optional("description"))
	e.tags = givenTags(r)
	if err := s.workOnEndpoint(a, e); err != nil {
		a.removeEndpoint(e)
		return nil, err
	}
	s.remember(r, scope, *e.record.AgentRuntimeEndpointArn)
	return createdEndpoint(a, e)
}

func createdEndpoint(a *agentRuntime, e *runtimeEndpoint) (json.RawMessage, error) {
	return aws.EncodeJSON(&bedrockagentcorecontrol.CreateAgentRuntimeEndpointOutput{
		AgentRuntimeArn: e.record.AgentRuntimeArn, AgentRuntimeId: a.latest().AgentRuntimeId,
		AgentRuntimeEndpointArn: e.record.AgentRuntimeEndpointArn, EndpointName: e.record.Name,
		CreatedAt: e.record.CreatedAt, Status: e.record.Status, TargetVersion: e.record.TargetVersion,
	})
}

// addEndpoint makes an endpoint in the state CREATING. The caller holds s.mu.
func (s *Server) addEndpoint(a *agentRuntime, name, version string, description *string) *runtimeEndpoint {
	arn := *a.latest().AgentRuntimeArn + "/runtime-endpoint/" + name
	id := name + "-" + s.random.id(mixedAlphanumeric)
	s.sequence++
	e := &runtimeEndpoint{sequence: s.sequence}
	e.record = bedrockagentcorecontrol.GetAgentRuntimeEndpointOutput{
		AgentRuntimeArn: a.latest().AgentRuntimeArn, AgentRuntimeEndpointArn: &arn,
		Name: &name, Id: &id, Description: description, TargetVersion: &version,
		CreatedAt: s.stamp(nil), Status: types.AgentRuntimeEndpointStatusCreating,
	}
	e.record.LastUpdatedAt = e.record.CreatedAt
	a.endpoints = append(a.endpoints, e)
	return e
}

// chosen is the version that a request names, or the latest.
func (a *agentRuntime) chosen(r *request) (string, error) {
	version := r.str("agentRuntimeVersion")
	if version == "" {
		return *a.latest().AgentRuntimeVersion, nil
	}
	_, err := a.version(version)
	return version, err
}

func (s *Server) getRuntimeEndpoint(r *request) (json.RawMessage, error) {
	_, e, err := s.findRuntimeEndpoint(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&e.record)
}

// updateRuntimeEndpoint moves an endpoint to a version, the latest when none is
// named. DEFAULT always serves the latest.
func (s *Server) updateRuntimeEndpoint(r *request) (json.RawMessage, error) {
	a, e, err := s.findRuntimeEndpoint(r)
	if err != nil {
		return nil, err
	}
	if err := idleEndpoint(e, "updated"); err != nil {
		return nil, err
	}
	if err := idle("Agent runtime", *a.latest().AgentRuntimeId, a.latest().Status); err != nil {
		return nil, err
	}
	version, err := a.chosen(r)
	if err != nil {
		return nil, err
	}
	if err := s.workOnEndpoint(a, e); err != nil {
		return nil, err
	}
	e.record.TargetVersion, e.record.Description = &version, r.optional("description")
	e.record.Status = types.AgentRuntimeEndpointStatusUpdating
	e.record.LastUpdatedAt = s.stamp(e.record.LastUpdatedAt)
	return aws.EncodeJSON(&bedrockagentcorecontrol.UpdateAgentRuntimeEndpointOutput{
		AgentRuntimeArn: e.record.AgentRuntimeArn, AgentRuntimeEndpointArn: e.record.AgentRuntimeEndpointArn,
		CreatedAt: e.record.CreatedAt, LastUpdatedAt: e.record.LastUpdatedAt, Status: e.record.Status,
		LiveVersion: e.record.LiveVersion, TargetVersion: e.record.TargetVersion,
	})
}

func (s *Server) deleteRuntimeEndpoint(r *request) (json.RawMessage, error) {
	a, e, err := s.findRuntimeEndpoint(r)
	if err != nil {
		return nil, err
	}
	if err := idleEndpoint(e, "deleted"); err != nil {
		return nil, err
	}
	if err := s.workOnEndpoint(a, e); err != nil {
		return nil, err
	}
	e.record.Status = types.AgentRuntimeEndpointStatusDeleting
	e.record.LastUpdatedAt = s.stamp(e.record.LastUpdatedAt)
	return aws.EncodeJSON(&bedrockagentcorecontrol.DeleteAgentRuntimeEndpointOutput{
		AgentRuntimeId: a.latest().AgentRuntimeId, EndpointName: e.record.Name, Status: e.record.Status,
	})
}

func (s *Server) listRuntimeEndpoints(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(r, "endpoints "+*a.latest().AgentRuntimeId, a.endpoints, func(e *runtimeEndpoint) int { return e.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListAgentRuntimeEndpointsOutput{RuntimeEndpoints: []types.AgentRuntimeEndpoint{}, NextToken: next}
	for _, e := range page {
		out.RuntimeEndpoints = append(out.RuntimeEndpoints, types.AgentRuntimeEndpoint{
			AgentRuntimeArn: e.record.AgentRuntimeArn, AgentRuntimeEndpointArn: e.record.AgentRuntimeEndpointArn,
			CreatedAt: e.record.CreatedAt, LastUpdatedAt: e.record.LastUpdatedAt, Description: e.record.Description,
			Id: e.record.Id, Name: e.record.Name, Status: e.record.Status,
			LiveVersion: e.record.LiveVersion, TargetVersion: e.record.TargetVersion,
		})
	}
	return aws.EncodeJSON(out)
}

// workOnEndpoint starts the job that takes an endpoint out of its working state.
func (s *Server) workOnEndpoint(a *agentRuntime, e *runtimeEndpoint) error {
	return s.later("runtime endpoint", func() {
		if e.record.Status == types.AgentRuntimeEndpointStatusDeleting {
			a.removeEndpoint(e)
			s.forget(*e.record.AgentRuntimeEndpointArn)
			return
		}
		s.deploy(e, *e.record.TargetVersion)
	})
}

// deploy makes a version the one that an endpoint serves. The caller holds s.mu.
func (s *Server) deploy(e *runtimeEndpoint, version string) {
	e.record.LiveVersion, e.record.TargetVersion = &version, &version
	e.record.Status = types.AgentRuntimeEndpointStatusReady
	e.record.LastUpdatedAt = s.stamp(e.record.LastUpdatedAt)
}

// idleEndpoint refuses work on DEFAULT and on an endpoint that is being worked on.
func idleEndpoint(e *runtimeEndpoint, verb string) error {
	if *e.record.Name == defaultEndpoint {
		return refused("The %s endpoint cannot be %s: it follows the latest version of its agent runtime", defaultEndpoint, verb)
	}
	return idle("Endpoint", *e.record.Name, e.record.Status)
}

func (a *agentRuntime) endpoint(name string) *runtimeEndpoint {
	for _, e := range a.endpoints {
		if *e.record.Name == name {
			return e
		}
	}
	return nil
}

func (a *agentRuntime) removeEndpoint(e *runtimeEndpoint) {
	a.endpoints = slices.DeleteFunc(a.endpoints, func(other *runtimeEndpoint) bool { return other == e })
}

func (s *Server) findRuntimeEndpoint(r *request) (*agentRuntime, *runtimeEndpoint, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, nil, err
	}
	name := r.str("endpointName")
	if e := a.endpoint(name); e != nil {
		return a, e, nil
	}
	return nil, nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("Agent runtime %s has no endpoint %s", *a.latest().AgentRuntimeId, name)}
}

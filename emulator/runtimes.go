package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

const defaultEndpoint = "DEFAULT"

// agentRuntime is an agent runtime: its versions' records, as GetAgentRuntime
// answers them, its endpoints, and the process that serves it.
type agentRuntime struct {
	sequence  int
	versions  []*runtimeVersion // never empty, the newest last
	endpoints []*runtimeEndpoint
	address   string // URL of the registered process; "" until there is one
	tags      tags
}

type runtimeVersion struct {
	sequence int
	record   bedrockagentcorecontrol.GetAgentRuntimeOutput
	address  string    // URL of its own process, "" for the runtime's
	asked    time.Time // first
}

// latest is the newest version's record, which has the runtime's status.
func (a *agentRuntime) latest() *bedrockagentcorecontrol.GetAgentRuntimeOutput {
	return &a.versions[len(a.versions)-1].record
}

func (s *Server) createRuntime(r *request) (json.RawMessage, error) {
	id, repeated, err := s.repeats(r, "CreateAgentRuntime")
	if err != nil {
		return nil, err
	}
	if repeated {
		if a := s.runtime(id); a != nil {
			return createdRuntime(a.latest())
		}
	}
	name := r.str("agentRuntimeName")
	if slices.ContainsFunc(s.runtimes, func(a *agentRuntime) bool { return *a.latest().AgentRuntimeName == name }) {
		return nil, conflicting("An agent with the specified name already exists in your account: %s", name)
	}
	var record bedrockagentcorecontrol.GetAgentRuntimeOutput
	if err := decodeRuntime(r, &record); err != nil {
		return nil, err
	}
	id = name + "-" + s.random.id(mixedAlphanumeric)
	arn := s.arn("runtime/" + id)
	record.AgentRuntimeId, record.AgentRuntimeArn = &id, &arn
	record.CreatedAt = s.stamp(nil)
	record.LastUpdatedAt = record.CreatedAt
	record.Status = types.AgentRuntimeStatusCreating
	address, err := containerProcess(&record)
	if err != nil {
		return nil, err
	}
	a := &agentRuntime{address: s.opts.Processes[name], tags: givenTags(r)}
	s.addVersion(a, record, address)
	a.sequence = s.sequence
	if err := s.workOnRuntime(a); err != nil {
		return nil, err
	}
	a.latest().WorkloadIdentityDetails = s.own(id)
	s.addEndpoint(a, defaultEndpoint, *a.latest().AgentRuntimeVersion, nil)
	s.runtimes = append(s.runtimes, a)
	s.remember(r, "CreateAgentRuntime", id)
	return createdRuntime(a.latest())
}

func createdRuntime(record *bedrockagentcorecontrol.GetAgentRuntimeOutput) (json.RawMessage, error) {
	return aws.EncodeJSON(&bedrockagentcorecontrol.CreateAgentRuntimeOutput{
		AgentRuntimeArn: record.AgentRuntimeArn, AgentRuntimeId: record.AgentRuntimeId,
		AgentRuntimeVersion: record.AgentRuntimeVersion, CreatedAt: record.CreatedAt,
		Status: record.Status, WorkloadIdentityDetails: record.WorkloadIdentityDetails,
	})
}

// addVersion appends a version with the next number. The caller holds s.mu.
func (s *Server) addVersion(a *agentRuntime, record bedrockagentcorecontrol.GetAgentRuntimeOutput, address string) {
	number := 1
	if len(a.versions) > 0 {
		last, err := strconv.Atoi(*a.latest().AgentRuntimeVersion)
		if err == nil { // always: we wrote it
			number = last + 1
		}
	}
	version := strconv.Itoa(number)
	record.AgentRuntimeVersion = &version
	s.sequence++
	a.versions = append(a.versions, &runtimeVersion{sequence: s.sequence, record: record, address: address})
}

// decodeRuntime fills a record from a Create or Update request, with the
// defaults that AWS answers.
func decodeRuntime(r *request, record *bedrockagentcorecontrol.GetAgentRuntimeOutput) error {
	if err := aws.DecodeJSON(r.body, record); err != nil {
		return cannotParse("the body could not be decoded")
	}
	if record.NetworkConfiguration == nil {
		record.NetworkConfiguration = &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic}
	}
	if record.ProtocolConfiguration == nil {
		record.ProtocolConfiguration = &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolHttp}
	}
	idle, life := int32(900), int32(28800)
	if record.LifecycleConfiguration == nil {
		record.LifecycleConfiguration = &types.LifecycleConfiguration{}
	}
	if record.LifecycleConfiguration.IdleRuntimeSessionTimeout == nil {
		record.LifecycleConfiguration.IdleRuntimeSessionTimeout = &idle
	}
	if record.LifecycleConfiguration.MaxLifetime == nil {
		record.LifecycleConfiguration.MaxLifetime = &life
	}
	return nil
}

func (s *Server) getRuntime(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	record := a.latest()
	if version := r.str("agentRuntimeVersion"); version != "" {
		if record, err = a.version(version); err != nil {
			return nil, err
		}
	}
	return aws.EncodeJSON(record)
}

// updateRuntime makes a new version under the same ARN, of what the request
// says and nothing else.
func (s *Server) updateRuntime(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	scope := "UpdateAgentRuntime " + *a.latest().AgentRuntimeId
	id, repeated, err := s.repeats(r, scope)
	if err != nil {
		return nil, err
	}
	if made, err := a.version(part(id, " ", 1)); repeated && err == nil {
		return updatedRuntime(made)
	}
	if err := idle("Agent runtime", *a.latest().AgentRuntimeId, a.latest().Status); err != nil {
		return nil, err
	}
	old := a.latest()
	var next bedrockagentcorecontrol.GetAgentRuntimeOutput
	if err := decodeRuntime(r, &next); err != nil {
		return nil, err
	}
	next.AgentRuntimeId, next.AgentRuntimeArn, next.AgentRuntimeName = old.AgentRuntimeId, old.AgentRuntimeArn, old.AgentRuntimeName
	next.WorkloadIdentityDetails, next.CreatedAt = old.WorkloadIdentityDetails, old.CreatedAt
	next.LastUpdatedAt = s.stamp(old.LastUpdatedAt)
	next.Status = types.AgentRuntimeStatusUpdating
	address, err := containerProcess(&next)
	if err != nil {
		return nil, err
	}
	if err := s.workOnRuntime(a); err != nil {
		return nil, err
	}
	s.addVersion(a, next, address)
	s.remember(r, scope, *next.AgentRuntimeId+" "+*a.latest().AgentRuntimeVersion)
	return updatedRuntime(a.latest())
}

func updatedRuntime(record *bedrockagentcorecontrol.GetAgentRuntimeOutput) (json.RawMessage, error) {
	return aws.EncodeJSON(&bedrockagentcorecontrol.UpdateAgentRuntimeOutput{
		AgentRuntimeArn: record.AgentRuntimeArn, AgentRuntimeId: record.AgentRuntimeId,
		AgentRuntimeVersion: record.AgentRuntimeVersion, CreatedAt: record.CreatedAt,
		LastUpdatedAt: record.LastUpdatedAt, Status: record.Status,
		WorkloadIdentityDetails: record.WorkloadIdentityDetails,
	})
}

// deleteRuntime deletes a runtime with its versions and endpoints, or one
// version that no endpoint serves.
func (s *Server) deleteRuntime(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	if err := idle("Agent runtime", *a.latest().AgentRuntimeId, a.latest().Status); err != nil {
		return nil, err
	}
	if version := r.str("agentRuntimeVersion"); version != "" {
		return s.deleteVersion(a, version)
	}
	if err := s.workOnRuntime(a); err != nil {
		return nil, err
	}
	a.latest().Status = types.AgentRuntimeStatusDeleting
	a.latest().LastUpdatedAt = s.stamp(a.latest().LastUpdatedAt)
	return aws.EncodeJSON(&bedrockagentcorecontrol.DeleteAgentRuntimeOutput{
		AgentRuntimeId: a.latest().AgentRuntimeId, Status: a.latest().Status,
	})
}

func (s *Server) deleteVersion(a *agentRuntime, version string) (json.RawMessage, error) {
	record, err := a.version(version)
	if err != nil {
		return nil, err
	}
	for _, e := range a.endpoints {
		if *e.record.TargetVersion == version || e.record.LiveVersion != nil && *e.record.LiveVersion == version {
			return nil, conflicting("Version %s is used by endpoint %s", version, *e.record.Name)
		}
	}
	a.versions = slices.DeleteFunc(a.versions, func(v *runtimeVersion) bool { return &v.record == record })
	s.forget(*record.AgentRuntimeId + " " + version)
	return aws.EncodeJSON(&bedrockagentcorecontrol.DeleteAgentRuntimeOutput{
		AgentRuntimeId: record.AgentRuntimeId, AgentRuntimeVersion: &version, Status: types.AgentRuntimeStatusDeleting,
	})
}

func (s *Server) listRuntimes(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "runtimes", s.runtimes, func(a *agentRuntime) int { return a.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListAgentRuntimesOutput{AgentRuntimes: []types.AgentRuntime{}, NextToken: next}
	for _, a := range page {
		out.AgentRuntimes = append(out.AgentRuntimes, runtimeSummary(a.latest()))
	}
	return aws.EncodeJSON(out)
}

func (s *Server) listRuntimeVersions(r *request) (json.RawMessage, error) {
	a, err := s.findRuntime(r)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(r, "versions "+*a.latest().AgentRuntimeId, a.versions, func(v *runtimeVersion) int { return v.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListAgentRuntimeVersionsOutput{AgentRuntimes: []types.AgentRuntime{}, NextToken: next}
	for _, v := range page {
		out.AgentRuntimes = append(out.AgentRuntimes, runtimeSummary(&v.record))
	}
	return aws.EncodeJSON(out)
}

func runtimeSummary(record *bedrockagentcorecontrol.GetAgentRuntimeOutput) types.AgentRuntime {
	return types.AgentRuntime{
		AgentRuntimeArn: record.AgentRuntimeArn, AgentRuntimeId: record.AgentRuntimeId,
		AgentRuntimeName: record.AgentRuntimeName, AgentRuntimeVersion: record.AgentRuntimeVersion,
		Description: present(record.Description), LastUpdatedAt: record.LastUpdatedAt, Status: record.Status,
	}
}

// present is a member that the model wants in an answer, also where nobody gave it.
func present(text *string) *string {
	if text == nil {
		return new(string)
	}
	return text
}

// workOnRuntime starts the job that takes a runtime out of its working state.
func (s *Server) workOnRuntime(a *agentRuntime) error {
	return s.later("runtime", func() {
		record := a.latest()
		if record.Status == types.AgentRuntimeStatusDeleting {
			s.runtimes = slices.DeleteFunc(s.runtimes, func(other *agentRuntime) bool { return other == a })
			s.forget(*record.AgentRuntimeId)
			for _, v := range a.versions {
				s.forget(*record.AgentRuntimeId + " " + *v.record.AgentRuntimeVersion)
			}
			for _, e := range a.endpoints {
				s.forget(*e.record.AgentRuntimeEndpointArn)
			}
			s.disown(*record.AgentRuntimeId)
			return
		}
		record.Status = types.AgentRuntimeStatusReady
		record.LastUpdatedAt = s.stamp(record.LastUpdatedAt)
		s.deploy(a.endpoint(defaultEndpoint), *record.AgentRuntimeVersion)
	})
}

// runtime returns the runtime with this id or ARN, nil when there is none. The
// caller holds s.mu.
func (s *Server) runtime(id string) *agentRuntime {
	for _, a := range s.runtimes {
		if *a.latest().AgentRuntimeId == id || *a.latest().AgentRuntimeArn == id {
			return a
		}
	}
	return nil
}

func (s *Server) findRuntime(r *request) (*agentRuntime, error) {
	id := r.str("agentRuntimeId")
	if a := s.runtime(id); a != nil {
		return a, nil
	}
	return nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("No agent runtime was found with id %s", id)}
}

func (a *agentRuntime) version(number string) (*bedrockagentcorecontrol.GetAgentRuntimeOutput, error) {
	for _, v := range a.versions {
		if *v.record.AgentRuntimeVersion == number {
			return &v.record, nil
		}
	}
	return nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("Agent runtime %s has no version %s", *a.latest().AgentRuntimeId, number)}
}

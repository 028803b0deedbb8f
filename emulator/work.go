package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// workOnTarget starts the job that takes a target out of the working state
// that the caller puts it into, at the wish of r, or in continuation of an
// earlier one when r is nil. The caller holds s.mu. The job is told the state: by
// the time it runs, SetTarget may have put another into the record.
func (s *Server) workOnTarget(r *request, gw *gateway, t *target, status types.TargetStatus) error {
	busy := 0
	for _, other := range gw.targets {
		if other.working {
			busy++
		}
	}
	if limit := s.opts.Quotas.Concurrent; limit > 0 && busy >= limit {
		return &apiError{code: serviceQuotaExceeded, message: fmt.Sprintf("You have reached the limit of %d concurrent target operations per gateway", limit)}
	}
	job := t.job + 1
	err := s.start("target", func(ctx context.Context) { s.finishTarget(ctx, gw, t, status, job) })
	if err != nil {
		return err
	}
	t.job, t.working = job, true
	if r != nil {
		t.origin, t.listener = r.origin, r.listener
	}
	return nil
}

// finishTarget is the job behind Create, Update, Delete and Synchronize.
func (s *Server) finishTarget(ctx context.Context, gw *gateway, t *target, status types.TargetStatus, job int) {
	ended := s.linger(ctx) && s.await(ctx, status)
	id, plan := s.planned(t) // SetTarget may have changed it meanwhile
	deleting := status == types.TargetStatusDeleting
	if ended && !deleting && s.wantsConsent(gw, t, job, plan) {
		return // until completeResourceTokenAuth
	}
	var next *served
	var why failure
	if ended && !deleting {
		next, why = s.read(ctx, id, plan)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if t.job != job {
		return // SetTarget has put the record into another state
	}
	t.working = false
	if !ended || ctx.Err() != nil {
		return // closed: the record stays as it is
	}
	if deleting {
		gw.targets = slices.DeleteFunc(gw.targets, func(other *target) bool { return other == t })
		s.forget(id)
		return
	}
	read := s.stamp(t.record.UpdatedAt)
	t.record.UpdatedAt = s.stamp(read)
	if why.reason != "" {
		t.record.Status = failed(status)
		if why.credentials {
			t.record.Status = types.TargetStatusFailed
		}
		t.record.StatusReasons = []string{why.reason}
		s.opts.Log.Warn("target failed", "target", *t.record.Name, "status", string(t.record.Status), "reason", why.reason)
		return
	}
	t.record.Status = types.TargetStatusReady
	t.record.StatusReasons = nil
	t.served = next
	if plan.synchronizes() {
		t.record.LastSynchronizedAt = read // a little before, as AWS has it
	}
}

// wantsConsent puts a target whose work needs a person's consent first into a
// pending authorization state.
func (s *Server) wantsConsent(gw *gateway, t *target, job int, p plan) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opts.CheckCredentials || !p.synchronizes() || !p.asksUser() || t.job != job || t.consented == job {
		return false
	}
	s.pend(gw, t, job)
	return true
}

// failure is why a catalogue could not be had; its zero value is none.
type failure struct {
	reason      string
	credentials bool // outbound: the target is FAILED, whatever it was about to do
}

// planned reads from a target's record what its job needs.
func (s *Server) planned(t *target) (id string, p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p = newPlan(&t.record)
	p.listener = t.listener
	return *t.record.TargetId, p
}

// failed is the state in which failed work leaves a target.
func failed(working types.TargetStatus) types.TargetStatus {
	switch working {
	case types.TargetStatusUpdating:
		return types.TargetStatusUpdateUnsuccessful
	case types.TargetStatusSynchronizing:
		return types.TargetStatusSynchronizeUnsuccessful
	}
	return types.TargetStatusFailed
}

// plan is what of a target's configuration decides about its catalogue.
type plan struct {
	name   string
	server *types.McpServerTargetConfiguration // nil for targets that are no MCP servers

	credentials *types.CredentialProviderConfiguration // nil for none

	listener string // scheme and address at which we listen
}

func newPlan(record *bedrockagentcorecontrol.GetGatewayTargetOutput) plan {
	p := plan{name: *record.Name}
	if server := mcpServer(record); server != nil {
		snapshot := *server
		p.server = &snapshot
	}
	if len(record.CredentialProviderConfigurations) > 0 {
		snapshot := record.CredentialProviderConfigurations[0]
		p.credentials = &snapshot
	}
	return p
}

// asksUser tells whether a person has to consent before the target can sign in.
func (p plan) asksUser() bool {
	if p.credentials == nil {
		return false
	}
	oauth, ok := p.credentials.CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider)
	return ok && oauth.Value.GrantType == types.OAuthGrantTypeAuthorizationCode
}

// synchronizes tells whether the catalogue is read from the MCP server.
func (p plan) synchronizes() bool {
	return p.server != nil && p.server.McpToolSchema == nil && p.server.ListingMode != types.ListingModeDynamic
}

// read makes the catalogue for a target, or says in AWS's words why it cannot.
func (s *Server) read(ctx context.Context, id string, p plan) (*served, failure) {
	if p.server == nil {
		return nil, failure{} // kept as a record only
	}
	transport, reason := s.upstream(ctx, p.credentials, p.synchronizes())
	if reason != "" {
		return nil, failure{reason, true}
	}
	next := &served{name: p.name, endpoint: s.reach(*p.server.Endpoint, p.listener), transport: transport, priority: defaultPriority}
	if p.server.ResourcePriority != nil {
		next.priority = *p.server.ResourcePriority
	}
	switch schema := p.server.McpToolSchema.(type) {
	case nil:
		if p.server.ListingMode == types.ListingModeDynamic {
			next.dynamic = true
			return next, failure{}
		}
		list, err := s.readLists(ctx, next)
		if err != nil {
			return nil, failure{reason: statusReason(err, s.opts.ToolsPerTarget)}
		}
		if len(list.Tools) == 0 {
			return nil, failure{reason: fmt.Sprintf("MCP server with targetId %s has no tools", id)}
		}
		if len(list.Dropped) > 0 {
			s.opts.Log.Warn("tools dropped", "target", p.name, "tools", list.Dropped)
		}
		if list.Unlisted != "" {
			s.opts.Log.Warn("prompts or resources not read", "target", p.name, "cause", list.Unlisted)
		}
		if reason := s.refuseTools(p.name, list.Tools); reason != "" {
			return nil, failure{reason: fetchFailed + reason}
		}
		next.lists = list.List
	case *types.McpToolSchemaConfigurationMemberInlinePayload:
		if len(schema.Value) > maxInlineSchema {
			return nil, failure{reason: staticFailed + fmt.Sprintf("It is larger than %d bytes", maxInlineSchema)}
		}
		tools, err := staticTools(schema.Value)
		if err != nil {
			return nil, failure{reason: staticFailed + err.Error()}
		}
		if len(tools) > s.opts.ToolsPerTarget {
			return nil, failure{reason: tooManyTools(s.opts.ToolsPerTarget)}
		}
		if reason := s.refuseTools(p.name, tools); reason != "" {
			return nil, failure{reason: staticFailed + reason}
		}
		next.lists.Tools = tools
	default:
		return nil, failure{reason: "Failed to read the static tool schema. Error - the local AgentCore reads inline payloads only"}
	}
	return next, failure{}
}

// readLists lists what a target's MCP server offers.
func (s *Server) readLists(ctx context.Context, target *served) (remote.List, error) {
	reader := s.reader
	reader.Timeout = time.Duration(s.syncTimeout.Load())
	reader.Transport = target.transport
	return reader.Read(ctx, target.endpoint)
}

// staticTools reads an inline mcpToolSchema: {"tools":[…]}, the answer to
// tools/list, or a bare list of definitions. AWS does not publish the format.
func staticTools(payload string) ([]catalog.Tool, error) {
	var definitions []json.RawMessage
	if err := json.Unmarshal([]byte(payload), &definitions); err != nil {
		var answer struct {
			Tools []json.RawMessage `json:"tools"`
		}
		if err := json.Unmarshal([]byte(payload), &answer); err != nil || answer.Tools == nil {
			return nil, fmt.Errorf("the payload is neither a list of tools nor an object with tools")
		}
		definitions = answer.Tools
	}
	tools := make([]catalog.Tool, len(definitions))
	for i, definition := range definitions {
		var tool struct{ Name, Description string }
		if err := json.Unmarshal(definition, &tool); err != nil || tool.Name == "" {
			return nil, fmt.Errorf("tool %d has no name", i+1)
		}
		tools[i] = catalog.Tool{Name: tool.Name, Description: tool.Description, Definition: definition}
	}
	return tools, nil
}

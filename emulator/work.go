package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/catalog"
)

// workOnTarget starts the job that takes a target out of the working state
// that the caller puts it into. The caller holds s.mu.
func (s *Server) workOnTarget(gw *gateway, t *target) error {
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
	err := s.start("target", func(ctx context.Context) { s.finishTarget(ctx, gw, t, job) })
	if err != nil {
		return err
	}
	t.job, t.working = job, true
	return nil
}

// finishTarget is the job behind Create, Update, Delete and Synchronize.
func (s *Server) finishTarget(ctx context.Context, gw *gateway, t *target, job int) {
	status, id, _ := s.planned(t)
	ended := s.pause(ctx, s.opts.StateDelay) && s.await(ctx, status)
	_, _, plan := s.planned(t) // SetTarget may have changed it meanwhile
	var next *served
	var reason string
	if ended && status != types.TargetStatusDeleting {
		next, reason = s.read(ctx, id, plan)
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
	if status == types.TargetStatusDeleting {
		gw.targets = slices.DeleteFunc(gw.targets, func(other *target) bool { return other == t })
		s.forget(id)
		return
	}
	t.record.UpdatedAt = s.stamp(t.record.UpdatedAt)
	if reason != "" {
		t.record.Status = failed(status)
		t.record.StatusReasons = []string{reason}
		s.opts.Log.Warn("target failed", "target", *t.record.Name, "status", string(t.record.Status), "reason", reason)
		return
	}
	t.record.Status = types.TargetStatusReady
	t.record.StatusReasons = nil
	t.served = next
	if plan.synchronizes() {
		t.record.LastSynchronizedAt = t.record.UpdatedAt
	}
}

// planned reads from a target's record what its job needs.
func (s *Server) planned(t *target) (types.TargetStatus, string, plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.record.Status, *t.record.TargetId, newPlan(&t.record)
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
}

func newPlan(record *bedrockagentcorecontrol.GetGatewayTargetOutput) plan {
	p := plan{name: *record.Name}
	if server := mcpServer(record); server != nil {
		snapshot := *server
		p.server = &snapshot
	}
	return p
}

// synchronizes tells whether the catalogue is read from the MCP server.
func (p plan) synchronizes() bool {
	return p.server != nil && p.server.McpToolSchema == nil && p.server.ListingMode != types.ListingModeDynamic
}

// read makes the catalogue for a target, or says in AWS's words why it cannot.
func (s *Server) read(ctx context.Context, id string, p plan) (*served, string) {
	if p.server == nil {
		return nil, "" // kept as a record only
	}
	next := &served{name: p.name, endpoint: *p.server.Endpoint}
	switch schema := p.server.McpToolSchema.(type) {
	case nil:
		if p.server.ListingMode == types.ListingModeDynamic {
			next.dynamic = true
			return next, ""
		}
		list, err := s.reader.Read(ctx, next.endpoint)
		if err != nil {
			return nil, statusReason(err, s.opts.ToolsPerTarget)
		}
		if len(list.Tools) == 0 {
			return nil, fmt.Sprintf("MCP server with targetId %s has no tools", id)
		}
		if len(list.Dropped) > 0 {
			s.opts.Log.Warn("tools dropped", "target", p.name, "tools", list.Dropped)
		}
		next.tools = list.Tools
	case *types.McpToolSchemaConfigurationMemberInlinePayload:
		tools, err := staticTools(schema.Value)
		if err != nil {
			return nil, fmt.Sprintf("Failed to parse the static tool schema. Error - %s", err)
		}
		if len(tools) > s.opts.ToolsPerTarget {
			return nil, tooManyTools(s.opts.ToolsPerTarget)
		}
		next.tools = tools
	default:
		return nil, "Failed to read the static tool schema. Error - the local AgentCore reads inline payloads only"
	}
	return next, ""
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

package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/catalog"
)

// defaultPriority is a target's resourcePriority where none is set.
const defaultPriority = 1000

// intercepts reports whether a gateway has an interceptor of its responses, which may
// show a caller less than it has.
func intercepts(gw *bedrockagentcorecontrol.GetGatewayOutput) bool {
	return slices.ContainsFunc(gw.InterceptorConfigurations, func(c types.GatewayInterceptorConfiguration) bool {
		return slices.Contains(c.InterceptionPoints, types.GatewayInterceptionPointResponse)
	})
}

// HideTools is what a gateway's interceptor of responses keeps from callers: tools, by
// their names at the gateway. Without such a configuration it has no effect; nil hides
// none.
func (s *Server) HideTools(gatewayID string, hides func(tool string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gw := s.gateway(gatewayID); gw != nil {
		gw.hides = hides
	}
}

// capabilities name prompts and resources where a target may have them.
func (v endpointView) capabilities() *mcp.ServerCapabilities {
	all := &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}
	for _, t := range v.targets {
		if t.dynamic || len(t.lists.Prompts) > 0 {
			all.Prompts = &mcp.PromptCapabilities{}
		}
		if t.dynamic || len(t.lists.Resources) > 0 {
			all.Resources = &mcp.ResourceCapabilities{}
		}
	}
	return all
}

// spoken are the revisions of MCP that the endpoint can accept, of those that the
// SDK speaks; none means all.
func (v endpointView) spoken() []string {
	return slices.DeleteFunc(slices.Clone(v.revisions), func(r string) bool { return !slices.Contains(mcp.SupportedProtocolVersions(), r) })
}

// refuseRevision is the error for a handshake of a revision that is not accepted,
// as MCP's text has it.
func (v endpointView) refuseRevision(asked string) error {
	if len(v.revisions) == 0 || slices.Contains(v.revisions, asked) {
		return nil
	}
	data, err := json.Marshal(map[string]any{"supported": v.revisions, "requested": asked})
	if err != nil {
		return err
	}
	return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "Unsupported protocol version", Data: data}
}

// promptList and the others are answers with definitions as upstream sent them.
type (
	promptList struct {
		*mcp.ListPromptsResult
		Prompts []json.RawMessage `json:"prompts"`
	}
	resourceList struct {
		*mcp.ListResourcesResult
		Resources []json.RawMessage `json:"resources"`
	}
	templateList struct {
		*mcp.ListResourceTemplatesResult
		ResourceTemplates []json.RawMessage `json:"resourceTemplates"`
	}
)

var private = mcp.Cacheable{CacheScope: "private"}

func (s *Server) listPrompts(ctx context.Context, view endpointView) *promptList {
	list := &promptList{&mcp.ListPromptsResult{Cacheable: private}, []json.RawMessage{}}
	for _, t := range view.targets {
		for _, p := range s.lists(ctx, t.served).Prompts {
			if definition, err := renamed(p.Definition, catalog.Join(t.name, p.Name)); err == nil {
				list.Prompts = append(list.Prompts, definition)
			}
		}
	}
	return list
}

func (s *Server) listResources(ctx context.Context, view endpointView) *resourceList {
	return &resourceList{&mcp.ListResourcesResult{Cacheable: private}, s.resources(ctx, view, "uri")}
}

func (s *Server) listTemplates(ctx context.Context, view endpointView) *templateList {
	return &templateList{&mcp.ListResourceTemplatesResult{Cacheable: private}, s.resources(ctx, view, "uriTemplate")}
}

// byPriority are the targets whose resources count first.
func (v endpointView) byPriority() []servedTarget {
	targets := slices.Clone(v.targets)
	slices.SortStableFunc(targets, func(a, b servedTarget) int { return cmp.Compare(a.priority, b.priority) })
	return targets
}

// resources are the definitions that have the member by, each URI once: of the
// target with the lowest priority, of several the oldest.
func (s *Server) resources(ctx context.Context, view endpointView, by string) []json.RawMessage {
	all, known := []json.RawMessage{}, map[string]bool{}
	for _, t := range view.byPriority() {
		for _, r := range s.lists(ctx, t.served).Resources {
			var members map[string]json.RawMessage
			if json.Unmarshal(r.Definition, &members) == nil && members[by] != nil && !known[r.Name] {
				known[r.Name] = true
				all = append(all, r.Definition)
			}
		}
	}
	return all
}

func (s *Server) getPrompt(ctx context.Context, view endpointView, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	name, prompt, ok := catalog.Split(r.Params.Name)
	for _, t := range view.targets {
		if ok && t.name == name {
			return forward(ctx, s, t.served, func(ctx context.Context, session *mcp.ClientSession) (*mcp.GetPromptResult, error) {
				return session.GetPrompt(ctx, &mcp.GetPromptParams{Name: prompt, Arguments: r.Params.Arguments})
			})
		}
	}
	return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "Unknown prompt: " + r.Params.Name}
}

func (s *Server) readResource(ctx context.Context, view endpointView, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	for _, t := range view.byPriority() {
		if slices.ContainsFunc(s.lists(ctx, t.served).Resources, func(has catalog.Tool) bool { return has.Name == r.Params.URI }) {
			return forward(ctx, s, t.served, func(ctx context.Context, session *mcp.ClientSession) (*mcp.ReadResourceResult, error) {
				return session.ReadResource(ctx, &mcp.ReadResourceParams{URI: r.Params.URI})
			})
		}
	}
	return nil, mcp.ResourceNotFoundError(r.Params.URI)
}

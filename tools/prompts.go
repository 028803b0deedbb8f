package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

func addPrompts(s *mcp.Server, o Options) {
	if o.ReadOnly {
		s.AddPrompt(&mcp.Prompt{
			Name: "review_tools", Title: "Review my tools",
			Description: "Look at a gateway's targets and say what is wrong with them.",
			Arguments:   []*mcp.PromptArgument{{Name: "gateway", Description: "id, name or ARN of the gateway"}},
		}, func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return userPrompt("Review the tools of " + naming("the AgentCore gateway", req.Params.Arguments["gateway"]) +
				". Use list_targets to find targets that are not READY and say why, then list_tools, and sum up what is served."), nil
		})
		return
	}
	s.AddPrompt(&mcp.Prompt{
		Name: "resync_tools", Title: "Resync my tools",
		Description: "Bring a gateway's tools in step with the MCP servers behind it.",
		Arguments: []*mcp.PromptArgument{
			{Name: "gateway", Description: "id, name or ARN of the gateway"},
			{Name: "target", Description: "id or name of one target; all MCP servers when left out"},
		},
	}, func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		steps := "First use list_targets to see what is there, then call synchronize_targets. " +
			"When its outcome is in_progress, call it again with notSyncedSince as it says. "
		if target := req.Params.Arguments["target"]; target != "" {
			steps = "First use list_targets to see what is there, then call synchronize_target for " + naming("target", target) + ". " +
				"When its outcome is in_progress, call it again to go on waiting. "
		}
		return userPrompt("Resync the tools of " + naming("the AgentCore gateway", req.Params.Arguments["gateway"]) + ". " + steps +
			"At the end say which tools were added, removed or changed, breaking changes first, and for each failure its statusReasons and what to do."), nil
	})
}

func userPrompt(text string) *mcp.GetPromptResult {
	return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: text}}}}
}

func naming(kind, name string) string {
	if name == "" {
		return kind
	}
	return kind + " " + untrusted.Quote(name, 200)
}

const (
	gatewaysURI = "agentcore://gateways"
	targetURI   = "agentcore://gateways/{gateway}/targets/{target}"
)

func addResources(s *mcp.Server, m *gateway.Manager, g gate) {
	s.AddResource(&mcp.Resource{
		URI: gatewaysURI, Name: "gateways", Title: "Gateways", MIMEType: "application/json",
		Description: "The AgentCore gateways that can be managed.",
	}, func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		if g.broken != nil {
			return nil, errors.New(g.text(g.broken.Error()))
		}
		out, err := listGateways(ctx, m, ListGatewaysArguments{}, gateway.Caller{})
		if err != nil {
			return nil, errors.New(g.text(err.Error()))
		}
		return g.resource(req.Params.URI, out)
	})
	s.AddResourceTemplate(&mcp.ResourceTemplate{
		URITemplate: targetURI, Name: "target", Title: "Target configuration", MIMEType: "application/json",
		Description: "A target's whole configuration in AWS's own JSON; gateway and target by id or name.",
	}, func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		rest, _ := strings.CutPrefix(req.Params.URI, gatewaysURI+"/")
		gatewayRef, targetRef, ok := strings.Cut(rest, "/targets/")
		if !ok || gatewayRef == "" || targetRef == "" {
			return nil, mcp.ResourceNotFoundError(req.Params.URI)
		}
		if g.broken != nil {
			return nil, errors.New(g.text(g.broken.Error()))
		}
		out, err := getTarget(ctx, m, TargetArgument{GatewayArgument: GatewayArgument{gatewayRef}, Target: targetRef}, gateway.Caller{})
		if err != nil {
			return nil, errors.New(g.text(err.Error()))
		}
		return g.resource(req.Params.URI, out.Configuration)
	})
}

func (g gate) resource(uri string, v any) (*mcp.ReadResourceResult, error) {
	data, err := g.json(v, nil, "the tools of the same server have it in parts")
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, data, "", " "); err != nil {
		return nil, err
	}
	if !g.whole && text.Len() > mostAnswer {
		text.Reset()
		text.Write(data)
	}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: uri, MIMEType: "application/json", Text: text.String()}}}, nil
}

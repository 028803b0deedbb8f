package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

const (
	gatewaysURI = "agentcore://gateways"
	gatewayURI  = gatewaysURI + "/{gateway}"
	targetURI   = gatewayURI + "/targets/{target}"
	servedURI   = targetURI + "/tools"
)

const jsonType = "application/json"

// template is a kind of resource: what a tool shows, at an address of its own.
type template struct {
	tool, uri                string
	name, title, description string
	// read gets what was found, and no target where the URI has none.
	read func(context.Context, *gateway.Manager, aws.Gateway, aws.Target) (any, error)
}

// templates are those whose tool the server has: what an operator took away as a tool is
// not to be had as a resource.
func templates(has toolbox) []template {
	all := []template{{
		"get_gateway", gatewayURI, "gateway", "Gateway",
		"One gateway: status, MCP URL, who may call it; by id, name or ARN.",
		func(_ context.Context, _ *gateway.Manager, g aws.Gateway, _ aws.Target) (any, error) {
			return gateway.ViewGateway(g), nil
		},
	}, {
		"get_target", targetURI, "target", "Target configuration",
		"A target's whole configuration in AWS's own JSON; gateway and target by id or name.",
		func(_ context.Context, _ *gateway.Manager, _ aws.Gateway, t aws.Target) (any, error) {
			return gateway.Configuration(t)
		},
	}, {
		"list_tools", servedURI, "target_tools", "Served tools",
		"The tools that the gateway serves now for a target; gateway and target by id or name.",
		func(ctx context.Context, m *gateway.Manager, g aws.Gateway, t aws.Target) (any, error) {
			return servedOf(ctx, m, g, t.Name, func(string) bool { return true })
		},
	}}
	return slices.DeleteFunc(all, func(t template) bool { return !has.all(t.tool) })
}

func addResources(s *mcp.Server, m *gateway.Manager, g gate, has toolbox) {
	if has.all("list_gateways") {
		s.AddResource(&mcp.Resource{
			URI: gatewaysURI, Name: "gateways", Title: "Gateways", MIMEType: jsonType,
			Description: "The AgentCore gateways that can be managed.",
		}, g.reading(func(ctx context.Context, _ string) (any, error) {
			return listGateways(ctx, m, ListGatewaysArguments{}, gateway.Caller{})
		}))
	}
	for _, t := range templates(has) {
		s.AddResourceTemplate(&mcp.ResourceTemplate{
			URITemplate: t.uri, Name: t.name, Title: t.title, MIMEType: jsonType, Description: t.description,
		}, g.reading(func(ctx context.Context, uri string) (any, error) {
			at, ok := expanded(t.uri, uri)
			if !ok {
				return nil, notFound(uri, "")
			}
			gw, err := m.Gateway(ctx, at["gateway"])
			var target aws.Target
			if ref, of := at["target"]; err == nil && of {
				target, err = m.Target(ctx, gw, ref)
			}
			if errors.Is(err, gateway.ErrUnknown) || errors.Is(err, aws.ErrNotFound) {
				return nil, notFound(uri, g.text(err.Error()))
			}
			if err != nil {
				return nil, err
			}
			return t.read(ctx, m, gw, target)
		}))
	}
	// The SDK's own answer to a URI that fits nothing is no JSON for some URIs, and then
	// none at all.
	s.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if params, ok := req.GetParams().(*mcp.ReadResourceParams); ok && params != nil && !plainURI(params.URI) {
				return nil, notFound(params.URI, "")
			}
			return next(ctx, method, req)
		}
	})
}

// reading is a handler that answers what read gets for a URI. Like a tool that reads it
// takes no longer than clients wait.
func (g gate) reading(read func(ctx context.Context, uri string) (any, error)) mcp.ResourceHandler {
	return func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		if g.broken != nil {
			return nil, errors.New(g.text(g.broken.Error()))
		}
		ctx, cancel := context.WithTimeoutCause(ctx, gateway.DefaultWait, errSlow)
		defer cancel()
		out, err := read(ctx, req.Params.URI)
		if refused := (*jsonrpc.Error)(nil); errors.As(err, &refused) {
			return nil, refused
		}
		if err != nil {
			return nil, errors.New(g.text(err.Error()))
		}
		return g.resource(req.Params.URI, out)
	}
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
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: uri, MIMEType: jsonType, Text: text.String()}}}, nil
}

// expanded are the variables with which a template becomes a URI, decoded. Each is a
// whole segment of its path, and none is empty.
func expanded(template, uri string) (variables map[string]string, ok bool) {
	segments, given := strings.Split(template, "/"), strings.Split(uri, "/")
	if len(segments) != len(given) {
		return nil, false
	}
	variables = map[string]string{}
	for i, segment := range segments {
		name, variable := strings.CutPrefix(segment, "{")
		value, err := url.PathUnescape(given[i])
		switch {
		case !variable && segment != given[i], variable && (err != nil || value == ""):
			return nil, false
		case variable:
			variables[strings.TrimSuffix(name, "}")] = value
		}
	}
	return variables, true
}

// expand makes a URI of a template. Variables are name and value in turn.
func expand(template string, variables ...string) string {
	for i := 0; i < len(variables); i += 2 {
		template = strings.Replace(template, "{"+variables[i]+"}", url.PathEscape(variables[i+1]), 1)
	}
	return template
}

const mostURI = 2 << 10 // bytes; two ARNs, percent-encoded, are shorter

// plainURI reports whether a URI has only characters that a URI may have, and no more
// of them than any of ours.
func plainURI(uri string) bool {
	return len(uri) <= mostURI && !strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// notFound is [mcp.ResourceNotFoundError], also for what is no URI, of which it repeats
// the beginning as data, and with why, where that is known.
func notFound(uri, why string) error {
	if plainURI(uri) && why == "" {
		return mcp.ResourceNotFoundError(uri)
	}
	uri = strings.ToValidUTF8(uri[:min(len(uri), mostURI)], "")
	data, _ := json.Marshal(map[string]string{"uri": uri}) // strings have JSON
	message := "Resource not found"
	if why != "" {
		message += ": " + why
	}
	return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: message, Data: data}
}

// linked is an Out that knows resources with more than it says.
type linked interface{ links() []mcp.Content }

// links has the tools that the gateway serves for the target: all else is in the answer.
// The lists of targets have no links, because each would take as much of a model's
// context as the entry itself, and says no more than the templates.
func (t TargetDetails) links() []mcp.Content {
	return []mcp.Content{&mcp.ResourceLink{
		URI: expand(servedURI, "gateway", t.gatewayID, "target", t.ID), Name: "target_tools", MIMEType: jsonType,
	}}
}

// linksIn are an answer's links for a client whose protocol has them.
func linksIn(out any, req *mcp.CallToolRequest) []mcp.Content {
	const since = "2025-06-18"
	if l, ok := out.(linked); ok && req.ProtocolVersion() >= since {
		return l.links()
	}
	return nil
}

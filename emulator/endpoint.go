package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

const (
	gatewayPath = "/gateway/"
	mcpSuffix   = "/mcp"
)

// serveGateway answers a gateway's own MCP endpoint, /gateway/{id}/mcp.
func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	id, isMCP := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, gatewayPath), mcpSuffix)
	view := s.endpoint(id)
	switch {
	case !isMCP || !view.speaksMCP:
		writeError(w, &apiError{code: resourceNotFound, message: "no gateway with an MCP endpoint is at this path"})
	default:
		caller, ok := s.admit(w, r, view)
		if !ok {
			return
		}
		if view.engine != nil {
			view.decider = newDecider(view.engine, view.arn, caller)
		}
		server := s.mcpServer(view)
		mcp.NewStreamableHTTPHandler(
			func(*http.Request) *mcp.Server { return server },
			&mcp.StreamableHTTPOptions{Stateless: true, Logger: s.opts.Log, PropagateRequestCancellation: true},
		).ServeHTTP(w, r)
	}
}

// admit is the gateway's authorizer: whose request it is, nil for one without a token,
// and whether it may pass. It answers one that may not.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, view endpointView) (caller *auth.Principal, ok bool) {
	switch {
	case view.authorizer == types.AuthorizerTypeNone:
		return nil, true
	case view.authorizer == types.AuthorizerTypeAwsIam:
		if failure := s.checkSigned(r); failure != nil {
			writeError(w, failure)
			return nil, false
		}
		return nil, true
	case view.jwt == nil:
		writeError(w, &apiError{code: accessDenied, message: "the gateway's authorizer has no customJWTAuthorizer"})
		return nil, false
	}
	caller, denied := s.checkBearer(r, view.jwt)
	if denied == nil {
		return caller, true
	}
	code, message := -32001, "Invalid Bearer token"
	switch {
	case denied.missing:
		message = "Missing Bearer token"
	case denied.status == http.StatusServiceUnavailable:
		code, message = -32603, "The service is temporarily unavailable"
	}
	if denied.challenge != "" {
		w.Header().Set("WWW-Authenticate", denied.challenge)
	}
	writeAny(w, denied.status, map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": code, "message": message}})
	return nil, false
}

// endpointView is what one request to a gateway's endpoint sees of the gateway.
type endpointView struct {
	gateway      string // id
	speaksMCP    bool
	authorizer   types.AuthorizerType
	jwt          *types.CustomJWTAuthorizerConfiguration
	debug        bool                   // tells callers why a tool failed
	onePage      bool                   // does not page tools/list
	revisions    []string               // of MCP that it accepts; none: all
	hides        func(tool string) bool // by its name at the gateway; nil hides none
	instructions string
	targets      []servedTarget
	searches     bool // it has a search tool
	arn          string
	engine       *policyEngine // that is enforced; nil for none
	decider      *decider      // by policies; nil without an engine that enforces them
}

type servedTarget struct {
	sequence int
	*served
}

// endpoint is the view of a gateway, zero for an unknown one.
func (s *Server) endpoint(id string) endpointView {
	s.mu.Lock()
	defer s.mu.Unlock()
	gw := s.gateway(id)
	if gw == nil {
		return endpointView{}
	}
	v := endpointView{
		gateway:    *gw.record.GatewayId,
		speaksMCP:  gw.record.ProtocolType == types.GatewayProtocolTypeMcp,
		authorizer: gw.record.AuthorizerType,
		jwt:        jwtAuthorizer(gw.record.AuthorizerConfiguration),
		debug:      gw.record.ExceptionLevel == types.ExceptionLevelDebug,
	}
	if c, ok := gw.record.ProtocolConfiguration.(*types.GatewayProtocolConfigurationMemberMcp); ok {
		if c.Value.Instructions != nil {
			v.instructions = *c.Value.Instructions
		}
		v.onePage = c.Value.DisableMcpListToolsPagination != nil && *c.Value.DisableMcpListToolsPagination
		v.revisions = c.Value.SupportedVersions
		v.searches = c.Value.SearchType == types.SearchTypeSemantic
	}
	v.arn, v.engine = *gw.record.GatewayArn, s.enforced(gw)
	if intercepts(&gw.record) {
		v.hides = gw.hides
	}
	for _, t := range gw.targets {
		if t.served != nil && (t.served.dynamic || len(t.served.lists.Tools) > 0) {
			v.targets = append(v.targets, servedTarget{t.sequence, t.served})
		}
	}
	return v
}

// mcpServer answers tools/list and tools/call in middleware: the SDK's own
// tools would refuse schemas that upstream servers do send.
func (s *Server) mcpServer(view endpointView) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: view.gateway, Version: "1.0.0"}, &mcp.ServerOptions{
		Instructions:              view.instructions,
		Capabilities:              view.capabilities(),
		Logger:                    s.opts.Log,
		SupportedProtocolVersions: view.spoken(),
	})
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (result mcp.Result, err error) {
			defer func() {
				if p := recover(); p != nil {
					s.opts.Log.Error("panic in a gateway's endpoint", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
					result, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
				}
			}()
			if hello, ok := req.GetParams().(*mcp.InitializeParams); ok {
				if err := view.refuseRevision(hello.ProtocolVersion); err != nil {
					return nil, err
				}
			}
			switch r := req.(type) {
			case *mcp.ListToolsRequest:
				return s.listTools(ctx, view, r)
			case *mcp.CallToolRequest:
				return s.callTool(ctx, view, r)
			case *mcp.ListPromptsRequest:
				return s.listPrompts(ctx, view), nil
			case *mcp.ListResourcesRequest:
				return s.listResources(ctx, view), nil
			case *mcp.ListResourceTemplatesRequest:
				return s.listTemplates(ctx, view), nil
			case *mcp.GetPromptRequest:
				return s.getPrompt(ctx, view, r)
			case *mcp.ReadResourceRequest:
				return s.readResource(ctx, view, r)
			}
			return next(ctx, method, req)
		}
	})
	return server
}

// shows reports whether a caller may see a tool, or call it with arguments.
func (v endpointView) shows(tool string, arguments json.RawMessage) bool {
	return (v.hides == nil || !v.hides(tool)) && (v.decider == nil || v.decider.allows(tool, arguments))
}

// toolPage is a page of tools/list with the definitions as upstream sent them.
type toolPage struct {
	*mcp.ListToolsResult
	Tools []json.RawMessage `json:"tools"` // instead of the embedded one
}

// listTools answers one target's tools per page, as AgentCore does.
func (s *Server) listTools(ctx context.Context, view endpointView, r *mcp.ListToolsRequest) (*toolPage, error) {
	list, after := view.gateway+mcpSuffix, 0
	if r.Params != nil && r.Params.Cursor != "" {
		var err error
		if after, err = parseToken(list, r.Params.Cursor); err != nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "invalid cursor"}
		}
	}
	page := &toolPage{
		ListToolsResult: &mcp.ListToolsResult{Cacheable: mcp.Cacheable{CacheScope: "private"}},
		Tools:           []json.RawMessage{},
	}
	if view.searches && after == 0 {
		page.Tools = append(page.Tools, json.RawMessage(searchDefinition))
	}
	for i, t := range view.targets {
		if t.sequence <= after {
			continue
		}
		page.Tools = append(page.Tools, s.definitions(ctx, view, t.served)...)
		if !view.onePage && i+1 < len(view.targets) {
			page.NextCursor = formatToken(list, t.sequence)
			break
		}
	}
	return page, nil
}

// definitions are a target's tools under the names that the gateway gives them.
func (s *Server) definitions(ctx context.Context, view endpointView, target *served) []json.RawMessage {
	tools := s.lists(ctx, target).Tools
	definitions := make([]json.RawMessage, 0, len(tools))
	for _, tool := range tools {
		name := catalog.Join(target.name, tool.Name)
		if !view.shows(name, nil) {
			continue
		}
		definition, err := renamed(tool.Definition, name)
		if err != nil { // not reached: it was read as an object
			s.opts.Log.Error("tool not listed", "target", target.name, "tool", tool.Name, "error", err)
			continue
		}
		definitions = append(definitions, definition)
	}
	return definitions
}

// lists are a target's lists, asked from its server when it is DYNAMIC.
func (s *Server) lists(ctx context.Context, target *served) catalog.List {
	if !target.dynamic {
		return target.lists
	}
	ctx, cancel := s.outbound(ctx)
	defer cancel()
	list, err := s.readLists(ctx, target)
	if err != nil {
		s.opts.Log.Warn("a DYNAMIC target is not listed", "target", target.name, "error", err)
	}
	return list.List
}

func renamed(definition json.RawMessage, name string) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(definition, &members); err != nil {
		return nil, err
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return nil, err
	}
	members["name"] = quoted
	return json.Marshal(members)
}

// callTool passes a call on to the MCP server behind the target.
func (s *Server) callTool(ctx context.Context, view endpointView, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if view.searches && r.Params.Name == searchTool {
		return s.search(ctx, view, r)
	}
	name, tool, ok := catalog.Split(r.Params.Name)
	var target *served
	for _, t := range view.targets {
		if ok && t.name == name && t.has(tool) {
			target = t.served
		}
	}
	arguments := r.Params.Arguments
	if len(arguments) == 0 {
		arguments = json.RawMessage("{}")
	}
	if target == nil || !view.shows(r.Params.Name, arguments) {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("Unknown tool: %s", r.Params.Name)}
	}
	result, err := forward(ctx, s, target, func(ctx context.Context, session *mcp.ClientSession) (*mcp.CallToolResult, error) {
		return session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	})
	if err != nil {
		s.opts.Log.Warn("tool call failed", "target", name, "tool", tool, "error", redacted(err, target.endpoint))
		text := "An internal error occurred. Please retry later."
		if view.debug {
			text = redacted(err, target.endpoint)
		}
		result = &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}, IsError: true}
	}
	return complete(r.Session, result)
}

// outbound is a context for a session with upstream that ends with the inbound
// one, with the Server and after callTimeout. It does not descend from inbound: the SDK keeps the
// protocol version of the request being served in there, and its client would
// take that for the outbound session's.
func (s *Server) outbound(inbound context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	stop := context.AfterFunc(inbound, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// redacted is an error's text without the secrets of the endpoint's URL.
func redacted(err error, endpoint string) string {
	shown, _ := untrusted.Endpoint(endpoint)
	return strings.ReplaceAll(err.Error(), endpoint, shown)
}

// complete marks a result as final for clients of a revision that asks for it.
// The SDK does so only for its own tools and lets nobody else set the member,
// other than by decoding.
func complete(session *mcp.ServerSession, from *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	marked := new(mcp.CallToolResult)
	if params := session.InitializeParams(); params != nil && params.ProtocolVersion >= statelessProtocolVersion {
		if err := json.Unmarshal([]byte(`{"content":[],"resultType":"complete"}`), marked); err != nil {
			return nil, err
		}
	}
	marked.Meta, marked.IsError, marked.StructuredContent = from.Meta, from.IsError, from.StructuredContent
	marked.Content = from.Content
	if marked.Content == nil {
		marked.Content = []mcp.Content{} // a list on the wire, never null
	}
	return marked, nil
}

// callTimeout bounds a tool call, because a client of an older revision that
// leaves does not end it.
const callTimeout = 5 * time.Minute

const (
	gatewayProtocolVersion   = "2025-11-25" // what AgentCore speaks to MCP servers
	statelessProtocolVersion = "2026-07-28" // the first revision whose results carry a resultType
)

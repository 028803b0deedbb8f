package tools

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

// Options choose what a server offers.
type Options struct {
	Version  string
	ReadOnly bool      // only tools that change nothing exist
	Toolsets []Toolset // only their tools exist; none for Targets
	Log      *slog.Logger
	SDKLog   *slog.Logger // for the MCP SDK's own lines; nil for none
	// Secrets are masked in all that the server says; nil masks nothing.
	Secrets *untrusted.Secrets
	// Caller says who sent a request, by Name and Reached, and gives a context that ends
	// when they have left, which the SDK does not tell of requests of older revisions
	// over HTTP. It is nil where all callers are one, and nobody leaves unseen.
	Caller func(*mcp.CallToolRequest) (who gateway.Caller, connected context.Context)
	// SealKey seals what a person is asked to confirm through a client that can ask: at
	// least 32 bytes, the same for all copies of a server. Without one nobody is asked,
	// and the argument confirm is their word.
	SealKey []byte
	// Audit gets one line for each call that may change something; nil for none. See
	// [Options.RecordEnd].
	Audit *slog.Logger
	// Broken is why no call can be answered, which each of them then is; nil for none.
	Broken error
	// Whole answers are not shortened to what a model can read.
	Whole bool
}

// offers decides which tools exist, and so whatever else names them. bound says that the
// gateways are named that may be managed: none is created then.
func (o Options) offers(t Tool, bound bool) bool {
	return (t.ReadOnly || !o.ReadOnly) && (slices.Contains(o.Toolsets, t.Toolset) || len(o.Toolsets) == 0 && t.Toolset == Targets) && !(t.unbound && bound)
}

// Unbound reports whether name is a tool that is of no use, and so not there, where the
// gateways are named that may be managed.
func Unbound(name string) bool {
	return slices.ContainsFunc(All(), func(t Tool) bool { return t.Name == name && t.unbound })
}

// NewServer returns an MCP server whose tools work on m's gateways. It serves
// any number of sessions, over any transport.
func NewServer(m *gateway.Manager, o Options) *mcp.Server {
	g, has := gate{secrets: o.Secrets, whole: o.Whole, caller: o.Caller, broken: o.Broken, audit: o.Audit}, o.toolbox(m)
	if len(m.Allowed) == 1 {
		g.only = m.Allowed[0]
	}
	if len(o.SealKey) > 0 {
		var err error
		if g.seal, err = newSeal(o.SealKey, time.Now); err != nil && g.broken == nil {
			g.broken = fmt.Errorf("the key that seals confirmations cannot be used: %w", err)
		}
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "agentcore-gateway-mcp", Title: "AgentCore Gateway", Version: o.Version}, &mcp.ServerOptions{
		Instructions:      instructions(has),
		Logger:            o.SDKLog,
		CompletionHandler: completer{m, g, has}.complete,
		// Named, because what the SDK infers promises news of lists that never
		// change, and logging.
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Prompts: &mcp.PromptCapabilities{}, Resources: &mcp.ResourceCapabilities{}, Completions: &mcp.CompletionCapabilities{}},
		SetCacheable: cacheable,
	})
	// Making their schemas takes longer than all the rest of a start-up.
	addTools := sync.OnceFunc(func() {
		known := newSchemas()
		for _, t := range All() {
			if o.offers(t, len(m.Allowed) > 0) {
				t.add(s, m, known, g)
			}
		}
	})
	s.AddReceivingMiddleware(recoverPanics(o.Log), before("tools/", addTools))
	addPrompts(s, has)
	addResources(s, m, g, has)
	return s
}

// before has something done before the first request whose method begins with
// prefix is handled.
func before(prefix string, do func()) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if strings.HasPrefix(method, prefix) {
				do()
			}
			return next(ctx, method, req)
		}
	}
}

// recoverPanics turns a panic in a handler into an error: the SDK lets it end
// the process, and with it every session.
func recoverPanics(log *slog.Logger) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (result mcp.Result, err error) {
			defer func() {
				if p := recover(); p != nil {
					log.Error("panic in a handler", "method", method, "panic", p, "stack", string(debug.Stack()))
					result, err = nil, fmt.Errorf("%s failed inside the server: this is a mistake in agentcore-gateway-mcp, its log has the details; whatever was sent to AWS before went through, look with get_target", method)
				}
			}()
			return next(ctx, method, req)
		}
	}
}

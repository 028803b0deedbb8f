package command

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
	"agentcore-gateway-mcp/untrusted"
)

// Wiring is what an MCP server of this program is made from.
type Wiring struct {
	AWS               aws.Options
	Gateways          []string        // the only ones that exist for the server; none for all
	ReadOnly          bool            // only tools that change nothing exist
	Toolsets          []tools.Toolset // that exist; none for the default
	Issuers           []string        // to which credential providers may send CredentialSecrets
	CredentialSecrets []string
	Outbound          outbound.Settings
	Trusted           []string // endpoints to which credentials may be moved without confirmation
	Log               *slog.Logger
	SDKLog            *slog.Logger       // for the MCP SDK, which tells each session's life at level info
	Secrets           *untrusted.Secrets // the credentials that were sent or received: no answer has them
	Whole             bool               // answers of any length: nobody who gets them is a model
	Named             bool               // whether callers over HTTP have names, see inbound.CallerHeader
	Lasting           bool               // without AWS, each call is answered with what is wrong
	Self              []string           // names, ARNs or URLs by which this server is itself a target
	SealKey           []byte             // of what people are asked to confirm; none where nobody can be asked
	Audit             *slog.Logger       // gets a line for each call that may change something; nil for none
	open              bool               // Gateways are those that are trusted with a client's secret, and others exist
	shelf             *shelf             // where configurations are kept before changes; nil for the log
	Answered          func()             // called when the first request was handled, and later; may be nil
}

// Server is an MCP server that is wired to AWS.
type Server struct {
	MCP *mcp.Server // may do what its wiring says

	wiring  Wiring
	manager *gateway.Manager
	broken  error // why no call can be answered
	close   func()

	connections sync.Map // each a connection, by connectionHeader
}

// connectionHeader is set on requests on their way to the MCP server, for the
// tools to see that a client has gone.
const connectionHeader = "X-Agentcore-Gateway-Mcp-Connection"

// connection is an HTTP request under way.
type connection struct {
	ctx     context.Context
	reached string // host, port and path, as the client has them
}

// caller says who sent a request, and tells when they have left.
func (s *Server) caller(req *mcp.CallToolRequest) (who gateway.Caller, connected context.Context) {
	if req.Extra == nil || req.Extra.Header == nil {
		return who, context.Background()
	}
	if s.wiring.Named {
		who.Name = req.Extra.Header.Get(inbound.CallerHeader)
	}
	if c, ok := s.connections.Load(req.Extra.Header.Get(connectionHeader)); ok {
		who.Reached = c.(connection).reached
		return who, c.(connection).ctx
	}
	return who, context.Background()
}

// Wire makes a server. Nothing is called yet: the error is a setting that cannot
// be. Close the server when done.
func (w Wiring) Wire(ctx context.Context) (*Server, error) {
	if err := w.Outbound.Check(w.Gateways); err != nil {
		return nil, err
	}
	w.AWS.Log = w.Log
	client, err := aws.New(ctx, w.AWS)
	if err != nil && w.Lasting {
		w.Log.Error("no call can be answered", "cause", err)
		s := &Server{wiring: w, manager: &gateway.Manager{}, close: func() {}, broken: err}
		s.MCP = s.offer(w.ReadOnly)
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	trusted, err := gateway.ParseTrustedEndpoints(ctx, client, w.Trusted)
	if err != nil {
		return nil, fmt.Errorf("--trusted-endpoints: %w", err)
	}
	transport := remote.Guard{AnyPort: true, Loopback: client.Local()}.Transport()
	allowed := w.Gateways
	if w.open {
		allowed = nil
	}
	authorizer := outbound.New(w.Outbound, client, transport, w.Secrets)
	s := &Server{wiring: w, close: transport.CloseIdleConnections, manager: &gateway.Manager{
		Client: client, Allowed: allowed, Log: w.Log, Transport: authorizer.Gateway, Upstream: authorizer.Upstream, Credential: authorizer.Credential, Trusted: trusted, Self: w.Self, Secrets: w.Secrets, CredentialSecrets: w.CredentialSecrets, TrustedIssuers: w.Issuers,
	}}
	if w.shelf != nil {
		s.manager.Keep = w.shelf.keep
	}
	s.manager.Ended = tools.Options{Secrets: w.Secrets, Audit: w.Audit}.RecordEnd
	s.MCP = s.offer(w.ReadOnly)
	return s, nil
}

// watchSelf tells the log where --self names nothing, as soon as that is seen. What it
// returns ends the search.
func (s *Server) watchSelf(ctx context.Context) (end func()) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if unfound, err := s.manager.Unfound(ctx); err == nil && len(unfound) > 0 {
			s.wiring.Log.Warn("--self names no target that this server can see, or none yet: as long as that is so, a change that would cut its own callers off is not recognized by it", "self", unfound)
		}
	}()
	return func() { cancel(); <-done }
}

// stopGrace is how long the end of a server waits for changes under way.
const stopGrace = 5 * time.Second

// Close ends the server, and the local AgentCore that was made for it. It waits a
// little for changes under way, and logs those that it leaves.
func (s *Server) Close() {
	s.manager.LogLeft(s.manager.Stop(stopGrace))
	s.close()
}

func (s *Server) offer(readOnly bool) *mcp.Server {
	server := tools.NewServer(s.manager, tools.Options{Version: version(), ReadOnly: readOnly, Toolsets: s.wiring.Toolsets, Log: s.wiring.Log, SDKLog: s.wiring.SDKLog, Secrets: s.wiring.Secrets, Whole: s.wiring.Whole, Caller: s.caller, SealKey: s.wiring.SealKey, Audit: s.wiring.Audit, Broken: s.broken})
	if s.wiring.Answered != nil {
		server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
			return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
				defer s.wiring.Answered()
				return next(ctx, method, req)
			}
		})
	}
	return server
}

// collectLater raises the heap at which garbage is collected until the returned
// function is called. A start-up allocates just as much as makes Go collect for
// the first time, and hardly any of it is garbage: that took a sixth of the time.
func collectLater() func() {
	was := debug.SetGCPercent(800) // 32 MiB
	return sync.OnceFunc(func() { go debug.SetGCPercent(was) })
}

// Endpoints serve MCP over HTTP, to callers of either power.
func (s *Server) Endpoints() inbound.Endpoints {
	return inbound.Endpoints{Full: s.streamable(s.MCP), Reading: func() http.Handler { return s.streamable(s.offer(true)) }, Changes: tools.Writes, Busy: s.manager.Busy, Refused: tools.Options{Secrets: s.wiring.Secrets, Audit: s.wiring.Audit}.RecordRefused}
}

// streamable serves MCP over HTTP without a session: any copy can answer any
// request.
func (s *Server) streamable(server *mcp.Server) http.Handler {
	h := tools.PlainErrorsHTTP(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                    true,
		Logger:                       s.wiring.SDKLog,
		PropagateRequestCancellation: true,
		DisableLocalhostProtection:   true, // the policy's check of hosts decides, also behind a platform's proxy on loopback
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		s.connections.Store(id, connection{r.Context(), r.Host + r.URL.EscapedPath()})
		defer s.connections.Delete(id)
		r.Header.Set(connectionHeader, id)
		h.ServeHTTP(w, r)
	})
}

// Connect connects a client to the server without leaving the process, and still
// through the protocol. End the session when done.
func (s *Server) Connect(ctx context.Context, progress func(*mcp.ProgressNotificationParams)) (session *mcp.ClientSession, end func(), err error) {
	near, far := mcp.NewInMemoryTransports()
	serving, err := s.MCP.Connect(ctx, far, nil)
	if err != nil {
		return nil, nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "agentcore-gateway-mcp-call", Version: version()}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{},
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			if progress != nil {
				progress(req.Params)
			}
		},
	})
	if session, err = client.Connect(ctx, near, nil); err != nil {
		serving.Close()
		return nil, nil, err
	}
	return session, func() {
		session.Close()
		serving.Wait()
	}, nil
}

// wire wires a server to AWS as the flags say, or to a local AgentCore of its
// own. change, which may be nil, changes the wiring before.
func (p *process) wire(g *globals, change func(*Wiring)) (*Server, error) {
	g.Outbound.ClientSecret = p.getenv(outbound.SecretVariable)
	if err := unfilled(outbound.SecretVariable, g.Outbound.ClientSecret); err != nil {
		return nil, err
	}
	sets, err := g.toolsets()
	if err != nil {
		return nil, err
	}
	w := Wiring{
		AWS: aws.Options{Region: g.Region, Profile: g.Profile, ReadRate: g.ReadRate, WriteRate: g.WriteRate}, Gateways: g.Gateway, ReadOnly: g.ReadOnly, Toolsets: sets, Issuers: g.Issuers, CredentialSecrets: g.Secrets, Outbound: g.Outbound, Trusted: g.Trusted, Self: g.Self,
		Log: p.log, SDKLog: p.sdkLog, Secrets: p.secrets,
		Answered: collectLater(), shelf: newShelf(g, p.getenv, false),
	}
	if w.Audit, err = p.auditor(g); err != nil {
		return nil, err
	}
	if change != nil {
		change(&w)
	}
	if !g.Local {
		return w.Wire(p.ctx)
	}
	world, err := tutorial.Start(p.ctx, tutorial.Options{Log: p.sdkLog})
	if err != nil {
		return nil, err
	}
	if err := world.Seed(p.ctx, true); err != nil {
		world.Close()
		return nil, err
	}
	s, err := w.In(world).Wire(p.ctx)
	if err != nil {
		world.Close()
		return nil, err
	}
	end := s.close
	s.close = func() { end(); world.Close() }
	return s, nil
}

// auditor is where lines on changes go. Its file stays open as long as the process.
func (p *process) auditor(g *globals) (*slog.Logger, error) {
	if g.AuditLog == "" {
		return p.log, nil
	}
	f, err := os.OpenFile(g.AuditLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--audit-log: %w", err)
	}
	return slog.New(slog.NewJSONHandler(p.secrets.Writer(&auditFile{f, p.log}), nil)), nil
}

// auditFile is a file of lines, none of which is lost without a word.
type auditFile struct {
	file io.Writer // and nothing else of it: all goes through Write
	log  *slog.Logger
}

func (a *auditFile) Write(line []byte) (int, error) {
	n, err := a.file.Write(line)
	if err != nil {
		a.log.Error("a line for the audit log cannot be written, and stands here instead", "cause", err, "line", string(line))
	}
	return n, err
}

// In is the wiring of a server in the tutorial's world.
func (w Wiring) In(world *tutorial.World) Wiring {
	w.AWS, w.Outbound = world.AWS(), world.Outbound()
	if len(w.Gateways) == 0 {
		w.Gateways, w.open = []string{tutorial.Gateway}, true
	}
	return w
}

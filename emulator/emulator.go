// Package emulator is AgentCore on localhost, as far as gateways need it: the
// operations for gateways, targets, runtimes and identity over AWS's REST-JSON
// wire, the gateways' own MCP endpoints, the runtimes' invocation URLs, and
// OpenID issuers to go with them. It is real where it counts: a synchronization
// gets a token and connects to the MCP server behind a target, tokens are
// verified, an update replaces, work goes on after the answer, and the previous
// catalogue serves until a new one is complete. docs/emulator.md lists where it
// deviates from AWS or guesses.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"golang.org/x/time/rate"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/loopback"
	"agentcore-gateway-mcp/remote"
)

// Options configures a Server. The zero value has AWS's default limits and no
// artificial delay.
type Options struct {
	// Region is that of this Server's own world, "us-east-1" when empty. Requests that
	// are signed for another one reach a world of its own, with ARNs of that region.
	Region  string
	Account string // "123456789012" when empty

	// Seed is what ids are made from: the same operations in the same order give the
	// same ids at each start. Without it they are others.
	Seed string

	// Processes serve the runtimes that are created with these names: URLs of MCP
	// endpoints on loopback addresses.
	Processes map[string]string

	// Now is the clock for timestamps and quotas; time.Now when nil.
	Now func() time.Time
	// StateDelay is the least time that a resource spends in a working state
	// (CREATING, UPDATING, SYNCHRONIZING, DELETING).
	StateDelay time.Duration
	// ColdStart is how long the process of a runtime's new version takes to answer its
	// first request: what comes earlier waits, and fails after AWS's 30 s.
	ColdStart time.Duration
	// RolePropagation is for how long a role is refused after CreateGateway has first
	// named it, as one is that IAM has just created.
	RolePropagation time.Duration
	// BodyTimeout bounds how long a request's body may take to arrive; 30 s when zero.
	BodyTimeout time.Duration
	// SyncTimeout bounds the reading of one MCP server's tools; 30 s when zero.
	SyncTimeout time.Duration

	ToolsPerTarget     int // 1,000 when zero, AWS's default quota; the tutorial has 10,000
	ToolName           int // characters, with the target's prefix; 256 when zero, any number when negative
	GatewaysPerAccount int // 1,000 when zero
	TargetsPerGateway  int // 100 when zero
	Quotas             Quotas

	// RefuseReferences and RefuseDuplicates fail a target whose tools have $ref in a
	// schema, or whose server lists two tools of one name. What AWS does is unknown.
	RefuseReferences, RefuseDuplicates bool

	// CheckCredentials makes targets sign in to their MCP servers as their
	// credential configuration says: a provider that does not exist or gives no
	// token fails the target. When false, credentials are stored and not used.
	CheckCredentials bool

	Log *slog.Logger // discards when nil
}

// Quotas are AWS's rates in requests per second and operation, as token buckets
// whose burst equals the rate. They apply to the control plane and to AgentCore
// Identity, not to invocations of runtimes and to Secrets Manager. Zero means AWS's default, negative means off.
type Quotas struct {
	Write       float64 // each Create, Update and Delete operation: 5
	Read        float64 // each Get and List operation: 10
	Synchronize float64 // SynchronizeGatewayTargets: 5, an assumption: AWS publishes no row
	Concurrent  int     // targets of one gateway that are being worked on at a time: 5
}

func (o Options) withDefaults() Options {
	setDefault(&o.Region, "us-east-1")
	setDefault(&o.Account, "123456789012")
	setDefault(&o.BodyTimeout, 30*time.Second)
	setDefault(&o.SyncTimeout, 30*time.Second)
	setDefault(&o.ToolsPerTarget, catalog.MaxDefaultTools)
	setDefault(&o.ToolName, catalog.MaxGatewayName)
	setDefault(&o.GatewaysPerAccount, 1000)
	setDefault(&o.TargetsPerGateway, 100)
	setDefault(&o.Quotas.Write, 5)
	setDefault(&o.Quotas.Read, 10)
	setDefault(&o.Quotas.Synchronize, 5)
	setDefault(&o.Quotas.Concurrent, 5)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Server is the local AgentCore: an http.Handler for control plane and data
// plane, the gateways' MCP endpoints (/gateway/{id}/mcp), the user pools
// (/cognito/{id}) and Secrets Manager's GetSecretValue. It starts no listener.
// All its methods may be called concurrently.
type Server struct {
	opts           Options
	operations     []*operation
	rules          map[string]rule
	transport      *http.Transport // to MCP servers: remote's guard, loopback allowed
	proxyTransport *http.Transport // to runtimes' processes: as transport, for answers of any length
	reader         remote.Reader
	random         *randomness
	stateDelay     atomic.Int64 // nanoseconds
	syncTimeout    atomic.Int64 // nanoseconds
	regions        *regions     // nil in one of them

	ctx    context.Context // of background jobs; ends with Close
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu             sync.Mutex
	closed         bool
	gateways       []*gateway // in order of creation
	sequence       int        // of the last record created
	tokens         map[string]creation
	faults         []*activeFault
	holds          map[types.TargetStatus][]chan struct{}
	calls          map[string]int
	limiters       map[string]*rate.Limiter
	verifiers      map[string]*auth.Verifier // by configuration
	workloadTokens map[string]workloadToken
	sessions       map[string]*authSession // by URI
	pools          map[string]*UserPool    // by id
	secrets        []*secret
	roles          map[string]time.Time // when they were first named; only with RolePropagation

	oauth2Providers    []*oauth2Provider // as all the following, in order of creation
	apiKeyProviders    []*apiKeyProvider
	workloadIdentities []*workloadIdentity
	runtimes           []*agentRuntime
	policyEngines      []*policyEngine
}

// New returns a Server without gateways. Close it when done.
func New(opts Options) *Server {
	opts = opts.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	guard := remote.Guard{AnyPort: true, Loopback: true}
	transport, proxyTransport := guard.Transport(), guard.Transport()
	proxyTransport.ResponseHeaderTimeout = 0
	s := &Server{
		opts:           opts,
		operations:     operations(),
		rules:          constraints(),
		transport:      transport,
		proxyTransport: proxyTransport,
		reader: remote.Reader{
			Transport:       transport,
			ProtocolVersion: gatewayProtocolVersion,
			MaxTools:        opts.ToolsPerTarget,
			Raw:             true, // whether AWS drops tools with a bad x-mcp-header is not known
		},
		random:         newRandomness(opts.Seed),
		regions:        &regions{all: map[string]*Server{}},
		ctx:            ctx,
		cancel:         cancel,
		tokens:         map[string]creation{},
		holds:          map[types.TargetStatus][]chan struct{}{},
		calls:          map[string]int{},
		limiters:       map[string]*rate.Limiter{},
		verifiers:      map[string]*auth.Verifier{},
		workloadTokens: map[string]workloadToken{},
		sessions:       map[string]*authSession{},
		pools:          map[string]*UserPool{},
		roles:          map[string]time.Time{},
	}
	s.SetStateDelay(opts.StateDelay)
	s.SetSyncTimeout(opts.SyncTimeout)
	return s
}

// Close ends the background jobs, which leaves their resources in the states
// they are in, and waits for them. It may be called more than once. Afterwards
// every operation that needs a job answers InternalServerException.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.closeRegions()
	s.cancel()
	s.jobs.Wait()
	s.transport.CloseIdleConnections()
	s.proxyTransport.CloseIdleConnections()
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case p == http.ErrAbortHandler:
			panic(p)
		default:
			s.opts.Log.Error("panic while answering", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			writeError(w, &apiError{code: internalServer, message: "internal error of the local AgentCore"})
		}
	}()
	// A web page must not drive a server on its visitor's machine, nor one whose
	// name leads here all of a sudden.
	if !loopback.Name(hostOf(r)) {
		writeError(w, &apiError{code: accessDenied, message: "the local AgentCore answers to loopback names only: use http://127.0.0.1 or http://localhost with its port"})
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		writeError(w, &apiError{code: accessDenied, message: "cross-origin requests are not accepted"})
		return
	}
	if crossSite(r) {
		writeError(w, &apiError{code: accessDenied, message: "requests of other sites' pages are not accepted"})
		return
	}
	s.boundBody(w, r)
	switch other := s.meant(r); other {
	case s:
	case nil:
		writeError(w, &apiError{code: serviceQuotaExceeded, message: fmt.Sprintf("region %q of the signature is none, or one more than the %d regions that the local AgentCore keeps", signedRegion(r), mostRegions)})
		return
	default:
		other.ServeHTTP(w, r)
		return
	}
	runtime, invokes := invocationPath(r.URL.EscapedPath())
	switch {
	case invokes:
		s.serveRuntime(w, r, runtime)
	case strings.HasPrefix(r.URL.Path, protectedResource):
		s.serveProtectedResource(w, r)
	case strings.HasPrefix(r.URL.Path, gatewayPath):
		s.serveGateway(w, r)
	case strings.HasPrefix(r.URL.Path, userPoolPath):
		s.serveUserPool(w, r)
	case r.URL.Path == authorizePath && r.Method == http.MethodGet:
		s.serveAuthorize(w, r)
	case !hasAWSContentType(r):
		writeError(w, &apiError{code: "UnsupportedMediaTypeException", status: http.StatusUnsupportedMediaType,
			message: "the content type is none of AWS's: send application/json, or application/x-amz-json-1.1 to Secrets Manager"})
	case r.URL.Path == "/" && strings.HasPrefix(r.Header.Get("X-Amz-Target"), secretsManagerTarget):
		s.serveSecretsManager(w, r)
	default:
		s.serveControlPlane(w, r)
	}
}

var errClosed = errors.New("the local AgentCore is closed")

// start runs job in the background until it is done or the Server closes.
// The caller holds s.mu.
func (s *Server) start(name string, job func(context.Context)) error {
	if s.closed {
		return &apiError{code: internalServer, message: errClosed.Error()}
	}
	s.jobs.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				s.opts.Log.Error("panic in a background job", "job", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		job(s.ctx)
	})
	return nil
}

// SetStateDelay sets Options.StateDelay for the work that begins from now on.
func (s *Server) SetStateDelay(d time.Duration) { s.stateDelay.Store(int64(d)) }

// SetSyncTimeout sets Options.SyncTimeout for the work that begins from now on.
func (s *Server) SetSyncTimeout(d time.Duration) { s.syncTimeout.Store(int64(d)) }

// linger waits for the least time in a working state; false when the Server closes.
func (s *Server) linger(ctx context.Context) bool {
	return s.pause(ctx, time.Duration(s.stateDelay.Load()))
}

// later starts a job that lingers, and then finishes with s.mu held, unless the Server
// closes before. The caller holds s.mu.
func (s *Server) later(name string, finish func()) error {
	return s.start(name, func(ctx context.Context) {
		if !s.linger(ctx) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		finish()
	})
}

// pause waits for d; false when the Server closes.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stamp is the current time as AWS writes it, in milliseconds, and always later
// than the record's previous stamp.
func (s *Server) stamp(previous *time.Time) *time.Time {
	now := s.opts.Now().UTC().Truncate(time.Millisecond)
	if previous != nil && !now.After(*previous) {
		now = previous.Add(time.Millisecond)
	}
	return &now
}

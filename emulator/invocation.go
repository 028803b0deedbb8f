package emulator

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/remote"
)

const (
	runtimeSessionID    = "X-Amzn-Bedrock-Agentcore-Runtime-Session-Id"
	customRuntimeHeader = "X-Amzn-Bedrock-Agentcore-Runtime-Custom-"
	mcpSessionID        = "Mcp-Session-Id"
	runtimeClientError  = "RuntimeClientError"
)

// RegisterRuntime says which process serves an agent runtime: the URL of its MCP
// endpoint, with path, on a loopback address. A later registration takes the
// place of an earlier one, which is what a redeployment is: ARN and invocation
// URL stay. Requests under way go on with the old process. An unknown runtime
// and a URL that is not on loopback are errors.
func (s *Server) RegisterRuntime(runtimeARN, address string) error {
	if err := CheckProcess(address); err != nil {
		return fmt.Errorf("the process of runtime %s: %w", runtimeARN, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.runtime(runtimeARN)
	if a == nil {
		return fmt.Errorf("no agent runtime %s: create it first", runtimeARN)
	}
	a.address = address
	return nil
}

// localContainer begins the URI of an image that stands for a process of this
// machine: local://127.0.0.1:8000/mcp is the one at http://127.0.0.1:8000/mcp.
const localContainer = "local://"

// containerProcess is the URL of the process that a runtime's container stands for, ""
// where an image or code runs.
func containerProcess(record *bedrockagentcorecontrol.GetAgentRuntimeOutput) (string, error) {
	container, ok := record.AgentRuntimeArtifact.(*types.AgentRuntimeArtifactMemberContainerConfiguration)
	if !ok || container.Value.ContainerUri == nil {
		return "", nil
	}
	process, ok := strings.CutPrefix(*container.Value.ContainerUri, localContainer)
	if !ok {
		return "", nil
	}
	address := "http://" + process
	if CheckProcess(address) != nil {
		return "", refused("A containerUri with local:// must name a process on a loopback address, like local://127.0.0.1:8000/mcp")
	}
	return address, nil
}

// CheckProcess refuses an address that is not the URL of a server on this machine.
func CheckProcess(address string) error {
	u, err := remote.Guard{AnyPort: true, Loopback: true}.CheckEndpoint(address)
	if err == nil && !onLoopback(*u) {
		err = fmt.Errorf("%s is not on a loopback address, like http://127.0.0.1:8000/mcp", u.Host)
	}
	return err
}

func onLoopback(u url.URL) bool {
	u.Scheme = "http"
	return plainLoopback(u.String())
}

// invocationPath returns the runtime that an escaped path /runtimes/{arn}/invocations names.
func invocationPath(escapedPath string) (runtime string, ok bool) {
	parts := segments(escapedPath)
	if len(parts) != 3 || parts[0] != "runtimes" || parts[2] != "invocations" {
		return "", false
	}
	runtime, err := url.PathUnescape(parts[1])
	return runtime, err == nil && runtime != ""
}

// reach is where an endpoint is asked: the URL of a runtime that exists here leads
// here, though it names AWS's host.
func (s *Server) reach(endpoint, origin string) string {
	u, ok := aws.OnDataPlane(endpoint, s.opts.Region)
	if !ok {
		return endpoint
	}
	runtime, ok := invocationPath(u.EscapedPath())
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || s.runtime(runtime) == nil {
		return endpoint
	}
	return origin + u.RequestURI()
}

// invocation is what a request to a runtime needs to know of it.
type invocation struct {
	address string
	jwt     *types.CustomJWTAuthorizerConfiguration
	headers []string      // that the process may see beside the usual ones
	cold    time.Duration // until the process answers
}

// serveRuntime passes a request for a runtime, of any method, on to its process.
func (s *Server) serveRuntime(w http.ResponseWriter, r *http.Request, runtime string) {
	w.Header().Set("X-Amzn-RequestId", requestID())
	ctx, cancel := context.WithCancel(r.Context()) // ends with the Server, too
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	r = r.WithContext(ctx)
	s.withFaults(w, r, "InvokeAgentRuntime", func(w http.ResponseWriter) {
		call, failure := s.invocation(runtime, r.URL.Query().Get("qualifier"))
		if failure == nil {
			failure = s.authorizeInvocation(w, r, call)
		}
		if failure == nil && call.address == "" {
			s.opts.Log.Warn("a runtime has no process: give it a container URI like local://127.0.0.1:8000/mcp, or start with --runtime NAME=URL", "runtime", runtime)
		}
		wait, started := startsIn(call.cold)
		if failure == nil && (!s.pause(r.Context(), wait) || call.address == "" || !started) {
			failure = &apiError{
				code: runtimeClientError, status: http.StatusFailedDependency,
				message: "Runtime initialization time exceeded. Please make sure that initialization completes in 30s.",
			}
		}
		if failure != nil {
			writeError(w, failure)
			return
		}
		if r.ContentLength > 0 && r.ContentLength <= maxBody {
			// Sent in one piece: a process that answers before it has read all must not have
			// its answer broken off.
			body, err := io.ReadAll(r.Body)
			if err != nil {
				writeError(w, cannotParse("the body could not be read, or is larger than %d bytes", maxBody))
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		s.proxy(call).ServeHTTP(w, r)
	})
}

// initialization is how long AWS waits for a process to start.
const initialization = 30 * time.Second

// startsIn is how long a request waits for a process that is cold for a while yet, and
// whether it has started by then.
func startsIn(cold time.Duration) (wait time.Duration, started bool) {
	return min(cold, initialization), cold <= initialization
}

// coldness is for how long a version's process does not answer yet. The caller holds
// s.mu.
func (s *Server) coldness(v *runtimeVersion) time.Duration {
	if s.opts.ColdStart <= 0 {
		return 0
	}
	now := s.opts.Now()
	if v.asked.IsZero() {
		v.asked = now
	}
	return v.asked.Add(s.opts.ColdStart).Sub(now)
}

// serving is the version that an endpoint serves, nil where there is none, or none yet.
func (a *agentRuntime) serving(endpoint string) *runtimeVersion {
	if a == nil || a.endpoint(endpoint) == nil || a.endpoint(endpoint).record.LiveVersion == nil {
		return nil
	}
	live := *a.endpoint(endpoint).record.LiveVersion
	i := slices.IndexFunc(a.versions, func(v *runtimeVersion) bool { return *v.record.AgentRuntimeVersion == live })
	if i < 0 {
		return nil
	}
	return a.versions[i]
}

func (s *Server) invocation(runtime, qualifier string) (invocation, *apiError) {
	setDefault(&qualifier, defaultEndpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.runtime(runtime)
	serving := a.serving(qualifier)
	if serving == nil {
		return invocation{}, &apiError{code: resourceNotFound, message: fmt.Sprintf("No endpoint or agent found with qualifier '%s' for agent '%s'", qualifier, runtime)}
	}
	record := &serving.record
	call := invocation{address: cmp.Or(serving.address, a.address), cold: s.coldness(serving), jwt: jwtAuthorizer(record.AuthorizerConfiguration)}
	if list, ok := record.RequestHeaderConfiguration.(*types.RequestHeaderConfigurationMemberRequestHeaderAllowlist); ok {
		call.headers = list.Value
	}
	return call, nil
}

// authorizeInvocation is the runtime's own authorizer: its customJWTAuthorizer,
// or SigV4 where it has none.
func (s *Server) authorizeInvocation(w http.ResponseWriter, r *http.Request, call invocation) *apiError {
	header := r.Header.Get("Authorization")
	signed := strings.HasPrefix(header, sigV4)
	if header != "" && signed == (call.jwt != nil) {
		return &apiError{code: accessDenied, message: "Authorization method mismatch. The agent is configured for a different authorization method than what was used in your request. Check the agent's authorization configuration and ensure your request uses the matching method (OAuth or SigV4)"}
	}
	if call.jwt == nil {
		return s.checkSigned(r)
	}
	_, denied := s.checkBearer(r, call.jwt)
	switch {
	case denied == nil:
		return nil
	case denied.status == http.StatusServiceUnavailable:
		return &apiError{code: "ServiceUnavailableException", message: "The service is temporarily unavailable"}
	}
	w.Header().Set("WWW-Authenticate", denied.challenge)
	message := "Invalid Bearer token"
	if denied.missing {
		message = "Missing Authentication Token"
	}
	return &apiError{code: "UnauthorizedException", status: denied.status, message: message}
}

// proxy passes a request on over the wire. The process sees its own address as
// Host, as the platform's internal name is no public one either.
func (s *Server) proxy(call invocation) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport:     s.proxyTransport,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug), // an answer that breaks off is the caller's to see
		Rewrite: func(p *httputil.ProxyRequest) {
			target, err := url.Parse(call.address)
			if err != nil { // not reached: it was checked when it was registered
				return
			}
			p.Out.URL, p.Out.Host = target, ""
			p.Out.Header = call.passed(p.Out.Header)
		},
		ModifyResponse: func(resp *http.Response) error {
			for _, name := range []string{runtimeSessionID, mcpSessionID} {
				if resp.Header.Get(name) == "" {
					resp.Header.Set(name, resp.Request.Header.Get(name))
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			s.opts.Log.Warn("a runtime's process did not answer", "error", err)
			writeError(w, &apiError{
				code: runtimeClientError, status: http.StatusFailedDependency,
				message: "An error occurred when starting the runtime. Please check your CloudWatch logs for more information.",
			})
		},
	}
}

// passed are the headers that the process gets: no credentials and no custom
// headers unless the runtime's allow-list names them, and the ids of a session
// that the platform makes up where the client has sent none.
func (c invocation) passed(sent http.Header) http.Header {
	allowed := func(name string) bool {
		return slices.ContainsFunc(c.headers, func(h string) bool { return strings.EqualFold(h, name) })
	}
	passed := http.Header{}
	for name, values := range sent {
		switch {
		case name == "Cookie", strings.HasPrefix(name, "X-Amz-"):
			continue // SigV4's
		case name == "Authorization" && (c.jwt == nil || !allowed(name)):
			continue
		case strings.HasPrefix(name, customRuntimeHeader) && !allowed(name):
			continue
		}
		passed[name] = values
	}
	for _, name := range []string{runtimeSessionID, mcpSessionID} {
		if passed.Get(name) == "" {
			passed.Set(name, requestID())
		}
	}
	return passed
}

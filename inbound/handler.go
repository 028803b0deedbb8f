package inbound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/loopback"
)

// Endpoints are an MCP server as its callers may see it.
type Endpoints struct {
	Full    http.Handler           // every tool
	Reading func() http.Handler    // tools that change nothing; called where callers differ in power
	Changes func(tool string) bool // whether a tool changes something
	Busy    func() bool            // whether work goes on between requests
	// Refused is told of a call of a tool that changes something, by somebody whose
	// token allows only reading.
	Refused func(caller, tool string, arguments json.RawMessage, calls int)
}

// Handler is the server's HTTP face for callers who are checked as the policy
// says: /mcp, /ping for the platform, and the resource's metadata. addr is where
// it listens. The error says which setting cannot be.
func (p *Policy) Handler(door *Door, to Endpoints, addr string, log *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		status := "Healthy"
		if to.Busy() { // AgentCore Runtime then keeps the session
			status = "HealthyBusy"
		}
		fmt.Fprintf(w, `{"status":%q}`, status)
	})
	endpoint := door.AdmitAnswered(door.WholeBody(to.Full))
	if p.Auth == "jwt" {
		verifier, err := p.verifier(log)
		if err != nil {
			return nil, err
		}
		resource := auth.Resource{URL: p.ResourceURL, Name: "agentcore-gateway-mcp"}
		if resource.URL == "" {
			resource.URL = "http://" + addr + "/mcp"
		}
		for _, scope := range []string{p.ReadScope, p.WriteScope} {
			if scope != "" {
				resource.Scopes = append(resource.Scopes, scope)
			}
		}
		if _, err := resource.MetadataURL(); err != nil {
			return nil, fmt.Errorf("--resource-url: %w", err)
		}
		for _, path := range resource.MetadataPaths() {
			mux.Handle(path, verifier.Metadata(resource))
		}
		endpoint = verifier.Protect(resource, (&guarded{p, resource, door, to.Full, to.Reading(), to.Changes, to.Refused}).serve)
	}
	mux.Handle("/mcp", p.refuseBrowsers(endpoint))
	return p.allowHosts(addr, mux), nil
}

// refuseBrowsers keeps web pages out: of other origins always, and with --auth
// platform all, because there the names of hosts prove nothing.
func (p *Policy) refuseBrowsers(next http.Handler) http.Handler {
	if p.Auth != "platform" {
		return http.NewCrossOriginProtection().Handler(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Values("Origin") != nil {
			http.Error(w, "web pages are not served here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guarded is an MCP endpoint behind bearer tokens.
type guarded struct {
	policy   *Policy
	resource auth.Resource
	door     *Door
	full     http.Handler // every tool
	reading  http.Handler // tools that change nothing
	changes  func(tool string) bool
	refused  func(caller, tool string, arguments json.RawMessage, calls int)
}

// CallerHeader is set on requests whose token was verified. It has the caller's issuer,
// subject and client, as a JSON object.
const CallerHeader = "X-Agentcore-Gateway-Mcp-Caller"

func callerName(p *auth.Principal) string {
	name, _ := json.Marshal(struct { // strings have JSON
		Issuer  string `json:"issuer"`
		Subject string `json:"subject,omitempty"`
		Client  string `json:"client,omitempty"`
	}{p.Issuer, p.Subject, p.ClientID})
	return string(name)
}

// serve answers a caller whose token was verified: only now, and only where some
// tool is allowed, is the body read.
func (g *guarded) serve(w http.ResponseWriter, r *http.Request, p *auth.Principal) {
	g.door.Admit(r)
	r.Header.Set(CallerHeader, callerName(p))
	writes, reads := g.policy.power(p)
	if !reads {
		g.stepUp(w, g.policy.ReadScope)
		return
	}
	g.door.WholeBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if writes {
			g.full.ServeHTTP(w, r)
			return
		}
		calls := g.callsWriting(r)
		if len(calls) == 0 {
			g.reading.ServeHTTP(w, r)
			return
		}
		g.refused(callerName(p), calls[0].name, calls[0].arguments, len(calls)) // one for all: a body holds many
		g.stepUp(w, g.policy.WriteScope)
	})).ServeHTTP(w, r)
}

// stepUp tells a caller which scope the request needs (RFC 6750, section 3.1).
func (g *guarded) stepUp(w http.ResponseWriter, scope string) {
	w.Header().Set("WWW-Authenticate", auth.Challenge(g.resource, "insufficient_scope", scope))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	io.WriteString(w, `{"error":"insufficient_scope"}`)
}

// toolCall is what is read of a call of a tool.
type toolCall struct {
	name      string
	arguments json.RawMessage
}

// callsWriting are the calls in a request of tools that change something. It leaves the
// body to be read again. What it does not understand it leaves to a server that has only
// tools that change nothing.
func (g *guarded) callsWriting(r *http.Request) (calls []toolCall) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	// Members go by their exact names, as the MCP SDK has it: in a map, and not in a struct.
	batch := make([]map[string]json.RawMessage, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) { // the revision of 2025-03-26 has batches
		_ = json.Unmarshal(body, &batch)
	} else {
		_ = json.Unmarshal(body, &batch[0])
	}
	for _, message := range batch {
		var method, name string
		var params map[string]json.RawMessage
		_ = json.Unmarshal(message["method"], &method)
		_ = json.Unmarshal(message["params"], &params)
		_ = json.Unmarshal(params["name"], &name)
		if method == "tools/call" && g.changes(name) {
			calls = append(calls, toolCall{name, params["arguments"]})
		}
	}
	return calls
}

// allowHosts refuses requests that name another host than those allowed: a
// browser that was led here by DNS rebinding does.
func (p *Policy) allowHosts(addr string, next http.Handler) http.Handler {
	listen, _, _ := net.SplitHostPort(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		allowed := len(p.AllowedHosts) == 0 && (loopback.Host(host) || !loopback.Host(listen)) ||
			slices.ContainsFunc(p.AllowedHosts, func(a string) bool { return strings.EqualFold(a, host) })
		if !allowed {
			http.Error(w, "this host is not served here; --allowed-hosts names those that are", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

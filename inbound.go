package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/tools"
)

// inboundFlags say who may call over HTTP. The names are those of AgentCore's
// own authorizer, so that one configuration serves both.
type inboundFlags struct {
	Auth            string
	DiscoveryURL    string
	AllowedAudience list
	AllowedClients  list
	AllowedScopes   list
	CustomClaims    string
	Algorithms      list
	ReadScope       string
	WriteScope      string
	ResourceURL     string
	AllowedHosts    list
}

func (f *inboundFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&f.Auth, "auth", "none", "`WHO` Who checks the callers: none (loopback only), jwt (this server), platform (AgentCore Runtime has done it; only reading tools, unless --read-only=false).")
	fs.StringVar(&f.DiscoveryURL, "discovery-url", "", "`URL` Discovery document of the issuer of the callers' tokens, …/.well-known/openid-configuration (jwt).")
	fs.Var(&f.AllowedAudience, "allowed-audience", "`AUD` Audience that a token must be for (jwt). Lists are repeatable or comma-separated.")
	fs.Var(&f.AllowedClients, "allowed-clients", "`ID` Client that a token must be of (jwt).")
	fs.Var(&f.AllowedScopes, "allowed-scopes", "`SCOPE` Scope that a token must have (jwt); one of them is enough.")
	fs.StringVar(&f.CustomClaims, "custom-claims", "", "`JSON` Further claims to match, in AWS's JSON (jwt).")
	fs.Var(&f.Algorithms, "algorithms", "`ALG` Signature algorithms to accept (jwt); default RS256, ES256.")
	fs.StringVar(&f.ReadScope, "read-scope", "", "`SCOPE` Scope without which a caller sees nothing (jwt).")
	fs.StringVar(&f.WriteScope, "write-scope", "", "`SCOPE` Scope without which a caller has only tools that change nothing (jwt).")
	fs.StringVar(&f.ResourceURL, "resource-url", "", "`URL` The URL of /mcp as clients write it; default http://ADDR/mcp on loopback (jwt).")
	fs.Var(&f.AllowedHosts, "allowed-hosts", "`HOST` Host names that requests may name; default: loopback names when listening on loopback, else any.")
}

// check refuses settings with which strangers would get in, or which would have
// no effect. addr is where the server will listen.
func (f *inboundFlags) check(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr %q is not host:port: give one such as 127.0.0.1:8000", addr)
	}
	if f.Auth != "none" && f.Auth != "jwt" && f.Auth != "platform" {
		return fmt.Errorf("--auth %q is none of none, jwt, platform", f.Auth)
	}
	if f.Auth == "none" && !isLoopback(host) {
		return fmt.Errorf("--addr %s is not a loopback address: without authentication every caller who reaches it would have your AWS rights; give 127.0.0.1, or --auth jwt, or --auth platform on AgentCore Runtime", addr)
	}
	if f.Auth != "jwt" {
		for name, set := range map[string]bool{
			"discovery-url": f.DiscoveryURL != "", "allowed-audience": f.AllowedAudience != nil, "allowed-clients": f.AllowedClients != nil,
			"allowed-scopes": f.AllowedScopes != nil, "custom-claims": f.CustomClaims != "", "algorithms": f.Algorithms != nil,
			"read-scope": f.ReadScope != "", "write-scope": f.WriteScope != "", "resource-url": f.ResourceURL != "",
		} {
			if set {
				return fmt.Errorf("--%s has no effect with --auth %s: give --auth jwt, or leave it out", name, f.Auth)
			}
		}
		return nil
	}
	switch {
	case f.DiscoveryURL == "":
		return errors.New("--auth jwt needs --discovery-url: the issuer's …/.well-known/openid-configuration")
	case len(f.AllowedAudience)+len(f.AllowedClients) == 0:
		return errors.New("--auth jwt needs --allowed-audience or --allowed-clients: without them every token of the issuer would do (Cognito's access tokens have no audience: give the clients)")
	case f.ReadScope != "" && f.ReadScope == f.WriteScope:
		return errors.New("--read-scope and --write-scope are the same: everybody with it could write; give another one, or --write-scope alone")
	case f.ResourceURL == "" && !isLoopback(host):
		return errors.New("--auth jwt needs --resource-url on an address that is not loopback: the https URL of /mcp as clients write it, to which the challenge refers them")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// verifier makes the checker of callers' tokens.
func (f *inboundFlags) verifier(log *slog.Logger) (*auth.Verifier, error) {
	var claims []auth.CustomClaim
	if f.CustomClaims != "" {
		var err error
		if claims, err = auth.ParseCustomClaims([]byte(f.CustomClaims)); err != nil {
			return nil, fmt.Errorf("--custom-claims: %w", err)
		}
	}
	u, err := url.Parse(f.DiscoveryURL)
	if err != nil {
		return nil, errors.New("--discovery-url is not a URL")
	}
	return auth.NewVerifier(auth.Config{
		DiscoveryURL: f.DiscoveryURL, AllowedAudience: f.AllowedAudience, AllowedClients: f.AllowedClients, AllowedScopes: f.AllowedScopes,
		CustomClaims: claims, Algorithms: f.Algorithms, Loopback: isLoopback(u.Hostname()), Log: log,
	})
}

// guarded is an MCP endpoint behind bearer tokens, with one server for each
// power that a caller can have.
type guarded struct {
	flags    *inboundFlags
	resource auth.Resource
	door     *inbound.Door
	full     http.Handler // every tool
	reading  http.Handler // tools that change nothing
}

// power is what a caller's scopes allow: tools that change something, and any.
func (f *inboundFlags) power(p *auth.Principal) (writes, reads bool) {
	reads = f.ReadScope == "" || p.HasScope(f.ReadScope)
	writes = reads
	if f.WriteScope != "" {
		writes = p.HasScope(f.WriteScope)
	}
	return writes, reads || writes
}

// serve answers a caller whose token was verified: only now, and only where some
// tool is allowed, is the body read.
func (g *guarded) serve(w http.ResponseWriter, r *http.Request, p *auth.Principal) {
	g.door.Admit(r)
	writes, reads := g.flags.power(p)
	if !reads {
		g.stepUp(w, g.flags.ReadScope)
		return
	}
	g.door.WholeBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case writes:
			g.full.ServeHTTP(w, r)
		case callsWriting(r):
			g.stepUp(w, g.flags.WriteScope)
		default:
			g.reading.ServeHTTP(w, r)
		}
	})).ServeHTTP(w, r)
}

// stepUp tells a caller which scope the request needs (RFC 6750, section 3.1).
func (g *guarded) stepUp(w http.ResponseWriter, scope string) {
	w.Header().Set("WWW-Authenticate", auth.Challenge(g.resource, "insufficient_scope", scope))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	io.WriteString(w, `{"error":"insufficient_scope"}`)
}

// callsWriting reports whether a request calls a tool that changes something,
// and leaves its body to be read again. What it does not understand it leaves
// to a server that has only tools that change nothing.
func callsWriting(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	type message struct {
		Method string
		Params struct{ Name string }
	}
	batch := make([]message, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) { // the revision of 2025-03-26 has batches
		_ = json.Unmarshal(body, &batch)
	} else {
		_ = json.Unmarshal(body, &batch[0])
	}
	return slices.ContainsFunc(batch, func(m message) bool { return m.Method == "tools/call" && tools.Writes(m.Params.Name) })
}

// allowHosts refuses requests that name another host than those allowed: a
// browser that was led here by DNS rebinding does.
func (f *inboundFlags) allowHosts(addr string, next http.Handler) http.Handler {
	listen, _, _ := net.SplitHostPort(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		allowed := len(f.AllowedHosts) == 0 && (isLoopback(host) || !isLoopback(listen)) ||
			slices.ContainsFunc(f.AllowedHosts, func(a string) bool { return strings.EqualFold(a, host) })
		if !allowed {
			http.Error(w, "this host is not served here; --allowed-hosts names those that are", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

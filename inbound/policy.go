package inbound

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/loopback"
)

// Policy says who may call over HTTP. Its names are those of AgentCore's own
// authorizer, so that one configuration serves both.
type Policy struct {
	Auth            string // who checks the callers: none, jwt (this server), platform (AgentCore Runtime)
	DiscoveryURL    string
	AllowedAudience []string
	AllowedClients  []string
	AllowedScopes   []string
	CustomClaims    string // AWS's JSON
	Algorithms      []string
	ReadScope       string
	WriteScope      string
	ResourceURL     string   // of /mcp as clients write it; "" for the address it listens on
	AllowedHosts    []string // names that requests may name; none for the default
}

// Check refuses settings with which strangers would get in, or which would have
// no effect, and names the flags that set them. addr is where the server will
// listen.
func (p *Policy) Check(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr %q is not host:port: give one such as 127.0.0.1:8000", addr)
	}
	if p.Auth != "none" && p.Auth != "jwt" && p.Auth != "platform" {
		return fmt.Errorf("--auth %q is none of none, jwt, platform", p.Auth)
	}
	if p.Auth == "none" && !loopback.Host(host) {
		return fmt.Errorf("--addr %s is not a loopback address: without authentication every caller who reaches it would have your AWS rights; give 127.0.0.1, or --auth jwt, or --auth platform on AgentCore Runtime", addr)
	}
	if p.Auth != "jwt" {
		for name, set := range map[string]bool{
			"discovery-url": p.DiscoveryURL != "", "allowed-audience": p.AllowedAudience != nil, "allowed-clients": p.AllowedClients != nil,
			"allowed-scopes": p.AllowedScopes != nil, "custom-claims": p.CustomClaims != "", "algorithms": p.Algorithms != nil,
			"read-scope": p.ReadScope != "", "write-scope": p.WriteScope != "", "resource-url": p.ResourceURL != "",
		} {
			if set {
				return fmt.Errorf("--%s has no effect with --auth %s: give --auth jwt, or leave it out", name, p.Auth)
			}
		}
		return nil
	}
	switch {
	case p.DiscoveryURL == "":
		return errors.New("--auth jwt needs --discovery-url: the issuer's …/.well-known/openid-configuration")
	case len(p.AllowedAudience)+len(p.AllowedClients) == 0:
		return errors.New("--auth jwt needs --allowed-audience or --allowed-clients: without them every token of the issuer would do (Cognito's access tokens have no audience: give the clients)")
	case p.ReadScope != "" && p.ReadScope == p.WriteScope:
		return errors.New("--read-scope and --write-scope are the same: everybody with it could write; give another one, or --write-scope alone")
	case p.ResourceURL == "" && !loopback.Host(host):
		return errors.New("--auth jwt needs --resource-url on an address that is not loopback: the https URL of /mcp as clients write it, to which the challenge refers them")
	}
	return nil
}

// verifier makes the checker of callers' tokens.
func (p *Policy) verifier(log *slog.Logger) (*auth.Verifier, error) {
	var claims []auth.CustomClaim
	if p.CustomClaims != "" {
		var err error
		if claims, err = auth.ParseCustomClaims([]byte(p.CustomClaims)); err != nil {
			return nil, fmt.Errorf("--custom-claims: %w", err)
		}
	}
	u, err := url.Parse(p.DiscoveryURL)
	if err != nil {
		return nil, errors.New("--discovery-url is not a URL")
	}
	return auth.NewVerifier(auth.Config{
		DiscoveryURL: p.DiscoveryURL, AllowedAudience: p.AllowedAudience, AllowedClients: p.AllowedClients, AllowedScopes: p.AllowedScopes,
		CustomClaims: claims, Algorithms: p.Algorithms, Loopback: loopback.Host(u.Hostname()), Log: log,
	})
}

// power is what a caller's scopes allow: tools that change something, and any.
func (p *Policy) power(caller *auth.Principal) (writes, reads bool) {
	reads = p.ReadScope == "" || caller.HasScope(p.ReadScope)
	writes = reads
	if p.WriteScope != "" {
		writes = caller.HasScope(p.WriteScope)
	}
	return writes, reads || writes
}

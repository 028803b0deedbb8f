package inbound

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"agentcore-gateway-mcp/auth"
)

func TestPolicyCheck(t *testing.T) {
	const discovery = "https://issuer.example/.well-known/openid-configuration"
	jwt := func(change func(*Policy)) Policy {
		p := Policy{Auth: "jwt", DiscoveryURL: discovery, AllowedClients: []string{"c"}}
		change(&p)
		return p
	}
	const loopback, open = "127.0.0.1:8000", "0.0.0.0:8000"
	for name, c := range map[string]struct {
		policy Policy
		addr   string
		want   string // "" for none
	}{
		"none on loopback":        {Policy{Auth: "none"}, loopback, ""},
		"none on localhost":       {Policy{Auth: "none"}, "localhost:8000", ""},
		"none on IPv6 loopback":   {Policy{Auth: "none"}, "[::1]:8000", ""},
		"none for all":            {Policy{Auth: "none"}, open, "is not a loopback address"},
		"none on every interface": {Policy{Auth: "none"}, ":8000", "is not a loopback address"},
		"none, below localhost":   {Policy{Auth: "none"}, "a.localhost:8000", "is not a loopback address"},
		"platform for all":        {Policy{Auth: "platform"}, open, ""},
		"no port":                 {Policy{Auth: "none"}, "127.0.0.1", "is not host:port"},
		"another auth":            {Policy{Auth: "basic"}, loopback, "none of none, jwt, platform"},
		"audience without jwt":    {Policy{Auth: "platform", AllowedAudience: []string{"a"}}, open, "--allowed-audience has no effect"},
		"scope without jwt":       {Policy{Auth: "none", WriteScope: "w"}, loopback, "--write-scope has no effect"},
		"URL without jwt":         {Policy{Auth: "none", ResourceURL: "https://h/mcp"}, loopback, "--resource-url has no effect"},
		"hosts without jwt":       {Policy{Auth: "none", AllowedHosts: []string{"h"}}, loopback, ""},
		"jwt":                     {jwt(func(*Policy) {}), loopback, ""},
		"jwt for an audience":     {jwt(func(p *Policy) { p.AllowedClients, p.AllowedAudience = nil, []string{"a"} }), loopback, ""},
		"jwt for everybody":       {jwt(func(p *Policy) { p.AllowedClients = nil }), loopback, "--allowed-audience or --allowed-clients"},
		"jwt of nobody":           {jwt(func(p *Policy) { p.DiscoveryURL = "" }), loopback, "needs --discovery-url"},
		"jwt, one scope for both": {jwt(func(p *Policy) { p.ReadScope, p.WriteScope = "s", "s" }), loopback, "are the same"},
		"jwt, scopes":             {jwt(func(p *Policy) { p.ReadScope, p.WriteScope = "r", "w" }), loopback, ""},
		"jwt for all":             {jwt(func(*Policy) {}), open, "needs --resource-url"},
		"jwt for all at a URL":    {jwt(func(p *Policy) { p.ResourceURL = "https://h/mcp" }), open, ""},
	} {
		err := c.policy.Check(c.addr)
		if err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestPower(t *testing.T) {
	for name, c := range map[string]struct {
		read, write   string
		has           []string
		writes, reads bool
	}{
		"no scopes asked for":         {"", "", nil, true, true},
		"read asked for, absent":      {"r", "", nil, false, false},
		"read asked for":              {"r", "", []string{"r"}, true, true},
		"write asked for, absent":     {"", "w", nil, false, true},
		"write asked for":             {"", "w", []string{"w"}, true, true},
		"both asked for, both absent": {"r", "w", []string{"x"}, false, false},
		"both asked for, one of them": {"r", "w", []string{"r"}, false, true},
		"writing includes reading":    {"r", "w", []string{"w"}, true, true},
	} {
		p := Policy{ReadScope: c.read, WriteScope: c.write}
		if writes, reads := p.power(&auth.Principal{Scopes: c.has}); writes != c.writes || reads != c.reads {
			t.Errorf("%s: writes %t, reads %t", name, writes, reads)
		}
	}
}

func TestAllowedHosts(t *testing.T) {
	for _, c := range []struct {
		listens string
		allowed []string
		host    string
		want    int
	}{
		{"127.0.0.1:8000", nil, "127.0.0.1:8000", 200},
		{"127.0.0.1:8000", nil, "LOCALHOST:8000", 200},
		{"127.0.0.1:8000", nil, "[::1]:8000", 200},
		{"127.0.0.1:8000", nil, "evil.example:8000", 403},
		{"127.0.0.1:8000", nil, "a.localhost:8000", 403},
		{"[::]:8000", nil, "evil.example", 200},
		{"[::]:8000", []string{"h.example"}, "H.example:443", 200},
		{"[::]:8000", []string{"h.example"}, "127.0.0.1:8000", 403},
		{"127.0.0.1:8000", []string{"h.example"}, "h.example.evil.example", 403},
	} {
		h := (&Policy{AllowedHosts: c.allowed}).allowHosts(c.listens, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		req := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		req.Host = c.host
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, req); w.Code != c.want {
			t.Errorf("%s on %s, allowed %q: %d", c.host, c.listens, c.allowed, w.Code)
		}
	}
}

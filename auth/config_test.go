package auth_test

import (
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/auth"
)

func TestConfig(t *testing.T) {
	const openID = "https://issuer.example.com/pool/.well-known/openid-configuration"
	good := auth.Config{DiscoveryURL: openID, AllowedClients: []string{"agent"}}
	for _, tc := range []struct {
		name   string
		change func(*auth.Config)
		err    string // "" when it is accepted
		issuer string
	}{
		{"OpenID", func(*auth.Config) {}, "", "https://issuer.example.com/pool"},
		{"OpenID at the root", func(c *auth.Config) { c.DiscoveryURL = "https://issuer.example.com/.well-known/openid-configuration" }, "", "https://issuer.example.com"},
		{"RFC 8414 at the root", func(c *auth.Config) {
			c.DiscoveryURL = "https://issuer.example.com/.well-known/oauth-authorization-server"
		}, "", "https://issuer.example.com"},
		{"RFC 8414 with a path", func(c *auth.Config) {
			c.DiscoveryURL = "https://issuer.example.com/.well-known/oauth-authorization-server/pool"
		}, "", "https://issuer.example.com/pool"},
		{"RFC 8414 appended", func(c *auth.Config) {
			c.DiscoveryURL = "https://issuer.example.com/pool/.well-known/oauth-authorization-server"
		}, "ends neither in", ""},
		{"loopback", func(c *auth.Config) {
			c.DiscoveryURL, c.Loopback = "http://127.0.0.1:1/.well-known/openid-configuration", true
		}, "", "http://127.0.0.1:1"},
		{"loopback not allowed", func(c *auth.Config) { c.DiscoveryURL = "http://[::1]:1/.well-known/openid-configuration" }, "local mode only", ""},
		{"http", func(c *auth.Config) {
			c.DiscoveryURL, c.Loopback = "http://issuer.example.com/.well-known/openid-configuration", true
		}, "plain http", ""},
		{"loopback by look", func(c *auth.Config) {
			c.DiscoveryURL, c.Loopback = "http://127.0.0.1.example.com/.well-known/openid-configuration", true
		}, "plain http", ""},
		{"no discovery URL", func(c *auth.Config) { c.DiscoveryURL = "" }, "no discovery URL is given", ""},
		{"an issuer instead", func(c *auth.Config) { c.DiscoveryURL = "https://issuer.example.com" }, "ends neither in", ""},
		{"userinfo", func(c *auth.Config) {
			c.DiscoveryURL = "https://canary:canary@issuer.example.com/.well-known/openid-configuration"
		}, "user name or password", ""},
		{"query", func(c *auth.Config) {
			c.DiscoveryURL = "https://issuer.example.com/?canary=/.well-known/openid-configuration"
		}, "has a query", ""},
		{"fragment", func(c *auth.Config) { c.DiscoveryURL = openID + "#canary" }, "fragment", ""},
		{"file", func(c *auth.Config) { c.DiscoveryURL = "file://x/.well-known/openid-configuration" }, "scheme", ""},
		{"relative", func(c *auth.Config) { c.DiscoveryURL = "/.well-known/openid-configuration" }, "not an absolute URL", ""},
		{"neither audience nor client", func(c *auth.Config) { c.AllowedClients, c.AllowedScopes = nil, []string{"s"} }, "neither allowed audiences nor allowed clients", ""},
		{"empty client", func(c *auth.Config) { c.AllowedClients = []string{""} }, `allowed clients hold ""`, ""},
		{"client with a space", func(c *auth.Config) { c.AllowedClients = []string{"a "} }, "surrounding space", ""},
		{"HS256", func(c *auth.Config) { c.Algorithms = []string{"RS256", "HS256"} }, `"HS256" is not accepted`, ""},
		{"none", func(c *auth.Config) { c.Algorithms = []string{"none"} }, `"none" is not accepted`, ""},
		{"RSA-OAEP", func(c *auth.Config) { c.Algorithms = []string{"RSA-OAEP"} }, "is not accepted", ""},
		{"five minutes", func(c *auth.Config) { c.Skew = 5 * time.Minute }, "", "https://issuer.example.com/pool"},
		{"more", func(c *auth.Config) { c.Skew = 5*time.Minute + 1 }, "clock skew", ""},
		{"negative", func(c *auth.Config) { c.Skew = -1 }, "clock skew", ""},
		{"bad custom claim", func(c *auth.Config) { c.CustomClaims = []auth.CustomClaim{{Name: "x"}} }, "inboundTokenClaimValueType", ""},
	} {
		cfg := good
		tc.change(&cfg)
		v, err := auth.NewVerifier(cfg)
		switch {
		case tc.err == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.err == "" && v.Issuer() != tc.issuer:
			t.Errorf("%s: issuer %s", tc.name, v.Issuer())
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "canary")):
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestParseCustomClaims(t *testing.T) {
	rule := func(typ, operator, value string) string {
		return `[{"inboundTokenClaimName":"c","inboundTokenClaimValueType":"` + typ + `","authorizingClaimMatchValue":{"claimMatchOperator":"` + operator + `","claimMatchValue":` + value + `}}]`
	}
	const one, list = `{"matchValueString":"a"}`, `{"matchValueStringList":["a","b"]}`
	i := newIssuer(t)
	for _, tc := range []struct {
		json, err string
		yes, no   []any // values of the claim that match, and that do not
	}{
		{rule("STRING", "EQUALS", one), "", []any{"a"}, []any{"A", "ab", "", []string{"a"}, 1, nil}},
		{rule("STRING_ARRAY", "CONTAINS", one), "", []any{[]string{"a"}, []string{"x", "a"}}, []any{"a", "a b", []string{}, []string{"b"}, []any{"a", 1}, []any{"a", nil}, nil}},
		{rule("STRING_ARRAY", "CONTAINS_ANY", list), "", []any{[]string{"b"}, []string{"x", "a", "b"}}, []any{"a", []string{"c"}, []string{}, nil}},
		{rule("STRING", "CONTAINS", one), "a STRING is compared with EQUALS", nil, nil},
		{rule("STRING_ARRAY", "EQUALS", one), "a STRING_ARRAY is compared with", nil, nil},
		{rule("STRING", "EQUALS", list), "EQUALS compares with a matchValueString", nil, nil},
		{rule("STRING_ARRAY", "CONTAINS", list), "CONTAINS compares with a matchValueString", nil, nil},
		{rule("STRING_ARRAY", "CONTAINS_ANY", one), "matchValueStringList", nil, nil},
		{rule("NUMBER", "EQUALS", one), `"NUMBER": give STRING or STRING_ARRAY`, nil, nil},
		{rule("STRING", "EQUALS", `{}`), "give one of", nil, nil},
		{rule("STRING", "EQUALS", `{"matchValueString":"a","matchValueStringList":["a"]}`), "give one of", nil, nil},
		{rule("STRING", "EQUALS", `{"matchValueString":""}`), "empty string", nil, nil},
		{rule("STRING_ARRAY", "CONTAINS_ANY", `{"matchValueStringList":["a",""]}`), "empty string", nil, nil},
		{strings.Replace(rule("STRING", "EQUALS", one), `"c"`, `"a b"`, 1), "inboundTokenClaimName", nil, nil},
		{strings.Replace(rule("STRING", "EQUALS", one), `Name":`, `Nome":`, 1), "unknown", nil, nil},
		{strings.Replace(rule("STRING", "EQUALS", one), `{"inb`, `{"inboundTokenClaimName":"d","inb`, 1), "occurs twice", nil, nil},
		{`{}`, "not a JSON array", nil, nil},
		{`null`, "not a JSON array", nil, nil},
		{`[1]`, "custom claim 1", nil, nil},
		{`[`, "not a JSON array", nil, nil},
	} {
		claims, err := auth.ParseCustomClaims([]byte(tc.json))
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: %v", tc.json, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.json, err)
			continue
		}
		cfg := i.config()
		cfg.CustomClaims = claims
		v := newVerifier(t, cfg)
		for n, value := range append(tc.yes, tc.no...) {
			_, err := v.Verify(t.Context(), sign(i.header(), with(i.claims(), "c", value), rsaKey()))
			if (err == nil) != (n < len(tc.yes)) {
				t.Errorf("%s with the claim %v: %v", tc.json, value, err)
			}
		}
	}
	if claims, err := auth.ParseCustomClaims([]byte(`[]`)); err != nil || len(claims) != 0 {
		t.Errorf("none: %v %v", claims, err)
	}
}

package gateway

import (
	"errors"
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// What the endpoint of a new target says to a stranger must fit how the target signs in.
func TestJudgeEndpoint(t *testing.T) {
	status := func(code int) error { return &remote.Error{Kind: remote.KindHTTP, Status: code, Err: errors.New("no")} }
	for name, c := range map[string]struct {
		err       error
		auth      TargetAuth
		refused   bool
		found     bool
		unchecked string
	}{
		"open":                        {nil, AuthNone, false, true, ""},
		"open, by default":            {nil, "", false, true, ""},
		"open, signs in all the same": {nil, AuthOAuth, false, true, ""},
		"closed":                      {status(401), AuthNone, true, false, ""},
		"closed, by default":          {status(403), "", true, false, ""},
		"asks for a token":            {status(401), AuthOAuth, false, false, "asks for a credential"},
		"asks for a signature":        {status(403), AuthIAM, false, false, "asks for a credential"},
		"is not there":                {status(404), AuthAPIKey, false, false, "no"},
		"is not reachable":            {errInside, AuthUser, false, false, errInside.Error()},
	} {
		made := &creation{new: aws.NewTarget{Name: "orders"}}
		found, err := made.judge(&catalog.List{}, c.err, c.auth)
		if told := strings.Join(made.unchecked, ""); (err != nil) != c.refused || (found != nil) != c.found || c.unchecked == "" && told != "" || !strings.Contains(told, c.unchecked) {
			t.Errorf("%s: found %t, %v, unchecked %q", name, found != nil, err, told)
		}
	}
}

// Only what was named may be used, and nothing that looks like it.
func TestSecretsAndIssuers(t *testing.T) {
	m := &Manager{
		CredentialSecrets: []string{"arn:aws:secretsmanager:us-east-1:123456789012:secret:gateway/*", "plain", "*"},
		TrustedIssuers:    []string{"https://issuer.example.com", "https://shared.example.com/pool-1/.well-known/openid-configuration", "://"},
	}
	for id, want := range map[string]bool{
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:gateway/client-AbCdEf": true,
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:database":              false,
		"plain": true, "plainer": false, "": false,
	} {
		if got := m.maySecret(id); got != want {
			t.Errorf("secret %q: %t", id, got)
		}
	}
	for discovery, want := range map[string]bool{
		"https://issuer.example.com/a/.well-known/openid-configuration":            true,
		"https://ISSUER.example.com:443/.well-known/openid-configuration":          true,
		"http://issuer.example.com/.well-known/openid-configuration":               false,
		"https://issuer.example.com:8443/.well-known/openid-configuration":         false,
		"https://issuer.example.com.evil.example/.well-known/openid-configuration": false,
		"https://shared.example.com/pool-1/.well-known/openid-configuration":       true,
		"https://shared.example.com/pool-2/.well-known/openid-configuration":       false,
		"https://evil.example/?https://issuer.example.com/openid-configuration":    false,
		"https://issuer.example.com@evil.example/.well-known/openid-configuration": false,
	} {
		if got := m.mayIssuer(discovery); got != want {
			t.Errorf("issuer %q: %t", discovery, got)
		}
	}
}

// Losing a revision of MCP shuts clients out; where none is listed all are accepted.
func TestLoses(t *testing.T) {
	for _, c := range []struct {
		before, after []string
		want          bool
	}{
		{[]string{"a", "b"}, []string{"b", "a"}, false}, {[]string{"a", "b"}, []string{"a", "b", "c"}, false}, {[]string{"a", "b"}, []string{"a"}, true},
		{nil, []string{"a"}, true}, {nil, nil, false}, {[]string{"a"}, nil, false},
	} {
		if got := loses(c.before, c.after); got != c.want {
			t.Errorf("%q to %q: %t", c.before, c.after, got)
		}
	}
}

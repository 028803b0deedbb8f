package gateway

import (
	"net/url"
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
)

const gatewayOfTests = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/shop-abcdefghij"

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func client(t *testing.T, o aws.Options) *aws.Client {
	t.Helper()
	c, err := aws.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFamiliar(t *testing.T) {
	const (
		runtimes = "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/"
		own      = runtimes + "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Forders-AbCdEfGhIj/invocations?qualifier=DEFAULT"
		foreign  = runtimes + "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A210987654321%3Aruntime%2Forders-AbCdEfGhIj/invocations?qualifier=DEFAULT"
	)
	remote := client(t, aws.Options{Region: "us-east-1", Endpoint: "https://control.example.com"})
	local := client(t, aws.Options{Endpoint: "http://127.0.0.1:8042"})
	localOwn := strings.Replace(own, "https://bedrock-agentcore.us-east-1.amazonaws.com", "http://127.0.0.1:8042", 1)
	localForeign := strings.Replace(foreign, "https://bedrock-agentcore.us-east-1.amazonaws.com", "http://127.0.0.1:8042", 1)
	trusted, err := ParseTrustedEndpoints(t.Context(), remote, []string{"trusted.example.com", "*.tools.example.com:8443", "http://127.0.0.1:7000"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		client   *aws.Client
		from, to string
		want     bool
	}{
		{remote, "https://a.example.com/mcp", "https://a.example.com/v2", true},
		{remote, "https://a.example.com/mcp", "https://A.EXAMPLE.com.:443/mcp?x=y", true},
		{remote, "https://a.example.com/mcp", "https://b.example.com/mcp", false},
		{remote, "https://a.example.com/mcp", "https://a.example.com:8443/mcp", false},
		{remote, "https://a.example.com/mcp", "http://a.example.com/mcp", false},
		{remote, "https://a.example.com/mcp", "https://xa.example.com/mcp", false},
		{remote, "https://ａ.example.com/mcp", "https://ａ.example.com/mcp2", false},
		{remote, "not a url", "also not", false},
		{remote, "https://a.example.com/mcp", own, true},
		{remote, "https://a.example.com/mcp", foreign, false},
		{remote, own, foreign, false},
		{remote, foreign, foreign + "&x=y", false},
		{remote, foreign, strings.Replace(foreign, "DEFAULT", "v2", 1), false},
		{remote, own, runtimes + "x", false},
		{remote, foreign, own, true},
		{remote, own, "https://a.example.com/mcp", false},
		{remote, "https://a.example.com/mcp", "https://trusted.example.com/mcp", true},
		{remote, "https://a.example.com/mcp", "https://trusted.example.com:444/mcp", false},
		{remote, "https://a.example.com/mcp", "https://x.trusted.example.com/mcp", false},
		{remote, "https://a.example.com/mcp", "https://x.y.tools.example.com:8443/mcp", true},
		{remote, "https://a.example.com/mcp", "https://x.tools.example.com/mcp", false},
		{remote, "https://a.example.com/mcp", "https://tools.example.com:8443/mcp", false},
		{remote, "https://a.example.com/mcp", "https://eviltools.example.com:8443/mcp", false},
		{local, "http://127.0.0.1:9000/mcp", "http://127.0.0.1:9001/mcp", false},
		{local, "http://127.0.0.1:9000/mcp", "http://localhost:9000/mcp", false},
		{local, "http://127.0.0.1:9000/mcp", "http://127.0.0.1:7000/mcp", true},
		{local, "http://127.0.0.1:9000/mcp", "https://127.0.0.1:7000/mcp", false},
		{local, localOwn, strings.Replace(localOwn, "127.0.0.1", "localhost", 1), false},
		{local, localOwn, strings.Replace(localOwn, "127.0.0.1", "[::1]", 1), false},
		{remote, "https://a.example.com/mcp", strings.Replace(own, ".com/", ".com:8443/", 1), false},
		{local, localOwn, localForeign, false},
		{local, localOwn, strings.Replace(localOwn, "orders", "billing", 1), true},
		{local, localOwn, "http://127.0.0.1:8042/gateway/shop-abcdefghij/mcp", false},
		{local, "http://localhost:8042/x", strings.Replace(localForeign, "127.0.0.1", "localhost", 1), false},
	} {
		m := &Manager{Client: c.client, Trusted: trusted}
		way := m.moved(t.Context(), aws.Gateway{ARN: gatewayOfTests}, aws.Target{Endpoint: c.from}, aws.Edit{Endpoint: &c.to})
		if got := way != nil && way.familiar(); got != c.want {
			t.Errorf("%s -> %s (local: %v): got %v, want %v", c.from, c.to, c.client.Local(), got, c.want)
		}
	}
}

func TestNewPathIsNamed(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"https://a.example.com/mcp", "https://a.example.com/v2", true},
		{"https://a.example.com/mcp", "https://a.example.com/mcp?x=y", false},
		{"https://a.example.com/mcp", "https://b.example.com/v2", false},
	} {
		if got := (&move{from: parse(t, c.from), to: parse(t, c.to)}).newPath(); got != c.want {
			t.Errorf("%s -> %s: got %v", c.from, c.to, got)
		}
	}
}

func TestParseTrustedEndpoints(t *testing.T) {
	remote := client(t, aws.Options{Region: "us-east-1", Endpoint: "https://control.example.com"})
	local := client(t, aws.Options{Endpoint: "http://127.0.0.1:8042"})
	for entry, want := range map[string]string{ // "" when it is accepted
		"tools.example.com":                     "",
		"https://tools.example.com":             "",
		"tools.example.com:8443":                "",
		"*.tools.example.com":                   "",
		"*.example.co.uk":                       "",
		"abc.cloudfront.net":                    "",
		"203.0.113.7":                           "",
		"http://127.0.0.1:9000":                 "",
		"http://localhost:9000":                 "",
		"http://[::1]:9000":                     "",
		"http://tools.example.com":              "https only",
		"https://a.example.com/mcp":             "without path",
		"a.example.com?x":                       "without path",
		"https://u@a.example.com":               "without path",
		"a.*.example.com":                       "without path",
		"*":                                     "without path",
		"":                                      "ASCII",
		"ａ.example.com":                         "ASCII",
		"*.203.0.113.7":                         "no hosts below",
		"*.com":                                 "strangers",
		"*.localhost":                           "strangers",
		"*.co.uk":                               "strangers",
		"*.amazonaws.com":                       "strangers",
		"*.us-east-1.amazonaws.com":             "strangers",
		"*.amazonaws.com.cn":                    "strangers",
		"*.on.aws":                              "strangers",
		"*.lambda-url.us-east-1.on.aws":         "strangers",
		"*.api.aws":                             "strangers",
		"*.cloudfront.net":                      "strangers",
		"*.CLOUDFRONT.net":                      "strangers",
		"*.azurewebsites.net":                   "strangers",
		"*.windows.net":                         "strangers",
		"*.workers.dev":                         "strangers",
		"*.execute-api.us-east-1.amazonaws.com": "strangers",
		"bedrock-agentcore.us-east-1.amazonaws.com":     "data plane",
		"bedrock-agentcore.us-east-1.amazonaws.com:443": "data plane",
		"bedrock-agentcore-fips.us-east-1.api.aws":      "data plane",
	} {
		_, err := ParseTrustedEndpoints(t.Context(), remote, []string{entry})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", entry, err, want)
		}
	}
	if _, err := ParseTrustedEndpoints(t.Context(), local, []string{"http://127.0.0.1:8042"}); err == nil {
		t.Error("the local AgentCore's own address is accepted")
	}
}

func TestNewCredentials(t *testing.T) {
	const a, b = "arn:aws:x:::token-vault/default/oauth2credentialprovider/a", "arn:aws:x:::token-vault/default/oauth2credentialprovider/b"
	had := credentials{kind: "OAUTH", provider: a, scopes: []string{"read"}, headers: []string{"X-Trace"}, parameters: []string{"q"}}
	for _, c := range []struct {
		name string
		had  credentials
		edit aws.Edit
		want string // of what is new
	}{
		{"nothing", had, aws.Edit{}, ""},
		{"the same provider", had, aws.Edit{OAuthProviderARN: new(a)}, ""},
		{"another provider", had, aws.Edit{OAuthProviderARN: new(b)}, "a token of OAuth2 credential provider b (scope read)"},
		{"a first provider", credentials{}, aws.Edit{OAuthProviderARN: new(b)}, "a token of OAuth2 credential provider b (scopes: the issuer's default)"},
		{"a provider in place of an API key", credentials{kind: "API_KEY", provider: a}, aws.Edit{OAuthProviderARN: new(a)}, "a token of OAuth2 credential provider a (scopes: the issuer's default)"},
		{"the same scopes", had, aws.Edit{Scopes: []string{"read"}}, ""},
		{"no scope, which is the issuer's default", had, aws.Edit{Scopes: []string{}}, "a token of OAuth2 credential provider a (scopes: the issuer's default)"},
		{"still no scope", credentials{kind: "OAUTH", provider: a}, aws.Edit{Scopes: []string{}}, ""},
		{"fewer scopes", credentials{kind: "OAUTH", provider: a, scopes: []string{"read", "write"}}, aws.Edit{Scopes: []string{"read"}}, ""},
		{"an added scope", had, aws.Edit{Scopes: []string{"read", "write"}}, "a token of OAuth2 credential provider a (scope write)"},
		{"the same header", had, aws.Edit{RequestHeaders: &[]string{"x-trace"}}, ""},
		{"no header", had, aws.Edit{RequestHeaders: &[]string{}}, ""},
		{"another header", had, aws.Edit{RequestHeaders: &[]string{"X-Trace", "Authorization"}}, "its callers' request headers Authorization"},
		{"another parameter", had, aws.Edit{QueryParameters: &[]string{"q", "Q"}}, "its callers' query parameters Q"},
		{"response headers", had, aws.Edit{ResponseHeaders: &[]string{"X-Y"}}, ""},
		{"a description", had, aws.Edit{Description: new("x")}, ""},
	} {
		if got := c.had.edited(c.edit).beyond(c.had).String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for want, c := range map[string]credentials{
		"requests signed with the gateway's role":                            {kind: "GATEWAY_IAM_ROLE"},
		"the API key of credential provider a":                               {kind: "API_KEY", provider: a},
		"a credential of type JWT_PASSTHROUGH":                               {kind: "JWT_PASSTHROUGH"},
		"its callers' request headers A and its callers' query parameters b": {headers: []string{"A"}, parameters: []string{"b"}},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

package auth_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/auth"
)

func TestProtect(t *testing.T) {
	i, log := newIssuer(t), &logs{}
	cfg := i.config()
	cfg.Log = log.logger()
	resource := auth.Resource{URL: "https://mcp.example.com/mcp", Scopes: []string{"tools/read", "tools/write"}}
	server := httptest.NewServer(newVerifier(t, cfg).Protect(resource, func(w http.ResponseWriter, _ *http.Request, p *auth.Principal) {
		io.WriteString(w, p.Subject)
	}))
	t.Cleanup(server.Close)
	good := i.token()
	const (
		missing = `Bearer scope="tools/read tools/write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`
		invalid = `Bearer error="invalid_token", scope="tools/read tools/write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`
	)
	bodies := map[string]bool{}
	for _, tc := range []struct {
		name, query   string
		authorization []string
		challenge     string // "" when it passes
	}{
		{"good", "", []string{"Bearer " + good}, ""},
		{"scheme in other letters, more spaces", "", []string{"bEARER   " + good}, ""},
		{"no token", "", nil, missing},
		{"token in the query", "?access_token=" + good, nil, missing},
		{"empty header", "", []string{""}, invalid},
		{"no scheme", "", []string{good}, invalid},
		{"no token after the scheme", "", []string{"Bearer"}, invalid},
		{"nothing after the scheme", "", []string{"Bearer "}, invalid},
		{"other scheme", "", []string{"Basic " + good}, invalid},
		{"DPoP", "", []string{"DPoP " + good}, invalid},
		{"longer scheme", "", []string{"BearerX " + good}, invalid},
		{"tab", "", []string{"Bearer\t" + good}, invalid},
		{"two headers", "", []string{"Bearer " + good, "Bearer " + good}, invalid},
		{"two tokens", "", []string{"Bearer " + good + " " + good}, invalid},
		{"two in one", "", []string{"Bearer " + good + ", Bearer " + good}, invalid},
		{"garbage", "", []string{`Bearer "\"`}, invalid},
	} {
		status, header, body := ask(t, server.URL+"/mcp"+tc.query, tc.authorization...)
		if tc.challenge == "" {
			if status != http.StatusOK || body != "somebody" {
				t.Errorf("%s: %d %s", tc.name, status, body)
			}
			continue
		}
		bodies[body] = true
		if status != http.StatusUnauthorized || !reflect.DeepEqual(header["Www-Authenticate"], []string{tc.challenge}) || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", tc.name, status, header)
		}
	}
	if len(bodies) != 1 || !bodies["{\"error\":\"unauthorized\"}\n"] {
		t.Errorf("bodies: %v", bodies)
	}
	resp, err := http.PostForm(server.URL, map[string][]string{"access_token": {good}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("token in a form: %d", resp.StatusCode)
	}
	if said := log.take(); leaks(said, good) {
		t.Errorf("the token is in the log: %s", said)
	}
}

func TestProtectWhenTheIssuerIsDown(t *testing.T) {
	i, log := newIssuer(t), &logs{}
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "canary", http.StatusBadGateway) }))
	cfg := i.config()
	cfg.Log = log.logger()
	server := httptest.NewServer(newVerifier(t, cfg).Protect(auth.Resource{URL: "https://mcp.example.com/mcp"}, func(http.ResponseWriter, *http.Request, *auth.Principal) {
		t.Error("the request passed")
	}))
	t.Cleanup(server.Close)
	status, header, body := ask(t, server.URL, "Bearer "+i.token())
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "10" || header.Get("WWW-Authenticate") != "" || body != "{\"error\":\"temporarily_unavailable\"}\n" {
		t.Errorf("%d %v %s", status, header, body)
	}
	if said := log.take(); !strings.Contains(said, "answers 502") || strings.Contains(said, "canary") || leaks(said, i.token()) {
		t.Errorf("log: %s", said)
	}
	if status, _, _ := ask(t, server.URL, "Bearer x.y.z"); status != http.StatusUnauthorized {
		t.Errorf("garbage needs no keys to be refused: %d", status)
	}
}

func TestChallengeAndMetadataURL(t *testing.T) {
	for _, tc := range []struct{ url, metadata, err string }{
		{"https://mcp.example.com/mcp", "https://mcp.example.com/.well-known/oauth-protected-resource/mcp", ""},
		{"https://mcp.example.com", "https://mcp.example.com/.well-known/oauth-protected-resource", ""},
		{"https://mcp.example.com/", "https://mcp.example.com/.well-known/oauth-protected-resource", ""},
		{"https://mcp.example.com:8443/a/mcp/", "https://mcp.example.com:8443/.well-known/oauth-protected-resource/a/mcp/", ""},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp", ""},
		{"http://mcp.example.com/mcp", "", "plain http"},
		{"mcp.example.com/mcp", "", "absolute URL"},
		{"https://mcp.example.com/mcp?x=canary", "", "has a query"},
		{`https://mcp.example.com/"canary`, "", "escaping"},
		{"https://canary@mcp.example.com/mcp", "", "user name"},
		{"", "", "absolute URL"},
	} {
		r := auth.Resource{URL: tc.url}
		got, err := r.MetadataURL()
		if got != tc.metadata || (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %s, %v", tc.url, got, err)
		}
		want := `Bearer error="insufficient_scope", scope="tools/write", resource_metadata="` + tc.metadata + `"`
		if tc.err != "" {
			want = `Bearer error="insufficient_scope", scope="tools/write"`
		}
		if got := auth.Challenge(r, "insufficient_scope", "tools/write", "", "a b", `q"`, `\`, "é", "x\n"); got != want {
			t.Errorf("%s: %s", tc.url, got)
		}
	}
	if got := auth.Challenge(auth.Resource{}, ""); got != "Bearer" {
		t.Error(got)
	}
	for url, want := range map[string][]string{
		"https://mcp.example.com/mcp": {"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"},
		"https://mcp.example.com/":    {"/.well-known/oauth-protected-resource"},
	} {
		if got := (auth.Resource{URL: url}).MetadataPaths(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func TestMetadata(t *testing.T) {
	i := newIssuer(t)
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == discoveryPath {
			json.NewEncoder(w).Encode(jwk{"issuer": i.URL + "/", "jwks_uri": i.URL + "/keys"})
			return
		}
		json.NewEncoder(w).Encode(jwk{"keys": i.keys.Load()})
	}))
	down := newIssuer(t)
	down.broken.Store(http.HandlerFunc(http.NotFound))
	resource := auth.Resource{URL: "https://mcp.example.com/mcp", Scopes: []string{"tools/read"}, Name: "gateway keeper"}
	elsewhere := resource
	elsewhere.AuthorizationServers = []string{"https://issuer.example.com"}
	const full = `{"resource":"https://mcp.example.com/mcp","authorization_servers":[%q],"scopes_supported":["tools/read"],"bearer_methods_supported":["header"],"resource_name":"gateway keeper"}` + "\n"
	for _, tc := range []struct {
		name     string
		issuer   *issuer
		resource auth.Resource
		want     string
	}{
		{"the issuer's exact name", i, resource, fmt.Sprintf(full, i.URL+"/")},
		{"issuer down", down, resource, fmt.Sprintf(full, down.URL)},
		{"another authorization server", i, elsewhere, fmt.Sprintf(full, "https://issuer.example.com")},
		{"bare", i, auth.Resource{URL: "https://mcp.example.com"}, fmt.Sprintf(`{"resource":"https://mcp.example.com","authorization_servers":[%q],"bearer_methods_supported":["header"]}`+"\n", i.URL+"/")},
	} {
		server := httptest.NewServer(newVerifier(t, tc.issuer.config()).Metadata(tc.resource))
		status, header, body := ask(t, server.URL)
		if status != http.StatusOK || body != tc.want || header.Get("Content-Type") != "application/json" || header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %s", tc.name, status, header, body)
		}
		for method, want := range map[string]int{http.MethodOptions: 204, http.MethodPost: 405, http.MethodHead: 200} {
			req := must(http.NewRequestWithContext(t.Context(), method, server.URL, nil))
			req.Close = true
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: %s answers %d", tc.name, method, resp.StatusCode)
			}
		}
		server.Close()
	}
}

package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/auth"
)

const (
	secret = "canary secret & more+%/:"
	value  = "canary-token-value-1"
)

func TestTokenNeverShowsItsValue(t *testing.T) {
	token := auth.Token{Value: value, Expiry: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	log := &logs{}
	log.logger().Info("x", "token", token, "tokens", []auth.Token{token})
	slog.New(slog.NewJSONHandler(log, nil)).Info("x", "token", token, "holder", struct{ T auth.Token }{token})
	shown := fmt.Sprint(token, &token, []auth.Token{token}, map[string]auth.Token{"a": token}, struct{ T auth.Token }{token}) + log.take()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		shown += fmt.Sprintf(verb, token)
	}
	shown += string(must(json.Marshal(token))) + token.String() + token.GoString() + fmt.Errorf("x %v", token).Error()
	hex := fmt.Sprintf("%x", value)
	if strings.Contains(shown, "canary") || strings.Contains(strings.ToLower(shown), hex) {
		t.Error(shown)
	}
	if got := token.String(); got != "token until 2026-03-01T12:00:00Z" {
		t.Error(got)
	}
}

// tokenIssuer answers at its discovery URL and at /oauth2/token.
func tokenIssuer(t *testing.T, metadata jwk, token http.HandlerFunc) *httptest.Server {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc(discoveryPath, func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(with(with(jwk{"issuer": server.URL, "token_endpoint": server.URL + "/oauth2/token"}, "x", 1), pairs(metadata)...))
	})
	mux.HandleFunc("/oauth2/token", token)
	return server
}

func pairs(m jwk) (list []any) {
	for k, v := range m {
		list = append(list, k, v)
	}
	return list
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func client(server *httptest.Server) auth.ClientCredentialsConfig {
	return auth.ClientCredentialsConfig{
		DiscoveryURL: server.URL + discoveryPath, ClientID: "agent", Scopes: []string{"gateway/invoke", "x"}, Loopback: true, Now: newClock().Now,
		Secret: func(context.Context) (string, error) { return secret, nil },
	}
}

func TestClientCredentials(t *testing.T) {
	const answer = `{"access_token":"` + value + `","token_type":"Bearer","expires_in":3600}`
	for _, tc := range []struct {
		name     string
		methods  any // token_endpoint_auth_methods_supported
		tokenURL bool
		post     bool // the secret is expected in the body
	}{
		{"issuer does not say", nil, false, false},
		{"basic and post", []string{"client_secret_post", "client_secret_basic"}, false, false},
		{"post alone", []string{"private_key_jwt", "client_secret_post"}, false, true},
		{"token endpoint given", []string{"client_secret_post"}, true, false},
	} {
		var asked url.Values
		var id, password string
		server := tokenIssuer(t, jwk{"token_endpoint_auth_methods_supported": tc.methods}, func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			asked = r.PostForm
			id, password, _ = r.BasicAuth()
			io.WriteString(w, answer)
		})
		cfg := client(server)
		cfg.ClientID = "an agent"
		if tc.tokenURL {
			cfg.TokenURL, cfg.DiscoveryURL = server.URL+"/oauth2/token", ""
		}
		token, err := auth.ClientCredentials(cfg)(t.Context())
		if err != nil || token.Value != value || !token.Expiry.Equal(cfg.Now().Add(time.Hour)) {
			t.Errorf("%s: %v %v", tc.name, token, err)
		}
		want := url.Values{"grant_type": {"client_credentials"}, "scope": {"gateway/invoke x"}}
		if tc.post {
			want.Set("client_id", "an agent")
			want.Set("client_secret", secret)
		} else if id != url.QueryEscape("an agent") || password != url.QueryEscape(secret) {
			t.Errorf("%s: basic %q", tc.name, id)
		}
		if asked.Encode() != want.Encode() {
			t.Errorf("%s: asked with %v", tc.name, asked)
		}
	}
}

func TestExpiresIn(t *testing.T) {
	for given, want := range map[string]time.Duration{
		``: time.Minute, `,"expires_in":60`: time.Minute, `,"expires_in":"90"`: 90 * time.Second, `,"expires_in":0`: 0, `,"expires_in":99999999`: 24 * time.Hour,
		`,"expires_in":-1`: -1, `,"expires_in":"soon"`: -1, `,"expires_in":null`: -1, `,"expires_in":1e400`: -1,
	} {
		cfg := client(tokenIssuer(t, nil, reply(200, `{"access_token":"`+value+`","token_type":"bearer"`+given+`}`)))
		token, err := auth.ClientCredentials(cfg)(t.Context())
		if want < 0 && (err == nil || !strings.Contains(err.Error(), "expires_in")) || want >= 0 && (err != nil || !token.Expiry.Equal(cfg.Now().Add(want))) {
			t.Errorf("%s: %v %v", given, token, err)
		}
	}
}

func TestClientCredentialsErrors(t *testing.T) {
	elsewhere := newIssuer(t)
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}
	oauth := func(code string) http.HandlerFunc {
		return reply(400, `{"error":"`+code+`","error_description":"`+secret+` is wrong"}`)
	}
	good := reply(200, `{"access_token":"`+value+`","token_type":"Bearer"}`)
	for _, tc := range []struct {
		name     string
		metadata jwk
		answer   http.HandlerFunc
		change   func(*auth.ClientCredentialsConfig)
		want     string // HOST stands for the endpoint's
	}{
		{"invalid client", nil, oauth("invalid_client"), nil, `no token from HOST for client "agent" (scope gateway/invoke x): it answers 400 "invalid_client": check that the client id exists at this issuer and that its secret is current`},
		{"invalid scope", nil, oauth("invalid_scope"), nil, `"invalid_scope": check that the scope exists`},
		{"grant", nil, oauth("unauthorized_client"), nil, `client_credentials grant`},
		{"issuer's trouble", nil, oauth("temporarily_unavailable"), nil, `try again later`},
		{"the secret as an error code", nil, oauth(secret), nil, `it answers 400, without an error code of OAuth`},
		{"HTML", nil, reply(503, "<html>"+secret), nil, "it answers 503, the issuer has a problem"},
		{"not found", nil, reply(404, ""), nil, "it answers 404, without an error code of OAuth: check that this is the token endpoint"},
		{"redirect", nil, redirect, nil, "redirect (307), which is not followed"},
		{"oversized", nil, reply(200, strings.Repeat("x", 300<<10)), nil, "larger than 256 KiB"},
		{"not JSON", nil, reply(200, "access_token="+value), nil, "not a JSON object"},
		{"member twice", nil, reply(200, `{"access_token":"a","access_token":"b"}`), nil, "occurs twice"},
		{"no token", nil, reply(200, `{"token_type":"Bearer"}`), nil, "no access_token"},
		{"token that is no header value", nil, reply(200, `{"access_token":"a\r\nX: y","token_type":"Bearer"}`), nil, "no access_token"},
		{"other type", nil, reply(200, `{"access_token":"`+value+`","token_type":"DPoP"}`), nil, "not of token_type Bearer"},
		{"discovery of another issuer", jwk{"issuer": "https://other.example.com"}, good, nil, "speaks for the issuer"},
		{"no token endpoint", jwk{"token_endpoint": nil}, good, nil, "Cognito user pool has one only when it has a domain"},
		{"token endpoint over http", jwk{"token_endpoint": "http://issuer.example.com/canary"}, good, nil, "plain http"},
		{"other methods", jwk{"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}}, good, nil, "takes neither"},
		{"no id", nil, good, func(c *auth.ClientCredentialsConfig) { c.ClientID = "" }, "client id or secret is not given"},
		{"no secret", nil, good, func(c *auth.ClientCredentialsConfig) { c.Secret = nil }, "client id or secret is not given"},
		{"empty secret", nil, good, func(c *auth.ClientCredentialsConfig) {
			c.Secret = func(context.Context) (string, error) { return "", nil }
		}, "secret is empty"},
		{"secret not to be had", nil, good, func(c *auth.ClientCredentialsConfig) {
			c.Secret = func(context.Context) (string, error) { return "", errors.New("access denied") }
		}, "its secret is not available: access denied"},
		{"no address", nil, good, func(c *auth.ClientCredentialsConfig) { c.DiscoveryURL = "" }, "neither a token endpoint nor a discovery URL"},
		{"loopback not allowed", nil, good, func(c *auth.ClientCredentialsConfig) { c.Loopback = false }, "local mode only"},
		{"userinfo in the endpoint", nil, good, func(c *auth.ClientCredentialsConfig) { c.TokenURL = "https://canary:canary@issuer.example.com/?canary" }, "user name or password"},
		{"refused connection", nil, good, func(c *auth.ClientCredentialsConfig) { c.TokenURL = "http://127.0.0.1:1/?canary" }, "127.0.0.1:1 cannot be asked"},
	} {
		server := tokenIssuer(t, tc.metadata, tc.answer)
		cfg := client(server)
		if tc.change != nil {
			tc.change(&cfg)
		}
		_, err := auth.ClientCredentials(cfg)(t.Context())
		want := strings.ReplaceAll(tc.want, "HOST", strings.TrimPrefix(server.URL, "http://"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: leaks: %v", tc.name, err)
		}
	}
	if n := elsewhere.discoveryHits.Load() + elsewhere.keyHits.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

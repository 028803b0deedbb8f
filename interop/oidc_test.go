package interop_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// provider is a running oidc-provider.
type provider struct {
	t      *testing.T
	issuer string
}

func newProvider(t *testing.T) provider {
	t.Helper()
	n := newNode(t)
	ready := regexp.MustCompile(`"issuer":"([^"]+)"`)
	printed, _ := background(t, ready, n.env, n.path, filepath.Join("oidc", "provider.mjs"))
	return provider{t, ready.FindStringSubmatch(printed)[1]}
}

func (p provider) post(path, contentType, body string, user ...string) []byte {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.issuer+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if len(user) == 2 {
		req.SetBasicAuth(user[0], user[1])
	}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		p.t.Fatalf("%s: %s %s %v", path, resp.Status, answer, err)
	}
	return answer
}

// token gets a token as a client would.
func (p provider) token(id string, scopes ...string) string {
	p.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}}
	var answer struct {
		Token string `json:"access_token"`
	}
	body := p.post("/token", "application/x-www-form-urlencoded", form.Encode(), id, id+"-secret")
	if err := json.Unmarshal(body, &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer.Token
}

// sign makes a token of any claims.
func (p provider) sign(by string, claims, header map[string]any) string {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"claims": claims, "header": header, "by": by})
	if err != nil {
		p.t.Fatal(err)
	}
	return string(p.post("/test/sign", "application/json", string(body)))
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// ask sends tools/list with a token and returns status, challenge and body.
func ask(t *testing.T, endpoint, token, request string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("WWW-Authenticate"), string(body)
}

// The server behind a certified OpenID provider: whose tokens open which tools,
// and which tokens open nothing.
func TestOpenIDProvider(t *testing.T) {
	t.Parallel()
	p, other := newProvider(t), newProvider(t)
	const (
		read, write = "gateway-tools/read", "gateway-tools/write"
		audience    = "https://tools.example.com/mcp"
		list        = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`
		synchronize = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"synchronize_target","arguments":{"target":"mcp-server-target"}}}`
	)
	printed, later := background(t, serving, environment(t.TempDir()), program, "serve", "--local", "--addr", "127.0.0.1:0",
		"--auth", "jwt", "--discovery-url", p.issuer+"/.well-known/openid-configuration",
		"--allowed-audience", audience, "--allowed-clients", "reader,writer", "--read-scope", read, "--write-scope", write)
	endpoint := serving.FindStringSubmatch(printed)[1]

	reader, writer := p.token("reader", read), p.token("writer", read, write)
	if status, _, body := ask(t, endpoint, reader, list); status != 200 || strings.Contains(body, `"synchronize_target"`) || !strings.Contains(body, `"list_targets"`) {
		t.Errorf("a reader's tools: %d %s", status, body)
	}
	if status, challenge, _ := ask(t, endpoint, reader, synchronize); status != 403 || !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, write) {
		t.Errorf("a reader who writes: %d %s", status, challenge)
	}
	if status, _, body := ask(t, endpoint, writer, synchronize); status != 200 || !strings.Contains(body, "cancelOrder") {
		t.Errorf("a writer: %d %s", status, body)
	}
	if status, challenge, _ := ask(t, endpoint, p.token("stranger", read), list); status != 401 || !strings.Contains(challenge, `error="invalid_token"`) {
		t.Errorf("a client that is not allowed: %d %s", status, challenge)
	}

	// A client that is told nothing but the URL finds the rest by itself.
	n := newNode(t)
	var found struct{ Steps, Tools []string }
	out := n.script(t, []string{"ISSUER=" + p.issuer}, filepath.Join("oidc", "agent.mjs"), endpoint, "writer", "writer-secret", read+" "+write)
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	followed := strings.Join(found.Steps, ", ")
	for _, step := range []string{"401 /mcp", "200 /.well-known/oauth-protected-resource/mcp", "200 /.well-known/", "200 /token", "200 /mcp"} {
		i := strings.Index(followed, step)
		if i < 0 {
			t.Fatalf("%q is missing, or too early, in %v", step, found.Steps)
		}
		followed = followed[i+len(step):]
	}
	if !slices.Contains(found.Tools, "synchronize_target") {
		t.Errorf("at the end it has the tools %v", found.Tools)
	}

	now := time.Now().Unix()
	good := map[string]any{"iss": p.issuer, "aud": audience, "sub": "writer", "client_id": "writer", "scope": read + " " + write, "iat": now, "exp": now + 300, "jti": "1"}
	with := func(key string, value any) map[string]any {
		claims := maps.Clone(good)
		if claims[key] = value; value == nil {
			delete(claims, key)
		}
		return claims
	}
	valid := p.sign("", good, nil)
	if status, _, body := ask(t, endpoint, valid, list); status != 200 {
		t.Fatalf("the token that the others are odd forms of: %d %s", status, body)
	}
	parts := strings.Split(valid, ".")
	bodies := map[string]bool{}
	for name, token := range map[string]string{
		"wrong issuer":       p.sign("", with("iss", "https://idp.example.com"), nil),
		"wrong audience":     p.sign("", with("aud", "https://other.example.com"), nil),
		"no audience":        p.sign("", with("aud", nil), nil),
		"expired":            p.sign("", with("exp", now-300), nil),
		"not yet valid":      p.sign("", with("nbf", now+300), nil),
		"alg none":           p.sign("nobody", good, nil),
		"the public key":     p.sign("public", good, nil), // as the secret of HS256
		"another provider":   other.sign("", good, nil),
		"unknown kid":        p.sign("", good, map[string]any{"kid": "unknown"}),
		"a stranger's key":   p.sign("stranger", good, map[string]any{"kid": "key-1"}),
		"an id token":        p.sign("", with("nonce", "n"), map[string]any{"typ": "JWT"}),
		"another kind":       p.sign("", good, map[string]any{"typ": "logout+jwt"}),
		"stripped signature": parts[0] + "." + parts[1] + ".",
		"tampered":           parts[0] + "." + strings.Split(p.sign("", with("sub", "root"), nil), ".")[1] + "." + parts[2],
	} {
		status, challenge, body := ask(t, endpoint, token, synchronize)
		if status != 401 || !strings.Contains(challenge, `error="invalid_token"`) {
			t.Errorf("%s: %d %s %s", name, status, challenge, body)
		}
		bodies[body] = true
	}
	if len(bodies) != 1 {
		t.Errorf("the refusals' bodies differ: %v", bodies)
	}

	// After a rotation the provider signs with a key that the server has not
	// seen. Another fetch of the keys is due 10 s after the last at the latest.
	p.post("/test/rotate", "application/json", "{}")
	fresh := p.token("writer", read, write)
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for status := 0; status != 200; {
		select {
		case <-deadline:
			t.Fatalf("a rotated key is not taken: %d", status)
		case <-tick.C:
			status, _, _ = ask(t, endpoint, fresh, list)
		}
	}
	if status, _, _ := ask(t, endpoint, valid, list); status != 200 {
		t.Errorf("the old key's token, while the provider still publishes the key: %d", status)
	}
	for _, token := range []string{reader, writer, valid} {
		if log := later(); bytes.Contains([]byte(log), []byte(strings.Split(token, ".")[2])) {
			t.Error("a token's signature is in the log")
		}
	}
}

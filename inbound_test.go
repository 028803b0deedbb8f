package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/outbound"
)

const (
	readScope  = "gateway-tools/read"
	writeScope = "gateway-tools/write"
)

// issuer is a Cognito-like user pool that is served while the test runs.
type issuer struct {
	*emulator.UserPool
	base string
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	cloud := emulator.New(emulator.Options{})
	front := httptest.NewServer(cloud)
	t.Cleanup(func() { front.Close(); cloud.Close() })
	pool := cloud.NewUserPool("callers")
	pool.AddClient("reader", "reader-secret", readScope)
	pool.AddClient("writer", "writer-secret", readScope, writeScope)
	pool.AddClient("stranger", "stranger-secret", readScope, writeScope)
	pool.AddClient("nobody", "nobody-secret", "other/scope")
	return issuer{pool, front.URL}
}

func (i issuer) token(t *testing.T, client string) string {
	t.Helper()
	resp, err := http.PostForm(i.TokenURL(i.base), url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {client + "-secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no token for %s: %s %v", client, resp.Status, err)
	}
	return answer.Token
}

func (i issuer) flags() []string {
	return []string{"--auth", "jwt", "--discovery-url", i.DiscoveryURL(i.base), "--allowed-clients", "reader,writer,nobody",
		"--read-scope", readScope, "--write-scope", writeScope}
}

// startServe starts serve and returns the URL of /mcp and what is printed.
func startServe(t *testing.T, args ...string) (string, *printed) {
	t.Helper()
	out := start(t, program(t, append([]string{"serve", "--local", "--addr", "127.0.0.1:0"}, args...)...))
	return regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(out.until(t, "/mcp"))[1], out
}

// bearing sends one JSON-RPC request with an Authorization header.
func bearing(t *testing.T, url, authorization, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

const (
	listToolsRequest = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`
	readRequest      = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_targets","arguments":{}}}`
	writeRequest     = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"synchronize_target","arguments":{"target":"mcp-server-target"}}}`
)

// Scopes decide which tools there are.
func TestScopesDecideTools(t *testing.T) {
	i := newIssuer(t)
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	url, out := startServe(t, append(i.flags(), "--audit-log", audit)...)
	for _, c := range []struct {
		client, request string
		status          int
		want, challenge string
	}{
		{"reader", listToolsRequest, 200, `"list_targets"`, ""},
		{"reader", readRequest, 200, `mcp-server-target`, ""},
		{"reader", writeRequest, 403, `insufficient_scope`, `error="insufficient_scope"`},
		{"reader", "[" + writeRequest + "," + writeRequest + "]", 403, `insufficient_scope`, `scope="` + writeScope + `"`},
		{"reader", strings.Replace(writeRequest, `"params":{`, `"params":{"Name":"list_targets",`, 1), 403, `insufficient_scope`, `error="insufficient_scope"`},
		{"reader", strings.Replace(readRequest, `"params":{`, `"params":{"Name":"synchronize_target",`, 1), 200, `mcp-server-target`, ""},
		{"writer", listToolsRequest, 200, `"synchronize_target"`, ""},
		{"writer", writeRequest, 200, `synchronized`, ""},
		{"nobody", listToolsRequest, 403, `insufficient_scope`, `scope="` + readScope + `"`},
		{"nobody", writeRequest, 403, `insufficient_scope`, `scope="` + readScope + `"`},
		{"stranger", listToolsRequest, 401, "", `error="invalid_token"`},
	} {
		resp, body := bearing(t, url, "Bearer "+i.token(t, c.client), c.request)
		challenge := resp.Header.Get("WWW-Authenticate")
		if resp.StatusCode != c.status || !strings.Contains(body, c.want) || !strings.Contains(challenge, c.challenge) || (c.challenge == "") != (challenge == "") {
			t.Errorf("%s %s:\n got %d %.300s %s\nwant %d %s %s", c.client, c.request, resp.StatusCode, body, challenge, c.status, c.want, c.challenge)
		}
		if c.client == "reader" && strings.Contains(body, "update_target_endpoint") {
			t.Error("a reader is shown a tool that changes something")
		}
	}
	lines, err := os.ReadFile(audit)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(string(lines)) {
		var l struct {
			Tool, Outcome, Target string
			Caller                struct{ Issuer, Client string }
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Caller.Issuer != i.Issuer(i.base) {
			t.Errorf("%v: %s", err, line)
		}
		told = append(told, strings.Join([]string{l.Caller.Client, l.Tool, l.Target, l.Outcome}, " "))
	}
	const refused = "reader synchronize_target mcp-server-target refused"
	if want := []string{refused, refused, refused, "writer synchronize_target mcp-server-target synchronized"}; !slices.Equal(told, want) {
		t.Errorf("the audit log has %q", told)
	}
	for _, secret := range []string{i.token(t, "reader"), i.token(t, "stranger")} {
		if parts := strings.Split(secret, "."); strings.Contains(out.text(), parts[2][:20]) {
			t.Error("a token's signature is in the log")
		}
	}
}

// A stranger learns from an answer that the token will not do, and nothing else.
func TestStrangersLearnNothing(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	url, out := startServe(t, i.flags()...)
	now := time.Now().Unix()
	good := map[string]any{
		"iss": i.Issuer(i.base), "sub": "reader", "client_id": "reader", "token_use": "access", "scope": readScope,
		"iat": now, "exp": now + 600, "jti": "1", "version": 2,
	}
	with := func(key string, value any) map[string]any {
		claims := maps.Clone(good)
		if claims[key] = value; value == nil {
			delete(claims, key)
		}
		return claims
	}
	if resp, body := bearing(t, url, "Bearer "+i.Sign(good, nil), listToolsRequest); resp.StatusCode != 200 {
		t.Fatalf("the good token: %d %s", resp.StatusCode, body)
	}
	valid := i.Sign(good, nil)
	parts := strings.Split(valid, ".")
	tampered := parts[0] + "." + strings.Split(i.Sign(with("client_id", "writer"), nil), ".")[1] + "." + parts[2]
	before := len(out.text())
	bodies := map[string][]string{}
	for name, authorization := range map[string]string{
		"none at all":            "",
		"another scheme":         "Basic cmVhZGVyOnJlYWRlci1zZWNyZXQ=",
		"wrong issuer":           "Bearer " + i.Sign(with("iss", other.Issuer(other.base)), nil),
		"wrong client":           "Bearer " + i.Sign(with("client_id", "stranger"), nil),
		"expired":                "Bearer " + i.Sign(with("exp", now-3600), nil),
		"no expiry":              "Bearer " + i.Sign(with("exp", nil), nil),
		"not yet valid":          "Bearer " + i.Sign(with("nbf", now+3600), nil),
		"issued in the future":   "Bearer " + i.Sign(with("iat", now+3600), nil),
		"alg none":               "Bearer " + i.Sign(good, map[string]any{"alg": "none"}),
		"HS256":                  "Bearer " + i.Sign(good, map[string]any{"alg": "HS256"}),
		"unknown kid":            "Bearer " + i.Sign(good, map[string]any{"kid": "unknown"}),
		"a key of another pool":  "Bearer " + other.Sign(good, nil),
		"crit":                   "Bearer " + i.Sign(good, map[string]any{"crit": []string{"exp"}}),
		"stripped signature":     "Bearer " + parts[0] + "." + parts[1] + ".",
		"tampered payload":       "Bearer " + tampered,
		"id token":               "Bearer " + i.Sign(with("token_use", "id"), nil),
		"garbage":                "Bearer garbage",
		"a header of 5 KB":       "Bearer " + i.Sign(good, map[string]any{"x": strings.Repeat("x", 5<<10)}),
		"two tokens in one line": "Bearer " + valid + " " + valid,
	} {
		resp, body := bearing(t, url, authorization, writeRequest)
		challenge := resp.Header.Get("WWW-Authenticate")
		if resp.StatusCode != 401 || !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, "resource_metadata=") {
			t.Errorf("%s: got %d, challenge %s, body %s", name, resp.StatusCode, challenge, body)
		}
		bodies[body] = append(bodies[body], name)
	}
	if len(bodies) != 1 {
		t.Errorf("refusals can be told apart by their bodies: %q", bodies)
	}
	// The owner learns why.
	for _, why := range []string{"client", "expired", "alg"} {
		within(t, 10*time.Second, "the log says "+why, func() bool { return strings.Contains(out.text()[before:], why) })
	}
	log := out.text()[before:]
	if strings.Contains(log, parts[2][:20]) {
		t.Error("a token's signature is in the log")
	}
	// A key is rotated: the old one and the new one both do for a while.
	i.Rotate()
	if resp, _ := bearing(t, url, "Bearer "+valid, listToolsRequest); resp.StatusCode != 200 {
		t.Errorf("after a rotation, the old key's token: %d", resp.StatusCode)
	}
}

func TestProtectedResourceMetadata(t *testing.T) {
	i := newIssuer(t)
	endpoint, _ := startServe(t, i.flags()...)
	base := strings.TrimSuffix(endpoint, "/mcp")
	resp, _ := bearing(t, endpoint, "", listToolsRequest)
	named := regexp.MustCompile(`resource_metadata="([^"]+)"`).FindStringSubmatch(resp.Header.Get("WWW-Authenticate"))
	if named == nil || named[1] != base+"/.well-known/oauth-protected-resource/mcp" {
		t.Fatalf("challenge %s", resp.Header.Get("WWW-Authenticate"))
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		var metadata struct {
			Resource             string   `json:"resource"`
			AuthorizationServers []string `json:"authorization_servers"`
			Scopes               []string `json:"scopes_supported"`
		}
		err = json.NewDecoder(resp.Body).Decode(&metadata)
		resp.Body.Close()
		if err != nil || metadata.Resource != endpoint || !slices.Equal(metadata.AuthorizationServers, []string{i.Issuer(i.base)}) || !slices.Contains(metadata.Scopes, writeScope) {
			t.Errorf("%s: got %+v, %v", path, metadata, err)
		}
	}
}

// An MCP client with a token works as usual.
func TestClientWithToken(t *testing.T) {
	i := newIssuer(t)
	endpoint, _ := startServe(t, i.flags()...)
	source := auth.ClientCredentials(auth.ClientCredentialsConfig{
		DiscoveryURL: i.DiscoveryURL(i.base), ClientID: "writer", Loopback: true, Scopes: []string{writeScope, readScope},
		Secret: func(context.Context) (string, error) { return "writer-secret", nil },
	})
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: auth.Bearer(auth.Cached(source, time.Minute, nil), transport)}
	session := connectTo(t, &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: client})
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) < 7 {
		t.Fatalf("got %d tools, %v", len(list.Tools), err)
	}
}

// On the platform, a token that nobody verified here grants nothing: power is
// looking or, where read-only is explicitly false, everything. A browser is
// refused whatever it names itself, and the log says who can do what.
func TestPlatform(t *testing.T) {
	i := newIssuer(t)
	for _, c := range []struct {
		args, env []string
		writes    bool
		warning   string
	}{
		{args: []string{"--auth", "platform"}, warning: "changes nothing"},
		{args: []string{"--auth", "platform", "--read-only"}, warning: "changes nothing"},
		{args: []string{"--auth", "platform", "--read-only=false"}, writes: true, warning: "everything that the AWS credentials allow"},
		{args: []string{"--auth", "platform"}, env: []string{"AGENTCORE_GATEWAY_MCP_READ_ONLY=false"}, writes: true, warning: "everything that the AWS credentials allow"},
		{args: []string{"--auth", "none"}, writes: true},
	} {
		cmd := program(t, append([]string{"serve", "--local", "--addr", "127.0.0.1:0"}, c.args...)...)
		cmd.Env = append(cmd.Env, c.env...)
		out := start(t, cmd)
		endpoint := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(out.until(t, "/mcp"))[1]
		for _, authorization := range []string{"", "Bearer " + i.token(t, "writer"), "Bearer garbage"} {
			_, body := bearing(t, endpoint, authorization, listToolsRequest)
			if got := strings.Contains(body, "synchronize_target"); got != c.writes {
				t.Errorf("%v, %.20s: tools that change something: %v, want %v", c.args, authorization, got, c.writes)
			}
		}
		if c.warning == "" {
			continue
		}
		if log := out.until(t, "level=WARN"); !strings.Contains(log, c.warning) || !strings.Contains(log, "gateways=ac-gateway-mcp-server") || strings.Contains(log, "no --seal-key") != c.writes {
			t.Errorf("%v: the log does not warn of %q: %s", c.args, c.warning, log)
		}
		for _, origin := range []string{"https://evil.example", strings.TrimSuffix(endpoint, "/mcp"), "null"} {
			req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(listToolsRequest))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Origin": {origin}}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%v: a page of %s gets %d", c.args, origin, resp.StatusCode)
			}
		}
	}
}

func TestAllowedHosts(t *testing.T) {
	endpoint, _ := startServe(t, "--auth", "platform", "--allowed-hosts", "tools.example.com")
	for host, want := range map[string]int{"tools.example.com": 200, "TOOLS.example.com:443": 200, "127.0.0.1": 403, "evil.example.com": 403} {
		req, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(endpoint, "/mcp")+"/ping", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("host %s: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

// What would let strangers in, or would have no effect, does not start, and
// says what to set.
func TestServeRefusesToStart(t *testing.T) {
	const discovery = "--discovery-url=https://idp.example.com/.well-known/openid-configuration"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--addr", "0.0.0.0:0"}, "--auth jwt, or --auth platform"},
		{[]string{"--addr", "nowhere"}, "not host:port"},
		{[]string{"--auth", "maybe"}, "none"},
		{[]string{"--auth", "jwt"}, "needs --discovery-url"},
		{[]string{"--auth", "jwt", discovery}, "needs --allowed-audience or --allowed-clients"},
		{[]string{"--auth", "jwt", discovery, "--allowed-clients", "c", "--addr", "0.0.0.0:0"}, "needs --resource-url"},
		{[]string{"--auth", "jwt", discovery, "--allowed-clients", "c", "--algorithms", "HS256"}, "HS256"},
		{[]string{"--auth", "jwt", discovery, "--allowed-clients", "c", "--custom-claims", "{"}, "--custom-claims"},
		{[]string{"--auth", "jwt", "--discovery-url=http://idp.example.com/.well-known/openid-configuration", "--allowed-clients", "c"}, "https"},
		{[]string{"--auth", "jwt", discovery, "--allowed-clients", "c", "--read-scope", "s", "--write-scope", "s"}, "are the same"},
		{[]string{"--auth", "platform", "--allowed-clients", "c"}, "has no effect with --auth platform"},
		{[]string{"--gateway-client-id", "c"}, outbound.SecretVariable},
		{[]string{"--gateway-client-id", "c", "--gateway-client-secret-arn", "arn"}, "needs --gateway"},
		{[]string{"--gateway-credential-provider", "p"}, "needs --workload-identity"},
	} {
		cmd := program(t, append([]string{"serve", "--region", "us-east-1", "--addr", "127.0.0.1:0"}, c.args...)...)
		refusesToStart(t, cmd, c.want)
	}
}

func refusesToStart(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	timer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if _, stderr, status := output(t, cmd); status != 1 || !strings.Contains(stderr, want) {
		t.Errorf("%v: exit status %d, stderr %s, want %s", cmd.Args[1:], status, stderr, want)
	}
}

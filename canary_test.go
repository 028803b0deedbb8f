package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	own "agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// echo is an MCP server that tells everybody what it was sent: in names,
// descriptions, schemas, errors and headers.
type echo struct {
	url string

	mu    sync.Mutex
	how   string              // how the next answers tell it
	heard map[string]struct{} // the credentials that were sent
}

// spellings are the forms in which a credential is told.
func spellings(secret string) []string {
	longer := "user:" + secret
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%3D", "%3d").Replace(url.QueryEscape(secret)), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(longer)), base64.URLEncoding.EncodeToString([]byte("x" + secret)),
	}
}

func newEcho(t *testing.T) *echo {
	e := &echo{heard: map[string]struct{}{}, how: "definitions"}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	e.url = s.URL + "/mcp"
	return e
}

func (e *echo) tell(how string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.how = how
}

func (e *echo) credentials() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for secret := range e.heard {
		all = append(all, secret)
	}
	return all
}

// ServeHTTP speaks just enough of MCP to be read.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secrets := []string{strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Header.Get("X-Api-Key"), r.URL.Query().Get("X-Api-Key"), r.URL.Query().Get("key")}
	told := []string{}
	e.mu.Lock()
	for _, secret := range secrets {
		if secret != "" {
			e.heard[secret] = struct{}{}
			told = append(told, spellings(secret)...)
		}
	}
	how := e.how
	e.mu.Unlock()
	all := strings.Join(told, " ")
	var request struct {
		ID     json.RawMessage
		Method string
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &request)
	for i, secret := range told {
		w.Header().Add("X-Echo", secret)
		if i == 0 {
			w.Header().Set("WWW-Authenticate", `Bearer error="`+secret+`"`)
		}
	}
	switch {
	case request.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case how == "status 500":
		http.Error(w, strings.Repeat("x", 150)+" "+all, http.StatusInternalServerError)
	case how == "status 401":
		http.Error(w, all, http.StatusUnauthorized)
	case how == "redirect":
		http.Redirect(w, r, "https://elsewhere.example/"+url.PathEscape(told[0]), http.StatusFound)
	case how == "content type":
		w.Header().Set("Content-Type", "text/"+url.QueryEscape(strings.Join(told, "")))
		io.WriteString(w, all)
	case how == "an error":
		e.answer(w, request.ID, `"error":`+jsonOf(map[string]any{"code": -32000, "message": all, "data": all}))
	case request.Method == "initialize":
		e.answer(w, request.ID, `"result":`+jsonOf(map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{"tools": map[string]any{}}, "serverInfo": map[string]any{"name": all, "version": "1"}, "instructions": all}))
	default:
		list := []map[string]any{}
		for i, secret := range told {
			list = append(list, map[string]any{
				"name": fmt.Sprintf("t%d_%s", i, secret), "title": secret, "description": strings.Repeat("y", 280) + secret + " " + all,
				"inputSchema": map[string]any{"type": "object", "description": secret, "required": []string{secret}, "properties": map[string]any{secret: map[string]any{"type": "string", "default": secret, "enum": []string{secret, all}}}},
				"annotations": map[string]any{"title": secret},
			})
		}
		if len(list) == 0 {
			list = append(list, map[string]any{"name": "nothing", "inputSchema": map[string]any{"type": "object"}})
		}
		e.answer(w, request.ID, `"result":`+jsonOf(map[string]any{"tools": list}))
	}
}

func (e *echo) answer(w http.ResponseWriter, id json.RawMessage, member string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, id, member)
}

func jsonOf(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

// A server that tells what it was sent does not get it to a model, a log or a
// terminal, whatever tool is called.
func TestEchoedCredentialsAreMasked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	e := newEcho(t)
	s.newKeyedTarget("by-header", e.url, types.ApiKeyCredentialLocationHeader)
	s.newKeyedTarget("by-query", e.url, types.ApiKeyCredentialLocationQueryParameter)
	client, err := own.New(t.Context(), s.world.AWS())
	if err != nil {
		t.Fatal(err)
	}
	const inURL = "s3cret-in-the-url"
	for name, target := range map[string]own.NewTarget{
		"by-token": {Name: "by-token", Endpoint: e.url, ProviderARN: s.world.ProviderARN, Scopes: []string{tutorial.RuntimeScope}},
		"by-url":   {Name: "by-url", Endpoint: e.url + "?key=" + inURL},
	} {
		created, err := client.CreateTarget(t.Context(), s.world.GatewayID, target)
		if err != nil {
			t.Fatal(name, err)
		}
		s.ready(created.ID)
	}
	called := map[string]bool{}
	ask := func(tool, target string, more ...any) {
		called[tool] = true
		arguments := map[string]any{}
		if target != "" {
			arguments["target"] = target
		}
		if strings.Contains(tool, "sync") || strings.Contains(tool, "update") || strings.Contains(tool, "pin") {
			arguments["waitSeconds"] = 2 // a server that answers something else each time looks late
		}
		for i := 0; i < len(more); i += 2 {
			arguments[more[i].(string)] = more[i+1]
		}
		s.call(tool, arguments)
	}
	targets := []string{"by-header", "by-query", "by-token", "by-url"}
	for _, target := range targets {
		ask("check_drift", target) // sends the target's credential
		for _, tool := range []string{"list_gateways", "get_gateway", "list_targets", "list_tools"} {
			ask(tool, "")
		}
		ask("synchronize_target", target, "dryRun", true)
		ask("synchronize_target", target)
		ask("update_target_endpoint", target, "endpoint", e.url+"?key="+inURL+"2", "dryRun", true)
		ask("pin_target_tools", target)
		ask("get_target", target)
		if r, err := s.session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways/" + tutorial.Gateway + "/targets/" + target}); err != nil {
			t.Error(err)
		} else {
			s.said.Write([]byte(r.Contents[0].Text))
		}
		ask("unpin_target_tools", target)
		ask("update_target", target, "description", "see "+e.url+"?key="+inURL)
	}
	for _, how := range []string{"status 500", "status 401", "redirect", "content type", "an error"} {
		e.tell(how)
		for _, target := range targets {
			ask("check_drift", target)
			ask("synchronize_target", target, "dryRun", true)
		}
		ask("synchronize_targets", "", "targets", targets)
	}
	e.tell("definitions")
	ask("synchronize_targets", "", "targets", targets)
	ask("list_tools", "")
	ask("list_targets", "")
	for _, tool := range tools.All() {
		if !called[tool.Name] { // a new one: what it says by itself, or why it will not
			ask(tool.Name, "")
		}
	}
	all := s.said.text()
	heard := e.credentials()
	if len(heard) < 4 || !strings.Contains(all, "***") {
		t.Fatalf("the server heard %d credentials, and %d bytes were said: this test would see nothing", len(heard), len(all))
	}
	for _, secret := range append(heard, s.world.Secret, s.world.RuntimeSecret) {
		for _, spelling := range append(spellings(secret), secret[:min(len(secret), 24)], jsonOf(secret)[1:len(jsonOf(secret))-1]) {
			if i := strings.Index(all, spelling); i >= 0 {
				t.Errorf("%.12s… comes out as %.20s…: …%s…", secret, spelling, all[max(0, i-300):min(len(all), i+60)])
				break
			}
		}
	}
}

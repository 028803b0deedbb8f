package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/emulator"
)

// formation is CloudFormation as far as the template needs it, on a local AgentCore,
// with the user pools and secrets of that.
type formation struct {
	t         *testing.T
	cloud     *emulator.Server
	front     *httptest.Server
	resources map[string]any
	values    map[string]string // of Ref NAME and GetAtt NAME.ATTRIBUTE
	issuers   *strings.Replacer // from Cognito's discovery documents to the local ones
}

// resolved is a value of the template without functions.
func (f *formation) resolved(v any) any {
	f.t.Helper()
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = f.resolved(v[i])
		}
		return all
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok {
			return f.value(ref)
		}
		switch parts := v["Fn::GetAtt"].(type) {
		case string:
			return f.value(parts)
		case []any:
			return f.value(fmt.Sprint(parts[0], ".", parts[1]))
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			return f.issuers.Replace(regexp.MustCompile(`\$\{[^}]+\}`).ReplaceAllStringFunc(text, func(name string) string { return f.value(name[2 : len(name)-1]) }))
		}
		if parts, ok := v["Fn::If"].([]any); ok {
			if f.value("Rights") == "managing" {
				return f.resolved(parts[1])
			}
			return f.resolved(parts[2])
		}
		all := map[string]any{}
		for key, value := range v {
			all[key] = f.resolved(value)
		}
		return all
	}
	return v
}

func (f *formation) value(name string) string {
	f.t.Helper()
	value, ok := f.values[name]
	if !ok {
		f.t.Fatalf("the template uses %s, which is not there yet", name)
	}
	return value
}

// asRequest is what the API calls properties: CloudFormation's begin with a capital.
func asRequest(v any) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = asRequest(v[i])
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, value := range v {
			if key != "EnvironmentVariables" { // its keys are the template's own
				value = asRequest(value)
			}
			all[strings.ToLower(key[:1])+key[1:]] = value
		}
		return all
	}
	return v
}

// properties are a resource's, without functions.
func (f *formation) properties(name string) map[string]any {
	f.t.Helper()
	return f.resolved(f.resources[name].(map[string]any)["Properties"]).(map[string]any)
}

// create sends a resource to the API, and keeps what others refer to.
func (f *formation) create(name, method, path string, attributes ...string) map[string]any {
	f.t.Helper()
	body := asRequest(f.properties(name)).(map[string]any)
	if protocol, ok := body["protocolConfiguration"].(string); ok { // what CloudFormation makes short
		body["protocolConfiguration"] = map[string]any{"serverProtocol": protocol}
	}
	delete(body, "gatewayIdentifier") // it is in the path
	data, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	created := f.request(method, path, data)
	for _, attribute := range attributes {
		f.values[name+"."+attribute], _ = created[strings.ToLower(attribute[:1])+attribute[1:]].(string)
	}
	return created
}

func (f *formation) request(method, path string, body []byte) (answer map[string]any) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.front.URL+path, bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := f.front.Client().Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 || json.Unmarshal(data, &answer) != nil {
		f.t.Fatalf("%s %s %s: %s %s %v", method, path, body, response.Status, data, err)
	}
	return answer
}

// ready waits until a resource is READY.
func (f *formation) ready(path string) {
	f.t.Helper()
	late := time.After(longest)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		got := f.request(http.MethodGet, path, nil)
		status, _ := got["status"].(string)
		if status == "READY" {
			return
		}
		if !strings.HasSuffix(status, "ING") {
			f.t.Fatalf("%s is %v", path, got)
		}
		select {
		case <-again.C:
		case <-late:
			f.t.Fatalf("%s is still %v", path, got)
		}
	}
}

// The template's world on the local AgentCore: each request that CloudFormation would
// send of it is one that AgentCore's own model takes, both targets become READY, and
// this server, with the settings that it has there, keeps the gateway in order.
func TestTemplatePlays(t *testing.T) {
	t.Parallel()
	template := includeTemplate(t, template).Template
	cloud := emulator.New(emulator.Options{CheckCredentials: true, Quotas: emulator.Quotas{Write: -1, Read: -1}})
	t.Cleanup(cloud.Close)
	front := httptest.NewServer(cloud)
	t.Cleanup(front.Close)
	callers, runtimes := cloud.NewUserPool("callers"), cloud.NewUserPool("runtimes")
	callers.AddClient("agent", "of-the-agent", "sample-agentcore-gateway-id/invoke")
	const cognito = "https://cognito-idp.us-east-1.amazonaws.com/"
	f := &formation{t: t, cloud: cloud, front: front, resources: template["Resources"].(map[string]any),
		issuers: strings.NewReplacer(cognito+"callers/.well-known/openid-configuration", callers.DiscoveryURL(front.URL), cognito+"runtimes/.well-known/openid-configuration", runtimes.DiscoveryURL(front.URL)),
		values: map[string]string{
			"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "tutorial",
			"CallersPool": "callers", "CallersClient": "agent", "CallersSecret": cloud.PutSecret("callers", "of-the-agent"),
			"RuntimesPool": "runtimes", "RuntimesClient": "gateway", "RuntimesClient.ClientSecret": "of-the-gateway",
		}}
	for name, parameter := range template["Parameters"].(map[string]any) {
		f.values[name] = fmt.Sprint(parameter.(map[string]any)["Default"])
	}
	runtimes.AddClient("gateway", "of-the-gateway", f.texts("RuntimesClient", "AllowedOAuthScopes")...)
	for _, role := range []string{"GatewayRole", "OrdersRole", "ServerRole"} {
		f.values[role+".Arn"] = "arn:aws:iam::123456789012:role/" + role
	}
	f.create("Provider", http.MethodPost, "/identities/CreateOauth2CredentialProvider", "CredentialProviderArn")
	f.create("Identity", http.MethodPost, "/identities/CreateWorkloadIdentity")
	f.values["Identity"] = f.properties("Identity")["Name"].(string)
	gateway := f.create("Gateway", http.MethodPost, "/gateways/", "GatewayArn", "GatewayUrl")
	id := gateway["gatewayId"].(string)
	f.values["Gateway.GatewayIdentifier"] = id
	f.ready("/gateways/" + id)

	shop, err := orders.NewHandler(2)
	if err != nil {
		t.Fatal(err)
	}
	behind := httptest.NewServer(shop)
	t.Cleanup(behind.Close)
	for name, process := range map[string]func() string{
		"OrdersRuntime": func() string { return behind.URL + "/mcp" },
		"ServerRuntime": func() string { return f.startServer() },
	} {
		created := f.create(name, http.MethodPut, "/runtimes/", "AgentRuntimeArn", "AgentRuntimeId")
		f.ready("/runtimes/" + created["agentRuntimeId"].(string) + "/")
		if err := cloud.RegisterRuntime(f.values[name+".AgentRuntimeArn"], process()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"OrdersTarget", "ServerTarget"} {
		created := f.create(name, http.MethodPost, "/gateways/"+id+"/targets/")
		f.ready("/gateways/" + id + "/targets/" + created["targetId"].(string))
	}

	f.keepsApart(runtimes)
	session := f.asAgent(callers)
	if err := shop.SetTools(3); err != nil {
		t.Fatal(err)
	}
	called := func(tool string) string {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "gateway-tools___" + tool, Arguments: map[string]any{"target": "mcp-server-target"}})
		if err != nil || result.IsError {
			t.Fatalf("%s: %+v, %v", tool, result, err)
		}
		return result.Content[0].(*mcp.TextContent).Text
	}
	if drift := called("check_drift"); !strings.Contains(drift, `"drifted":1`) {
		t.Errorf("check_drift: %s", drift)
	}
	if synchronized := called("synchronize_target"); !strings.Contains(synchronized, `"outcome":"synchronized"`) || !strings.Contains(synchronized, "cancelOrder") {
		t.Errorf("synchronize_target: %s", synchronized)
	}
	var names []string
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	for _, want := range []string{"mcp-server-target___cancelOrder", "gateway-tools___update_target_endpoint"} {
		if !slices.Contains(names, want) {
			t.Errorf("the gateway serves %q, without %s", names, want)
		}
	}
}

// startServer starts this server as its runtime does, and returns its MCP URL.
func (f *formation) startServer() string {
	f.t.Helper()
	env := environment(f.t.TempDir())
	for _, service := range []string{"BEDROCK_AGENTCORE_CONTROL", "BEDROCK_AGENTCORE", "SECRETS_MANAGER"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+f.front.URL)
	}
	for name, value := range f.properties("ServerRuntime")["EnvironmentVariables"].(map[string]any) {
		env = append(env, name+"="+value.(string))
	}
	printed, _ := background(f.t, serving, env, program, "serve", "--addr", "127.0.0.1:0", "--auth", "platform")
	return serving.FindStringSubmatch(printed)[1]
}

// texts are a list of texts in a resource's properties, which is there by path.
func (f *formation) texts(name string, path ...string) (all []string) {
	f.t.Helper()
	var v any = f.properties(name)
	for _, key := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any: // of one
			v = at[0].(map[string]any)[key]
		}
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		f.t.Fatalf("%s has no %q", name, path)
	}
	for _, text := range list {
		all = append(all, text.(string))
	}
	return all
}

// keepsApart reports a runtime that the gateway's token for it does not open, or that its
// token for the other runtime does.
func (f *formation) keepsApart(runtimes *emulator.UserPool) {
	f.t.Helper()
	of := map[string]string{"OrdersTarget": "OrdersRuntime", "ServerTarget": "ServerRuntime"}
	for target, own := range of {
		scopes := f.texts(target, "CredentialProviderConfigurations", "CredentialProvider", "OauthCredentialProvider", "Scopes")
		transport := &bearer{token: f.token(runtimes, "gateway", "of-the-gateway", strings.Join(scopes, " "))}
		for _, name := range of {
			endpoint := f.front.URL + "/runtimes/" + url.PathEscape(f.value(name+".AgentRuntimeArn")) + "/invocations?qualifier=DEFAULT"
			request, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, endpoint, strings.NewReader(
				`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"agent","version":"1"}}}`))
			if err != nil {
				f.t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Accept", "application/json, text/event-stream")
			response, err := (&http.Client{Transport: transport}).Do(request)
			if err != nil {
				f.t.Fatal(err)
			}
			response.Body.Close()
			refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
			if name == own && response.StatusCode != http.StatusOK || name != own && !refused {
				f.t.Errorf("%s answers a token that the gateway gets for %s, of %q: %s", name, target, scopes, response.Status)
			}
		}
		transport.CloseIdleConnections()
	}
}

// token is one that a user pool gives a client.
func (f *formation) token(pool *emulator.UserPool, client, secret, scope string) string {
	f.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, pool.TokenURL(f.front.URL), strings.NewReader(form.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, secret)
	response, err := f.front.Client().Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&token); err != nil || token.AccessToken == "" {
		f.t.Fatalf("%s: %s %v", request.URL, response.Status, err)
	}
	return token.AccessToken
}

// asAgent is a session with the gateway, as the client that the template's outputs name.
func (f *formation) asAgent(callers *emulator.UserPool) *mcp.ClientSession {
	f.t.Helper()
	transport := &bearer{token: f.token(callers, "agent", "of-the-agent", "sample-agentcore-gateway-id/invoke")}
	f.t.Cleanup(transport.CloseIdleConnections)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "agent", Version: "1"}, nil).Connect(f.t.Context(),
		&mcp.StreamableClientTransport{Endpoint: f.value("Gateway.GatewayUrl"), HTTPClient: &http.Client{Transport: transport}, DisableStandaloneSSE: true}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { session.Close() })
	return session
}

// bearer brings a token.
type bearer struct {
	http.Transport
	token string
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.Transport.RoundTrip(r)
}

package emulator_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestSecretsStayInside plants secrets in every place that takes one, makes
// everything fail that uses them, and looks for them in all answers and logs.
func TestSecretsStayInside(t *testing.T) {
	log := &logged{}
	w := startTutorial(t, emulator.Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	seen := &recorder{next: w.http.Transport}
	w.http.Transport = seen

	w.outbound.AddClient("runtime-client", "canary-0", runtimeScope)
	w.changeSecret("ac-gateway-mcp-server-identity", "canary-1")
	w.resync(types.TargetStatusFailed)
	w.changeSecret("ac-gateway-mcp-server-identity", "canary-0")
	w.resync(types.TargetStatusReady)
	w.getProvider("ac-gateway-mcp-server-identity")
	secret := w.core.PutSecret("client", `{"secret":"canary-2"}`)
	config := &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
		OauthDiscovery: &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: w.outbound.DiscoveryURL(w.url)}, ClientId: aws.String("runtime-client"),
		ClientSecretSource: types.SecretSourceTypeExternal, ClientSecretConfig: &types.SecretReference{SecretId: &secret, JsonKey: aws.String("secret")},
	}}
	external, err := w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("external"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2, Oauth2ProviderConfigInput: config,
	})
	w.check(err)
	w.settles(w.gatewayID, w.signedIn("external", w.invocations(w.runtimeARN), w.oauth(*external.CredentialProviderArn, runtimeScope)), types.TargetStatusFailed)
	config.Value.ClientSecret = aws.String("canary-3") // both: refused
	_, err = w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("both"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2, Oauth2ProviderConfigInput: config,
	})
	w.refusal(err, "ValidationException", "EXTERNAL")
	_, err = w.client.CreateApiKeyCredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateApiKeyCredentialProviderInput{Name: aws.String("search"), ApiKey: aws.String("canary-4" + strings.Repeat("x", 65536))})
	w.refusal(err, "ValidationException", "'apiKey'")
	key := w.apiKeyProvider("search", "canary-5")
	for name, endpoint := range map[string]string{"closed": w.guarded(func(*http.Request) bool { return false }), "down": "http://127.0.0.1:1/mcp"} {
		w.settles(w.gatewayID, w.signedIn(name, endpoint, types.CredentialProviderConfiguration{
			CredentialProviderType: types.CredentialProviderTypeApiKey,
			CredentialProvider: &types.CredentialProviderMemberApiKeyCredentialProvider{Value: types.GatewayApiKeyCredentialProvider{
				ProviderArn: &key, CredentialLocation: types.ApiKeyCredentialLocationQueryParameter, CredentialParameterName: aws.String("key"),
			}},
		}), types.TargetStatusFailed)
	}

	// A call whose server is gone, told in full.
	_, err = w.client.UpdateGateway(t.Context(), &bedrockagentcorecontrol.UpdateGatewayInput{
		GatewayIdentifier: &w.gatewayID, Name: aws.String("ac-gateway-mcp-server"), RoleArn: aws.String(roleARN),
		ProtocolType: types.GatewayProtocolTypeMcp, AuthorizerType: types.AuthorizerTypeCustomJwt,
		AuthorizerConfiguration: w.jwt(w.inbound, "gateway-client"), ExceptionLevel: types.ExceptionLevelDebug,
	})
	w.check(err)
	caller := w.callerToken()
	w.check(w.core.RegisterRuntime(w.runtimeARN, "http://127.0.0.1:1/mcp"))
	session, err := w.session(w.endpoint(), caller)
	w.check(err)
	defer session.Close()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "mcp-server-target___getOrder"})
	w.check(err)
	if !result.IsError {
		t.Error("a call without a server succeeded")
	}

	seen.mu.Lock()
	defer seen.mu.Unlock()
	log.mu.Lock()
	defer log.mu.Unlock()
	answers, lines := seen.seen.String(), log.text.String()
	for _, text := range []string{"ac-gateway-mcp-server-identity", "Error parsing ClientCredentials response", "external"} {
		if !strings.Contains(answers, text) {
			t.Fatalf("the answers lack %q: they were not recorded", text)
		}
	}
	if !strings.Contains(lines, "target failed") {
		t.Fatal("the log was not kept")
	}
	for place, text := range map[string]string{"an answer": answers, "the log": lines} {
		for _, planted := range []string{"canary", "gateway-secret", "runtime-secret"} {
			if i := strings.Index(text, planted); i >= 0 {
				t.Errorf("%s has a secret: …%q", place, text[max(0, i-200):min(len(text), i+40)])
			}
		}
	}
	if strings.Contains(lines, caller) {
		t.Error("the log has a token")
	}
}

func TestGetSecretValue(t *testing.T) {
	now := newClock()
	w := startAuthenticated(t, emulator.Options{Now: now.Now})
	client := secretsmanager.New(secretsmanager.Options{
		Region: "us-east-1", BaseEndpoint: &w.url, HTTPClient: w.http, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	})
	get := func(id string) (*secretsmanager.GetSecretValueOutput, error) {
		return client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	}
	arn := w.core.PutSecret("runtime/client", "one")
	if prefix := "arn:aws:secretsmanager:us-east-1:123456789012:secret:runtime/client-"; !strings.HasPrefix(arn, prefix) || len(arn) != len(prefix)+6 {
		t.Errorf("the ARN is %s", arn)
	}
	for _, id := range []string{arn, "runtime/client"} {
		out, err := get(id)
		w.check(err)
		if *out.SecretString != "one" || *out.ARN != arn || *out.Name != "runtime/client" || !out.CreatedDate.Equal(now.Now()) || !slices.Equal(out.VersionStages, []string{"AWSCURRENT"}) {
			t.Errorf("%s: %+v", id, out)
		}
	}
	first, err := get(arn)
	w.check(err)
	w.core.PutSecret("runtime/client", "two")
	second, err := get(arn)
	w.check(err)
	if *second.SecretString != "two" || *second.VersionId == *first.VersionId {
		t.Errorf("a new version is %+v", second)
	}
	_, err = get("none")
	w.refusal(err, "ResourceNotFoundException", "can't find the specified secret")
	_, err = client.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	w.refusal(err, "UnknownOperationException", "GetSecretValue only")
	if n := w.core.Calls("GetSecretValue"); n != 5 {
		t.Errorf("%d calls counted", n)
	}
	defer w.core.Inject(emulator.Fault{Operation: "GetSecretValue", Code: "InternalServiceError"})()
	if _, err := get(arn); err == nil {
		t.Error("the fault did not hit")
	}
}

// claims are those of the token that the outbound pool answers to a form.
func (w *tutorial) claims(form url.Values) map[string]any {
	w.Helper()
	resp, err := w.http.PostForm(w.outbound.TokenURL(w.url), form)
	w.check(err)
	var answer struct {
		Token string `json:"access_token"`
	}
	w.check(json.Unmarshal([]byte(readAll(w.world, resp)), &answer))
	parts := strings.Split(answer.Token, ".")
	if len(parts) != 3 {
		w.Fatalf("the token has %d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	w.check(err)
	var claims map[string]any
	w.check(json.Unmarshal(payload, &claims))
	return claims
}

func TestUserPool(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	w.outbound.AddClient("public", "", runtimeScope)
	w.outbound.AddClient("scopeless", "x")
	form := func(pairs ...string) url.Values {
		values := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	for name, c := range map[string]struct {
		form   url.Values
		basic  []string
		status int
		text   string
	}{
		"post":          {form("client_id", "runtime-client", "client_secret", "runtime-secret"), nil, 200, `"token_type":"Bearer"`},
		"basic":         {form("scope", runtimeScope), []string{"runtime-client", "runtime-secret"}, 200, `"expires_in":3600`},
		"wrong secret":  {form("client_id", "runtime-client", "client_secret", "x"), nil, 400, `{"error":"invalid_client"}`},
		"unknown":       {form(), []string{"nobody", "x"}, 400, `{"error":"invalid_client"}`},
		"wrong scope":   {form("scope", runtimeScope+" other"), []string{"runtime-client", "runtime-secret"}, 400, `{"error":"invalid_scope"}`},
		"public client": {form("client_id", "public"), nil, 400, `{"error":"unauthorized_client"}`},
		"no scopes":     {form(), []string{"scopeless", "x"}, 400, `{"error":"unauthorized_client"}`},
		"other grant":   {form("grant_type", "password"), []string{"runtime-client", "runtime-secret"}, 400, `{"error":"unsupported_grant_type"}`},
		"no grant":      {url.Values{}, []string{"runtime-client", "runtime-secret"}, 400, `{"error":"invalid_request"}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.outbound.TokenURL(w.url), strings.NewReader(c.form.Encode()))
		w.check(err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.basic != nil {
			req.SetBasicAuth(c.basic[0], c.basic[1])
		}
		resp, err := w.http.Do(req)
		w.check(err)
		if body := readAll(w.world, resp); resp.StatusCode != c.status || !strings.Contains(body, c.text) || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %d %s", name, resp.StatusCode, body, c.status, c.text)
		}
	}
	w.outbound.AddClient("many", "x", runtimeScope, "other/scope")
	for asked, want := range map[string]string{"": runtimeScope + " other/scope", "other/scope": "other/scope"} {
		claims := w.claims(form("scope", asked, "client_id", "many", "client_secret", "x"))
		if claims["scope"] != want || claims["client_id"] != "many" || claims["sub"] != "many" || claims["token_use"] != "access" || claims["aud"] != nil {
			t.Errorf("asked for %q, the claims are %v", asked, claims)
		}
	}
	issuer := strings.TrimPrefix(w.outbound.Issuer(w.url), w.url)
	if parts := strings.Split(issuer, "_"); !strings.HasPrefix(issuer, "/cognito/us-east-1_") || len(parts) != 2 || len(parts[1]) != 9 {
		t.Errorf("the issuer is %s", issuer)
	}
	keys := func() []any {
		_, _, set := w.raw("GET", issuer+"/.well-known/jwks.json", "")
		list, _ := set["keys"].([]any)
		return list
	}
	first := keys()
	w.outbound.Rotate()
	second := keys()
	w.outbound.Rotate()
	if third := keys(); len(first) != 1 || len(second) != 2 || len(third) != 2 {
		t.Errorf("the key sets have %d, %d and %d keys", len(first), len(second), len(third))
	}
	_, _, document := w.raw("GET", issuer+"/.well-known/openid-configuration", "")
	if document["token_endpoint"] != w.outbound.TokenURL(w.url) || document["issuer"] != w.outbound.Issuer(w.url) {
		t.Errorf("the configuration is %v", document)
	}
	w.outbound.RemoveDomain()
	if _, _, document := w.raw("GET", issuer+"/.well-known/openid-configuration", ""); document["token_endpoint"] != nil {
		t.Errorf("without a domain the configuration is %v", document)
	}
	for _, path := range []string{issuer + "/oauth2/token", "/cognito/none/.well-known/jwks.json", issuer} {
		if status, _, _ := w.raw("POST", path, ""); status != 404 {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.outbound.DiscoveryURL("http://other.localhost:8042"), nil)
	w.check(err)
	req.URL.Host, req.Host = strings.TrimPrefix(w.url, "http://"), "other.localhost:8042"
	answer, err := w.http.Do(req)
	w.check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	w.check(err)
	if !strings.Contains(string(body), w.outbound.Issuer("http://other.localhost:8042")+`"`) {
		t.Errorf("under another name the configuration is %s", body)
	}
}

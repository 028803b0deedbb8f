package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func (w *tutorial) byCode() types.CredentialProviderConfiguration {
	credentials := w.oauth(w.providerARN, runtimeScope)
	credentials.CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider).Value.GrantType = types.OAuthGrantTypeAuthorizationCode
	return credentials
}

// pending waits for a pending authorization and returns its session and user.
func (w *tutorial) pending(target string, want types.TargetStatus) (session, user string) {
	w.Helper()
	var got *bedrockagentcorecontrol.GetGatewayTargetOutput
	w.until("the target is "+string(want), func() bool {
		got = w.get(w.gatewayID, target)
		return got.Status == want
	})
	data, ok := got.AuthorizationData.(*types.AuthorizationDataMemberOauth2)
	if !ok {
		w.Fatalf("the target has no authorization data: %+v", got)
	}
	address, err := url.Parse(*data.Value.AuthorizationUrl)
	w.check(err)
	return address.Query().Get("request_uri"), *data.Value.UserId
}

func TestPendingAuthorization(t *testing.T) {
	now := newClock()
	w := startTutorial(t, emulator.Options{Now: now.Now})
	id := w.signedIn("by-code", w.invocations(w.runtimeARN), w.byCode())
	session, user := w.pending(id, types.TargetStatusCreatePendingAuth)
	if err := w.synchronize(w.gatewayID, id); err == nil {
		t.Error("a pending target was synchronized")
	}
	resp, err := w.http.Get(w.url + "/identities/oauth2/authorize?request_uri=" + url.QueryEscape(session))
	w.check(err)
	if page := readAll(w.world, resp); resp.StatusCode != 200 || !strings.Contains(page, "--user-identifier userId="+user+" --session-uri "+session) {
		t.Errorf("the authorization URL answers %d %s", resp.StatusCode, page)
	}
	w.refusal(w.consent(session, "somebody-else"), "AccessDeniedException", "")
	w.check(w.consent(session, user))
	got := w.settles(w.gatewayID, id, types.TargetStatusReady)
	if got.AuthorizationData != nil {
		t.Errorf("a READY target still has %+v", got.AuthorizationData)
	}
	if tools := w.offers(w.endpoint(), w.callerToken()); len(tools) != 4 {
		t.Errorf("the gateway serves %q", tools)
	}
	w.refusal(w.consent(session, user), "ValidationException", "completed already")

	// Each piece of work wants a consent of its own; the old catalogue serves.
	w.targetID = id
	w.check(w.synchronize(w.gatewayID, id))
	session, user = w.pending(id, types.TargetStatusSynchronizePendingAuth)
	w.check(w.consent(session, user))
	w.settles(w.gatewayID, id, types.TargetStatusReady)
	w.reconfigure("by-code", w.invocations(w.runtimeARN), w.byCode())
	session, user = w.pending(id, types.TargetStatusUpdatePendingAuth)
	now.advance(10*time.Minute - time.Second)
	w.pending(id, types.TargetStatusUpdatePendingAuth)
	now.advance(time.Second)
	got = w.get(w.gatewayID, id)
	if got.Status != types.TargetStatusFailed || !strings.Contains(strings.Join(got.StatusReasons, ""), "10 minutes") || got.AuthorizationData != nil {
		t.Errorf("after ten minutes the target is %s %q", got.Status, got.StatusReasons)
	}
	w.refusal(w.consent(session, user), "ValidationException", "expired")
	if tools := w.offers(w.endpoint(), w.callerToken()); len(tools) != 4 {
		t.Errorf("after the failure the gateway serves %q", tools)
	}
}

func TestPendingTargetsAreNotInWork(t *testing.T) {
	w := startTutorial(t, emulator.Options{Quotas: emulator.Quotas{Write: -1, Read: -1, Synchronize: -1, Concurrent: 1}})
	w.pending(w.signedIn("first", w.invocations(w.runtimeARN), w.byCode()), types.TargetStatusCreatePendingAuth)
	w.pending(w.signedIn("second", w.invocations(w.runtimeARN), w.byCode()), types.TargetStatusCreatePendingAuth)
}

// guarded is an MCP server that answers only requests that pass a check.
func (w *tutorial) guarded(passes func(*http.Request) bool) string {
	u := w.upstream(1)
	return w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if !passes(r) {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		u.orders.ServeHTTP(rw, r)
	}) + "/mcp"
}

func (w *tutorial) apiKeyProvider(name, key string) (arn string) {
	w.Helper()
	out, err := w.client.CreateApiKeyCredentialProvider(w.Context(), &bedrockagentcorecontrol.CreateApiKeyCredentialProviderInput{Name: &name, ApiKey: &key})
	w.check(err)
	return *out.CredentialProviderArn
}

func TestAPIKeys(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	arn := w.apiKeyProvider("search", "canary-key")
	if want := vault + "apikeycredentialprovider/search"; arn != want {
		t.Errorf("the provider is %s, want %s", arn, want)
	}
	for name, c := range map[string]struct {
		configured types.GatewayApiKeyCredentialProvider
		passes     func(*http.Request) bool
	}{
		"header": {
			types.GatewayApiKeyCredentialProvider{CredentialLocation: types.ApiKeyCredentialLocationHeader, CredentialParameterName: aws.String("X-Api-Key")},
			func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == "canary-key" },
		},
		"prefix": {
			types.GatewayApiKeyCredentialProvider{CredentialPrefix: aws.String("Token")},
			func(r *http.Request) bool { return r.Header.Get("Authorization") == "Token canary-key" },
		},
		"query": {
			types.GatewayApiKeyCredentialProvider{CredentialLocation: types.ApiKeyCredentialLocationQueryParameter, CredentialParameterName: aws.String("key")},
			func(r *http.Request) bool { return r.URL.Query().Get("key") == "canary-key" },
		},
	} {
		c.configured.ProviderArn = &arn
		id := w.signedIn(name, w.guarded(c.passes), types.CredentialProviderConfiguration{
			CredentialProviderType: types.CredentialProviderTypeApiKey,
			CredentialProvider:     &types.CredentialProviderMemberApiKeyCredentialProvider{Value: c.configured},
		})
		w.settles(w.gatewayID, id, types.TargetStatusReady)
	}
	key, err := w.data.GetResourceApiKey(t.Context(), &bedrockagentcore.GetResourceApiKeyInput{
		WorkloadIdentityToken: w.workload("operator"), ResourceCredentialProviderName: aws.String("search"),
	})
	w.check(err)
	if *key.ApiKey != "canary-key" {
		t.Errorf("the key is another one")
	}
	before, err := w.client.GetApiKeyCredentialProvider(t.Context(), &bedrockagentcorecontrol.GetApiKeyCredentialProviderInput{Name: aws.String("search")})
	w.check(err)
	after, err := w.client.UpdateApiKeyCredentialProvider(t.Context(), &bedrockagentcorecontrol.UpdateApiKeyCredentialProviderInput{Name: aws.String("search"), ApiKey: aws.String("new")})
	w.check(err)
	if !after.LastUpdatedTime.After(*before.LastUpdatedTime) || *after.ApiKeySecretArn.SecretArn != *before.ApiKeySecretArn.SecretArn {
		t.Errorf("the update answers %+v", after)
	}
	list, err := w.client.ListApiKeyCredentialProviders(t.Context(), &bedrockagentcorecontrol.ListApiKeyCredentialProvidersInput{})
	w.check(err)
	if len(list.CredentialProviders) != 1 || *list.CredentialProviders[0].CredentialProviderArn != arn {
		t.Errorf("the providers are %+v", list.CredentialProviders)
	}
	_, err = w.client.DeleteApiKeyCredentialProvider(t.Context(), &bedrockagentcorecontrol.DeleteApiKeyCredentialProviderInput{Name: aws.String("search")})
	w.check(err)
	_, err = w.client.GetApiKeyCredentialProvider(t.Context(), &bedrockagentcorecontrol.GetApiKeyCredentialProviderInput{Name: aws.String("search")})
	w.refusal(err, "ResourceNotFoundException", "search")
}

func TestSignedTarget(t *testing.T) {
	now := newClock()
	w := startTutorial(t, emulator.Options{Now: now.Now})
	arn := w.runtime("signed", nil)
	w.check(w.core.RegisterRuntime(arn, w.upstream(1).url))
	signedBy := func(service string) types.CredentialProviderConfiguration {
		return types.CredentialProviderConfiguration{
			CredentialProviderType: types.CredentialProviderTypeGatewayIamRole,
			CredentialProvider:     &types.CredentialProviderMemberIamCredentialProvider{Value: types.IamCredentialProvider{Service: &service}},
		}
	}
	id := w.signedIn("signed", w.invocations(arn), signedBy("bedrock-agentcore"))
	w.settles(w.gatewayID, id, types.TargetStatusReady)
	id = w.signedIn("wrong", w.invocations(arn), signedBy("execute-api"))
	w.settles(w.gatewayID, id, types.TargetStatusFailed)

	var scope string
	endpoint := w.guarded(func(r *http.Request) bool {
		scope = r.Header.Get("Authorization")
		return r.Header.Get("X-Amz-Date") == "20261123T120000Z"
	})
	credentials := signedBy("execute-api")
	credentials.CredentialProvider.(*types.CredentialProviderMemberIamCredentialProvider).Value.Region = aws.String("eu-west-1")
	id = w.signedIn("region", endpoint, credentials)
	w.settles(w.gatewayID, id, types.TargetStatusReady)
	if !strings.Contains(scope, "/20261123/eu-west-1/execute-api/aws4_request") {
		t.Errorf("signed with %s", scope)
	}
}

func TestTokenRequest(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	forms := make(chan url.Values, 10)
	token := w.token(w.outbound, "runtime-client", "runtime-secret")
	issuer := w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Header.Get("Authorization") != "" {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		forms <- r.PostForm
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"access_token":"` + token + `","token_type":"Bearer","expires_in":3600}`))
	})
	out, err := w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("posting"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			OauthDiscovery: &types.Oauth2DiscoveryMemberAuthorizationServerMetadata{Value: types.Oauth2AuthorizationServerMetadata{
				Issuer: &issuer, AuthorizationEndpoint: aws.String(issuer + "/authorize"), TokenEndpoint: aws.String(issuer + "/token"),
				TokenEndpointAuthMethods: []string{"client_secret_post"},
			}},
			ClientId: aws.String("id/1"), ClientSecret: aws.String("a secret+"),
		}},
	})
	w.check(err)
	credentials := w.oauth(*out.CredentialProviderArn, "a/b", "c/d")
	credentials.CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider).Value.CustomParameters = map[string]string{"audience": "orders", "grant_type": "password"}
	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), credentials)
	w.settles(w.gatewayID, w.targetID, types.TargetStatusReady)
	got := <-forms
	for name, want := range map[string]string{
		"grant_type": "client_credentials", "scope": "a/b c/d", "audience": "orders", "client_id": "id/1", "client_secret": "a secret+",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	// A call uses the token of the synchronization.
	w.offers(w.endpoint(), w.callerToken())
	session, err := w.session(w.endpoint(), w.callerToken())
	w.check(err)
	defer session.Close()
	w.call(session, "mcp-server-target___getOrder")
	if n := len(forms); n != 0 {
		t.Errorf("the call fetched %d tokens more", n)
	}
}

func TestCredentialsUnchecked(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	arn := vault + "oauth2credentialprovider/none"
	out, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
		GatewayIdentifier: &gw, Name: aws.String("orders"), TargetConfiguration: configuration(server(w.upstream(1).url)),
		CredentialProviderConfigurations: []types.CredentialProviderConfiguration{(&tutorial{}).oauth(arn, "a/b")},
	})
	w.check(err)
	w.settles(gw, *out.TargetId, types.TargetStatusReady)
}

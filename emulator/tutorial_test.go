package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// resync synchronizes the tutorial's target and demands an outcome.
func (w *tutorial) resync(want types.TargetStatus) *bedrockagentcorecontrol.GetGatewayTargetOutput {
	w.Helper()
	w.check(w.synchronize(w.gatewayID, w.targetID))
	return w.settles(w.gatewayID, w.targetID, want)
}

func TestTutorialWithBothPools(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	token := w.callerToken()
	want := []string{"mcp-server-target___getOrder", "mcp-server-target___updateOrder"}
	if got := w.offers(w.endpoint(), token); !slices.Equal(got, want) {
		t.Fatalf("the gateway serves %q, want %q", got, want)
	}
	session, err := w.session(w.endpoint(), token)
	w.check(err)
	defer session.Close()
	w.call(session, want[0])

	// A redeployment: a new version and a new process, the same ARN and URL.
	id := (w.runtimeARN)[strings.LastIndex(w.runtimeARN, "/")+1:]
	updated, err := w.client.UpdateAgentRuntime(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeInput{
		AgentRuntimeId: &id, AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN),
		AuthorizerConfiguration: w.jwt(w.outbound, "runtime-client"),
		NetworkConfiguration:    &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	w.check(err)
	if *updated.AgentRuntimeArn != w.runtimeARN || *updated.AgentRuntimeVersion != "2" || updated.Status != types.AgentRuntimeStatusUpdating {
		t.Errorf("the update made %s version %s, %s", *updated.AgentRuntimeArn, *updated.AgentRuntimeVersion, updated.Status)
	}
	w.runtimeReady(id)
	w.check(w.core.RegisterRuntime(w.runtimeARN, w.upstream(3).url))
	if got := w.offers(w.endpoint(), token); !slices.Equal(got, want) {
		t.Errorf("before the synchronization the gateway serves %q", got)
	}
	w.resync(types.TargetStatusReady)
	want = append(want, "mcp-server-target___cancelOrder")
	if got := w.offers(w.endpoint(), token); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("after the redeployment the gateway serves %q, want %q", got, want)
	}

	// A second runtime.
	second := w.runtime("orders_mcp_v2", w.jwt(w.outbound, "runtime-client"))
	w.check(w.core.RegisterRuntime(second, w.upstream(1).url))
	w.reconfigure("mcp-server-target", w.invocations(second), w.oauth(w.providerARN, runtimeScope))
	w.settles(w.gatewayID, w.targetID, types.TargetStatusReady)
	if got := w.offers(w.endpoint(), token); len(got) != 1 {
		t.Errorf("on the second runtime the gateway serves %q", got)
	}
}

// call demands that a tool that reads an order works.
func (w *tutorial) call(session *mcp.ClientSession, tool string) {
	w.Helper()
	result, err := session.CallTool(w.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{"orderId": 123}})
	w.check(err)
	if text, err := json.Marshal(result.Content); err != nil || result.IsError || !strings.Contains(string(text), "123") {
		w.Errorf("the call answered %s, %v", text, err)
	}
}

func TestCredentialFailures(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	token := w.callerToken()
	before := w.offers(w.endpoint(), token)
	failed := func(why, reason string) {
		t.Helper()
		got := w.settles(w.gatewayID, w.targetID, types.TargetStatusFailed)
		if !slices.Equal(got.StatusReasons, []string{reason}) {
			t.Errorf("%s: the reasons are %q, want %q", why, got.StatusReasons, reason)
		}
		if now := w.offers(w.endpoint(), token); !slices.Equal(now, before) {
			t.Errorf("%s: the gateway serves %q, want the old catalogue %q", why, now, before)
		}
	}
	const parsing = "Error parsing ClientCredentials response"
	asked := w.orders.asked.Load()

	w.outbound.AddClient("runtime-client", "rotated-secret", runtimeScope)
	w.check(w.synchronize(w.gatewayID, w.targetID))
	failed("stale secret", parsing)
	if n := w.orders.asked.Load(); n != asked {
		t.Errorf("a synchronization without a token asked the server %d times", n-asked)
	}
	w.changeSecret("ac-gateway-mcp-server-identity", "rotated-secret")
	w.resync(types.TargetStatusReady)

	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(w.providerARN, "sample-agentcore-runtime-id/admin"))
	failed("wrong scope", parsing)

	missing := strings.Replace(w.providerARN, "ac-gateway", "no-gateway", 1)
	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(missing, runtimeScope))
	failed("no provider", "The credential provider "+missing+" does not exist")

	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(w.providerARN, runtimeScope))
	w.settles(w.gatewayID, w.targetID, types.TargetStatusReady)
	exchange := w.oauth(w.providerARN, runtimeScope)
	exchange.CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider).Value.GrantType = types.OAuthGrantTypeTokenExchange
	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), exchange)
	failed("token exchange", "The grant type TOKEN_EXCHANGE is not implemented by the local AgentCore")

	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(w.providerARN, runtimeScope))
	w.settles(w.gatewayID, w.targetID, types.TargetStatusReady)
	w.outbound.RemoveDomain()
	w.check(w.synchronize(w.gatewayID, w.targetID))
	failed("no domain", parsing)

	down := "http://127.0.0.1:1/token"
	out, err := w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("down"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			OauthDiscovery: &types.Oauth2DiscoveryMemberAuthorizationServerMetadata{Value: types.Oauth2AuthorizationServerMetadata{
				Issuer: aws.String("http://127.0.0.1:1"), AuthorizationEndpoint: &down, TokenEndpoint: &down,
			}},
			ClientId: aws.String("runtime-client"), ClientSecret: aws.String("x"),
		}},
	})
	w.check(err)
	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(*out.CredentialProviderArn, runtimeScope))
	failed("token endpoint down", "Could not access Provider Token Endpoint")

	// A create fails the same way.
	id := w.signedIn("second", w.invocations(w.runtimeARN), w.oauth(missing, runtimeScope))
	w.settles(w.gatewayID, id, types.TargetStatusFailed)
}

func TestRuntimeRefusesTheGateway(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	other := w.runtime("other", w.jwt(w.outbound, "another-client"))
	w.check(w.core.RegisterRuntime(other, w.orders.url))
	w.reconfigure("mcp-server-target", w.invocations(other), w.oauth(w.providerARN, runtimeScope))
	got := w.settles(w.gatewayID, w.targetID, types.TargetStatusUpdateUnsuccessful)
	if want := "Failed to connect and fetch tools from the provided MCP target server. Error - Authorization error when sending message"; got.StatusReasons[0] != want {
		t.Errorf("the reason is %q, want %q", got.StatusReasons, want)
	}
	cold := w.runtime("cold", w.jwt(w.outbound, "runtime-client"))
	w.reconfigure("mcp-server-target", w.invocations(cold), w.oauth(w.providerARN, runtimeScope))
	got = w.settles(w.gatewayID, w.targetID, types.TargetStatusUpdateUnsuccessful)
	if !strings.Contains(got.StatusReasons[0], "Received error (424) from runtime") {
		t.Errorf("the reason is %q", got.StatusReasons)
	}
}

func TestGatewayVerifiesItsCallers(t *testing.T) {
	now := newClock()
	w := startTutorial(t, emulator.Options{Now: now.Now})
	claims := func(change ...func(map[string]any)) map[string]any {
		c := map[string]any{
			"iss": w.inbound.Issuer(w.url), "sub": "gateway-client", "client_id": "gateway-client", "token_use": "access",
			"scope": gatewayScope, "iat": now.Now().Unix(), "exp": now.Now().Add(time.Hour).Unix(),
		}
		for _, change := range change {
			change(c)
		}
		return c
	}
	set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	good := w.inbound.Sign(claims(), nil)
	for name, c := range map[string]struct {
		authorization string
		status        int
	}{
		"good":           {"Bearer " + good, 200},
		"none":           {"", 401},
		"other scheme":   {"Basic " + good, 401},
		"other pool":     {"Bearer " + w.token(w.outbound, "runtime-client", "runtime-secret"), 401},
		"other client":   {"Bearer " + w.inbound.Sign(claims(set("client_id", "stranger")), nil), 401},
		"id token":       {"Bearer " + w.inbound.Sign(claims(set("token_use", "id")), nil), 401},
		"expired":        {"Bearer " + w.inbound.Sign(claims(set("exp", now.Now().Add(-time.Hour).Unix())), nil), 401},
		"no algorithm":   {"Bearer " + w.inbound.Sign(claims(), map[string]any{"alg": "none"}), 401},
		"unknown key id": {"Bearer " + w.inbound.Sign(claims(), map[string]any{"kid": "unknown"}), 401},
		"other issuer":   {"Bearer " + w.inbound.Sign(claims(set("iss", w.outbound.Issuer(w.url))), nil), 401},
		"no signature":   {"Bearer " + good[:strings.LastIndex(good, ".")+1], 401},
	} {
		resp, body := w.post(w.endpoint(), c.authorization)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %d %s, want %d", name, resp.StatusCode, body, c.status)
			continue
		}
		challenge := resp.Header.Get("WWW-Authenticate")
		metadata := `resource_metadata="` + w.url + "/.well-known/oauth-protected-resource/gateway/" + w.gatewayID + `/mcp"`
		if c.status == 401 && (!strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, metadata)) {
			t.Errorf("%s: the challenge is %q, want %s", name, challenge, metadata)
		}
	}
	status, _, document := w.raw("GET", "/.well-known/oauth-protected-resource/gateway/"+w.gatewayID+"/mcp", "")
	if servers, _ := document["authorization_servers"].([]any); status != 200 || len(servers) != 1 || servers[0] != w.inbound.Issuer(w.url) || document["resource"] != w.endpoint() {
		t.Errorf("the metadata is %d %v", status, document)
	}
	if status, _, _ := w.raw("GET", "/.well-known/oauth-protected-resource/gateway/unknown-0123456789/mcp", ""); status != 404 {
		t.Errorf("the metadata of an unknown gateway: %d", status)
	}
}

// TestKeysAreShared counts how often two gateways with the same authorizer ask
// the issuer.
func TestKeysAreShared(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	core, err := url.Parse(w.url)
	w.check(err)
	var asked atomic.Int64
	passOn := httputil.NewSingleHostReverseProxy(core) // which keeps the Host, and with it the issuer's name
	passOn.Transport = w.http.Transport
	base := w.serve(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		passOn.ServeHTTP(rw, r)
	})
	token := w.inbound.Sign(map[string]any{
		"iss": w.inbound.Issuer(base), "client_id": "gateway-client", "token_use": "access", "exp": time.Now().Add(time.Hour).Unix(),
	}, nil)
	for _, name := range []string{"a", "b"} {
		w.gatewayID = w.gateway(name, func(in *bedrockagentcorecontrol.CreateGatewayInput) {
			in.AuthorizerType = types.AuthorizerTypeCustomJwt
			in.AuthorizerConfiguration = &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
				DiscoveryUrl: aws.String(w.inbound.DiscoveryURL(base)), AllowedClients: []string{"gateway-client"},
			}}
		})
		for range 3 {
			if resp, body := w.post(w.endpoint(), "Bearer "+token); resp.StatusCode != 200 {
				t.Fatalf("%d %s", resp.StatusCode, body)
			}
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the issuer was asked %d times, want 2: for its configuration and its keys", n)
	}
}

func TestRotatedKeys(t *testing.T) {
	now := newClock()
	w := startTutorial(t, emulator.Options{Now: now.Now})
	old := w.callerToken()
	w.offers(w.endpoint(), old)
	w.inbound.Rotate()
	now.advance(time.Minute) // verifiers ask for keys again only after a while
	if got := w.offers(w.endpoint(), w.callerToken()); len(got) != 2 {
		t.Errorf("with the new key: %q", got)
	}
	if got := w.offers(w.endpoint(), old); len(got) != 2 {
		t.Errorf("with the previous key, which is still published: %q", got)
	}
	w.inbound.Rotate()
	now.advance(time.Minute)
	w.offers(w.endpoint(), w.callerToken()) // the verifier learns of the newest key
	if resp, body := w.post(w.endpoint(), "Bearer "+old); resp.StatusCode != 401 {
		t.Errorf("with a key that is gone: %d %s", resp.StatusCode, body)
	}
	w.outbound.Rotate()
	now.advance(time.Minute)
	w.resync(types.TargetStatusReady)
	w.outbound.Rotate()
	w.outbound.Rotate()
	now.advance(time.Minute)
	w.resync(types.TargetStatusReady)
}

package emulator_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/emulator"
)

const (
	gatewayScope = "gateway-id/invoke"
	runtimeScope = "sample-agentcore-runtime-id/invoke"
)

// clock is a clock that moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// tutorial is the tutorial's world: a pool for the gateway's callers, another
// for the runtime's, and the orders server on a runtime behind the gateway.
type tutorial struct {
	*world
	inbound, outbound   *emulator.UserPool
	data                *bedrockagentcore.Client
	orders              *upstream
	runtimeARN          string
	providerARN         string
	gatewayID, targetID string
}

func startAuthenticated(t *testing.T, opts emulator.Options) *tutorial {
	t.Helper()
	opts.CheckCredentials = true
	w := &tutorial{world: start(t, opts)}
	w.data = bedrockagentcore.New(bedrockagentcore.Options{
		Region: "us-east-1", BaseEndpoint: &w.url, HTTPClient: w.http, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	})
	w.inbound, w.outbound = w.core.NewUserPool("gateway-pool"), w.core.NewUserPool("runtime-pool")
	w.inbound.AddClient("gateway-client", "gateway-secret", gatewayScope)
	w.outbound.AddClient("runtime-client", "runtime-secret", runtimeScope)
	return w
}

// startTutorial waits until everything is READY.
func startTutorial(t *testing.T, opts emulator.Options) *tutorial {
	t.Helper()
	w := startAuthenticated(t, opts)
	w.orders = w.upstream(2)
	w.runtimeARN = w.runtime("orders_mcp", w.jwt(w.outbound, "runtime-client"))
	w.check(w.core.RegisterRuntime(w.runtimeARN, w.orders.url))
	w.providerARN = w.provider("ac-gateway-mcp-server-identity", "runtime-secret")
	w.gatewayID = w.gateway("ac-gateway-mcp-server", func(in *bedrockagentcorecontrol.CreateGatewayInput) {
		in.AuthorizerType, in.AuthorizerConfiguration = types.AuthorizerTypeCustomJwt, w.jwt(w.inbound, "gateway-client")
	})
	w.targetID = w.signedIn("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(w.providerARN, runtimeScope))
	w.settles(w.gatewayID, w.targetID, types.TargetStatusReady)
	return w
}

func (w *tutorial) jwt(pool *emulator.UserPool, clients ...string) types.AuthorizerConfiguration {
	return &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
		DiscoveryUrl: aws.String(pool.DiscoveryURL(w.url)), AllowedClients: clients,
	}}
}

var artifact = &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{
	ContainerUri: aws.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/orders-mcp:1"),
}}

// runtime makes a runtime and waits until it is READY.
func (w *tutorial) runtime(name string, authorizer types.AuthorizerConfiguration, headers ...string) (arn string) {
	w.Helper()
	in := &bedrockagentcorecontrol.CreateAgentRuntimeInput{
		AgentRuntimeName: &name, AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN), AuthorizerConfiguration: authorizer,
		NetworkConfiguration:  &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolMcp},
	}
	if len(headers) > 0 {
		in.RequestHeaderConfiguration = &types.RequestHeaderConfigurationMemberRequestHeaderAllowlist{Value: headers}
	}
	out, err := w.client.CreateAgentRuntime(w.Context(), in)
	w.check(err)
	w.runtimeReady(*out.AgentRuntimeId)
	return *out.AgentRuntimeArn
}

func (w *tutorial) runtimeReady(id string) *bedrockagentcorecontrol.GetAgentRuntimeOutput {
	w.Helper()
	var got *bedrockagentcorecontrol.GetAgentRuntimeOutput
	w.until("runtime "+id+" is READY", func() bool {
		var err error
		got, err = w.client.GetAgentRuntime(w.Context(), &bedrockagentcorecontrol.GetAgentRuntimeInput{AgentRuntimeId: &id})
		w.check(err)
		return got.Status == types.AgentRuntimeStatusReady
	})
	return got
}

func (w *tutorial) invocations(arn string) string {
	return w.url + "/runtimes/" + url.QueryEscape(arn) + "/invocations?qualifier=DEFAULT"
}

func (w *tutorial) providerConfig(pool *emulator.UserPool, secret string) types.Oauth2ProviderConfigInput {
	return &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
		OauthDiscovery: &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: pool.DiscoveryURL(w.url)},
		ClientId:       aws.String("runtime-client"), ClientSecret: &secret,
	}}
}

// provider makes an OAuth2 credential provider for the runtime's pool.
func (w *tutorial) provider(name, secret string) (arn string) {
	w.Helper()
	out, err := w.client.CreateOauth2CredentialProvider(w.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: &name, CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: w.providerConfig(w.outbound, secret),
	})
	w.check(err)
	return *out.CredentialProviderArn
}

func (w *tutorial) changeSecret(provider, secret string) {
	w.Helper()
	_, err := w.client.UpdateOauth2CredentialProvider(w.Context(), &bedrockagentcorecontrol.UpdateOauth2CredentialProviderInput{
		Name: &provider, CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: w.providerConfig(w.outbound, secret),
	})
	w.check(err)
}

func (w *tutorial) oauth(provider string, scopes ...string) types.CredentialProviderConfiguration {
	return types.CredentialProviderConfiguration{
		CredentialProviderType: types.CredentialProviderTypeOauth,
		CredentialProvider: &types.CredentialProviderMemberOauthCredentialProvider{Value: types.OAuthCredentialProvider{
			ProviderArn: &provider, Scopes: scopes,
		}},
	}
}

// signedIn makes a target with credentials, without waiting for it.
func (w *tutorial) signedIn(name, endpoint string, credentials types.CredentialProviderConfiguration) string {
	w.Helper()
	out, err := w.client.CreateGatewayTarget(w.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
		GatewayIdentifier: &w.gatewayID, Name: &name, TargetConfiguration: configuration(server(endpoint)),
		CredentialProviderConfigurations: []types.CredentialProviderConfiguration{credentials},
	})
	w.check(err)
	return *out.TargetId
}

func (w *tutorial) reconfigure(name, endpoint string, credentials types.CredentialProviderConfiguration) {
	w.Helper()
	_, err := w.client.UpdateGatewayTarget(w.Context(), &bedrockagentcorecontrol.UpdateGatewayTargetInput{
		GatewayIdentifier: &w.gatewayID, TargetId: &w.targetID, Name: &name, TargetConfiguration: configuration(server(endpoint)),
		CredentialProviderConfigurations: []types.CredentialProviderConfiguration{credentials},
	})
	w.check(err)
}

// token gets one from a pool.
func (w *tutorial) token(pool *emulator.UserPool, client, secret string) string {
	w.Helper()
	token, err := auth.ClientCredentials(auth.ClientCredentialsConfig{
		DiscoveryURL: pool.DiscoveryURL(w.url), ClientID: client, Loopback: true, Transport: w.http.Transport,
		Secret: func(context.Context) (string, error) { return secret, nil },
	})(w.Context())
	w.check(err)
	return token.Value
}

func (w *tutorial) callerToken() string {
	return w.token(w.inbound, "gateway-client", "gateway-secret")
}

// header adds a header to every request.
type header struct {
	next        http.RoundTripper
	name, value string
}

func (h header) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(h.name, h.value)
	return h.next.RoundTrip(req)
}

// session is an MCP session with an endpoint as the bearer of a token.
func (w *tutorial) session(endpoint, token string) (*mcp.ClientSession, error) {
	return mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(w.Context(), &mcp.StreamableClientTransport{
		Endpoint: endpoint, DisableStandaloneSSE: true, MaxRetries: -1,
		HTTPClient: &http.Client{Transport: header{w.http.Transport, "Authorization", "Bearer " + token}},
	}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
}

// offers are the names of the tools that an endpoint lists to a token's bearer.
func (w *tutorial) offers(endpoint, token string) []string {
	w.Helper()
	session, err := w.session(endpoint, token)
	w.check(err)
	defer session.Close()
	names := []string{}
	for tool, err := range session.Tools(w.Context(), nil) {
		w.check(err)
		names = append(names, tool.Name)
	}
	return names
}

func (w *tutorial) endpoint() string { return w.url + "/gateway/" + w.gatewayID + "/mcp" }

// post sends a tools/list with an Authorization header and nothing else of MCP.
func (w *tutorial) post(address, authorization string) (*http.Response, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), "POST", address, bytes.NewReader([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)))
	w.check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := w.http.Do(req)
	w.check(err)
	return resp, readAll(w.world, resp)
}

// recorder keeps every answer that passes.
type recorder struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen bytes.Buffer
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := resp.Header.Write(&r.seen); err != nil {
		return nil, err
	}
	r.seen.Write(body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

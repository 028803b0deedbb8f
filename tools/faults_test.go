package tools_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
	"agentcore-gateway-mcp/untrusted"
)

// scene is the tutorial's world, with a server of ours that may ask for what the
// gateway asks for.
type scene struct {
	*bench
	world   *tutorial.World
	control *bedrockagentcorecontrol.Client
	server  atomic.Pointer[http.HandlerFunc] // stands before the orders server while it is set
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w, err := tutorial.Start(t.Context(), tutorial.Options{Quick: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	s := &scene{bench: &bench{t: t, cloud: w.Cloud, front: &httptest.Server{URL: w.URL}, orders: w.Orders, log: &syncBuffer{}}, world: w}
	if err := w.Seed(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	front := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if h := s.server.Load(); h != nil {
			(*h)(rw, r)
			return
		}
		w.Orders.ServeHTTP(rw, r)
	}))
	s.url = front.URL + "/mcp"
	s.control = bedrockagentcorecontrol.New(bedrockagentcorecontrol.Options{Region: "us-east-1", BaseEndpoint: &w.URL, Credentials: sdk.AnonymousCredentials{}})
	s.redeploy(s.url)
	if s.client, err = aws.New(t.Context(), w.AWS()); err != nil {
		t.Fatal(err)
	}
	transport := remote.Guard{AnyPort: true, Loopback: true}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	secrets := new(untrusted.Secrets)
	authorizer := outbound.New(w.Outbound(), s.client, transport, secrets)
	lines := slog.New(slog.NewTextHandler(s.log, nil))
	s.manager = &gateway.Manager{Client: s.client, Log: lines, Transport: authorizer.Gateway, Upstream: authorizer.Upstream, Credential: authorizer.Credential, Secrets: secrets}
	s.session = s.newSession(tools.NewServer(s.manager, tools.Options{Log: lines, Secrets: secrets}))
	s.gatewayID, s.targetID = w.GatewayID, w.TargetID
	stopAfter(t, s.manager)
	return s
}

// runtimeID is that of the first runtime.
func (s *scene) runtimeID() string {
	s.t.Helper()
	list, err := s.control.ListAgentRuntimes(s.t.Context(), &bedrockagentcorecontrol.ListAgentRuntimesInput{})
	s.check(err)
	for _, r := range list.AgentRuntimes {
		if *r.AgentRuntimeName == "orders_v1" {
			return *r.AgentRuntimeId
		}
	}
	s.t.Fatal("the runtime is gone")
	return ""
}

func (s *scene) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// redeploy has the runtime served by another process.
func (s *scene) redeploy(url string) {
	s.t.Helper()
	s.check(s.cloud.RegisterRuntime("arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/"+s.runtimeID(), url))
}

// answer has the server answer so.
func (s *scene) answer(status int, contentType, body string) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	s.server.Store(&h)
}

// update changes the target's endpoint or credentials, past all that we would check.
func (s *scene) update(change func(*bedrockagentcorecontrol.UpdateGatewayTargetInput)) {
	s.t.Helper()
	got, err := s.control.GetGatewayTarget(s.t.Context(), &bedrockagentcorecontrol.GetGatewayTargetInput{GatewayIdentifier: &s.gatewayID, TargetId: &s.targetID})
	s.check(err)
	in := &bedrockagentcorecontrol.UpdateGatewayTargetInput{
		GatewayIdentifier: &s.gatewayID, TargetId: &s.targetID, Name: got.Name, TargetConfiguration: got.TargetConfiguration, CredentialProviderConfigurations: got.CredentialProviderConfigurations,
	}
	change(in)
	_, err = s.control.UpdateGatewayTarget(s.t.Context(), in)
	s.check(err)
	s.settle()
}

func (s *scene) endpoint(url string) {
	s.t.Helper()
	s.update(func(in *bedrockagentcorecontrol.UpdateGatewayTargetInput) {
		in.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer).Value.Endpoint = &url
	})
}

// settle waits until AWS does not work on the target.
func (s *scene) settle() {
	s.t.Helper()
	eventually(s.t, "the target is at rest", func() bool {
		t, err := s.client.Target(s.t.Context(), s.gatewayID, s.targetID)
		return err == nil && aws.PhaseOf(t.Status) != aws.PhaseWorking
	})
}

// synchronize has AWS notice.
func (s *scene) synchronize() {
	s.t.Helper()
	_, err := s.client.Synchronize(s.t.Context(), s.gatewayID, s.targetID)
	s.check(err)
	s.settle()
}

// says has AWS give this reason for a failure that cannot be had here.
func (s *scene) says(reason string) {
	s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.Status, o.StatusReasons = types.TargetStatusSynchronizeUnsuccessful, []string{reason}
	}))
}

// faults are those that can be planted, by the cause that a diagnosis must name.
var faults = map[gateway.Cause][]func(*scene){
	gateway.Healthy: {func(*scene) {}},
	gateway.OutOfDate: {
		func(s *scene) { s.check(s.orders.SetTools(3)) },
		func(s *scene) { s.check(s.orders.SetTools(1)) },
	},
	gateway.TokenRefused: {
		func(s *scene) { // a stale secret
			s.world.Runtimes.AddClient(tutorial.RuntimeClient, "rotated", tutorial.RuntimeScope)
			s.synchronize()
		},
		func(s *scene) { // a scope that the client may not ask for
			s.world.Runtimes.AddClient(tutorial.RuntimeClient, s.world.RuntimeSecret, "another/scope")
			s.synchronize()
		},
		func(s *scene) { // a Cognito pool without a domain
			s.world.Runtimes.RemoveDomain()
			s.synchronize()
		},
	},
	gateway.SecretUnreadable: {func(s *scene) {
		_, err := s.control.UpdateOauth2CredentialProvider(s.t.Context(), &bedrockagentcorecontrol.UpdateOauth2CredentialProviderInput{
			Name: sdk.String(tutorial.Provider), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
			Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
				ClientId: sdk.String(tutorial.RuntimeClient), OauthDiscovery: &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: s.world.Runtimes.DiscoveryURL(s.world.URL)},
				ClientSecretSource: types.SecretSourceTypeExternal, ClientSecretConfig: &types.SecretReference{SecretId: sdk.String(s.cloud.PutSecret("other", `{"a":"b"}`)), JsonKey: sdk.String("nothing")},
			}},
		})
		s.check(err)
		s.synchronize()
	}},
	gateway.ProviderMissing: {func(s *scene) {
		_, err := s.control.DeleteOauth2CredentialProvider(s.t.Context(), &bedrockagentcorecontrol.DeleteOauth2CredentialProviderInput{Name: sdk.String(tutorial.Provider)})
		s.check(err)
		s.synchronize()
	}},
	gateway.RuntimeMissing: {func(s *scene) {
		id := s.runtimeID()
		_, err := s.control.DeleteAgentRuntime(s.t.Context(), &bedrockagentcorecontrol.DeleteAgentRuntimeInput{AgentRuntimeId: &id})
		s.check(err)
		eventually(s.t, "the runtime is gone", func() bool {
			_, err := s.control.GetAgentRuntime(s.t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeInput{AgentRuntimeId: &id})
			return err != nil
		})
		s.synchronize()
	}},
	gateway.EndpointForm: {func(s *scene) {
		s.endpoint(s.world.URL + "/runtimes/arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/" + s.runtimeID() + "/invocations?qualifier=DEFAULT")
	}},
	gateway.NotListening: {
		func(s *scene) { // the process is down
			s.redeploy("http://127.0.0.1:9/mcp")
			s.synchronize()
		},
		func(s *scene) { s.endpoint("http://127.0.0.1:9/mcp") },
	},
	gateway.NotResolved: {func(s *scene) { s.endpoint("https://no-such-host.invalid/mcp") }},
	gateway.NotMCP: {func(s *scene) {
		s.answer(http.StatusOK, "text/html", "<html><body>Welcome</body></html>")
		s.synchronize()
	}},
	gateway.Unauthorized: {func(s *scene) {
		s.answer(http.StatusUnauthorized, "application/json", `{"message":"no"}`)
		s.synchronize()
	}},
	gateway.Forbidden: {func(s *scene) {
		s.answer(http.StatusForbidden, "application/json", `{"message":"no"}`)
		s.synchronize()
	}},
	gateway.PathNotFound: {
		func(s *scene) {
			s.answer(http.StatusNotFound, "text/plain", "404 page not found")
			s.synchronize()
		},
		func(s *scene) {
			s.redeploy(strings.TrimSuffix(s.url, "/mcp") + "/other")
			s.answer(http.StatusNotFound, "text/html", "<html>not here</html>")
			s.synchronize()
		},
	},
	gateway.ServerError: {func(s *scene) {
		s.answer(http.StatusInternalServerError, "text/plain", "boom")
		s.synchronize()
	}, func(s *scene) {
		s.answer(http.StatusBadGateway, "text/html", "<html>bad gateway</html>")
		s.synchronize()
	}},
	gateway.OtherRevision: {func(s *scene) {
		s.answer(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2026-07-28"],"requested":"2025-11-25"}}}`)
		s.synchronize()
	}},
	gateway.NoTools: {func(s *scene) {
		shelf := newShelf(s.t)
		s.redeploy(shelf.url)
		s.synchronize()
	}},
	gateway.TooManyTools: {func(s *scene) {
		shelf := newShelf(s.t)
		for i := range 1001 {
			shelf.tool(fmt.Sprint("tool", i), "one of many")
		}
		s.redeploy(shelf.url)
		s.synchronize()
	}},
	gateway.ToolName: {func(s *scene) {
		s.redeploy(newShelf(s.t).tool(strings.Repeat("n", 250), "long").url)
		s.synchronize()
	}},
	gateway.ColdStart: {func(s *scene) {
		s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.Status, o.StatusReasons = types.TargetStatusSynchronizeUnsuccessful, []string{"Failed to connect and fetch tools from the provided MCP target server. Error - Runtime initialization time exceeded"}
		}))
	}},
	gateway.Recovered: {func(s *scene) {
		s.answer(http.StatusInternalServerError, "text/plain", "boom")
		s.synchronize()
		s.server.Store(nil)
	}},
	gateway.RoleNotYet: {func(s *scene) {
		s.answer(http.StatusForbidden, "text/plain", "no")
		s.synchronize()
		s.server.Store(nil)
	}},
	gateway.PendingAuthorization: {func(s *scene) {
		s.update(func(in *bedrockagentcorecontrol.UpdateGatewayTargetInput) {
			oauth := in.CredentialProviderConfigurations[0].CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider)
			oauth.Value.GrantType, oauth.Value.DefaultReturnUrl = types.OAuthGrantTypeAuthorizationCode, sdk.String("https://app.example.com/back")
		})
	}},
	gateway.AtWork: {func(s *scene) {
		s.t.Cleanup(s.cloud.Hold(types.TargetStatusSynchronizing))
		_, err := s.client.Synchronize(s.t.Context(), s.gatewayID, s.targetID)
		s.check(err)
	}},
	gateway.IAMIncomplete: {func(s *scene) {
		s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.Status, o.StatusReasons = types.TargetStatusFailed, []string{"IamCredentialProvider is required for mcpServer targets using IAM authentication"}
			o.CredentialProviderConfigurations = []types.CredentialProviderConfiguration{{CredentialProviderType: types.CredentialProviderTypeGatewayIamRole}}
		}))
	}},
	gateway.NotKnown: {func(s *scene) {
		s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.Status, o.StatusReasons = types.TargetStatusFailed, []string{"The moon is in the wrong house"}
		}))
	}},
	gateway.TokenEndpointDown: {func(s *scene) {
		_, err := s.control.UpdateOauth2CredentialProvider(s.t.Context(), &bedrockagentcorecontrol.UpdateOauth2CredentialProviderInput{
			Name: sdk.String(tutorial.Provider), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
			Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
				ClientId: sdk.String(tutorial.RuntimeClient), ClientSecret: sdk.String(s.world.RuntimeSecret),
				OauthDiscovery: &types.Oauth2DiscoveryMemberAuthorizationServerMetadata{Value: types.Oauth2AuthorizationServerMetadata{
					Issuer: sdk.String("http://127.0.0.1:9"), AuthorizationEndpoint: sdk.String("http://127.0.0.1:9/authorize"), TokenEndpoint: sdk.String("http://127.0.0.1:9/token"),
				}},
			}},
		})
		s.check(err)
		s.synchronize()
	}},
	gateway.RuntimeNotReady: {func(s *scene) {
		id := s.runtimeID()
		s.cloud.SetStateDelay(time.Hour)
		_, err := s.control.CreateAgentRuntimeEndpoint(s.t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeEndpointInput{AgentRuntimeId: &id, Name: sdk.String("blue")})
		s.check(err)
		s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			server := mcpServer(o)
			server.Value.Endpoint = sdk.String(strings.Replace(*server.Value.Endpoint, "qualifier=DEFAULT", "qualifier=blue", 1))
		}))
	}},
	gateway.AddressRefused: {func(s *scene) { s.endpoint("https://10.0.0.1/mcp") }},
	gateway.TLSFailed: {func(s *scene) { // a certificate that nobody has signed
		server := httptest.NewUnstartedServer(s.orders)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		s.t.Cleanup(server.Close)
		s.endpoint(server.URL + "/mcp")
	}},
	gateway.NoAnswer: {func(s *scene) {
		hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
			<-r.Context().Done()
		})
		s.server.Store(&hangs)
	}},
	gateway.OtherStatus: {func(s *scene) {
		s.answer(http.StatusTeapot, "text/plain", "short and stout")
		s.synchronize()
	}},
	gateway.BrokenMCP: {func(s *scene) {
		s.answer(http.StatusOK, "application/json", `{"jsonrpc":"2.0","id":1,"result":"nonsense"}`)
		s.synchronize()
	}},
	gateway.TooLarge: {func(s *scene) {
		s.says("Failed to connect and fetch tools from the provided MCP target server. Error - The tools of the MCP server are larger than allowed")
	}},
	gateway.SchemaInvalid: {func(s *scene) { s.says("The static tool schema could not be parsed") }},
	gateway.Filtered: {func(s *scene) {
		s.takesEngine(types.GatewayPolicyEngineModeEnforce, permitAll, `forbid(principal, action == AgentCore::Action::"mcp-server-target___updateOrder", resource);`)
	}},
	gateway.NotMCPServer: {func(s *scene) {
		s.check(s.cloud.SetTarget(s.gatewayID, s.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.TargetConfiguration = &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberLambda{Value: types.McpLambdaTargetConfiguration{LambdaArn: sdk.String("arn:aws:lambda:us-east-1:123456789012:function:f"), ToolSchema: &types.ToolSchemaMemberInlinePayload{}}}}
		}))
	}},
}

package tools_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// The person agreed to the end of a gateway with one target; three go.
func TestGatewayWithMoreTargets(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	a := newAsking(b, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	var questions []string
	a.then = func() {
		questions = append(questions, *a.asked.Load())
		if len(questions) == 1 {
			b.newTarget(b.gatewayID, "second", b.url)
			b.newTarget(b.gatewayID, "third", b.url)
		} else {
			a.says("decline")
		}
	}
	text, _ := a.call("delete_gateway", map[string]any{"gateway": "shop"})
	if !a.there() {
		t.Errorf("asked %q; then: %s", questions, text)
	}
}

// Two copies with one key: a person agrees to one origin, and the credential goes to another.
func TestPreviousOfAnotherCopy(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	u1, u2 := serve(t, b.orders).URL+"/mcp", serve(t, b.orders).URL+"/mcp"
	other := &gateway.Manager{Client: b.manager.Client, Log: b.manager.Log, Transport: b.manager.Transport, Upstream: b.manager.Upstream}
	stopAfter(t, other)
	copyB := b.newSession(tools.NewServer(other, tools.Options{Log: b.manager.Log}))
	must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": u1, "confirm": "orders"}) // A remembers b.url
	if r, err := copyB.CallTool(t.Context(), &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: map[string]any{"target": "orders", "endpoint": u2, "confirm": "orders"}}); err != nil || r.IsError {
		t.Fatal(r, err)
	} // B remembers u1
	o := tools.Options{Log: b.manager.Log, SealKey: []byte(sealedWith)}
	serverA, serverB := tools.NewServer(b.manager, o), tools.NewServer(other, o)
	var answered atomic.Bool
	h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server {
		if answered.Load() {
			return serverB
		}
		return serverA
	}, &mcp.StreamableHTTPOptions{Stateless: true})
	asked := ""
	client := &http.Transport{}
	t.Cleanup(client.CloseIdleConnections)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, &mcp.ClientOptions{ElicitationHandler: func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		asked += req.Params.Message + "\n"
		if answered.Swap(true) {
			return &mcp.ElicitResult{Action: "decline"}, nil
		}
		return &mcp.ElicitResult{Action: "accept"}, nil
	}}).Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: serve(t, h).URL, HTTPClient: &http.Client{Transport: client}, DisableStandaloneSSE: true}, &mcp.ClientSessionOptions{ProtocolVersion: "2026-07-28"})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	r, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: map[string]any{"target": "orders", "previous": true}})
	if err != nil {
		t.Fatal(err)
	}
	now, _ := b.client.Target(t.Context(), b.gatewayID, b.targetID)
	if now.Endpoint != u2 {
		t.Errorf("asked: %s(%s is A's previous)\nbut it went to %s: %s", asked, b.url, now.Endpoint, r.Content[0].(*mcp.TextContent).Text)
	}
}

// A change that was sent is "refused" in the audit log when its caller leaves.
func TestAuditOfACallerWhoLeaves(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"synchronize_target", "delete_target", "delete_gateway"} {
		t.Run(tool, func(t *testing.T) {
			log := &syncBuffer{}
			o := tools.Options{Toolsets: tools.Toolsets(), Audit: slog.New(slog.NewJSONHandler(log, nil))}
			b := newBench(t, benchOptions{tools: o, manager: func(m *gateway.Manager) { m.Ended = o.RecordEnd }})
			status, arguments := types.TargetStatusSynchronizing, map[string]any{"target": "orders"}
			switch tool {
			case "delete_target":
				status, arguments = types.TargetStatusDeleting, map[string]any{"target": "orders", "confirm": "orders"}
			case "delete_gateway":
				status, arguments = types.TargetStatusDeleting, map[string]any{"gateway": "shop", "confirm": "shop"}
			}
			release := b.cloud.Hold(status)
			defer release()
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				b.reaches(status)
				cancel()
			}()
			_, _ = b.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
			eventually(t, "a line", func() bool { return len(auditOf(t, log)) > 0 })
			if l := auditOf(t, log)[0]; l.Outcome == "refused" {
				t.Errorf("the change was sent, and the line says: %s", indented(l))
			}
		})
	}
}

// What was done does not stand in the line, for what a caller put before it.
func TestAuditPadded(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	s := newScene(t)
	secret := s.cloud.PutSecret("runtime-client", `{"client_secret":"`+s.world.RuntimeSecret+`"}`)
	s.manager.CredentialSecrets, s.manager.TrustedIssuers = []string{secret}, []string{s.world.URL}
	s.session = s.newSession(tools.NewServer(s.manager, tools.Options{Log: s.manager.Log, Secrets: s.manager.Secrets, Toolsets: tools.Toolsets(), Audit: slog.New(slog.NewJSONHandler(log, nil))}))
	discovery := s.world.Runtimes.DiscoveryURL(s.world.URL)
	raw := `{"secretArn":"harmless","clientId":"` + strings.Repeat("x", 2000) + `","clientId":"` + tutorial.RuntimeClient + `","name":"fresh","discoveryUrl":"` + discovery + `","secretArn":"` + secret + `"}`
	r, err := s.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "create_credential_provider", Arguments: json.RawMessage(raw)})
	if err != nil || r.IsError {
		t.Fatal(err, r.Content[0].(*mcp.TextContent).Text)
	}
	if l := log.String(); !strings.Contains(l, secret) || strings.Contains(l, "harmless") {
		t.Errorf("%s was used, and the line says: %s", secret, l)
	}
}

// The secret of a URL, spelled with JSON's escapes.
func TestAuditSecret(t *testing.T) {
	t.Parallel()
	for _, spelled := range []string{`https:\/\/tools.example.com\/mcp?key=s3cret-of-a-url`, `https\u003a//tools.example.com/mcp?key=s3cret-of-a-url`, `https://tools.example.com/mcp\u003fkey=s3cret-of-a-url`, `https://u:s3cret-of-a-url\u0040tools.example.com/mcp`, `https://tools.example.com/mcp?a=1\u0026key=s3cret-of-a-url`} {
		log := &syncBuffer{}
		b := newBench(t, benchOptions{tools: tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}})
		r, err := b.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: rawArguments(`{"target":"orders","endpoint":"` + spelled + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "s3cret-of-a-url") {
			t.Errorf("%s: %s\n%s", spelled, log.String(), r.Content[0].(*mcp.TextContent).Text)
		}
	}
}

// rawArguments go over the wire as they are spelled.
type rawArguments string

func (r rawArguments) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// The own target's credential passed through by a header is taken away.
func TestOwnTargetHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) { m.Self = []string{"orders"} }})
	refused(b, "update_target", map[string]any{"target": "orders", "requestHeaders": []string{}}, "leads to this very server")
}

// A provider that a target signs in with, which is no MCP server and cannot be read.
func TestProviderOfUnreadTarget(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	if err := s.cloud.SetTarget(s.world.GatewayID, s.world.TargetID, asOpenAPI); err != nil {
		t.Fatal(err)
	}
	list := must[tools.TargetList](s.bench, "list_targets", map[string]any{"gateway": tutorial.Gateway})
	t.Logf("%s", indented(list))
	remove := s.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException"})
	defer remove()
	refused(s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider}, "was not deleted")
	if s.cloud.Calls("DeleteOauth2CredentialProvider") != 0 {
		t.Error("deleted")
	}
}

func asOpenAPI(o *control.GetGatewayTargetOutput) {
	o.TargetConfiguration = &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberOpenApiSchema{Value: &types.ApiSchemaConfigurationMemberInlinePayload{Value: `{"openapi":"3.0.0"}`}}}
}

// The same, where it can be read.
func TestProviderOfOpenAPITarget(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	if err := s.cloud.SetTarget(s.world.GatewayID, s.world.TargetID, asOpenAPI); err != nil {
		t.Fatal(err)
	}
	refused(s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider}, "was not deleted")
}

// A runtime that a target of type AGENTCORE_RUNTIME points to.
func TestRuntimeOfRuntimeTarget(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	if err := s.cloud.SetTarget(s.world.GatewayID, s.world.TargetID, func(o *control.GetGatewayTargetOutput) {
		o.TargetConfiguration = &types.TargetConfigurationMemberHttp{Value: &types.HttpTargetConfigurationMemberAgentcoreRuntime{Value: types.RuntimeTargetConfiguration{Arn: ptr(s.world.NewRuntimeARN)}}}
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", indented(must[tools.TargetDetails](s.bench, "get_target", map[string]any{"target": tutorial.Target})))
	refused(s.bench, "delete_runtime", map[string]any{"runtime": s.world.NewRuntimeARN, "confirm": "orders_v2"}, "was not deleted")
	if s.cloud.Calls("DeleteAgentRuntime") != 0 {
		t.Error("deleted")
	}
}

// A provider that the second of a target's credential configurations names.
func TestSecondCredential(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	if err := s.cloud.SetTarget(s.world.GatewayID, s.world.TargetID, func(o *control.GetGatewayTargetOutput) {
		o.CredentialProviderConfigurations = append([]types.CredentialProviderConfiguration{{CredentialProviderType: types.CredentialProviderTypeGatewayIamRole}}, o.CredentialProviderConfigurations...)
	}); err != nil {
		t.Fatal(err)
	}
	refused(s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider}, "was not deleted")
}

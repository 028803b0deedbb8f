package main

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/tutorial"
)

// local is a local AgentCore in a process of its own.
type local struct {
	t       *testing.T
	exports []string
}

// call runs one tool in a process of its own, with the exported settings less
// those named, and with more.
func (l local) call(without []string, more []string, args ...string) (stdout, stderr string, status int) {
	l.t.Helper()
	cmd := program(l.t, append([]string{"call", "--json"}, args...)...)
	cmd.Env = append(cmd.Env, slices.DeleteFunc(slices.Clone(l.exports), func(setting string) bool {
		return slices.ContainsFunc(without, func(name string) bool { return strings.HasPrefix(setting, name+"=") })
	})...)
	cmd.Env = append(cmd.Env, more...)
	return output(l.t, cmd)
}

func (l local) synchronize(without []string, more ...string) (change gateway.Change) {
	l.t.Helper()
	stdout, stderr, status := l.call(without, more, "synchronize_target", "--target", tutorial.Target)
	if status != 0 {
		l.t.Fatalf("exit status %d: %s %s", status, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &change); err != nil {
		l.t.Fatal(err)
	}
	return change
}

// As whom the gateway's endpoint is called, and what is left without.
func TestOutbound(t *testing.T) {
	const (
		client   = "AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_ID"
		workload = "AGENTCORE_GATEWAY_MCP_WORKLOAD_IDENTITY"
	)
	exports, _ := startLocal(t)
	l := local{t, exports}

	// A wrong secret: the reason, and not the secret.
	stdout, stderr, status := l.call([]string{outbound.SecretVariable}, []string{outbound.SecretVariable + "=wr0ng-secret"}, "list_tools")
	if status != 1 || !strings.Contains(stderr, "invalid_client") || !strings.Contains(stderr, tutorial.GatewayClient) || strings.Contains(stdout+stderr, "wr0ng") {
		t.Errorf("a wrong secret: exit status %d, %s %s", status, stdout, stderr)
	}
	// A scope that the client may not have.
	_, stderr, status = l.call(nil, []string{"AGENTCORE_GATEWAY_MCP_GATEWAY_SCOPE=other/scope"}, "list_tools")
	if status != 1 || !strings.Contains(stderr, "invalid_scope") || !strings.Contains(stderr, "other/scope") {
		t.Errorf("a wrong scope: exit status %d, %s", status, stderr)
	}
	// No credentials for the gateway: what needs them says which setting is
	// missing, everything else works.
	_, stderr, status = l.call([]string{client}, nil, "list_tools")
	if status != 1 || !strings.Contains(stderr, "--gateway-client-id") || !strings.Contains(stderr, "--gateway-credential-provider") {
		t.Errorf("no credentials: exit status %d, %s", status, stderr)
	}
	if stdout, stderr, status := l.call([]string{client}, nil, "list_targets"); status != 0 || !strings.Contains(stdout, tutorial.Target) {
		t.Errorf("list_targets without credentials for the gateway: %d %s %s", status, stdout, stderr)
	}
	// A sync then tells what the server itself offers, and where that is from.
	change := l.synchronize([]string{client})
	if change.Outcome != gateway.Synchronized || change.Tools.Source != gateway.FromUpstream || toolNames(change.Tools.Offered) != "cancelOrder, getOrder, updateOrder" || !strings.Contains(change.Tools.Reason, "--gateway-client-id") {
		t.Errorf("with an identity for the server alone: got %+v", change.Tools)
	}
	// Without that either, it says so.
	change = l.synchronize([]string{client, workload})
	if change.Outcome != gateway.Synchronized || change.Tools.Source != gateway.FromNowhere || !strings.Contains(change.Tools.Reason, "--workload-identity") {
		t.Errorf("with no identity at all: got %+v", change.Tools)
	}
	// An identity that does not exist: unknown, not broken.
	change = l.synchronize([]string{client, workload}, workload+"=nobody")
	if change.Outcome != gateway.Synchronized || change.Tools.Source != gateway.FromNowhere {
		t.Errorf("with an unknown identity: got %+v", change.Tools)
	}
	// With everything, the gateway's own list is compared.
	if change = l.synchronize(nil); change.Tools.Source != gateway.FromGateway || change.Tools.After != 3 {
		t.Errorf("with everything: got %+v", change.Tools)
	}
}

// The client's secret by its Secrets Manager ARN, and the gateway's token from
// AgentCore Identity: in one process with its world.
func TestOutboundThroughAWS(t *testing.T) {
	w, err := tutorial.Start(t.Context(), tutorial.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Seed(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	provider := newGatewayProvider(t, w)
	for name, settings := range map[string]outbound.Settings{
		"secret by ARN": {ClientID: tutorial.GatewayClient, ClientSecretARN: w.Cloud.PutSecret("agent", w.Secret), Scopes: []string{tutorial.GatewayScope}},
		"identity":      {CredentialProvider: provider, WorkloadIdentity: tutorial.WorkloadIdentity, Scopes: []string{tutorial.GatewayScope}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := command.Wiring{AWS: w.AWS(), Gateways: []string{tutorial.Gateway}, Outbound: settings, Log: discard(), SDKLog: discard()}.Wire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			session, end, err := s.Connect(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			tools := callOver[struct{ Count int }](t, session, "list_tools", nil)
			if tools.Count != 2 {
				t.Errorf("got %+v", tools)
			}
		})
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newGatewayProvider makes a credential provider for the gateway's callers.
func newGatewayProvider(t *testing.T, w *tutorial.World) string {
	t.Helper()
	client, err := aws.New(t.Context(), w.AWS())
	if err != nil {
		t.Fatal(err)
	}
	g, err := client.Gateway(t.Context(), w.GatewayID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateProvider(t.Context(), "gateway-callers", g.DiscoveryURL, tutorial.GatewayClient, w.Secret); err != nil {
		t.Fatal(err)
	}
	return "gateway-callers"
}

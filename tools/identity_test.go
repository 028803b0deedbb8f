package tools_test

import (
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// newLifeScene is a scene with all tools.
func newLifeScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.session = s.newSession(tools.NewServer(s.manager, tools.Options{Log: s.manager.Log, Secrets: s.manager.Secrets, Toolsets: tools.Toolsets()}))
	return s
}

// Credential providers are listed and shown without a secret, and one that is used is
// not deleted.
func TestCredentialProviders(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	list := must[tools.ProviderList](s.bench, "list_credential_providers", nil)
	if len(list.Providers) != 1 || list.Providers[0].Name != tutorial.Provider {
		t.Errorf("listed: %s", indented(list))
	}
	for _, ref := range []string{tutorial.Provider, s.world.ProviderARN} {
		p := must[tools.ProviderReport](s.bench, "get_credential_provider", map[string]any{"provider": ref})
		if p.ClientID != tutorial.RuntimeClient || p.DiscoveryURL != s.world.Runtimes.DiscoveryURL(s.world.URL) || !slices.Equal(p.UsedBy, []string{tutorial.Gateway + "/" + tutorial.Target}) {
			t.Errorf("shown: %s", indented(p))
		}
		if strings.Contains(indented(p), s.world.RuntimeSecret) {
			t.Error("its secret is shown")
		}
	}
	refused(s.bench, "get_credential_provider", map[string]any{"provider": "none"}, "no credential provider named")
	refused(s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider}, "was not deleted", tutorial.Target, "would fail")
	must[gateway.Change](s.bench, "delete_target", map[string]any{"target": tutorial.Target, "confirm": tutorial.Target})
	refused(s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider}, `confirm set to "`+tutorial.Provider)
	if p := must[tools.ProviderReport](s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider}); p.Outcome != gateway.Deleted {
		t.Errorf("deleted: %s", indented(p))
	}
	if list := must[tools.ProviderList](s.bench, "list_credential_providers", nil); len(list.Providers) != 0 {
		t.Errorf("left: %s", indented(list))
	}
}

// A provider sends a secret to an issuer: both are only those that whoever started the
// server has named.
func TestCreateCredentialProvider(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	secret := s.cloud.PutSecret("runtime-client", `{"client_secret":"`+s.world.RuntimeSecret+`"}`)
	discovery := s.world.Runtimes.DiscoveryURL(s.world.URL)
	arguments := map[string]any{"name": "fresh", "discoveryUrl": discovery, "clientId": tutorial.RuntimeClient, "secretArn": secret}
	refused(s.bench, "create_credential_provider", arguments, "--credential-secrets", "--trusted-issuers")
	s.manager.CredentialSecrets = []string{secret}
	refused(s.bench, "create_credential_provider", arguments, "--credential-secrets", "--trusted-issuers")
	s.manager.TrustedIssuers = []string{"https://issuer.example.com"}
	refused(s.bench, "create_credential_provider", arguments, "is not of an issuer")
	s.manager.TrustedIssuers = []string{s.world.URL}
	refused(s.bench, "create_credential_provider", with(arguments, func(a map[string]any) { a["secretArn"] = secret + "2" }), "is not among those")
	refused(s.bench, "create_credential_provider", with(arguments, func(a map[string]any) { a["name"] = "a b" }), "cannot be a credential provider's name")
	s.cloud.Inject(emulator.Fault{Operation: "CreateOauth2CredentialProvider", Reset: true, After: true, Times: 1})
	p := must[tools.ProviderReport](s.bench, "create_credential_provider", arguments)
	if p.Outcome != gateway.Created || p.SecretARN != secret || strings.Contains(indented(p), s.world.RuntimeSecret) {
		t.Errorf("created: %s", indented(p))
	}
	if again := must[tools.ProviderReport](s.bench, "create_credential_provider", arguments); again.Outcome != gateway.Unchanged || again.SecretKey != "client_secret" {
		t.Errorf("again: %s", indented(again))
	}
	refused(s.bench, "create_credential_provider", with(arguments, func(a map[string]any) { a["secretKey"] = "other" }), "is there already", "was not changed")
	refused(s.bench, "create_credential_provider", with(arguments, func(a map[string]any) { a["clientId"] = "other" }), "is there already, for another")
	c := must[gateway.Change](s.bench, "create_target", map[string]any{"name": "fresh", "runtimeArn": s.world.NewRuntimeARN, "auth": "oauth", "provider": "fresh", "scopes": []string{tutorial.RuntimeScope}})
	if c.Outcome != gateway.Created || len(c.Tools.Added) != 4 {
		t.Errorf("a target with it: %s", indented(c))
	}
}

// Runtimes show who uses them; those are synchronized by the runtime, and one that is
// used is not deleted.
func TestRuntimes(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	list := must[tools.RuntimeList](s.bench, "list_runtimes", map[string]any{"filter": "orders"})
	if len(list.Runtimes) != 2 || list.Runtimes[0].Name != "orders_v1" {
		t.Fatalf("listed: %s", indented(list))
	}
	r := must[tools.RuntimeReport](s.bench, "get_runtime", map[string]any{"runtime": "orders_v1"})
	if len(r.Endpoints) != 1 || r.Endpoints[0].URL != s.world.Endpoint || r.Endpoints[0].Status != "READY" || !slices.Equal(r.UsedBy, []string{tutorial.Gateway + "/" + tutorial.Target}) || !strings.Contains(r.Next, "synchronize_targets") {
		t.Errorf("shown: %s", indented(r))
	}
	if other := must[tools.RuntimeReport](s.bench, "get_runtime", map[string]any{"runtime": s.world.NewRuntimeARN}); len(other.UsedBy) != 0 {
		t.Errorf("shown: %s", indented(other))
	}
	s.check(s.orders.SetTools(3))
	f := must[gateway.Fleet](s.bench, "synchronize_targets", map[string]any{"gateway": "*", "runtimeArn": r.ARN})
	if f.Total != 1 || f.Synchronized != 1 || f.Changed != 1 {
		t.Errorf("synchronized: %s", indented(f))
	}
	refused(s.bench, "synchronize_targets", map[string]any{"runtimeArn": s.world.NewRuntimeARN}, "no target of these gateways", "nothing was begun")
	refused(s.bench, "synchronize_targets", map[string]any{"runtimeArn": "orders"}, "is not the ARN of a runtime", "nothing was begun")

	refused(s.bench, "delete_runtime", map[string]any{"runtime": "orders_v1", "confirm": "orders_v1"}, "was not deleted", tutorial.Target)
	refused(s.bench, "delete_runtime", map[string]any{"runtime": "orders_v2"}, "was not deleted", `confirm set to "orders_v2"`)
	if gone := must[tools.RuntimeReport](s.bench, "delete_runtime", map[string]any{"runtime": "orders_v2", "confirm": "orders_v2"}); gone.Outcome != gateway.Deleted {
		t.Errorf("deleted: %s", indented(gone))
	}
	refused(s.bench, "get_runtime", map[string]any{"runtime": "orders_v2"}, "no runtime named")
}

// What a target of a gateway uses that this server may not manage is not deleted from
// under it, nor what a target uses that cannot be read: neither is named.
func TestDeletionsLookBeyondTheirGateways(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	must[gateway.GatewayChange](s.bench, "create_gateway", map[string]any{"name": "mine", "roleArn": gatewayRole, "authorizer": "NONE", "confirm": "mine"})
	mine := &gateway.Manager{Client: s.client, Allowed: []string{"mine"}, Log: s.manager.Log, Transport: s.manager.Transport, Upstream: s.manager.Upstream, Credential: s.manager.Credential, Secrets: s.manager.Secrets}
	s.session = s.newSession(tools.NewServer(mine, tools.Options{Log: s.manager.Log, Secrets: s.manager.Secrets, Toolsets: tools.Toolsets()}))
	stopAfter(t, mine)
	for tool, arguments := range map[string]map[string]any{
		"delete_credential_provider": {"provider": tutorial.Provider, "confirm": tutorial.Provider},
		"delete_runtime":             {"runtime": "orders_v1", "confirm": "orders_v1"},
	} {
		_, _, text := call[any](s.bench, tool, arguments)
		if !strings.Contains(text, "was not deleted: 1 targets use it that are not this server's") || strings.Contains(text, tutorial.Target) {
			t.Errorf("%s: %s", tool, text)
		}
		remove := s.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException"})
		refused(s.bench, tool, arguments, "was not deleted: 1 targets or gateways could not be read")
		remove()
		remove = s.cloud.Inject(emulator.Fault{Operation: "ListGatewayTargets", Code: "AccessDeniedException"})
		if _, _, text := call[any](s.bench, tool, arguments); !strings.Contains(text, "was not deleted") && !strings.Contains(text, "access denied") {
			t.Errorf("%s without a list: %s", tool, text)
		}
		remove()
	}
	if n := s.cloud.Calls("DeleteAgentRuntime") + s.cloud.Calls("DeleteOauth2CredentialProvider"); n != 0 {
		t.Errorf("%d deletions were sent", n)
	}
}

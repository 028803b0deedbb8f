package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// A target is created with what it needs, once, and tells its tools; deleted, it takes
// them with it.
func TestTargetsLife(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	arn := s.world.NewRuntimeARN
	arguments := map[string]any{"name": "orders-v2", "runtimeArn": arn, "auth": "oauth", "provider": tutorial.Provider, "scopes": []string{tutorial.RuntimeScope}}

	planned := must[gateway.Change](s.bench, "create_target", with(arguments, func(a map[string]any) { a["dryRun"] = true }))
	if planned.Outcome != gateway.Planned || s.cloud.Calls("CreateGatewayTarget") != 1 { // the world's
		t.Errorf("planned: %+v", planned)
	}
	c := must[gateway.Change](s.bench, "create_target", arguments)
	if c.Outcome != gateway.Created || c.Status != "READY" || len(c.Tools.Added) != 4 || c.Account != "123456789012" {
		t.Errorf("created: %s", indented(c))
	}
	again := must[gateway.Change](s.bench, "create_target", arguments)
	if again.Outcome != gateway.Unchanged || again.TargetID != c.TargetID || s.cloud.Calls("CreateGatewayTarget") != 2 {
		t.Errorf("again: %s", indented(again))
	}
	other := with(arguments, func(a map[string]any) { a["runtimeArn"], a["endpoint"] = "", s.url })
	delete(other, "runtimeArn")
	refused(s.bench, "create_target", other, "already, at another endpoint", "nothing was created")
	refused(s.bench, "create_target", with(arguments, func(a map[string]any) { a["scopes"] = []string{"another"} }), "signs in in another way", "nothing was created")

	refused(s.bench, "delete_target", map[string]any{"target": "orders-v2"}, "was not deleted", "serves 4 tools", `confirm set to "orders-v2"`)
	refused(s.bench, "delete_target", map[string]any{"target": "orders-v2", "confirm": "orders"}, "was not deleted")
	if s.cloud.Calls("DeleteGatewayTarget") != 0 {
		t.Error("something was deleted without a word")
	}
	gone := must[gateway.Change](s.bench, "delete_target", map[string]any{"target": "orders-v2", "confirm": "orders-v2"})
	if gone.Outcome != gateway.Deleted || len(gone.Tools.Removed) != 4 || !strings.Contains(gone.Next, "when they reconnect or start a new session") {
		t.Errorf("deleted: %s", indented(gone))
	}
	refused(s.bench, "get_target", map[string]any{"target": "orders-v2"}, "no target named")
}

// What cannot work is refused before anything is sent, with what to do.
func TestCreateTargetRefuses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	page := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>"))
	})).URL
	before := s.cloud.Calls("CreateGatewayTarget")
	for name, c := range map[string]struct {
		arguments map[string]any
		says      []string
	}{
		"no name":            {map[string]any{"name": "", "endpoint": s.url}, []string{"cannot be a target's name"}},
		"a name of AWS's":    {map[string]any{"name": "orders_v2", "endpoint": s.url}, []string{"cannot be a target's name", "hyphens"}},
		"no endpoint":        {map[string]any{"name": "a"}, []string{"neither endpoint nor runtimeArn"}},
		"both":               {map[string]any{"name": "a", "endpoint": s.url, "runtimeArn": s.world.NewRuntimeARN}, []string{"give one of them"}},
		"no MCP server":      {map[string]any{"name": "a", "endpoint": page + "/mcp"}, []string{"was not created", "not MCP"}},
		"nobody there":       {map[string]any{"name": "a", "endpoint": "http://127.0.0.1:9/mcp"}, []string{"was not created", "no MCP server is reachable"}},
		"no such runtime":    {map[string]any{"name": "a", "runtimeArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/none-0123456789", "auth": "iam"}, []string{"was not created", "does not exist"}},
		"no provider":        {map[string]any{"name": "a", "endpoint": s.url, "auth": "oauth"}, []string{"needs provider"}},
		"no such provider":   {map[string]any{"name": "a", "endpoint": s.url, "auth": "oauth", "provider": "none"}, []string{"there is no credential provider"}},
		"provider, no auth":  {map[string]any{"name": "a", "endpoint": s.url, "provider": tutorial.Provider}, []string{"say which"}},
		"scopes, iam":        {map[string]any{"name": "a", "endpoint": s.url, "auth": "iam", "service": "lambda", "scopes": []string{"x"}}, []string{"scopes go with"}},
		"iam, no service":    {map[string]any{"name": "a", "endpoint": s.url, "auth": "iam"}, []string{"needs service"}},
		"a new origin":       {map[string]any{"name": "a", "endpoint": s.url, "auth": "oauth", "provider": tutorial.Provider}, []string{"was not created", "a token of OAuth2 credential provider", "a new origin", `confirm set to "a"`}},
		"a token is wanted":  {map[string]any{"name": "a", "runtimeArn": s.world.NewRuntimeARN}, []string{"was not created", "wants a credential", "auth oauth and a provider", "list_credential_providers"}},
		"no such auth":       {map[string]any{"name": "a", "endpoint": s.url, "auth": "magic"}, []string{"auth"}},
		"no such gateway":    {map[string]any{"gateway": "none", "name": "a", "endpoint": s.url}, []string{"no gateway named"}},
		"a private endpoint": {map[string]any{"name": "a", "endpoint": "https://10.0.0.1/mcp"}, []string{"10.0.0.1 is a private"}},
	} {
		t.Run(name, func(t *testing.T) { refused(s.bench, "create_target", c.arguments, c.says...) })
	}
	if n := s.cloud.Calls("CreateGatewayTarget"); n != before {
		t.Errorf("%d creations were sent", n-before)
	}
	// The credential's way is a person's to allow, and a plan says so.
	arguments := map[string]any{"name": "a", "endpoint": s.url, "auth": "oauth", "provider": tutorial.Provider, "scopes": []string{tutorial.RuntimeScope}, "dryRun": true}
	if c := must[gateway.Change](s.bench, "create_target", arguments); c.Outcome != gateway.Planned || !strings.Contains(c.Next, "a new origin") {
		t.Errorf("planned: %s", indented(c))
	}
	delete(arguments, "dryRun")
	arguments["confirm"] = "a"
	if c := must[gateway.Change](s.bench, "create_target", arguments); c.Outcome != gateway.Created {
		t.Errorf("confirmed: %s", indented(c))
	}
}

// A creation whose answer is lost is not doubled, one that fails says what exists and
// how to remove it, and one that is not waited for is heard of by the same call.
func TestCreationsEnds(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.cloud.Inject(emulator.Fault{Operation: "CreateGatewayTarget", Reset: true, After: true, Times: 1})
	arguments := map[string]any{"name": "lost", "endpoint": s.url}
	if c := must[gateway.Change](s.bench, "create_target", arguments); c.Outcome != gateway.Created {
		t.Errorf("lost: %s", indented(c))
	}
	if list := must[struct{ Targets []gateway.TargetView }](s.bench, "list_targets", nil); len(list.Targets) != 2 {
		t.Errorf("doubled: %+v", list.Targets)
	}

	u := newUpstream(t, 2)
	release := s.cloud.Hold(types.TargetStatusCreating)
	defer release()
	arguments = map[string]any{"name": "slow", "endpoint": u.url, "waitSeconds": 1}
	if c := must[gateway.Change](s.bench, "create_target", arguments); c.Outcome != gateway.InProgress || c.Operation == nil || c.Tools != nil {
		t.Errorf("in progress: %s", indented(c))
	}
	u.failures.Store(1 << 30)
	release()
	arguments["waitSeconds"] = 30
	c := answered[gateway.Change](s.bench, "create_target", arguments)
	if c.Outcome != gateway.Failed || c.Status != "FAILED" || !strings.Contains(c.Next, "delete_target with confirm") {
		t.Errorf("failed: %s", indented(c))
	}

	// The same for a deletion, of which nothing is left to be found.
	release = s.cloud.Hold(types.TargetStatusDeleting)
	defer release()
	arguments = map[string]any{"target": "slow", "confirm": "slow", "waitSeconds": 1}
	if c := must[gateway.Change](s.bench, "delete_target", arguments); c.Outcome != gateway.InProgress || c.Operation == nil {
		t.Errorf("in progress: %s", indented(c))
	}
	refused(s.bench, "update_target", map[string]any{"target": "slow", "resourcePriority": 3}, "DELETING")
	release()
	arguments["waitSeconds"] = 30
	if c := must[gateway.Change](s.bench, "delete_target", arguments); c.Outcome != gateway.Deleted {
		t.Errorf("gone: %s", indented(c))
	}
	s.cloud.Inject(emulator.Fault{Operation: "DeleteGatewayTarget", Reset: true, After: true, Times: 1})
	if c := must[gateway.Change](s.bench, "delete_target", map[string]any{"target": "lost", "confirm": "lost"}); c.Outcome != gateway.Deleted || s.cloud.Calls("DeleteGatewayTarget") != 2 {
		t.Errorf("lost: %s", indented(c))
	}
}

// The tutorial from clean to clean, by tools alone: credential provider, gateway, target
// on a runtime, drift, synchronization, a move, the diagnosis of a planted fault, and
// the clean-up.
func TestTutorialByTools(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	w := s.world
	must[gateway.GatewayChange](s.bench, "delete_gateway", map[string]any{"confirm": tutorial.Gateway})
	must[tools.ProviderReport](s.bench, "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider})

	secret := s.cloud.PutSecret("runtime-client", `{"client_secret":"`+w.RuntimeSecret+`"}`)
	s.manager.CredentialSecrets, s.manager.TrustedIssuers = []string{secret}, []string{w.URL}
	provider := must[tools.ProviderReport](s.bench, "create_credential_provider", map[string]any{
		"name": "orders-identity", "discoveryUrl": w.Runtimes.DiscoveryURL(w.URL), "clientId": tutorial.RuntimeClient, "secretArn": secret,
	})
	made := must[gateway.GatewayChange](s.bench, "create_gateway", map[string]any{
		"name": "shop", "roleArn": gatewayRole, "authorizer": "CUSTOM_JWT", "discoveryUrl": w.Callers.DiscoveryURL(w.URL),
		"allowedClients": []string{tutorial.GatewayClient}, "allowedScopes": []string{tutorial.GatewayScope},
	})
	if made.Outcome != gateway.Created {
		t.Fatalf("the gateway: %s", indented(made))
	}
	runtime := must[tools.RuntimeReport](s.bench, "get_runtime", map[string]any{"runtime": "orders_v1"})
	target := map[string]any{"name": tutorial.Target, "runtimeArn": runtime.ARN, "auth": "oauth", "provider": provider.Name, "scopes": []string{tutorial.RuntimeScope}}
	if c := must[gateway.Change](s.bench, "create_target", target); c.Outcome != gateway.Created || len(c.Tools.Added) != 2 {
		t.Fatalf("the target: %s", indented(c))
	}

	s.check(s.orders.SetTools(3))
	if d := must[tools.DriftReport](s.bench, "check_drift", nil); d.Drifted != 1 {
		t.Errorf("drift: %s", indented(d))
	}
	if f := must[gateway.Fleet](s.bench, "synchronize_targets", map[string]any{"runtimeArn": runtime.ARN}); f.Changed != 1 {
		t.Errorf("synchronized: %s", indented(f))
	}
	moved := must[gateway.Change](s.bench, "update_target_endpoint", map[string]any{"target": tutorial.Target, "runtimeArn": w.NewRuntimeARN})
	if moved.Outcome != gateway.Updated || len(moved.Tools.Added) != 1 {
		t.Errorf("moved: %s", indented(moved))
	}

	w.Runtimes.AddClient(tutorial.RuntimeClient, "rotated", tutorial.RuntimeScope)
	if c := answered[gateway.Change](s.bench, "synchronize_target", map[string]any{"target": tutorial.Target}); c.Outcome != gateway.Failed {
		t.Errorf("with another secret: %s", indented(c))
	}
	if d := s.diagnosed(tutorial.Target); d.Cause != gateway.TokenRefused || !strings.Contains(d.Remedy, "orders-identity") {
		t.Errorf("diagnosed: %s", indented(d))
	}
	s.cloud.PutSecret("runtime-client", `{"client_secret":"rotated"}`)
	if c := must[gateway.Change](s.bench, "synchronize_target", map[string]any{"target": tutorial.Target}); c.Outcome != gateway.Synchronized {
		t.Errorf("with the secret put right: %s", indented(c))
	}

	if c := must[gateway.GatewayChange](s.bench, "delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"}); c.Outcome != gateway.Deleted || c.DeletedTargets != 1 {
		t.Errorf("cleaned up: %s", indented(c))
	}
	must[tools.ProviderReport](s.bench, "delete_credential_provider", map[string]any{"provider": "orders-identity", "confirm": "orders-identity"})
	for _, name := range []string{"orders_v1", "orders_v2"} {
		must[tools.RuntimeReport](s.bench, "delete_runtime", map[string]any{"runtime": name, "confirm": name})
	}
	gateways := must[tools.GatewayList](s.bench, "list_gateways", nil)
	providers, runtimes := must[tools.ProviderList](s.bench, "list_credential_providers", nil), must[tools.RuntimeList](s.bench, "list_runtimes", nil)
	if len(gateways.Gateways)+len(providers.Providers)+len(runtimes.Runtimes) != 0 {
		t.Errorf("left: %s %s %s", indented(gateways), indented(providers), indented(runtimes))
	}
}

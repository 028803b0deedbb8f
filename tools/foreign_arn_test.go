package tools_test

import (
	"strings"
	"testing"
)

// What another account or region has is not taken for what has its name or id here,
// nor is a longer text that ends in a name.
func TestARNsOfOtherAccounts(t *testing.T) {
	t.Parallel()
	a := newAbused(t)
	runtime, provider, key := a.pool["runtimeArn"][0], a.pool["provider"][2], a.pool["provider"][3]
	before := a.settle()
	for _, foreign := range []func(string) string{
		func(arn string) string { return strings.Replace(arn, "123456789012", "999999999999", 1) },
		func(arn string) string { return strings.Replace(arn, "us-east-1", "eu-west-1", 1) },
		func(arn string) string { return "x" + arn[strings.LastIndex(arn, "/"):] },
	} {
		refused(a.bench, "get_runtime", map[string]any{"runtime": foreign(runtime)}, "no runtime named")
		refused(a.bench, "delete_runtime", map[string]any{"runtime": foreign(runtime), "confirm": "orders_v1"}, "no runtime named")
		refused(a.bench, "get_credential_provider", map[string]any{"provider": foreign(provider)}, "no credential provider named")
		refused(a.bench, "delete_credential_provider", map[string]any{"provider": foreign(key), "confirm": "keys"}, "no credential provider named")
		for auth, arn := range map[string]string{"oauth": provider, "apiKey": key} {
			refused(a.bench, "create_target", map[string]any{"gateway": "shop", "name": "fresh", "endpoint": a.url, "auth": auth, "provider": foreign(arn), "confirm": "fresh"}, "fresh was not created")
		}
	}
	refused(a.bench, "get_credential_provider", map[string]any{"provider": canaryURL}, `no credential provider named "https://***@127.0.0.1:1/a?token=***"`)
	if after := a.settle(); after != before {
		t.Errorf("something has changed:\n%s\n%s", before, after)
	}
	for tool, arguments := range map[string]map[string]any{"get_runtime": {"runtime": runtime}, "get_credential_provider": {"provider": provider}} {
		must[map[string]any](a.bench, tool, arguments)
	}
	must[map[string]any](a.bench, "create_target", map[string]any{"gateway": "shop", "name": "fresh", "endpoint": a.url, "auth": "apiKey", "provider": key, "confirm": "fresh"})
}

// A gateway that is named by its ARN is that of this account and region, and no other of
// the same id.
func TestAllowedByAForeignARN(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	own := "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/" + b.gatewayID
	for _, allowed := range []string{own, "arn:aws:bedrock-agentcore:eu-west-1:999999999999:gateway/" + b.gatewayID} {
		b.manager.Allowed = []string{allowed}
		for _, ref := range []string{b.gatewayID, "shop", ""} {
			_, isError, text := call[any](b, "get_gateway", map[string]any{"gateway": ref})
			if isError != (allowed != own) {
				t.Errorf("--gateway %s, %q: %t %s", allowed, ref, isError, text)
			}
		}
	}
}

package tools_test

import (
	"slices"
	"testing"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// One call finds over gateways: which targets use a runtime, which are not as they should
// be. What is in sync is a number.
func TestAcrossGateways(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	must[gateway.GatewayChange](s.bench, "create_gateway", map[string]any{"name": "other", "roleArn": gatewayRole, "authorizer": "NONE", "confirm": "other"})
	must[gateway.Change](s.bench, "create_target", map[string]any{"gateway": "other", "name": "plain", "endpoint": s.url})
	names := func(list tools.TargetList) (names []string) {
		for _, v := range list.Targets {
			names = append(names, v.Gateway+"/"+v.Name)
		}
		return names
	}
	const first, second = "ac-gateway-mcp-server/mcp-server-target", "other/plain"
	arn := "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/" + s.runtimeID()
	for name, c := range map[string]struct {
		arguments map[string]any
		want      []string
	}{
		"all":                  {map[string]any{"gateway": "*"}, []string{first, second}},
		"two":                  {map[string]any{"gateway": "other,ac-gateway-mcp-server"}, []string{second, first}},
		"one":                  {map[string]any{"gateway": "other"}, []string{"/plain"}},
		"of a runtime":         {map[string]any{"gateway": "*", "filter": arn}, []string{first}},
		"of a host":            {map[string]any{"gateway": "*", "filter": s.url}, []string{second}},
		"by name":              {map[string]any{"gateway": "*", "filter": "MCP-server"}, []string{first}},
		"by name, fast":        {map[string]any{"gateway": "*", "filter": "plain", "details": false}, []string{second}},
		"by endpoint, without": {map[string]any{"gateway": "*", "filter": "runtime", "details": false}, nil},
		"by status":            {map[string]any{"gateway": "*", "status": "FAILED"}, nil},
	} {
		if got := names(must[tools.TargetList](s.bench, "list_targets", c.arguments)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	refused(s.bench, "list_targets", map[string]any{"gateway": "other, none"}, "no gateway named")

	if d := must[tools.DriftReport](s.bench, "check_drift", map[string]any{"gateway": "*"}); d.InSync != 2 || len(d.Targets) != 0 {
		t.Errorf("in sync: %s", indented(d))
	}
	s.check(s.orders.SetTools(3))
	d := must[tools.DriftReport](s.bench, "check_drift", map[string]any{"gateway": "*"})
	if d.Drifted != 2 || len(d.Targets) != 2 || d.Targets[0].Gateway == "" {
		t.Errorf("drifted: %s", indented(d))
	}
	if d := must[tools.DriftReport](s.bench, "check_drift", map[string]any{"gateway": "other"}); d.Drifted != 1 || d.Targets[0].Gateway != "" {
		t.Errorf("of one: %s", indented(d))
	}
}

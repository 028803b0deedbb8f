package tools_test

import (
	"strings"
	"testing"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// An entry that names no target is a mistake, which is told where that is certain.
func TestSelfNamesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	m := b.manager
	for name, c := range map[string]struct {
		self []string
		want string
	}{
		"name":       {[]string{"orders"}, ""},
		"id":         {[]string{b.targetID}, ""},
		"URL":        {[]string{b.url + "?x"}, ""},
		"another":    {[]string{"order"}, "order"},
		"one of two": {[]string{"orders", "https://elsewhere.example.com/mcp"}, "https://elsewhere.example.com/mcp"},
		"none":       {nil, ""},
	} {
		m.Self = c.self
		if got, err := m.Unfound(t.Context()); err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	m.Self = []string{"order"}
	unread := b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException"})
	if got, err := m.Unfound(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a target that may not be read may be it: %q, %v", got, err)
	}
	unread()
	defer b.cloud.Inject(emulator.Fault{Operation: "ListGatewayTargets", Code: "AccessDeniedException"})()
	if got, err := m.Unfound(t.Context()); err == nil {
		t.Errorf("a list that may not be read: %q", got)
	}
}

// A change of the target through which this server is reached itself asks first, and says
// what would be lost; what cuts nobody off is done.
func TestOwnTarget(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{tools: tools.Options{Toolsets: tools.Toolsets()}, manager: func(m *gateway.Manager) { m.Self = []string{"orders"} }})
	b.newTarget(b.gatewayID, "second", b.url)
	const lost = "orders leads to this very server: whoever works with it through gateway shop"
	before := b.configuration("orders")
	for tool, arguments := range map[string]map[string]any{
		"update_target_endpoint": {"target": "orders", "endpoint": b.url + "/2"},
		"update_target":          {"target": "orders", "scopes": []string{"read"}},
		"pin_target_tools":       {"target": "orders"},
	} {
		refused(b, tool, arguments, "was not updated", lost, `confirm set to "orders"`)
		if tool != "pin_target_tools" {
			arguments["dryRun"] = true
			if plan := must[gateway.Change](b, tool, arguments); plan.Outcome != gateway.Planned || !strings.Contains(plan.Next, lost) {
				t.Errorf("the plan of %s does not say it: %s", tool, plan.Next)
			}
		}
	}
	refused(b, "delete_target", map[string]any{"target": "orders"}, "was not deleted", "it leads to this very server")
	refused(b, "delete_gateway", map[string]any{"gateway": "shop"}, "was not deleted", "one of the targets leads to this very server")
	if got := b.configuration("orders"); got != before || b.cloud.Calls("UpdateGatewayTarget") != 0 {
		t.Errorf("it was changed: %s", got)
	}

	if c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"}); c.Outcome != gateway.Synchronized {
		t.Errorf("a synchronization: %+v", c)
	}
	if c := must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "description": "ours"}); c.Outcome != gateway.Updated {
		t.Errorf("a description: %+v", c)
	}
	if c := answered[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "second", "endpoint": b.url + "/2"}); c.Outcome != gateway.Reverted {
		t.Errorf("another target: %+v", c)
	}
	if c := answered[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": b.url + "/2", "confirm": "orders"}); c.Outcome != gateway.Reverted {
		t.Errorf("confirmed: %+v", c)
	}
}

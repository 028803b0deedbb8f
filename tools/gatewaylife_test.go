package tools_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

const gatewayRole = "arn:aws:iam::123456789012:role/gateway"

func newLifeBench(t *testing.T, o benchOptions) *bench {
	o.tools.Toolsets = tools.Toolsets()
	return newBench(t, o)
}

// A gateway is created once, used, and deleted with its targets.
func TestGatewaysLife(t *testing.T) {
	t.Parallel()
	b := newLifeBench(t, benchOptions{empty: true})
	arguments := map[string]any{"name": "shop", "roleArn": gatewayRole, "authorizer": "NONE", "semanticSearch": true, "description": "of a test"}
	refused(b, "create_gateway", arguments, "everybody who learns its URL", `confirm set to "shop"`)
	arguments["confirm"] = "shop"
	b.cloud.Inject(emulator.Fault{Operation: "CreateGateway", Reset: true, After: true, Times: 1})
	c := must[gateway.GatewayChange](b, "create_gateway", arguments)
	if c.Outcome != gateway.Created || c.Status != "READY" || c.URL == "" || c.Account != "123456789012" || c.Description == "" {
		t.Fatalf("created: %s", indented(c))
	}
	if again := must[gateway.GatewayChange](b, "create_gateway", arguments); again.Outcome != gateway.Unchanged || again.ID != c.ID {
		t.Errorf("again: %s", indented(again))
	}
	refused(b, "create_gateway", with(arguments, func(a map[string]any) { a["authorizer"] = "AWS_IAM" }), "is there already, with authorizer NONE", "nothing was created")
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if c := must[gateway.Change](b, "create_target", map[string]any{"gateway": "shop", "name": name, "endpoint": b.url}); c.Outcome != gateway.Created {
			t.Errorf("target %s: %s", name, indented(c))
		}
	}
	refused(b, "delete_gateway", map[string]any{"gateway": "shop"}, "it has 7 targets", `confirm set to "shop"`)
	gone := must[gateway.GatewayChange](b, "delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"})
	if gone.Outcome != gateway.Deleted || gone.DeletedTargets != 7 {
		t.Errorf("deleted: %s", indented(gone))
	}
	if list := must[struct{ Gateways []gateway.GatewayView }](b, "list_gateways", nil); len(list.Gateways) != 0 {
		t.Errorf("left: %+v", list)
	}
}

// What AWS would refuse is refused before anything is sent.
func TestCreateGatewayRefuses(t *testing.T) {
	t.Parallel()
	b := newLifeBench(t, benchOptions{empty: true})
	const discovery = "https://issuer.example.com/.well-known/openid-configuration"
	for name, c := range map[string]struct {
		arguments map[string]any
		says      string
	}{
		"a name":         {map[string]any{"name": "a_b", "authorizer": "AWS_IAM", "roleArn": gatewayRole}, "cannot be a gateway's name"},
		"a role":         {map[string]any{"name": "a", "authorizer": "AWS_IAM", "roleArn": "gateway"}, "roleArn is not"},
		"no issuer":      {map[string]any{"name": "a", "authorizer": "CUSTOM_JWT", "roleArn": gatewayRole}, "needs discoveryUrl"},
		"no audience":    {map[string]any{"name": "a", "authorizer": "CUSTOM_JWT", "roleArn": gatewayRole, "discoveryUrl": discovery}, "every token of the issuer"},
		"another issuer": {map[string]any{"name": "a", "authorizer": "CUSTOM_JWT", "roleArn": gatewayRole, "discoveryUrl": "https://issuer.example.com", "allowedClients": []string{"c"}}, "openid-configuration"},
		"both":           {map[string]any{"name": "a", "authorizer": "AWS_IAM", "roleArn": gatewayRole, "discoveryUrl": discovery}, "go with authorizer CUSTOM_JWT"},
		"everybody":      {map[string]any{"name": "a", "authorizer": "NONE", "roleArn": gatewayRole, "confirm": "b"}, "was not created"},
		"what is none":   {map[string]any{"name": "a", "authorizer": "MAGIC", "roleArn": gatewayRole}, "authorizer"},
	} {
		t.Run(name, func(t *testing.T) { refused(b, "create_gateway", c.arguments, c.says) })
	}
	if n := b.cloud.Calls("CreateGateway"); n != 0 {
		t.Errorf("%d were sent", n)
	}
	bound := newLifeBench(t, benchOptions{allowed: []string{"shop"}})
	if _, err := bound.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "create_gateway", Arguments: map[string]any{}}); err == nil || !strings.Contains(err.Error(), "unknown tool") {
		t.Errorf("where the gateways are named: %v", err)
	}
}

// A deletion whose time is up goes on with the next call; one that a target's consent
// holds up sends nothing.
func TestDeleteGatewayGoesOn(t *testing.T) {
	t.Parallel()
	b := newLifeBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "second", b.url)
	release := b.cloud.Hold(types.TargetStatusDeleting)
	defer release()
	arguments := map[string]any{"gateway": "shop", "confirm": "shop", "waitSeconds": 1}
	if c := must[gateway.GatewayChange](b, "delete_gateway", arguments); c.Outcome != gateway.InProgress || c.DeletedTargets != 0 || !strings.Contains(c.Next, "goes on") {
		t.Errorf("in progress: %s", indented(c))
	}
	if n := b.cloud.Calls("DeleteGateway"); n != 0 {
		t.Error("the gateway's deletion was sent before its targets were gone")
	}
	release()
	arguments["waitSeconds"] = 30
	if c := must[gateway.GatewayChange](b, "delete_gateway", arguments); c.Outcome != gateway.Deleted || b.cloud.Calls("DeleteGatewayTarget") != 2 {
		t.Errorf("gone: %s", indented(c))
	}

	b = newLifeBench(t, benchOptions{})
	b.setTarget(b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.Status = types.TargetStatusUpdatePendingAuth
	})
	refused(b, "delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"}, "was not deleted", "consent")
	refused(b, "delete_target", map[string]any{"target": "orders", "confirm": "orders"}, "consent")
	if n := b.cloud.Calls("DeleteGatewayTarget") + b.cloud.Calls("DeleteGateway"); n != 0 {
		t.Errorf("%d deletions were sent", n)
	}
}

// A tool outside the chosen sets does not exist.
func TestToolsets(t *testing.T) {
	t.Parallel()
	names := func(o tools.Options) (names []string) {
		b := newBench(t, benchOptions{empty: true, tools: o})
		list, err := b.session.ListTools(t.Context(), &mcp.ListToolsParams{})
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range list.Tools {
			names = append(names, tool.Name)
		}
		return names
	}
	of := func(wants func(tools.Tool) bool) (names []string) {
		for _, tool := range tools.All() {
			if wants(tool) {
				names = append(names, tool.Name)
			}
		}
		return names
	}
	for name, c := range map[string]struct {
		options tools.Options
		wants   func(tools.Tool) bool
	}{
		"default":             {tools.Options{}, func(t tools.Tool) bool { return t.Toolset == tools.Targets }},
		"default, read-only":  {tools.Options{ReadOnly: true}, func(t tools.Tool) bool { return t.Toolset == tools.Targets && t.ReadOnly }},
		"gateways":            {tools.Options{Toolsets: []tools.Toolset{tools.Gateways}}, func(t tools.Tool) bool { return t.Toolset == tools.Gateways }},
		"gateways, read-only": {tools.Options{Toolsets: []tools.Toolset{tools.Gateways}, ReadOnly: true}, func(t tools.Tool) bool { return t.Toolset == tools.Gateways && t.ReadOnly }},
		"all":                 {tools.Options{Toolsets: tools.Toolsets()}, func(tools.Tool) bool { return true }},
	} {
		got, want := names(c.options), of(c.wants)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

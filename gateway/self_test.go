package gateway

import (
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
)

func TestLeadsHere(t *testing.T) {
	const runtime = "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fgateway_tools-a1B2c3D4e5/invocations?qualifier=DEFAULT"
	const arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/gateway_tools-a1B2c3D4e5"
	for name, c := range map[string]struct {
		endpoint, self, reached string
		want                    bool
	}{
		"nothing is known":         {"https://tools.example.com/mcp", "", "", false},
		"by its URL":               {"https://tools.example.com/mcp", "https://tools.example.com/mcp", "", true},
		"by its URL, spelled else": {"https://Tools.Example.com:443/mcp/?x=1", "https://tools.example.com/mcp", "", true},
		"another path":             {"https://tools.example.com/other", "https://tools.example.com/mcp", "", false},
		"another port":             {"https://tools.example.com:8443/mcp", "https://tools.example.com/mcp", "", false},
		"another host":             {"https://tools.example.com.evil.example/mcp", "https://tools.example.com/mcp", "", false},
		"by the runtime's ARN":     {runtime, arn, "", true},
		"by another ARN":           {runtime, arn + "x", "", false},
		"by the runtime's name":    {runtime, "gateway_tools", "", true},
		"by a part of the name":    {runtime, "gateway", "", false},
		"by the name and more":     {runtime, "gateway_tools-a1B2c", "", false},
		"a name is no pattern":     {runtime, "gateway.tools", "", false},
		"by the target's name":     {"https://tools.example.com/mcp", "ours", "", true},
		"by the target's id":       {"https://tools.example.com/mcp", "ID12345678", "", true},
		"as reached":               {"https://tools.example.com/mcp", "", "tools.example.com/mcp", true},
		"as reached, by a port":    {"http://127.0.0.1:9000/mcp", "", "127.0.0.1:9000/mcp", true},
		"reached elsewhere":        {"http://127.0.0.1:9000/mcp", "", "127.0.0.1:9001/mcp", false},
		"reached by another path":  {runtime, "", "bedrock-agentcore.us-east-1.amazonaws.com/mcp", false},
		"without endpoint":         {"", "", "tools.example.com/mcp", false},
	} {
		m := &Manager{}
		if c.self != "" {
			m.Self = []string{"another", c.self}
		}
		if got := m.leadsHere(aws.Target{ID: "ID12345678", Name: "ours", Endpoint: c.endpoint}, c.reached); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestCutsOff(t *testing.T) {
	at := aws.Target{Name: "ours", Endpoint: "https://tools.example.com/mcp"}
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		edit aws.Edit
		says string
	}{
		"another endpoint":       {aws.Edit{Endpoint: text("https://tools.example.com/2")}, "another server instead"},
		"the same endpoint":      {aws.Edit{Endpoint: &at.Endpoint}, ""},
		"a description":          {aws.Edit{Description: text("x")}, ""},
		"a pin with the way out": {aws.Edit{ToolSchema: text(`{"tools":[{"name":"unpin_target_tools"}]}`)}, ""},
		"a pin without":          {aws.Edit{ToolSchema: text(`{"tools":[{"name":"list_targets"}]}`)}, "lacks unpin_target_tools"},
		"the end of a pin":       {aws.Edit{ToolSchema: text("")}, ""},
		"other scopes":           {aws.Edit{Scopes: []string{"read"}}, "other credentials"},
		"another provider":       {aws.Edit{OAuthProviderARN: text("arn")}, "other credentials"},
		"all settings":           {aws.Edit{Whole: &at}, "other credentials"},
	} {
		if got := cutsOff(true, at, c.edit, "shop"); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", name, got)
		}
		if got := cutsOff(false, at, c.edit, "shop"); got != "" {
			t.Errorf("%s, elsewhere: %q", name, got)
		}
	}
}

// One address is spelled in many ways; Host has no scheme.
func TestSameAddress(t *testing.T) {
	for _, c := range [][2]string{
		{"https://tools.example.com/mcp", "//tools.example.com:443/mcp"}, // Host names the port, as curl -H and some proxies do
		{"https://tools.example.com:443/mcp", "//tools.example.com:443/mcp"},
		{"https://tools.example.com/mcp", "//tools.example.com/%6Dcp"},
		{"https://tools.example.com/%6Dcp", "//tools.example.com/mcp"},
		{"https://tools.example.com//mcp", "//tools.example.com/mcp"},
		{"https://tools.example.com/./mcp", "//tools.example.com/mcp"},
		{"https://[2001:db8::1]/mcp", "//[2001:db8:0:0::1]/mcp"},
		{"http://localhost:8080/mcp", "//127.0.0.1:8080/mcp"},
		{"https://tools.example.com./mcp", "//tools.example.com/mcp"},
		{"https://TOOLS.example.com/mcp/", "//tools.example.com/mcp"},
		{"https://tools.example.com/mcp//", "//tools.example.com/mcp"},
	} {
		if !sameAddress(c[0], c[1]) {
			t.Errorf("%s is not %s", c[0], c[1])
		}
	}
}

package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// What is wrong with a request is told in a bounded way, however much that is.
func TestViolationsAreBounded(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	var op *operation
	for _, o := range operations() {
		if o.name == "CreateGatewayTarget" {
			op = o
			break
		}
	}
	body := func(schema string) map[string]any {
		var members map[string]any
		text := `{"gatewayIdentifier":"g-0123456789","name":"t","targetConfiguration":{"mcp":{"lambda":{"lambdaArn":"arn:aws:lambda:us-east-1:123456789012:function:f","toolSchema":{"inlinePayload":[{"name":"n","description":"d","inputSchema":` + schema + `}]}}}}}`
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			t.Fatal(err)
		}
		return members
	}
	var unknown strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&unknown, `"x%d":1,`, i)
	}
	for name, schema := range map[string]string{
		"many below a long name": `{"type":"object","properties":{"` + strings.Repeat("k", 40_000) + `":{` + unknown.String() + `"type":"string"}}}`,
		"deep":                   strings.Repeat(`{"items":`, 5000) + `{}` + strings.Repeat("}", 5000),
	} {
		found := check(s.rules, op.input, body(schema))
		answer, _ := json.Marshal(invalid(found).fields)
		if len(found) == 0 || len(found) > mostViolations || len(answer) > 100*(mostPath+200) {
			t.Errorf("%s: %d violations in %d bytes", name, len(found), len(answer))
		}
	}
	deep := func(levels int) string {
		return strings.Repeat(`{"type":"array","items":`, levels) + `{"type":"string"}` + strings.Repeat("}", levels)
	}
	if found := check(s.rules, op.input, body(deep(40))); len(found) != 0 {
		t.Errorf("40 levels of items: %v", found)
	}
	if found := check(s.rules, op.input, body(deep(mostNested))); len(found) == 0 || !strings.Contains(found[0].Message, "nested deeper") {
		t.Errorf("too many levels: %v", found)
	}
}

// Names that clients make up are not kept without bound.
func TestCountsAreBounded(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	for i := range 3 * mostOperations {
		s.receive(fmt.Sprint("made up ", i))
	}
	s.receive(strings.Repeat("x", longestOperation+1))
	if len(s.calls) != mostOperations || s.Calls("made up 0") != 1 {
		t.Errorf("%d names are kept", len(s.calls))
	}
	s.receive("made up 0")
	if n := s.Calls("made up 0"); n != 2 {
		t.Errorf("counted %d", n)
	}
}

func TestCrossSite(t *testing.T) {
	for _, c := range []struct {
		origin, site, mode string
		want               bool
	}{
		{"", "", "", false},
		{"", "same-origin", "cors", false},
		{"", "none", "navigate", false},
		{"", "cross-site", "navigate", false}, // a link to an authorization URL
		{"", "cross-site", "no-cors", true},
		{"", "cross-site", "", true},
		{"http://localhost:6274", "same-site", "cors", false},
		{"http://127.0.0.1:1", "", "", false},
		{"https://evil.example", "", "", true},
		{"null", "", "", true},
		{"http://127.0.0.1.evil.example", "", "", true},
	} {
		r := &http.Request{Header: http.Header{}}
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site, "Sec-Fetch-Mode": c.mode} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if got := crossSite(r); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// A call that no policy can judge is refused, and arguments are data, whatever they
// look like.
func TestCedarInput(t *testing.T) {
	e := &policyEngine{}
	for i, text := range []string{
		`permit(principal, action == AgentCore::Action::"t___pay", resource);`,
		`forbid(principal, action == AgentCore::Action::"t___pay", resource) when { context.input.amount > 500 };`,
		`permit(principal, action == AgentCore::Action::"t___own", resource) when { context.input.owner == principal };`,
		`permit(principal, action == AgentCore::Action::"t___set", resource) when { context.input.of.contains("a") && context.input.yes && context.input["in"].n == decimal("1.5") };`,
	} {
		parsed, err := parsePolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("p", i)
		p := &policy{cedar: parsed}
		p.record.PolicyId = &id
		e.policies = append(e.policies, p)
	}
	d := newDecider(e, "arn", nil)
	for _, c := range []struct {
		tool, arguments string
		want            bool
	}{
		{"pay", `{"amount":1}`, true},
		{"pay", `{"amount":500}`, true},
		{"pay", `{"amount":501}`, false},
		{"pay", `{"amount":1,"note":null}`, true},
		{"pay", `{"amount":1,"note":1.5}`, true},
		{"pay", `{"amount":501,"note":null}`, false},
		{"pay", `{"amount":501,"note":1.5}`, false},
		{"pay", `{"amount":1,"note":1e3}`, false},     // Cedar has no such number
		{"pay", `{"amount":1,"note":0.12345}`, false}, // nor this
		{"pay", `{"amount":500.5}`, false},            // the policy that forbids compares integers
		{"pay", `{"amount":99999999999999999999}`, false},
		{"pay", `{"amount":501,"amount":1}`, false},
		{"pay", `{"amount":1,"in":{"a":1,"a":2}}`, false},
		{"pay", `{}`, false}, // nor can it judge this
		{"pay", `{"amount":"1"}`, false},
		{"pay", `{"amount":1}{}`, false},
		{"pay", `{"amount":1,"x":` + strings.Repeat("[", 2*mostNested) + strings.Repeat("]", 2*mostNested) + `}`, false},
		{"own", `{"owner":"local"}`, false},
		{"own", `{"owner":{"__entity":{"type":"AgentCore::IamEntity","id":"local"}}}`, false},
		{"set", `{"of":["b","a"],"yes":true,"in":{"n":1.5}}`, true},
		{"set", `{"of":["b"],"yes":true,"in":{"n":1.5}}`, false},
		{"set", `{"of":["a"],"yes":false,"in":{"n":1.5}}`, false},
		{"set", `{"of":["a"],"yes":true,"in":{"n":{"__extn":{"fn":"decimal","arg":"1.5"}}}}`, false},
	} {
		if got := d.allows("t___"+c.tool, json.RawMessage(c.arguments)); got != c.want {
			t.Errorf("%s %.60s: %t", c.tool, c.arguments, got)
		}
	}
	for tool, listed := range map[string]bool{"t___pay": true, "t___own": true, "t___set": true, "t___none": false} {
		if d.allows(tool, nil) != listed {
			t.Errorf("%s is listed: %t", tool, !listed)
		}
	}
}

// A version serves what is live, and nothing else stands in for it.
func TestServing(t *testing.T) {
	name, one, two := "prod", "1", "2"
	a := &agentRuntime{}
	for _, v := range []*string{&one, &two} {
		version := &runtimeVersion{}
		version.record.AgentRuntimeVersion = v
		a.versions = append(a.versions, version)
	}
	e := &runtimeEndpoint{}
	e.record.Name, e.record.Status = &name, types.AgentRuntimeEndpointStatusCreating
	a.endpoints = []*runtimeEndpoint{e}
	if a.serving("prod") != nil || a.serving("other") != nil || (*agentRuntime)(nil).serving("prod") != nil {
		t.Error("what is not live serves")
	}
	if e.record.LiveVersion = &one; a.serving("prod") != a.versions[0] {
		t.Error("the live version does not serve")
	}
	gone := "3"
	if e.record.LiveVersion = &gone; a.serving("prod") != nil {
		t.Error("another version serves for one that is gone")
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eu-west-1": "aws"} {
		if got := partition(region); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}

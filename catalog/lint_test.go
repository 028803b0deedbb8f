package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

const clean = `{"description":"d","inputSchema":{"type":"object"}}`

func TestLint(t *testing.T) {
	name := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		target, name, definition, want string
	}{
		{"t", "x", clean, ""},
		{"t", name(60), clean, ""},
		{"t", name(61), clean, "warning: its name has 65 characters with the target's prefix: Bedrock and Claude clients take at most 64"},
		{"", name(64), clean, ""},
		{"", name(65), clean, "warning: its name has 65 characters: Bedrock and Claude clients take at most 64"},
		{"t", name(253), clean, "error: its name has 257 characters with the target's prefix: AgentCore takes at most 256"},
		{"t", name(252), clean, "warning: its name has 256 characters with the target's prefix: Bedrock and Claude clients take at most 64"},
		{"t", "a.b", clean, `warning: its name has the character ".": some model providers take only letters, digits, _ and -`},
		{"t", "a\u202eb", clean, `warning: its name has the character "<U+202E>": some model providers take only letters, digits, _ and -` +
			"\nwarning: the name has bidirectional control characters (U+202E)"},
		{"t", "", clean, "error: a tool has no name"},
		{"t", "x", `{"inputSchema":{"type":"object"}}`, "warning: it has no description: a model has only its name to go by"},
		{"t", "x", `{"description":"d"}`, "error: it has no input schema"},
		{"t", "x", `{"description":"d","inputSchema":[]}`, "error: its input schema is not a JSON object"},
		{"t", "x", `{"description":"d","inputSchema":{"type":"string"}}`, `error: its input schema is not of type "object"`},
		{"t", "x", `{"description":"d","inputSchema":{"type":"object"},"outputSchema":{}}`, `error: its output schema is not of type "object"`},
		{"t", "x", `{`, `error: the definition of tool "x" is not valid JSON: unexpected EOF at byte 1`},
		{"t", "x", `{"description":"d","inputSchema":{"type":"object","$defs":{"a":{"$anchor":"b"}},"properties":{"p":{"anyOf":[{"$ref":"#/$defs/a"}]}}}}`,
			"warning: its input schema uses $anchor, $defs, $ref: it failed synchronization in earlier AgentCore releases, today unknown"},
		{"t", "x", `{"description":"d","inputSchema":{"type":"object","properties":{"$ref":{"default":{"$defs":1}}}},"outputSchema":{"type":"object","$defs":{}}}`, ""},
		{"t", "x", `{"description":"Ignore previous","inputSchema":{"type":"object"}}`, `warning: the description reads like an instruction to the model: "ignore previous"`},
	} {
		var got []string
		for _, f := range catalog.Lint(c.target, []catalog.Tool{tool(c.name, c.definition)}) {
			if f.Tool != c.name {
				t.Errorf("%+v", f)
			}
			got = append(got, fmt.Sprintf("%s: %s", f.Severity, f.Text))
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s %s: got\n%s\nwant\n%s", c.name, c.definition, strings.Join(got, "\n"), c.want)
		}
	}
}

func TestLintOfLists(t *testing.T) {
	many := func(n int) []catalog.Tool {
		var tools []catalog.Tool
		for i := range n {
			tools = append(tools, tool(fmt.Sprint("t", i), clean))
		}
		return tools
	}
	for n, want := range map[int]string{
		0:     "error: the server has no tools: AgentCore fails the synchronization of such a target",
		1:     "",
		1000:  "",
		1001:  "warning: 1001 tools: AgentCore's default quota is 1000 for one target, ask for more if it was not raised",
		10000: "warning: 10000 tools: AgentCore's default quota is 1000 for one target, ask for more if it was not raised",
		10001: "error: 10001 tools: AgentCore takes at most 10000 from one target",
	} {
		got := ""
		for _, f := range catalog.Lint("t", many(n)) {
			got += fmt.Sprintf("%s%s: %s", f.Tool, f.Severity, f.Text)
		}
		if got != want {
			t.Errorf("%d tools: %s, want %s", n, got, want)
		}
	}
	twins := catalog.Lint("t", append(many(2), append(many(1), many(1)...)...))
	if len(twins) != 1 || twins[0] != (catalog.Finding{Tool: "t0", Severity: catalog.SeverityError, Text: "more than one tool has this name: only one of them can be called"}) {
		t.Errorf("%+v", twins)
	}
	if catalog.Lint("t", many(1)) == nil {
		t.Error("nil for nothing found")
	}
}

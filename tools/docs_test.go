package tools_test

import (
	"agentcore-gateway-mcp/tools"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// docs/tools.md is written from what the server answers to tools/list.
func TestToolsReference(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{empty: true, tools: tools.Options{Toolsets: tools.Toolsets()}})
	list, err := b.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc bytes.Buffer
	doc.WriteString("# Tools\n\nGenerated from the server's own answers: `go test ./tools -update`. After the tools come the [prompts](#prompts) and [resources](#resources).\n")
	for _, tool := range list.Tools {
		with := ""
		for _, known := range tools.All() {
			if known.Name == tool.Name && known.Toolset != tools.Targets {
				with = fmt.Sprintf(" It exists with `--toolsets %s`, or `all`.", known.Toolset)
			}
		}
		fmt.Fprintf(&doc, "\n## %s\n\n%s\n\n%s.%s\n", tool.Name, tool.Description, hints(tool.Annotations), with)
		in := schemaOf(t, tool.InputSchema)
		if len(in.Properties) > 0 {
			doc.WriteString("\n| argument | type | |\n|---|---|---|\n")
			for _, name := range sortedNames(in) {
				p := in.Properties[name]
				about := p.Description
				if slices.Contains(in.Required, name) {
					about += " **(required)**"
				}
				if len(p.Enum) > 0 {
					about += "; one of " + strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Enum), " ", ", "), "[]")
				}
				fmt.Fprintf(&doc, "| `%s` | %s | %s |\n", name, p.Type, about)
			}
		}
		doc.WriteString("\nAnswers\n\n")
		writeMembers(&doc, schemaOf(t, tool.OutputSchema), "")
	}
	writePrompts(t, &doc, b)
	writeResources(t, &doc, b)
	const path = "../docs/tools.md"
	if *update {
		if err := os.WriteFile(path, doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, doc.Bytes()) {
		t.Errorf("docs/tools.md is out of date: go test ./tools -update")
	}
}

func writePrompts(t *testing.T, doc *bytes.Buffer, b *bench) {
	doc.WriteString("\n# Prompts\n\nThe texts name only tools that exist: with `--read-only` and `--toolsets` they say less, and a prompt whose tools are missing does not exist. Every argument may be left out.\n")
	changing := promptNames(t, b.session)
	reading := b.newSession(tools.NewServer(b.manager, tools.Options{ReadOnly: true}))
	for _, session := range []*mcp.ClientSession{b.session, reading} {
		list, err := session.ListPrompts(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Prompts {
			with := ""
			switch {
			case session == reading && slices.Contains(changing, p.Name):
				continue // was told
			case session == reading:
				with = " It exists with `--read-only`."
			case !slices.Contains(promptNames(t, reading), p.Name):
				with = " It does not exist with `--read-only`."
			}
			fmt.Fprintf(doc, "\n## %s\n\n%s%s\n\n| argument | |\n|---|---|\n", p.Name, p.Description, with)
			for _, a := range p.Arguments {
				fmt.Fprintf(doc, "| `%s` | %s |\n", a.Name, a.Description)
			}
		}
	}
}

func writeResources(t *testing.T, doc *bytes.Buffer, b *bench) {
	resources, err := b.session.ListResources(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	templates, err := b.session.ListResourceTemplates(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	doc.WriteString("\n# Resources\n\nNames are percent-encoded where a URI asks for it. The arguments of prompts and of these URIs have completions: gateways, targets, credential providers and runtimes, where the tools exist that list them.\n\n| URI | |\n|---|---|\n")
	for _, r := range resources.Resources {
		fmt.Fprintf(doc, "| `%s` | %s |\n", r.URI, r.Description)
	}
	for _, r := range templates.ResourceTemplates {
		fmt.Fprintf(doc, "| `%s` | %s |\n", r.URITemplate, r.Description)
	}
}

func hints(a *mcp.ToolAnnotations) string {
	switch {
	case a.ReadOnlyHint:
		return "Changes nothing"
	case *a.DestructiveHint:
		return "Overwrites or takes away what was there; repeating it does no harm"
	}
	return "Changes something; repeating it does no harm"
}

func writeMembers(doc *bytes.Buffer, s *jsonschema.Schema, indent string) {
	for _, name := range sortedNames(s) {
		p := s.Properties[name]
		kind, inner := p.Type, p
		if p.Items != nil {
			kind, inner = "array of "+p.Items.Type, p.Items
		}
		if inner.Description != "" && inner != p { // as somewhere else
			kind = "array of " + p.Items.Type + " " + inner.Description
		}
		fmt.Fprintf(doc, "%s- `%s` (%s)", indent, name, kind)
		if p.Description != "" {
			fmt.Fprintf(doc, " %s", p.Description)
		}
		if len(p.Enum) > 0 {
			fmt.Fprintf(doc, ": %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Enum), " ", ", "), "[]"))
		}
		doc.WriteString("\n")
		writeMembers(doc, inner, indent+"  ")
	}
}

func sortedNames(s *jsonschema.Schema) []string {
	var names []string
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func schemaOf(t *testing.T, v any) *jsonschema.Schema {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(encode(t, v), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

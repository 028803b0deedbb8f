package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity is how bad a [Finding] is.
type Severity string

// The severities, the worse first.
const (
	SeverityError   Severity = "error"   // AgentCore refuses it, or clients cannot use it
	SeverityWarning Severity = "warning" // some model providers or AgentCore releases choke on it
)

// The limits that [Lint] knows.
const (
	MaxModelName    = 64     // of Bedrock and Claude clients, for a name with its prefix
	MaxGatewayName  = 256    // of AgentCore, for a name with its prefix
	MaxDefaultTools = 1_000  // AgentCore's default quota per target, adjustable
	MaxTools        = 10_000 // AgentCore's hard limit per target
)

// Finding is one thing about a list of tools that something downstream chokes on.
type Finding struct {
	Tool     string   `json:"tool,omitempty"` // "" when it is about the whole list
	Severity Severity `json:"severity"`
	Text     string   `json:"text"` // a plain sentence; upstream text in it is treated as in [Detail]
}

// Lint looks at the tools that a gateway's target has or would get, their names
// without the prefix. target is the target's name, "" when the tools are not
// served under a prefix. Findings about the whole list come first, then those of
// each tool in the list's order; never nil.
func Lint(target string, tools []Tool) []Finding {
	l := linter{findings: []Finding{}}
	switch {
	case len(tools) == 0:
		l.add("", SeverityError, "the server has no tools: AgentCore fails the synchronization of such a target")
	case len(tools) > MaxTools:
		l.add("", SeverityError, "%d tools: AgentCore takes at most %d from one target", len(tools), MaxTools)
	case len(tools) > MaxDefaultTools:
		l.add("", SeverityWarning, "%d tools: AgentCore's default quota is %d for one target, ask for more if it was not raised", len(tools), MaxDefaultTools)
	}
	seen := map[string]int{}
	for _, t := range tools {
		if seen[t.Name]++; seen[t.Name] == 2 {
			l.add(t.Name, SeverityError, "more than one tool has this name: only one of them can be called")
		}
		l.toolName(target, t.Name)
		l.definition(t)
	}
	return l.findings
}

type linter struct {
	findings []Finding
	decoder
}

func (l *linter) add(tool string, severity Severity, format string, args ...any) {
	l.findings = append(l.findings, Finding{tool, severity, shorten(fmt.Sprintf(format, args...), maxDetailText)})
}

func (l *linter) toolName(target, name string) {
	served, as := name, ""
	if target != "" {
		served, as = Join(target, name), " with the target's prefix"
	}
	switch length := utf8.RuneCountInString(served); {
	case name == "":
		l.add(name, SeverityError, "a tool has no name")
	case length > MaxGatewayName:
		l.add(name, SeverityError, "its name has %d characters%s: AgentCore takes at most %d", length, as, MaxGatewayName)
	case length > MaxModelName:
		l.add(name, SeverityWarning, "its name has %d characters%s: Bedrock and Claude clients take at most %d", length, as, MaxModelName)
	}
	if at := strings.IndexFunc(name, func(r rune) bool { return !isNameRune(r) }); at >= 0 {
		r, _ := utf8.DecodeRuneInString(name[at:])
		l.add(name, SeverityWarning, "its name has the character %s: some model providers take only letters, digits, _ and -", show(string(r)))
	}
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
}

func (l *linter) definition(t Tool) {
	root, err := l.canonical(t)
	if err != nil {
		l.add(t.Name, SeverityError, "%v", err)
		return
	}
	if root.get("description").str() == "" {
		l.add(t.Name, SeverityWarning, "it has no description: a model has only its name to go by")
	}
	l.inSchema(t.Name, "input", root.get("inputSchema"))
	if schema := root.get("outputSchema"); schema != nil {
		l.inSchema(t.Name, "output", schema)
	}
	keywords := map[string]bool{}
	references(root.get("inputSchema"), keywords)
	if len(keywords) > 0 {
		var names []string
		for name := range keywords {
			names = append(names, name)
		}
		slices.Sort(names)
		l.add(t.Name, SeverityWarning, "its input schema uses %s: it failed synchronization in earlier AgentCore releases, today unknown", strings.Join(names, ", "))
	}
	for _, d := range suspicions(root) {
		l.add(t.Name, SeverityWarning, "%s", d.Text)
	}
}

func (l *linter) inSchema(tool, name string, schema *value) {
	switch {
	case schema == nil:
		l.add(tool, SeverityError, "it has no %s schema", name)
	case schema.kind != kindObject:
		l.add(tool, SeverityError, "its %s schema is not a JSON object", name)
	case schema.get("type").str() != "object":
		l.add(tool, SeverityError, `its %s schema is not of type "object"`, name)
	}
}

// references collects the reference keywords of a schema: a property may have
// such a name without being one.
func references(schema *value, found map[string]bool) {
	for _, m := range schema.entries() {
		if isReference(m.name) {
			found[m.name] = true
		}
		subschemas(m.name, m.value, func(_ string, sub *value) { references(sub, found) })
	}
}

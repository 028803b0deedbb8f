package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"github.com/google/jsonschema-go/jsonschema"
)

// unremembered is the argument that goes back to where this process has moved a target
// from, which a call, the only one of its process, cannot have done.
const unremembered = "previous"

// parseArguments reads --name value and --name=value as the tool's schema has them. A
// boolean may stand without a value; a list may be repeated, have its values between
// commas, or be JSON; an object is JSON.
func parseArguments(tool *definition, args []string) (map[string]any, error) {
	out := map[string]any{}
	for len(args) > 0 {
		given, value, has := strings.Cut(args[0], "=")
		name := strings.TrimPrefix(strings.TrimPrefix(given, "-"), "-")
		if name == given || name == "" {
			return nil, fmt.Errorf("%q is not an argument of %s: give --name value; %s call %[2]s --help shows the names", args[0], tool.Name, program)
		}
		args = args[1:]
		own, property := tool.property(name)
		if property == nil {
			has := "it has none"
			if names := tool.arguments(); len(names) > 0 {
				has = "it has --" + strings.Join(names, ", --")
			}
			question := didYouMean(name, "--", slices.Concat(tool.arguments(), flagNames(callFlags(new(callCommand)))))
			return nil, fmt.Errorf("%s has no argument --%s, and call no such flag: %s%s", tool.Name, name, question, has)
		}
		if own == unremembered {
			return nil, fmt.Errorf("--%s is for a process that has moved the target itself, and each call is a new one: call restore FILE goes back, and the change named that file", name)
		}
		if !has && property.Type == "boolean" && (len(args) == 0 || strings.HasPrefix(args[0], "-")) {
			value, has = "true", true
		}
		if !has {
			if len(args) == 0 || strings.HasPrefix(args[0], "--") {
				return nil, fmt.Errorf("--%s has no value; one that begins with -- goes behind a =", name)
			}
			value, args = args[0], args[1:]
		}
		parsed, err := parseValue(property, value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		if list, isList := parsed.([]any); isList {
			before, _ := out[own].([]any)
			parsed = append(append([]any{}, before...), list...)
		}
		out[own] = parsed
	}
	return out, nil
}

func parseValue(schema *jsonschema.Schema, value string) (any, error) {
	switch schema.Type {
	case "string":
		return value, nil
	case "boolean":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", value)
		}
		return b, nil
	case "integer", "number":
		n := json.Number(value)
		if _, err := n.Float64(); err != nil {
			return nil, fmt.Errorf("%q is not a number", value)
		}
		return n, nil
	case "array":
		if !strings.HasPrefix(strings.TrimSpace(value), "[") {
			return parseList(schema.Items, value)
		}
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return nil, fmt.Errorf("%q is not JSON", value)
	}
	return v, nil
}

// parseList reads values between commas. An empty one is no mistake to guess at: what a
// shell makes of a variable that is not set must not mean all.
func parseList(items *jsonschema.Schema, values string) ([]any, error) {
	var list []any
	for value := range strings.SplitSeq(values, ",") {
		if value = strings.TrimSpace(value); value == "" {
			return nil, fmt.Errorf("%q has an empty value: [] is the empty list, and a value with a comma in it goes as JSON, [\"a,b\"]", values)
		}
		item, err := parseValue(items, value)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

func printTools(p *terminal.Printer, all []definition) {
	table := p.Table()
	for _, t := range all {
		table.Row(t.Name, t.Description)
	}
	table.Print()
}

func printArguments(p *terminal.Printer, tool *definition) {
	p.Linef("%s\n", tool.Name)
	p.Paragraph(0, tool.Description)
	p.Linef("")
	table := p.Table()
	for _, name := range tool.arguments() {
		if name == unremembered {
			continue
		}
		property := tool.schema.Properties[name]
		about := property.Description
		if name == "waitSeconds" { // nobody goes on after this process
			about = fmt.Sprintf("0 to %d, default %[1]d", int(gateway.MaxWait.Seconds()))
		}
		if slices.Contains(tool.schema.Required, name) {
			about = strings.TrimSpace(about + " (required)")
		}
		if values := oneOf(property.Enum); values != "" {
			about = strings.TrimPrefix(about+"; "+values, "; ")
		}
		table.Row("  --"+name, kindOf(property), about)
	}
	table.Print()
	p.Linef("")
	p.Paragraph(0, strings.Join(append(hints(tool), fmt.Sprintf("Flags of call: %s call --help.", program)), " "))
}

// hints say how a tool's arguments may be written, where it has such.
func hints(tool *definition) (all []string) {
	hyphens, commas := "", ""
	for _, name := range tool.arguments() {
		if hyphens == "" && hyphened(name) != name {
			hyphens = fmt.Sprintf("--%s may be --%s.", name, hyphened(name))
		}
		if commas == "" && tool.schema.Properties[name].Type == "array" {
			commas = fmt.Sprintf("A list is --%s a,b or repeated.", name)
		}
	}
	return slices.DeleteFunc([]string{hyphens, commas}, func(hint string) bool { return hint == "" })
}

// kindOf is what a value looks like on a command line.
func kindOf(s *jsonschema.Schema) string {
	switch s.Type {
	case "array":
		return "list"
	case "object":
		return "JSON"
	}
	return s.Type
}

func oneOf(values []any) string {
	if len(values) == 0 {
		return ""
	}
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprint(v))
	}
	return "one of " + strings.Join(list, ", ")
}

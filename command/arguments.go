package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

func inputSchema(tool *mcp.Tool) (*jsonschema.Schema, error) {
	data, err := json.Marshal(tool.InputSchema)
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(data, &s)
}

// parseArguments reads --name value and --name=value as the schema's types
// have it. A boolean may stand without a value; a list may be repeated or given
// as JSON; an object is JSON.
func parseArguments(tool string, schema *jsonschema.Schema, args []string) (map[string]any, error) {
	out := map[string]any{}
	for len(args) > 0 {
		name, ok := strings.CutPrefix(args[0], "--")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not an argument of %s: give --name value; agentcore-gateway-mcp call %s --help shows the names", args[0], tool, tool)
		}
		name, value, has := strings.Cut(name, "=")
		args = args[1:]
		property := schema.Properties[name]
		if property == nil {
			has := "it has none"
			if names := argumentNames(schema); len(names) > 0 {
				has = "it has --" + strings.Join(names, ", --")
			}
			return nil, fmt.Errorf("%s has no argument --%s: %s; flags of the program itself stand before the tool's name", tool, name, has)
		}
		if !has && property.Type == "boolean" && (len(args) == 0 || strings.HasPrefix(args[0], "--")) {
			value, has = "true", true
		}
		if !has {
			if len(args) == 0 {
				return nil, fmt.Errorf("--%s has no value", name)
			}
			value, args = args[0], args[1:]
		}
		parsed, err := parseValue(property, value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		if list, isList := parsed.([]any); isList {
			before, _ := out[name].([]any)
			parsed = append(append([]any{}, before...), list...)
		}
		out[name] = parsed
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
			item, err := parseValue(schema.Items, value)
			return []any{item}, err
		}
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return nil, fmt.Errorf("%q is not JSON", value)
	}
	return v, nil
}

func argumentNames(schema *jsonschema.Schema) []string {
	if len(schema.PropertyOrder) == len(schema.Properties) {
		return schema.PropertyOrder
	}
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func printTools(p *terminal.Printer, all []*mcp.Tool) {
	table := p.Table()
	for _, t := range all {
		table.Row(t.Name, t.Description)
	}
	table.Print()
}

func printArguments(p *terminal.Printer, tool *mcp.Tool, schema *jsonschema.Schema) {
	p.Linef("%s\n\n%s\n", tool.Name, tool.Description)
	table := p.Table()
	for _, name := range argumentNames(schema) {
		property := schema.Properties[name]
		required := ""
		if slices.Contains(schema.Required, name) {
			required = " (required)"
		}
		about := property.Description
		if name == "waitSeconds" { // nobody goes on after this process
			about = fmt.Sprintf("0 to %d, default %[1]d", int(gateway.MaxWait.Seconds()))
		}
		table.Row("  --"+name, property.Type, about+required+oneOf(property.Enum))
	}
	table.Print()
}

func oneOf(values []any) string {
	if len(values) == 0 {
		return ""
	}
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprint(v))
	}
	return "; one of " + strings.Join(list, ", ")
}

package command

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// definition is a tool as a client sees it, and what its arguments are.
type definition struct {
	*mcp.Tool
	schema *jsonschema.Schema
}

// definitions are all tools that there are, whatever the flags say, by the protocol.
// Neither AWS nor a setting is needed for that.
func definitions(ctx context.Context) ([]definition, error) {
	s := &Server{wiring: Wiring{Toolsets: tools.Toolsets(), Log: slog.New(slog.DiscardHandler)}, manager: &gateway.Manager{}}
	s.MCP = s.offer(false)
	session, end, err := s.Connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	all := make([]definition, len(list.Tools))
	for i, tool := range list.Tools {
		data, err := json.Marshal(tool.InputSchema)
		if err != nil {
			return nil, err
		}
		all[i] = definition{tool, new(jsonschema.Schema)}
		if err := json.Unmarshal(data, all[i].schema); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// named is the definition of that name, nil for none.
func named(all []definition, name string) *definition {
	if i := slices.IndexFunc(all, func(d definition) bool { return d.Name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

func toolNames(all []definition) (names []string) {
	for _, d := range all {
		names = append(names, d.Name)
	}
	return names
}

// property is the argument that a name on the command line means, as the tool has it or
// with hyphens (waitSeconds, wait-seconds); nil for none.
func (d *definition) property(name string) (own string, _ *jsonschema.Schema) {
	if p := d.schema.Properties[name]; p != nil {
		return name, p
	}
	for own, p := range d.schema.Properties {
		if hyphened(own) == name {
			return own, p
		}
	}
	return "", nil
}

// arguments are the names of the tool's arguments, those first that it needs.
func (d *definition) arguments() []string {
	var names []string
	for name := range d.schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if first := slices.Contains(d.schema.Required, a); first != slices.Contains(d.schema.Required, b) {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// hyphened is a name as shells have them: wait-seconds for waitSeconds.
func hyphened(name string) string {
	var out strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

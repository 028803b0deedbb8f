// Package catalog deals in lists of tool definitions: it reads them from an
// MCP endpoint through a guarded dialer, takes a gateway's prefixed names
// apart, and compares one list with another.
package catalog

import (
	"encoding/json"
	"strings"
)

// Tool is one tool definition as a server listed it.
type Tool struct {
	Name        string          // as listed; a gateway's carries the target's prefix
	Description string          // "" when the definition has none
	Definition  json.RawMessage // the whole definition, byte for byte as sent
}

// List is what one read found.
type List struct {
	Tools []Tool // in the order of the server, duplicates included; never nil
	Pages int    // answers to tools/list

	// Dropped names the entries that a strict client does not accept and that
	// Tools therefore lacks: not an object, no name, a description that is not
	// a string, an inputSchema that is not a schema of type "object", a bad
	// x-mcp-header annotation. An entry without a name stands as its position
	// over all pages, the first being "#1". Never nil.
	Dropped []string
}

// Separator stands between a target's name and a tool's name in the tools that
// an AgentCore Gateway serves.
const Separator = "___"

// Split takes a gateway's tool name apart at its first [Separator]: a target's
// name has no underscore, a tool's name may have any number. Without both parts
// ok is false and tool is the whole name.
func Split(name string) (target, tool string, ok bool) {
	target, tool, ok = strings.Cut(name, Separator)
	if !ok || target == "" || tool == "" {
		return "", name, false
	}
	return target, tool, true
}

// Join is the name under which a gateway serves a target's tool.
func Join(target, tool string) string {
	return target + Separator + tool
}

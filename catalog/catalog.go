// Package catalog deals in lists of tool definitions: their canonical form and
// digest, the difference between two lists and a verdict on it, and lint. It
// takes a gateway's prefixed names apart. It reads nothing: that is package
// remote's.
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

package emulator

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"agentcore-gateway-mcp/catalog"
)

const (
	staticFailed = "Failed to parse the static tool schema. Error - "
	// maxInlineSchema is AWS's limit for an mcpToolSchema that is not in S3, in bytes.
	maxInlineSchema = 1 << 20
)

// refuseTools says why AgentCore would not take the tools of a target, "" when it
// would.
func (s *Server) refuseTools(target string, tools []catalog.Tool) string {
	seen := make(map[string]bool, len(tools))
	for i, t := range tools {
		switch {
		case s.opts.ToolName > 0 && utf8.RuneCountInString(catalog.Join(target, t.Name)) > s.opts.ToolName:
			return fmt.Sprintf("The name of tool %d is longer than %d characters with the target's name", i+1, s.opts.ToolName)
		case s.opts.RefuseDuplicates && seen[t.Name]:
			return fmt.Sprintf("Tool %d has the name of another tool", i+1)
		case s.opts.RefuseReferences && refers(t.Definition):
			return fmt.Sprintf("A schema of tool %d holds $ref", i+1)
		}
		seen[t.Name] = true
	}
	return ""
}

// refers reports whether $ref is a member of some object in a definition.
func refers(definition json.RawMessage) bool {
	var value any
	if json.Unmarshal(definition, &value) != nil {
		return false
	}
	return holdsReference(value)
}

func holdsReference(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if name == "$ref" || holdsReference(member) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if holdsReference(item) {
				return true
			}
		}
	}
	return false
}

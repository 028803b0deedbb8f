package tools_test

import (
	"strings"
	"testing"

	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

// No tool shows a person JSON, and none falls over an answer of which little is known.
func TestEveryToolHasAForm(t *testing.T) {
	for _, tool := range tools.All() {
		var screen strings.Builder
		if err := tools.Show(terminal.NewPrinter(&screen, func(string) string { return "" }), tool.Name, []byte("{}")); err != nil {
			t.Errorf("%s: %v", tool.Name, err)
		}
		if strings.HasPrefix(screen.String(), "{") {
			t.Errorf("%s shows %s", tool.Name, &screen)
		}
	}
}

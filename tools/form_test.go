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

// A page says of how many tools it is; how many targets they have is not known from it.
func TestPageIsCounted(t *testing.T) {
	for count, want := range map[string]string{"2": "\n2 tools of 1 target\n", "102": "\n2 of 102 tools, 100 on each page\n"} {
		var screen strings.Builder
		answer := `{"count":` + count + `,"targets":[{"target":"orders","prefix":"orders___","tools":[{"name":"getOrder"},{"name":"updateOrder"}]}]}`
		if err := tools.Show(terminal.NewPrinter(&screen, func(string) string { return "" }), "list_tools", []byte(answer)); err != nil || !strings.HasSuffix(screen.String(), want) {
			t.Errorf("%s, %v", &screen, err)
		}
	}
}

package emulator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// A gateway with the searchType SEMANTIC has a tool that finds others by plain words.
func TestSearchTool(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g", func(in *bedrockagentcorecontrol.CreateGatewayInput) {
		in.ProtocolConfiguration = &types.GatewayProtocolConfigurationMemberMcp{Value: types.MCPGatewayConfiguration{SearchType: types.SearchTypeSemantic}}
	})
	w.target(gw, "orders", server(w.upstream(4).url))
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf(`{"name":"weather%d","description":"Tells the weather","inputSchema":{"type":"object"}}`, i))
	}
	w.target(gw, "weather", server(w.serve(list(strings.Join(many, ",")))))
	if got := w.tools(gw); len(got) != 25 || got[0] != "x_amz_bedrock_agentcore_search" {
		t.Errorf("listed: %q", got)
	}
	session := w.connect(gw, "2025-11-25")
	defer session.Close()
	find := func(query string) (names []string) {
		t.Helper()
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "x_amz_bedrock_agentcore_search", Arguments: map[string]any{"query": query}})
		w.check(err)
		var found struct {
			Tools []struct {
				Name        string
				InputSchema any
			}
		}
		data, err := json.Marshal(result.StructuredContent)
		w.check(err)
		w.check(json.Unmarshal(data, &found))
		for _, tool := range found.Tools {
			if tool.InputSchema == nil {
				t.Errorf("%s has no schema", tool.Name)
			}
			names = append(names, tool.Name)
		}
		if text := result.Content[0].(*mcp.TextContent).Text; !strings.HasPrefix(text, `{"tools":[`) {
			t.Errorf("the text is %s", text)
		}
		return names
	}
	if got := find("please cancel my orders"); len(got) == 0 || got[0] != "orders___cancelOrder" || !slices.Contains(got, "orders___getOrder") || slices.Contains(got, "weather___weather1") {
		t.Errorf("to cancel an order: %q", got)
	}
	if got := find("weather"); len(got) != 10 {
		t.Errorf("%d tools about the weather", len(got))
	}
	if got := find("zebra"); len(got) != 0 {
		t.Errorf("about zebras: %q", got)
	}
	_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "x_amz_bedrock_agentcore_search", Arguments: map[string]any{}})
	w.invalidParams(err, "wants a query")

	plain := w.gateway("plain")
	w.target(plain, "orders", server(w.upstream(1).url))
	if got := w.tools(plain); len(got) != 1 {
		t.Errorf("without a searchType: %q", got)
	}
}

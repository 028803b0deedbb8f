// Command bare is the least that a Go MCP server on the AWS SDK can be: one
// tool, one client. The start-up benchmark measures the real one beside it.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type out struct {
	Targets int `json:"targets"`
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := bedrockagentcorecontrol.NewFromConfig(cfg)
	s := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "count"}, func(ctx context.Context, _ *mcp.CallToolRequest, in struct {
		Gateway string `json:"gateway"`
	}) (*mcp.CallToolResult, out, error) {
		page, err := client.ListGatewayTargets(ctx, &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: &in.Gateway})
		if err != nil {
			return nil, out{}, err
		}
		return nil, out{len(page.Items)}, nil
	})
	if err := s.Run(ctx, &mcp.StdioTransport{}); err != nil {
		log.Fatal(err)
	}
}

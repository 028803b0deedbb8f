// Command agentcore-gateway-mcp is an MCP server whose tools manage Amazon
// Bedrock AgentCore gateways.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/untrusted"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if exit := command.ExitStatus(0); errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", untrusted.Escape(err.Error()))
		os.Exit(1)
	}
}

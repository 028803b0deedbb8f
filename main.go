// Command agentcore-gateway-mcp is an MCP server whose tools manage Amazon
// Bedrock AgentCore gateways.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"agentcore-gateway-mcp/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if exit := command.ExitStatus(0); errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil {
		command.PrintError(os.Stderr, os.Getenv, err)
		os.Exit(1)
	}
}

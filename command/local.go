package command

import (
	"flag"
	"fmt"
	"io"
	"net"

	"agentcore-gateway-mcp/loopback"
	"agentcore-gateway-mcp/tutorial"
)

type localCommand struct {
	Addr  string
	Empty bool
}

func (c *localCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8042", "`HOST:PORT` Address to listen on; loopback only.")
	fs.BoolVar(&c.Empty, "empty", false, "Start without the tutorial's gateway.")
}

// Run serves a local AgentCore until a signal comes.
func (c *localCommand) Run(p *process, _ *globals) error {
	if host, _, err := net.SplitHostPort(c.Addr); err != nil || !loopback.Host(host) {
		return fmt.Errorf("--addr %q is not on loopback: the local AgentCore takes any credentials, so only this machine may reach it; give 127.0.0.1:8042", c.Addr)
	}
	w, err := tutorial.Start(p.ctx, tutorial.Options{Addr: c.Addr, Log: p.sdkLog})
	if err != nil {
		return err
	}
	defer w.Close()
	if !c.Empty {
		if err := w.Seed(p.ctx, true); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.stdout, "A local AgentCore listens on %s\n\nIn another shell:\n\n", w.URL)
	fmt.Fprintf(p.stdout, "export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=%s AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=%s\n", w.URL, w.URL)
	io.WriteString(p.stdout, "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n")
	if c.Empty {
		io.WriteString(p.stdout, "\nIt is empty: aws bedrock-agentcore-control create-gateway … makes the first gateway.\n")
	} else {
		for _, setting := range w.Settings() {
			fmt.Fprintf(p.stdout, "export %s=%s\n", setting[0], setting[1])
		}
		fmt.Fprintf(p.stdout, "\nGateway %s (%s) has target %s (%s),\nwhose MCP server has just got a third tool that the gateway does not know of:\n\n", tutorial.Gateway, w.GatewayID, tutorial.Target, w.TargetID)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call synchronize_target --target %s\n", tutorial.Target)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call update_target_endpoint --target %s --runtimeArn %s\n", tutorial.Target, w.NewRuntimeARN)
	}
	fmt.Fprintf(p.stdout, "\nThe MCP servers behind the runtimes, which ask for no token: %s and %s\n", w.OrdersURL, w.NewURL)
	io.WriteString(p.stdout, "\nEverything is gone when it ends (Ctrl-C).\n")
	<-p.ctx.Done()
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
)

// The tutorial's names.
const (
	tutorialGateway = "ac-gateway-mcp-server"
	tutorialTarget  = "mcp-server-target"
	tutorialRole    = "arn:aws:iam::123456789012:role/agentcore-gateway-role"
	tutorialOAuth   = "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/ac-gateway-mcp-server-identity"
	tutorialScope   = "sample-agentcore-runtime-id/invoke"
)

// world is a local AgentCore and two versions of the tutorial's MCP server, on
// loopback listeners of their own.
type world struct {
	url       string // of the local AgentCore
	orders    *orders.Handler
	ordersURL string // the MCP server that the target points to at first
	newURL    string // its successor, with one tool more
	closers   []func()

	gatewayID, targetID string // once seeded
}

type worldOptions struct {
	addr string       // where the local AgentCore listens
	log  *slog.Logger // for the local AgentCore and its MCP endpoints
}

// stateDelay lets a person see that AWS takes its time.
const stateDelay = 400 * time.Millisecond

func startWorld(ctx context.Context, o worldOptions) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	agentCore := emulator.New(emulator.Options{StateDelay: stateDelay, Log: o.log})
	w.closers = append(w.closers, agentCore.Close)
	if w.url, err = w.listen(ctx, o.addr, agentCore); err != nil {
		return w, err
	}
	if w.orders, err = orders.NewHandler(2); err != nil {
		return w, err
	}
	if w.ordersURL, err = w.listen(ctx, "127.0.0.1:0", w.orders); err != nil {
		return w, err
	}
	successor, err := orders.NewHandler(4)
	if err != nil {
		return w, err
	}
	w.newURL, err = w.listen(ctx, "127.0.0.1:0", successor)
	w.ordersURL, w.newURL = w.ordersURL+"/mcp", w.newURL+"/mcp"
	return w, err
}

// listen serves h until the world is closed, and returns its base URL.
func (w *world) listen(ctx context.Context, addr string, h http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go s.Serve(listener)
	w.closers = append(w.closers, func() { s.Close() })
	return "http://" + listener.Addr().String(), nil
}

func (w *world) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

func (w *world) awsOptions() aws.Options { return aws.Options{Endpoint: w.url, Region: "us-east-1"} }

// configure gives a server what it needs to call the world's gateway.
func (w *world) configure(g *globals, p *process) {}

// seed creates the tutorial's gateway and target and waits for both. With
// stale, the MCP server then gets its third tool, of which the gateway knows
// nothing: there is something to resync.
func (w *world) seed(ctx context.Context, stale bool) error {
	client, err := aws.New(ctx, w.awsOptions())
	if err != nil {
		return err
	}
	if w.gatewayID, err = client.CreateGateway(ctx, aws.NewGateway{Name: tutorialGateway, RoleARN: tutorialRole, Description: "gateway of the AgentCore tutorial"}); err != nil {
		return err
	}
	if _, err := client.WaitGateway(ctx, w.gatewayID, aws.GatewayReady); err != nil {
		return err
	}
	created, err := client.CreateTarget(ctx, w.gatewayID, aws.NewTarget{
		Name: tutorialTarget, Description: "orders MCP server", Endpoint: w.ordersURL,
		OAuthProviderARN: tutorialOAuth, Scopes: []string{tutorialScope},
		RequestHeaders: []string{"X-Correlation-Id"}, ResourcePriority: 10,
	})
	if err != nil {
		return err
	}
	w.targetID = created.ID
	target, err := client.WaitTarget(ctx, w.gatewayID, created, nil)
	if err != nil {
		return err
	}
	if target.Status != aws.TargetReady {
		return fmt.Errorf("the tutorial's target is %s: %q", target.Status, target.StatusReasons)
	}
	if stale {
		return w.orders.SetTools(3)
	}
	return nil
}

type localCommand struct {
	Addr  string `help:"Address to listen on; loopback only." default:"127.0.0.1:8042" placeholder:"HOST:PORT"`
	Empty bool   `help:"Start without the tutorial's gateway."`
}

// Run serves a local AgentCore until a signal comes.
func (c *localCommand) Run(p process, _ *globals) error {
	if host, _, err := net.SplitHostPort(c.Addr); err != nil || !isLoopback(host) {
		return fmt.Errorf("--addr %q is not on loopback: the local AgentCore takes any credentials, so only this machine may reach it; give 127.0.0.1:8042", c.Addr)
	}
	w, err := startWorld(p.ctx, worldOptions{addr: c.Addr, log: p.sdkLog})
	if err != nil {
		return err
	}
	defer w.close()
	if !c.Empty {
		if err := w.seed(p.ctx, true); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.stdout, "A local AgentCore listens on %s\n\nIn another shell:\n\n", w.url)
	fmt.Fprintf(p.stdout, "export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=%s\n", w.url)
	io.WriteString(p.stdout, "export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n")
	if c.Empty {
		io.WriteString(p.stdout, "\nIt is empty: aws bedrock-agentcore-control create-gateway … makes the first gateway.\n")
	} else {
		fmt.Fprintf(p.stdout, "\nGateway %s (%s) has target %s (%s),\nwhose MCP server has just got a third tool that the gateway does not know of:\n\n", tutorialGateway, w.gatewayID, tutorialTarget, w.targetID)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call synchronize_target --target %s\n", tutorialTarget)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call update_target_endpoint --target %s --endpoint %s\n", tutorialTarget, w.newURL)
	}
	io.WriteString(p.stdout, "\nEverything is gone when it ends (Ctrl-C).\n")
	<-p.ctx.Done()
	return nil
}

package main

import (
	"context"
	"crypto/rand"
	"flag"
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
	tutorialGateway  = "ac-gateway-mcp-server"
	tutorialTarget   = "mcp-server-target"
	tutorialProvider = "ac-gateway-mcp-server-identity"
	tutorialRole     = "arn:aws:iam::123456789012:role/agentcore-gateway-role"
	tutorialImage    = "123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:latest"

	gatewayClient = "agent"                              // who may call the gateway
	gatewayScope  = "sample-agentcore-gateway-id/invoke" // and with which scope
	runtimeClient = "gateway"                            // as whom the gateway calls the runtimes
	runtimeScope  = "sample-agentcore-runtime-id/invoke"
	ownIdentity   = "agentcore-gateway-mcp" // our workload identity
)

// world is the tutorial's on one machine: a local AgentCore with two user pools,
// and two versions of an MCP server, each behind a runtime of its own.
type world struct {
	url     string // of the local AgentCore
	cloud   *emulator.Server
	orders  *orders.Handler
	closers []func()

	ordersURL, newURL string // of the MCP servers themselves
	secret            string // of gatewayClient
	runtimeSecret     string // of runtimeClient
	runtimes          *emulator.UserPool
	providerARN       string

	// Once seeded:
	gatewayID, targetID string
	endpoint            string // the target's: the first runtime's
	newRuntimeARN       string // of the second version, with deleteOrder
}

type worldOptions struct {
	addr string       // where the local AgentCore listens
	log  *slog.Logger // for the local AgentCore and its MCP endpoints
	// quick leaves out the time that a person needs to see that AWS takes its.
	quick bool
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
	delay := stateDelay
	if o.quick {
		delay = 0
	}
	w.cloud = emulator.New(emulator.Options{StateDelay: delay, CheckCredentials: true, Log: o.log})
	w.closers = append(w.closers, w.cloud.Close)
	if w.url, err = w.listen(ctx, o.addr, w.cloud); err != nil {
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

// settings are those that a server needs to call the world's gateway, and the
// servers behind it, by the names of their environment variables.
func (w *world) settings() [][2]string {
	return [][2]string{
		{"AGENTCORE_GATEWAY_MCP_GATEWAY", tutorialGateway},
		{"AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_ID", gatewayClient},
		{secretVariable, w.secret},
		{"AGENTCORE_GATEWAY_MCP_GATEWAY_SCOPE", gatewayScope},
		{"AGENTCORE_GATEWAY_MCP_WORKLOAD_IDENTITY", ownIdentity},
	}
}

// configure sets them for a server in this process, where nothing else is said.
func (w *world) configure(g *globals, p *process) {
	if len(g.Gateway) == 0 {
		g.Gateway = []string{tutorialGateway}
	}
	g.GatewayClientID, g.GatewayScope, g.WorkloadIdentity = gatewayClient, []string{gatewayScope}, ownIdentity
	p.getenv = func(name string) string {
		if name == secretVariable {
			return w.secret
		}
		return ""
	}
}

// seed creates what the tutorial creates, and waits for it: two user pools, the
// runtimes, the credential provider, the gateway and its target. With stale, the
// MCP server then gets its third tool, of which the gateway knows nothing: there
// is something to resync.
func (w *world) seed(ctx context.Context, stale bool) error {
	client, err := aws.New(ctx, w.awsOptions())
	if err != nil {
		return err
	}
	callers := w.cloud.NewUserPool("gateway")
	w.runtimes = w.cloud.NewUserPool("runtime")
	w.secret, w.runtimeSecret = rand.Text(), rand.Text()
	callers.AddClient(gatewayClient, w.secret, gatewayScope)
	w.runtimes.AddClient(runtimeClient, w.runtimeSecret, runtimeScope)

	var arns [2]string
	for i, server := range []struct{ name, url string }{{"orders_v1", w.ordersURL}, {"orders_v2", w.newURL}} {
		if arns[i], err = client.CreateRuntime(ctx, aws.NewRuntime{
			Name: server.name, RoleARN: tutorialRole, Image: tutorialImage,
			DiscoveryURL: w.runtimes.DiscoveryURL(w.url), AllowedClients: []string{runtimeClient},
		}); err != nil {
			return err
		}
		if err := w.cloud.RegisterRuntime(arns[i], server.url); err != nil {
			return err
		}
	}
	w.newRuntimeARN = arns[1]
	if w.endpoint, err = client.RuntimeEndpoint(ctx, arns[0], ""); err != nil {
		return err
	}
	if w.providerARN, err = client.CreateOAuthProvider(ctx, aws.NewOAuthProvider{
		Name: tutorialProvider, DiscoveryURL: w.runtimes.DiscoveryURL(w.url), ClientID: runtimeClient,
		SecretARN: w.cloud.PutSecret("orders-runtime-client", `{"clientSecret":"`+w.runtimeSecret+`"}`), SecretKey: "clientSecret",
	}); err != nil {
		return err
	}
	if err := client.CreateWorkloadIdentity(ctx, ownIdentity); err != nil {
		return err
	}
	if w.gatewayID, err = client.CreateGateway(ctx, aws.NewGateway{
		Name: tutorialGateway, RoleARN: tutorialRole, Description: "gateway of the AgentCore tutorial",
		DiscoveryURL: callers.DiscoveryURL(w.url), AllowedClients: []string{gatewayClient}, AllowedScopes: []string{gatewayScope},
	}); err != nil {
		return err
	}
	if _, err := client.WaitGateway(ctx, w.gatewayID, aws.GatewayReady); err != nil {
		return err
	}
	created, err := client.CreateTarget(ctx, w.gatewayID, aws.NewTarget{
		Name: tutorialTarget, Description: "orders MCP server", Endpoint: w.endpoint,
		OAuthProviderARN: w.providerARN, Scopes: []string{runtimeScope},
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
	Addr  string
	Empty bool
}

func (c *localCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8042", "`HOST:PORT` Address to listen on; loopback only.")
	fs.BoolVar(&c.Empty, "empty", false, "Start without the tutorial's gateway.")
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
	fmt.Fprintf(p.stdout, "export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=%s AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=%s\n", w.url, w.url)
	io.WriteString(p.stdout, "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n")
	if c.Empty {
		io.WriteString(p.stdout, "\nIt is empty: aws bedrock-agentcore-control create-gateway … makes the first gateway.\n")
	} else {
		for _, setting := range w.settings() {
			fmt.Fprintf(p.stdout, "export %s=%s\n", setting[0], setting[1])
		}
		fmt.Fprintf(p.stdout, "\nGateway %s (%s) has target %s (%s),\nwhose MCP server has just got a third tool that the gateway does not know of:\n\n", tutorialGateway, w.gatewayID, tutorialTarget, w.targetID)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call synchronize_target --target %s\n", tutorialTarget)
		fmt.Fprintf(p.stdout, "agentcore-gateway-mcp call update_target_endpoint --target %s --runtimeArn %s\n", tutorialTarget, w.newRuntimeARN)
	}
	fmt.Fprintf(p.stdout, "\nThe MCP servers behind the runtimes, which ask for no token: %s and %s\n", w.ordersURL, w.newURL)
	io.WriteString(p.stdout, "\nEverything is gone when it ends (Ctrl-C).\n")
	<-p.ctx.Done()
	return nil
}

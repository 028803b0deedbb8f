// Package tutorial is the world of the AgentCore tutorial on one machine: what
// its notebook creates on AWS, on a local AgentCore. The commands, the tests and
// the examples play in it. It speaks to the local AgentCore through AWS's SDK, as
// the notebook does to AWS.
package tutorial

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/outbound"
)

// The tutorial's names.
const (
	Gateway  = "ac-gateway-mcp-server"
	Target   = "mcp-server-target"
	Provider = "ac-gateway-mcp-server-identity"

	GatewayClient    = "agent"                              // who may call the gateway
	GatewayScope     = "sample-agentcore-gateway-id/invoke" // and with which scope
	RuntimeClient    = "gateway"                            // as whom the gateway calls the runtimes
	RuntimeScope     = "sample-agentcore-runtime-id/invoke"
	WorkloadIdentity = "agentcore-gateway-mcp" // our own

	role  = "arn:aws:iam::123456789012:role/agentcore-gateway-role"
	image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:latest"
)

// World is the tutorial's on one machine: a local AgentCore with two user pools,
// and two versions of an MCP server, each behind a runtime of its own.
type World struct {
	URL    string // of the local AgentCore
	Cloud  *emulator.Server
	Orders *orders.Handler // the MCP server behind the target; the other one has four tools

	OrdersURL, NewURL string // of the MCP servers themselves, which ask for no token

	// Once seeded:
	Callers             *emulator.UserPool // of the gateway
	Secret              string             // of GatewayClient
	RuntimeSecret       string             // of RuntimeClient
	Runtimes            *emulator.UserPool
	ProviderARN         string
	GatewayID, TargetID string
	Endpoint            string // the target's: the first runtime's
	NewRuntimeARN       string // of the second version, with deleteOrder

	log     *slog.Logger
	seed    string
	delay   time.Duration
	closers []func()
}

// Options are those of a world.
type Options struct {
	Addr string       // where the local AgentCore listens; "" for any free port
	Log  *slog.Logger // for the local AgentCore and its MCP endpoints
	Seed string       // makes ids and secrets the same at each start; others without
	// Processes serve the runtimes that are created with these names, by their URLs.
	Processes map[string]string
	// ToolsPerTarget and ToolName are the quotas; AWS's defaults when zero.
	ToolsPerTarget, ToolName int
	// Quick leaves out the time that a person needs to see that AWS takes its.
	Quick bool
}

// stateDelay lets a person see that AWS takes its time.
const stateDelay = 400 * time.Millisecond

// Start starts a world that is not seeded yet. Close it when done.
func Start(ctx context.Context, o Options) (w *World, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w = &World{seed: o.Seed, log: o.Log}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	for name, address := range o.Processes {
		if err := emulator.CheckProcess(address); err != nil {
			return w, fmt.Errorf("the process of runtime %s: %w", name, err)
		}
	}
	if !o.Quick {
		w.delay = stateDelay
	}
	w.Cloud = emulator.New(emulator.Options{CheckCredentials: true, Seed: o.Seed, Processes: o.Processes, ToolsPerTarget: o.ToolsPerTarget, ToolName: o.ToolName, Log: o.Log})
	w.Cloud.SetStateDelay(w.delay)
	w.closers = append(w.closers, w.Cloud.Close)
	if w.URL, err = w.Listen(ctx, o.Addr, w.Cloud); err != nil {
		return w, err
	}
	if w.Orders, err = orders.NewHandler(2); err != nil {
		return w, err
	}
	if w.OrdersURL, err = w.Listen(ctx, "127.0.0.1:0", w.Orders); err != nil {
		return w, err
	}
	successor, err := orders.NewHandler(4)
	if err != nil {
		return w, err
	}
	w.NewURL, err = w.Listen(ctx, "127.0.0.1:0", successor)
	w.OrdersURL, w.NewURL = w.OrdersURL+"/mcp", w.NewURL+"/mcp"
	return w, err
}

// Listen serves h until the world is closed, and returns its base URL.
func (w *World) Listen(ctx context.Context, addr string, h http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug)}
	go s.Serve(listener)
	w.closers = append(w.closers, func() { s.Close() })
	return "http://" + listener.Addr().String(), nil
}

// Close ends the world and everything in it.
func (w *World) Close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

// AWS leads to the world's control plane.
func (w *World) AWS() aws.Options { return aws.Options{Endpoint: w.URL, Region: "us-east-1"} }

// GatewayURL is the seeded gateway's MCP endpoint.
func (w *World) GatewayURL() string { return w.URL + "/gateway/" + w.GatewayID + "/mcp" }

// Settings are those that a server needs to call the world's gateway, and the
// servers behind it, by the names of their environment variables.
func (w *World) Settings() [][2]string {
	return [][2]string{
		{"AGENTCORE_GATEWAY_MCP_GATEWAY", Gateway},
		{"AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_ID", GatewayClient},
		{outbound.SecretVariable, w.Secret},
		{"AGENTCORE_GATEWAY_MCP_GATEWAY_SCOPE", GatewayScope},
		{"AGENTCORE_GATEWAY_MCP_WORKLOAD_IDENTITY", WorkloadIdentity},
	}
}

// Outbound are the same settings for a server in this process.
func (w *World) Outbound() outbound.Settings {
	return outbound.Settings{ClientID: GatewayClient, ClientSecret: w.Secret, Scopes: []string{GatewayScope}, WorkloadIdentity: WorkloadIdentity}
}

// Issuer is the issuer of the gateway's callers, which a world has before it is
// seeded.
func (w *World) Issuer() *emulator.UserPool {
	if w.Callers == nil {
		w.Callers = w.Cloud.NewUserPool("gateway")
	}
	return w.Callers
}

// secret is a client's: the same from the same seed.
func (w *World) secret(of string) string {
	if w.seed == "" {
		return rand.Text()
	}
	sum := sha256.Sum256([]byte(w.seed + "\x00" + of))
	return base64.RawURLEncoding.EncodeToString(sum[:20])
}

// Seed creates what the tutorial creates, and waits for it: two user pools, the
// runtimes, the credential provider, the gateway and its target. With stale, the
// MCP server then gets its third tool, of which the gateway knows nothing: there
// is something to resync.
func (w *World) Seed(ctx context.Context, stale bool) error {
	w.Cloud.SetStateDelay(0) // nobody watches yet
	defer w.Cloud.SetStateDelay(w.delay)
	client, err := aws.New(ctx, w.AWS())
	if err != nil {
		return err
	}
	callers := w.Issuer()
	w.Runtimes = w.Cloud.NewUserPool("runtime")
	w.Secret, w.RuntimeSecret = w.secret("gateway"), w.secret("runtime")
	callers.AddClient(GatewayClient, w.Secret, GatewayScope)
	w.Runtimes.AddClient(RuntimeClient, w.RuntimeSecret, RuntimeScope)

	var arns [2]string
	for i, server := range []struct{ name, url string }{{"orders_v1", w.OrdersURL}, {"orders_v2", w.NewURL}} {
		if arns[i], err = w.createRuntime(ctx, server.name); err != nil {
			return err
		}
		if err := w.Cloud.RegisterRuntime(arns[i], server.url); err != nil {
			return err
		}
	}
	w.NewRuntimeARN = arns[1]
	if w.Endpoint, err = client.RuntimeEndpoint(ctx, arns[0], ""); err != nil {
		return err
	}
	if w.ProviderARN, err = w.CreateProvider(ctx, Provider, w.Runtimes.DiscoveryURL(w.URL), RuntimeClient, w.RuntimeSecret); err != nil {
		return err
	}
	identity := control.CreateWorkloadIdentityInput{Name: sdk.String(WorkloadIdentity)}
	if _, err := w.control().CreateWorkloadIdentity(ctx, &identity); err != nil {
		return err
	}
	if w.GatewayID, err = client.CreateGateway(ctx, aws.NewGateway{
		Name: Gateway, RoleARN: role, Description: "gateway of the AgentCore tutorial",
		DiscoveryURL: callers.DiscoveryURL(w.URL), AllowedClients: []string{GatewayClient}, AllowedScopes: []string{GatewayScope},
	}); err != nil {
		return err
	}
	if _, err := client.WaitGateway(ctx, w.GatewayID, aws.GatewayReady); err != nil {
		return err
	}
	created, err := client.CreateTarget(ctx, w.GatewayID, aws.NewTarget{
		Name: Target, Description: "orders MCP server", Endpoint: w.Endpoint,
		ProviderARN: w.ProviderARN, Scopes: []string{RuntimeScope},
		RequestHeaders: []string{"X-Correlation-Id"}, ResourcePriority: 10,
	})
	if err != nil {
		return err
	}
	w.TargetID = created.ID
	target, err := client.WaitTarget(ctx, w.GatewayID, created, nil)
	if err != nil {
		return err
	}
	if target.Status != aws.TargetReady {
		return fmt.Errorf("the tutorial's target is %s: %q", target.Status, target.StatusReasons)
	}
	if stale {
		return w.Orders.SetTools(3)
	}
	return nil
}

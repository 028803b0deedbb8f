package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

type demoCommand struct{ HTTP, Self bool }

func (c *demoCommand) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.HTTP, "http", false, "Talk to the server over HTTP instead of stdio.")
	fs.BoolVar(&c.Self, "self", false, "Play an agent instead whose only connection is its gateway, of which this server is a target: it puts its own tools in order.")
}

// Run plays the tutorial, or the agent that manages its own gateway. Every step is
// checked; the first that is not as it should be ends the demo with an error.
func (c *demoCommand) Run(p *process, g *globals) error {
	if c.HTTP && c.Self {
		return errors.New("--http has no effect with --self: the gateway calls the server over HTTP; leave it out")
	}
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Minute)
	defer cancel()
	p.ctx, p.log = ctx, p.sdkLog // what would be told of each update is shown on the stage
	w, err := tutorial.Start(ctx, tutorial.Options{Log: p.sdkLog})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Seed(ctx, c.Self); err != nil {
		return err
	}
	connect := connectStdio
	switch {
	case c.Self:
		connect = connectGateway
	case c.HTTP:
		connect = connectHTTP
	}
	session, end, err := connect(p, w)
	if err != nil {
		return fmt.Errorf("the MCP server does not answer: %w", err)
	}
	defer end()
	d := &demo{ctx: ctx, world: w, session: session}
	title, steps, verdict := "The AgentCore Gateway tutorial", []func() error{d.stand, d.stale, d.synchronize, d.update, d.cleanUp}, "as in the tutorial"
	if c.Self {
		title, steps, verdict = "An agent that keeps its own gateway in order", []func() error{d.arrive, d.miss, d.repair, d.renew, d.stay}, "as they should be"
	}
	d.stage = newStage(p.stdout, p.getenv, title)
	start := time.Now()
	for _, step := range steps {
		if err := step(); err != nil {
			d.stage.failed(err)
			return ExitStatus(1)
		}
	}
	d.stage.done(verdict, time.Since(start))
	return nil
}

// connectStdio starts this program again as a child that works on the world,
// as Claude Desktop would start it.
func connectStdio(p *process, w *tutorial.World) (*mcp.ClientSession, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	child := exec.CommandContext(p.ctx, self)
	// What this program is told about the user's own gateways is not about the demo's.
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, envPrefix+"_") })
	child.Env = append(own, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+w.URL, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE="+w.URL,
		"AWS_REGION=us-east-1", "AGENTCORE_GATEWAY_MCP_TOOLSETS=all",
		"AGENTCORE_GATEWAY_MCP_LOG_LEVEL=warn")
	for _, setting := range w.Settings() {
		child.Env = append(child.Env, setting[0]+"="+setting[1])
	}
	child.Stderr = p.stderr
	return dial(p, &mcp.CommandTransport{Command: child})
}

// connectHTTP serves MCP on a loopback port, as serve does, and connects to it.
func connectHTTP(p *process, w *tutorial.World) (*mcp.ClientSession, func(), error) {
	s, err := Wiring{Toolsets: tools.Toolsets(), Log: p.log, SDKLog: p.sdkLog, Secrets: p.secrets}.In(w).Wire(p.ctx)
	if err != nil {
		return nil, nil, err
	}
	url, err := w.Listen(p.ctx, "127.0.0.1:0", s.streamable(s.MCP))
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	session, end, err := dial(p, &mcp.StreamableClientTransport{Endpoint: url})
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return session, func() { end(); s.Close() }, nil
}

func dial(p *process, transport mcp.Transport) (*mcp.ClientSession, func(), error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "agentcore-gateway-mcp-demo", Version: version()}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	session, err := client.Connect(p.ctx, transport, nil)
	if err != nil {
		return nil, nil, err
	}
	return session, func() { session.Close() }, nil
}

// demo is the tutorial under way.
type demo struct {
	ctx     context.Context
	stage   *stage
	world   *tutorial.World
	session *mcp.ClientSession
	before  map[string]any // the target's configuration before the update
}

func (d *demo) stand() error {
	d.stage.step("An orders MCP server on AgentCore Runtime stands behind a gateway; both ask for tokens")
	targets, err := ask[tools.TargetList](d, "which targets does my gateway have?", "list_targets", nil)
	if err != nil {
		return err
	}
	for _, t := range targets.Targets {
		d.stage.answer("%s  %s  %s", t.Name, t.Status, shortEndpoint(t.Endpoint))
	}
	if len(targets.Targets) != 1 || targets.Targets[0].Status != aws.TargetReady {
		return fmt.Errorf("want one target that is READY, got %+v", targets.Targets)
	}
	return d.expectServed("which tools do I have?", "getOrder", "updateOrder")
}

func (d *demo) stale() error {
	d.stage.step("cancelOrder is added to the orders server, and the gateway does not know")
	if err := d.world.Orders.SetTools(3); err != nil {
		return err
	}
	upstream, err := d.upstream(d.world.OrdersURL)
	if err != nil {
		return err
	}
	d.stage.note("the orders server itself now offers %s", strings.Join(upstream, ", "))
	if len(upstream) != 3 {
		return fmt.Errorf("want 3 tools upstream, got %v", upstream)
	}
	return d.expectServed("which tools do I have?", "getOrder", "updateOrder")
}

func (d *demo) synchronize() error {
	d.stage.step("The agent resyncs its tools")
	change, err := ask[gateway.Change](d, "resync my tools", "synchronize_target", map[string]any{"target": tutorial.Target})
	if err != nil {
		return err
	}
	d.stage.change(change)
	if change.Outcome != gateway.Synchronized || names(change.Tools.Added) != "cancelOrder" {
		return fmt.Errorf("want outcome synchronized with cancelOrder added, got %+v", change)
	}
	return d.expectServed("which tools do I have now?", "getOrder", "updateOrder", "cancelOrder")
}

func (d *demo) update() error {
	d.stage.step("A new orders server with deleteOrder starts on another runtime")
	target, err := ask[tools.TargetDetails](d, "show me the target", "get_target", map[string]any{"target": tutorial.Target})
	if err != nil {
		return err
	}
	d.before = target.Configuration
	d.stage.answer("%s  %s", shortEndpoint(target.Endpoint), strings.Join(slices.Sorted(maps.Keys(target.Configuration)), " "))
	change, err := ask[gateway.Change](d, "point it at the new runtime", "update_target_endpoint",
		map[string]any{"target": tutorial.Target, "runtimeArn": d.world.NewRuntimeARN})
	if err != nil {
		return err
	}
	d.stage.change(change)
	if change.Outcome != gateway.Updated || names(change.Tools.Added) != "deleteOrder" || change.PreviousEndpoint != d.world.Endpoint {
		return fmt.Errorf("want outcome updated with deleteOrder added, got %+v", change)
	}
	if err := d.expectServed("which tools do I have now?", "getOrder", "updateOrder", "cancelOrder", "deleteOrder"); err != nil {
		return err
	}
	return d.expectKept()
}

// expectKept shows that the update changed the endpoint and nothing else. AWS
// replaces a target as a whole: whatever is not sent again is gone.
func (d *demo) expectKept() error {
	target, err := ask[tools.TargetDetails](d, "is everything else as it was?", "get_target", map[string]any{"target": tutorial.Target})
	if err != nil {
		return err
	}
	var kept []string
	for _, key := range slices.Sorted(maps.Keys(d.before)) {
		before, after := d.before[key], target.Configuration[key]
		switch key {
		case "updatedAt", "lastSynchronizedAt", "status": // these must move
			continue
		case "targetConfiguration":
			server := func(v any) map[string]any {
				for _, key := range []string{"mcp", "mcpServer"} {
					v = v.(map[string]any)[key]
				}
				server := maps.Clone(v.(map[string]any))
				delete(server, "endpoint")
				return server
			}
			before, after = server(before), server(after)
			key = "targetConfiguration (but for the endpoint)"
		}
		if !reflect.DeepEqual(before, after) {
			return fmt.Errorf("%s was %v and is %v", key, before, after)
		}
		kept = append(kept, key)
		d.stage.kept(key, after)
	}
	d.stage.checked("everything but the endpoint is unchanged")
	if !slices.Contains(kept, "credentialProviderConfigurations") || !slices.Contains(kept, "metadataConfiguration") {
		return errors.New("credentials or metadata are missing")
	}
	return nil
}

func (d *demo) cleanUp() error {
	d.stage.step("Clean-up: target, gateway, credential provider and runtimes are deleted")
	gone, err := ask[gateway.GatewayChange](d, "delete my gateway with all that is in it", "delete_gateway", map[string]any{"gateway": tutorial.Gateway, "confirm": tutorial.Gateway})
	if err != nil {
		return err
	}
	if gone.Outcome != gateway.Deleted || gone.DeletedTargets != 1 {
		return fmt.Errorf("want the gateway and its target gone, got %+v", gone)
	}
	d.stage.answer("%s after %.1f s, with %d target", gone.Outcome, gone.Seconds, gone.DeletedTargets)
	provider, err := ask[tools.ProviderReport](d, "delete its credential provider", "delete_credential_provider", map[string]any{"provider": tutorial.Provider, "confirm": tutorial.Provider})
	if err != nil {
		return err
	}
	d.stage.answer("%s", provider.Outcome)
	for _, name := range []string{"orders_v1", "orders_v2"} {
		runtime, err := ask[tools.RuntimeReport](d, "delete runtime "+name, "delete_runtime", map[string]any{"runtime": name, "confirm": name})
		if err != nil {
			return err
		}
		if runtime.Outcome != gateway.Deleted {
			return fmt.Errorf("want runtime %s gone, got %+v", name, runtime)
		}
		d.stage.answer("%s", runtime.Outcome)
	}
	left, err := ask[tools.GatewayList](d, "which gateways are there?", "list_gateways", nil)
	if err != nil {
		return err
	}
	if len(left.Gateways) != 0 {
		return fmt.Errorf("want no gateway left, got %+v", left.Gateways)
	}
	d.stage.checked("nothing is left")
	return nil
}

// expectServed asks our server what the gateway serves and checks it.
func (d *demo) expectServed(question string, want ...string) error {
	served, err := ask[tools.ToolList](d, question, "list_tools", nil)
	if err != nil {
		return err
	}
	var got []string
	for _, group := range served.Targets {
		for _, t := range group.Tools {
			got = append(got, t.Name)
		}
	}
	d.stage.answer("%s", strings.Join(got, ", "))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("the gateway serves %v, want %v", got, want)
	}
	d.stage.checked("the gateway serves %d tools", len(got))
	return nil
}

func (d *demo) upstream(url string) ([]string, error) {
	transport := remote.Guard{Loopback: true}.Transport()
	defer transport.CloseIdleConnections()
	list, err := remote.Reader{Transport: transport}.Read(d.ctx, url)
	var found []string
	for _, t := range list.Tools {
		found = append(found, t.Name)
	}
	return found, err
}

// ask calls a tool as an agent would that was asked the question.
func ask[Out any](d *demo, question, tool string, arguments map[string]any) (out Out, err error) {
	if arguments == nil {
		arguments = map[string]any{}
	}
	d.stage.asked(question, tool, arguments)
	return call[Out](d, tool, arguments)
}

// call calls a tool and says nothing of it.
func call[Out any](d *demo, tool string, arguments map[string]any) (out Out, err error) {
	result, err := d.session.CallTool(d.ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return out, err
	}
	if result.IsError {
		return out, fmt.Errorf("%s: %s", tool, text(result))
	}
	answer, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(answer, &out)
}

func names(list []gateway.ToolView) string {
	var all []string
	for _, t := range list {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}

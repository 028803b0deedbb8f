package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// Names as the gateway gives them, of which the agent knows nothing else.
const (
	ownPrefix    = tutorial.ToolsTarget + "___"
	ordersPrefix = tutorial.Target + "___"
	cancelOrder  = ordersPrefix + "cancelOrder"
)

const orderToCancel = 123

// connectGateway makes this program's server a target of the world's gateway, and
// connects an agent to the gateway, with a token and to nothing else.
func connectGateway(p *process, w *tutorial.World) (*mcp.ClientSession, func(), error) {
	url, stop, err := serveOwn(p, w)
	if err != nil {
		return nil, nil, err
	}
	if err := w.AddTools(p.ctx, url); err != nil {
		stop()
		return nil, nil, err
	}
	token, err := w.CallerToken(p.ctx)
	if err != nil {
		stop()
		return nil, nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	session, end, err := dial(p, &mcp.StreamableClientTransport{
		Endpoint: w.GatewayURL(), DisableStandaloneSSE: true,
		HTTPClient: &http.Client{Transport: &tokenSender{token, transport}},
	})
	if err != nil {
		stop()
		return nil, nil, err
	}
	return session, func() { end(); transport.CloseIdleConnections(); stop() }, nil
}

// tokenSender adds an agent's token to its requests.
type tokenSender struct {
	token string
	next  http.RoundTripper
}

func (s *tokenSender) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+s.token)
	return s.next.RoundTrip(req)
}

// serveOwn serves MCP on a loopback port to the gateway of the world, as serve
// --auth jwt does, and returns its URL. stop ends it and waits for it.
func serveOwn(p *process, w *tutorial.World) (url string, stop func(), err error) {
	s, err := Wiring{Log: p.log, SDKLog: p.sdkLog, Secrets: p.secrets, Named: true}.In(w).Wire(p.ctx)
	if err != nil {
		return "", nil, err
	}
	listener, err := new(net.ListenConfig).Listen(p.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		s.Close()
		return "", nil, err
	}
	door := inbound.NewDoor(inbound.DefaultLimits())
	policy := inbound.Policy{Auth: "jwt", DiscoveryURL: w.Runtimes.DiscoveryURL(w.URL), AllowedClients: []string{tutorial.RuntimeClient}}
	h, err := policy.Handler(door, s.Endpoints(), listener.Addr().String(), p.log)
	if err != nil {
		listener.Close()
		s.Close()
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(p.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := door.Serve(ctx, listener, h); err != nil {
			p.log.Error("the server has ended", "cause", err)
		}
	}()
	return "http://" + listener.Addr().String() + "/mcp", func() { cancel(); <-ended; s.Close() }, nil
}

func (d *demo) arrive() error {
	d.stage.step("An agent has one connection: its gateway's URL, with a token; this server is one of the gateway's targets")
	served, err := d.listServed("which tools do I have?")
	if err != nil {
		return err
	}
	for _, want := range []string{ownPrefix + "check_drift", ownPrefix + "synchronize_target", ordersPrefix + "getOrder"} {
		if !slices.Contains(served, want) {
			return fmt.Errorf("want a tool %s, got %v", want, served)
		}
	}
	d.stage.checked("what the gateway serves includes the tools that keep it in order")
	return nil
}

func (d *demo) miss() error {
	d.stage.step(fmt.Sprintf("It is asked to cancel order %d, and has no tool for that", orderToCancel))
	served, err := d.listServed(fmt.Sprintf("cancel order %d", orderToCancel))
	if err != nil {
		return err
	}
	if slices.Contains(served, cancelOrder) {
		return fmt.Errorf("want no tool %s yet, got %v", cancelOrder, served)
	}
	d.stage.note("none of them cancels an order")
	report, err := ask[tools.DriftReport](d, "do the servers behind my gateway offer more than it serves?", ownPrefix+"check_drift", nil)
	if err != nil {
		return err
	}
	for _, drift := range report.Targets {
		d.stage.answer("%s  %s", drift.Target, drift.State)
		if drift.Tools != nil {
			d.stage.tools(drift.Tools)
		}
	}
	if len(report.Targets) != 2 || report.InSync != 1 || report.Targets[0].Target != tutorial.Target || names(report.Targets[0].Tools.Added) != "cancelOrder" {
		return fmt.Errorf("want cancelOrder to wait at %s and the other target in sync, got %+v", tutorial.Target, report)
	}
	d.stage.checked("cancelOrder waits at %s", tutorial.Target)
	return nil
}

func (d *demo) repair() error {
	d.stage.step("It puts its own tools in order, through the gateway, and does what it was asked for")
	change, err := ask[gateway.Change](d, "resync that target", ownPrefix+"synchronize_target", map[string]any{"target": tutorial.Target})
	if err != nil {
		return err
	}
	d.stage.change(change)
	if change.Outcome != gateway.Synchronized || names(change.Tools.Added) != "cancelOrder" {
		return fmt.Errorf("want outcome synchronized with cancelOrder added, got %+v", change)
	}
	served, err := d.listServed("which tools do I have now?")
	if err != nil {
		return err
	}
	if !slices.Contains(served, cancelOrder) {
		return fmt.Errorf("want a tool %s, got %v", cancelOrder, served)
	}
	for _, step := range []struct{ question, tool string }{
		{fmt.Sprintf("cancel order %d", orderToCancel), cancelOrder},
		{"is it cancelled?", ordersPrefix + "getOrder"},
	} {
		order, err := ask[struct{ Item, Status string }](d, step.question, step.tool, map[string]any{"orderId": orderToCancel})
		if err != nil {
			return err
		}
		d.stage.answer("%s: %s", order.Item, order.Status)
		if order.Status != "CANCELLED" {
			return fmt.Errorf("want order %d to be CANCELLED, got %+v", orderToCancel, order)
		}
	}
	d.stage.checked("order %d is cancelled", orderToCancel)
	return nil
}

// renew synchronizes the target through which the call itself comes. AWS takes its
// time until the server has been seen to answer meanwhile.
func (d *demo) renew() error {
	d.stage.step("It synchronizes the target through which it has these tools: this server, by way of itself")
	release := d.world.Cloud.Hold(aws.TargetSynchronizing)
	defer release()
	tool, arguments := ownPrefix+"synchronize_target", map[string]any{"target": tutorial.ToolsTarget}
	d.stage.asked("resync your own target", tool, arguments)
	type end struct {
		change gateway.Change
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		change, err := call[gateway.Change](d, tool, arguments)
		ended <- end{change, err}
	}()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for synchronizing := false; !synchronizing; {
		select {
		case e := <-ended:
			return fmt.Errorf("the call ended before AgentCore had read anything: %+v, %v", e.change, e.err)
		case <-poll.C:
		}
		var err error
		if synchronizing, err = d.answersMeanwhile(); err != nil {
			return err
		}
	}
	release()
	e := <-ended
	if e.err != nil {
		return e.err
	}
	d.stage.change(e.change)
	if c := e.change; c.Outcome != gateway.Synchronized || c.Status != aws.TargetReady || c.Tools.Before != c.Tools.After || c.Tools.After == 0 {
		return fmt.Errorf("want outcome synchronized, READY, with the tools as they were, got %+v", c)
	}
	d.stage.checked("it is READY, and the server that was read is the one that tells it")
	return nil
}

// stay tries what would cut the agent off, as a mistake would: the server knows by the
// address at which the gateway reaches it which target leads to it.
func (d *demo) stay() error {
	d.stage.step("By mistake it would cut itself off: the server asks first")
	for _, mistake := range []struct {
		question, tool string
		arguments      map[string]any
	}{
		{"move your own target to the orders server", "update_target_endpoint", map[string]any{"target": tutorial.ToolsTarget, "runtimeArn": d.world.NewRuntimeARN}},
		{"delete the target that you need least", "delete_target", map[string]any{"target": tutorial.ToolsTarget}},
	} {
		_, err := ask[gateway.Change](d, mistake.question, ownPrefix+mistake.tool, mistake.arguments)
		if err == nil || !strings.Contains(err.Error(), "leads to this very server") {
			return fmt.Errorf("want %s to be refused, got %v", mistake.tool, err)
		}
		d.stage.answer("%s", strings.TrimPrefix(err.Error(), ownPrefix+mistake.tool+": "))
	}
	served, err := d.listServed("which tools do I have now?")
	if err != nil {
		return err
	}
	if !slices.Contains(served, ownPrefix+"delete_target") {
		return fmt.Errorf("want the tools to be there still, got %v", served)
	}
	d.stage.checked("nothing was changed: that takes a person's word")
	return nil
}

// answersMeanwhile asks the server for the targets, and tells its answer where its
// own target is SYNCHRONIZING.
func (d *demo) answersMeanwhile() (synchronizing bool, err error) {
	tool, arguments := ownPrefix+"list_targets", map[string]any{"details": false}
	list, err := call[tools.TargetList](d, tool, arguments)
	if err != nil {
		return false, err
	}
	var states []string
	for _, t := range list.Targets {
		states = append(states, t.Name+" "+string(t.Status))
		synchronizing = synchronizing || t.Name == tutorial.ToolsTarget && t.Status == aws.TargetSynchronizing
	}
	if synchronizing {
		d.stage.asked("how are my targets meanwhile?", tool, arguments)
		d.stage.answer("%s", strings.Join(states, ", "))
		d.stage.checked("the server answers while AgentCore is about to read it")
	}
	return synchronizing, nil
}

// listServed lists all the tools that the agent has, as the gateway names them,
// and tells how many of each target.
func (d *demo) listServed(question string) (served []string, err error) {
	d.stage.asked(question, "tools/list", map[string]any{})
	of := map[string][]string{}
	for t, err := range d.session.Tools(d.ctx, nil) {
		if err != nil {
			return nil, err
		}
		target, name, ok := strings.Cut(t.Name, "___")
		if !ok {
			return nil, errors.New("the gateway serves a tool without a target: " + t.Name)
		}
		served, of[target] = append(served, t.Name), append(of[target], name)
	}
	d.stage.answer("%s: %d tools; %s: %s", tutorial.ToolsTarget, len(of[tutorial.ToolsTarget]), tutorial.Target, strings.Join(of[tutorial.Target], ", "))
	return served, nil
}

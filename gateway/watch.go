package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// watch follows one change of one target from before it is sent to its end.
type watch struct {
	m        *Manager
	ctx      context.Context
	g        aws.Gateway
	before   aws.Target
	start    time.Time
	wait     time.Duration
	progress Progress

	served    []catalog.Tool
	servedErr error
}

// watch reads what the gateway serves for the target before the change, and
// returns what then sees the change through. before is the target as read
// before; start is when the call began, from which wait counts.
func (m *Manager) watch(ctx context.Context, g aws.Gateway, before aws.Target, start time.Time, wait time.Duration, progress Progress) *watch {
	w := &watch{m: m, ctx: ctx, g: g, before: before, start: start, wait: wait, progress: progress}
	w.served, w.servedErr = m.served(ctx, g)
	return w
}

// end waits until the change has ended or the time is up, and says how it
// stands. success is the outcome when the target is READY.
func (w *watch) end(success Outcome) Change {
	ctx, cancel := context.WithDeadline(w.ctx, w.start.Add(w.wait))
	defer cancel()
	t, err := w.m.Client.WaitTarget(ctx, w.g.ID, w.before, func(t aws.Target) {
		w.progress.report(min(time.Since(w.start), w.wait).Seconds(), w.wait.Seconds(), fmt.Sprintf("%s is %s", t.Name, t.Status))
	})
	c := newChange(w.g, t)
	switch phase := aws.PhaseOf(t.Status); {
	case err != nil && errors.Is(err, aws.ErrNotFound):
		c.Outcome, c.StatusReasons = Failed, []string{"the target was deleted meanwhile"}
	case err != nil && errors.Is(err, aws.ErrUnknownStatus):
		c.Outcome, c.StatusReasons = Failed, append(c.StatusReasons, err.Error())
	case err != nil && !isDeadline(err) && w.ctx.Err() == nil:
		// The change is under way, but AWS no longer says how it stands.
		c.Outcome, c.StatusReasons = InProgress, append(c.StatusReasons, "its status could not be read any more: "+err.Error())
	case err != nil:
		c.Outcome = InProgress
	case phase == aws.PhaseFailed:
		c.Outcome = Failed
	case phase == aws.PhasePending:
		c.Outcome = NeedsAuthorization
		c.Next = "a person must open authorizationUrl and give consent within 10 minutes; then AWS goes on by itself, look with get_target"
	default:
		c.Outcome = success
	}
	c.Tools = w.compare(t)
	if c.Outcome == success {
		c.Next = w.advise(c.Tools)
	}
	c.Seconds = seconds(time.Since(w.start))
	return c
}

// compare reads what the gateway serves now. It may take a little longer than
// the wait: an answer without it would be worth much less. Where the gateway's
// tools cannot be read, the server's own are better than none.
func (w *watch) compare(t aws.Target) ToolChange {
	ctx := context.WithoutCancel(w.ctx)
	if w.servedErr == nil {
		after, err := w.m.served(ctx, w.g)
		if err == nil {
			return compare(toolsOf(w.before.Name, w.served), toolsOf(t.Name, after))
		}
		w.servedErr = fmt.Errorf("after the change: %w", err)
	}
	c := unavailable(w.servedErr.Error())
	if t.Endpoint == "" {
		return c
	}
	offered, err := w.m.offered(ctx, t)
	if err != nil {
		c.Reason += "; nor could the server's: " + err.Error()
		return c
	}
	c.Source, c.Offered, c.After = FromUpstream, view(offered), len(offered)
	return c
}

func (w *watch) advise(tools ToolChange) string {
	switch {
	case tools.Source != FromGateway:
		return "list_tools would show what is served now, once the gateway's endpoint can be read"
	case len(tools.Added)+len(tools.Removed)+len(tools.Changed) == 0:
		return "nothing is different; an agent that holds a list of tools need not read it again"
	}
	return "agents connected to the gateway must list its tools again to see this"
}

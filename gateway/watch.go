package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
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
	sent     aws.Target // as the call that began the change showed it; zero when it was joined

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
// stands, with the target as last seen. success is the outcome when the target
// is READY.
func (w *watch) end(success Outcome) (Change, aws.Target) {
	ctx, cancel := context.WithDeadline(w.ctx, w.start.Add(w.wait))
	defer cancel()
	t, err := w.m.Client.WaitTarget(ctx, w.g.ID, w.before, func(t aws.Target) {
		w.progress.report(min(time.Since(w.start), w.wait).Seconds(), w.wait.Seconds(), fmt.Sprintf("%s is %s", t.Name, t.Status))
	})
	if err != nil && w.sent.Name != "" && t.Status == w.before.Status && t.UpdatedAt.Equal(w.before.UpdatedAt) {
		t = w.sent // nothing was read since: the call's own answer is newer
	}
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
	if c.Outcome == success {
		var late string
		c.Tools, late = w.verify(t)
		c.Next = late + w.advise(c.Tools)
	} else {
		c.Tools = w.compare(t)
	}
	c.Seconds = seconds(time.Since(w.start))
	return c, t
}

// compare reads what the gateway serves now. It may take a little longer than
// the wait: an answer without it would be worth much less.
func (w *watch) compare(t aws.Target) ToolChange {
	if w.servedErr != nil {
		return unavailable(w.servedErr.Error())
	}
	after, err := w.m.served(context.WithoutCancel(w.ctx), w.g)
	if err != nil {
		return unavailable("after the change: " + err.Error())
	}
	return compare(toolsOf(w.before.Name, w.served), toolsOf(t.Name, after))
}

// verify compares what the gateway served before with what it serves now, and
// holds that against what the server offers. A gateway's list may follow its
// target's READY late: while names differ it is read again, as long as there is
// time. late says what still differs. Where the gateway's list cannot be read,
// the server's own is better than none.
func (w *watch) verify(t aws.Target) (c ToolChange, late string) {
	const atLeast = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), max(atLeast, min(readServed, time.Until(w.start.Add(w.wait)))))
	defer cancel()
	now, offered, err, offeredErr := w.m.readBoth(ctx, w.g, t)
	if w.servedErr != nil {
		err = w.servedErr
	}
	if err != nil {
		c = unavailable(err.Error())
		if offeredErr != nil {
			c.Reason += "; nor could the server's own list be read: " + offeredErr.Error()
			return c, ""
		}
		c.Source, c.Offered, c.After, c.Warnings = FromUpstream, view(offered), len(offered), warnings(t.Name, offered)
		return c, ""
	}
	before := toolsOf(w.before.Name, w.served)
	if offeredErr != nil || t.StaticSchema { // a pinned target serves its schema, whatever the server offers
		c = compare(before, now)
		c.Upstream = len(offered)
		if t.StaticSchema {
			c.Reason = pinnedReason
		}
		return c, ""
	}
	for pause := 250 * time.Millisecond; !sameNames(now, offered); pause *= 2 {
		if err := aws.Sleep(ctx, pause); err != nil {
			d := catalog.Compare(now, offered)
			late = fmt.Sprintf("the server offers %d tools and the gateway serves %d (missing: %s; no longer offered: %s), its list may be late: look with list_tools; ",
				len(offered), len(now), orNone(d.Added), orNone(d.Removed))
			break
		}
		again, err := w.m.served(ctx, w.g)
		if err != nil {
			break
		}
		now = toolsOf(t.Name, again)
	}
	c = compare(before, now)
	c.Upstream, c.Warnings = len(offered), warnings(t.Name, offered)
	return c, late
}

func (w *watch) advise(tools ToolChange) string {
	switch {
	case tools.Reason == pinnedReason:
		return "nothing is different for callers: " + pinnedReason
	case tools.Source != FromGateway:
		return "list_tools would show what is served now, once the gateway's endpoint can be read"
	case len(tools.Added)+len(tools.Removed)+len(tools.Changed) == 0:
		return "nothing is different; an agent that holds a list of tools need not read it again"
	case tools.Breaking:
		return "agents connected to the gateway must list its tools again, and some of their calls will not fit any more (tools.removed, tools.changed with breaking)"
	}
	return "agents connected to the gateway must list its tools again to see this"
}

func sameNames(a, b []catalog.Tool) bool {
	d := catalog.Compare(a, b)
	return len(d.Added)+len(d.Removed) == 0
}

func orNone(tools []catalog.Tool) string {
	if len(tools) == 0 {
		return "none"
	}
	var all []candidate
	for _, t := range tools {
		all = append(all, candidate{name: untrusted.Within(t.Name, 60)})
	}
	return some(all)
}

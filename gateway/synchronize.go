package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
)

// Synchronize makes the gateway read a target's tools again, waits for the end
// for at most wait, and compares what the gateway served before and after. A
// synchronization that is running already (also the one that a creation or an
// update brings along) is joined, never doubled. One that fails as a server does
// that has not started yet is tried once more, after the server was asked for
// its tools from here. With dryRun nothing is changed: the answer is what a
// synchronization would bring.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) Synchronize(ctx context.Context, gateway, target string, dryRun bool, wait time.Duration, progress Progress) (Change, error) {
	start := time.Now()
	g, before, err := m.find(ctx, gateway, target)
	if err != nil {
		return Change{}, err
	}
	if err := refuseSynchronize(before); err != nil {
		return Change{}, err
	}
	if dryRun {
		c := newChange(g, before)
		c.Outcome, c.Tools = Planned, m.planned(ctx, g, before, aws.Edit{}, m.offered)
		c.Next = planNext(c.Tools, "call again without dryRun to synchronize")
		c.Seconds = seconds(time.Since(start))
		return c, nil
	}
	w := m.watch(ctx, g, before, start, wait, progress)
	var joined bool
	w.sent, joined, err = m.beginSynchronize(ctx, g, before)
	if err != nil {
		return Change{}, fmt.Errorf("target %s was not synchronized: %w", before.Name, err)
	}
	change, now := w.end(Synchronized)
	if change.Outcome == Failed && coldStart(now.StatusReasons) && time.Until(start.Add(wait)) > coldStartNeeds {
		progress.report(time.Since(start).Seconds(), wait.Seconds(), now.Name+" failed like a cold start, warming the server and trying once more")
		_, _ = m.offered(ctx, now) // only to wake it; whether we may read it does not matter
		w.before = now
		if sent, _, err := m.beginSynchronize(ctx, g, now); err == nil {
			w.sent = sent
			change, now = w.end(Synchronized)
			change.Retried = true
		}
	}
	switch change.Outcome {
	case Synchronized:
		if joined {
			change.Next = "this joined work that was already running; " + change.Next
		}
	case InProgress:
		change.Next = "call synchronize_target again with the same arguments to go on waiting: what still runs is joined, not started anew; get_target shows the status without waiting"
	case Failed:
		change.Next = remedy(now) + "; then call synchronize_target again, AWS does not retry by itself. The gateway goes on serving the tools it had"
	}
	return change, nil
}

// beginSynchronize sends a synchronization of a target as just read, unless work
// on it is running, which it then joins.
func (m *Manager) beginSynchronize(ctx context.Context, g aws.Gateway, before aws.Target) (sent aws.Target, joined bool, err error) {
	if aws.PhaseOf(before.Status) == aws.PhaseWorking {
		return before, true, nil
	}
	sent, err = m.send(ctx, g.ID, before, func(ctx context.Context) (aws.Target, error) {
		return m.Client.Synchronize(ctx, g.ID, before.ID)
	})
	if errors.Is(err, aws.ErrConflict) {
		// Somebody was faster. If it is work on this target, join it.
		now, readErr := m.Client.Target(ctx, g.ID, before.ID)
		if readErr == nil && (aws.PhaseOf(now.Status) == aws.PhaseWorking || !now.UpdatedAt.Equal(before.UpdatedAt)) {
			return now, true, nil
		}
	}
	return sent, false, err
}

// coldStartNeeds is the least time that makes a second try worth it.
const coldStartNeeds = 3 * time.Second

// coldStart reports whether AWS's reasons are those of a server that has not
// started yet (nx-plugin-for-aws#660, agentcore-samples#1034): its probe gives
// up after 10 to 30 s, and a READY runtime is not a warm one.
func coldStart(reasons []string) bool {
	return slices.ContainsFunc(reasons, func(reason string) bool {
		return strings.Contains(reason, "Unable to connect to the MCP server") ||
			strings.Contains(reason, "Runtime initialization time exceeded") || strings.Contains(reason, "has no tools")
	})
}

// refuseSynchronize names the targets that AWS would refuse to synchronize, or
// for which it would do nothing, before anything is sent.
func refuseSynchronize(t aws.Target) error {
	switch {
	case t.Type != aws.TargetMCPServer:
		return fmt.Errorf("target %s is of type %s: only MCP servers have tools to synchronize", t.Name, orUnknown(string(t.Type)))
	case t.StaticSchema:
		return fmt.Errorf("target %s takes its tools from a static schema (mcpToolSchema): AWS refuses to synchronize it until unpin_target_tools removes the schema", t.Name)
	case t.ListingMode == aws.ListingDynamic:
		return fmt.Errorf("target %s lists its tools dynamically (listingMode DYNAMIC): the gateway asks the server at each call, there is nothing to synchronize", t.Name)
	case aws.PhaseOf(t.Status) == aws.PhasePending:
		return refusePending(t)
	case t.Status == aws.TargetDeleting:
		return fmt.Errorf("target %s is being deleted", t.Name)
	}
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown to this program"
	}
	return s
}

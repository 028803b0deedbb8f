package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// Synchronize makes the gateway read a target's tools again, waits for the end
// for at most wait, and compares what the gateway served before and after. A
// synchronization that is running already (also the one that a creation or an
// update brings along) is joined, never doubled.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) Synchronize(ctx context.Context, gateway, target string, wait time.Duration, progress Progress) (Change, error) {
	start := time.Now()
	g, err := m.Gateway(ctx, gateway)
	if err != nil {
		return Change{}, err
	}
	before, err := m.Target(ctx, g, target)
	if err != nil {
		return Change{}, err
	}
	if err := refuseSynchronize(before); err != nil {
		return Change{}, err
	}
	watch := m.watch(ctx, g, before, start, wait, progress)
	joined := aws.PhaseOf(before.Status) == aws.PhaseWorking
	if !joined {
		_, err := m.send(ctx, g.ID, before, func(ctx context.Context) (aws.Target, error) {
			return m.Client.Synchronize(ctx, g.ID, before.ID)
		})
		if errors.Is(err, aws.ErrConflict) {
			// Somebody was faster. If it is work on this target, join it.
			now, readErr := m.Client.Target(ctx, g.ID, before.ID)
			if readErr != nil || aws.PhaseOf(now.Status) != aws.PhaseWorking {
				return Change{}, fmt.Errorf("target %s was not synchronized: %w", before.Name, err)
			}
			joined, err = true, nil
		}
		if err != nil {
			return Change{}, fmt.Errorf("target %s was not synchronized: %w", before.Name, err)
		}
	}
	change := watch.end(Synchronized)
	if joined && change.Outcome == Synchronized {
		change.Next = "this joined work that was already running; " + change.Next
	}
	switch change.Outcome {
	case InProgress:
		change.Next = "call synchronize_target again with the same arguments to go on waiting: what still runs is joined, not started anew; get_target shows the status without waiting"
	case Failed:
		change.Next = "the gateway goes on serving the tools it had; mend what statusReasons names, then call synchronize_target again: AWS does not retry by itself"
	}
	return change, nil
}

// refuseSynchronize names the targets that AWS would refuse to synchronize, or
// for which it would do nothing, before anything is sent.
func refuseSynchronize(t aws.Target) error {
	switch {
	case t.Type != aws.TargetMCPServer:
		return fmt.Errorf("target %s is of type %s: only MCP servers have tools to synchronize", t.Name, orUnknown(string(t.Type)))
	case t.StaticSchema:
		return fmt.Errorf("target %s takes its tools from a static schema (mcpToolSchema): AWS refuses to synchronize it until an update removes the schema", t.Name)
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

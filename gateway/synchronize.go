package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// SynchronizeOptions are those of a synchronization.
type SynchronizeOptions struct {
	DryRun bool
	Plan   string // the value of an earlier plan, to which the call is held; "" for none
	Wait   time.Duration
}

// Synchronize makes the gateway read a target's tools again, waits for the end
// for at most Wait, and compares what the gateway served before and after. A
// synchronization that is running already (also the one that a creation or an
// update brings along) is joined, never doubled. One that fails as a server does
// that has not started yet is tried once more, after the server was asked for
// its tools from here. With DryRun nothing is changed: the answer is what a
// synchronization would bring.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) Synchronize(ctx context.Context, gateway, target string, o SynchronizeOptions, caller Caller) (Change, error) {
	return m.run(ctx, gateway, target, &synchronization{options: o}, o.Wait, caller)
}

type synchronization struct {
	options SynchronizeOptions
	joined  bool // work that was running already
}

func (s *synchronization) success() Outcome { return Synchronized }

func (s *synchronization) plan(ctx context.Context, o *operation) (*Change, error) {
	err := refuseSynchronize(o.before)
	if err == nil && !s.options.DryRun && s.options.Plan != "" {
		o.planned, err = o.holdToPlan(ctx, aws.Edit{}, nil, false, s.options.Plan)
	}
	if err != nil || !s.options.DryRun {
		return nil, err
	}
	l := o.m.readBoth(ctx, o.g, o.before)
	c, tools := newChange(o.g, o.before), planned(o.before, aws.Edit{}, l)
	c.Outcome, c.Tools = Planned, &tools
	if c.Plan, err = planValue(o.before, aws.Edit{}, l); err != nil {
		return nil, err
	}
	c.Next = nextPlanned(tools, "call again without dryRun to synchronize")
	return &c, nil
}

func (s *synchronization) underway(o *operation) Change {
	c := newChange(o.g, o.sent)
	c.Outcome, c.Operation = InProgress, &Operation{Awaiting: awaitingSynchronization(o.before, s.joined) + o.doubt()}
	c.Next = nextSynchronized(c, o.sent, s.joined)
	if o.leaves {
		c.Next = nextLeaving
	}
	return c
}

// apply sends a synchronization, unless work on the target is running, which it
// then joins.
func (s *synchronization) apply(ctx context.Context, o *operation) error {
	if aws.PhaseOf(o.before.Status) == aws.PhaseWorking {
		o.sent, s.joined = o.before, true
		return nil
	}
	err := o.sending(ctx, o.before, func(ctx context.Context) (aws.Target, error) {
		return o.client.Synchronize(ctx, o.g.ID, o.before.ID)
	})
	if errors.Is(err, aws.ErrConflict) { // somebody was faster
		if now, readErr := o.m.Client.Target(ctx, o.g.ID, o.before.ID); readErr == nil && joinable(o.before, now) {
			o.sent, s.joined, err = now, true, nil
		}
	}
	if err != nil {
		return fmt.Errorf("target %s was not synchronized: %w", o.before.Name, err)
	}
	if o.sent.Name == "" { // AWS has said yes, and of what nothing
		o.sent = o.before
	}
	return nil
}

func (s *synchronization) settle(ctx context.Context, o *operation) {
	// What we have only joined is somebody else's to try again: an update that failed goes
	// back.
	if !s.joined && !o.m.operations.isStopped() && worthAnotherTry(o.change.Outcome, o.now.StatusReasons, o.left()) {
		o.report(o.now.Name + " failed like a cold start, warming the server and trying once more")
		_, _ = o.m.offered(ctx, o.now) // only to wake it; whether we may read it does not matter
		before, joined := o.before, s.joined
		o.before = o.now
		if s.apply(ctx, o) == nil {
			o.follow(ctx, s.success())
			o.change.Retried = o.lost == nil || begun(o.before, o.now)
		}
		o.before, s.joined = before, joined
	}
	o.compare(ctx, s.success())
	o.change.Next = nextSynchronized(o.change, o.now, s.joined)
}

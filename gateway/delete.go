package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// DeleteTarget deletes a target, waits for at most wait until it is gone, and tells
// which tools the gateway lost. confirm must be the target's name: without it nothing is
// sent, and the error says what would be lost.
//
// An error means that nothing was changed; how the deletion ended is its Outcome.
func (m *Manager) DeleteTarget(ctx context.Context, gateway, target string, confirm Word, wait time.Duration, caller Caller) (Change, error) {
	if r := m.operations.again(caller, ""); r != nil { // by now the target may be nowhere to be found
		return r.await(ctx, time.Now(), wait, caller)
	}
	return m.run(ctx, gateway, target, &deletion{confirm: confirm}, wait, caller)
}

type deletion struct {
	confirm     Word
	withGateway bool // which somebody has agreed to
	joined      bool // it was running already
}

func (d *deletion) success() Outcome { return Deleted }

func (d *deletion) plan(ctx context.Context, o *operation) (*Change, error) {
	t := o.before
	switch phase := aws.PhaseOf(t.Status); {
	case t.Status == aws.TargetDeleting:
		return nil, nil
	case phase == aws.PhasePending:
		return nil, refusePending(t)
	case phase == aws.PhaseWorking:
		return nil, fmt.Errorf("target %s is %s: AWS refuses to delete it until that has ended, look with get_target and try again", t.Name, t.Status)
	case d.withGateway:
		return nil, nil
	}
	lost := "how many tools its callers would lose cannot be read from here"
	if served, err := o.list(ctx); err == nil {
		lost = fmt.Sprintf("gateway %s serves %d tools of it, which its callers would lose", o.g.Name, len(own(t.Name, served).Tools))
	}
	if o.m.leadsHere(t, o.reached) {
		lost += "; it leads to this very server: whoever works with it through this gateway, you perhaps, loses it"
	}
	asks := unconfirmedTarget(t, "deleted", lost+". Nothing brings it back: its settings are kept, and a new target would have to be created from them", "", o.g.ARN, t.ID)
	if d.confirm.agrees(asks) {
		return nil, nil
	}
	return nil, asks
}

// apply sends a deletion, unless one is running, which it then joins.
func (d *deletion) apply(ctx context.Context, o *operation) error {
	if o.before.Status == aws.TargetDeleting {
		o.sent, d.joined = o.before, true
		return nil
	}
	o.m.keep(o.g, o.before, BeforeDeletion)
	err := o.sending(ctx, o.before, func(ctx context.Context) (aws.Target, error) {
		t := o.before
		t.Status = aws.TargetDeleting
		return t, o.client.DeleteTarget(ctx, o.g.ID, o.before.ID)
	})
	if err != nil && !errors.Is(err, aws.ErrNotFound) { // else somebody was faster
		return fmt.Errorf("target %s was not deleted: %w", o.before.Name, err)
	}
	return nil
}

func (d *deletion) underway(o *operation) Change {
	c := newChange(o.g, o.before)
	awaiting := "the deletion that this call, or the same one before it, sent"
	if d.joined {
		awaiting = "a deletion that was running already"
	}
	c.Outcome, c.Operation = InProgress, &Operation{Awaiting: awaiting + o.doubt()}
	c.was = loggedTarget(o.before)
	c.Next = "call delete_target again with the same arguments to hear how it ended"
	if o.leaves {
		c.Next = nextLeaving
	}
	return c
}

// listAgain is what others must do to see other tools. Who reads it is a client of ours,
// and need not be one of the gateway, so it names no client.
const listAgain = "agents connected to the gateway must list its tools again, which many clients do only when they reconnect or start a new session"

func (d *deletion) settle(ctx context.Context, o *operation) {
	o.rested()
	c := &o.change
	tools := o.difference(ctx)
	c.Tools = &tools
	c.was = loggedTarget(o.before)
	switch {
	case c.Outcome == Deleted && tools.Source == FromGateway:
		c.Next = listAgain
	case c.Outcome == Deleted:
		c.Next = "the target is gone; which tools went with it could not be compared (tools.reason)"
	case c.Outcome == Failed:
		c.Next = "the target is still there: look with get_target, and call delete_target again"
	}
}

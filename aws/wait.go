package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	smithytime "github.com/aws/smithy-go/time"
)

// Phase is what a status means for somebody who waits.
type Phase int

const (
	PhaseUnknown Phase = iota // a status that this program does not know
	PhaseWorking
	PhaseReady
	PhaseFailed
	PhasePending // a person must give consent
)

// PhaseOf sorts a target's status.
func PhaseOf(s TargetStatus) Phase {
	switch s {
	case types.TargetStatusCreating, types.TargetStatusUpdating, types.TargetStatusSynchronizing, types.TargetStatusDeleting:
		return PhaseWorking
	case types.TargetStatusReady:
		return PhaseReady
	case types.TargetStatusFailed, types.TargetStatusUpdateUnsuccessful, types.TargetStatusSynchronizeUnsuccessful:
		return PhaseFailed
	case types.TargetStatusCreatePendingAuth, types.TargetStatusUpdatePendingAuth, types.TargetStatusSynchronizePendingAuth:
		return PhasePending
	}
	return PhaseUnknown
}

// StaleFor is how long a status that looks like the one before the change is
// held to be a late copy of it. AWS documents no bound.
const StaleFor = 10 * time.Second

// Observer decides when polls have shown the end of a change. AWS has no
// waiter for targets: READY may flap (Terraform's provider wants it twice in a
// row), and the first polls after a 202 may still show the state before it.
// Listings serve as polls.
type Observer struct {
	Before  Target // as it was when the change was sent
	changed bool   // something happened since before
	last    TargetStatus
	seen    int // how often in a row
}

// Observe takes the next poll, elapsed after the change was sent, and reports
// whether the change has ended: READY, failed, pending or unknown for sure.
func (o *Observer) Observe(t Target, elapsed time.Duration) bool {
	if t.Status == o.last {
		o.seen++
	} else {
		o.last, o.seen = t.Status, 1
	}
	o.changed = o.changed || PhaseOf(t.Status) == PhaseWorking || t.Status != o.Before.Status ||
		t.LastSynchronizedAt.After(o.Before.LastSynchronizedAt) || t.UpdatedAt.After(o.Before.UpdatedAt)
	settled := o.changed || elapsed >= StaleFor
	switch PhaseOf(t.Status) {
	case PhaseReady:
		return settled && o.seen >= 2
	case PhaseFailed, PhasePending:
		return settled
	case PhaseUnknown:
		return o.seen >= 2
	}
	return false
}

// readTimeout bounds one read of a wait: one that hangs must not blind it.
const readTimeout = 20 * time.Second

// BoundedRead makes one read of a wait. ErrUnreachable when no answer comes in 20 s,
// while ctx goes on.
func BoundedRead[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	v, err := read(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return v, fmt.Errorf("%w within %s", ErrUnreachable, readTimeout)
	}
	return v, err
}

// WaitTarget polls a target until the change that began after before was read
// has ended, and returns the target as it then is: READY twice in a row, a
// failure, or pending authorization, none of which is an error here. Each poll
// is given to report, which may be nil.
//
// Errors: ErrNotFound when the target is gone; ErrUnknownStatus; the context's
// own error when it ends first. With each the last target seen is returned.
func (c *Client) WaitTarget(ctx context.Context, gatewayID string, before Target, report func(Target)) (Target, error) {
	o := Observer{Before: before}
	start, last := time.Now(), before
	for delay := range c.poll.delays() {
		t, err := BoundedRead(ctx, func(ctx context.Context) (Target, error) { return c.Target(ctx, gatewayID, before.ID) })
		if err != nil {
			return last, err
		}
		last = t
		if report != nil {
			report(t)
		}
		if o.Observe(t, time.Since(start)) {
			if PhaseOf(t.Status) == PhaseUnknown {
				return t, fmt.Errorf("target %s: %w %q: this program cannot tell whether it has ended", t.Name, ErrUnknownStatus, t.Status)
			}
			return t, nil
		}
		if err := smithytime.SleepWithContext(ctx, delay); err != nil {
			return last, err
		}
	}
	panic("unreachable: delays never end")
}

// WaitTargetGone polls until a target is deleted. A target that ends in
// another state than DELETING is returned as an error.
func (c *Client) WaitTargetGone(ctx context.Context, gatewayID, targetID string) error {
	for delay := range c.poll.delays() {
		switch t, err := c.Target(ctx, gatewayID, targetID); {
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		case PhaseOf(t.Status) == PhaseFailed:
			return fmt.Errorf("target %s is %s instead of deleted: %q", t.Name, t.Status, t.StatusReasons)
		}
		if err := smithytime.SleepWithContext(ctx, delay); err != nil {
			return err
		}
	}
	panic("unreachable: delays never end")
}

// WaitGateway polls until a gateway is in one of the given statuses, or has
// failed, which is an error with AWS's reasons. ErrNotFound when it is gone.
func (c *Client) WaitGateway(ctx context.Context, id string, want ...GatewayStatus) (Gateway, error) {
	for delay := range c.poll.delays() {
		g, err := c.Gateway(ctx, id)
		if err != nil {
			return g, err
		}
		switch {
		case slices.Contains(want, g.Status):
			return g, nil
		case g.Status == types.GatewayStatusFailed || g.Status == types.GatewayStatusUpdateUnsuccessful:
			return g, fmt.Errorf("gateway %s is %s: %q", g.Name, g.Status, g.StatusReasons)
		}
		if err := smithytime.SleepWithContext(ctx, delay); err != nil {
			return g, err
		}
	}
	panic("unreachable: delays never end")
}

// pollSchedule is how often a wait looks: soon at first, for what ends at
// once, then ever less often, to leave the account's Get quota to others.
type pollSchedule struct{ first, most time.Duration }

func (p pollSchedule) delays() func(yield func(time.Duration) bool) {
	return func(yield func(time.Duration) bool) {
		for d := p.first; yield(d); d = min(d*3/2, p.most) {
		}
	}
}

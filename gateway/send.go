package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// lostError is that AWS gave no answer to a change, and then did not say whether it
// has begun. It may have.
type lostError struct{ cause, unread error }

func (e *lostError) Error() string {
	return fmt.Sprintf("%v, and whether it has begun could not be read (%v)", e.cause, e.unread)
}

var errNotSeen = errors.New("its target shows nothing of it yet")

// send makes a call that changes a target and has no idempotency token. When
// the answer is lost (a reset, a 5xx), the target is read, and the call is sent
// again only if it shows that nothing has begun. before is the target as read
// before the first attempt. It returns the target as the call, or the read that
// stands in for it, showed it; ctx bounds only the waiting between attempts. A
// lostError is no refusal: the change has to be followed.
func (m *Manager) send(ctx context.Context, gatewayID string, before aws.Target, call func(context.Context) (aws.Target, error)) (aws.Target, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		var t aws.Target
		err := m.bounded(ctx, func(ctx context.Context) (err error) {
			t, err = call(ctx)
			return err
		})
		uncertain := errors.Is(err, aws.ErrUncertain)
		if err == nil || attempt == 1 && !uncertain {
			return t, err
		}
		// From here on something may have begun: what becomes of it must be known, also
		// when the caller leaves.
		m.Log.Warn("no certain answer, reading before sending again", "target", before.Name, "attempt", attempt, "cause", err)
		now, hasBegun, readErr := m.hasBegun(ctx, gatewayID, before, readsBeforeNo(m.Client.Local()))
		switch {
		case readErr != nil:
			return before, &lostError{err, readErr}
		case hasBegun:
			return now, nil
		case errors.Is(err, aws.ErrConflict): // with what an attempt before it has begun, whatever the reads show yet
			return before, &lostError{err, errNotSeen}
		case !uncertain:
			return t, err
		case attempt == attempts, ctx.Err() != nil, m.operations.isStopped(): // or nobody waits for more
			return before, fmt.Errorf("%w; after %d attempts nothing has begun, and nothing was changed: try again later", err, attempt)
		}
	}
}

// readsBeforeNo are the pauses before the reads that must all agree before a change is
// held not to have begun. One could come too early, ahead of a call that is still on
// its way, or show a copy from before it: AWS's may be as old as a wait takes them to
// be, those of the local AgentCore are none.
func readsBeforeNo(local bool) []time.Duration {
	pauses := []time.Duration{200 * time.Millisecond, time.Second}
	if local {
		return pauses
	}
	return append(pauses, 3*time.Second, aws.StaleFor-4200*time.Millisecond)
}

// bounded runs a call to its end even when the caller leaves meanwhile: a call
// cut off in the middle would leave it unknown whether it took effect.
func (m *Manager) bounded(ctx context.Context, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("nothing was sent: %w", context.Cause(ctx))
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(m.SendTimeout, sendTimeout))
	defer cancel()
	return call(bounded)
}

// withToken is bounded for a request that has an idempotency token: an answer that is
// lost is asked for again, also when the caller leaves, and nothing is doubled.
func (m *Manager) withToken(ctx context.Context, call func(context.Context) error) (err error) {
	const attempts = 3
	for range attempts {
		if err = m.bounded(ctx, call); !errors.Is(err, aws.ErrUncertain) {
			break
		}
		ctx = context.WithoutCancel(ctx)
	}
	return err
}

// hasBegun reads whether a change has begun since before was read, after each of the
// pauses until one says so.
func (m *Manager) hasBegun(ctx context.Context, gatewayID string, before aws.Target, pauses []time.Duration) (aws.Target, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(m.SendTimeout, sendTimeout))
	defer cancel()
	var t aws.Target
	for _, wait := range pauses {
		err := pause(ctx, wait)
		if err != nil {
			return before, false, err
		}
		if t, err = m.Client.Target(ctx, gatewayID, before.ID); errors.Is(err, aws.ErrNotFound) {
			return before, true, nil // it is gone: what there is to see shows when it is followed
		} else if err != nil {
			return before, false, err
		}
		if begun(before, t) {
			return t, true, nil
		}
	}
	return t, false, nil
}

package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// send makes a call that changes a target and has no idempotency token. When
// the answer is lost (a reset, a 5xx), the target is read, and the call is sent
// again only if it shows that nothing has begun. before is the target as read
// before the first attempt. It returns the target as the call, or the read that
// stands in for it, showed it; ctx bounds only the waiting between attempts.
func (m *Manager) send(ctx context.Context, gatewayID string, before aws.Target, call func(context.Context) (aws.Target, error)) (aws.Target, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		t, err := m.bounded(ctx, call)
		if !errors.Is(err, aws.ErrUncertain) {
			return t, err
		}
		// From here on something may have begun: what becomes of it must be known, also
		// when the caller leaves.
		ctx = context.WithoutCancel(ctx)
		m.Log.Warn("no certain answer, reading before sending again", "target", before.Name, "attempt", attempt, "cause", err)
		now, hasBegun, readErr := m.hasBegun(ctx, gatewayID, before)
		switch {
		case readErr != nil:
			return before, fmt.Errorf("%w; whether it has begun could not be read either (%w): look with get_target before trying again", err, readErr)
		case hasBegun:
			return now, nil
		case attempt == attempts:
			return before, fmt.Errorf("%w; after %d attempts nothing has begun, and nothing was changed: try again later", err, attempts)
		}
	}
}

// bounded runs a call to its end even when the caller leaves meanwhile: a call
// cut off in the middle would leave it unknown whether it took effect.
func (m *Manager) bounded(ctx context.Context, call func(context.Context) (aws.Target, error)) (aws.Target, error) {
	if err := ctx.Err(); err != nil {
		return aws.Target{}, fmt.Errorf("nothing was sent: %w", context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(m.SendTimeout, sendTimeout))
	defer cancel()
	return call(ctx)
}

// hasBegun reads whether a change has begun since before was read. One read
// could come too early, ahead of a call that is still on its way, so a second
// one must agree before the answer is no.
func (m *Manager) hasBegun(ctx context.Context, gatewayID string, before aws.Target) (aws.Target, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(m.SendTimeout, sendTimeout))
	defer cancel()
	var t aws.Target
	for _, wait := range []time.Duration{200 * time.Millisecond, time.Second} {
		err := pause(ctx, wait)
		if err != nil {
			return before, false, err
		}
		if t, err = m.Client.Target(ctx, gatewayID, before.ID); err != nil {
			return before, false, err
		}
		if begun(before, t) {
			return t, true, nil
		}
	}
	return t, false, nil
}

package aws

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestObserver(t *testing.T) {
	t0 := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s TargetStatus, synced, updated int) Target {
		return Target{Status: s, LastSynchronizedAt: t0.Add(time.Duration(synced) * time.Second), UpdatedAt: t0.Add(time.Duration(updated) * time.Second)}
	}
	for name, c := range map[string]struct {
		before Target
		polls  []Target
		step   time.Duration // between polls
		end    int           // index of the poll that ends it, -1: none
	}{
		"seen working, then READY twice":       {at("READY", 0, 0), []Target{at("SYNCHRONIZING", 0, 0), at("READY", 0, 0), at("READY", 0, 0)}, time.Second, 2},
		"too fast to be seen working":          {at("READY", 0, 0), []Target{at("READY", 1, 0), at("READY", 1, 0)}, time.Second, 1},
		"an update that was too fast":          {at("READY", 0, 0), []Target{at("READY", 0, 1), at("READY", 0, 1)}, time.Second, 1},
		"the old READY is not the end":         {at("READY", 0, 0), []Target{at("READY", 0, 0), at("READY", 0, 0), at("SYNCHRONIZING", 0, 0), at("READY", 1, 0), at("READY", 1, 0)}, time.Second, 4},
		"the old READY for long is the end":    {at("READY", 0, 0), []Target{at("READY", 0, 0), at("READY", 0, 0), at("READY", 0, 0)}, 6 * time.Second, 2},
		"the old FAILED is not the end":        {at("FAILED", 0, 0), []Target{at("FAILED", 0, 0), at("SYNCHRONIZING", 0, 0), at("FAILED", 0, 0)}, time.Second, 2},
		"READY that flaps":                     {at("FAILED", 0, 0), []Target{at("READY", 0, 0), at("UPDATING", 0, 0), at("READY", 0, 0), at("SYNCHRONIZING", 0, 0), at("READY", 1, 0), at("READY", 1, 0)}, time.Second, 5},
		"a failure at once":                    {at("READY", 0, 0), []Target{at("SYNCHRONIZE_UNSUCCESSFUL", 0, 0)}, time.Second, 0},
		"the same failure again, after a sync": {at("FAILED", 0, 0), []Target{at("FAILED", 0, 1)}, time.Second, 0},
		"pending authorization":                {at("READY", 0, 0), []Target{at("SYNCHRONIZING", 0, 0), at("SYNCHRONIZE_PENDING_AUTH", 0, 0)}, time.Second, 1},
		"an unknown status, twice":             {at("READY", 0, 0), []Target{at("HIBERNATING", 0, 0), at("HIBERNATING", 0, 0)}, time.Second, 1},
		"still working":                        {at("READY", 0, 0), []Target{at("UPDATING", 0, 1), at("UPDATING", 0, 1)}, time.Minute, -1},
	} {
		o, end := Observer{Before: c.before}, -1
		for i, poll := range c.polls {
			if o.Observe(poll, time.Duration(i)*c.step) {
				end = i
				break
			}
		}
		if end != c.end {
			t.Errorf("%s: ended at poll %d, want %d", name, end, c.end)
		}
	}
}

func TestEveryStatusHasAPhase(t *testing.T) {
	for _, s := range TargetStatus("").Values() {
		if PhaseOf(s) == PhaseUnknown {
			t.Errorf("%s: the SDK knows it, this package does not", s)
		}
	}
}

// A read of a wait that hangs ends as one that was not answered, and only that.
func TestBoundedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		if _, err := BoundedRead(t.Context(), hangs); !errors.Is(err, ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a read that hangs: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := BoundedRead(ctx, hangs); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that ends: %v", err)
		}
		if n, err := BoundedRead(t.Context(), func(context.Context) (int, error) { return 7, ErrDenied }); n != 7 || !errors.Is(err, ErrDenied) {
			t.Errorf("a read that is refused: %d, %v", n, err)
		}
	})
}

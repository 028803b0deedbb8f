package gateway

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/aws"
)

// A change is followed as long as AWS has said within the last minute how its target
// stands, however often a read is refused.
func TestFollowOverRefusedReads(t *testing.T) {
	failed := server("UPDATE_UNSUCCESSFUL")
	for name, c := range map[string]struct {
		between time.Duration // of a read that is answered and one that is refused
		want    Outcome
	}{"far apart": {50 * time.Second, Failed}, "too far": {2 * time.Minute, InProgress}} {
		synctest.Test(t, func(t *testing.T) {
			o := &operation{m: &Manager{Log: slog.New(slog.DiscardHandler)}, start: time.Now(), before: server(aws.TargetReady), rested: func() {}}
			o.running = &running{done: make(chan struct{}), listeners: map[chan<- string]bool{}}
			watches := 0
			o.watch = func(ctx context.Context, before aws.Target, report func(aws.Target)) (aws.Target, error) {
				if watches++; watches == 4 {
					return failed, nil
				}
				report(server("UPDATING"))
				return server("UPDATING"), errors.Join(pause(ctx, c.between), errInside)
			}
			if o.follow(t.Context(), Updated); o.change.Outcome != c.want {
				t.Errorf("%s: %s after %d", name, o.change.Outcome, watches)
			}
		})
	}
}

// Ends that somebody is yet to hear are not among those that may be forgotten.
func TestAwaitedEndsAreKept(t *testing.T) {
	m := &Manager{Log: slog.New(slog.DiscardHandler)}
	var all []*flight
	for range mostEnds + 50 {
		r := m.operations.put("x", Caller{Name: "me"}, 0, false)
		r.done, r.listeners = make(chan struct{}), map[chan<- string]bool{}
		all = append(all, &flight{r, r.listen()})
		r.end(Change{Outcome: Failed}, m)
	}
	for _, f := range all {
		f.leave(f.listener, true)
	}
	told := 0
	for ends := m.Unheard(Caller{Name: "me"}); len(ends) > 0; ends = m.Unheard(Caller{Name: "me"}) {
		told += len(ends)
	}
	if told != len(all) {
		t.Errorf("%d of %d are told", told, len(all))
	}
}

// An end that one could not pass on is told again where nobody else has it, also when it
// was forgotten as heard.
func TestUntold(t *testing.T) {
	for _, hearers := range []int{1, 2} {
		m := &Manager{Log: slog.New(slog.DiscardHandler)}
		r := m.operations.put("x", Caller{Name: "me"}, 0, false)
		r.done, r.listeners = make(chan struct{}), map[chan<- string]bool{}
		var waiting []chan string
		for range hearers {
			waiting = append(waiting, r.listen())
		}
		r.end(Change{Outcome: Updated}, m)
		for _, l := range waiting {
			r.leave(l, false)
		}
		m.operations.put("another", Caller{Name: "you"}, 0, false) // which forgets the heard one
		m.operations.untold(r)
		if ends := m.Unheard(Caller{Name: "me"}); (len(ends) == 1) != (hearers == 1) {
			t.Errorf("%d have heard it, one of whom could not pass it on: told again %d times", hearers, len(ends))
		}
	}
}

// A stop says what it leaves that no operation stands for.
func TestStopSaysWhatItLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		m := &Manager{Log: slog.New(slog.NewTextHandler(&log, nil))}
		sent, err := m.operations.send("shop/orders")
		if err != nil {
			t.Fatal(err)
		}
		m.operations.keep(Caller{}, Change{Target: "stock", Outcome: Failed})
		start := time.Now()
		m.Stop(time.Second)
		if took := time.Since(start); took > time.Second+mostSending+stopTime {
			t.Errorf("it took %s", took)
		}
		if text := log.String(); !strings.Contains(text, "is being sent is left to AWS") || !strings.Contains(text, "target=shop/orders") || !strings.Contains(text, "nobody has heard of") || !strings.Contains(text, "target=stock") {
			t.Errorf("log: %s", text)
		}
		sent()
	})
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/aws"
)

func (s *operations) put(id string, c Caller, ended time.Duration, heard bool) *running {
	r := &running{id: id, caller: c, underway: Change{TargetID: "T1"}, heard: heard}
	if ended > 0 {
		r.ended = time.Now().Add(-ended)
	}
	s.add(r)
	return r
}

func TestOperationsAreForgotten(t *testing.T) {
	for name, c := range map[string]struct {
		ended time.Duration // ago; 0 is not at all
		heard bool
		kept  bool
	}{
		"under way":             {0, false, true},
		"ended":                 {time.Minute, false, true},
		"ended almost an hour":  {mostAge - time.Minute, false, true},
		"ended too long ago":    {mostAge + time.Minute, false, false},
		"ended and told":        {time.Second, true, false},
		"under way, if told of": {0, true, true},
	} {
		var s operations
		s.put("one", Caller{}, c.ended, c.heard)
		s.put("two", Caller{}, 0, false)
		if kept := s.all[0].id == "one"; kept != c.kept {
			t.Errorf("%s: kept %t", name, kept)
		}
	}
	var s operations
	for i := range 2 * mostEnds {
		s.put(fmt.Sprint(i), Caller{}, time.Second, false)
	}
	if len(s.all) > mostEnds+1 || s.all[len(s.all)-1].id != fmt.Sprint(2*mostEnds-1) {
		t.Errorf("%d ends are kept, the last is %s", len(s.all), s.all[len(s.all)-1].id)
	}
}

func TestAgain(t *testing.T) {
	me, call := Caller{Name: "me", Call: "sync {}"}, "sync {}"
	for name, c := range map[string]struct {
		caller Caller
		ended  time.Duration
		heard  bool
		asks   Caller
		target string
		joins  bool
	}{
		"the same, under way":      {me, 0, false, me, "T1", true},
		"the same, ended":          {me, time.Second, false, me, "T1", true},
		"the same, ended long ago": {me, toldAgain + time.Second, false, me, "T1", false},
		"the same, told":           {me, time.Second, true, me, "T1", false},
		"another caller":           {me, 0, false, Caller{Name: "you", Call: call}, "T1", false},
		"another call":             {me, 0, false, Caller{Name: "me", Call: "sync {x}"}, "T1", false},
		"another target":           {me, 0, false, me, "T2", false},
		"no call":                  {Caller{Name: "me"}, 0, false, Caller{Name: "me"}, "T1", false},
	} {
		var s operations
		r := s.put("one", c.caller, c.ended, c.heard)
		if got := s.again(c.asks, c.target); (got == r) != c.joins || got != nil && !c.joins {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnheardIsToldOnce(t *testing.T) {
	m := &Manager{}
	m.operations.put("mine", Caller{Name: "me"}, time.Second, false)
	m.operations.put("yours", Caller{Name: "you"}, time.Second, false)
	m.operations.put("running", Caller{Name: "me"}, 0, false)
	if ends := m.Unheard(Caller{Name: "me"}); len(ends) != 1 || ends[0].Operation != "mine" {
		t.Errorf("%+v", ends)
	}
	if ends := m.Unheard(Caller{Name: "me"}); len(ends) != 0 {
		t.Errorf("told again: %+v", ends)
	}
	if !m.Busy() || len(m.left()) != 1 {
		t.Error("what runs is not seen")
	}
}

// What a caller has not heard is kept for them, for an hour, once, and not without
// bound.
func TestKeptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Manager{}
		s, me := &m.operations, Caller{Name: "me", Call: "a"}
		s.keep(me, Change{TargetID: "t", Outcome: Synchronized})
		if m.Busy() || len(m.Unheard(Caller{Name: "you"})) != 0 {
			t.Error("it is under way, or another caller gets it")
		}
		since := func(c Caller, target string, age time.Duration) *running {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.since(c, target, age)
		}
		if r := since(me, "t", time.Second); r == nil || r.ended.IsZero() || since(me, "u", time.Second) != nil || since(Caller{Name: "me", Call: "b"}, "t", time.Second) != nil {
			t.Errorf("got %v", r)
		}
		time.Sleep(toldAgain + time.Second)
		if s.again(me, "t") != nil || since(me, "t", mostAge) == nil {
			t.Error("it is told again for too long, or not kept")
		}
		if ends := m.Unheard(me); len(ends) != 1 || ends[0].Outcome != Synchronized || len(m.Unheard(me)) != 0 {
			t.Errorf("told: %+v", ends)
		}
		for i := range 2 * mostEnds {
			s.keep(me, Change{TargetID: fmt.Sprint(i)})
		}
		if len(s.all) > mostEnds+1 {
			t.Errorf("%d are kept", len(s.all))
		}
		time.Sleep(mostAge + time.Second)
		if s.keep(me, Change{}); len(s.all) != 1 {
			t.Errorf("%d are kept for too long", len(s.all))
		}
	})
}

// An end belongs to those who wait for it; one that comes while the last of them
// leaves is nobody's yet.
func TestWhoHearsAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Manager{Log: slog.New(slog.DiscardHandler)}
		me := Caller{Name: "me"}
		begin := func() *running {
			r := m.operations.put("one", me, 0, false)
			r.done, r.listeners = make(chan struct{}), map[chan<- string]bool{}
			return r
		}
		r := begin()
		answers := make(chan Change, 1)
		go func() {
			c, _ := r.await(t.Context(), time.Now(), time.Hour, Caller{})
			answers <- c
		}()
		synctest.Wait()
		r.end(Change{Outcome: Updated}, m)
		if ends := m.Unheard(me); len(ends) != 0 {
			t.Errorf("it is told to another call: %+v", ends)
		}
		if c := <-answers; c.Outcome != Updated {
			t.Errorf("it is not told to the one that waits: %+v", c)
		}

		r = begin()
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := r.await(ctx, time.Now(), time.Hour, Caller{}); err == nil {
			t.Error("a caller that has left gets an answer")
		}
		r.end(Change{Outcome: Updated}, m)
		if ends := m.Unheard(me); len(ends) != 1 {
			t.Errorf("an end that nobody has waited for: %+v", ends)
		}

		r = begin()
		r.end(Change{Outcome: Updated}, m)
		for range 50 { // whatever the select takes
			if _, err := r.await(ctx, time.Now(), time.Hour, Caller{}); err == nil {
				t.Fatal("a caller that has left has heard the end")
			}
		}
		if ends := m.Unheard(me); len(ends) != 1 {
			t.Errorf("an end that only callers who left have met: %+v", ends)
		}

		// Of two that wait, in either order: one hears it and one leaves, or both leave.
		for name, c := range map[string]struct {
			gone    [2]bool
			unheard int
		}{"hears, leaves": {[2]bool{false, true}, 0}, "leaves, hears": {[2]bool{true, false}, 0}, "both leave": {[2]bool{true, true}, 1}, "both hear": {[2]bool{false, false}, 0}} {
			r = begin()
			both := [2]chan string{make(chan string, 1), make(chan string, 1)}
			r.listeners[both[0]], r.listeners[both[1]] = true, true
			r.end(Change{Outcome: Updated}, m)
			for i, gone := range c.gone {
				if _, heard := r.leave(both[i], gone); heard == gone {
					t.Errorf("%s: %d has heard it: %t", name, i, heard)
				}
			}
			if ends := m.Unheard(me); len(ends) != c.unheard {
				t.Errorf("%s: %d ends are told later", name, len(ends))
			}
		}

		// More than fit one answer are told by the next.
		for i := range mostTold + 1 {
			m.operations.keep(me, Change{TargetID: fmt.Sprint(i)})
		}
		if first, second := m.Unheard(me), m.Unheard(me); len(first) != mostTold || len(second) != 1 {
			t.Errorf("%d, then %d", len(first), len(second))
		}
	})
}

// What is being sent is work, and a stop waits for it.
func TestStopWaitsForWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := Manager{Log: slog.New(slog.DiscardHandler)}
		sent, err := m.operations.send("orders")
		if err != nil || !m.Busy() {
			t.Errorf("it is not sent, %v, or not busy", err)
		}
		time.AfterFunc(3*time.Second, sent)
		time.AfterFunc(time.Second, func() {
			if _, err := m.operations.send("orders"); !errors.Is(err, errStopped) {
				t.Errorf("more is sent while it stops: %v", err)
			}
		})
		start := time.Now()
		if m.Stop(0); time.Since(start) != 3*time.Second || m.Busy() {
			t.Errorf("stopped after %s, busy %t", time.Since(start), m.Busy())
		}
	})
}

// The ways back are bounded, and of them the last is there.
func TestMovesAreBounded(t *testing.T) {
	var s operations
	for i := range 3 * mostEnds {
		s.move(fmt.Sprint(i), "https://h.example/mcp")
		if _, ok := s.endpoint(fmt.Sprint(i)); !ok || len(s.moved) > mostEnds {
			t.Fatalf("%d: %t, %d are kept", i, ok, len(s.moved))
		}
	}
}

// A call on a target that is made twice at once has one turn after the other, and no
// other call waits.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s operations
		mine := Caller{Name: "me", Call: "a"}
		turn := func(ctx context.Context, name string) func() {
			release, err := s.turn(ctx, name)
			if err != nil {
				t.Errorf("%q: %v", name, err)
				return func() {}
			}
			return release
		}
		release := turn(t.Context(), mine.on("T1"))
		start := time.Now()
		for _, other := range []string{Caller{Name: "me", Call: "b"}.on("T1"), Caller{Name: "you", Call: "a"}.on("T1"), mine.on("T2"), Caller{Name: "me"}.on("T1"), ""} {
			turn(t.Context(), other)()
		}
		if time.Since(start) != 0 {
			t.Error("another call waits")
		}
		waited := make(chan time.Duration, 2)
		for range 2 {
			go func() {
				defer turn(t.Context(), mine.on("T1"))()
				waited <- time.Since(start)
				time.Sleep(time.Second)
			}()
		}
		time.Sleep(time.Second)
		release()
		if first, second := <-waited, <-waited; first != time.Second || second != 2*time.Second {
			t.Errorf("waited %s, %s", first, second)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		defer turn(t.Context(), mine.on("T1"))()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.turn(ctx, mine.on("T1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the wait does not end with its caller: %v", err)
		}
	})
}

// Ends are bounded for each caller and for all, and those that were heard do not count.
func TestBoundsOfEnds(t *testing.T) {
	var s operations
	s.put("yours", Caller{Name: "you"}, time.Second, false)
	for range mostEnds + 50 {
		s.put("mine", Caller{Name: "me"}, time.Second, false)
	}
	count := map[string]int{}
	for _, r := range s.all {
		count[r.caller.Name]++
	}
	if count["you"] != 1 || count["me"] != mostEnds+1 {
		t.Errorf("kept: %v", count)
	}
	for range mostEnds {
		s.put("heard", Caller{Name: "me"}, time.Second, true)
	}
	if n := len(s.all); n != mostEnds+2 { // the one of you, those of me, and the last, which is not looked at yet
		t.Errorf("heard ones displace others: %d are kept", n)
	}
	for i := range mostAllEnds + 50 {
		s.put("theirs", Caller{Name: fmt.Sprint(i)}, time.Second, false)
	}
	if n := len(s.all); n != mostAllEnds+1 {
		t.Errorf("%d of all callers are kept", n)
	}
}

// Before a change is sent again, its target is read for as long as a wait takes reads
// to be old.
func TestReadsBeforeNo(t *testing.T) {
	sum := func(pauses []time.Duration) (all time.Duration) {
		for _, p := range pauses {
			all += p
		}
		return all
	}
	if all := sum(readsBeforeNo(false)); all != aws.StaleFor {
		t.Errorf("at AWS it is read for %s", all)
	}
	if pauses := readsBeforeNo(true); len(pauses) != 2 || sum(pauses) > 2*time.Second {
		t.Errorf("here it is read after %v", pauses)
	}
}

// That a change has not begun is said where its target was read to the end, and shows
// nothing of it.
func TestNeverBegan(t *testing.T) {
	before := server(aws.TargetReady)
	later := with(before, func(t *aws.Target) { t.UpdatedAt = t.UpdatedAt.Add(time.Second) })
	lost := &lostError{errInside, errInside}
	for name, c := range map[string]struct {
		o    operation
		want bool
	}{
		"nothing of it":        {operation{lost: lost, now: before, change: Change{Outcome: Updated}}, true},
		"it has":               {operation{lost: lost, now: later, change: Change{Outcome: Updated}}, false},
		"it was answered":      {operation{now: before, change: Change{Outcome: Updated}}, false},
		"it could not be read": {operation{lost: lost, now: before, change: Change{Outcome: InProgress}}, false},
	} {
		if c.o.before = before; c.o.neverBegan() != c.want || (c.o.change.Outcome == Failed) != c.want {
			t.Errorf("%s: %+v", name, c.o.change)
		}
	}
}

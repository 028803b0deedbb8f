package gateway

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

func newTestRun() *fleetRun {
	m := &Manager{Log: slog.New(slog.DiscardHandler)}
	return m.newFleetRun(aws.Gateway{Name: "shop"}, Caller{Name: "me", Call: "synchronize_targets {}"}, time.Second)
}

// keep has an end told that nobody has heard.
func (s *operations) keep(caller Caller, c Change) *running {
	r := &running{id: newID(), caller: caller, underway: c, cancel: func() {}, done: make(chan struct{}), answer: c, ended: time.Now(), listeners: map[chan<- string]bool{}}
	close(r.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(r)
	return r
}

// In a snapshot timers stand still, and the clock does not.
func TestEndsAgeInASnapshot(t *testing.T) {
	t.Parallel()
	r := newTestRun()
	s := &r.m.operations
	me := Caller{Name: "me", Call: "synchronize_target {}"}
	kept := s.keep(me, Change{TargetID: "T1", Outcome: Synchronized})
	if s.again(me, "T1") != kept {
		t.Fatal("an end is not told again")
	}
	s.now = func() time.Time { return time.Now().Add(toldAgain + time.Second) }
	if s.again(me, "T1") != nil {
		t.Error("an old end is told as if the call had done it")
	}
	s.now = func() time.Time { return time.Now().Add(mostAge + time.Second) }
	s.keep(Caller{Name: "you"}, Change{TargetID: "T2"})
	if len(s.all) != 1 {
		t.Errorf("%d ends are kept, one of which is too old", len(s.all))
	}
}

// An end that nobody has heard stands for a synchronization for a minute, and is
// told of a target that is skipped for an hour.
func TestLeftOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTestRun()
		r.m.operations.keep(r.leftCaller(), Change{TargetID: "T1", Outcome: Synchronized})
		target := server(aws.TargetReady)
		left := func(r *fleetRun, skipped bool) bool {
			f := r.leftOver(target, skipped)
			if f != nil {
				f.leave(f.listener, true)
			}
			return f != nil
		}
		for _, c := range []struct {
			later          time.Duration
			meant, skipped bool
		}{{0, true, true}, {toldAgain + time.Second, false, true}, {mostAge, false, false}} {
			time.Sleep(c.later)
			if meant, skipped := left(r, false), left(r, true); meant != c.meant || skipped != c.skipped {
				t.Errorf("after %s more: %t, skipped %t", c.later, meant, skipped)
			}
		}
		if left(r.m.newFleetRun(r.g, Caller{Name: "you"}, 0), true) {
			t.Error("another caller gets it")
		}
	})
}

// From the moment in which a call on many meets an end, no other call tells it; and
// it is told later where the caller has gone.
func TestMetEndIsNobodyElses(t *testing.T) {
	r := newTestRun()
	me := Caller{Name: "me"}
	for _, gone := range []bool{true, false} {
		r.m.operations.keep(r.leftCaller(), Change{TargetID: "T1", Outcome: Synchronized, Target: "orders"})
		f := r.leftOver(server(aws.TargetReady), false)
		if f == nil {
			t.Fatal("it is not met")
		}
		r.flights = []*flight{f}
		if ends := r.m.Unheard(me); len(ends) != 0 {
			t.Errorf("told elsewhere: %+v", ends)
		}
		leaveAll([]*fleetRun{nil, r}, gone)
		if ends := r.m.Unheard(me); len(r.flights) != 0 || (len(ends) == 1) != gone {
			t.Errorf("gone %t: then told elsewhere: %+v", gone, ends)
		}
	}
}

// What an operation has ended with is the target's row.
func TestRowOfAnEnd(t *testing.T) {
	tool := []catalog.Tool{{Name: "a", Definition: []byte(`{}`)}}
	page := []catalog.Tool{{Name: "res://a", Definition: []byte(`{}`)}}
	same, unread := compare(catalog.List{}, catalog.List{}), unavailable("no token")
	more, resource := compare(catalog.List{}, catalog.List{Tools: tool}), compare(catalog.List{}, catalog.List{Resources: page})
	unsure, unlisted := same, compare(catalog.List{}, catalog.List{Unlisted: "refused"})
	unsure.unseen = true
	for name, c := range map[string]struct {
		change   Change
		differs  bool
		unread   []string
		resource bool
		unlisted string
	}{
		"same":       {change: Change{Outcome: Synchronized, Tools: &same}},
		"more":       {change: Change{Outcome: Synchronized, Tools: &more}, differs: true},
		"resource":   {change: Change{Outcome: Synchronized, Tools: &resource}, resource: true},
		"unlisted":   {change: Change{Outcome: Synchronized, Tools: &unlisted}, unlisted: "refused"},
		"unread":     {change: Change{Outcome: Synchronized, Tools: &unread}, unread: []string{"gateway shop, orders: no token"}},
		"unsure":     {change: Change{Outcome: Synchronized, Tools: &unsure}, unread: []string{"gateway shop, orders: " + unseenSoFar}},
		"late":       {change: Change{Outcome: Synchronized, Tools: &more, late: "b is missing; "}, differs: true, unread: []string{"gateway shop, orders: b is missing"}},
		"failed":     {change: Change{Outcome: Failed, Tools: &more}},
		"going on":   {change: Change{Outcome: InProgress}},
		"no reading": {change: Change{Outcome: Failed, Tools: &unread}},
	} {
		r := newTestRun()
		c.change.Gateway, c.change.Target, c.change.TargetID, c.change.Status = "shop", "orders", "T1", aws.TargetReady
		row := r.row(c.change, &flight{running: r.m.operations.keep(r.leftCaller(), c.change)})
		if row.Outcome != c.change.Outcome || row.Target != "orders" || row.Gateway != "shop" || (row.Tools != nil) != c.differs || !slices.Equal(r.uncompared(), c.unread) ||
			(r.resources != nil) != c.resource || r.unlisted != c.unlisted {
			t.Errorf("%s: %+v, unread %q, resources %+v, unlisted %q", name, row, r.uncompared(), r.resources, r.unlisted)
		}
	}
	r := newTestRun()
	r.servedErr = errInside
	r.row(Change{Outcome: Synchronized, Target: "orders", Tools: &unread}, &flight{running: r.m.operations.keep(r.leftCaller(), Change{})})
	if told := r.uncompared(); len(told) != 1 || !strings.Contains(told[0], errInside.Error()) {
		t.Errorf("what holds for all is told for each: %q", told)
	}
	if resource.Resources == nil {
		t.Error("the end itself has lost its resources")
	}
}

// Of the gateway's resources the end is told that was compared last.
func TestLatestResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTestRun()
		end := func(uri string) *flight {
			time.Sleep(time.Second)
			tools := compare(catalog.List{}, catalog.List{Resources: []catalog.Tool{{Name: uri, Definition: []byte(`{}`)}}})
			return &flight{running: r.m.operations.keep(r.leftCaller(), Change{Outcome: Synchronized, Tools: &tools})}
		}
		early, late := end("res://early"), end("res://late")
		for _, f := range []*flight{late, early} {
			r.row(f.answer, f)
		}
		if r.resources == nil || r.resources.Added[0].Name != "res://late" {
			t.Errorf("got %+v", r.resources)
		}
	})
}

// A run that cannot go on tells each of its targets once.
func TestAbandonedRun(t *testing.T) {
	r := newTestRun()
	r.queue = []aws.Target{server(aws.TargetReady)}
	r.flights = []*flight{{running: r.m.operations.keep(r.leftCaller(), Change{Target: "sent", Outcome: Synchronized})}}
	r.abandon()
	r.leave(false)
	if len(r.queue) != 0 || len(r.done) != 2 || r.done[0].Outcome != Failed || r.done[1].Target != "sent" || r.done[1].Outcome != Synchronized {
		t.Errorf("got %+v", r.done)
	}
}

// A quota that stands while nothing of ours is at work is told, and one that our own
// work uses up is not.
func TestStandingQuota(t *testing.T) {
	r := newTestRun()
	r.queue = []aws.Target{server(aws.TargetReady)}
	r.slots <- struct{}{}
	for range 2 * mostFull {
		r.refused(errInside)
	}
	<-r.slots
	for i := range mostFull {
		if len(r.queue) != 1 || len(r.done) != 0 {
			t.Fatalf("given up after %d", i)
		}
		r.refused(errInside)
	}
	if len(r.queue) != 0 || len(r.done) != 1 || r.done[0].Outcome != Failed || r.pause > 5*time.Second {
		t.Errorf("%+v, pause %s", r.done, r.pause)
	}
}

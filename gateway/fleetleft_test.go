package gateway

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

func newLeftRun() (*fleetRun, *strings.Builder) {
	var log strings.Builder
	m := &Manager{Log: slog.New(slog.NewTextHandler(&log, nil))}
	return &fleetRun{m: m, g: aws.Gateway{Name: "shop"}, caller: Caller{Name: "me", Call: "synchronize_targets {}"}}, &log
}

// An end that nobody has heard stands for a synchronization for a minute, and is
// told of a target that is skipped for an hour.
func TestLeftOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newLeftRun()
		r.m.operations.keep(r.leftCaller(), Change{TargetID: "T1", Outcome: Synchronized})
		target := server(aws.TargetReady)
		for _, c := range []struct {
			later          time.Duration
			meant, skipped bool
		}{{0, true, true}, {toldAgain + time.Second, false, true}, {mostAge, false, false}} {
			time.Sleep(c.later)
			if meant, skipped := r.leftOver(target, false) != nil, r.leftOver(target, true) != nil; meant != c.meant || skipped != c.skipped {
				t.Errorf("after %s more: %t, skipped %t", c.later, meant, skipped)
			}
		}
		other := fleetRun{m: r.m, caller: Caller{Name: "you"}}
		if other.leftOver(target, true) != nil {
			t.Error("another caller gets it")
		}
	})
}

// What an operation has ended with is the target's row.
func TestHearLeft(t *testing.T) {
	same, unread := compare(catalog.List{}, catalog.List{}), unavailable("no token")
	more := compare(catalog.List{}, catalog.List{Tools: []catalog.Tool{{Name: "a", Definition: []byte(`{}`)}}})
	for name, c := range map[string]struct {
		tools   *ToolChange
		differs bool
		unread  string
	}{
		"same": {&same, false, ""}, "more": {&more, true, ""}, "unread": {&unread, false, "target orders: no token"}, "none": {nil, false, ""},
	} {
		r, _ := newLeftRun()
		r.m.operations.keep(r.leftCaller(), Change{Gateway: "shop", Target: "orders", TargetID: "T1", Outcome: Synchronized, Status: aws.TargetReady, Tools: c.tools})
		if !r.hear(r.leftOver(server(aws.TargetReady), false)) || len(r.done) != 1 || r.leftOver(server(aws.TargetReady), true) != nil {
			t.Fatalf("%s: not heard, or heard again: %+v", name, r.done)
		}
		row := r.done[0]
		if !row.heard || row.Outcome != Synchronized || row.Target != "orders" || row.Gateway != "shop" || (row.Tools != nil) != c.differs || strings.Join(r.unread, "") != c.unread {
			t.Errorf("%s: %+v, unread %q", name, row, r.unread)
		}
	}
	going := &running{done: make(chan struct{})}
	if r, _ := newLeftRun(); r.hear(going) || len(r.done) != 0 {
		t.Error("what goes on was heard")
	}
}

// A caller who leaves is told later of what has ended, and of nothing else.
func TestKeepOfFleet(t *testing.T) {
	r, _ := newLeftRun()
	more := compare(catalog.List{}, catalog.List{Tools: []catalog.Tool{{Name: "a", Definition: []byte(`{}`)}}})
	r.done = []FleetTarget{
		{Target: "skipped", Outcome: Skipped}, {Target: "going", Outcome: InProgress}, {Target: "same", Outcome: Synchronized},
		{Target: "more", Outcome: Synchronized, Tools: &more}, {Target: "failed", Outcome: Failed, StatusReasons: []string{"why"}},
	}
	r.keep()
	ends := r.m.Unheard(Caller{Name: "me"})
	if len(ends) != 3 || ends[0].Target != "same" || ends[0].Next != "no tool is different" || ends[1].Tools != &more || ends[2].Outcome != Failed || ends[2].StatusReasons[0] != "why" {
		t.Errorf("got %+v", ends)
	}
	r.servedErr = errInside
	r.keep()
	if ends := r.m.Unheard(Caller{Name: "me"}); len(ends) != 3 || ends[0].Next != "" || ends[0].Tools.Source != FromNowhere {
		t.Errorf("unread: %+v", ends)
	}
}

// What has stopped carries nothing more to its end, and says so.
func TestNothingIsLeftToAStoppedProcess(t *testing.T) {
	r, log := newLeftRun()
	r.m.Stop(0)
	r.leave(&flight{Observer: aws.Observer{Before: server(aws.TargetReady)}})
	if r.m.Busy() || !strings.Contains(log.String(), "left to AWS") || !strings.Contains(log.String(), "target=orders") {
		t.Errorf("busy %t, log %s", r.m.Busy(), log)
	}
}

func TestCompareOfFleetTarget(t *testing.T) {
	old, now := catalog.List{}, catalog.List{Tools: []catalog.Tool{{Name: "a", Definition: []byte(`{}`)}}}
	earlier := compare(now, old)
	for name, c := range map[string]struct {
		row     FleetTarget
		after   catalog.List
		added   int
		differs bool
	}{
		"other":       {FleetTarget{Outcome: Synchronized}, now, 1, true},
		"same":        {FleetTarget{Outcome: Synchronized}, old, 0, false},
		"failed":      {FleetTarget{Outcome: Failed}, now, 0, false},
		"heard":       {FleetTarget{Outcome: Synchronized, Tools: &earlier, heard: true}, now, 0, true},
		"heard, same": {FleetTarget{Outcome: Synchronized, heard: true}, now, 0, false},
	} {
		c.row.compare(old, c.after)
		if (c.row.Tools != nil) != c.differs || c.differs && len(c.row.Tools.Added) != c.added {
			t.Errorf("%s: %+v", name, c.row.Tools)
		}
	}
}

package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
)

func TestSkips(t *testing.T) {
	since := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(status aws.TargetStatus, when time.Time) aws.Target {
		return with(server(status), func(t *aws.Target) { t.LastSynchronizedAt = when })
	}
	for name, c := range map[string]struct {
		target aws.Target
		since  time.Time
		want   string
	}{
		"ready":                    {server(aws.TargetReady), time.Time{}, ""},
		"failed":                   {server("FAILED"), time.Time{}, ""},
		"a Lambda":                 {with(server(aws.TargetReady), func(t *aws.Target) { t.Type = "LAMBDA" }), time.Time{}, "not an MCP server"},
		"dynamic":                  {with(server(aws.TargetReady), func(t *aws.Target) { t.ListingMode = aws.ListingDynamic }), time.Time{}, "listingMode DYNAMIC: nothing to synchronize"},
		"pending":                  {server("CREATE_PENDING_AUTH"), time.Time{}, "pending authorization"},
		"at work":                  {server("UPDATING"), time.Time{}, ""},
		"being deleted":            {server(aws.TargetDeleting), time.Time{}, "being deleted"},
		"synchronized since":       {at(aws.TargetReady, since.Add(1)), since, "synchronized since 2026-01-01T12:00:00Z"},
		"synchronized just then":   {at(aws.TargetReady, since), since, ""},
		"failed since":             {at("FAILED", since.Add(1)), since, ""},
		"synchronized, never mind": {at(aws.TargetReady, since), time.Time{}, ""},
	} {
		if got := skip(c.target, c.since); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for want, d := range map[string]Drift{
		"":                      {State: Drifted},
		skipPinned:              {State: Drifted, Pinned: true},
		"in sync":               {State: InSync},
		"drift unknown: silent": {State: Unknown, Reason: "silent"},
	} {
		if got := skipDrift(d); got != want {
			t.Errorf("%+v: %q", d, got)
		}
	}
	if got := skipDrift(Drift{State: InSync, Pinned: true}); got != skipPinned {
		t.Error(got)
	}
}

// However long the first row is, it is shown.
func TestShownOf(t *testing.T) {
	long := FleetTarget{StatusReasons: []string{strings.Repeat("x", 6000)}}
	for _, c := range []struct {
		targets []FleetTarget
		want    int
	}{{nil, 0}, {[]FleetTarget{long, long}, 1}, {[]FleetTarget{{}, long}, 1}, {[]FleetTarget{{}, {}}, 2}} {
		if got := shownOf(c.targets); got != c.want {
			t.Errorf("of %d: %d, want %d", len(c.targets), got, c.want)
		}
	}
}

func TestSummarize(t *testing.T) {
	done := func(outcomes ...Outcome) []*fleetRun {
		run := &fleetRun{g: aws.Gateway{Name: "g", ARN: "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/g"}}
		for i, o := range outcomes {
			run.done = append(run.done, FleetTarget{Gateway: "g", Target: fmt.Sprint("t", i), Outcome: o, reason: "in sync"})
		}
		return []*fleetRun{run}
	}
	for name, c := range map[string]struct {
		outcomes []Outcome
		want     Outcome
		next     string
	}{
		"none":         {nil, Unchanged, ""},
		"skipped":      {[]Outcome{Skipped, Skipped}, Unchanged, ""},
		"synchronized": {[]Outcome{Skipped, Synchronized}, Synchronized, ""},
		"one failed":   {[]Outcome{Synchronized, Failed, NeedsAuthorization}, Failed, "fix what statusReasons describes"},
		"one waits":    {[]Outcome{Synchronized, NeedsAuthorization}, NeedsAuthorization, "each authorizationUrl"},
		"one is late":  {[]Outcome{Failed, InProgress, NeedsAuthorization}, InProgress, "1 are not done"},
	} {
		f := summarize(done(c.outcomes...), len(c.outcomes), time.Now(), time.Now(), false)
		if f.Outcome != c.want || !strings.Contains(f.Next, c.next) || c.next == "" && f.Next != "" {
			t.Errorf("%s: %s %q", name, f.Outcome, f.Next)
		}
		if sum := f.Synchronized + f.Failed + f.NeedsAuthorization + f.InProgress + f.Skipped; sum != len(c.outcomes) || f.Total != sum {
			t.Errorf("%s: %d counted of %d", name, sum, f.Total)
		}
	}
	f := summarize(done(Synchronized, NeedsAuthorization, Failed, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped), 9, time.Now(), time.Now(), false)
	if len(f.Targets) != 2 || f.Targets[0].Outcome != Failed || f.Targets[1].Outcome != NeedsAuthorization {
		t.Errorf("worth reading: %+v", f.Targets)
	}
	if len(f.SkippedFor) != 1 || f.SkippedFor[0].Count != 6 || !slices.Equal(f.SkippedFor[0].Targets, []string{"g/t3", "g/t4", "g/t5", "g/t6", "g/t7"}) {
		t.Errorf("skipped: %+v", f.SkippedFor)
	}
	if f.Account != "123456789012" || f.Region != "us-east-1" {
		t.Errorf("account %s, region %s", f.Account, f.Region)
	}
	gone := done(Failed)
	gone[0].done[0].StatusReasons = []string{deletedMeanwhile}
	if f = summarize(gone, 1, time.Now(), time.Now(), false); !strings.Contains(f.Next, "taken its tools along") {
		t.Errorf("of a deleted target: %s", f.Next)
	}
	many := done(slices.Repeat([]Outcome{Failed}, 200)...)
	if f = summarize(many, 200, time.Now(), time.Now(), true); len(f.Targets) != 200 {
		t.Errorf("a program gets %d of 200", len(f.Targets))
	}
	run := done(Synchronized, Synchronized)
	run[0].done[1].Tools = &ToolChange{Added: []ToolView{{Name: "a"}}}
	if f = summarize(run, 2, time.Now(), time.Now(), false); f.Changed != 1 || len(f.Targets) != 1 || f.Targets[0].Target != "t1" {
		t.Errorf("changed: %+v", f)
	}
	many = done(slices.Repeat([]Outcome{Failed}, 200)...)
	if f = summarize(many, 200, time.Now(), time.Now(), false); len(f.Targets) == 0 || len(f.Targets) == 200 || !strings.HasPrefix(f.Next, fmt.Sprintf("%d more targets are worth reading", 200-len(f.Targets))) {
		t.Errorf("%d shown: %s", len(f.Targets), f.Next)
	}
}

func TestMeant(t *testing.T) {
	target := server(aws.TargetReady)
	for _, c := range []struct {
		refs []string
		want bool
	}{{nil, true}, {[]string{"T1"}, true}, {[]string{"x", "orders"}, true}, {[]string{"x"}, false}, {[]string{"order"}, false}} {
		if got := meant(target, c.refs); got != c.want {
			t.Errorf("%q: %t", c.refs, got)
		}
	}
}

func TestFailures(t *testing.T) {
	for o, want := range map[Outcome][2]bool{ // of a change, of a fleet
		Failed: {true, true}, Reverted: {true, false}, InProgress: {false, false}, NeedsAuthorization: {false, false}, Updated: {false, false},
	} {
		if got := [2]bool{Change{Outcome: o}.IsFailure(), Fleet{Outcome: o}.IsFailure()}; got != want {
			t.Errorf("%s: %v", o, got)
		}
	}
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

func server(status aws.TargetStatus) aws.Target {
	return aws.Target{ID: "T1", Name: "orders", Type: aws.TargetMCPServer, Status: status, Endpoint: "https://h.example/mcp"}
}

func with(t aws.Target, change func(*aws.Target)) aws.Target {
	change(&t)
	return t
}

// says checks that an error has a text; "" is for none.
func says(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: error %v, want %q", name, err, want)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		target            aws.Target
		synchronize, edit string
	}{
		"ready":                {server(aws.TargetReady), "", ""},
		"failed":               {server("FAILED"), "", ""},
		"unsuccessful":         {server("UPDATE_UNSUCCESSFUL"), "", ""},
		"a status of tomorrow": {server("RESTING"), "", ""},
		"synchronizing":        {server("SYNCHRONIZING"), "", "until that has ended"},
		"updating":             {server("UPDATING"), "", "until that has ended"},
		"deleting":             {server(aws.TargetDeleting), "is being deleted", "until that has ended"},
		"pending":              {server("UPDATE_PENDING_AUTH"), "a person has given consent, and until", "a person has given consent, and until"},
		"pending with a link":  {with(server("CREATE_PENDING_AUTH"), func(t *aws.Target) { t.AuthorizationURL = "https://a.example" }), "consent at https://a.example", "consent at https://a.example"},
		"a Lambda":             {with(server(aws.TargetReady), func(t *aws.Target) { t.Type = "LAMBDA" }), "of type LAMBDA: only MCP servers", "of type LAMBDA: only an MCP server"},
		"of no type":           {with(server(aws.TargetReady), func(t *aws.Target) { t.Type = "" }), "unknown to this program", "unknown to this program"},
		"pinned":               {with(server(aws.TargetReady), func(t *aws.Target) { t.StaticSchema = true }), "unpin_target_tools", ""},
		"dynamic":              {with(server(aws.TargetReady), func(t *aws.Target) { t.ListingMode = aws.ListingDynamic }), "nothing to synchronize", ""},
	} {
		says(t, name+" to synchronize", refuseSynchronize(c.target), c.synchronize)
		says(t, name+" to update", refuseUpdate(c.target), c.edit)
	}
}

func TestRefuseChanged(t *testing.T) {
	then := time.Date(2026, 1, 1, 12, 0, 3, 0, time.UTC)
	planned := with(server(aws.TargetReady), func(t *aws.Target) { t.UpdatedAt = then })
	says(t, "as it was", refuseChanged(planned, with(planned, func(t *aws.Target) { t.UpdatedAt = then.Local() })), "")
	says(t, "updated", refuseChanged(planned, with(planned, func(t *aws.Target) { t.UpdatedAt = then.Add(6 * time.Second) })), "(updatedAt 12:00:03Z, now 12:00:09Z): nothing was sent")
	says(t, "other status", refuseChanged(planned, with(planned, func(t *aws.Target) { t.Status = "SYNCHRONIZING" })), "changed while this update was prepared")
}

func TestRefuseUnconfirmed(t *testing.T) {
	target := server(aws.TargetReady)
	says(t, "nothing new", refuseUnconfirmed(target, "", nil, false), "")
	says(t, "a new pair", refuseUnconfirmed(target, "a token to elsewhere", nil, false), "would send a token to elsewhere")
	says(t, "a new pair, confirmed", refuseUnconfirmed(target, "a token to elsewhere", nil, true), "")
}

func TestEnded(t *testing.T) {
	late := fmt.Errorf("waiting: %w", context.DeadlineExceeded)
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		status  aws.TargetStatus
		err     error
		left    bool
		want    Outcome
		reasons string
	}{
		"ready":                    {aws.TargetReady, nil, false, Updated, "said"},
		"failed":                   {"FAILED", nil, false, Failed, "said"},
		"unsuccessful":             {"SYNCHRONIZE_UNSUCCESSFUL", nil, false, Failed, "said"},
		"pending":                  {"UPDATE_PENDING_AUTH", nil, false, NeedsAuthorization, "said"},
		"late":                     {"UPDATING", late, false, InProgress, "said"},
		"late, though it is ready": {aws.TargetReady, late, false, InProgress, "said"},
		"the caller left":          {"UPDATING", context.Canceled, true, InProgress, "said"},
		"not readable":             {"UPDATING", broken, false, InProgress, "said|its status could not be read any more: connection reset"},
		"not readable, left":       {"UPDATING", broken, true, InProgress, "said"},
		"deleted":                  {"UPDATING", aws.ErrNotFound, false, Failed, deletedMeanwhile},
		"a status of tomorrow":     {"RESTING", aws.ErrUnknownStatus, false, Failed, "said|unknown status"},
	} {
		target := with(server(c.status), func(t *aws.Target) { t.StatusReasons = []string{"said"} })
		got, reasons := ended(target, c.err, c.left, Updated)
		if got != c.want || strings.Join(reasons, "|") != c.reasons {
			t.Errorf("%s: %s %q, want %s %q", name, got, reasons, c.want, c.reasons)
		}
	}
}

func TestJoinableAndBegun(t *testing.T) {
	then := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	before := with(server(aws.TargetReady), func(t *aws.Target) { t.UpdatedAt, t.LastSynchronizedAt = then, then })
	for name, c := range map[string]struct {
		now             aws.Target
		joinable, begun bool
	}{
		"the same":     {before, false, false},
		"at work":      {with(before, func(t *aws.Target) { t.Status = "SYNCHRONIZING" }), true, true},
		"updated":      {with(before, func(t *aws.Target) { t.UpdatedAt = then.Add(1) }), true, true},
		"synchronized": {with(before, func(t *aws.Target) { t.LastSynchronizedAt = then.Add(1) }), false, true},
		"failed":       {with(before, func(t *aws.Target) { t.Status = "FAILED" }), false, true},
	} {
		if joinable(before, c.now) != c.joinable || begun(before, c.now) != c.begun {
			t.Errorf("%s: joinable %t, begun %t", name, joinable(before, c.now), begun(before, c.now))
		}
	}
}

func TestWorthAnotherTry(t *testing.T) {
	cold := []string{"x", "Unable to connect to the MCP server: timeout"}
	for name, c := range map[string]struct {
		outcome Outcome
		reasons []string
		left    time.Duration
		want    bool
	}{
		"cold":           {Failed, cold, time.Minute, true},
		"slow start":     {Failed, []string{"Runtime initialization time exceeded"}, time.Minute, true},
		"no tools yet":   {Failed, []string{"the server has no tools"}, time.Minute, true},
		"another reason": {Failed, []string{"Error parsing ClientCredentials response"}, time.Minute, false},
		"no reason":      {Failed, nil, time.Minute, false},
		"no time":        {Failed, cold, leastForAnotherTry, false},
		"just enough":    {Failed, cold, leastForAnotherTry + 1, true},
		"not failed":     {InProgress, cold, time.Minute, false},
	} {
		if got := worthAnotherTry(c.outcome, c.reasons, c.left); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		ending    ending
		onFailure OnFailure
		want      course
	}{
		"well":                                {ending{outcome: Updated}, Revert, standing},
		"well, and others too":                {ending{outcome: Updated, others: true}, Revert, standing},
		"in progress":                         {ending{outcome: InProgress, failed: true, lost: true, others: true}, RevertOnLoss, standing},
		"needs consent":                       {ending{outcome: NeedsAuthorization, lost: true}, RevertOnLoss, standing},
		"failed":                              {ending{outcome: Failed, failed: true}, Revert, reverting},
		"failed by default":                   {ending{outcome: Failed, failed: true}, "", reverting},
		"failed, for loss":                    {ending{outcome: Failed, failed: true}, RevertOnLoss, reverting},
		"failed, to keep":                     {ending{outcome: Failed, failed: true, others: true}, Keep, keeping},
		"failed, others too":                  {ending{outcome: Failed, failed: true, others: true}, Revert, blocked},
		"deleted or unknown":                  {ending{outcome: Failed}, Revert, standing},
		"deleted or unknown, others too":      {ending{outcome: Failed, others: true, overwritten: true}, Revert, standing},
		"lost tools":                          {ending{outcome: Updated, lost: true}, RevertOnLoss, losing},
		"lost tools, and that is fine":        {ending{outcome: Updated, lost: true}, Revert, standing},
		"lost tools to others":                {ending{outcome: Updated, lost: true, others: true}, RevertOnLoss, blocked},
		"lost tools to others, that is fine":  {ending{outcome: Updated, lost: true, others: true}, Revert, standing},
		"overwritten":                         {ending{outcome: Updated, overwritten: true, others: true}, Keep, blocked},
		"overwritten, by whom cannot be told": {ending{outcome: Updated, overwritten: true}, Revert, standing},
		"lost tools with a failure, kept":     {ending{outcome: Failed, failed: true, lost: true}, Keep, keeping},
	} {
		if got := decide(c.ending, c.onFailure); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAfterRevert(t *testing.T) {
	previous := server(aws.TargetReady)
	for name, c := range map[string]struct {
		now  aws.Target
		err  error
		want Outcome
		says string
	}{
		"back":    {previous, nil, Reverted, "why and the previous configuration is back; before the next try: first"},
		"late":    {previous, context.DeadlineExceeded, InProgress, "why; the previous ones are being put back"},
		"failed":  {server("FAILED"), nil, Failed, "with it the target is FAILED now"},
		"pending": {server("UPDATE_PENDING_AUTH"), nil, Failed, "with it the target is UPDATE_PENDING_AUTH now"},
	} {
		got := afterRevert(previous, c.now, c.err)
		if next := nextReverted(got, "why", "first", c.now); got != c.want || !strings.Contains(next, c.says) {
			t.Errorf("%s: %s, %s", name, got, next)
		}
	}
	if next := nextReverted(Failed, "why", "first", previous); !strings.Contains(next, "somebody else has changed the target") {
		t.Error(next)
	}
}

func TestNextBack(t *testing.T) {
	for _, c := range []struct {
		moved, masked, confirm bool
		want                   string
	}{
		{false, true, true, "to go back, call update_target with the values under configuration, before"},
		{true, false, false, "to go back, call update_target_endpoint with endpoint set to previousEndpoint"},
		{true, true, false, "to go back, call update_target_endpoint with the endpoint from before (its hidden values are not shown here)"},
		{true, false, true, `to go back, call update_target_endpoint with endpoint set to previousEndpoint and confirm set to "orders"`},
	} {
		if got := nextBack("orders", c.moved, c.masked, c.confirm); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestNextUpdated(t *testing.T) {
	failed := with(server("FAILED"), func(t *aws.Target) { t.StatusReasons = []string{"Apache transport request failed"} })
	others := []Setting{{Path: "description"}, {Path: "name"}}
	for name, c := range map[string]struct {
		outcome Outcome
		course  course
		want    string
	}{
		"well":    {Updated, standing, "said before"},
		"consent": {NeedsAuthorization, standing, "said before"},
		"late":    {InProgress, standing, "look with get_target until the status is READY; BACK"},
		"deleted": {Failed, standing, "look with get_target; BACK"},
		"kept":    {Failed, keeping, "the target has the new settings and does not work with them: AgentCore cannot reach the endpoint's host: check its name in DNS and that it is public, or use a private endpoint; BACK"},
		"blocked": {Failed, blocked, "somebody else changed the target meanwhile (description, name), and nothing was put back: look with get_target; BACK"},
	} {
		if got := nextUpdated(Change{Outcome: c.outcome, Next: "said before"}, c.course, failed, others, "BACK"); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if why, first := whyRevert(losing, failed); !strings.Contains(why, "lost tools") || !strings.Contains(first, "onFailure revert") {
		t.Error(why, first)
	}
	if why, first := whyRevert(reverting, failed); !strings.Contains(why, "failed (statusReasons)") || !strings.Contains(first, "DNS") {
		t.Error(why, first)
	}
}

func TestNextSynchronized(t *testing.T) {
	for name, c := range map[string]struct {
		outcome Outcome
		joined  bool
		want    string
	}{
		"well":          {Synchronized, false, "said before"},
		"joined":        {Synchronized, true, "this joined work that was already running; said before"},
		"late":          {InProgress, true, "call synchronize_target again with the same arguments to go on waiting"},
		"failed":        {Failed, true, "fix what statusReasons describes; then call synchronize_target again"},
		"needs consent": {NeedsAuthorization, true, "said before"},
	} {
		if got := nextSynchronized(Change{Outcome: c.outcome, Next: "said before"}, server("FAILED"), c.joined); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestNextFor(t *testing.T) {
	changed := []ChangedTool{{Name: "a"}}
	views := []ToolView{{Name: "a"}}
	for name, c := range map[string]struct {
		tools        ToolChange
		served, plan string
	}{
		"the same":  {ToolChange{Source: FromGateway}, "nothing is different", "nothing was changed; GO"},
		"added":     {ToolChange{Source: FromGateway, Added: views}, "must list its tools again to see this", "nothing was changed; GO"},
		"removed":   {ToolChange{Source: FromGateway, Removed: views, Breaking: true}, "some of their calls will not fit any more", "the plan breaks callers"},
		"changed":   {ToolChange{Source: FromGateway, Changed: changed}, "must list its tools again to see this", "nothing was changed; GO"},
		"pinned":    {ToolChange{Source: FromGateway, Reason: pinnedReason}, "nothing is different for callers: " + pinnedReason, "nothing was changed; GO"},
		"not read":  {ToolChange{Source: FromNowhere}, "list_tools would show", "the plan does not know the tools (tools.reason); GO"},
		"half read": {ToolChange{Source: FromUpstream}, "list_tools would show", "nothing was changed; GO"},
	} {
		if got := nextFor(c.tools); !strings.Contains(got, c.served) {
			t.Errorf("%s: %s", name, got)
		}
		if got := nextPlanned(c.tools, "GO"); !strings.Contains(got, c.plan) {
			t.Errorf("the plan of %s: %s", name, got)
		}
	}
}

func TestRemedies(t *testing.T) {
	for _, r := range remedies {
		target := with(server("FAILED"), func(t *aws.Target) { t.StatusReasons = []string{"other", "AWS says: " + r.reason + "."} })
		if got := remedy(target); got != r.fix(target) || got == "" {
			t.Errorf("%s: %s", r.reason, got)
		}
	}
	if got := remedy(server("FAILED")); got != "fix what statusReasons describes" {
		t.Error(got)
	}
}

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
		"at work":                  {server("UPDATING"), time.Time{}, "already in progress"},
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
		f := summarize(done(c.outcomes...), len(c.outcomes), time.Now())
		if f.Outcome != c.want || !strings.Contains(f.Next, c.next) || c.next == "" && f.Next != "" {
			t.Errorf("%s: %s %q", name, f.Outcome, f.Next)
		}
		if sum := f.Synchronized + f.Failed + f.NeedsAuthorization + f.InProgress + f.Skipped; sum != len(c.outcomes) || f.Total != sum {
			t.Errorf("%s: %d counted of %d", name, sum, f.Total)
		}
	}
	f := summarize(done(Synchronized, NeedsAuthorization, Failed, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped), 9, time.Now())
	if len(f.Targets) != 2 || f.Targets[0].Outcome != Failed || f.Targets[1].Outcome != NeedsAuthorization {
		t.Errorf("worth reading: %+v", f.Targets)
	}
	if len(f.SkippedFor) != 1 || f.SkippedFor[0].Count != 6 || !slices.Equal(f.SkippedFor[0].Targets, []string{"g/t3", "g/t4", "g/t5", "g/t6", "g/t7"}) {
		t.Errorf("skipped: %+v", f.SkippedFor)
	}
	if f.Account != "123456789012" || f.Region != "us-east-1" {
		t.Errorf("account %s, region %s", f.Account, f.Region)
	}
	many := done(slices.Repeat([]Outcome{Failed}, 200)...)
	if f = summarize(many, 200, time.Now()); len(f.Targets) == 0 || len(f.Targets) == 200 || !strings.HasPrefix(f.Next, fmt.Sprintf("%d more targets are worth reading", 200-len(f.Targets))) {
		t.Errorf("%d shown: %s", len(f.Targets), f.Next)
	}
}

func TestFew(t *testing.T) {
	names := strings.Split("abcdefghijkl", "")
	for n, want := range map[int]string{0: "", 1: "a", 10: "a, b, c, d, e, f, g, h, i, j", 11: "a, b, c, d, e, f, g, h, i, j and 1 more", 12: "a, b, c, d, e, f, g, h, i, j and 2 more"} {
		if got := few(names[:n]); got != want {
			t.Errorf("%d: %s", n, got)
		}
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

func TestLateList(t *testing.T) {
	tools := func(names ...string) (all []catalog.Tool) {
		for _, name := range names {
			all = append(all, catalog.Tool{Name: name, Definition: []byte(`{}`)})
		}
		return all
	}
	if got := lateList(tools("a", "b"), tools("b", "c", "d")); !strings.Contains(got, "the server offers 3 tools and the gateway serves 2 (missing: c, d; no longer offered: a)") {
		t.Error(got)
	}
	if got := lateList(tools("a"), tools("a", "b")); !strings.Contains(got, "(missing: b; no longer offered: none)") {
		t.Error(got)
	}
}

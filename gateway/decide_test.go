package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/remote"
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

func TestUnread(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {context.DeadlineExceeded, false}, {context.Canceled, false}, {aws.ErrNotFound, false}, {aws.ErrUnknownStatus, false},
		{aws.ErrDenied, true}, {aws.ErrUnreachable, true}, {aws.ErrThrottled, true},
	} {
		if got := unread(fmt.Errorf("GetGatewayTarget: %w", c.err)); c.err != nil && got != c.want || unread(nil) {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}

func TestReadingBefore(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{
		0: 10 * time.Second, 20 * time.Second: 10 * time.Second, DefaultWait: 22500 * time.Millisecond, 80 * time.Second: 40 * time.Second, MaxWait: 40 * time.Second,
	} {
		if got := readingBefore(wait); got != want {
			t.Errorf("of a wait of %s: %s, want %s", wait, got, want)
		}
	}
}

func TestRefuseUnconfirmed(t *testing.T) {
	target := server(aws.TargetReady)
	target.UpdatedAt = time.Unix(1000, 0)
	if u := unconfirmedUpdate(target, asksFor(target, "", "", ""), nil, ""); u != nil {
		t.Errorf("nothing new: %v", u)
	}
	u := unconfirmedUpdate(target, asksFor(target, "a token to elsewhere", "its callers lose it", "privateEndpoint"), nil, "a token")
	for _, want := range []string{"would send a token to elsewhere", "its callers lose it", "privateEndpoint"} {
		if !strings.Contains(u.Error(), want) {
			t.Errorf("%v lacks %q", u, want)
		}
	}
	for name, c := range map[string]struct {
		word Word
		want bool
	}{
		"none":               {Word{}, false},
		"the name":           {Word{Name: target.Name}, true},
		"another name":       {Word{Name: "another"}, false},
		"no name":            {Word{AsOf: target.UpdatedAt, Mark: u.Mark()}, false},
		"a person was asked": {Word{Name: target.Name, AsOf: target.UpdatedAt, Mark: u.Mark()}, true},
		"changed since":      {Word{Name: target.Name, AsOf: target.UpdatedAt.Add(-time.Second), Mark: u.Mark()}, false},
		"asked about else":   {Word{Name: target.Name, AsOf: target.UpdatedAt, Mark: unconfirmedUpdate(target, "another thing", nil, "").Mark()}, false},
		"bound to else":      {Word{Name: target.Name, AsOf: target.UpdatedAt, Mark: unconfirmedTarget(target, "updated", u.Would, "", "https://elsewhere.example.com").Mark()}, false},
	} {
		if got := c.word.agrees(u); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
		if mistaken := strings.Contains(u.Error(), "which is not its name"); mistaken != (c.word.Name == "another") {
			t.Errorf("%s: %v", name, u)
		}
		u.given = ""
	}
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

func TestDeletionEnded(t *testing.T) {
	late := fmt.Errorf("waiting: %w", context.DeadlineExceeded)
	for name, c := range map[string]struct {
		status  aws.TargetStatus
		err     error
		want    Outcome
		reasons string
	}{
		"gone":             {"DELETING", aws.ErrNotFound, Deleted, ""},
		"late":             {"DELETING", late, InProgress, "said"},
		"failed":           {"FAILED", nil, Failed, "said|the target was to be deleted, and is FAILED"},
		"there, and READY": {aws.TargetReady, nil, Failed, "said|the target was to be deleted, and is READY"},
	} {
		target := with(server(c.status), func(t *aws.Target) { t.StatusReasons = []string{"said"} })
		got, reasons := ended(target, c.err, false, Deleted)
		if got != c.want || strings.Join(reasons, "|") != c.reasons {
			t.Errorf("%s: %s %q, want %s %q", name, got, reasons, c.want, c.reasons)
		}
	}
}

// What is refused to our identity says nothing about the gateway's.
func TestRefusedForUs(t *testing.T) {
	none := errors.New("no token")
	ready, failing := server(aws.TargetReady), server("FAILED")
	signed := with(ready, func(t *aws.Target) { t.Credentials = aws.CredentialIAMRole })
	for name, c := range map[string]struct {
		target aws.Target
		token  error
		failed remote.Error
		want   bool
	}{
		"401 with a token":          {ready, nil, remote.Error{Kind: remote.KindHTTP, Status: 401}, false},
		"401 without":               {ready, none, remote.Error{Kind: remote.KindHTTP, Status: 401}, true},
		"403 without":               {ready, none, remote.Error{Kind: remote.KindHTTP, Status: 403}, true},
		"500 without":               {ready, none, remote.Error{Kind: remote.KindHTTP, Status: 500}, false},
		"not sent":                  {ready, none, remote.Error{Kind: remote.KindConnect}, true},
		"no such host":              {ready, none, remote.Error{Kind: remote.KindConnect, DNS: true}, false},
		"bad certificate":           {ready, none, remote.Error{Kind: remote.KindConnect, TLS: true}, false},
		"signed by us, refused":     {signed, nil, remote.Error{Kind: remote.KindHTTP, Status: 403}, true},
		"signed by us, broken":      {signed, nil, remote.Error{Kind: remote.KindHTTP, Status: 500}, false},
		"signed, and AWS failed so": {with(signed, func(t *aws.Target) { t.Status = "FAILED" }), nil, remote.Error{Kind: remote.KindHTTP, Status: 403}, false},
		"refused to all":            {failing, nil, remote.Error{Kind: remote.KindHTTP, Status: 403}, false},
	} {
		l := &ladder{f: findings{target: c.target, token: c.token}}
		if got := l.refusedForUs(&c.failed); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestPassing(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no connection":      {&remote.Error{Kind: remote.KindConnect}, true},
		"a list that moves":  {&remote.Error{Kind: remote.KindProtocol, Moved: true}, true},
		"the server's error": {&remote.Error{Kind: remote.KindHTTP, Status: 503}, true},
		"too many requests":  {&remote.Error{Kind: remote.KindHTTP, Status: 429}, true},
		"refused":            {&remote.Error{Kind: remote.KindHTTP, Status: 403}, false},
		"no MCP":             {&remote.Error{Kind: remote.KindProtocol}, false},
		"another":            {errors.New("x"), false},
	} {
		if got := passing(c.err); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWhyFailed(t *testing.T) {
	of := func(status aws.TargetStatus, reasons ...string) string {
		return WhyFailed(with(server(status), func(t *aws.Target) { t.StatusReasons = reasons }))
	}
	if got := of(aws.TargetReady, "The credential provider x does not exist"); got != "" {
		t.Errorf("of one that works: %q", got)
	}
	if got := of("FAILED", "The moon is in the wrong house"); !strings.HasPrefix(got, "diagnose_target") {
		t.Errorf("of an unknown reason: %q", got)
	}
	if got := of("FAILED", "The credential provider x does not exist"); !strings.HasPrefix(got, "the target's credential provider does not exist") || !strings.Contains(got, "diagnose_target") {
		t.Errorf("of a known reason: %q", got)
	}
}

func TestCheckTargetName(t *testing.T) {
	for name, ok := range map[string]bool{
		"orders": true, "orders-2": true, "O": true, strings.Repeat("n", 100): true, strings.Repeat("n", 101): false,
		"": false, "-orders": false, "orders-": false, "or--ders": false, "or_ders": false, "or ders": false, "bücher": false, "orders\n": false,
	} {
		if err := checkTargetName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
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
		"breaks calls":                        {ending{outcome: Updated, breaking: true}, RevertOnBreaking, breaking},
		"breaks calls, and that is fine":      {ending{outcome: Updated, breaking: true}, RevertOnLoss, standing},
		"lost tools, which break":             {ending{outcome: Updated, lost: true, breaking: true}, RevertOnBreaking, losing},
		"breaks calls of others":              {ending{outcome: Updated, breaking: true, others: true}, RevertOnBreaking, blocked},
		"not compared, guarded":               {ending{outcome: Updated, uncompared: true}, RevertOnLoss, unseeing},
		"not compared, guarded, others too":   {ending{outcome: Updated, uncompared: true, others: true}, RevertOnBreaking, blocked},
		"not compared, and that is fine":      {ending{outcome: Updated, uncompared: true}, Revert, standing},
		"not compared, needs consent":         {ending{outcome: NeedsAuthorization, uncompared: true}, RevertOnLoss, standing},
		"failed, not compared":                {ending{outcome: Failed, failed: true, uncompared: true}, RevertOnLoss, reverting},
		"overwritten":                         {ending{outcome: Updated, overwritten: true, others: true}, Keep, blocked},
		"overwritten, by whom cannot be told": {ending{outcome: Updated, overwritten: true}, Revert, standing},
		"lost tools with a failure, kept":     {ending{outcome: Failed, failed: true, lost: true}, Keep, keeping},
	} {
		if got := decide(c.ending, c.onFailure); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		want := c.ending.outcome
		if c.want == blocked {
			want = Failed
		}
		if got := c.want.outcome(c.ending.outcome); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRefuseBlind(t *testing.T) {
	blind := errors.New("no token")
	for o, want := range map[OnFailure]string{Revert: "", Keep: "", "": "", RevertOnLoss: "onFailure revert_on_loss compares", RevertOnBreaking: "no token; make it readable"} {
		says(t, string(o), refuseBlind(server(aws.TargetReady), o, blind), want)
		says(t, string(o)+", readable", refuseBlind(server(aws.TargetReady), o, nil), "")
	}
}

package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/untrusted"
)

// Question says what is to be diagnosed.
type Question struct {
	Target string           // id, name, or text in the endpoint; "" for what is not READY, or the only target
	Status aws.TargetStatus // only targets with it; "" for any
	Try    Try
}

// Try is a call of a tool by which a target is tried.
type Try struct {
	Tool      string // without the target's prefix; "" for none
	Arguments map[string]any
	Reached   string // see Caller.Reached
}

// Diagnoses are why targets do not work, or how they do.
type Diagnoses struct {
	Verdict string      `json:"verdict"`
	Targets []Diagnosis `json:"targets"`
	// NotAsked are READY, and nobody asked for them by name.
	NotAsked int    `json:"notAsked,omitempty" jsonschema:"targets that are READY and were not looked at"`
	Next     string `json:"next,omitempty"`
}

// mostDiagnosed is how many targets one call looks at: each takes up to ten requests to
// AWS and its server.
const mostDiagnosed = 20

// Diagnose looks for why targets do not work, and changes nothing. The worst come first.
func (m *Manager) Diagnose(ctx context.Context, gateways []aws.Gateway, q Question, progress Progress) (Diagnoses, error) {
	matches, err := m.Match(ctx, gateways, q.Target, q.Status)
	if err != nil {
		return Diagnoses{}, err
	}
	var out Diagnoses
	if q.Target == "" && q.Status == "" {
		out.NotAsked = onlyAiling(matches)
	}
	var work []func(Progress) Diagnosis
	for _, of := range matches {
		served := sync.OnceValues(func() (catalog.List, error) { return m.served(ctx, of.Gateway) })
		for _, t := range of.Targets {
			work = append(work, func(progress Progress) Diagnosis { return m.diagnose(ctx, of.Gateway, t, served, q.Try, progress) })
		}
	}
	if q.Try.Tool != "" && len(work) != 1 {
		return Diagnoses{}, fmt.Errorf("a tool is called at one target: %d are meant here; give target, an id or name", len(work))
	}
	if len(work) == 1 {
		d := work[0](progress)
		out.Verdict, out.Targets = d.Verdict, []Diagnosis{d}
		return out, nil
	}
	out.Targets = m.several(work, progress)
	out.sumUp(len(work), q)
	return out, nil
}

// onlyAiling leaves out what is READY where something else is asked about, and counts
// it: a single target is what is meant.
func onlyAiling(matches []Matches) (ready int) {
	all := 0
	for _, of := range matches {
		all += len(of.Targets)
	}
	if all == 1 {
		return 0
	}
	for i := range matches {
		before := len(matches[i].Targets)
		matches[i].Targets = slices.DeleteFunc(matches[i].Targets, func(t aws.Target) bool { return aws.PhaseOf(t.Status) == aws.PhaseReady })
		ready += before - len(matches[i].Targets)
	}
	return ready
}

// several makes the first of the diagnoses, a few at a time, and keeps of their checks
// those that failed. One that panics hides no other.
func (m *Manager) several(work []func(Progress) Diagnosis, progress Progress) []Diagnosis {
	work = work[:min(len(work), mostDiagnosed)]
	all := make([]Diagnosis, len(work))
	var (
		group errgroup.Group
		mu    sync.Mutex
		done  int
	)
	group.SetLimit(5)
	for i, diagnose := range work {
		group.Go(func() error {
			defer m.rescue("a diagnosis", func() {
				all[i] = Diagnosis{Verdict: errInside.Error(), Cause: NotKnown}
			})
			d := diagnose(nil)
			d.Checks = slices.DeleteFunc(d.Checks, func(c Check) bool { return c.Result != CheckFailed && c.Result != CheckDiffers })
			all[i] = d
			mu.Lock()
			defer mu.Unlock()
			done++
			progress.report(float64(done), float64(len(work)), fmt.Sprintf("%s: %s", d.Target, d.Cause))
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	slices.SortStableFunc(all, func(a, b Diagnosis) int { return a.rank() - b.rank() })
	return all
}

// rank is lower for what needs somebody.
func (d Diagnosis) rank() int {
	switch d.Cause {
	case Healthy, Filtered:
		return 2
	case AtWork, Unseen, OutOfDate:
		return 1
	}
	return 0
}

// sumUp says how it stands, of as many targets as were meant.
func (out *Diagnoses) sumUp(meant int, q Question) {
	if meant == 0 {
		out.Verdict = fmt.Sprintf("nothing to diagnose: all %d targets are READY", out.NotAsked)
		if q.Target != "" || q.Status != "" || out.NotAsked == 0 {
			out.Verdict = "nothing to diagnose: there is no such target"
		}
		out.Next = "name a target that is READY to have it looked at, or compare all with check_drift"
		return
	}
	causes := map[Cause]int{}
	for _, d := range out.Targets {
		causes[d.Cause]++
	}
	var parts []string
	for _, c := range slices.SortedFunc(maps.Keys(causes), func(a, b Cause) int { return strings.Compare(string(a), string(b)) }) {
		parts = append(parts, fmt.Sprintf("%d %s", causes[c], c))
	}
	out.Verdict = fmt.Sprintf("%d targets: %s", len(out.Targets), strings.Join(parts, ", "))
	out.Next = "each target has its own verdict and remedy; with target set, all checks are shown"
	if left := meant - len(out.Targets); left > 0 {
		out.Next = fmt.Sprintf("%d more targets are meant and were not looked at: narrow with gateway, target or status; ", left) + out.Next
	}
}

// mostAnswered is how much of a tool's answer is shown.
const mostAnswered = 300 // characters

// call tries the target with a call of one of its tools through the gateway, which is
// the way that an agent's calls take. Only a tool that says of itself that it changes
// nothing is called.
func (l *ladder) call(ctx context.Context) {
	if l.try.Tool == "" {
		return
	}
	tool, _ := strings.CutPrefix(l.try.Tool, catalog.Join(l.f.target.Name, ""))
	i := slices.IndexFunc(l.mine, func(t catalog.Tool) bool { return t.Name == tool })
	switch {
	case l.f.served != nil:
		l.tell("call", CheckSkipped, "what the gateway serves is not known")
		return
	case l.m.leadsHere(l.f.target, l.try.Reached):
		l.tell("call", CheckSkipped, "the target leads to this very server, which does not call itself")
		return
	case i < 0:
		l.tell("call", CheckSkipped, "the gateway serves no tool of the target with the name "+asked(tool)+orNamed(l.mine))
		return
	case !readsOnly(l.mine[i]):
		l.tell("call", CheckSkipped, fmt.Sprintf("%s was not called: only a tool whose annotations have readOnlyHint true is, and its do not", quote(tool)))
		return
	}
	transport, err := l.m.Transport(l.g)
	if err != nil {
		l.tell("call", CheckSkipped, err.Error())
		return
	}
	revision, err := remote.Revision(l.g.Revisions)
	if err != nil {
		l.tell("call", CheckSkipped, err.Error())
		return
	}
	reader := remote.Reader{Transport: transport, ProtocolVersion: revision, MaxBytes: 4 << 20, Timeout: readServed, Secrets: l.m.Secrets}
	text, isError, err := reader.Call(ctx, l.g.URL, catalog.Join(l.f.target.Name, tool), l.try.Arguments)
	switch failed := (*remote.Error)(nil); {
	case err != nil && errors.As(err, &failed):
		l.f.called = failed.Err
		l.tell("call", CheckFailed, failed.Err.Error())
	case err != nil:
		l.tell("call", CheckSkipped, err.Error())
	case isError:
		l.f.called = errors.New(untrusted.Quote(text, mostAnswered))
		l.tell("call", CheckFailed, "it answers with an error: "+untrusted.Quote(text, mostAnswered))
	default:
		l.tell("call", CheckOK, "it answers: "+untrusted.Quote(text, mostAnswered))
	}
}

// orNamed says which tools there are, a few of them.
func orNamed(tools []catalog.Tool) string {
	if len(tools) == 0 {
		return ""
	}
	var names []string
	for _, t := range tools {
		names = append(names, untrusted.Within(t.Name, 60))
	}
	return ": there are " + few(names)
}

// readsOnly reports whether a tool says of itself that it changes nothing, in the very
// words of MCP: a client that reads them otherwise would take it for another.
func readsOnly(t catalog.Tool) bool {
	var definition, annotations map[string]json.RawMessage
	if json.Unmarshal(t.Definition, &definition) != nil || json.Unmarshal(definition["annotations"], &annotations) != nil {
		return false
	}
	var reads, destroys bool
	_ = json.Unmarshal(annotations["readOnlyHint"], &reads) // false where it is none
	_ = json.Unmarshal(annotations["destructiveHint"], &destroys)
	return reads && !destroys
}

package tools_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// diagnosed is the diagnosis of one target, whose verdict comes first.
func (b *bench) diagnosed(target string) gateway.Diagnosis {
	b.t.Helper()
	d := must[tools.DiagnosisReport](b, "diagnose_target", map[string]any{"target": target})
	if len(d.Targets) != 1 || d.Verdict != d.Targets[0].Verdict {
		b.t.Fatalf("not one diagnosis: %s", indented(d))
	}
	return d.Targets[0]
}

// Each fault is planted, and the first sentence names it.
func TestDiagnosis(t *testing.T) {
	t.Parallel()
	for _, cause := range slices.Sorted(maps.Keys(faults)) {
		for i, plant := range faults[cause] {
			t.Run(fmt.Sprintf("%s/%d", cause, i), func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				plant(s)
				o := &onlooker{cloud: s.cloud}
				before := o.counts()
				calls := s.cloud.Calls("SynchronizeGatewayTargets") + s.cloud.Calls("UpdateGatewayTarget")
				d := s.diagnosed(tutorial.Target)
				o.calledNoMore(t, before)
				if d.Cause != cause {
					t.Errorf("it is said to be %s: %s", d.Cause, indented(d))
				}
				if provider := slices.IndexFunc(d.Checks, func(c gateway.Check) bool { return c.Name == "provider" }); cause == gateway.ProviderMissing && d.Checks[provider].Result != gateway.CheckFailed {
					t.Errorf("the provider's check: %+v", d.Checks[provider])
				}
				if i := slices.IndexFunc(d.Checks, func(c gateway.Check) bool { return c.Name == "gateway" }); cause == gateway.OutOfDate && d.Checks[i].Result != gateway.CheckDiffers {
					t.Errorf("the gateway's check: %+v", d.Checks[i])
				}
				if d.Verdict == "" || len(d.Checks) == 0 {
					t.Errorf("it says nothing: %+v", d)
				}
				if after := s.cloud.Calls("SynchronizeGatewayTargets") + s.cloud.Calls("UpdateGatewayTarget"); after != calls {
					t.Error("it has changed something")
				}
				if text := indented(d); strings.Contains(text, s.world.Secret) || strings.Contains(text, s.world.RuntimeSecret) || strings.Contains(text, "eyJ") {
					t.Errorf("a secret is in the answer: %s", text)
				}
			})
		}
	}
}

var blind = flag.Int("diagnose.blind", 30, "how many faults are planted at random")

// Faults that are planted at random are told apart.
func TestDiagnosisBlind(t *testing.T) {
	t.Parallel()
	type pair struct{ planted, said gateway.Cause }
	var (
		mu       sync.Mutex
		confused = map[pair]int{}
		right    int
	)
	causes := slices.Sorted(maps.Keys(faults))
	var work errgroup.Group
	work.SetLimit(8)
	for seed := range *blind {
		work.Go(func() error {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(seed), 11))
				planted := causes[rng.IntN(len(causes))]
				plants := faults[planted]
				s := newScene(t)
				plants[rng.IntN(len(plants))](s)
				d := s.diagnosed(tutorial.Target)
				mu.Lock()
				defer mu.Unlock()
				if confused[pair{planted, d.Cause}]++; planted == d.Cause {
					right++
				}
			})
			return nil
		})
	}
	_ = work.Wait() // none fails
	for _, planted := range causes {
		for _, said := range causes {
			if n := confused[pair{planted, said}]; n > 0 {
				t.Logf("%5d %s is said to be %s", n, planted, said)
			}
		}
	}
	if right*100 < *blind*98 {
		t.Errorf("%d of %d are right", right, *blind)
	}
}

// get_target names the cause that AWS's reasons have, and where to look closer.
func TestTargetSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if got := must[tools.TargetDetails](s.bench, "get_target", map[string]any{"target": tutorial.Target}); got.Next != "" {
		t.Errorf("of a target that works: %q", got.Next)
	}
	faults[gateway.TokenRefused][0](s)
	got := must[tools.TargetDetails](s.bench, "get_target", map[string]any{"target": tutorial.Target})
	if !strings.HasPrefix(got.Next, "the issuer refuses the credential provider's client") || !strings.Contains(got.Next, "diagnose_target") {
		t.Errorf("next: %q", got.Next)
	}
}

// docs/diagnosis.md has what a diagnosis knows.
func TestDiagnosisDocument(t *testing.T) {
	const path = "../docs/diagnosis.md"
	var doc strings.Builder
	doc.WriteString("# Diagnosis\n\nWhat `diagnose_target` tells apart, generated from its own list: `go test ./tools -run DiagnosisDocument -update`. Tested means that a test plants it in the local AgentCore, and the answer must name it.\n\n")
	doc.WriteString("It looks at the target's status and reasons, the form of its endpoint and the runtime that this names, its credential provider, whether a credential is issued now (never the credential), what the server answers, and what the gateway serves. It asks only the endpoint that the target has, and changes nothing. Without `target` it looks at what is not READY, or at the only target there is, over one gateway or several (`gateway: *`), twenty targets a call; a text of an endpoint or a runtime's ARN means all targets that have it there. With `tool` (and `arguments`) it also calls that tool through the gateway, if the tool's annotations say `readOnlyHint`: that takes one target. What it cannot look at from here is skipped, and says why: without `--workload-identity` no credential is asked for.\n\n")
	doc.WriteString("| cause | what it means | what to do | in AWS's reasons | tested |\n|---|---|---|---|---|\n")
	for _, k := range gateway.Causes() {
		tested, reasons := "", ""
		if len(faults[k.Cause]) > 0 {
			tested = "yes"
		}
		for i, r := range k.Reasons {
			if i > 0 {
				reasons += ", "
			}
			reasons += fmt.Sprintf("%q", r)
		}
		fmt.Fprintf(&doc, "| `%s` | %s | %s | %s | %s |\n", k.Cause, k.Means, k.Remedy(aws.Target{}), reasons, tested)
	}
	if *update {
		if err := os.WriteFile(path, []byte(doc.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have, err := os.ReadFile(path); err != nil || string(have) != doc.String() {
		t.Errorf("%s is not what the list gives (%v): go test ./tools -run DiagnosisDocument -update", path, err)
	}
}

func indented(value any) string {
	text, _ := json.MarshalIndent(value, "", " ")
	return string(text)
}

// What check_drift cannot compare it tells in the words of a diagnosis.
func TestDriftUnknownIsToldAsDiagnosed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.answer(http.StatusInternalServerError, "text/plain", "boom")
	d := must[tools.DriftReport](s.bench, "check_drift", nil)
	if d.Unknown != 1 || !strings.Contains(d.Targets[0].Reason, "the server fails (HTTP 5xx)") || !strings.Contains(d.Targets[0].Reason, "diagnose_target") {
		t.Errorf("got %s", indented(d))
	}
}

// Without a target, one call looks at what is not READY, over gateways; the worst first,
// with one verdict for all.
func TestDiagnoseSeveral(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	must[gateway.GatewayChange](s.bench, "create_gateway", map[string]any{"name": "other", "roleArn": gatewayRole, "authorizer": "NONE", "confirm": "other"})
	for _, name := range []string{"plain", "second"} {
		must[gateway.Change](s.bench, "create_target", map[string]any{"gateway": "other", "name": name, "endpoint": s.url})
	}
	names := func(arguments map[string]any) (string, []string) {
		t.Helper()
		d := must[tools.DiagnosisReport](s.bench, "diagnose_target", arguments)
		var names []string
		for _, one := range d.Targets {
			names = append(names, one.Gateway+"/"+one.Target)
		}
		return d.Verdict, names
	}
	if verdict, got := names(map[string]any{"gateway": "*"}); len(got) != 0 || verdict != "nothing to diagnose: all 3 targets are READY" {
		t.Errorf("all are READY: %s %q", verdict, got)
	}
	if verdict, got := names(map[string]any{"gateway": tutorial.Gateway}); len(got) != 1 || !strings.HasPrefix(verdict, "the target works") {
		t.Errorf("the only target is READY: %s %q", verdict, got)
	}
	s.answer(http.StatusInternalServerError, "text/plain", "boom")
	for _, target := range []map[string]any{{"target": tutorial.Target, "gateway": tutorial.Gateway}, {"target": "plain", "gateway": "other"}} {
		if c := answered[gateway.Change](s.bench, "synchronize_target", target); c.Outcome != gateway.Failed {
			t.Fatalf("got %s", indented(c))
		}
	}
	const first, plain, second = tutorial.Gateway + "/" + tutorial.Target, "other/plain", "other/second"
	arn := "runtime/" + s.runtimeID()
	for name, c := range map[string]struct {
		arguments map[string]any
		verdict   string
		want      []string
	}{
		"those not READY":  {map[string]any{"gateway": "*"}, "2 targets: 2 http_5xx", []string{first, plain}},
		"of one gateway":   {map[string]any{"gateway": "other"}, "the server fails", []string{plain}},
		"the only one":     {map[string]any{"gateway": tutorial.Gateway}, "the server fails", []string{first}},
		"READY, by name":   {map[string]any{"gateway": "*", "target": "second"}, "the server fails", []string{second}},
		"by status":        {map[string]any{"gateway": "*", "status": "READY"}, "the server fails", []string{second}},
		"of a runtime":     {map[string]any{"gateway": "*", "target": arn}, "the server fails", []string{first}},
		"of a host":        {map[string]any{"gateway": "other", "target": s.url}, "2 targets: 2 http_5xx", []string{plain, second}},
		"of a host, READY": {map[string]any{"gateway": "other", "target": s.url, "status": "READY"}, "the server fails", []string{second}},
		"without such one": {map[string]any{"gateway": "*", "status": "CREATING"}, "nothing to diagnose: there is no such target", nil},
	} {
		if verdict, got := names(c.arguments); !strings.HasPrefix(verdict, c.verdict) || !slices.Equal(slices.Sorted(slices.Values(got)), c.want) {
			t.Errorf("%s: %s %q", name, verdict, got)
		}
	}
	refused(s.bench, "diagnose_target", map[string]any{"gateway": "*", "target": "nothing"}, "no target of these 2 gateways", "nothing")
	refused(s.bench, "diagnose_target", map[string]any{"gateway": "other", "target": "plai"}, "did you mean plain")
	refused(s.bench, "diagnose_target", map[string]any{"gateway": "*", "status": "BROKEN"}, "BROKEN", "READY")
	refused(s.bench, "check_drift", map[string]any{"status": "BROKEN", "gateway": "other"}, "BROKEN")
	if d := must[tools.DriftReport](s.bench, "check_drift", map[string]any{"gateway": "*", "target": arn}); d.Unknown != 1 || d.Gateway != tutorial.Gateway {
		t.Errorf("drift of a runtime: %s", indented(d))
	}
	if d := must[tools.DriftReport](s.bench, "check_drift", map[string]any{"gateway": "*", "status": "READY"}); d.Unknown != 1 || d.Targets[0].Target != "second" {
		t.Errorf("drift by status: %s", indented(d))
	}
}

// More targets than one call looks at are counted, and nobody is told that they work.
func TestDiagnoseIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{emulator: emulator.Options{Quotas: emulator.Quotas{Write: -1}}})
	for i := range 24 {
		id := b.newTarget(b.gatewayID, fmt.Sprintf("t%02d", i), b.url)
		if err := b.cloud.SetTarget(b.gatewayID, id, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) { o.Status = types.TargetStatusFailed }); err != nil {
			t.Fatal(err)
		}
	}
	d := must[tools.DiagnosisReport](b, "diagnose_target", nil)
	if len(d.Targets) != 20 || d.NotAsked != 1 || !strings.HasPrefix(d.Next, "4 more targets are meant and were not looked at") {
		t.Errorf("got %d targets, %d not asked: %s", len(d.Targets), d.NotAsked, d.Next)
	}
}

// A target is tried with a call of a tool that changes nothing, by the way that an agent's
// calls take.
func TestDiagnoseCallsATool(t *testing.T) {
	t.Parallel()
	b := newLifeScene(t).bench
	must[gateway.GatewayChange](b, "create_gateway", map[string]any{"name": "other", "roleArn": gatewayRole, "authorizer": "NONE", "confirm": "other"})
	s := newShelf(t).tool("write", "writes")
	var called atomic.Int32
	for name, isError := range map[string]bool{"look": false, "fall": true} {
		s.AddTool(&mcp.Tool{Name: name, Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true}, InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				called.Add(1)
				return &mcp.CallToolResult{IsError: isError, Content: []mcp.Content{&mcp.TextContent{Text: "seen " + string(req.Params.Arguments)}}}, nil
			})
	}
	must[gateway.Change](b, "create_target", map[string]any{"gateway": "other", "name": "shelf", "endpoint": s.url})
	must[gateway.Change](b, "create_target", map[string]any{"gateway": "other", "name": "second", "endpoint": s.url})
	for name, c := range map[string]struct {
		arguments map[string]any
		cause     gateway.Cause
		result    gateway.CheckResult
		says      string
		calls     int32
	}{
		"it answers":                 {map[string]any{"tool": "look", "arguments": map[string]any{"id": 7}}, gateway.Healthy, gateway.CheckOK, `it answers: "seen {\"id\":7}"`, 1},
		"by the gateway's name":      {map[string]any{"tool": "shelf___look"}, gateway.Healthy, gateway.CheckOK, "it answers", 1},
		"it fails":                   {map[string]any{"tool": "fall"}, gateway.CallFails, gateway.CheckFailed, "it answers with an error", 1},
		"it may change something":    {map[string]any{"tool": "write"}, gateway.Healthy, gateway.CheckSkipped, "readOnlyHint", 0},
		"it is not the target's":     {map[string]any{"tool": "getOrder"}, gateway.Healthy, gateway.CheckSkipped, "serves no tool of the target with the name \"getOrder\": there are fall, look", 0},
		"it is another target's own": {map[string]any{"tool": "orders___getOrder"}, gateway.Healthy, gateway.CheckSkipped, "serves no tool", 0},
	} {
		before := called.Load()
		c.arguments["gateway"], c.arguments["target"] = "other", "shelf"
		d := must[tools.DiagnosisReport](b, "diagnose_target", c.arguments).Targets[0]
		last := d.Checks[len(d.Checks)-1]
		if d.Cause != c.cause || last.Name != "call" || last.Result != c.result || !strings.Contains(last.Seen, c.says) || called.Load()-before != c.calls || strings.Contains(d.Verdict, "the tool was not called") != (c.result == gateway.CheckSkipped) {
			t.Errorf("%s: %s, %s, %+v, %d calls", name, d.Cause, d.Verdict, last, called.Load()-before)
		}
	}
	refused(b, "diagnose_target", map[string]any{"gateway": "other", "target": s.url, "tool": "look"}, "a tool is called at one target", "2 are meant")
}

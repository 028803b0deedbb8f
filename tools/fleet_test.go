package tools_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

var fleetLong = flag.Bool("fleet.long", false, "synchronize 1,000 targets in 10 gateways, which takes as long as AWS's quota says: 200 s")

// perGateway is what a gateway can have, and syncRate what AWS takes a second.
const (
	perGateway = 100
	syncRate   = 5
)

// fleet is some gateways full of targets. AWS's quotas for reading, for
// synchronizing and for work at once are on; those for writing are off, to set
// the scene.
type fleet struct {
	*bench
	upstream *upstream // of those that are to be synchronized
	broken   *upstream
	gateways []string
	due      []string            // ids of the targets that a synchronization is for
	skipped  map[string][]string // names, by the reason
	failing  []string            // names
}

func newFleet(t *testing.T, gateways, each int) *fleet {
	t.Helper()
	f := &fleet{skipped: map[string][]string{}, bench: newBench(t, benchOptions{empty: true, emulator: emulator.Options{Quotas: emulator.Quotas{Write: -1}}})}
	f.upstream, f.broken = newUpstream(t, 2), newUpstream(t, 1)
	for i := range gateways {
		f.gateways = append(f.gateways, f.newGateway(fmt.Sprintf("shop-%02d", i)))
	}
	sdk := control.New(control.Options{Region: "us-east-1", BaseEndpoint: &f.front.URL, Credentials: awssdk.AnonymousCredentials{}})
	// A raw client, without our rate. At most five are worked on at once in a
	// gateway: the others come round in turn.
	for n := range each {
		for i, id := range f.gateways {
			f.populate(sdk, id, fmt.Sprintf("target-%02d-%03d", i, n), n)
		}
	}
	f.settle()
	return f
}

// populate makes one target, of a kind that n decides.
func (f *fleet) populate(sdk *control.Client, gatewayID, name string, n int) {
	f.t.Helper()
	server := types.McpServerTargetConfiguration{Endpoint: &f.upstream.url}
	var configuration types.McpTargetConfiguration = &types.McpTargetConfigurationMemberMcpServer{Value: server}
	reason, status := "", types.TargetStatus("")
	switch n % 20 {
	case 1:
		server.McpToolSchema, reason = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: `{"tools":[{"name":"pinned","inputSchema":{"type":"object"}}]}`}, "static"
	case 2:
		server.ListingMode, reason = types.ListingModeDynamic, "DYNAMIC"
	case 3:
		status, reason = types.TargetStatusSynchronizePendingAuth, "pending authorization"
	case 4:
		configuration, reason = &types.McpTargetConfigurationMemberLambda{Value: types.McpLambdaTargetConfiguration{
			LambdaArn: ptr("arn:aws:lambda:us-east-1:123456789012:function:f"), ToolSchema: &types.ToolSchemaMemberInlinePayload{Value: []types.ToolDefinition{{
				Name: ptr("f"), Description: ptr("a function"), InputSchema: &types.SchemaDefinition{Type: types.SchemaTypeObject},
			}}},
		}}, "not an MCP server"
	case 5:
		status, reason = types.TargetStatusDeleting, "being deleted"
	case 6:
		server.Endpoint = &f.broken.url
		f.failing = append(f.failing, name)
	}
	if mcp, ok := configuration.(*types.McpTargetConfigurationMemberMcpServer); ok {
		mcp.Value = server
	}
	in := &control.CreateGatewayTargetInput{GatewayIdentifier: &gatewayID, Name: &name, TargetConfiguration: &types.TargetConfigurationMemberMcp{Value: configuration}}
	if reason == "not an MCP server" {
		in.CredentialProviderConfigurations = []types.CredentialProviderConfiguration{{CredentialProviderType: types.CredentialProviderTypeGatewayIamRole}}
	}
	var out *control.CreateGatewayTargetOutput
	eventually(f.t, "a target may be created", func() bool {
		var err error
		out, err = sdk.CreateGatewayTarget(f.t.Context(), in)
		if full := (*types.ServiceQuotaExceededException)(nil); err != nil && !errors.As(err, &full) { // five of the gateway are in work on a busy machine
			f.t.Fatal(err)
		}
		return err == nil
	})
	switch {
	case status != "":
		f.until(gatewayID, *out.TargetId)
		if err := f.cloud.SetTarget(gatewayID, *out.TargetId, func(o *control.GetGatewayTargetOutput) { o.Status = status }); err != nil {
			f.t.Fatal(err)
		}
	case reason == "":
		f.due = append(f.due, gatewayID+"/"+*out.TargetId)
	}
	if reason != "" {
		f.skipped[reason] = append(f.skipped[reason], name)
	}
}

// until waits until a target is no longer being created.
func (f *fleet) until(gatewayID, targetID string) (o control.GetGatewayTargetOutput) {
	f.t.Helper()
	eventually(f.t, "target "+targetID+" is created", func() bool {
		if err := f.cloud.SetTarget(gatewayID, targetID, func(now *control.GetGatewayTargetOutput) { o = *now }); err != nil {
			f.t.Fatal(err)
		}
		return o.Status != types.TargetStatusCreating
	})
	return o
}

func (f *fleet) settle() {
	f.t.Helper()
	for _, at := range f.due {
		gatewayID, targetID, _ := strings.Cut(at, "/")
		if o := f.until(gatewayID, targetID); o.Status != aws.TargetReady {
			f.t.Fatalf("target %s is %s %q", targetID, o.Status, o.StatusReasons)
		}
	}
}

// syncedSince counts the due targets that have been synchronized after a time.
func (f *fleet) syncedSince(since time.Time) (n int) {
	f.t.Helper()
	for _, at := range f.due {
		gatewayID, targetID, _ := strings.Cut(at, "/")
		if o := f.until(gatewayID, targetID); o.LastSynchronizedAt.After(since) {
			n++
		}
	}
	return n
}

// operations are those that a fleet may call.
var operations = []string{"ListGateways", "GetGateway", "ListGatewayTargets", "GetGatewayTarget", "SynchronizeGatewayTargets", "UpdateGatewayTarget"}

func (f *fleet) calls() (calls []int) {
	for _, operation := range operations {
		calls = append(calls, f.cloud.Calls(operation))
	}
	return calls
}

// Every target is synchronized or skipped with a reason, none twice, at the pace
// that AWS's quota allows.
func TestFleet(t *testing.T) {
	gateways, each := 3, 20
	if *fleetLong {
		gateways, each = 10, perGateway
	} else {
		t.Parallel()
	}
	f := newFleet(t, gateways, each)
	if err := f.upstream.SetTools(3); err != nil {
		t.Fatal(err)
	}
	f.broken.failures.Store(1 << 40)
	f.progress = nil
	before, start := f.calls(), time.Now()
	answer := answered[gateway.Fleet](f.bench, "synchronize_targets", map[string]any{"gateway": "*", "waitSeconds": 900})
	took := time.Since(start)

	total, failing := gateways*each, len(f.failing)
	skipped := 0
	for reason, names := range f.skipped {
		skipped += len(names)
		i := slices.IndexFunc(answer.SkippedFor, func(s gateway.SkipReason) bool { return strings.Contains(s.Reason, reason) })
		if i < 0 || answer.SkippedFor[i].Count != len(names) {
			t.Errorf("%d are to be skipped because of %q: %+v", len(names), reason, answer.SkippedFor)
		}
	}
	sent := len(f.due)
	ok := sent - failing
	if answer.Outcome != gateway.Failed || answer.Total != total || answer.Failed != failing || answer.Skipped != skipped ||
		answer.Synchronized != ok || answer.Changed != ok || answer.InProgress != 0 || f.syncedSince(start) != ok {
		t.Errorf("%d targets, of which %d fail, %d are skipped and %d are to be synchronized: %+v", total, failing, skipped, ok, answer)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	if lower := strings.ToLower(string(text)); strings.Contains(lower, "throttl") || strings.Contains(lower, "rate exceeded") {
		t.Errorf("throttling is reported: %s", text)
	}
	if rest := "more targets are worth reading"; len(text) > 8000 || (len(answer.Targets) < failing+ok) != strings.Contains(answer.Next, rest) {
		t.Errorf("%d bytes with %d of %d targets worth reading, next: %s", len(text), len(answer.Targets), failing+ok, answer.Next)
	}
	eventually(t, "a progress notification for each target", func() bool { return f.progressedBy("target-") == total })
	f.mu.Lock()
	if last := f.progress[len(f.progress)-1]; last.Progress != float64(total) || last.Total != float64(total) || !strings.HasPrefix(last.Message, "target-") {
		t.Errorf("the last progress: %+v", last)
	}
	f.mu.Unlock()

	requests := sent + failing // these fail like a cold start, and are tried again; that a schema is static shows when the target is read, right before
	floor := time.Duration(float64(requests-syncRate) / syncRate * float64(time.Second))
	t.Logf("%d targets in %d gateways, %d requests to synchronize: %.1f s, %.2f times the quota's floor of %.1f s; an answer of %d bytes",
		total, gateways, requests, took.Seconds(), took.Seconds()/floor.Seconds(), floor.Seconds(), len(text))
	for i, n := range f.calls() {
		t.Logf("%5d %-26s %.2f a target", n-before[i], operations[i], float64(n-before[i])/float64(total))
	}
	if n := f.cloud.Calls("SynchronizeGatewayTargets") - before[4]; n != requests {
		t.Errorf("%d requests to synchronize, want %d: some were refused and sent again", n, requests)
	}
	if *fleetLong && took > floor*11/10 {
		t.Errorf("it took %s, more than 1.1 times the quota's floor of %s", took, floor)
	}
}

// answered calls a tool that has to answer with a result, be it of a failure.
func answered[Out any](b *bench, tool string, arguments map[string]any) Out {
	b.t.Helper()
	out, _, failed := call[Out](b, tool, arguments)
	if failed != "" {
		b.t.Fatalf("%s %v: %s", tool, arguments, failed)
	}
	return out
}

// A call that is cut short says how to go on, and the next one does what is
// left, and nothing twice.
func TestFleetGoesOn(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, 1)
	sdk := control.New(control.Options{Region: "us-east-1", BaseEndpoint: &f.front.URL, Credentials: awssdk.AnonymousCredentials{}})
	for n := range 20 {
		f.populate(sdk, f.gateways[n%2], fmt.Sprintf("plain-%02d", n), 0)
	}
	f.settle()
	counted := f.cloud.Calls("SynchronizeGatewayTargets")
	start := time.Now()
	arguments := map[string]any{"gateway": "*", "waitSeconds": 4}
	first := must[gateway.Fleet](f.bench, "synchronize_targets", arguments)
	for range 5 { // a machine may be too slow for one target in 4 s
		if first.Synchronized > 0 || first.Outcome != gateway.InProgress {
			break
		}
		arguments["notSyncedSince"] = first.NotSyncedSince
		first = must[gateway.Fleet](f.bench, "synchronize_targets", arguments)
	}
	if first.Outcome != gateway.InProgress || first.InProgress == 0 || first.Synchronized == 0 || first.Synchronized+first.InProgress+first.Skipped != 22 ||
		!strings.Contains(first.Next, "notSyncedSince "+first.NotSyncedSince.Format(time.RFC3339Nano)) {
		t.Fatalf("the call that is cut short: %+v", first)
	}
	f.settleWork()
	second := must[gateway.Fleet](f.bench, "synchronize_targets", map[string]any{"gateway": "*", "notSyncedSince": first.NotSyncedSince})
	if second.Outcome != gateway.Synchronized || second.Synchronized+second.Skipped != 22 || second.Skipped < first.Synchronized {
		t.Errorf("the call that goes on: %+v", second)
	}
	if n := f.cloud.Calls("SynchronizeGatewayTargets") - counted; n != 22 || f.syncedSince(start) != 22 {
		t.Errorf("%d synchronizations for 22 targets, %d of them are synchronized", n, f.syncedSince(start))
	}
}

// settleWork waits until nothing that was begun is in progress.
func (f *fleet) settleWork() {
	f.t.Helper()
	eventually(f.t, "nothing is in progress", func() bool {
		for _, at := range f.due {
			gatewayID, targetID, _ := strings.Cut(at, "/")
			if aws.PhaseOf(f.until(gatewayID, targetID).Status) == aws.PhaseWorking {
				return false
			}
		}
		return true
	})
}

// Only some of a fleet: those whose servers have changed, or those named.
func TestFleetOfSome(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, 7) // one of each kind, and the first is plain
	f.broken.failures.Store(1 << 40)
	changed := newUpstream(t, 2)
	id := f.newTarget(f.gateways[0], "changed", changed.url)
	if err := changed.SetTools(4); err != nil {
		t.Fatal(err)
	}
	counted := f.cloud.Calls("SynchronizeGatewayTargets")
	drifted := must[gateway.Fleet](f.bench, "synchronize_targets", map[string]any{"onlyDrifted": true})
	if drifted.Synchronized != 1 || drifted.Total != 8 || drifted.Skipped != 7 || len(drifted.Targets) != 1 || drifted.Targets[0].TargetID != id ||
		len(drifted.Targets[0].Tools.Added) != 2 || f.cloud.Calls("SynchronizeGatewayTargets") != counted+1 {
		t.Errorf("only the drifted: %+v", drifted)
	}
	for _, reason := range []string{"in sync", "drift unknown: ", "static schema", "DYNAMIC", "not an MCP server"} {
		if !slices.ContainsFunc(drifted.SkippedFor, func(s gateway.SkipReason) bool { return strings.Contains(s.Reason, reason) && s.Count == 1 }) {
			t.Errorf("none is skipped because of %q: %+v", reason, drifted.SkippedFor)
		}
	}
	named := must[gateway.Fleet](f.bench, "synchronize_targets", map[string]any{"targets": []string{"changed", "target-00-000"}})
	if named.Total != 2 || named.Synchronized != 2 || named.Changed != 0 || f.cloud.Calls("SynchronizeGatewayTargets") != counted+3 {
		t.Errorf("only those named: %+v", named)
	}
	refused(f.bench, "synchronize_targets", map[string]any{"targets": []string{"changed", "chnaged"}}, `no target named "chnaged"`, "nothing was begun")
	refused(f.bench, "synchronize_targets", map[string]any{"gateway": "shop-99"}, "no gateway named", "shop-00")
	if n := f.cloud.Calls("SynchronizeGatewayTargets"); n != counted+3 {
		t.Errorf("%d synchronizations were sent, want 3", n-counted)
	}
}

func TestReadOnlyHasNoFleet(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{tools: tools.Options{ReadOnly: true}})
	list, err := b.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		if strings.HasPrefix(tool.Name, "synchronize") {
			t.Errorf("a read-only server has %s", tool.Name)
		}
	}
}

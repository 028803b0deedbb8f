package tools_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
)

var (
	campaignRuns = flag.Int("campaign.runs", 30, "how many runs the fault campaign has")
	campaignSeed = flag.Uint64("campaign.seed", 0, "do again only the run of the fault campaign with this seed")
)

// Whatever AWS, the network, the upstream server and a rival do: no field of a
// target is lost, no target is left on a configuration that neither answer nor
// log name, no synchronization is lost or doubled, and every answer is true.
func TestFaultCampaign(t *testing.T) {
	first, runs := uint64(1), *campaignRuns
	if *campaignSeed != 0 {
		first, runs = *campaignSeed, 1
	}
	const atOnce = 32 // they mostly wait
	var (
		work  errgroup.Group
		mu    sync.Mutex
		tally = map[string]int{}
	)
	work.SetLimit(atOnce)
	for i := range runs {
		seed := first + uint64(i)
		work.Go(func() error {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				r := newCampaignRun(t, seed)
				defer func() {
					if t.Failed() {
						t.Logf("%s\nagain: go test ./tools -run FaultCampaign -campaign.seed=%d", r, seed)
					}
				}()
				how := r.play()
				mu.Lock()
				defer mu.Unlock()
				tally[how]++
				for fault, n := range r.weather.done {
					tally["fault: "+fault] += n
				}
			})
			return nil
		})
	}
	_ = work.Wait()
	for _, what := range slices.Sorted(maps.Keys(tally)) {
		t.Logf("%5d %s", tally[what], what)
	}
}

// campaignRun is one call of one tool in bad weather.
type campaignRun struct {
	*bench
	rng      *rand.Rand
	weather  *weather
	upstream *upstream
	targets  []string // ids; the calls are about the first, or all
	wait     int      // seconds
	began    time.Time
	before   []state
	served   []string // of the first target, before
	plan     string
}

func (r *campaignRun) String() string { return fmt.Sprintf("%s; %s", r.plan, r.weather) }

func newCampaignRun(t *testing.T, seed uint64) *campaignRun {
	r := &campaignRun{rng: rand.New(rand.NewPCG(seed, 0)), wait: 12}
	r.weather = newWeather(seed, r.rng)
	r.bench = newBench(t, benchOptions{empty: true, between: r.weather.over,
		emulator: emulator.Options{StateDelay: time.Duration(r.rng.IntN(80)) * time.Millisecond, Quotas: emulator.Quotas{Write: -1, Read: -1}}})
	t.Cleanup(r.weather.calm)
	r.gatewayID = r.newGateway("shop")
	r.upstream = newUpstream(t, 2+r.rng.IntN(2))
	for _, name := range []string{"orders", "returns", "stock"} {
		r.targets = append(r.targets, r.newTarget(r.gatewayID, name, r.upstream.url))
	}
	r.targetID = r.targets[0]
	if err := r.cloud.SetTarget(r.gatewayID, r.targetID, furnish); err != nil {
		t.Fatal(err)
	}
	return r
}

// furnish sets every optional setting that a target can have.
func furnish(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
	server := o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer)
	server.Value.ListingMode = types.ListingModeDefault
	credential := o.CredentialProviderConfigurations[0].CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider)
	credential.Value.CustomParameters = map[string]string{"resource": "orders"}
	o.MetadataConfiguration.AllowedQueryParameters = []string{"q"}
	o.MetadataConfiguration.AllowedResponseHeaders = []string{"X-Trace"}
	o.PrivateEndpoint = &types.PrivateEndpointMemberManagedVpcResource{Value: types.ManagedVpcResource{
		VpcIdentifier: ptr("vpc-0123abcd"), SubnetIds: []string{"subnet-0123abcd"}, EndpointIpAddressType: types.EndpointIpAddressTypeIpv4,
	}}
	o.CertificateConfigurations = []types.CertificateConfiguration{&types.CertificateConfigurationMemberSecretsManager{
		Value: types.SecretsManagerCertificateConfiguration{SecretArn: ptr("arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf")},
	}}
}

// state is a target as the local AgentCore has it.
type state struct {
	status   aws.TargetStatus
	synced   time.Time
	endpoint string
	settings map[string]any // without what changes by itself
}

func (r *campaignRun) state(id string) (s state) {
	r.t.Helper()
	var data []byte
	var failed error
	if err := r.cloud.SetTarget(r.gatewayID, id, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		s.status = o.Status
		if o.LastSynchronizedAt != nil {
			s.synced = *o.LastSynchronizedAt
		}
		data, failed = aws.EncodeJSON(o)
	}); err != nil || failed != nil {
		r.t.Fatal(err, failed)
	}
	s.settings = settings(r.t, data)
	s.endpoint, _ = server(s.settings)["endpoint"].(string)
	return s
}

func settings(t testing.TB, data []byte) (all map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, moving := range []string{"status", "createdAt", "updatedAt", "lastSynchronizedAt", "statusReasons", "protocolType"} {
		delete(all, moving)
	}
	return all
}

// server is the part of a target's settings that speaks of its MCP server.
func server(all map[string]any) map[string]any {
	return all["targetConfiguration"].(map[string]any)["mcp"].(map[string]any)["mcpServer"].(map[string]any)
}

// with is a copy of settings after a change.
func with(all map[string]any, change func(map[string]any)) map[string]any {
	data, _ := json.Marshal(all) // they come from JSON
	var other map[string]any
	_ = json.Unmarshal(data, &other)
	change(other)
	return other
}

// play chooses a call and the mischief that goes with it, makes the call, and
// judges what came of it. It returns the tool and its outcome.
func (r *campaignRun) play() string {
	tool := []string{"synchronize_target", "synchronize_target", "synchronize_targets", "update_target_endpoint", "update_target_endpoint",
		"update_target", "pin_target_tools", "unpin_target_tools"}[r.rng.IntN(8)]
	arguments := map[string]any{}
	if tool == "synchronize_targets" {
		r.disturb("")
		return tool + ": " + r.playFleet(arguments)
	}
	arguments["target"] = r.targetID
	if tool == "synchronize_target" {
		r.disturb("")
		return tool + ": " + r.playSynchronize(arguments)
	}
	edit, lossy := r.chooseUpdate(tool, arguments)
	r.disturb([]string{"", "", "", "between the reads", "after the write", "after the write"}[r.rng.IntN(6)])
	return tool + ": " + r.playUpdate(tool, arguments, edit, lossy)
}

// chooseUpdate sets an update's arguments and returns what it does to the
// settings, nil where the server's tools are part of that, and whether the
// gateway loses tools by it.
func (r *campaignRun) chooseUpdate(tool string, arguments map[string]any) (edit func(map[string]any), lossy bool) {
	switch tool {
	case "update_target_endpoint":
		was, tools := len(strings.Fields(r.bench.served("orders"))), 1+r.rng.IntN(4)
		successor := newUpstream(r.t, tools)
		if r.rng.IntN(3) == 0 {
			successor.failures.Store(1 << 30)
		}
		arguments["endpoint"] = successor.url
		return func(all map[string]any) { server(all)["endpoint"] = successor.url }, tools < was
	case "update_target":
		arguments["resourcePriority"], arguments["requestHeaders"] = 9, []string{"X-Shop"}
		return func(all map[string]any) {
			server(all)["resourcePriority"] = 9.0
			all["metadataConfiguration"].(map[string]any)["allowedRequestHeaders"] = []any{"X-Shop"}
		}, false
	case "unpin_target_tools":
		must[gateway.Pinned](r.bench, "pin_target_tools", map[string]any{"target": r.targetID})
		if r.rng.IntN(2) == 0 {
			r.setTools()
		}
		return func(all map[string]any) { delete(server(all), "mcpToolSchema") }, false
	}
	return nil, false
}

// disturb chooses what happens beside the call, and lets the bad weather begin.
func (r *campaignRun) disturb(rival string) {
	status := []types.TargetStatus{types.TargetStatusSynchronizing, types.TargetStatusUpdating}
	var releases []func()
	release := func() {
		for _, f := range releases {
			f()
		}
	}
	stuck, changing := "no", r.rng.IntN(3) == 0
	held := time.Duration(r.rng.IntN(1500)) * time.Millisecond
	switch r.rng.IntN(6) {
	case 0:
		stuck, r.wait = "for ever", 1+r.rng.IntN(2)
	case 1:
		stuck = held.String()
	}
	if stuck != "no" {
		for _, s := range status {
			releases = append(releases, r.cloud.Hold(s))
		}
	}
	if r.rng.IntN(6) == 0 {
		r.upstream.failures.Store(int64(1 + r.rng.IntN(8)))
	}
	r.weather.begun = func() { // in the handler of the first request that took effect
		if changing {
			r.setTools()
		}
		if stuck != "no" && stuck != "for ever" {
			time.AfterFunc(held, release)
		}
	}
	if rival != "" {
		r.weather.rival = func(reads, updates int) bool { return r.interfere(rival, reads, updates) }
	}
	r.plan = fmt.Sprintf("stuck: %s, upstream changes: %t, upstream failures: %d, rival: %q, wait: %d s", stuck, changing, r.upstream.failures.Load(), rival, r.wait)
	for _, id := range r.targets {
		r.before = append(r.before, r.state(id))
	}
	r.served = strings.Fields(r.bench.served("orders"))
	r.weather.release = release
	r.began = time.Now()
	r.weather.arm()
}

func (r *campaignRun) setTools() {
	if err := r.upstream.SetTools(1 + r.rng.IntN(4)); err != nil {
		r.t.Error(err)
	}
}

const rivals = "the rival's"

// interfere is called before each read of a target, with how many reads and
// updates have reached AWS. It writes as soon as it can after the first read, or
// after the first update, and reports whether it has.
func (r *campaignRun) interfere(when string, reads, updates int) bool {
	if when == "between the reads" && reads == 0 || when == "after the write" && (updates == 0 || aws.PhaseOf(r.state(r.targetID).status) == aws.PhaseWorking) {
		return false
	}
	if err := r.cloud.SetTarget(r.gatewayID, r.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.Description, o.UpdatedAt = ptr(rivals), ptr(o.UpdatedAt.Add(time.Second))
	}); err != nil {
		r.t.Error(err)
	}
	return true
}

// calm ends the bad weather and waits until nothing is in progress.
func (r *campaignRun) calm() {
	r.t.Helper()
	r.weather.calm()
	r.upstream.failures.Store(0)
	eventually(r.t, "nothing is in progress", func() bool {
		return !slices.ContainsFunc(r.targets, func(id string) bool { return aws.PhaseOf(r.state(id).status) == aws.PhaseWorking })
	})
}

func (r *campaignRun) playSynchronize(arguments map[string]any) string {
	arguments["waitSeconds"] = r.wait
	c, _, failed := call[gateway.Change](r.bench, "synchronize_target", arguments)
	r.weather.armed.Store(false)
	now, sent := r.state(r.targetID), r.weather.took("SynchronizeGatewayTargets", r.targetID)
	r.short(c)
	r.same("settings", now.settings, r.before[0].settings)
	most := 1
	if c.Retried {
		most = 2
	}
	switch {
	case failed != "":
		r.expect(sent == 0 || uncertain(failed), "%d synchronizations took effect: %s", sent, failed)
		r.t.Log(failed)
		return "error"
	case c.Outcome == gateway.Synchronized:
		r.expect(sent == most && now.status == aws.TargetReady && now.synced.After(r.before[0].synced), "%d took effect, it is %s: %+v", sent, now.status, c)
		r.true(c.Tools)
	case c.Outcome == gateway.Failed:
		r.expect(sent == most && aws.PhaseOf(now.status) == aws.PhaseFailed && len(c.StatusReasons) > 0, "%d took effect, it is %s: %+v", sent, now.status, c)
	case c.Outcome == gateway.InProgress:
		r.expect(sent >= 1 && sent <= most, "%d took effect: %+v", sent, c)
		r.late(c)
		r.calm()
		again := must[gateway.Change](r.bench, "synchronize_target", arguments)
		r.expect(again.Outcome == gateway.Synchronized && r.state(r.targetID).status == aws.TargetReady, "the second call: %+v", again)
		r.true(again.Tools)
	default:
		r.t.Errorf("no such outcome: %+v", c)
	}
	return string(c.Outcome)
}

func (r *campaignRun) playUpdate(tool string, arguments map[string]any, edit func(map[string]any), lossy bool) string {
	onFailure := gateway.OnFailure("").Values()[r.rng.IntN(3)]
	arguments["waitSeconds"], arguments["onFailure"] = r.wait, onFailure
	r.plan += fmt.Sprintf(", onFailure: %s, arguments: %v", onFailure, arguments)
	c, _, failed := call[gateway.Change](r.bench, tool, arguments)
	r.weather.armed.Store(false)
	now, sent := r.state(r.targetID), r.weather.took("UpdateGatewayTarget", r.targetID)
	r.short(c)
	before := r.before[0].settings
	if r.weather.rivalled {
		before = with(before, func(all map[string]any) { all["description"] = rivals })
	}
	if edit == nil { // pinned: what is in the schema is what was served
		schema := server(now.settings)["mcpToolSchema"]
		edit = func(all map[string]any) { server(all)["mcpToolSchema"] = schema }
		if text := fmt.Sprint(schema); schema != nil {
			for _, name := range r.served {
				r.expect(strings.Contains(text, strconv.Quote(name)), "%s is not pinned: %s", name, text)
			}
		}
	}
	after := with(before, edit)
	isOld, isNew := jsonEqual(now.settings, before), jsonEqual(now.settings, after)
	if !isOld && !isNew {
		r.same("settings, neither the old nor the new", now.settings, after)
	}
	if sent > 0 {
		logged := r.logged()
		r.expect(jsonEqual(logged, r.before[0].settings) || jsonEqual(logged, before), "the log does not have the previous configuration: %s", r.log)
	}
	switch {
	case failed != "":
		r.expect(sent == 0 && isOld || uncertain(failed), "%d updates took effect: %s", sent, failed)
		r.t.Log(failed)
		return "error"
	case c.Outcome == gateway.Updated:
		r.expect(sent == 1 && isNew && now.status == aws.TargetReady, "%d took effect, new %t, it is %s: %+v", sent, isNew, now.status, c)
		r.true(c.Tools)
		lost := lossy && c.Tools.Source == gateway.FromGateway && len(c.Tools.Removed) > 0
		r.expect(!lost || onFailure != gateway.RevertOnLoss, "tools were lost: %+v", c)
	case c.Outcome == gateway.Reverted:
		r.expect(sent == 2 && isOld && now.status == aws.TargetReady && onFailure != gateway.Keep, "%d took effect, old %t, it is %s: %+v", sent, isOld, now.status, c)
		if strings.Contains(c.After, "the same tools") {
			r.same("served", r.bench.served("orders"), strings.Join(r.served, " "))
		}
	case c.Outcome == gateway.Failed, c.Outcome == gateway.InProgress:
		r.expect(sent == 1 && isNew || sent == 2 && isOld || strings.Contains(c.Next, "could not be read either"), "%d took effect, old %t, new %t: %+v", sent, isOld, isNew, c)
		if c.Outcome == gateway.InProgress && sent == 1 {
			r.late(c)
		}
		r.expect(c.Next != "", "no way on: %+v", c)
	default:
		r.t.Errorf("no such outcome: %+v", c)
	}
	r.same("endpoint", c.Endpoint, now.endpoint)
	r.same("previous endpoint", c.PreviousEndpoint, r.before[0].endpoint)
	if tool == "update_target_endpoint" && !isOld {
		r.calm()
		back := must[gateway.Change](r.bench, tool, map[string]any{"target": r.targetID, "endpoint": c.PreviousEndpoint})
		r.same("settings after going back", r.state(r.targetID).settings, before)
		r.expect(back.Outcome == gateway.Updated, "going back: %+v", back)
	}
	return string(c.Outcome)
}

func (r *campaignRun) playFleet(arguments map[string]any) string {
	arguments["waitSeconds"] = r.wait
	f, _, failed := call[gateway.Fleet](r.bench, "synchronize_targets", arguments)
	r.weather.armed.Store(false)
	r.short(f)
	sent, synced, unsuccessful := 0, 0, 0
	for i, id := range r.targets {
		now := r.state(id)
		r.same("settings", now.settings, r.before[i].settings)
		n := r.weather.took("SynchronizeGatewayTargets", id)
		r.expect(n <= 1, "%d synchronizations of one target: %+v", n, f)
		sent += n
		if n == 1 && now.status == aws.TargetReady && now.synced.After(r.before[i].synced) {
			synced++
		}
		if aws.PhaseOf(now.status) == aws.PhaseFailed || n == 0 {
			unsuccessful++
		}
	}
	if failed != "" {
		r.expect(sent == 0, "%d took effect: %s", sent, failed)
		return "error"
	}
	r.expect(f.Total == 3 && f.Synchronized+f.Failed+f.InProgress+f.Skipped == 3 && f.Skipped == 0, "counts: %+v", f)
	r.expect(f.Synchronized <= synced && f.Failed <= unsuccessful, "%d are synchronized, %d failed: %+v", synced, unsuccessful, f)
	r.expect(!strings.Contains(strings.ToLower(fmt.Sprintf("%+v", f)), "throttl"), "throttling is reported: %+v", f)
	if f.InProgress > 0 {
		r.calm()
		var most []int // a synchronization that has failed since is due again
		for _, id := range r.targets {
			most = append(most, 1)
			if aws.PhaseOf(r.state(id).status) == aws.PhaseFailed {
				most[len(most)-1]++
			}
		}
		again := must[gateway.Fleet](r.bench, "synchronize_targets", map[string]any{"notSyncedSince": f.NotSyncedSince})
		r.expect(again.InProgress+again.Failed == 0, "the second call: %+v", again)
		for i, id := range r.targets {
			now, n := r.state(id), r.weather.took("SynchronizeGatewayTargets", id)
			r.expect(now.status == aws.TargetReady && now.synced.After(r.before[i].synced) && n >= 1 && n <= most[i], "after the second call: %d took effect, it is %s: %+v", n, now.status, again)
		}
	}
	return string(f.Outcome)
}

// true holds what an answer says of the first target's tools against the gateway.
func (r *campaignRun) true(c gateway.ToolChange) {
	r.t.Helper()
	if c.Source != gateway.FromGateway {
		return
	}
	now := strings.Fields(r.bench.served("orders"))
	r.expect(c.After == len(now) && c.Before+len(c.Added)-len(c.Removed) == c.After, "the gateway serves %q: %+v", now, c)
	for _, tool := range c.Added {
		r.expect(slices.Contains(now, tool.Name), "the gateway does not serve %s: %q", tool.Name, now)
	}
	for _, tool := range c.Removed {
		r.expect(!slices.Contains(now, tool.Name), "the gateway still serves %s: %q", tool.Name, now)
	}
}

// late: what is in progress has had its time, or says why it was given up.
func (r *campaignRun) late(c gateway.Change) {
	r.t.Helper()
	r.expect(c.Seconds >= float64(r.wait)-0.7 || slices.ContainsFunc(c.StatusReasons, func(s string) bool { return strings.Contains(s, "could not be read") }),
		"given up after %.1f of %d s: %+v", c.Seconds, r.wait, c)
}

// short: an answer stays below 2,000 tokens, of about four bytes.
func (r *campaignRun) short(answer any) {
	r.t.Helper()
	data, err := json.Marshal(answer)
	r.expect(err == nil && len(data) < 8000, "an answer of %d bytes, %v", len(data), err)
}

func (r *campaignRun) expect(ok bool, format string, args ...any) {
	r.t.Helper()
	if !ok {
		r.t.Errorf(format, args...)
	}
}

func (r *campaignRun) same(what string, got, want any) {
	r.t.Helper()
	if !jsonEqual(got, want) {
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		r.t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// uncertain: the error says itself that something may have been changed.
func uncertain(failed string) bool { return strings.Contains(failed, "could not be read either") }

var loggedConfiguration = regexp.MustCompile(`configuration=("(?:[^"\\]|\\.)*")`)

// logged is the last configuration that the log has from before an update.
func (r *campaignRun) logged() map[string]any {
	r.t.Helper()
	all := loggedConfiguration.FindAllStringSubmatch(r.log.String(), -1)
	if len(all) == 0 {
		return nil
	}
	text, err := strconv.Unquote(all[len(all)-1][1])
	if err != nil {
		r.t.Fatal(err)
	}
	return settings(r.t, []byte(text))
}

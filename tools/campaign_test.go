package tools_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
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
	t.Parallel()
	// From 371 on even 30 runs meet all kinds of trouble, and none takes long.
	campaign(t, "FaultCampaign", 371, 32, (*campaignRun).play)
}

// campaign plays runs from a first seed on, so many at once: they mostly wait. play
// returns what came of one.
func campaign(t *testing.T, name string, first uint64, atOnce int, play func(*campaignRun) string) {
	runs := *campaignRuns
	if *campaignSeed != 0 {
		first, runs = *campaignSeed, 1
	}
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
						t.Logf("%s\nagain: go test ./tools -run %s -campaign.seed=%d", r, name, seed)
					}
				}()
				how := play(r)
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
	rival    string   // when one writes
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
		arguments["endpoint"], arguments["confirm"] = successor.url, "orders"
		return func(all map[string]any) { server(all)["endpoint"] = successor.url }, tools < was
	case "update_target":
		arguments["resourcePriority"], arguments["requestHeaders"], arguments["confirm"] = 9, []string{"X-Shop"}, "orders"
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
	if r.rival = rival; rival != "" {
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

// asRival is what interfere does, to settings.
func asRival(all map[string]any) { all["description"], server(all)["resourcePriority"] = rivals, 3.0 }

// interfere is called before each read of a target, with how many reads and
// updates have reached AWS. It writes as soon as it can after the first read, or
// after the first update, and reports whether it has.
func (r *campaignRun) interfere(when string, reads, updates int) bool {
	if when == "between the reads" && reads == 0 || when == "after the write" && (updates == 0 || aws.PhaseOf(r.state(r.targetID).status) == aws.PhaseWorking) {
		return false
	}
	if err := r.cloud.SetTarget(r.gatewayID, r.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.Description, o.UpdatedAt = ptr(rivals), ptr(o.UpdatedAt.Add(time.Second))
		o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer).Value.ResourcePriority = ptr[int32](3)
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

// A call that does not wait answers with what AWS said to the change, not with
// what was read before it.
func TestAnswerWithoutWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for _, status := range []types.TargetStatus{types.TargetStatusSynchronizing, types.TargetStatusUpdating} {
		release := b.cloud.Hold(status)
		tool, arguments := "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0}
		if status == types.TargetStatusUpdating {
			tool, arguments["resourcePriority"] = "update_target", 9
		}
		if c := must[gateway.Change](b, tool, arguments); c.Outcome != gateway.InProgress || c.Status != status {
			t.Errorf("%s: got %s, %s, want in_progress, %s", tool, c.Outcome, c.Status, status)
		}
		release()
		if c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"}); c.Outcome != gateway.Synchronized {
			t.Errorf("after %s: %+v", tool, c)
		}
	}
}

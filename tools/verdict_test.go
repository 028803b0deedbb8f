package tools_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

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

func (r *campaignRun) playSynchronize(arguments map[string]any) string {
	arguments["waitSeconds"] = r.wait
	c, _, failed := call[gateway.Change](r.bench, "synchronize_target", arguments)
	r.weather.armed.Store(false)
	r.short(c)
	c = r.end("synchronize_target", arguments, c)
	now, sent := r.state(r.targetID), r.weather.took("SynchronizeGatewayTargets", r.targetID)
	r.same("settings", now.settings, r.before[0].settings)
	most := 1
	if c.Retried {
		most = 2
	}
	switch {
	case failed != "":
		r.expect(sent == 0, "%d synchronizations took effect: %s", sent, failed)
		return "error"
	case c.Outcome == gateway.Synchronized:
		r.expect(sent == most && now.status == aws.TargetReady && now.synced.After(r.before[0].synced), "%d took effect, it is %s: %+v", sent, now.status, c)
		r.true(*c.Tools)
	case c.Outcome == gateway.Failed:
		r.expect(sent == most && aws.PhaseOf(now.status) == aws.PhaseFailed && len(c.StatusReasons) > 0, "%d took effect, it is %s: %+v", sent, now.status, c)
	default:
		r.t.Errorf("no such outcome: %+v", c)
	}
	return string(c.Outcome)
}

// end is how a change ended whose call has answered c. What goes on then may go
// back, or try again, at any moment: it is judged by its end, which the same call
// tells once the weather is calm.
func (r *campaignRun) end(tool string, arguments map[string]any, c gateway.Change) gateway.Change {
	r.t.Helper()
	if c.Outcome != gateway.InProgress {
		return c
	}
	r.late(c)
	r.expect(c.Next != "", "no way on: %+v", c)
	r.calm()
	arguments["waitSeconds"] = 60
	c, _, failed := call[gateway.Change](r.bench, tool, arguments)
	r.expect(failed == "" && c.Outcome != gateway.InProgress, "no end: %s %+v", failed, c)
	return c
}

func (r *campaignRun) playUpdate(tool string, arguments map[string]any, edit func(map[string]any), lossy bool) string {
	onFailure := gateway.OnFailure("").Values()[r.rng.IntN(3)]
	arguments["waitSeconds"], arguments["onFailure"] = r.wait, onFailure
	r.plan += fmt.Sprintf(", onFailure: %s, arguments: %v", onFailure, arguments)
	c, _, failed := call[gateway.Change](r.bench, tool, arguments)
	r.weather.armed.Store(false)
	r.short(c)
	c = r.end(tool, arguments, c)
	now, sent := r.state(r.targetID), r.weather.took("UpdateGatewayTarget", r.targetID)
	before := r.before[0].settings
	if r.weather.rivalled {
		before = with(before, asRival)
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
	overwritten := false
	if r.weather.rivalled && r.rival == "after the write" {
		after = with(after, asRival)
		overwritten = tool == "update_target" // both have set the priority
	}
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
		r.expect(sent == 0 && isOld, "%d updates took effect: %s", sent, failed)
		return "error"
	case c.Outcome == gateway.Updated:
		r.expect(sent == 1 && isNew && !overwritten && now.status == aws.TargetReady, "%d took effect, new %t, it is %s: %+v", sent, isNew, now.status, c)
		r.true(*c.Tools)
		lost := lossy && c.Tools.Source == gateway.FromGateway && len(c.Tools.Removed) > 0
		r.expect(!lost || onFailure != gateway.RevertOnLoss, "tools were lost: %+v", c)
	case c.Outcome == gateway.Reverted:
		r.expect(sent == 2 && isOld && now.status == aws.TargetReady && onFailure != gateway.Keep, "%d took effect, old %t, it is %s: %+v", sent, isOld, now.status, c)
		if strings.Contains(c.After, "the same tools") {
			r.same("served", r.bench.served("orders"), strings.Join(r.served, " "))
		}
	case c.Outcome == gateway.Failed:
		r.expect(sent == 1 && isNew || sent == 2 && isOld, "%d took effect, old %t, new %t: %+v", sent, isOld, isNew, c)
		r.expect(c.Next != "", "no way on: %+v", c)
	default:
		r.t.Errorf("no such outcome: %+v", c)
	}
	r.same("endpoint", c.Endpoint, now.endpoint)
	r.same("previous endpoint", c.PreviousEndpoint, r.before[0].endpoint)
	if tool == "update_target_endpoint" && !isOld {
		r.calm()
		back := must[gateway.Change](r.bench, tool, map[string]any{"target": r.targetID, "endpoint": c.PreviousEndpoint, "confirm": "orders"})
		r.same("settings after going back", r.state(r.targetID).settings, before)
		r.expect(back.Outcome == gateway.Updated, "going back: %+v", back)
	}
	return string(c.Outcome)
}

func (r *campaignRun) playFleet(arguments map[string]any) string {
	arguments["waitSeconds"] = r.wait
	once := 1
	if r.upstream.failures.Load() > 0 { // fails like a cold start, and is tried again
		once = 2
	}
	f, _, failed := call[gateway.Fleet](r.bench, "synchronize_targets", arguments)
	r.weather.armed.Store(false)
	r.short(f)
	sent, synced, unsuccessful := 0, 0, 0
	for i, id := range r.targets {
		now := r.state(id)
		r.same("settings", now.settings, r.before[i].settings)
		n := r.weather.took("SynchronizeGatewayTargets", id)
		r.expect(n <= once, "%d synchronizations of one target: %+v", n, f)
		sent += n
		if n >= 1 && now.status == aws.TargetReady && now.synced.After(r.before[i].synced) {
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
			most = append(most, once)
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

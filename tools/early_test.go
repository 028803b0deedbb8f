package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// However early a call ends, whoever calls beside it and whether the process goes
// on: what the answers together say is what AWS's record and the gateway's list
// show.
func TestEarlyEnds(t *testing.T) {
	t.Parallel()
	campaign(t, "EarlyEnds", 9000, 16, (*campaignRun).playEarly)
}

// told is what one call has been answered.
type told struct {
	gateway.Change
	Earlier []gateway.End
	refusal string // a tool error without an answer, or why there is no answer
	left    bool   // the caller did not wait for it
}

func (r *campaignRun) ask(ctx context.Context, session *mcp.ClientSession, tool string, arguments map[string]any) (a told) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	switch {
	case err != nil:
		a.left, a.refusal = ctx.Err() != nil, err.Error()
		r.expect(a.left, "%s: %v", tool, err)
	case result.StructuredContent == nil:
		a.refusal = result.Content[0].(*mcp.TextContent).Text
	default:
		data, _ := json.Marshal(result.StructuredContent)
		if err := json.Unmarshal(data, &a); err != nil {
			r.t.Error(err)
		}
	}
	return a
}

func (r *campaignRun) playEarly() string {
	how := []string{"short wait", "cancelled", "restarted", "two clients"}[r.rng.IntN(4)]
	tool := []string{"synchronize_target", "update_target_endpoint"}[r.rng.IntN(2)]
	arguments := map[string]any{"target": r.targetID}
	if tool == "update_target_endpoint" {
		r.chooseUpdate(tool, arguments)
	} else if r.rng.IntN(2) == 0 {
		r.setTools()
	}
	wait, leave := r.rng.IntN(6), time.Duration(r.rng.IntN(1500))*time.Millisecond
	r.disturb("")
	r.plan = fmt.Sprintf("%s, %s, wait %d s, leave after %s; %s", how, tool, wait, leave, r.plan)
	early := map[string]any{"waitSeconds": wait}
	for name, value := range arguments {
		early[name] = value
	}

	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	if how == "cancelled" {
		defer time.AfterFunc(leave, cancel).Stop()
	}
	var answers []told
	switch other := r.connect(); how {
	case "two clients":
		var both [2]told
		var calls sync.WaitGroup
		calls.Go(func() { both[0] = r.ask(ctx, r.session, tool, early) })
		calls.Go(func() { both[1] = r.ask(ctx, other, tool, early) })
		calls.Wait()
		answers = both[:]
	default:
		answers = []told{r.ask(ctx, r.session, tool, early)}
	}
	if how == "restarted" {
		r.restart()
	} else {
		r.weather.armed.Store(false)
	}
	r.calm()
	eventually(r.t, "the operations end", func() bool { return !r.manager.Busy() })
	sent := r.weather.took("SynchronizeGatewayTargets", r.targetID) + r.weather.took("UpdateGatewayTarget", r.targetID)

	// The next call, whichever it is, tells what nobody has heard.
	arguments["waitSeconds"] = 60
	last := r.ask(r.t.Context(), r.session, tool, arguments)
	now := r.weather.took("SynchronizeGatewayTargets", r.targetID) + r.weather.took("UpdateGatewayTarget", r.targetID)
	answers = append(answers, last)
	r.expect(last.refusal == "" && last.Outcome != gateway.InProgress && last.Operation == nil, "the last answer is none: %+v", last)
	unheard := !slices.ContainsFunc(answers[:len(answers)-1], func(a told) bool { return a.Operation == nil })
	if how != "restarted" && unheard {
		r.expect(now == sent, "the same call was sent again: %d before, %d after: %+v", sent, now, last)
	}
	r.heard(answers)
	r.together(answers, how == "restarted")
	return how + ", " + tool
}

// restart ends the process in the middle of what it does, as a stop that waits for
// nothing, and begins another.
func (r *campaignRun) restart() {
	left := r.manager.Stop(0)
	r.manager.LogLeft(left)
	r.weather.armed.Store(false)
	for _, c := range left {
		r.expect(strings.Contains(r.log.String(), "an operation is left to AWS"), "the log does not tell of %+v", c)
	}
	next := &gateway.Manager{Client: r.client, Log: r.manager.Log, Transport: r.manager.Transport, Upstream: r.manager.Upstream}
	r.manager = next
	stopAfter(r.t, next)
	r.session = r.newSession(tools.NewServer(next, tools.Options{Log: next.Log}))
}

// heard: an end is told once.
func (r *campaignRun) heard(answers []told) {
	seen := map[string]bool{}
	for _, a := range answers {
		for _, end := range a.Earlier {
			r.expect(!seen[end.Operation], "the end of %s is told twice", end.Operation)
			seen[end.Operation] = true
		}
	}
}

// together holds what all answers say against what is. After a restart nobody has
// compared what went before: only what the last call did itself is told.
func (r *campaignRun) together(answers []told, restarted bool) {
	var ends []gateway.Change
	for _, a := range answers {
		for _, end := range a.Earlier {
			ends = append(ends, end.Change)
		}
		if a.refusal == "" {
			ends = append(ends, a.Change)
		}
	}
	last := ends[len(ends)-1]
	state, served := r.state(r.targetID), strings.Fields(r.bench.served("orders"))
	r.expect(last.Status == state.status, "it is %s: %+v", state.status, last)
	if last.Endpoint != "" {
		r.same("endpoint", last.Endpoint, state.endpoint)
	}
	if last.Tools != nil {
		r.true(*last.Tools)
	}
	added, removed := map[string]bool{}, map[string]bool{}
	for _, c := range ends {
		if c.Tools == nil || c.Tools.Source != gateway.FromGateway && c.Outcome != gateway.Unchanged {
			if c.Outcome != gateway.InProgress {
				return // an answer that says itself that it has not compared
			}
			continue
		}
		for _, t := range c.Tools.Added {
			added[t.Name] = true
		}
		for _, t := range c.Tools.Removed {
			removed[t.Name] = true
		}
	}
	if restarted {
		return
	}
	for _, tool := range served {
		r.expect(slices.Contains(r.served, tool) || added[tool], "%s is new, and no answer says so: %+v", tool, ends)
	}
	for _, tool := range r.served {
		r.expect(slices.Contains(served, tool) || removed[tool], "%s is gone, and no answer says so: %+v", tool, ends)
	}
}

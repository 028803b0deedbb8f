package tools_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

var (
	planWorlds = flag.Int("plan.worlds", 12, "how many random worlds plans are held against")
	planSeed   = flag.Uint64("plan.seed", 1, "the first world's seed")
)

// What a plan says is what the call then does, in every world that stands still.
func TestPlanIsTheOutcome(t *testing.T) {
	t.Parallel()
	for i := range *planWorlds {
		seed := *planSeed + uint64(i)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			b := newBench(t, benchOptions{})
			s := newShelf(t)
			stock(s, rng)
			b.newTarget(b.gatewayID, "shelf", s.url)
			for range 4 {
				if rng.IntN(3) > 0 {
					stock(s, rng)
				}
				planAndDo(t, b, s, rng)
			}
		})
	}
}

// stock changes what a server offers at random; a tool always stays.
func stock(s *shelf, rng *rand.Rand) {
	s.tool("keep", "stays")
	for _, name := range []string{"a", "b", "c"} {
		switch rng.IntN(5) {
		case 0:
			s.RemoveTools(name)
		case 1, 2:
			s.tool(name, fmt.Sprintf("does %d", rng.IntN(3)))
		}
		switch rng.IntN(6) {
		case 0:
			s.RemovePrompts("p" + name)
		case 1:
			s.prompt("p"+name, fmt.Sprintf("asks %d", rng.IntN(3)), &mcp.PromptArgument{Name: "x", Required: rng.IntN(2) == 0})
		case 2:
			s.resource("shelf://"+name, fmt.Sprintf("is %d", rng.IntN(3)))
		}
	}
}

// planAndDo asks for the plan of a change and makes it.
func planAndDo(t *testing.T, b *bench, s *shelf, rng *rand.Rand) {
	t.Helper()
	pinned := server(targetJSON(t, b, "shelf"))["mcpToolSchema"] != nil
	tools := []string{"synchronize_target", "update_target_endpoint", "pin_target_tools", "update_target"}
	if pinned {
		tools = []string{"update_target_endpoint", "unpin_target_tools", "update_target", "pin_target_tools"}
	}
	tool := tools[rng.IntN(len(tools))]
	arguments := map[string]any{"target": "shelf", "confirm": "shelf", "onFailure": "keep"}
	switch tool {
	case "synchronize_target":
		arguments = map[string]any{"target": "shelf"}
	case "update_target_endpoint":
		next := newShelf(t)
		stock(next, rng)
		s.Server, s.url = next.Server, next.url
		arguments["endpoint"] = next.url
	case "update_target":
		arguments["resourcePriority"] = rng.IntN(1000)
	}
	with := func(more string, value any) map[string]any {
		all := map[string]any{more: value}
		for k, v := range arguments {
			all[k] = v
		}
		return all
	}
	plan := must[gateway.Change](b, tool, with("dryRun", true))
	if plan.Outcome == gateway.Unchanged { // pinned, or set, already
		return
	}
	done := must[gateway.Change](b, tool, with("plan", plan.Plan))
	unlisted := plan.Tools.Unlisted != ""
	if unlisted || plan.Tools.Resources != nil || done.Tools.Resources != nil { // and what of them breaks
		plan.Tools.Breaking, done.Tools.Breaking = false, false
	}
	if got, want := toolsOf(done.Tools, unlisted), toolsOf(plan.Tools, unlisted); got != want {
		t.Errorf("%s, pinned %t:\nplan %s\ndone %s\n%s", tool, pinned, want, got, done.Next)
	}
	was, is := encode(t, plan.Configuration), encode(t, done.Configuration)
	if string(was) != string(is) {
		t.Errorf("%s: configuration\nplan %s\ndone %s", tool, was, is)
	}
}

// toolsOf is what a comparison says, without where it is from.
// Whose resources are which cannot be planned for beside another target, and with
// unlisted, prompts neither.
func toolsOf(c *gateway.ToolChange, unlisted bool) string {
	said := *c
	said.Source, said.Upstream, said.Reason, said.Warnings = gateway.FromGateway, 0, "", nil
	said.Resources, said.Unlisted = nil, ""
	if unlisted {
		said.Prompts = nil
	}
	data, _ := json.Marshal(said)
	return string(data)
}

func targetJSON(t *testing.T, b *bench, target string) (all map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(b.configuration(target)), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

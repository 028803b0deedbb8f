package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// toolList is a list of tools by "name" or "name=description".
func toolList(all ...string) (list catalog.List) {
	for _, one := range all {
		name, description, _ := strings.Cut(one, "=")
		list.Tools = append(list.Tools, catalog.Tool{Name: name, Description: description, Definition: json.RawMessage(fmt.Sprintf(`{"name":%q,"description":%q}`, name, description))})
	}
	return list
}

// prefixed is a list as a gateway serves it of target orders.
func prefixed(list catalog.List) (all catalog.List) {
	for _, t := range list.Tools {
		t.Name = catalog.Join("orders", t.Name)
		all.Tools = append(all.Tools, t)
	}
	return all
}

func TestStateOfList(t *testing.T) {
	unread := errors.New("not reachable")
	for name, c := range map[string]struct {
		before, served, offered catalog.List
		err                     error
		filter                  string
		pinned                  bool
		want                    listState
		says                    string
	}{
		"the same":                        {toolList("a"), toolList("a"), toolList("a"), nil, "", false, settled, ""},
		"a tool is missing":               {toolList("a"), toolList("a"), toolList("a", "b"), nil, "", false, lateNames, "missing: b; not offered any more: none"},
		"a tool is there still":           {toolList("a", "b"), toolList("a", "b"), toolList("a"), nil, "", false, lateNames, "offers 1 tools and the gateway serves 2 of them so far (missing: none; not offered any more: b"},
		"a definition is as before":       {toolList("a=old"), toolList("a=old"), toolList("a=new"), nil, "", false, lateDefinitions, "serves a as before"},
		"one of two definitions is":       {toolList("a=old", "b=old"), toolList("a=new", "b=old"), toolList("a=new", "b=new"), nil, "", false, lateDefinitions, "serves b as before"},
		"a definition is a third":         {toolList("a=old"), toolList("a=normal"), toolList("a=new"), nil, "", false, settled, ""},
		"pinned":                          {toolList("a"), toolList("a"), toolList("b"), nil, "", true, settled, ""},
		"the server is not readable":      {toolList("a"), toolList("a"), toolList(), unread, "", false, unseen, ""},
		"not readable, and something new": {toolList("a"), toolList("b"), toolList(), unread, "", false, settled, ""},
		"not shown behind a filter":       {toolList("a"), toolList("a"), toolList("a", "b"), nil, "policy engine p", false, settled, ""},
		"there still, behind a filter":    {toolList("a", "b"), toolList("a", "b"), toolList("a"), nil, "policy engine p", false, lateNames, ""},
		"as before, behind a filter":      {toolList("a=old"), toolList("a=old"), toolList("a=new"), nil, "policy engine p", false, lateDefinitions, ""},
	} {
		l := lists{all: prefixed(c.served), served: c.served, offered: c.offered, offeredErr: c.err, filter: c.filter}
		got := stateOfList(aws.Target{Name: "orders", StaticSchema: c.pinned}, c.before, l)
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if text := lateList(got, l); !strings.Contains(text, c.says) || (got == settled || got == unseen) && text != "" {
			t.Errorf("%s: %q, want %q", name, text, c.says)
		}
	}
}

// A count that is not known is left out, and one that is zero is not.
func TestUnknownCountsAreLeftOut(t *testing.T) {
	for source, want := range map[Source]string{FromGateway: "before after", FromPlan: "before after", FromUpstream: "after", FromNowhere: ""} {
		data, err := json.Marshal(ToolChange{Source: source})
		var has map[string]any
		if err != nil || json.Unmarshal(data, &has) != nil {
			t.Fatal(err)
		}
		var counts []string
		for _, name := range []string{"before", "after"} {
			if _, ok := has[name]; ok {
				counts = append(counts, name)
			}
		}
		if got := strings.Join(counts, " "); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// AWS takes a schema of one MiB inline, and not a byte more.
func TestToolSchemaIsBounded(t *testing.T) {
	of := func(size int) []catalog.Tool {
		definition, _ := json.Marshal(map[string]string{"description": strings.Repeat("x", size)})
		return []catalog.Tool{{Name: "a", Definition: definition}}
	}
	empty, err := toolSchema(of(0))
	if err != nil {
		t.Fatal(err)
	}
	fits := 1<<20 - len(empty)
	if schema, err := toolSchema(of(fits)); err != nil || len(schema) != 1<<20 {
		t.Errorf("%d bytes, %v", len(schema), err)
	}
	if _, err := toolSchema(of(fits + 1)); err == nil || !strings.Contains(err.Error(), "at most 1024 KiB inline") {
		t.Errorf("a byte more: %v", err)
	}
}

func TestPatience(t *testing.T) {
	for state, want := range map[listState]time.Duration{settled: 0, lateNames: 10 * time.Second, lateDefinitions: 5 * time.Second, unseen: 5 * time.Second} {
		if got := state.patience(); got != want {
			t.Errorf("%d: %s, want %s", state, got, want)
		}
	}
}

func TestWaited(t *testing.T) {
	if got := waited(time.Second, 2*time.Second-1); got != "" {
		t.Error(got)
	}
	if got := waited(time.Second, 2*time.Second); got == "" {
		t.Error("2 s are not told")
	}
	if got := waited(4400*time.Millisecond, 9*time.Second); got != "4.4 s until AWS was done, then 9.0 s for the lists of the gateway and the server" {
		t.Error(got)
	}
}

// resource is one in a list, with a description.
func resource(uri, description string) catalog.Tool {
	return catalog.Tool{Name: uri, Definition: json.RawMessage(fmt.Sprintf(`{"uri":%q,"description":%q}`, uri, description))}
}

func TestAgainst(t *testing.T) {
	with := func(l catalog.List, resources ...catalog.Tool) catalog.List {
		l.Resources = resources
		return l
	}
	for name, c := range map[string]struct {
		l    lists
		want string // of what it tells
	}{
		"nothing":           {lists{served: toolList("a"), offered: toolList("a")}, "1→1"},
		"new":               {lists{served: toolList("a"), offered: toolList("a", "b")}, "1→2 +b"},
		"new, with filter":  {lists{served: toolList("a"), offered: toolList("a", "b"), filter: "F"}, "1→2 hidden b by F"},
		"gone, with filter": {lists{served: toolList("a", "b"), offered: toolList("a"), filter: "F"}, "2→1 -b breaking"},
		"a resource":        {lists{served: toolList("a"), offered: with(toolList("a"), resource("x:1", ""))}, "1→1 +x:1"},
		"a resource gone":   {lists{served: with(toolList("a"), resource("x:1", "")), offered: toolList("a")}, "1→1 -x:1 breaking"},
		"another resource":  {lists{served: with(toolList("a"), resource("x:1", "a")), offered: with(toolList("a"), resource("x:1", "b"))}, "1→1 ~x:1"},
		"not listed":        {lists{served: catalog.List{Unlisted: "timeout"}, offered: with(catalog.List{}, resource("x:1", "a"))}, "0→0 unlisted timeout"},
	} {
		if got := told(against(c.l)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// told is a comparison in a line.
func told(c ToolChange) string {
	out := fmt.Sprintf("%d→%d", c.Before, c.After)
	each := func(sign string, names ...string) {
		for _, n := range names {
			out += " " + sign + n
		}
	}
	items := func(added, removed []ToolView, changed []ChangedTool) {
		for _, v := range added {
			each("+", v.Name)
		}
		for _, v := range removed {
			each("-", v.Name)
		}
		for _, v := range changed {
			each("~", v.Name)
		}
	}
	items(c.Added, c.Removed, c.Changed)
	for _, i := range []*ItemChange{c.Prompts, c.Resources} {
		if i != nil {
			items(i.Added, i.Removed, i.Changed)
		}
	}
	if len(c.NotShown) > 0 {
		out += " hidden " + strings.Join(c.NotShown, ",") + " by " + c.Filter
	}
	if c.Unlisted != "" {
		out += " unlisted " + c.Unlisted
	}
	if c.Breaking {
		out += " breaking"
	}
	return out
}

func TestMine(t *testing.T) {
	all := prefixed(toolList("a"))
	all.Resources = []catalog.Tool{resource("x:1", ""), resource("x:2", "")}
	offered := catalog.List{Resources: []catalog.Tool{resource("x:2", "")}}
	if l := mine("orders", all, offered, ""); len(l.Resources) != 2 || len(l.Tools) != 1 || l.Tools[0].Name != "a" {
		t.Errorf("alone: %+v", l)
	}
	all.Tools = append(all.Tools, catalog.Tool{Name: "search"})
	if l := mine("orders", all, offered, ""); len(l.Resources) != 2 {
		t.Errorf("a tool of the gateway's own counts as another target: %+v", l)
	}
	if l := mine("orders", all, offered, "F"); len(l.Resources) != 1 || l.Resources[0].Name != "x:2" {
		t.Errorf("behind a filter, where others may be hidden: %+v", l)
	}
	all.Tools = append(all.Tools, catalog.Tool{Name: "billing___pay"})
	if l := mine("orders", all, offered, ""); len(l.Resources) != 1 || l.Resources[0].Name != "x:2" {
		t.Errorf("beside another target: %+v", l)
	}
}

func TestSettleShared(t *testing.T) {
	drift := func(target string, priority int32, uri string) Drift {
		c := compare(catalog.List{Resources: []catalog.Tool{resource(uri, "served")}}, catalog.List{Resources: []catalog.Tool{resource(uri, target)}})
		return Drift{Target: target, State: InSync, Tools: &c, resources: []catalog.Tool{resource(uri, target)}, priority: priority}
	}
	for name, c := range map[string]struct {
		drifts []Drift
		want   string
	}{
		"alone":           {[]Drift{drift("a", 1000, "x:1"), drift("b", 10, "x:2")}, "drifted drifted"},
		"lower wins":      {[]Drift{drift("a", 1000, "x:1"), drift("b", 10, "x:1")}, "in_sync: resource x:1 is served from target b, whose resourcePriority is 10 (here 1000) drifted"},
		"the first, too":  {[]Drift{drift("a", 1, "x:1"), drift("b", 10, "x:1")}, "drifted in_sync: resource x:1 is served from target a, whose resourcePriority is 1 (here 10)"},
		"the same number": {[]Drift{drift("a", 1000, "x:1"), drift("b", 1000, "x:1")}, "drifted in_sync: target a offers resource x:1 too, with the same resourcePriority: which of them is served is not documented"},
	} {
		settleShared(c.drifts)
		var all []string
		for i := range c.drifts {
			d := &c.drifts[i]
			d.judge()
			all = append(all, strings.TrimSuffix(fmt.Sprintf("%s: %s", d.State, strings.Join(d.Tools.Warnings, "; ")), ": "))
		}
		if got := strings.Join(all, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestJudgeDrift(t *testing.T) {
	for name, c := range map[string]struct {
		tools  *ToolChange
		state  DriftState
		reason string
	}{
		"not compared": {nil, InSync, ""},
		"the same":     {&ToolChange{}, InSync, ""},
		"different":    {&ToolChange{Added: []ToolView{{}}, NotShown: []string{"b"}}, Drifted, ""},
		"not shown":    {&ToolChange{NotShown: []string{"b"}, Filter: "policy engine p"}, Unknown, "1 of the server's tools are not shown to us (policy engine p)"},
		"not listed":   {&ToolChange{Unlisted: "timeout"}, InSync, "prompts and resources could not be compared: timeout"},
	} {
		d := Drift{State: InSync, Tools: c.tools}
		d.judge()
		if d.State != c.state || !strings.Contains(d.Reason, c.reason) || c.reason == "" && d.Reason != "" {
			t.Errorf("%s: %s %q", name, d.State, d.Reason)
		}
	}
}

// However many texts mislead, a few are told.
func TestMisleadingIsBounded(t *testing.T) {
	var warnings []string
	for range 30 {
		warnings = misleading(warnings, "a: ", []catalog.Detail{{Text: "instructs"}})
	}
	if len(warnings) != 11 || warnings[0] != "a: instructs" || warnings[10] != "and more" {
		t.Errorf("%d: %q", len(warnings), warnings)
	}
}

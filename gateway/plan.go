package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

// Setting is one difference between two configurations of a target.
type Setting struct {
	Path   string `json:"path" jsonschema:"in AWS's JSON"`
	Before string `json:"before,omitempty" jsonschema:"as JSON; absent: not set"`
	After  string `json:"after,omitempty" jsonschema:"as JSON; absent: not set"`
	// What came and what went, of a list that is too long to be seen whole.
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// differences lists what an edit changes of a target's configuration, by path.
func differences(t aws.Target, edit aws.Edit) ([]Setting, error) {
	before, err := t.Edited(aws.Edit{})
	if err != nil {
		return nil, err
	}
	after, err := t.Edited(edit)
	if err != nil {
		return nil, err
	}
	return settingsBetween(before, after)
}

// foreign lists what another writer has changed of a target since it was read as
// previous and edit was sent; nil also where that cannot be told.
func foreign(previous aws.Target, edit aws.Edit, now aws.Target) []Setting {
	want, err := previous.Edited(edit)
	if err != nil {
		return nil
	}
	have, err := now.Edited(aws.Edit{})
	if err != nil {
		return nil
	}
	settings, _ := settingsBetween(want, have)
	return settings
}

// settingsBetween lists the differences of two configurations in AWS's JSON.
func settingsBetween(before, after []byte) ([]Setting, error) {
	var a, b any
	if err := json.Unmarshal(before, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &b); err != nil {
		return nil, err
	}
	settings := []Setting{}
	collect("", a, b, &settings)
	return settings, nil
}

const (
	mostDetailed   = 20       // tools whose schemas are held against each other
	mostSettings   = 20       // differences of one tool's schemas
	mostDefinition = 16 << 10 // bytes of a definition of which they are looked for
)

// schemasBetween lists what is different in the schemas of two tool definitions; nil
// where that cannot be told.
func schemasBetween(before, after json.RawMessage) []Setting {
	if len(before) > mostDefinition || len(after) > mostDefinition {
		return nil
	}
	var a, b struct {
		Input  any `json:"inputSchema"`
		Output any `json:"outputSchema"`
	}
	if json.Unmarshal(before, &a) != nil || json.Unmarshal(after, &b) != nil {
		return nil
	}
	var settings []Setting
	collect("inputSchema", a.Input, b.Input, &settings)
	collect("outputSchema", a.Output, b.Output, &settings)
	if more := len(settings) - mostSettings; more > 0 {
		settings = append(settings[:mostSettings], Setting{Path: fmt.Sprintf("and %d more", more)})
	}
	for i := range settings {
		settings[i].Path = quote(settings[i].Path) // has a stranger's names in it
	}
	return settings
}

// paths names a few of the settings.
func paths(settings []Setting) string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Path)
	}
	return few(names)
}

// cameAndWent fills in what a list has more and less, where its setting is shortened.
func cameAndWent(s Setting, before, after any) Setting {
	const most = 100 // entries
	a, isList := before.([]any)
	b, too := after.([]any)
	if !isList || !too || !strings.HasSuffix(s.Before, "…") && !strings.HasSuffix(s.After, "…") {
		return s
	}
	less := func(list, other []any) (names []string) {
		for _, v := range list {
			if slices.ContainsFunc(other, func(o any) bool { return reflect.DeepEqual(o, v) }) {
				continue
			}
			if len(names) == most {
				return append(names, "and more")
			}
			text, _ := json.Marshal(v) // it was JSON
			names = append(names, quote(untrusted.MaskURLs(strings.Trim(string(text), `"`))))
		}
		return names
	}
	s.Added, s.Removed = less(b, a), less(a, b)
	return s
}

func collect(path string, a, b any, settings *[]Setting) {
	if reflect.DeepEqual(a, b) {
		return
	}
	x, isObject := a.(map[string]any)
	y, too := b.(map[string]any)
	if !isObject || !too {
		*settings = append(*settings, cameAndWent(Setting{Path: path, Before: shown(path, a), After: shown(path, b)}, a, b))
		return
	}
	keys := slices.Sorted(maps.Keys(x))
	for key := range y {
		if _, ok := x[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		at := key
		if path != "" {
			at = path + "." + key
		}
		collect(at, x[key], y[key], settings)
	}
}

// shown is a setting's value as JSON, short, with an endpoint's secrets hidden.
func shown(path string, v any) string {
	if v == nil {
		return ""
	}
	switch s, ok := v.(string); {
	case ok && path == "targetConfiguration.mcp.mcpServer.endpoint":
		v, _ = untrusted.Endpoint(s)
	case ok:
		v = untrusted.MaskURLs(s)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return quote(string(data))
}

// planUpdate completes the plan of an update: the tools, and what it could not see.
func (o *operation) planUpdate(ctx context.Context, edit aws.Edit, way *move, confirmed bool, c *Change) {
	t, read, unchecked := o.asPlanned(edit, way, confirmed)
	if unchecked != "" {
		c.Unchecked = append(c.Unchecked, unchecked)
	}
	l := o.m.readWith(ctx, o.g, t, read)
	tools := planned(t, edit, l)
	c.Outcome, c.Tools = Planned, &tools
	c.Plan, _ = planValue(o.before, edit, l) // differences has made the same text already
	c.Next = nextPlanned(tools, "call again without dryRun to make the change")
	if way != nil && way.newPath() {
		c.Next += fmt.Sprintf("; %s stays, and the path on it is new: somebody else may answer there", way.origin())
	}
}

// asPlanned is the target whose server a plan asks, how it is asked, and what cannot
// be seen that way. way is the target's move, nil when it stays. A new origin is
// asked without credentials unless the caller has confirmed.
func (o *operation) asPlanned(edit aws.Edit, way *move, confirmed bool) (t aws.Target, read reader, unchecked string) {
	t, read = o.before, o.m.offered
	if way != nil {
		t.Endpoint = *edit.Endpoint
	}
	if way != nil && !way.familiar() {
		read = o.m.toStrangers(o.leaves)
		if !confirmed && credentialsOf(o.before).String() != "" {
			t.Credentials = "" // asks as nobody
			unchecked = fmt.Sprintf("%s is new for this target, so it was asked without credentials: what it offers to those who sign in is not known", way.destination())
		}
	}
	return t, read, unchecked
}

// planned compares what the gateway serves now with what the server would bring,
// after the edit.
func planned(t aws.Target, edit aws.Edit, l lists) ToolChange {
	pins := edit.ToolSchema != nil && *edit.ToolSchema != ""
	switch {
	case pins && l.servedErr == nil: // what the server offers will not matter
		upstream := l.offered.Tools
		l.offered = catalog.List{Tools: schemaTools(*edit.ToolSchema)}
		if len(l.served.Prompts)+len(l.served.Resources) > 0 {
			l.offered.Unlisted = "AWS does not say what becomes of them with a static schema"
		}
		c := against(l)
		if c.Upstream = len(upstream); l.offeredErr == nil {
			c.missPinned(l.offered.Tools, upstream)
		}
		return c
	case l.offeredErr != nil:
		c := unavailable("what the server offers could not be read from here: " + l.offeredErr.Error())
		c.Before = len(l.served.Tools)
		return c
	case l.servedErr != nil:
		c := unavailable(l.servedErr.Error())
		c.Source, c.Offered, c.After = FromUpstream, view(l.offered.Tools), len(l.offered.Tools)
		return c
	}
	if t.StaticSchema && edit.ToolSchema == nil {
		c := compare(l.served, l.served)
		c.Source, c.Upstream, c.Reason = FromPlan, len(l.offered.Tools), pinnedReason
		c.missPinned(l.served.Tools, l.offered.Tools)
		return c
	}
	c := against(l)
	c.Warnings = warnings(t.Name, l.offered.Tools)
	return c
}

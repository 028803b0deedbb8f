package gateway

import (
	"errors"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

func TestRefuseOtherPlan(t *testing.T) {
	for now, want := range map[string]string{
		"c-s-o": "",
		"x-s-o": "that of a call with other arguments: the target's configuration changed",
		"c-x-o": "what the gateway serves changed",
		"c-s-x": "what the server offers changed",
		"c-s-?": "what the server offers changed",
		"x-x-x": "the target's configuration and what the gateway serves and what the server offers changed",
	} {
		says(t, now, refuseOtherPlan("orders", "c-s-o", now), want)
	}
	for _, planned := range []string{"", "c", "c-s-o-p"} {
		if planned != "" {
			says(t, planned, refuseOtherPlan("orders", planned, "c-s-o"), "is none of target orders")
		}
	}
}

func TestPlanDigest(t *testing.T) {
	one := []catalog.Tool{{Name: "a", Definition: []byte(`{}`)}, {Name: "b", Definition: []byte(`{}`)}}
	other := []catalog.Tool{{Name: "b", Definition: []byte(`{ }`)}, {Name: "a", Definition: []byte(`{"title":""}`)}}
	list := func(tools []catalog.Tool) catalog.List { return catalog.List{Tools: tools} }
	if digest(list(one), nil) != digest(list(other), nil) {
		t.Error("order and spelling count")
	}
	none, unread := catalog.List{}, errors.New("not read")
	if digest(list(one), nil) == digest(list(one[:1]), nil) || digest(none, nil) == digest(none, unread) || digest(list(one), unread) != "unread" {
		t.Error("different lists have one digest")
	}
	prompts, resources := catalog.List{Prompts: one}, catalog.List{Resources: one}
	if digest(prompts, nil) == digest(resources, nil) || digest(prompts, nil) == digest(none, nil) || digest(none, nil) == digest(catalog.List{Unlisted: "why"}, nil) {
		t.Error("prompts and resources do not count")
	}
}

func TestUnplanned(t *testing.T) {
	tool := func(name, definition string) catalog.Tool {
		return catalog.Tool{Name: name, Definition: []byte(definition)}
	}
	planned := []catalog.Tool{tool("a", `{}`), tool("b", `{}`)}
	if got := unplanned(catalog.List{}, catalog.List{Prompts: planned[:1]}); got != "tools that the plan had not seen: a; " {
		t.Errorf("a prompt: %q", got)
	}
	for _, c := range []struct {
		served []catalog.Tool
		want   string
	}{
		{planned, ""},
		{planned[:1], ""},
		{append([]catalog.Tool{tool("c", `{}`)}, planned...), "tools that the plan had not seen: c; "},
		{[]catalog.Tool{tool("a", `{"description":"other"}`)}, "tools that the plan had not seen: a; "},
	} {
		if got := unplanned(catalog.List{Tools: planned}, catalog.List{Tools: c.served}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

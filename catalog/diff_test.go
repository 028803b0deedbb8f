package catalog_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"agentcore-gateway-mcp/catalog"
)

func tool(name, definition string) catalog.Tool {
	return catalog.Tool{Name: name, Definition: json.RawMessage(definition)}
}

func TestCompare(t *testing.T) {
	same, changed := `{"name":"x","a":[1,{"b":2,"c":null}]}`, `{"name":"x","a":[1,{"b":3,"c":null}]}`
	before := []catalog.Tool{tool("z", same), tool("gone", same), tool("y", same), tool("b", same), tool("twice", same), tool("twice", same)}
	after := []catalog.Tool{tool("b", changed), tool("new2", same), tool("new1", same), tool("y", ` {"a":[1.0,{"c":null,"b":2}], "name":"other___x"}`), tool("z", changed), tool("twice", same)}
	diff := catalog.Compare(before, after)
	if got := names(diff.Added); got != "new1 new2" {
		t.Errorf("added %s", got)
	}
	if got := names(diff.Removed); got != "gone twice" {
		t.Errorf("removed %s", got)
	}
	want := []catalog.Change{{Before: tool("b", same), After: tool("b", changed)}, {Before: tool("z", same), After: tool("z", changed)}}
	if !reflect.DeepEqual(diff.Changed, want) {
		t.Errorf("changed %+v", diff.Changed)
	}
	if before[0].Name != "z" || after[1].Name != "new2" {
		t.Error("Compare reordered its arguments")
	}
	none := catalog.Compare(nil, nil)
	if none.Added == nil || none.Removed == nil || none.Changed == nil {
		t.Errorf("nil slices in %+v", none)
	}
}

func TestDefinitionsAreEqualAsJSON(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":"é"}`, "{ \"b\":\"\\u00e9\",\n\"a\":1 }", true},
		{`{"a":1.50}`, `{"a":15e-1}`, true},
		{`{"a":100}`, `{"a":1E2}`, true},
		{`{"a":-0}`, `{"a":0.0}`, true},
		{`{"a":-1}`, `{"a":1}`, false},
		{`{"a":1e999999999}`, `{"a":1e999999998}`, false},
		{`{"a":1e99999999999999999999}`, `{"a":2e99999999999999999999}`, false},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":[1,2]}`, `{"a":[1]}`, false},
		{`{"a":null}`, `{}`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`{"a":true}`, `{"a":false}`, false},
		{`{"a":{}}`, `{"a":[]}`, false},
		{`{"name":"p___x"}`, `{"name":"x"}`, true},
		{`{"a":{"name":"p"}}`, `{"a":{"name":"q"}}`, false},
		{`broken`, `broken`, true},
		{`broken`, `{}`, false},
		{`{}`, `{} {}`, false},
		{``, ``, true},
	} {
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			diff := catalog.Compare([]catalog.Tool{tool("x", a)}, []catalog.Tool{tool("x", b)})
			if (len(diff.Changed) == 0) != c.same {
				t.Errorf("%s and %s: %+v", a, b, diff)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string][3]any{
		"orders___getOrder":  {"orders", "getOrder", true},
		"orders___a___b":     {"orders", "a___b", true},
		"orders____internal": {"orders", "_internal", true},
		"get__order":         {"", "get__order", false},
		"___getOrder":        {"", "___getOrder", false},
		"orders___":          {"", "orders___", false},
		"":                   {"", "", false},
	} {
		target, tool, ok := catalog.Split(name)
		if want != [3]any{target, tool, ok} {
			t.Errorf("%q: %q %q %t", name, target, tool, ok)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("orders___getOrder")
	f.Add("______")
	f.Fuzz(func(t *testing.T, name string) {
		target, tool, ok := catalog.Split(name)
		if ok && (catalog.Join(target, tool) != name || strings.Contains(target, catalog.Separator)) || !ok && tool != name {
			t.Errorf("%q: %q %q %t", name, target, tool, ok)
		}
	})
}

func FuzzRedactEndpoint(f *testing.F) {
	f.Add("https://h/mcp?", "key", "/x")
	f.Add("https://h/mcp?qualifier=a;", "b", "#f")
	f.Fuzz(func(t *testing.T, before, key, after string) {
		const secret = "hush0hush"
		shown, _ := catalog.RedactEndpoint(before)
		if !utf8.ValidString(shown) && utf8.ValidString(before) {
			t.Errorf("%q is shown as %q", before, shown)
		}
		raw := "https://user:" + secret + "@h/mcp?" + url.QueryEscape(key) + "k=" + secret + "&" + secret + "&" + after
		if shown, _ := catalog.RedactEndpoint(raw); strings.Contains(shown, secret) && !strings.Contains(key+after, secret) {
			t.Errorf("%q is shown as %q", raw, shown)
		}
		_, err := catalog.Guard{}.CheckEndpoint(raw)
		if err == nil || strings.Contains(err.Error(), secret) && !strings.Contains(key+after, secret) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add("a", `{"a":1}`, "b", `{"a":1.0}`)
	f.Add("a", `{"a":1e5}`, "a", `[`)
	f.Fuzz(func(t *testing.T, nameA, a, nameB, b string) {
		before, after := []catalog.Tool{tool(nameA, a), tool(nameB, b)}, []catalog.Tool{tool(nameB, b), tool(nameA, a)}
		if nameA != nameB {
			if d := catalog.Compare(before, after); len(d.Added)+len(d.Removed)+len(d.Changed) != 0 {
				t.Errorf("the order of tools counts: %+v", d)
			}
		}
		forth, back := catalog.Compare(before[:1], before[1:]), catalog.Compare(before[1:], before[:1])
		if len(forth.Added) != len(back.Removed) || len(forth.Changed) != len(back.Changed) {
			t.Errorf("not symmetric: %+v, %+v", forth, back)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	const count = 10_000
	before, sameBytes, reordered := make([]catalog.Tool, count), make([]catalog.Tool, count), make([]catalog.Tool, count)
	text := strings.Repeat("a tool that does something ", 30)
	for i := range count {
		name := fmt.Sprintf("target___tool%05d", i)
		schema := `{"type":"object","required":["id"],"properties":{"id":{"type":"string","maxLength":100},"n":{"type":"integer","minimum":1}}}`
		before[i] = tool(name, fmt.Sprintf(`{"name":%q,"description":%q,"inputSchema":%s}`, name, text, schema))
		sameBytes[i] = tool(name, strings.Clone(string(before[i].Definition)))
		reordered[i] = tool(name, fmt.Sprintf(`{"inputSchema":%s,"description":%q,"name":%q}`, schema, text, name))
	}
	for label, after := range map[string][]catalog.Tool{"same bytes": sameBytes, "reordered": reordered} {
		b.Run(label, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := catalog.Compare(before, after); len(d.Changed) != 0 {
					b.Fatal("something changed")
				}
			}
		})
	}
}

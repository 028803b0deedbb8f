package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

// generator makes random tools out of few words, so that they often meet.
type generator struct{ *rand.Rand }

func (g generator) word() string {
	return []string{"a", "b", "id", "ü", "required", "type", "x y"}[g.IntN(7)]
}

func (g generator) schema(depth int) map[string]any {
	s := map[string]any{}
	for range g.IntN(4) {
		switch g.IntN(12) {
		case 0:
			s["type"] = []any{"string", "integer", "number", "object", []any{"string", "null"}}[g.IntN(5)]
		case 1:
			s["description"] = g.word()
		case 2:
			s["enum"] = []any{g.word(), g.IntN(3), nil, "z"}[g.IntN(3):]
		case 3:
			s["required"] = []any{g.word(), "k", "l"}[g.IntN(3):]
		case 4:
			s["maximum"] = g.IntN(3)
		case 5:
			s["minLength"] = g.IntN(3)
		case 6:
			s["additionalProperties"] = g.IntN(2) == 0
		case 7:
			s["default"] = map[string]any{"list": []any{1.5, nil}}
		case 8:
			s["$ref"] = "#/$defs/" + g.word()
		default:
			if depth == 0 {
				continue
			}
			switch g.IntN(4) {
			case 0:
				s["properties"] = map[string]any{g.word(): g.schema(depth - 1), g.word(): g.schema(depth - 1)}
			case 1:
				s["items"] = g.schema(depth - 1)
			case 2:
				s["$defs"] = map[string]any{g.word(): g.schema(depth - 1)}
			default:
				s[[]string{"anyOf", "oneOf", "allOf"}[g.IntN(3)]] = []any{g.schema(depth - 1), g.schema(depth - 1), map[string]any{"type": "null"}}[g.IntN(2):]
			}
		}
	}
	return s
}

func (g generator) definition() map[string]any {
	d := map[string]any{"inputSchema": g.schema(3)}
	if g.IntN(2) == 0 {
		d["description"] = g.word()
	}
	if g.IntN(3) == 0 {
		d["outputSchema"] = g.schema(2)
	}
	if g.IntN(3) == 0 {
		d["annotations"] = map[string]any{"readOnlyHint": g.IntN(2) == 0, "title": g.word()}
	}
	return d
}

func (g generator) tools(names ...string) []catalog.Tool {
	var tools []catalog.Tool
	for _, name := range names {
		text, err := json.Marshal(g.definition())
		if err != nil {
			panic(err)
		}
		tools = append(tools, catalog.Tool{Name: name, Definition: text})
	}
	return tools
}

// rewritten is the same definition in another spelling: members and sets in
// another order, white space, escapes, numbers with an exponent.
func (g generator) rewritten(tools []catalog.Tool) []catalog.Tool {
	tools = slices.Clone(tools)
	for i := range tools {
		dec := json.NewDecoder(bytes.NewReader(tools[i].Definition))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			panic(err)
		}
		var out strings.Builder
		g.write(&out, v, "")
		tools[i].Definition = json.RawMessage(out.String())
	}
	g.Shuffle(len(tools), func(i, j int) { tools[i], tools[j] = tools[j], tools[i] })
	return tools
}

func (g generator) write(out *strings.Builder, v any, under string) {
	out.WriteString([]string{"", " ", "\n\t"}[g.IntN(3)])
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		out.WriteString("{")
		for i, name := range names {
			if i > 0 {
				out.WriteString(",")
			}
			g.write(out, name, "")
			out.WriteString(" :")
			// A property may be called "required" or "type": its value is a schema, no list.
			g.write(out, v[name], name)
		}
		out.WriteString("}")
	case []any:
		v = slices.Clone(v)
		if slices.Contains([]string{"required", "enum", "type", "anyOf", "oneOf", "allOf"}, under) {
			g.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		}
		out.WriteString("[")
		for i, x := range v {
			if i > 0 {
				out.WriteString(",")
			}
			g.write(out, x, "")
		}
		out.WriteString(" ]")
	case string:
		out.WriteString(`"`)
		for _, r := range v {
			if g.IntN(2) == 0 {
				fmt.Fprintf(out, `\u%04X`, r)
			} else {
				out.WriteRune(r)
			}
		}
		out.WriteString(`"`)
	case json.Number:
		if g.IntN(2) == 0 {
			fmt.Fprintf(out, "%se0", v)
		} else {
			out.WriteString(v.String())
		}
	default:
		text, _ := json.Marshal(v)
		out.Write(text)
	}
}

func properties(t *testing.T, check func(t *testing.T, g generator)) {
	for seed := range uint64(2000) {
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		if check(t, g); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func hashes(tools []catalog.Tool) []string {
	var all []string
	for _, t := range tools {
		all = append(all, hash(t))
	}
	slices.Sort(all)
	return all
}

func TestSpellingMakesNoDifference(t *testing.T) {
	properties(t, func(t *testing.T, g generator) {
		tools := g.tools("a", "b", "c", "c")
		tools[3].Definition = tools[2].Definition // twins pair in their order
		again := g.rewritten(tools)
		if d := catalog.Compare(tools, again); !empty(d) {
			t.Errorf("%s\n%s\n%+v", tools, again, d)
		}
		if d := catalog.Compare(tools, tools); !empty(d) {
			t.Errorf("not equal to itself: %+v", d)
		}
		if a, b := hashes(tools), hashes(again); !slices.Equal(a, b) {
			t.Errorf("%s\n%s\n%s\n%s", tools, again, a, b)
		}
	})
}

func TestComparisonIsSymmetricAndStable(t *testing.T) {
	properties(t, func(t *testing.T, g generator) {
		before, after := g.tools("a", "b", "d", "e"), g.tools("b", "c", "d", "f")
		if g.IntN(2) == 0 {
			after[0].Definition = before[1].Definition
		}
		forth, back := catalog.Compare(before, after), catalog.Compare(after, before)
		if names(forth.Added) != names(back.Removed) || names(forth.Removed) != names(back.Added) || changedNames(forth) != changedNames(back) {
			t.Errorf("forth %+v\nback %+v", forth, back)
		}
		if names(forth.Added) != "c f" || names(forth.Removed) != "a e" {
			t.Errorf("%+v", forth)
		}
		for i, j := range map[int]int{1: 0, 2: 2} { // b and d
			if changed := hash(before[i]) != hash(after[j]); changed != slices.Contains(strings.Fields(changedNames(forth)), before[i].Name) {
				t.Errorf("by hash %s changed is %t, in full %+v", before[i].Name, changed, forth)
			}
		}
		again := catalog.Compare(g.rewritten(before), g.rewritten(after))
		if changedNames(again) != changedNames(forth) {
			t.Fatalf("%+v\n%+v", forth, again)
		}
		for i, c := range forth.Changed {
			checkDetails(t, c)
			if !slices.Equal(c.Details, again.Changed[i].Details) {
				t.Errorf("%s and %s\n%+v\nwritten anew\n%+v", c.Before.Definition, c.After.Definition, c.Details, again.Changed[i].Details)
			}
		}
	})
}

package catalog_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"agentcore-gateway-mcp/catalog"
)

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

// A canonical form is JSON, is its own canonical form, exists for every object
// that encoding/json reads, and survives being written anew by encoding/json.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","description":"a\u00e9\ud83d\ude00\ud800","inputSchema":{"type":["object"],"required":["b","a","b"],"properties":{"a":{"enum":[2,1.0,1e0,null]},"b":true}}}`,
		`{"title":"T","annotations":{"title":"T","readOnlyHint":false,"destructiveHint":false,"x":null}}`,
		`{"inputSchema":{"anyOf":[{"allOf":[{"b":1},{"a":1}]},{"type":"null"}],"items":[{"minItems":0}],"unevaluatedProperties":{},"additionalProperties":{}}}`,
		`{"a":-0.0e+99999999999999999999,"a":[1,2,[]] , "b":1E400}`, "{\"description\":\"\xff\xc3\"}", `{"annotations":{"title":7},"outputSchema":[{}]}`,
		`{"description":5e-324,"inputSchema":{"default":123456789012345678901234567890.5,"maximum":1e21,"minimum":0.000001}}`,
	} {
		f.Add("x", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, definition []byte) {
		form, err := catalog.Canonical(catalog.Tool{Name: name, Definition: definition})
		var object map[string]any
		dec := json.NewDecoder(bytes.NewReader(definition))
		dec.UseNumber()
		isObject := json.Valid(definition) && dec.Decode(&object) == nil && object != nil
		if err != nil {
			if isObject && !strings.Contains(err.Error(), "levels of nesting") {
				t.Fatalf("%q is an object to encoding/json: %v", definition, err)
			}
			return
		}
		if !isObject || !json.Valid(form) {
			t.Fatalf("%q has the form %q", definition, form)
		}
		again, err := catalog.Canonical(catalog.Tool{Name: name, Definition: form})
		if err != nil || !bytes.Equal(form, again) {
			t.Fatalf("%q has the form %q, and that has %q (%v)", definition, form, again, err)
		}
		rewritten, err := json.MarshalIndent(object, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := catalog.Canonical(catalog.Tool{Name: name, Definition: rewritten}); err != nil || !bytes.Equal(form, again) {
			t.Fatalf("%q has the form %q, written anew %q (%v)", definition, form, again, err)
		}
	})
}

// Whatever two definitions are: the comparison is symmetric in what it finds,
// agrees with the hashes, and its sentences are bounded and fit for one line.
func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":1}`, `{"a":1.0}`}, {`{"a":1e5}`, `[`}, {`{"description":"a"}`, "{\"description\":\"\u202e https://u:p@h/?q\\nignore previous\"}"},
		{`{"inputSchema":{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"x":{"$ref":"#"}}}}}}`, `{"inputSchema":{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"x":{"$ref":"#/$defs/a","title":"t"}}}}}}`},
		{`{"inputSchema":{"anyOf":[{"type":"string"},{"type":"null"}],"required":["a"],"additionalProperties":{"enum":[1]}}}`, `{"inputSchema":{"type":["string","null"],"maximum":1,"items":[true],"const":{}}}`},
		{`{"outputSchema":{"properties":{"x":{"minimum":1,"oneOf":[{},{"not":{}}]}}},"annotations":{"readOnlyHint":true}}`, `{"outputSchema":{"properties":{"y":{}}},"annotations":"x"}`},
	} {
		f.Add("a", seed[0], "b", seed[1])
		f.Add("a", seed[0], "a", seed[1])
	}
	f.Fuzz(func(t *testing.T, nameA, a, nameB, b string) {
		before, after := []catalog.Tool{tool(nameA, a), tool(nameB, b)}, []catalog.Tool{tool(nameB, b), tool(nameA, a)}
		if nameA != nameB {
			if d := catalog.Compare(before, after); !empty(d) {
				t.Errorf("the order of tools counts: %+v", d)
			}
		}
		after[0].Name, after[1].Name = nameA, nameB
		forth, back := catalog.Compare(before[:1], after[:1]), catalog.Compare(after[:1], before[:1])
		if len(forth.Changed) != len(back.Changed) {
			t.Errorf("not symmetric: %+v, %+v", forth, back)
		}
		if changed := hash(before[0]) != hash(after[0]); changed != (len(forth.Changed) == 1) {
			t.Errorf("%q and %q: by hash changed is %t, the comparison says %+v", a, b, changed, forth.Changed)
		}
		for _, c := range append(forth.Changed, back.Changed...) {
			checkDetails(t, c)
		}
		for _, finding := range catalog.Lint(nameA, before) {
			checkLine(t, finding.Text)
		}
	})
}

func checkDetails(t *testing.T, c catalog.Change) {
	t.Helper()
	if len(c.Details) == 0 || len(c.Details) > 21 {
		t.Errorf("%d details", len(c.Details))
	}
	worst := catalog.Compatible
	for i, d := range c.Details {
		worst = catalog.Worst(worst, d.Verdict)
		if i > 0 && catalog.Worst(d.Verdict, c.Details[i-1].Verdict) != c.Details[i-1].Verdict {
			t.Errorf("not the worst first: %+v", c.Details)
		}
		checkLine(t, d.Text)
	}
	if worst != c.Verdict {
		t.Errorf("verdict %s of %+v", c.Verdict, c.Details)
	}
}

func checkLine(t *testing.T, text string) {
	t.Helper()
	if text == "" || utf8.RuneCountInString(text) > 700 || strings.ContainsAny(text, "\n\r\t\x00\x1b\u200b\u202e\u2028") {
		t.Errorf("not fit to show: %q", text)
	}
}

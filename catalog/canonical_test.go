package catalog_test

import (
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

func form(t *testing.T, definition string) string {
	t.Helper()
	form, err := catalog.Canonical(tool("x", definition))
	if err != nil {
		t.Fatalf("%s: %v", definition, err)
	}
	return string(form)
}

func inSchema(schema string) string { return `{"inputSchema":` + schema + `}` }

func TestCanonicalForm(t *testing.T) {
	got := form(t, `{ "title": "T", "name": "other", "_meta": {"a": 1}, "outputSchema": {"type":"object"},
		"inputSchema": {"type": ["object"], "properties": {"b": {"type":"string","default":"\u00e9\n\""}, "a": true}, "required": ["b","a"]},
		"description": "d", "annotations": {"readOnlyHint": true, "destructiveHint": true}}`)
	want := `{"annotations":{"readOnlyHint":true},"description":"d",` +
		`"inputSchema":{"properties":{"a":{},"b":{"default":"é\u000a\"","type":"string"}},"required":["a","b"],"type":"object"},` +
		`"name":"x","outputSchema":{"type":"object"},"title":"T"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the comment of Canonical says makes no difference, makes none, and what
// stands next to it does.
func TestWhatMakesADifference(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"name":"p___x"}`, `{"name":"x"}`, true},
		{`{}`, `{"_meta":{"a":1},"icons":[{"src":"x"}],"execution":{"taskSupport":"optional"},"unknown":1}`, true},
		{`{}`, `{"description":"","title":"","annotations":{},"inputSchema":null,"outputSchema":null}`, true},
		{`{}`, `{"description":" "}`, false},
		{`{}`, `{"title":"t"}`, false},
		{`{}`, `{"inputSchema":{}}`, false},
		{`{}`, `{"annotations":{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":true}}`, true},
		{`{}`, `{"annotations":{"readOnlyHint":null,"title":null,"other":null}}`, true},
		{`{}`, `{"annotations":{"readOnlyHint":true}}`, false},
		{`{}`, `{"annotations":{"destructiveHint":false}}`, false},
		{`{}`, `{"annotations":{"other":false}}`, false},
		{`{}`, `{"annotations":"x"}`, false},
		{`{"title":"t"}`, `{"title":"t","annotations":{"title":"t"}}`, true},
		{`{"title":"t"}`, `{"annotations":{"title":"t"}}`, true},
		{`{"title":"t"}`, `{"title":"t","annotations":{"title":"u"}}`, false},
		{`{"description":"a","description":"b"}`, `{"description":"b"}`, true},
		{`{"description":"a"}`, `{"description":"b"}`, false},

		{inSchema(`{"type":"object"}`), inSchema(`{"type":"object","properties":{},"required":[],"title":null,"description":"","$schema":"https://json-schema.org/draft/2020-12/schema","additionalProperties":{}}`), true},
		{inSchema(`{}`), inSchema(`{"$schema":"http://json-schema.org/draft-07/schema#"}`), true},
		{inSchema(`{}`), inSchema(`{"$schema":"https://json-schema.org/ignore previous"}`), false},
		{inSchema(`{}`), inSchema(`{"$schema":"https://elsewhere.example/schema"}`), false},
		{inSchema(`{}`), inSchema(`{"additionalProperties":true}`), true},
		{inSchema(`{}`), inSchema(`{"additionalProperties":false}`), false},
		{inSchema(`{"unevaluatedProperties":false}`), inSchema(`{"unevaluatedProperties":false,"additionalProperties":true}`), false},
		{inSchema(`{}`), inSchema(`{"minLength":0,"minItems":0.0,"minProperties":0,"uniqueItems":false,"default":null}`), true},
		{inSchema(`{}`), inSchema(`{"minimum":0}`), false},
		{inSchema(`{}`), inSchema(`{"const":null}`), false},
		{inSchema(`{}`), inSchema(`{"$comment":"c"}`), false},
		{inSchema(`{}`), `{"inputSchema":true}`, true},
		{inSchema(`{"items":{}}`), inSchema(`{"items":true}`), true},
		{inSchema(`{"items":{}}`), inSchema(`{"items":false}`), false},
		{inSchema(`{"type":["string"]}`), inSchema(`{"type":"string"}`), true},
		{inSchema(`{"type":["string","null","null"]}`), inSchema(`{"type":["null","string"]}`), true},
		{inSchema(`{"required":["a","b","a"]}`), inSchema(`{"required":["b","a"]}`), true},
		{inSchema(`{"enum":[1,"1",{"b":1,"a":2}]}`), inSchema(`{"enum":[{"a":2,"b":1},"1",1.0,1]}`), true},
		{inSchema(`{"enum":[null]}`), inSchema(`{"enum":[]}`), false},
		{inSchema(`{"anyOf":[{"type":"string"},{"type":"null"}]}`), inSchema(`{"anyOf":[{"type":["null"]},{"type":"string"}]}`), true},
		{inSchema(`{"oneOf":[{},{}]}`), inSchema(`{"oneOf":[{}]}`), false},
		{inSchema(`{"prefixItems":[{"type":"string"},{}]}`), inSchema(`{"prefixItems":[{},{"type":"string"}]}`), false},
		{inSchema(`{"$defs":{"a":{"required":[]}}}`), inSchema(`{"$defs":{"a":{}}}`), true},

		// Names of properties and data are no keywords.
		{inSchema(`{"properties":{"required":{"type":"array"}}}`), inSchema(`{"properties":{}}`), false},
		{inSchema(`{"properties":{"title":{}}}`), inSchema(`{}`), false},
		{inSchema(`{"default":{"required":[]}}`), inSchema(`{"default":{}}`), false},
		{inSchema(`{"default":{"a":null}}`), inSchema(`{"default":{}}`), false},
		{inSchema(`{"default":{"a":{"required":[]}}}`), inSchema(`{"default":{"a":{}}}`), false},
		{inSchema(`{"properties":[{"required":[]}]}`), inSchema(`{"properties":[{}]}`), false},
		{inSchema(`{"default":["b","a"]}`), inSchema(`{"default":["a","b"]}`), false},
		{inSchema(`{"x-order":["b","a"]}`), inSchema(`{"x-order":["a","b"]}`), false},
	} {
		if (form(t, c.a) == form(t, c.b)) != c.same {
			t.Errorf("%s and %s: %s and %s", c.a, c.b, form(t, c.a), form(t, c.b))
		}
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			if d := catalog.Compare([]catalog.Tool{tool("x", a)}, []catalog.Tool{tool("x", b)}); empty(d) != c.same {
				t.Errorf("%s and %s: %+v", a, b, d)
			}
		}
	}
}

func TestDataIsEqualAsJSON(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":"é"}`, "{ \"b\":\"\\u00e9\",\n\"a\":1 }", true},
		{`"\ud83d\ude00\/"`, `"😀/"`, true},
		{`"\ud800"`, `"\ufffd"`, true},
		{`1.50`, `15e-1`, true},
		{`100`, `1E2`, true},
		{`1e21`, `1000000000000000000000`, true},
		{`0.00125`, `125E-5`, true},
		{`-0`, `0.0e5`, true},
		{`-1`, `1`, false},
		{`1e999999999`, `1e999999998`, false},
		{`1e99999999999999999999`, `2e99999999999999999999`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`1`, `"1"`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1,2]`, `[1]`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`true`, `false`, false},
		{`{}`, `[]`, false},
	} {
		a, b := inSchema(`{"default":`+c.a+`}`), inSchema(`{"default":`+c.b+`}`)
		if (form(t, a) == form(t, b)) != c.same {
			t.Errorf("%s and %s: %s and %s", c.a, c.b, form(t, a), form(t, b))
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(levels int) string { // of values, the definition's own included
		return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
	}
	for levels, want := range map[int]string{1000: "", 1001: "more than 1000 levels of nesting"} {
		_, err := catalog.Canonical(tool("x", nested(levels)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d levels: %v", levels, err)
		}
	}
}

func hash(t catalog.Tool) string { return new(catalog.Hasher).Hash(t) }

func TestHash(t *testing.T) {
	a := tool("x", `{"description":"a","title":"t"}`)
	if got := hash(a); len(got) != 64 || strings.Trim(got, "0123456789abcdef") != "" {
		t.Errorf("the hash %s is not 64 hexadecimal digits", got)
	}
	if hash(a) != hash(tool("x", `{"title":"t", "description":"a"}`)) {
		t.Error("the spelling counts")
	}
	if hash(a) == hash(tool("y", `{"description":"a","title":"t"}`)) {
		t.Error("the name does not count")
	}
	for _, bad := range []string{``, `x`, `[1]`} {
		if got := hash(tool("x", bad)); got == hash(tool("x", bad+" ")) || got != hash(tool("y", bad)) {
			t.Errorf("%q has no form, and yet its hash %s is not that of its bytes", bad, got)
		}
	}
}

// The published form: whoever kept a hash must find it again.
func TestHashIsStable(t *testing.T) {
	for definition, want := range map[string]string{
		`{"name":"getOrder","description":"Get an existing order","inputSchema":{"type":"object","properties":{"orderId":{"type":"string"}},"required":["orderId"]}}`: "587270961c7f803e7db0578482ca94fc664d6b8bacd24ffd343fb44e4fc6ff72",
	} {
		if got := hash(tool("getOrder", definition)); got != want {
			t.Errorf("%s has the hash %s, want %s", definition, got, want)
		}
	}
}

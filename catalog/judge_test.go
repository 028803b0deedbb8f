package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

// judged compares two definitions and gives the details as "verdict: text".
func judged(t *testing.T, before, after string) []string {
	t.Helper()
	d := catalog.Compare([]catalog.Tool{tool("x", before)}, []catalog.Tool{tool("x", after)})
	if len(d.Changed) != 1 {
		t.Fatalf("%s and %s: %+v", before, after, d)
	}
	checkDetails(t, d.Changed[0])
	var lines []string
	for _, detail := range d.Changed[0].Details {
		lines = append(lines, fmt.Sprintf("%s: %s", detail.Verdict, detail.Text))
	}
	return lines
}

func wantJudged(t *testing.T, before, after string, want ...string) {
	t.Helper()
	if got := judged(t, before, after); !slices.Equal(got, want) {
		t.Errorf("from %s\nto   %s\ngot  %s\nwant %s", before, after, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// arg and field are a schema in the place of argument or result field "v".
func arg(schema string) string { return `{"inputSchema":{"properties":{"v":` + schema + `}}}` }

func field(schema string) string { return `{"outputSchema":{"properties":{"v":` + schema + `}}}` }

func in(schema string) string { return `{"inputSchema":` + schema + `}` }

func out(schema string) string { return `{"outputSchema":` + schema + `}` }

// Every rule for one value, forth and back, as argument and as result.
func TestRulesForValues(t *testing.T) {
	for _, c := range []struct {
		a, b                  string // schemas
		argForth, argBack     string
		fieldForth, fieldBack string
		argForth2, argBack2   string
	}{
		{a: `{"type":"string"}`, b: `{"type":"integer"}`,
			argForth: `breaking: argument "v" changed from string to integer`, argBack: `breaking: argument "v" changed from integer to string`,
			fieldForth: `breaking: result field "v" changed from string to integer`, fieldBack: `breaking: result field "v" changed from integer to string`},
		{a: `{"type":"integer"}`, b: `{"type":"number"}`,
			argForth: `compatible: argument "v" changed from integer to number`, argBack: `breaking: argument "v" changed from number to integer`,
			fieldForth: `breaking: result field "v" changed from integer to number`, fieldBack: `compatible: result field "v" changed from number to integer`},
		{a: `{"type":"string"}`, b: `{"type":["string","null"]}`,
			argForth: `compatible: argument "v" changed from string to null or string`, argBack: `breaking: argument "v" changed from null or string to string`,
			fieldForth: `breaking: result field "v" changed from string to null or string`, fieldBack: `compatible: result field "v" changed from null or string to string`},
		{a: `{"type":"string"}`, b: `{}`,
			argForth: `compatible: argument "v" changed from string to any type`, argBack: `breaking: argument "v" changed from any type to string`,
			fieldForth: `breaking: result field "v" changed from string to any type`, fieldBack: `compatible: result field "v" changed from any type to string`},
		{a: `{"type":"string"}`, b: `{"anyOf":[{"type":"string"},{"type":"null"}]}`,
			argForth: `compatible: argument "v" changed from string to null or string`, argBack: `breaking: argument "v" changed from null or string to string`,
			fieldForth: `breaking: result field "v" changed from string to null or string`, fieldBack: `compatible: result field "v" changed from null or string to string`},
		{a: `{"enum":["NEW","SHIPPED"]}`, b: `{"enum":["NEW"]}`,
			argForth: `breaking: argument "v" no longer accepts "SHIPPED"`, argBack: `compatible: argument "v" now also accepts "SHIPPED"`,
			fieldForth: `compatible: result field "v" is no longer "SHIPPED"`, fieldBack: `notable: result field "v" can now also be "SHIPPED"`},
		{a: `{"enum":[1,true]}`, b: `{}`,
			argForth: `compatible: argument "v" is no longer limited to 1, true`, argBack: `breaking: argument "v" now accepts only 1, true`,
			fieldForth: `notable: result field "v" is no longer always one of 1, true`, fieldBack: `compatible: result field "v" is now always one of 1, true`},
		{a: `{"const":"a"}`, b: `{"enum":["a","b"]}`,
			argForth: `compatible: argument "v" now also accepts "b"`, argBack: `breaking: argument "v" no longer accepts "b"`,
			fieldForth: `notable: result field "v" can now also be "b"`, fieldBack: `compatible: result field "v" is no longer "b"`},
		{a: `{"maximum":1000}`, b: `{"maximum":100}`,
			argForth: `breaking: argument "v" has a lower maximum: 100, was 1000`, argBack: `compatible: argument "v" has a higher maximum: 1000, was 100`,
			fieldForth: `compatible: result field "v" has a lower maximum: 100, was 1000`, fieldBack: `notable: result field "v" has a higher maximum: 1000, was 100`},
		{a: `{"minimum":0.5}`, b: `{"minimum":-1}`,
			argForth: `compatible: argument "v" has a lower minimum: -1, was 0.5`, argBack: `breaking: argument "v" has a higher minimum: 0.5, was -1`,
			fieldForth: `notable: result field "v" has a lower minimum: -1, was 0.5`, fieldBack: `compatible: result field "v" has a higher minimum: 0.5, was -1`},
		{a: `{}`, b: `{"exclusiveMinimum":1}`,
			argForth: `breaking: argument "v" now has an exclusive minimum: 1`, argBack: `compatible: argument "v" no longer has an exclusive minimum (it was 1)`,
			fieldForth: `compatible: result field "v" now has an exclusive minimum: 1`, fieldBack: `notable: result field "v" no longer has an exclusive minimum (it was 1)`},
		{a: `{"exclusiveMaximum":2}`, b: `{"exclusiveMaximum":1}`,
			argForth: `breaking: argument "v" has a lower exclusive maximum: 1, was 2`, argBack: `compatible: argument "v" has a higher exclusive maximum: 2, was 1`,
			fieldForth: `compatible: result field "v" has a lower exclusive maximum: 1, was 2`, fieldBack: `notable: result field "v" has a higher exclusive maximum: 2, was 1`},
		{a: `{}`, b: `{"maxLength":5}`,
			argForth: `breaking: argument "v" now has a maximum length: 5`, argBack: `compatible: argument "v" no longer has a maximum length (it was 5)`,
			fieldForth: `compatible: result field "v" now has a maximum length: 5`, fieldBack: `notable: result field "v" no longer has a maximum length (it was 5)`},
		{a: `{"minLength":0}`, b: `{"minLength":1}`,
			argForth: `breaking: argument "v" now has a minimum length: 1`, argBack: `compatible: argument "v" no longer has a minimum length (it was 1)`,
			fieldForth: `compatible: result field "v" now has a minimum length: 1`, fieldBack: `notable: result field "v" no longer has a minimum length (it was 1)`},
		{a: `{"minItems":1}`, b: `{"minItems":2}`,
			argForth: `breaking: argument "v" has a higher minimum number of elements: 2, was 1`, argBack: `compatible: argument "v" has a lower minimum number of elements: 1, was 2`,
			fieldForth: `compatible: result field "v" has a higher minimum number of elements: 2, was 1`, fieldBack: `notable: result field "v" has a lower minimum number of elements: 1, was 2`},
		{a: `{"maxItems":1}`, b: `{"maxItems":2}`,
			argForth: `compatible: argument "v" has a higher maximum number of elements: 2, was 1`, argBack: `breaking: argument "v" has a lower maximum number of elements: 1, was 2`,
			fieldForth: `notable: result field "v" has a higher maximum number of elements: 2, was 1`, fieldBack: `compatible: result field "v" has a lower maximum number of elements: 1, was 2`},
		{a: `{"minProperties":1}`, b: `{"maxProperties":1}`,
			argForth: `breaking: argument "v" now has a maximum number of fields: 1`, argForth2: `compatible: argument "v" no longer has a minimum number of fields (it was 1)`,
			argBack: `breaking: argument "v" now has a minimum number of fields: 1`, argBack2: `compatible: argument "v" no longer has a maximum number of fields (it was 1)`},
		{a: `{"maximum":9007199254740993}`, b: `{"maximum":9007199254740992}`,
			argForth: `breaking: argument "v" has a slightly different maximum: 9007199254740992, was 9007199254740993`, argBack: `breaking: argument "v" has a slightly different maximum: 9007199254740993, was 9007199254740992`},
		{a: `{"exclusiveMinimum":true}`, b: `{"exclusiveMinimum":1}`,
			argForth: `breaking: the schema of argument "v" changed in a way that cannot be judged (exclusiveMinimum)`, argBack: `breaking: the schema of argument "v" changed in a way that cannot be judged (exclusiveMinimum)`,
			fieldForth: `notable: the schema of result field "v" changed in a way that cannot be judged (exclusiveMinimum)`, fieldBack: `notable: the schema of result field "v" changed in a way that cannot be judged (exclusiveMinimum)`},
		{a: `{}`, b: `{"pattern":"^a"}`,
			argForth: `breaking: argument "v" now has to match the pattern "^a"`, argBack: `compatible: argument "v" no longer has to match the pattern "^a"`,
			fieldForth: `compatible: result field "v" now has to match the pattern "^a"`, fieldBack: `notable: result field "v" no longer has to match the pattern "^a"`},
		{a: `{"pattern":"^b"}`, b: `{"pattern":"^a"}`,
			argForth: `breaking: argument "v" now has to match the pattern "^a", it was "^b"`, argBack: `breaking: argument "v" now has to match the pattern "^b", it was "^a"`,
			fieldForth: `notable: result field "v" now has to match the pattern "^a", it was "^b"`, fieldBack: `notable: result field "v" now has to match the pattern "^b", it was "^a"`},
		{a: `{}`, b: `{"multipleOf":5}`,
			argForth: `breaking: argument "v" now has to be a multiple of 5`, argBack: `compatible: argument "v" no longer has to be a multiple of 5`},
		{a: `{}`, b: `{"uniqueItems":true}`,
			argForth: `breaking: argument "v" now has to have unique elements`, argBack: `compatible: argument "v" may now have the same element twice`,
			fieldForth: `compatible: result field "v" now has to have unique elements`, fieldBack: `notable: result field "v" may now have the same element twice`},
		{a: `{}`, b: `{"format":"date"}`,
			argForth: `notable: argument "v" now has the format "date"`, argBack: `compatible: argument "v" no longer has the format "date"`,
			fieldForth: `notable: result field "v" now has the format "date"`, fieldBack: `notable: result field "v" no longer has the format "date"`},
		{a: `{"format":"time"}`, b: `{"format":"date"}`,
			argForth: `notable: argument "v" now has the format "date", it was "time"`, argBack: `notable: argument "v" now has the format "time", it was "date"`},
		{a: `{}`, b: `{"items":{"type":"string"}}`,
			argForth: `breaking: argument "v" now has a schema for its elements`, argBack: `compatible: argument "v" no longer has a schema for its elements`,
			fieldForth: `compatible: result field "v" now has a schema for its elements`, fieldBack: `notable: result field "v" no longer has a schema for its elements`},
		{a: `{"additionalProperties":true}`, b: `{"additionalProperties":false}`,
			argForth: `breaking: argument "v" no longer accepts undeclared fields`, argBack: `compatible: argument "v" now accepts undeclared fields`,
			fieldForth: `compatible: result field "v" no longer accepts undeclared fields`, fieldBack: `notable: result field "v" now accepts undeclared fields`},
		{a: `{"additionalProperties":{"type":"string"}}`, b: `{"additionalProperties":{"type":"integer"}}`,
			argForth: `breaking: argument "v.*" changed from string to integer`, argBack: `breaking: argument "v.*" changed from integer to string`},
		{a: `{"items":{"type":"integer"}}`, b: `{"items":{"type":"number"}}`,
			argForth: `compatible: argument "v[]" changed from integer to number`, argBack: `breaking: argument "v[]" changed from number to integer`},
		{a: `{"items":[{"type":"integer"},{}]}`, b: `{"items":[{"type":"number"},{}]}`,
			argForth: `compatible: argument "v[0]" changed from integer to number`, argBack: `breaking: argument "v[0]" changed from number to integer`},
		{a: `{"anyOf":[{"type":"string"},{"type":"array"}]}`, b: `{"anyOf":[{"type":"string"},{"type":"array"},{"type":"object"}]}`,
			argForth: `compatible: argument "v" has more alternatives than before (anyOf): 1 more`, argBack: `breaking: argument "v" has fewer alternatives than before (anyOf): 1 fewer`,
			fieldForth: `notable: result field "v" has more alternatives than before (anyOf): 1 more`, fieldBack: `compatible: result field "v" has fewer alternatives than before (anyOf): 1 fewer`},
		{a: `{"anyOf":[{"type":"array"},{"maxLength":5}]}`, b: `{"anyOf":[{"type":"array"},{"maxLength":4}]}`,
			argForth: `breaking: argument "v" has a lower maximum length: 4, was 5`, argBack: `compatible: argument "v" has a higher maximum length: 5, was 4`},
		{a: `{"anyOf":[{"type":"array"},{"minimum":1}]}`, b: `{}`,
			argForth: `compatible: argument "v" is no longer limited to alternatives (anyOf)`, argBack: `breaking: argument "v" is now limited to alternatives (anyOf)`},
		{a: `{"allOf":[{"minimum":1}]}`, b: `{"allOf":[{"minimum":1},{"maximum":2}]}`,
			argForth: `breaking: argument "v" has to satisfy more schemas than before (allOf): 1 more`, argBack: `compatible: argument "v" has to satisfy fewer schemas than before (allOf): 1 fewer`,
			fieldForth: `compatible: result field "v" has to satisfy more schemas than before (allOf): 1 more`, fieldBack: `notable: result field "v" has to satisfy fewer schemas than before (allOf): 1 fewer`},
		{a: `{"oneOf":[{"type":"array"},{"minimum":1}]}`, b: `{"oneOf":[{"type":"array"}]}`,
			argForth: `breaking: the schema of argument "v" changed in a way that cannot be judged (oneOf)`, argBack: `breaking: the schema of argument "v" changed in a way that cannot be judged (oneOf)`,
			fieldForth: `notable: the schema of result field "v" changed in a way that cannot be judged (oneOf)`, fieldBack: `notable: the schema of result field "v" changed in a way that cannot be judged (oneOf)`},
		{a: `{"not":{"minimum":1}}`, b: `{"not":{"minimum":2}}`,
			argForth: `breaking: the schema of argument "v" changed in a way that cannot be judged (not)`, argBack: `breaking: the schema of argument "v" changed in a way that cannot be judged (not)`},
		{a: `{}`, b: `false`,
			argForth: `breaking: the schema of argument "v" changed in a way that cannot be judged (schema)`, argBack: `breaking: the schema of argument "v" changed in a way that cannot be judged (schema)`},
		{a: `{"description":"a"}`, b: `{"description":"b"}`,
			argForth: `notable: the description of argument "v" changed from "a" to "b"`, argBack: `notable: the description of argument "v" changed from "b" to "a"`,
			fieldForth: `notable: the description of result field "v" changed from "a" to "b"`, fieldBack: `notable: the description of result field "v" changed from "b" to "a"`},
		{a: `{}`, b: `{"default":[1]}`,
			argForth: `notable: the default of argument "v" was added: [1]`, argBack: `notable: the default of argument "v" was removed: [1]`},
		{a: `{"default":10}`, b: `{"default":20}`,
			argForth: `notable: the default of argument "v" changed from 10 to 20`, argBack: `notable: the default of argument "v" changed from 20 to 10`},
		{a: `{"x-a":"1"}`, b: `{"x-a":{"longer":"2"}}`,
			argForth: `notable: "x-a" of argument "v" changed from "1" to "{\"longer\":\"2\"}"`, argBack: `notable: "x-a" of argument "v" changed from "{\"longer\":\"2\"}" to "1"`},
	} {
		check := func(before, after string, want ...string) {
			t.Helper()
			if want = slices.DeleteFunc(want, func(s string) bool { return s == "" }); len(want) > 0 {
				wantJudged(t, before, after, want...)
			}
		}
		check(arg(c.a), arg(c.b), c.argForth, c.argForth2)
		check(arg(c.b), arg(c.a), c.argBack, c.argBack2)
		check(field(c.a), field(c.b), c.fieldForth)
		check(field(c.b), field(c.a), c.fieldBack)
	}
}

func TestRulesForObjects(t *testing.T) {
	for _, c := range []struct {
		a, b        string
		forth, back []string
	}{
		{in(`{}`), in(`{"properties":{"orderId":{}}}`),
			[]string{`compatible: argument "orderId" is new and optional`}, []string{`breaking: argument "orderId" was removed`}},
		{in(`{}`), in(`{"properties":{"orderId":{}},"required":["orderId"]}`),
			[]string{`breaking: argument "orderId" is new and required`}, []string{`breaking: argument "orderId" was removed`}},
		{in(`{"properties":{"orderId":{}}}`), in(`{"properties":{"orderId":{}},"required":["orderId"]}`),
			[]string{`breaking: argument "orderId" is now required`}, []string{`compatible: argument "orderId" is no longer required`}},
		{in(`{"required":["a"]}`), in(`{"required":["a","b"]}`),
			[]string{`breaking: argument "b" is now required`}, []string{`compatible: argument "b" is no longer required`}},
		{in(`{"required":["a"]}`), in(`{"required":["a"],"properties":{"a":{"type":"string"}}}`),
			[]string{`breaking: argument "a" now has a schema`}, []string{`breaking: argument "a" was removed`}},
		{in(`{}`), in(`{"additionalProperties":false}`),
			[]string{`breaking: the input no longer accepts undeclared arguments`}, []string{`compatible: the input now accepts undeclared arguments`}},
		{in(`{"properties":{"order":{"properties":{"items":{"items":{"properties":{"sku":{"type":"string"}}}}}}}}`),
			in(`{"properties":{"order":{"properties":{"items":{"items":{"properties":{"sku":{"type":"string"}},"required":["sku"]}}}}}}`),
			[]string{`breaking: argument "order.items[].sku" is now required`}, []string{`compatible: argument "order.items[].sku" is no longer required`}},
		{out(`{"properties":{"total":{}}}`), out(`{"properties":{}}`),
			[]string{`breaking: the result no longer has "total"`}, []string{`compatible: the result now has "total"`}},
		{out(`{"properties":{"a":{"properties":{"b":{}}}}}`), out(`{"properties":{"a":{}}}`),
			[]string{`breaking: the result no longer has "a.b"`}, []string{`compatible: the result now has "a.b"`}},
		{out(`{"properties":{"total":{}},"required":["total"]}`), out(`{"properties":{"total":{}}}`),
			[]string{`breaking: result field "total" may now be missing`}, []string{`compatible: result field "total" is now always there`}},
		{out(`{"properties":{"total":{}},"required":["total"]}`), out(`{}`),
			[]string{`breaking: the result no longer has "total"`}, []string{`compatible: the result now has "total"`}},
		{`{}`, in(`{"properties":{"a":{}},"required":["a"]}`),
			[]string{`breaking: argument "a" is new and required`, `notable: the tool now has an input schema`}, []string{`breaking: the tool no longer has an input schema`}},
		{`{}`, out(`{"type":"object"}`),
			[]string{`compatible: the tool now has an output schema`}, []string{`breaking: the tool no longer has an output schema`}},
	} {
		wantJudged(t, c.a, c.b, c.forth...)
		wantJudged(t, c.b, c.a, c.back...)
	}
}

func TestReferences(t *testing.T) {
	ref := func(def string) string {
		return in(`{"$ref":"#/$defs/a~1b%20c","$defs":{"a/b c":{"properties":{"n":` + def + `}}}}`)
	}
	wantJudged(t, ref(`{"type":"integer"}`), ref(`{"type":"number"}`), `compatible: argument "n" changed from integer to number`)
	wantJudged(t, ref(`{"$ref":"#/definitions/x"}`), ref(`{"$ref":"#/definitions/y"}`),
		`breaking: the schema of argument "n" changed in a way that cannot be judged ($ref)`)

	inline := in(`{"properties":{"n":{"type":"string","description":"d"}}}`)
	referred := in(`{"properties":{"n":{"$ref":"#/definitions/s","description":"d"}},"definitions":{"s":{"type":"string","description":"e"}}}`)
	wantJudged(t, inline, referred, `notable: the input schema is written differently, without an effect that was found`)
	wantJudged(t, referred, inline, `notable: the input schema is written differently, without an effect that was found`)

	tree := func(leaf string) string {
		return in(`{"properties":{"t":{"$ref":"#/$defs/t"}},"$defs":{"t":{"properties":{"left":{"$ref":"#/$defs/t","title":"L"},"kids":{"items":{"$ref":"#/$defs/t","title":"K"}},"leaf":` + leaf + `}}}}`)
	}
	wantJudged(t, tree(`{"type":"string"}`), tree(`{"type":"boolean"}`),
		`breaking: argument "t.kids[].leaf" changed from string to boolean`)

	optional := in(`{"properties":{"n":{"anyOf":[{"$ref":"#/$defs/s"},{"type":"null"}]}},"$defs":{"s":{"type":"string","enum":["a"]}}}`)
	plain := in(`{"properties":{"n":{"$ref":"#/$defs/s"}},"$defs":{"s":{"type":"string","enum":["a"]}}}`)
	wantJudged(t, plain, optional, `compatible: argument "n" changed from string to null or string`, `compatible: argument "n" now also accepts null`)

	for keyword, schema := range map[string]string{
		"not": `{"not":{"$ref":"#/$defs/s"}}`, "$dynamicRef": `{"$dynamicRef":"#s"}`, "$ref": `{"$ref":"#anchor"}`,
		"patternProperties": `{"patternProperties":{"x":{"$ref":"#/$defs/s"}}}`,
	} {
		with := func(n string) string {
			return in(`{"properties":{"v":` + schema + `},"$defs":{"s":{"minimum":` + n + `}}}`)
		}
		wantJudged(t, with("1"), with("2"), `breaking: the schema of argument "v" changed in a way that cannot be judged (`+keyword+`)`)
	}
	oneOf := func(n string) string {
		return in(`{"properties":{"v":{"oneOf":[{"$ref":"#/$defs/s"},{"type":"array"}]}},"$defs":{"s":{"minimum":` + n + `}}}`)
	}
	wantJudged(t, oneOf("1"), oneOf("2"), `breaking: argument "v" has a higher minimum: 2, was 1`)
	unused := func(n string) string { return in(`{"type":"object","$defs":{"s":{"minimum":` + n + `}}}`) }
	wantJudged(t, unused("1"), unused("2"), `notable: the input schema is written differently, without an effect that was found`)
}

func TestAnnotations(t *testing.T) {
	hints := func(s string) string { return `{"annotations":{` + s + `}}` }
	for _, c := range []struct{ a, b, forth, back string }{
		{`"readOnlyHint":true`, ``, `breaking: the tool now changes something (it was read-only)`, `notable: the tool is now marked read-only`},
		{`"readOnlyHint":true`, `"readOnlyHint":false`, `breaking: the tool now changes something (it was read-only)`, `notable: the tool is now marked read-only`},
		{`"destructiveHint":false`, ``, `notable: the tool is now marked destructive`, `notable: the tool is no longer marked destructive`},
		{`"idempotentHint":true`, ``, `notable: the tool is no longer marked idempotent`, `notable: the tool is now marked idempotent`},
		{`"openWorldHint":false`, ``, `notable: the tool is now marked reaching out to an open world`, `notable: the tool is no longer marked reaching out to an open world`},
		{`"x":1`, ``, `notable: the annotation "x" was removed: 1`, `notable: the annotation "x" was added: 1`},
	} {
		wantJudged(t, hints(c.a), hints(c.b), c.forth)
		wantJudged(t, hints(c.b), hints(c.a), c.back)
	}
	wantJudged(t, hints(`"readOnlyHint":true`), hints(`"readOnlyHint":"yes"`), `breaking: the tool is no longer marked read-only`,
		`notable: the annotation readOnlyHint changed from true to "yes"`)
	wantJudged(t, hints(`"readOnlyHint":true`), `{"annotations":[]}`, `breaking: the tool is no longer marked read-only`,
		`notable: the annotations changed from "{\"readOnlyHint\":true}" to []`)
	wantJudged(t, `{"title":"A"}`, `{"annotations":{"title":"B"}}`, `notable: the title changed from "A" to "B"`)
}

func TestBounded(t *testing.T) {
	var properties []string
	for i := range 1000 {
		properties = append(properties, fmt.Sprintf(`"p%03d":{"description":%q}`, i, strings.Repeat("long ", 100)))
	}
	many := in(`{"properties":{` + strings.Join(properties, ",") + `}}`)
	got := judged(t, many, in(`{}`))
	if len(got) != 21 || got[20] != "breaking: and 980 more" {
		t.Errorf("%d details, the last %q", len(got), got[len(got)-1])
	}

	nested := func(leaf string) string {
		return in(strings.Repeat(`{"properties":{"n":`, 200) + leaf + strings.Repeat(`}}`, 200))
	}
	if got := judged(t, nested(`{"type":"string"}`), nested(`{"type":"null"}`)); len(got) != 1 || !strings.HasSuffix(got[0], "cannot be judged (too deep or too large)") {
		t.Errorf("%q", got)
	}

	// Each definition refers twice to the next: 2^60 paths.
	var defs []string
	for i := range 60 {
		defs = append(defs, fmt.Sprintf(`"d%d":{"properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}}`, i, i+1, i+1))
	}
	lattice := func(leaf string) string {
		return in(`{"$ref":"#/$defs/d0","$defs":{` + strings.Join(defs, ",") + `,"d60":` + leaf + `}}`)
	}
	if got := judged(t, lattice(`{"type":"string"}`), lattice(`{"type":"null"}`)); len(got) == 0 || !strings.HasSuffix(got[0], "changed from string to null") {
		t.Errorf("%q", got)
	}
	// Every one of many properties refers to the same many.
	crowd := func(kind string) string {
		var outer, inner []string
		for i := range 2000 {
			outer = append(outer, fmt.Sprintf(`"p%d":{"$ref":"#/$defs/d","title":"t"}`, i))
			inner = append(inner, fmt.Sprintf(`"q%d":{"type":%q}`, i, kind))
		}
		return in(`{"properties":{` + strings.Join(outer, ",") + `},"$defs":{"d":{"properties":{` + strings.Join(inner, ",") + `}}}}`)
	}
	if got := judged(t, crowd("string"), crowd("null")); len(got) != 21 || got[20] != "breaking: and 3957 more" {
		t.Errorf("%q", got)
	}
	loop := in(`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`)
	judged(t, loop, in(`{"$ref":"#"}`))
}

package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Canonical is the form of a definition over which it is hashed and compared:
// one JSON object, its members sorted, without white space, with one spelling
// for every string and number. Two tools with the same form are the same to a
// model and to a caller.
//
// What counts: Tool.Name (from which the caller has taken a gateway's prefix;
// the definition's own name does not count), title, description, inputSchema,
// outputSchema, annotations.
//
// What makes no difference, because it means nothing:
//   - every other member of the definition (_meta, icons, execution, …)
//   - members that are null, in the definition, in annotations and in schemas,
//     "const" excepted; a title or description that is ""
//   - annotations that are {}, and hints equal to MCP's defaults: readOnlyHint
//     false, destructiveHint true, idempotentHint false, openWorldHint true
//   - annotations.title where the tool has the same title; it is the tool's
//     title where the tool has none
//   - in schemas: "required": [], "properties": {}, "minLength", "minItems" and
//     "minProperties" 0, "uniqueItems": false, a "$schema" of json-schema.org,
//     "additionalProperties" true or {} (unless the definition has
//     unevaluatedProperties), true for {}, ["string"] for "string"
//   - the order of type, required, enum, anyOf, oneOf and allOf, and duplicates
//     in the first three
//   - of duplicate members of an object, all but the last
//
// Defaults, examples, constants, enum values and unknown keywords are data and
// stay as they are. Assumption: AWS does not document what AgentCore's
// normalisation adds to or drops from a definition; nothing beyond this list is
// expected of it.
//
// An error says why the definition is not a JSON object or that it is nested
// deeper than 1,000 levels.
func Canonical(t Tool) ([]byte, error) {
	return new(canonicalizer).append(nil, t)
}

// canonicalizer keeps its memory from one definition to the next.
type canonicalizer struct {
	parser
	out   []byte
	spans []span // of the elements of the sets that are being written
}

// span is a part of out.
type span struct{ start, end int }

// append appends the canonical form to dst.
func (c *canonicalizer) append(dst []byte, t Tool) ([]byte, error) {
	definition, err := c.parse(string(t.Definition))
	if err != nil {
		return dst, fmt.Errorf("the definition of tool %s is not valid JSON: %w", show(t.Name), err)
	}
	if definition.kind != kindObject {
		return dst, fmt.Errorf("the definition of tool %s is not a JSON object", show(t.Name))
	}
	c.out, c.spans = dst, c.spans[:0]
	c.tool(t.Name, definition)
	dst, c.out = c.out, nil
	return dst, nil
}

func (c *canonicalizer) tool(name string, definition *value) {
	annotations := definition.get("annotations")
	title, hinted := definition.get("title"), annotations.get("title")
	if !meansSomething(hinted) {
		hinted = nil
	}
	if !meansSomething(title) {
		title, hinted = hinted, nil
	} else if equal(title, hinted) {
		hinted = nil
	}
	c.out = append(c.out, '{')
	start := len(c.out)
	c.annotations(annotations, hinted, start)
	if v := definition.get("description"); meansSomething(v) {
		c.key(start, "description")
		c.data(v)
	}
	c.optionalSchema(start, definition, "inputSchema")
	c.key(start, "name")
	c.str(name)
	c.optionalSchema(start, definition, "outputSchema")
	if title != nil {
		c.key(start, "title")
		c.data(title)
	}
	c.out = append(c.out, '}')
}

func (c *canonicalizer) optionalSchema(start int, definition *value, name string) {
	if v := definition.get(name); v != nil && v.kind != kindNull {
		c.key(start, name)
		c.schema(v)
	}
}

// annotations writes nothing when nothing is left of them.
func (c *canonicalizer) annotations(annotations, title *value, start int) {
	if annotations == nil || annotations.kind == kindNull {
		return
	}
	if annotations.kind != kindObject {
		c.key(start, "annotations")
		c.data(annotations)
		return
	}
	before := len(c.out)
	c.key(start, "annotations")
	c.out = append(c.out, '{')
	inner := len(c.out)
	for _, m := range annotations.members {
		if m.name == "title" && title == nil || isDefaultHint(m.name, m.value) {
			continue
		}
		c.key(inner, m.name)
		c.data(m.value)
	}
	if len(c.out) == inner {
		c.out = c.out[:before]
		return
	}
	c.out = append(c.out, '}')
}

// isDefaultHint knows the defaults of MCP's ToolAnnotations.
func isDefaultHint(name string, v *value) bool {
	switch name {
	case "readOnlyHint", "idempotentHint":
		return v.kind == kindFalse || v.kind == kindNull
	case "destructiveHint", "openWorldHint":
		return v.kind == kindTrue || v.kind == kindNull
	}
	return v.kind == kindNull
}

// meansSomething is false for what is absent, null or "".
func meansSomething(v *value) bool {
	return v != nil && v.kind != kindNull && (v.kind != kindString || v.text != "")
}

// schema writes a schema without what means nothing in it.
func (c *canonicalizer) schema(v *value) {
	if v.kind == kindTrue {
		c.out = append(c.out, "{}"...)
		return
	}
	if v.kind != kindObject {
		c.data(v)
		return
	}
	c.out = append(c.out, '{')
	start := len(c.out)
	for _, m := range v.members {
		if !c.ignored(m.name, m.value) {
			c.key(start, m.name)
			c.keyword(m.name, m.value)
		}
	}
	c.out = append(c.out, '}')
}

// ignored says that a keyword means nothing with this value.
func (c *canonicalizer) ignored(keyword string, v *value) bool {
	if v.kind == kindNull {
		return keyword != "const"
	}
	switch keyword {
	case "title", "description":
		return !meansSomething(v)
	case "required":
		return v.kind == kindArray && len(v.members) == 0
	case "properties":
		return v.kind == kindObject && len(v.members) == 0
	case "additionalProperties":
		return !c.unevaluated && (v.kind == kindTrue || v.kind == kindObject && len(v.members) == 0)
	case "minLength", "minItems", "minProperties":
		return v.kind == kindNumber && v.text == "0"
	case "uniqueItems":
		return v.kind == kindFalse
	case "$schema":
		return isDialect(v.str())
	}
	return false
}

// isDialect is strict, because a model reads what stands there.
func isDialect(uri string) bool {
	for _, prefix := range []string{"https://json-schema.org/", "http://json-schema.org/"} {
		if path, ok := strings.CutPrefix(uri, prefix); ok {
			return len(path) <= 40 && strings.Trim(path, "abcdefghijklmnopqrstuvwxyz0123456789-/#") == ""
		}
	}
	return false
}

func (c *canonicalizer) keyword(keyword string, v *value) {
	switch shape := shapeOf(keyword); {
	case shape == shapeSchema, shape == shapeItems && v.kind != kindArray:
		c.schema(v)
	case shape == shapeSchemaMap && v.kind == kindObject:
		c.out = append(c.out, '{')
		start := len(c.out)
		for _, m := range v.members {
			c.key(start, m.name)
			c.schema(m.value)
		}
		c.out = append(c.out, '}')
	case v.kind != kindArray:
		c.data(v)
	case shape == shapeType && len(v.members) == 1:
		c.data(v.members[0].value)
	case shape == shapeSet, shape == shapeType:
		c.set(v.members, c.data, true)
	case shape == shapeSchemaSet:
		c.set(v.members, c.schema, false)
	case shape == shapeSchemas, shape == shapeItems:
		c.out = append(c.out, '[')
		for i, m := range v.members {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.schema(m.value)
		}
		c.out = append(c.out, ']')
	default:
		c.data(v)
	}
}

// set writes elements in the order of their forms, and each once if asked.
func (c *canonicalizer) set(elements []member, write func(*value), once bool) {
	c.out = append(c.out, '[')
	start, base := len(c.out), len(c.spans)
	ordered := true
	for i, m := range elements {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		from := len(c.out)
		write(m.value)
		c.spans = append(c.spans, span{from, len(c.out)})
		if i > 0 && compareSpans(c.out, c.spans[base+i-1], c.spans[base+i]) >= 0 {
			ordered = false
		}
	}
	if !ordered {
		written := slices.Clone(c.out[start:])
		at := func(s span) []byte { return written[s.start-start : s.end-start] }
		spans := c.spans[base:]
		slices.SortFunc(spans, func(x, y span) int { return slices.Compare(at(x), at(y)) })
		if once {
			spans = slices.CompactFunc(spans, func(x, y span) bool { return slices.Equal(at(x), at(y)) })
		}
		c.out = c.out[:start]
		for i, s := range spans {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.out = append(c.out, at(s)...)
		}
	}
	c.spans = c.spans[:base]
	c.out = append(c.out, ']')
}

func compareSpans(out []byte, x, y span) int {
	return slices.Compare(out[x.start:x.end], out[y.start:y.end])
}

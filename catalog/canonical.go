package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// canonical is a tool's canonical form, over which tools are hashed and compared,
// as a tree that is valid until the next call. As text it is one JSON object, its
// members sorted, without white space, with one spelling for every string and
// number. Two tools with the same form are the same to a model and to a caller.
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
func (d *decoder) canonical(t Tool) (*value, error) {
	definition, err := d.decode(t.Definition)
	if err != nil {
		return nil, fmt.Errorf("the definition of tool %s is not valid JSON: %w", show(t.Name), err)
	}
	if definition.kind != kindObject {
		return nil, fmt.Errorf("the definition of tool %s is not a JSON object", show(t.Name))
	}
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
	root := &d.values.take(1)[0]
	*root = value{kind: kindObject, members: d.members.take(6)[:0]}
	keep := func(name string, v *value) {
		if v != nil && v.kind != kindNull {
			root.members = append(root.members, member{name, v})
		}
	}
	keep("annotations", withoutDefaults(annotations, hinted != nil))
	if v := definition.get("description"); meansSomething(v) {
		keep("description", v)
	}
	keep("inputSchema", d.schema(definition.get("inputSchema")))
	name := &d.values.take(1)[0]
	*name = value{kind: kindString, text: strings.ToValidUTF8(t.Name, string(utf8.RuneError))}
	keep("name", name)
	keep("outputSchema", d.schema(definition.get("outputSchema")))
	keep("title", title)
	return root, nil
}

// withoutDefaults takes from annotations what says nothing, and the title unless
// it is one of its own. It is nil when nothing is left.
func withoutDefaults(annotations *value, title bool) *value {
	if annotations == nil || annotations.kind != kindObject {
		return annotations
	}
	annotations.members = slices.DeleteFunc(annotations.members, func(m member) bool {
		return m.name == "title" && !title || isDefaultHint(m.name, m.value)
	})
	if len(annotations.members) == 0 {
		return nil
	}
	return annotations
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

// schema takes from a schema what means nothing in it, and returns it.
func (d *decoder) schema(v *value) *value {
	switch {
	case v == nil:
	case v.kind == kindTrue:
		*v = value{kind: kindObject}
	case v.kind == kindObject:
		v.members = slices.DeleteFunc(v.members, func(m member) bool { return d.ignored(m.name, m.value) })
		for i, m := range v.members {
			v.members[i].value = d.keyword(m.name, m.value)
		}
	}
	return v
}

// ignored says that a keyword means nothing with this value.
func (d *decoder) ignored(keyword string, v *value) bool {
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
		return !d.unevaluated && (v.kind == kindTrue || v.kind == kindObject && len(v.members) == 0)
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

// keyword brings what a keyword holds into its one form.
func (d *decoder) keyword(keyword string, v *value) *value {
	switch shape := shapeOf(keyword); {
	case shape == shapeSchema, shape == shapeItems && v.kind != kindArray:
		d.schema(v)
	case shape == shapeSchemaMap && v.kind == kindObject:
		d.schemas(v.members)
	case v.kind != kindArray:
	case shape == shapeType && len(v.members) == 1:
		return v.members[0].value
	case shape == shapeSet, shape == shapeType:
		v.members = slices.CompactFunc(sorted(v.members), func(x, y member) bool { return equal(x.value, y.value) })
	case shape == shapeSchemaSet:
		d.schemas(v.members)
		v.members = sorted(v.members)
	case shape == shapeSchemas, shape == shapeItems:
		d.schemas(v.members)
	}
	return v
}

func (d *decoder) schemas(members []member) {
	for _, m := range members {
		d.schema(m.value)
	}
}

// sorted brings the elements of a set into the order of their forms.
func sorted(elements []member) []member {
	if len(elements) < 2 {
		return elements
	}
	type formed struct {
		form string
		member
	}
	all := make([]formed, len(elements))
	for i, m := range elements {
		all[i] = formed{render(m.value), m}
	}
	slices.SortFunc(all, func(x, y formed) int { return strings.Compare(x.form, y.form) })
	for i, f := range all {
		elements[i] = f.member
	}
	return elements
}

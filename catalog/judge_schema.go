package catalog

import "fmt"

// side is the direction in which a schema promises: what a caller may send, or
// what it may get.
type side string

const (
	input  side = "input"
	output side = "output"
)

// subject names what stands at a path: the input, argument "order.items[].sku".
func (s side) subject(path string) string {
	switch {
	case path == "" && s == input:
		return "the input"
	case path == "":
		return "the result"
	case s == input:
		return fmt.Sprintf(`argument "%s"`, path)
	}
	return fmt.Sprintf(`result field "%s"`, path)
}

const (
	maxDepth = 64      // levels of schemas that are judged
	maxSteps = 100_000 // keywords and properties that are compared: references can multiply them
)

// walk compares two schemas level by level.
type walk struct {
	side          side
	details       *details
	before, after *value // the roots, in which references lead

	definitionsDiffer bool
	seen              map[[2]*value]bool // pairs that references may reach again
	steps             int
}

func (w *walk) subject(path string) string { return w.side.subject(path) }

// narrowed reports that fewer values are allowed. For a result that is a promise.
func (w *walk) narrowed(path, format string, args ...any) {
	verdict := Breaking
	if w.side == output {
		verdict = Compatible
	}
	w.details.add(verdict, "%s %s", w.subject(path), fmt.Sprintf(format, args...))
}

// widened reports that more values are allowed.
func (w *walk) widened(path, format string, args ...any) {
	verdict := Compatible
	if w.side == output {
		verdict = Notable
	}
	w.details.add(verdict, "%s %s", w.subject(path), fmt.Sprintf(format, args...))
}

// unjudged reports a change whose effect is not known.
func (w *walk) unjudged(path, keyword string) {
	verdict := Breaking
	if w.side == output {
		verdict = Notable
	}
	w.details.add(verdict, "the schema of %s changed in a way that cannot be judged (%s)", w.subject(path), showName(keyword))
}

func (w *walk) schema(before, after *value, path string, depth int) {
	if equal(before, after) && !refers(after) {
		return
	}
	pair := [2]*value{before, after}
	if w.seen[pair] {
		return
	}
	w.seen[pair] = true
	if depth > maxDepth || w.steps > maxSteps {
		w.unjudged(path, "too deep or too large")
		return
	}
	b, a := resolve(w.before, before), resolve(w.after, after)
	w.steps += 1 + len(b.members) + len(a.members) + len(b.get("properties").entries()) + len(a.get("properties").entries())
	if b.kind != kindObject || a.kind != kindObject {
		if !equal(b, a) {
			w.unjudged(path, "schema")
		}
		return
	}
	w.reading(b, a, path)
	if !w.types(b, a, path) {
		return // nothing in common: what else differs follows from that
	}
	w.values(b, a, path)
	w.bounds(b, a, path)
	w.object(b, a, path, depth)
	w.slot("items", b, a, path, depth)
	w.slot("additionalProperties", b, a, path, depth)
	w.options("anyOf", b, a, path, depth)
	w.options("allOf", b, a, path, depth)
	w.options("oneOf", b, a, path, depth)
	w.rest(b, a, path)
}

// reading compares what a model reads and what constrains nothing.
func (w *walk) reading(b, a *value, path string) {
	joined(b.entries(), a.entries(), func(name string, was, is *value) {
		if !forReading(name) || walked(name) {
			return
		}
		what := fmt.Sprintf(`"%s"`, showName(name))
		switch name {
		case "title", "description", "default", "examples":
			what = "the " + name
		}
		textChange(Notable, what+" of "+w.subject(path), was, is, w.details)
	})
}

// walked are the keywords that are judged one by one; the definitions are
// judged where they are referred to.
func walked(keyword string) bool {
	switch keyword {
	case "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
		"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
		"pattern", "format", "uniqueItems", "multipleOf", "properties", "required",
		"items", "additionalProperties", "anyOf", "allOf", "$defs", "definitions":
		return true
	}
	return false
}

// rest finds changes of what constrains and is not judged.
func (w *walk) rest(b, a *value, path string) {
	joined(b.entries(), a.entries(), func(name string, was, is *value) {
		switch {
		case forReading(name) || walked(name) || name == "oneOf":
		case !equal(was, is):
			w.unjudged(path, name)
		case w.definitionsDiffer && (isLocalReference(name, is) || refers(is)):
			w.unjudged(path, name)
		}
	})
}

// slot compares the one schema for all elements or all undeclared members.
func (w *walk) slot(keyword string, b, a *value, path string, depth int) {
	was, is := b.get(keyword), a.get(keyword)
	noun, at := "elements", "[]"
	if keyword == "additionalProperties" {
		noun, at = "undeclared fields", "*"
		if path == "" && w.side == input {
			noun = "undeclared arguments"
		}
	}
	closed := func(v *value) bool { return v != nil && v.kind == kindFalse }
	open := func(v *value) bool {
		return v == nil || v.kind == kindTrue || v.kind == kindObject && len(v.members) == 0
	}
	switch {
	case open(was) && open(is):
	case closed(was) && closed(is):
	case closed(is):
		w.narrowed(path, "no longer accepts %s", noun)
	case closed(was):
		w.widened(path, "now accepts %s", noun)
	case open(was):
		w.narrowed(path, "now has a schema for its %s", noun)
	case open(is):
		w.widened(path, "no longer has a schema for its %s", noun)
	case was.kind == kindObject && is.kind == kindObject:
		w.schema(was, is, below(path, at), depth+1)
	case was.kind == kindArray && is.kind == kindArray:
		w.tuple(keyword, was, is, path, depth)
	default:
		w.unjudged(path, keyword)
	}
}

func (w *walk) tuple(keyword string, was, is *value, path string, depth int) {
	if len(was.members) != len(is.members) {
		w.unjudged(path, keyword)
		return
	}
	for i := range is.members {
		w.schema(was.members[i].value, is.members[i].value, below(path, fmt.Sprintf("[%d]", i)), depth+1)
	}
}

package catalog

import (
	"fmt"

	"agentcore-gateway-mcp/untrusted"
)

// judge says what changed between the canonical forms of two tools of one name,
// at least one thing. What means nothing is not in these forms, so it is not
// judged.
func judge(b, a *value, errBefore, errAfter error) []Detail {
	var d details
	switch {
	case errAfter != nil:
		d.add(Breaking, "%v: it cannot be compared", errAfter)
	case errBefore != nil:
		d.add(Notable, "before, %v: it cannot be compared", errBefore)
		newSuspicions(&value{}, a, &d)
	default:
		judgeTexts(b, a, &d)
		judgeAnnotations(b.get("annotations"), a.get("annotations"), &d)
		judgeSchema(input, b.get("inputSchema"), a.get("inputSchema"), &d)
		judgeSchema(output, b.get("outputSchema"), a.get("outputSchema"), &d)
		newSuspicions(b, a, &d)
	}
	return d.list()
}

func judgeTexts(before, after *value, d *details) {
	for _, name := range []string{"title", "description"} {
		textChange(Notable, "the "+name, before.get(name), after.get(name), d)
	}
}

// textChange tells of what is read: texts quoted, other values as JSON.
func textChange(v Verdict, what string, before, after *value, d *details) {
	switch {
	case equal(before, after):
	case before == nil:
		d.add(v, "%s was added: %s", what, showValue(after))
	case after == nil:
		d.add(v, "%s was removed: %s", what, showValue(before))
	case before.kind == kindString && after.kind == kindString:
		was, is := showChange(before.text, after.text)
		d.add(v, "%s changed from %s to %s", what, was, is)
	default:
		d.add(v, "%s changed from %s to %s", what, showValue(before), showValue(after))
	}
}

// showValue is a string quoted, and any other value as shortened JSON.
func showValue(v *value) string {
	if v.kind == kindString {
		return show(v.text)
	}
	text := render(v)
	if v.kind == kindNumber || len(text) <= len("false") {
		return untrusted.Within(text, maxShown)
	}
	return show(text)
}

// judgeAnnotations compares hints by their effect: what is absent has MCP's default.
func judgeAnnotations(before, after *value, d *details) {
	if wasReadOnly, _ := hint("readOnlyHint", before.get("readOnlyHint")); wasReadOnly {
		if _, ok := hint("readOnlyHint", after.get("readOnlyHint")); !ok || after != nil && after.kind != kindObject {
			d.add(Breaking, "the tool is no longer marked read-only")
		}
	}
	if before != nil && before.kind != kindObject || after != nil && after.kind != kindObject {
		textChange(Notable, "the annotations", before, after, d)
		return
	}
	joined(before.entries(), after.entries(), func(name string, b, a *value) {
		if !isHint(name) {
			textChange(Notable, fmt.Sprintf(`the annotation "%s"`, showName(name)), b, a, d)
			return
		}
		// The canonical form has no hint that equals its default.
		if equal(b, a) {
			return
		}
		was, wasOK := hint(name, b)
		is, isOK := hint(name, a)
		switch {
		case !wasOK || !isOK:
			textChange(Notable, "the annotation "+name, b, a, d)
		case name == "readOnlyHint" && was:
			d.add(Breaking, "the tool now changes something (it was read-only)")
		default:
			d.add(Notable, "the tool is %s", hintText(name, is))
		}
	})
}

func isHint(name string) bool {
	switch name {
	case "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint":
		return true
	}
	return false
}

// hint is the value of a hint, or its default; ok is false if it is no boolean.
func hint(name string, v *value) (is, ok bool) {
	if v == nil {
		return name == "destructiveHint" || name == "openWorldHint", true
	}
	return v.kind == kindTrue, v.kind == kindTrue || v.kind == kindFalse
}

func hintText(name string, is bool) string {
	what := map[string]string{
		"readOnlyHint":    "read-only",
		"destructiveHint": "destructive",
		"idempotentHint":  "idempotent",
		"openWorldHint":   "reaching out to an open world",
	}[name]
	if is {
		return "now marked " + what
	}
	return "no longer marked " + what
}

// judgeSchema judges the input or the output schema.
func judgeSchema(s side, before, after *value, d *details) {
	name := "an " + string(s) + " schema"
	switch {
	case equal(before, after):
		return
	case after == nil:
		d.add(Breaking, "the tool no longer has %s", name)
		return
	case before == nil && s == output:
		d.add(Compatible, "the tool now has %s", name)
		return
	case before == nil:
		d.add(Notable, "the tool now has %s", name)
		before = &value{kind: kindObject}
	}
	total := d.total()
	w := walk{side: s, details: d, before: before, after: after, seen: map[[2]*value]bool{}}
	w.definitionsDiffer = !equal(before.get("$defs"), after.get("$defs")) || !equal(before.get("definitions"), after.get("definitions"))
	w.schema(before, after, "", 0)
	if d.total() == total {
		d.add(Notable, "the %s schema is written differently, without an effect that was found", s)
	}
}

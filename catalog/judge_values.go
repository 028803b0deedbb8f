package catalog

import (
	"slices"
	"strings"
)

// types compares the types that are allowed, none meaning all. It is false when
// the two have no type in common.
func (w *walk) types(b, a *value, path string) bool {
	if equal(b.get("type"), a.get("type")) {
		return true
	}
	was, wasOK := typeSet(b.get("type"))
	is, isOK := typeSet(a.get("type"))
	if !wasOK || !isOK {
		w.unjudged(path, "type")
		return true
	}
	lost, gained := len(uncovered(was, is)), len(uncovered(is, was))
	verdict := Compatible
	if w.side == input && lost > 0 || w.side == output && gained > 0 {
		verdict = Breaking
	}
	if lost+gained > 0 {
		w.details.add(verdict, "%s changed from %s to %s", w.subject(path), typeText(b.get("type"), was), typeText(a.get("type"), is))
	}
	return lost < len(was) || gained < len(is)
}

// typeSet is every type that a schema allows; ok is false if "type" is malformed.
func typeSet(v *value) (types []string, ok bool) {
	switch {
	case v == nil:
		return []string{"array", "boolean", "null", "number", "object", "string"}, true
	case v.kind == kindString:
		return []string{v.text}, true
	}
	for _, m := range v.elements() {
		if m.value.kind != kindString {
			return nil, false
		}
		types = append(types, m.value.text)
	}
	return types, v.kind == kindArray
}

// uncovered are those of types that allowed does not allow; a number may be an integer.
func uncovered(types, allowed []string) []string {
	return slices.DeleteFunc(slices.Clone(types), func(name string) bool {
		return slices.Contains(allowed, name) || name == "integer" && slices.Contains(allowed, "number")
	})
}

func typeText(v *value, types []string) string {
	if v == nil {
		return "any type"
	}
	shown := make([]string, len(types))
	for i, name := range types {
		shown[i] = showName(name)
	}
	if len(shown) > maxListed {
		return listed(shown)
	}
	return strings.Join(shown, " or ")
}

// values compares enum and const.
func (w *walk) values(b, a *value, path string) {
	was, is := allowed(b), allowed(a)
	switch {
	case was == nil && is == nil:
		return
	case was == nil:
		w.narrowed(path, w.verb("now accepts only %s", "is now always one of %s"), listed(showValues(is)))
		return
	case is == nil:
		w.widened(path, w.verb("is no longer limited to %s", "is no longer always one of %s"), listed(showValues(was)))
		return
	}
	var lost, gained []member
	joined(was, is, func(_ string, before, after *value) {
		if after == nil {
			lost = append(lost, member{value: before})
		}
		if before == nil {
			gained = append(gained, member{value: after})
		}
	})
	if len(lost) > 0 {
		w.narrowed(path, w.verb("no longer accepts %s", "is no longer %s"), listed(showValues(lost)))
	}
	if len(gained) > 0 {
		w.widened(path, w.verb("now also accepts %s", "can now also be %s"), listed(showValues(gained)))
	}
}

// verb chooses between what an argument and what a result does.
func (w *walk) verb(in, out string) string {
	if w.side == input {
		return in
	}
	return out
}

// allowed are the values of const or enum, named by their JSON; nil for all.
func allowed(v *value) []member {
	if only := v.get("const"); only != nil {
		return []member{{render(only), only}}
	}
	enum := v.get("enum")
	if enum == nil || enum.kind != kindArray {
		return nil
	}
	set := make([]member, 0, len(enum.members))
	for _, m := range enum.members {
		set = append(set, member{render(m.value), m.value})
	}
	return sortedOnce(set)
}

func showValues(set []member) []string {
	var shown []string
	for _, m := range set {
		if len(shown) <= maxListed {
			shown = append(shown, showValue(m.value))
		} else {
			shown = append(shown, "") // is counted, not shown
		}
	}
	return shown
}

// bounds compares what limits a value within its type.
func (w *walk) bounds(b, a *value, path string) {
	for _, bound := range []struct {
		keyword, noun string
		upper         bool
	}{
		{"minimum", "minimum", false},
		{"maximum", "maximum", true},
		{"exclusiveMinimum", "exclusive minimum", false},
		{"exclusiveMaximum", "exclusive maximum", true},
		{"minLength", "minimum length", false},
		{"maxLength", "maximum length", true},
		{"minItems", "minimum number of elements", false},
		{"maxItems", "maximum number of elements", true},
		{"minProperties", "minimum number of fields", false},
		{"maxProperties", "maximum number of fields", true},
	} {
		was, is := b.get(bound.keyword), a.get(bound.keyword)
		switch {
		case equal(was, is):
		case was != nil && was.kind != kindNumber || is != nil && is.kind != kindNumber:
			w.unjudged(path, bound.keyword) // draft-04 has booleans here
		case was == nil:
			w.narrowed(path, "now has %s: %s", withArticle(bound.noun), showValue(is))
		case is == nil:
			w.widened(path, "no longer has %s (it was %s)", withArticle(bound.noun), showValue(was))
		default:
			order := compareNumbers(is.text, was.text)
			word, change := "higher", w.narrowed
			if order < 0 {
				word = "lower"
			}
			if order != 0 && (order > 0) == bound.upper {
				change = w.widened
			}
			if order == 0 {
				word = "slightly different"
			}
			change(path, "has a %s %s: %s, was %s", word, bound.noun, showValue(is), showValue(was))
		}
	}
	w.rule("pattern", "match the pattern", b, a, path)
	w.rule("multipleOf", "be a multiple of", b, a, path)
	if !equal(b.get("uniqueItems"), a.get("uniqueItems")) {
		if a.get("uniqueItems") != nil {
			w.narrowed(path, "now has to have unique elements")
		} else {
			w.widened(path, "may now have the same element twice")
		}
	}
	w.format(b.get("format"), a.get("format"), path)
}

func withArticle(noun string) string {
	if strings.HasPrefix(noun, "e") {
		return "an " + noun
	}
	return "a " + noun
}

// rule compares keywords of which another value is neither wider nor narrower.
func (w *walk) rule(keyword, phrase string, b, a *value, path string) {
	was, is := b.get(keyword), a.get(keyword)
	switch {
	case equal(was, is):
	case was == nil:
		w.narrowed(path, "now has to %s %s", phrase, showValue(is))
	case is == nil:
		w.widened(path, "no longer has to %s %s", phrase, showValue(was))
	case w.side == output:
		w.details.add(Notable, "%s now has to %s %s, it was %s", w.subject(path), phrase, showValue(is), showValue(was))
	default:
		w.details.add(Breaking, "%s now has to %s %s, it was %s", w.subject(path), phrase, showValue(is), showValue(was))
	}
}

// format is notable at most: by JSON Schema's default nobody enforces it.
func (w *walk) format(was, is *value, path string) {
	switch {
	case equal(was, is):
	case was == nil:
		w.details.add(Notable, "%s now has the format %s", w.subject(path), showValue(is))
	case is == nil:
		w.widened(path, "no longer has the format %s", showValue(was))
	default:
		w.details.add(Notable, "%s now has the format %s, it was %s", w.subject(path), showValue(is), showValue(was))
	}
}

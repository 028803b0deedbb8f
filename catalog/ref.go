package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxHops is how many references in a row are followed.
const maxHops = 32

// resolve follows local references and takes "X or null" for a nullable X. What
// it cannot resolve it leaves as it is. Below the top level, the result's values
// are those of the document, so that cycles are seen.
func resolve(root, v *value) *value {
	return resolveHops(root, v, maxHops)
}

func resolveHops(root, v *value, hops int) *value {
	for ; hops > 0; hops-- {
		ref := v.get("$ref")
		if ref == nil {
			break
		}
		target := lookUp(root, ref.str())
		if target == nil || target == v {
			return v
		}
		merged, ok := overlay(target, v, "$ref")
		if !ok {
			return v
		}
		v = merged
	}
	return nullable(root, v, hops)
}

// lookUp follows a reference of the form #/a/b, nil if it leads nowhere. It does
// not count in lists whose order the canonical form has changed.
func lookUp(root *value, ref string) *value {
	fragment, ok := strings.CutPrefix(ref, "#")
	if !ok || fragment != "" && fragment[0] != '/' {
		return nil
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer == "" {
		if err != nil {
			return nil
		}
		return root
	}
	v, parent := root, ""
	for _, token := range strings.Split(pointer[1:], "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch {
		case v == nil:
			return nil
		case v.kind == kindArray:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v.members) || shapeOf(parent) == shapeSchemaSet {
				return nil
			}
			v = v.members[i].value
		default:
			v = v.get(token)
		}
		parent = token
	}
	return v
}

// overlay is base with the members of v, which win where they are for reading
// only. ok is false where both constrain the same in different ways, or when one
// is no object.
func overlay(base, v *value, without string) (merged *value, ok bool) {
	if v.kind == kindObject && len(v.members) == 1 && v.members[0].name == without {
		return base, true
	}
	if base.kind != kindObject || v.kind != kindObject {
		return nil, false
	}
	members := make([]member, 0, len(base.members)+len(v.members))
	members = append(members, base.members...)
	for _, m := range v.members {
		if m.name == without {
			continue
		}
		if other := base.get(m.name); other != nil && !equal(other, m.value) && (walked(m.name) || !forReading(m.name)) {
			return nil, false
		}
		members = append(members, m)
	}
	return &value{kind: kindObject, members: sortedOnce(members)}, true
}

// nullable writes {"anyOf": [X, {"type": "null"}]}, as generators write an
// optional value, as X whose type may also be null.
func nullable(root, v *value, hops int) *value {
	for _, keyword := range []string{"anyOf", "oneOf"} {
		options := v.get(keyword).elements()
		if len(options) != 2 || hops <= 0 {
			continue
		}
		x := slices.IndexFunc(options, func(m member) bool { return !isNullSchema(m.value) })
		if x < 0 || !isNullSchema(options[1-x].value) {
			continue
		}
		only := resolveHops(root, options[x].value, hops-1)
		types, ok := typeSet(only.get("type"))
		if only.get("type") == nil || !ok || slices.Contains(types, "null") || only.get("const") != nil {
			continue
		}
		if merged, ok := overlay(withNull(only, types), v, keyword); ok {
			return merged
		}
	}
	return v
}

func isNullSchema(v *value) bool {
	return v.kind == kindObject && len(v.members) == 1 && v.get("type").str() == "null"
}

// withNull is a schema that allows null, too.
func withNull(v *value, types []string) *value {
	null := &value{kind: kindNull}
	types = append(types, "null")
	slices.Sort(types)
	all := &value{kind: kindArray}
	for _, name := range types {
		all.members = append(all.members, member{value: &value{kind: kindString, text: name}})
	}
	copied := &value{kind: kindObject, members: slices.Clone(v.members)}
	for i, m := range copied.members {
		switch {
		case m.name == "type":
			copied.members[i].value = all
		case m.name == "enum" && m.value.kind == kindArray:
			copied.members[i].value = &value{kind: kindArray, members: append(slices.Clone(m.value.members), member{value: null})}
		}
	}
	return copied
}

// refers says that a schema holds a reference, at whatever depth.
func refers(v *value) bool {
	return slices.ContainsFunc(v.members, func(m member) bool {
		return isLocalReference(m.name, m.value) || refers(m.value)
	})
}

// isLocalReference knows the keywords that lead elsewhere in the same document.
func isLocalReference(keyword string, v *value) bool {
	switch keyword {
	case "$ref", "$dynamicRef", "$recursiveRef":
		return strings.HasPrefix(v.str(), "#")
	}
	return false
}

package catalog

import "slices"

// object compares properties and which of them are required.
func (w *walk) object(b, a *value, path string, depth int) {
	was, is := b.get("properties"), a.get("properties")
	wasRequired, isRequired := nameSet(b.get("required")), nameSet(a.get("required"))
	joined(was.entries(), is.entries(), func(name string, before, after *value) {
		at := below(path, showName(name))
		switch {
		case after == nil && w.side == input:
			w.details.add(Breaking, "%s was removed", w.subject(at))
		case after == nil:
			w.details.add(Breaking, `the result no longer has "%s"`, at)
		case before != nil:
			w.schema(before, after, at, depth+1)
		case w.side == output:
			w.details.add(Compatible, `the result now has "%s"`, at)
		case !contains(isRequired, name):
			w.details.add(Compatible, "%s is new and optional", w.subject(at))
		case contains(wasRequired, name):
			w.narrowed(at, "now has a schema")
		default:
			w.details.add(Breaking, "%s is new and required", w.subject(at))
		}
	})
	joined(wasRequired, isRequired, func(name string, before, after *value) {
		at := below(path, showName(name))
		declaredBefore, declaredAfter := was.get(name) != nil, is.get(name) != nil
		switch {
		case before != nil && after != nil:
		case after == nil && declaredBefore && !declaredAfter: // removed, said above
		case before == nil && !declaredBefore && declaredAfter: // new, said above
		case after != nil && w.side == input:
			w.details.add(Breaking, "%s is now required", w.subject(at))
		case after != nil:
			w.details.add(Compatible, "%s is now always there", w.subject(at))
		case w.side == input:
			w.details.add(Compatible, "%s is no longer required", w.subject(at))
		default:
			w.details.add(Breaking, "%s may now be missing", w.subject(at))
		}
	})
}

// nameSet is an array of strings as the members of an object.
func nameSet(v *value) []member {
	set := make([]member, 0, len(v.elements()))
	for _, m := range v.elements() {
		if m.value.kind == kindString {
			set = append(set, member{m.value.text, m.value})
		}
	}
	return sortedOnce(set)
}

func contains(set []member, name string) bool {
	_, found := slices.BinarySearchFunc(set, member{name: name}, byMemberName)
	return found
}

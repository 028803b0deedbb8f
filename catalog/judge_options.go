package catalog

// options compares anyOf, allOf and oneOf. Schemas that are the same are paired,
// since what they refer to may have changed. What is left is judged where it is
// one on each side, or on one side only; that does not hold for oneOf, where a
// wider schema can take away values that another allowed alone.
func (w *walk) options(keyword string, b, a *value, path string, depth int) {
	was, is := b.get(keyword), a.get(keyword)
	if was == nil && is == nil {
		return
	}
	if was != nil && was.kind != kindArray || is != nil && is.kind != kindArray {
		if !equal(was, is) {
			w.unjudged(path, keyword)
		}
		return
	}
	var lost, gained []*value
	before, after := byForm(was), byForm(is)
	for form, schemas := range before {
		lost = append(lost, schemas[min(len(schemas), len(after[form])):]...)
	}
	for _, m := range is.elements() {
		form := render(m.value)
		twin := before[form]
		if len(twin) == 0 {
			gained = append(gained, m.value)
			continue
		}
		before[form] = twin[1:]
		w.schema(twin[0], m.value, path, depth+1)
	}
	switch {
	case len(lost)+len(gained) == 0:
	case keyword == "oneOf":
		w.unjudged(path, keyword)
	case len(lost) == 1 && len(gained) == 1:
		w.schema(lost[0], gained[0], path, depth+1)
	case len(lost) > 0 && len(gained) > 0:
		w.unjudged(path, keyword)
	case keyword == "anyOf" && is == nil:
		w.widened(path, "is no longer limited to alternatives (anyOf)")
	case keyword == "anyOf" && was == nil:
		w.narrowed(path, "is now limited to alternatives (anyOf)")
	case keyword == "anyOf" && len(gained) > 0:
		w.widened(path, "has more alternatives than before (anyOf): %d more", len(gained))
	case keyword == "anyOf":
		w.narrowed(path, "has fewer alternatives than before (anyOf): %d fewer", len(lost))
	case len(gained) > 0:
		w.narrowed(path, "has to satisfy more schemas than before (allOf): %d more", len(gained))
	default:
		w.widened(path, "has to satisfy fewer schemas than before (allOf): %d fewer", len(lost))
	}
}

func byForm(set *value) map[string][]*value {
	forms := map[string][]*value{}
	for _, m := range set.elements() {
		form := render(m.value)
		forms[form] = append(forms[form], m.value)
	}
	return forms
}

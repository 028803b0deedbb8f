package catalog

import (
	"bytes"
	"slices"
	"strings"
)

// Diff is what has to happen to one list of tools to become another. Its slices
// are sorted by name and never nil.
type Diff struct {
	Added   []Tool
	Removed []Tool
	Changed []Change
}

// Change is one tool that is not the same in two lists.
type Change struct {
	Before, After Tool
	Verdict       Verdict  // the worst of Details
	Details       []Detail // at least one, the worst first; see [Detail]
}

// Compare pairs tools by [Tool.Name]; duplicates of a name pair in their order.
// A pair is changed when its canonical forms differ, and then it is judged. A
// definition that is not a JSON object equals only the same bytes, and the
// change's details say so.
//
// The judgement sees a tool as its callers do. Breaking is what makes a call
// fail that worked, or takes away what callers read or trusted: a removed tool
// or argument, a new required argument, another type, fewer values, a tighter
// bound or pattern, an argument object that is closed, a result that lost a
// field or no longer promises it, a read-only tool that writes. Notable is what
// a model reads (titles, descriptions, annotations, defaults), what callers may
// not expect of a result, and formats. Compatible is the rest. Local references
// are followed. A change that cannot be judged (oneOf, not, if, a reference that
// leads nowhere, more than 64 levels, …) is breaking in an input schema, where a
// wrong "compatible" would cost most, and notable in an output schema.
func Compare(before, after []Tool) Diff {
	d := Diff{Added: []Tool{}, Removed: []Tool{}, Changed: []Change{}}
	var c comparer
	pair(before, after,
		func(t Tool) { d.Removed = append(d.Removed, t) },
		func(t Tool) { d.Added = append(d.Added, t) },
		func(x, y Tool) {
			if details := c.compare(x, y); details != nil {
				d.Changed = append(d.Changed, Change{Before: x, After: y, Verdict: details[0].Verdict, Details: details})
			}
		})
	return d
}

// Verdict is the worst of all changes: breaking when a tool is removed, notable
// at least when an added tool's text is suspicious (see [Inspect]), compatible
// when the difference is empty.
func (d Diff) Verdict() Verdict {
	if len(d.Removed) > 0 {
		return Breaking
	}
	worst := Compatible
	for _, c := range d.Changed {
		worst = Worst(worst, c.Verdict)
	}
	for _, t := range d.Added {
		if worst != Compatible {
			break
		}
		if len(Inspect(t)) > 0 {
			worst = Notable
		}
	}
	return worst
}

// comparer keeps its memory from one pair to the next.
type comparer struct{ before, after decoder }

// compare says how a tool differs from what it was, nil when it does not.
func (c *comparer) compare(before, after Tool) []Detail {
	if bytes.Equal(before.Definition, after.Definition) {
		return nil
	}
	b, errBefore := c.before.canonical(before)
	a, errAfter := c.after.canonical(after)
	if errBefore == nil && errAfter == nil && equal(b, a) {
		return nil
	}
	return judge(b, a, errBefore, errAfter)
}

// pair walks two lists side by side in the order of names; duplicates of a name
// pair in their order.
func pair(before, after []Tool, removed, added func(Tool), both func(before, after Tool)) {
	a, b := byName(before), byName(after)
	for len(a) > 0 && len(b) > 0 {
		switch order := strings.Compare(a[0].Name, b[0].Name); {
		case order < 0:
			removed(a[0])
			a = a[1:]
		case order > 0:
			added(b[0])
			b = b[1:]
		default:
			both(a[0], b[0])
			a, b = a[1:], b[1:]
		}
	}
	for _, x := range a {
		removed(x)
	}
	for _, x := range b {
		added(x)
	}
}

func byName(list []Tool) []Tool {
	order := func(x, y Tool) int { return strings.Compare(x.Name, y.Name) }
	if slices.IsSortedFunc(list, order) {
		return list
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, order)
	return sorted
}

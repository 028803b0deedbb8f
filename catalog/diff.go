package catalog

import "bytes"

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
// A pair is changed when its [Canonical] forms differ, and then it is judged. A
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
	pair(before, after, func(t Tool) string { return t.Name },
		func(t Tool) { d.Removed = append(d.Removed, t) },
		func(t Tool) { d.Added = append(d.Added, t) },
		func(x, y Tool) {
			if !c.same(x, y) {
				verdict, details := judge(&c.before, &c.after)
				d.Changed = append(d.Changed, Change{Before: x, After: y, Verdict: verdict, Details: details})
			}
		})
	return d
}

// Empty says that nothing has to happen.
func (d Diff) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

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
type comparer struct {
	canonicalizer
	before, after form
}

func (c *comparer) same(before, after Tool) bool {
	if bytes.Equal(before.Definition, after.Definition) {
		return true
	}
	c.before.set(&c.canonicalizer, before)
	c.after.set(&c.canonicalizer, after)
	return c.before.err == nil && c.after.err == nil && bytes.Equal(c.before.text, c.after.text)
}

// form is a canonical form, and the memory to read it again.
type form struct {
	text []byte
	err  error
	parser
}

func (f *form) set(c *canonicalizer, t Tool) { f.text, f.err = c.append(f.text[:0], t) }

// root is valid until the next call.
func (f *form) root() (*value, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.parse(string(f.text))
}

package catalog

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// List is what an MCP endpoint lists. Prompts and resources are kept as tools are:
// a resource's name is its URI, a resource template's is its template.
type List struct {
	Tools     []Tool
	Prompts   []Tool
	Resources []Tool
	// Unlisted is why Prompts and Resources may not be all there are, "" when they
	// are.
	Unlisted string
}

// Items are the differences of two lists of prompts or of resources, by name.
type Items struct {
	Added, Removed []Tool
	Changed        []Change
}

// CompareItems compares lists of prompts or of resources. Breaking is what makes a
// request fail that worked: a prompt that wants another argument. Everything else
// that is different is notable; _meta, icons and members that are null are not
// looked at.
func CompareItems(before, after []Tool) Items {
	var (
		items Items
		c     comparer
	)
	pair(before, after,
		func(t Tool) { items.Removed = append(items.Removed, t) },
		func(t Tool) { items.Added = append(items.Added, t) },
		func(x, y Tool) {
			if details := c.compareItem(x, y); len(details) > 0 {
				items.Changed = append(items.Changed, Change{Before: x, After: y, Verdict: details[0].Verdict, Details: details})
			}
		})
	return items
}

// Differ reports whether there are differences.
func (i Items) Differ() bool { return len(i.Added)+len(i.Removed)+len(i.Changed) > 0 }

func (c *comparer) compareItem(before, after Tool) []Detail {
	var d details
	b, errBefore := c.before.item(before)
	a, errAfter := c.after.item(after)
	if errBefore != nil || errAfter != nil {
		if string(before.Definition) != string(after.Definition) {
			d.add(Notable, "its definition cannot be read and is another")
		}
		return d.list()
	}
	joined(b.entries(), a.entries(), func(name string, b, a *value) {
		switch {
		case name == "name": // it is compared by the name that it is called by
		case name == "arguments" && !equal(b, a):
			judgeArguments(b, a, &d)
		default:
			textChange(Notable, "the "+showName(name), b, a, &d)
		}
	})
	newSuspicions(asTool(b), asTool(a), &d)
	return d.list()
}

// item is a prompt's or resource's definition without what says nothing.
func (d *decoder) item(t Tool) (*value, error) {
	v, err := d.decode(t.Definition)
	if err != nil || v.kind != kindObject {
		return v, err
	}
	v.members = slices.DeleteFunc(v.members, func(m member) bool {
		return m.name == "_meta" || m.name == "icons" || m.value.kind == kindNull || m.name == "arguments" && len(m.value.members) == 0
	})
	return v, nil
}

// judgeArguments compares the arguments of a prompt.
func judgeArguments(before, after *value, d *details) {
	was := map[string]*value{}
	for _, m := range before.elements() {
		was[m.value.get("name").str()] = m.value
	}
	for _, m := range after.elements() {
		name := m.value.get("name").str()
		had, known := was[name]
		delete(was, name)
		required, wasRequired := isTrue(m.value.get("required")), isTrue(had.get("required"))
		switch {
		case required && !wasRequired:
			d.add(Breaking, "the argument %s is required now", show(name))
		case !known:
			d.add(Notable, "the argument %s is new", show(name))
		case !equal(had, m.value):
			d.add(Notable, "the argument %s is described in another way", show(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		d.add(Notable, "the argument %s is gone", show(name))
	}
	if d.total() == 0 {
		d.add(Notable, "the arguments stand in another order")
	}
}

func isTrue(v *value) bool { return v != nil && v.kind == kindTrue }

// asTool is an item as its texts are looked through: those that a tool has, and
// those of its arguments as a schema's.
func asTool(item *value) *value {
	texts := &value{kind: kindObject}
	for _, m := range item.entries() {
		switch m.name {
		case "arguments":
			texts.members = append(texts.members, member{"inputSchema", m.value})
		case "description", "name", "title":
			texts.members = append(texts.members, m)
		}
	}
	slices.SortFunc(texts.members, byMemberName)
	return texts
}

// InspectItem is [Inspect] for a prompt or a resource.
func InspectItem(t Tool) []Detail {
	v, err := new(decoder).item(t)
	if err != nil {
		return []Detail{}
	}
	item := asTool(v)
	item.members = slices.DeleteFunc(item.members, func(m member) bool { return m.name == "name" })
	name := &value{kind: kindString, text: strings.ToValidUTF8(t.Name, string(utf8.RuneError))}
	item.members = append(item.members, member{"name", name})
	slices.SortFunc(item.members, byMemberName)
	return suspicions(item)
}

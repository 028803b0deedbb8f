package catalog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Diff is what has to happen to one list of tools to become another. Its slices
// are sorted by name and never nil.
type Diff struct {
	Added   []Tool
	Removed []Tool
	Changed []Change
}

// Change is one tool whose definition differs between two lists.
type Change struct{ Before, After Tool }

// Compare pairs tools by [Tool.Name]; duplicates of a name pair in their order.
// A pair is changed when its definitions differ as JSON values: key order,
// white space and the spelling of strings and numbers do not count, and neither
// does the definition's own "name", so that a gateway's list can be compared
// with an upstream's after the prefix was taken off Name alone.
func Compare(before, after []Tool) Diff {
	d := Diff{Added: []Tool{}, Removed: []Tool{}, Changed: []Change{}}
	a, b := byName(before), byName(after)
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Name < b[0].Name:
			d.Removed = append(d.Removed, a[0])
			a = a[1:]
		case len(a) == 0 || b[0].Name < a[0].Name:
			d.Added = append(d.Added, b[0])
			b = b[1:]
		default:
			if !sameDefinition(a[0].Definition, b[0].Definition) {
				d.Changed = append(d.Changed, Change{Before: a[0], After: b[0]})
			}
			a, b = a[1:], b[1:]
		}
	}
	return d
}

func byName(tools []Tool) []Tool {
	order := func(x, y Tool) int { return cmp.Compare(x.Name, y.Name) }
	if slices.IsSortedFunc(tools, order) {
		return tools
	}
	sorted := slices.Clone(tools)
	slices.SortStableFunc(sorted, order)
	return sorted
}

func sameDefinition(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okX := decode(a)
	y, okY := decode(b)
	if !okX || !okY {
		return false
	}
	for _, v := range []any{x, y} {
		if object, ok := v.(map[string]any); ok {
			delete(object, "name")
		}
	}
	return sameValue(x, y)
}

func decode(raw json.RawMessage) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil || dec.More() {
		return nil, false
	}
	return v, true
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, x := range a {
			y, ok := b[key]
			if !ok || !sameValue(x, y) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || normalNumber(string(a)) == normalNumber(string(b)))
	default:
		return a == b
	}
}

// normalNumber writes a JSON number as digits and a power of ten, so that 1.0,
// 1 and 10e-1 read alike without a float's rounding. An exponent beyond 64 bits
// is left as it came.
func normalNumber(s string) string {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	power := int64(0)
	if exponent != "" {
		p, err := strconv.ParseInt(exponent, 10, 64)
		if err != nil {
			return s
		}
		power = p
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	trimmed := strings.TrimRight(digits, "0")
	power += int64(len(digits)-len(trimmed)) - int64(len(fraction))
	if negative {
		trimmed = "-" + trimmed
	}
	return trimmed + "e" + strconv.FormatInt(power, 10)
}

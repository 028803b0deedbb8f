package catalog

import (
	"slices"
	"strings"
)

type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindArray
	kindObject
)

// value is one JSON value. Its address is its identity: an object that is
// reached by two references is the same value.
type value struct {
	kind    kind
	text    string   // a string, decoded; a number, in its normal spelling
	members []member // of an object, sorted, each name once; of an array, in order
}

type member struct {
	name  string // "" in an array
	value *value
}

func byMemberName(a, b member) int { return strings.Compare(a.name, b.name) }

// get is nil when v is no object or has no such member.
func (v *value) get(name string) *value {
	if v == nil || v.kind != kindObject {
		return nil
	}
	i, found := slices.BinarySearchFunc(v.members, name, func(m member, name string) int {
		return strings.Compare(m.name, name)
	})
	if !found {
		return nil
	}
	return v.members[i].value
}

// elements is nil when v is no array.
func (v *value) elements() []member {
	if v == nil || v.kind != kindArray {
		return nil
	}
	return v.members
}

// entries is nil when v is no object.
func (v *value) entries() []member {
	if v == nil || v.kind != kindObject {
		return nil
	}
	return v.members
}

// str is "" when v is no string.
func (v *value) str() string {
	if v == nil || v.kind != kindString {
		return ""
	}
	return v.text
}

// equal compares two values of canonical forms; nil equals nil only.
func equal(a, b *value) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	return a.kind == b.kind && a.text == b.text && slices.EqualFunc(a.members, b.members, func(x, y member) bool {
		return x.name == y.name && equal(x.value, y.value)
	})
}

// joined walks the members of two objects side by side, in the order of names.
func joined(a, b []member, visit func(name string, a, b *value)) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].name < b[0].name:
			visit(a[0].name, a[0].value, nil)
			a = a[1:]
		case len(a) == 0 || b[0].name < a[0].name:
			visit(b[0].name, nil, b[0].value)
			b = b[1:]
		default:
			visit(a[0].name, a[0].value, b[0].value)
			a, b = a[1:], b[1:]
		}
	}
}

// slab hands out memory that is all given back at once.
type slab[T any] struct{ all, free []T }

func (s *slab[T]) take(n int) []T {
	if len(s.free) < n {
		s.all = make([]T, max(n, 2*len(s.all), 64))
		s.free = s.all
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

func (s *slab[T]) reset() { s.free = s.all }

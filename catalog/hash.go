package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Hash identifies what a tool is to a model and to a caller: the SHA-256 of its
// [Canonical] form. Its text, in JSON too, is 64 hexadecimal digits.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is [Hash.String]; it never fails.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText takes 64 hexadecimal digits of either case.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("%s is not a tool's hash: it has to be %d hexadecimal digits", show(string(text)), 2*len(h))
	}
	copy(h[:], raw)
	return nil
}

// HashOf is the hash of one tool. It fails as [Canonical] does.
func HashOf(t Tool) (Hash, error) {
	form, err := Canonical(t)
	if err != nil {
		return Hash{}, err
	}
	return sha256.Sum256(form), nil
}

// HashList identifies a list of tools, in whatever order they come: the SHA-256
// of the tools' sorted hashes. It fails as [Canonical] does.
func HashList(tools []Tool) (Hash, error) {
	var c canonicalizer
	var form []byte
	hashes := make([]Hash, len(tools))
	for i, t := range tools {
		var err error
		if form, err = c.append(form[:0], t); err != nil {
			return Hash{}, err
		}
		hashes[i] = sha256.Sum256(form)
	}
	slices.SortFunc(hashes, compareHashes)
	sum := sha256.New()
	for _, h := range hashes {
		sum.Write(h[:])
	}
	return Hash(sum.Sum(nil)), nil
}

func compareHashes(x, y Hash) int { return slices.Compare(x[:], y[:]) }

// Digest is what has to be kept of a tool to see later whether it has changed.
type Digest struct {
	Name string `json:"name"`
	Hash Hash   `json:"hash"`
}

// Digests hashes every tool once, for any number of calls of [CompareDigests].
// It is sorted by name, duplicates in their order, and never nil. A definition
// that has no canonical form gets the hash of its bytes, which no other
// definition has.
func Digests(tools []Tool) []Digest {
	var c canonicalizer
	var form []byte
	digests := make([]Digest, len(tools))
	for i, t := range tools {
		var err error
		if form, err = c.append(form[:0], t); err != nil {
			// A canonical form begins with "{", so this is none.
			form = append(append(form[:0], "invalid "...), t.Definition...)
		}
		digests[i] = Digest{t.Name, sha256.Sum256(form)}
	}
	slices.SortStableFunc(digests, byDigestName)
	return digests
}

func byDigestName(x, y Digest) int { return strings.Compare(x.Name, y.Name) }

// DigestDiff names what has to happen to one list of tools to become another.
// Its slices are sorted and never nil; a name may occur more than once in them.
type DigestDiff struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// CompareDigests finds the same tools as [Compare] without their definitions.
func CompareDigests(before, after []Digest) DigestDiff {
	d := DigestDiff{Added: []string{}, Removed: []string{}, Changed: []string{}}
	pair(before, after, func(x Digest) string { return x.Name },
		func(x Digest) { d.Removed = append(d.Removed, x.Name) },
		func(x Digest) { d.Added = append(d.Added, x.Name) },
		func(x, y Digest) {
			if x.Hash != y.Hash {
				d.Changed = append(d.Changed, x.Name)
			}
		})
	return d
}

// pair walks two lists side by side in the order of names; duplicates of a name
// pair in their order.
func pair[T any](before, after []T, name func(T) string, removed, added func(T), both func(before, after T)) {
	a, b := byName(before, name), byName(after, name)
	for len(a) > 0 && len(b) > 0 {
		switch order := strings.Compare(name(a[0]), name(b[0])); {
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

func byName[T any](list []T, name func(T) string) []T {
	order := func(x, y T) int { return cmp.Compare(name(x), name(y)) }
	if slices.IsSortedFunc(list, order) {
		return list
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, order)
	return sorted
}

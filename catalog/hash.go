package catalog

import (
	"crypto/sha256"
	"encoding/hex"
)

// Hasher hashes any number of tools, and keeps its memory from one to the next.
// The zero value is ready; it is not for concurrent use.
type Hasher struct {
	decoder
	form []byte
}

// Hash identifies what a tool is to a model and to a caller: the SHA-256 of its
// canonical form, as 64 hexadecimal digits. A definition that has no canonical
// form gets the hash of its bytes, which no other definition has.
func (h *Hasher) Hash(t Tool) string {
	if root, err := h.canonical(t); err == nil {
		h.form = appendValue(h.form[:0], root)
	} else { // a canonical form begins with "{", so this is none
		h.form = append(append(h.form[:0], "invalid "...), t.Definition...)
	}
	sum := sha256.Sum256(h.form)
	return hex.EncodeToString(sum[:])
}

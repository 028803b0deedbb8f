package untrusted

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	mostSecrets = 128 // remembered, the least recently added go first
	shortest    = 4   // bytes of a secret: a shorter one would mask everything
	window      = 8   // bytes by which a spelling is found
	longEnough  = 16  // bytes of a secret whose beginning is masked too
	beginning   = 12  // bytes of it that are enough
	piece       = 24  // bytes of any other part of it that are enough
	stride      = piece - window
)

// Secrets are the credentials that were sent or received, so that nobody who
// echoes one gets it into an answer or a log. The zero value is ready, a nil one
// masks nothing; it is safe for concurrent use.
type Secrets struct {
	mu      sync.RWMutex
	order   []string               // oldest first
	index   map[uint64][]place     // by eight bytes of a spelling
	tiny    map[string][]string    // spellings shorter than that, by secret
	spelled map[string][]*spelling // by secret, to forget it
}

// spelling is one form of a secret. A text that has its first enough bytes, or any
// piece of it, is masked as far as it goes.
type spelling struct {
	text   string
	enough int
	token  bool // a JSON Web Token: what follows in its alphabet belongs to another one
}

// place is where in a spelling eight bytes are.
type place struct {
	*spelling
	at int
}

// Add remembers a credential. One of fewer than four bytes is not one.
func (s *Secrets) Add(secret string) {
	if s == nil || len(secret) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.order, secret); i >= 0 {
		s.order = append(slices.Delete(s.order, i, i+1), secret)
		return
	}
	if s.index == nil {
		s.index, s.tiny, s.spelled = map[uint64][]place{}, map[string][]string{}, map[string][]*spelling{}
	}
	if len(s.order) == mostSecrets {
		s.forget(s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	s.order = append(s.order, secret)
	for _, text := range spell(secret) {
		if len(text) < window {
			s.tiny[secret] = append(s.tiny[secret], text)
			continue
		}
		form := &spelling{text: text, enough: len(text), token: strings.HasPrefix(text, tokenHead)}
		if len(secret) >= longEnough {
			form.enough = min(len(text), beginning)
		}
		s.spelled[secret] = append(s.spelled[secret], form)
		for _, at := range form.places() {
			key := keyOf(text[at:])
			s.index[key] = append(s.index[key], place{form, at})
		}
	}
}

// places are those by which a spelling is found: its beginning and, so that no
// piece of a long one is missed, one in each stride.
func (f *spelling) places() []int {
	at := []int{0}
	for i := stride; f.enough < len(f.text) && i+window <= len(f.text); i += stride {
		at = append(at, i)
	}
	return at
}

func keyOf(text string) uint64 {
	_ = text[window-1]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

func (s *Secrets) forget(secret string) {
	for _, form := range s.spelled[secret] {
		for _, at := range form.places() {
			key := keyOf(form.text[at:])
			if s.index[key] = slices.DeleteFunc(s.index[key], func(p place) bool { return p.spelling == form }); len(s.index[key]) == 0 {
				delete(s.index, key)
			}
		}
	}
	delete(s.spelled, secret)
	delete(s.tiny, secret)
}

// spell gives the forms in which a secret is masked, each once: as it is,
// URL-encoded, as in JSON, in hex, and in base64, also inside of what was encoded
// together with something else.
func spell(secret string) []string {
	all := map[string]bool{secret: true}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		all[escaped] = true
		all[lowerEscapes(escaped)] = true
	}
	if data, err := json.Marshal(secret); err == nil {
		all[string(data[1:len(data)-1])] = true
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(secret) == nil {
		all[strings.Trim(strings.TrimSpace(plain.String()), `"`)] = true
	}
	all[hex.EncodeToString([]byte(secret))] = true
	all[strings.ToUpper(hex.EncodeToString([]byte(secret)))] = true
	for before := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(append(make([]byte, before), secret...))
			// The first characters depend on what stands before, the last on
			// what follows.
			first := (before*8 + 5) / 6
			last := (before + len(secret)) * 8 / 6
			if last-first >= shortest {
				all[text[first:last]] = true
			}
		}
	}
	return slices.Collect(maps.Keys(all))
}

// lowerEscapes writes %2B as %2b.
func lowerEscapes(s string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:i+3], bytes.ToLower(out[i+1:i+3]))
			i += 2
		}
	}
	return string(out)
}

// Mask puts *** in place of every remembered credential, in any of its spellings,
// of the beginning of a long one, and of 24 characters or more out of its middle.
func (s *Secrets) Mask(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, texts := range s.tiny {
		for _, tiny := range texts {
			text = strings.ReplaceAll(text, tiny, mask)
		}
	}
	if len(s.index) == 0 {
		return text
	}
	text = masked(text, s.find(text, true))
	if strings.Contains(text, "%") {
		text = s.throughView(text, unescaped)
	}
	return text
}

// MaskSplit is Mask, and looks through white space and what cannot be seen as
// well, with which somebody may have split a credential.
func (s *Secrets) MaskSplit(text string) string {
	text = s.Mask(text)
	if s == nil || strings.IndexFunc(text, separates) < 0 {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.index) == 0 {
		return text
	}
	return s.throughView(text, joined)
}

// span is a part of a text, from and to in bytes.
type span struct{ start, end int }

// find is where remembered credentials are in a text, in order, none twice. With
// whole, what follows a token in a token's alphabet goes with it.
func (s *Secrets) find(text string, whole bool) []span {
	var found []span
	from := 0
	for i := 0; i+window <= len(text); i++ {
		if hit := s.match(text, i, from, whole); hit.end > hit.start {
			found = append(found, hit)
			from = hit.end
			i = hit.end - 1
		}
	}
	return found
}

// match is the longest credential that has the eight bytes at i, no further back
// than from; empty when there is none.
func (s *Secrets) match(text string, i, from int, whole bool) (longest span) {
	for _, p := range s.index[keyOf(text[i:])] {
		start, end := i, i+window
		for at := p.at + window; at < len(p.text) && end < len(text) && p.text[at] == text[end]; at++ {
			end++
		}
		first := p.at
		for first > 0 && start > from && p.text[first-1] == text[start-1] {
			first, start = first-1, start-1
		}
		if enough := first == 0 && end-start >= p.enough || end-start >= piece; !enough {
			continue
		}
		for whole && p.token && end < len(text) && isTokenByte(text[end]) {
			end++
		}
		if end-start > longest.end-longest.start {
			longest = span{start, end}
		}
	}
	return longest
}

func masked(text string, found []span) string {
	if len(found) == 0 {
		return text
	}
	var out strings.Builder
	from := 0
	for _, hit := range found {
		out.WriteString(text[from:hit.start] + mask)
		from = hit.end
	}
	out.WriteString(text[from:])
	return out.String()
}

// Writer masks what is written to w, each Write by itself: log lines, one a Write.
func (s *Secrets) Writer(w io.Writer) io.Writer { return &masking{s, w} }

type masking struct {
	secrets *Secrets
	w       io.Writer
}

func (m *masking) Write(p []byte) (int, error) {
	if _, err := io.WriteString(m.w, m.secrets.Mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

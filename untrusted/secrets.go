package untrusted

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	mostSecrets = 512 // remembered, the least recently added go first
	shortest    = 4   // bytes of a secret: a shorter one would mask everything
	window      = 8   // bytes by which a spelling is found
	longEnough  = 16  // bytes of a secret whose beginning is masked too
	beginning   = 12  // bytes of it that are enough
)

// Secrets are the credentials that were sent or received, so that nobody who
// echoes one gets it into an answer or a log. The zero value is ready, a nil one
// masks nothing; it is safe for concurrent use.
type Secrets struct {
	mu      sync.RWMutex
	order   []string              // oldest first
	index   map[uint64][]spelling // by the first eight bytes
	tiny    map[string][]string   // spellings shorter than that, by secret
	spelled map[string][]spelling // by secret, to forget it
}

// spelling is one form of a secret; what begins with its first enough bytes is
// masked as far as it goes.
type spelling struct {
	text   string
	enough int
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
		s.index, s.tiny, s.spelled = map[uint64][]spelling{}, map[string][]string{}, map[string][]spelling{}
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
		form := spelling{text, len(text)}
		if len(secret) >= longEnough {
			form.enough = min(len(text), beginning)
		}
		s.spelled[secret] = append(s.spelled[secret], form)
		key := binary.LittleEndian.Uint64([]byte(text[:window]))
		s.index[key] = append(s.index[key], form)
	}
}

func (s *Secrets) forget(secret string) {
	for _, form := range s.spelled[secret] {
		key := binary.LittleEndian.Uint64([]byte(form.text[:window]))
		if s.index[key] = slices.DeleteFunc(s.index[key], func(other spelling) bool { return other == form }); len(s.index[key]) == 0 {
			delete(s.index, key)
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

// Mask puts *** in place of every remembered credential, in any of its spellings.
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
	if len(s.index) == 0 || len(text) < window {
		return text
	}
	var out []byte
	from := 0
	key := binary.LittleEndian.Uint64([]byte(text[:window]))
	for i := 0; i+window <= len(text); {
		if n := s.match(key, text[i:]); n > 0 {
			out = append(append(out, text[from:i]...), mask...)
			i += n
			if from = i; i+window <= len(text) {
				key = binary.LittleEndian.Uint64([]byte(text[i : i+window]))
			}
			continue
		}
		if i++; i+window <= len(text) {
			key = key>>8 | uint64(text[i+window-1])<<56
		}
	}
	if from == 0 {
		return text
	}
	return string(append(out, text[from:]...))
}

// match is the length of the longest credential at the beginning of a text, 0
// when there is none.
func (s *Secrets) match(key uint64, text string) (longest int) {
	for _, form := range s.index[key] {
		n := window
		for n < min(len(form.text), len(text)) && form.text[n] == text[n] {
			n++
		}
		if n >= form.enough {
			longest = max(longest, n)
		}
	}
	return longest
}

// MaskJSON is Mask over the names, strings and numbers of a JSON document, which
// stays one; other numbers keep their spelling. Where nothing is to be masked it
// returns data.
func (s *Secrets) MaskJSON(data []byte) []byte {
	// Without these escapes, a credential stands in the document as it is spelled.
	if text := string(data); !strings.Contains(text, `\u`) && !strings.Contains(text, `\/`) && s.Mask(text) == text {
		return data
	}
	return eachString(data, s.Mask)
}

// Clean is MaskJSON and [Escape] over the same: the last gate of an answer.
func (s *Secrets) Clean(data []byte) []byte {
	return eachString(data, func(text string) string { return Escape(s.Mask(text)) })
}

func eachString(data []byte, change func(string) string) []byte {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		return []byte(change(string(data)))
	}
	changed := false
	document = walk(document, func(text string) string {
		now := change(text)
		changed = changed || now != text
		return now
	})
	if !changed {
		return data
	}
	out, err := json.Marshal(document)
	if err != nil { // not reached: it was JSON a moment ago
		return []byte("null")
	}
	return out
}

func walk(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case json.Number:
		if now := change(string(v)); now != string(v) {
			return now
		}
	case []any:
		for i := range v {
			v[i] = walk(v[i], change)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member := walk(v[name], change)
			now := change(name)
			if now != name {
				delete(v, name)
				for n, base := 2, now; ; n++ { // names that look alike once they are masked stay apart
					if _, taken := v[now]; !taken {
						break
					}
					now = fmt.Sprintf("%s (%d)", base, n)
				}
			}
			v[now] = member
		}
	}
	return v
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

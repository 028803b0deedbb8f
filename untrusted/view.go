package untrusted

import (
	"encoding/hex"
	"unicode"
	"unicode/utf8"
)

// mostView is how much of a text is looked at in another way: what is shown of
// one is far less.
const mostView = 64 << 10 // bytes

// view is a text as it reads in another way: its bytes, and where each is in the
// text.
type view struct {
	text string
	at   []span
}

// throughView masks what a credential is in a view of a text.
func (s *Secrets) throughView(text string, see func(string) view) string {
	head, tail := text, ""
	if len(text) > mostView {
		head, tail = text[:mostView], text[mostView:]
	}
	seen := see(head)
	found := s.find(seen.text, false)
	for i, hit := range found {
		found[i] = span{seen.at[hit.start].start, seen.at[hit.end-1].end}
	}
	return masked(head, found) + tail
}

// unescaped is a text with %XX as what it stands for, also where that was escaped
// once more.
func unescaped(text string) view {
	seen, at := []byte(text), make([]span, len(text))
	for i := range at {
		at[i] = span{i, i + 1}
	}
	for range 2 {
		n := 0
		for i := 0; i < len(seen); n++ {
			c, size := seen[i], 1
			if c == '%' && i+2 < len(seen) {
				if b, err := hex.DecodeString(string(seen[i+1 : i+3])); err == nil {
					c, size = b[0], 3
				}
			}
			seen[n], at[n] = c, span{at[i].start, at[i+size-1].end}
			i += size
		}
		seen, at = seen[:n], at[:n]
	}
	return view{string(seen), at}
}

// joined is a text without what separates.
func joined(text string) view {
	var seen []byte
	var at []span
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		for ; size > 0; size-- {
			if !separates(r) {
				seen, at = append(seen, text[i]), append(at, span{i, i + 1})
			}
			i++
		}
	}
	return view{string(seen), at}
}

func separates(r rune) bool { return unicode.IsSpace(r) || Hides(r, 'x') != "" }

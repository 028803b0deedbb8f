// Package untrusted is the one place through which goes what strangers wrote,
// before a person, a model, a terminal or a log sees it: names, descriptions and
// errors of MCP servers, AWS's free texts, a caller's own arguments. It escapes
// what is not seen as it is, shortens, and hides the secrets of URLs and every
// credential that was sent or received. It judges nothing: what a text wants of
// its reader is package catalog's.
package untrusted

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes one line of a text, of at most limit characters and then "…": runs
// of white space become one space, URLs lose userinfo and query values as in
// [Endpoint], and what cannot be seen is written out as in [Escape].
//
// This and the following hide what has the form of a signed token, whoever sent it.
func Text(s string, limit int) string { return escape(maskTokens(redacted(s, limit)), limit, folded) }

// Quote is Text as data: in quotation marks, those inside escaped.
func Quote(s string, limit int) string {
	return `"` + escape(maskTokens(redacted(s, limit)), limit, quoted) + `"`
}

// Within is for a name between quotation marks of ours, which it cannot end.
func Within(name string, limit int) string { return escape(maskTokens(name), limit, quoted) }

const (
	maxName  = 256 // characters; AgentCore's limit of a tool name
	nameHead = 160 // of a longer one
)

// Name is an identifier that a stranger chose. An ordinary one comes back as it
// is; no two different ones become the same, unless they hold tokens; one of more than 256 characters is
// cut, with its length and a part of its SHA-256.
func Name(s string) string {
	s = maskTokens(s)
	if len(s) <= maxName && plain(s) {
		return s
	}
	if utf8.RuneCountInString(s) <= maxName {
		return escape(s, 1<<30, exact)
	}
	head := s
	for i, n := 0, 0; i < len(s); n++ {
		if n == nameHead {
			head = s[:i]
			break
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return fmt.Sprintf("%s…(%d characters, sha256 %.6x)", escape(head, 1<<30, exact), utf8.RuneCountInString(s), sha256.Sum256([]byte(s)))
}

// Escape writes out what a text hides or does to a terminal: control characters
// but for newline and tab, bidirectional and invisible characters as <U+202E>,
// what is not UTF-8 as <0xFF>. A text that was escaped stays as it is, so it can be
// the last gate; the others escape what only looks like an escape as well.
func Escape(s string) string {
	if plain(s) {
		return s
	}
	return escape(s, 1<<30, lines)
}

// plain reports whether nothing in a text would be escaped, and may err to false.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '<' {
			return false
		}
	}
	return true
}

// style is what becomes of white space and quotation marks.
type style int

const (
	folded style = iota // one line, runs of white space as one space
	quoted              // folded, with quotation marks escaped
	exact               // nothing is folded, newline and tab are escaped
	lines               // nothing is folded, newline and tab stay
)

func escape(text string, limit int, how style) string {
	var out strings.Builder
	runes, space := 0, false
	previous := rune(0)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		at := i
		i += size
		if how <= quoted && (r == ' ' || r == '\n' || r == '\t' || r == '\r') {
			space, previous = runes > 0, r
			continue
		}
		if runes >= limit {
			out.WriteString("…")
			break
		}
		if space {
			out.WriteByte(' ')
			if runes, space = runes+1, false; runes >= limit {
				out.WriteString("…")
				break
			}
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, "<0x%02X>", text[at])
		case how != lines && r == '<' && (strings.HasPrefix(text[i:], "U+") || strings.HasPrefix(text[i:], "0x")):
			out.WriteString("<U+003C>")
		case how == quoted && (r == '"' || r == '\\'):
			out.WriteByte('\\')
			out.WriteRune(r)
		case how == lines && (r == '\n' || r == '\t'):
			out.WriteRune(r)
		case Hides(r, previous) != "" || !unicode.IsGraphic(r) && r != 0x200D:
			fmt.Fprintf(&out, "<U+%04X>", r)
		default:
			out.WriteRune(r)
		}
		runes, previous = runes+1, r
	}
	return out.String()
}

// tokenHead begins a JSON Web Token: {" in base64url.
const tokenHead = "eyJ"

// maskTokens hides JSON Web Tokens.
func maskTokens(text string) string {
	const least = 16
	var out strings.Builder
	for {
		at := strings.Index(text, tokenHead)
		if at < 0 {
			break
		}
		end := at
		for end < len(text) && isTokenByte(text[end]) {
			end++
		}
		first, _, parts := strings.Cut(text[at:end], ".")
		if parts && len(first) >= least {
			out.WriteString(text[:at] + mask)
		} else {
			out.WriteString(text[:end])
		}
		text = text[end:]
	}
	if out.Len() == 0 {
		return text
	}
	return out.String() + text
}

func isTokenByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// The ways in which a character hides.
const (
	Bidirectional = "bidirectional control"
	Control       = "control"
	Invisible     = "invisible"
)

// Hides says as what a character hides, "" when it is seen. previous is the one
// before it: presentation selectors and joiners belong to emoji, and elsewhere or
// in a row they carry data.
func Hides(r, previous rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || ' ' <= r && r <= '~':
		return ""
	case r == 0x061C, r == 0x200E, r == 0x200F, 0x202A <= r && r <= 0x202E, 0x2066 <= r && r <= 0x2069:
		return Bidirectional
	case unicode.IsControl(r):
		return Control
	case r == 0xFE0E || r == 0xFE0F:
		if !unicode.Is(unicode.Variation_Selector, previous) {
			return ""
		}
		return Invisible
	case r == 0x200D && (unicode.In(previous, unicode.So, unicode.Sk) || previous == 0xFE0F):
		return "" // joins the parts of one emoji
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x2800, r == 0x3164, r == 0xFFA0,
		unicode.Is(unicode.Variation_Selector, r),
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
		return Invisible
	}
	return ""
}

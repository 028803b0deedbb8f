package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting is how deep a definition may be nested.
const maxNesting = 1000

// parser reads JSON as encoding/json does: strictly, but for invalid UTF-8 and
// lone surrogates, which become U+FFFD; of duplicate members the last wins. It
// exists because comparing two large lists is nothing but parsing, and this one
// needs no memory per definition beyond the definition's own text.
type parser struct {
	text string
	pos  int

	values  slab[value]
	members slab[member]
	open    []member // of the arrays and objects that are not closed yet

	// unevaluated says that unevaluatedProperties occurs, which makes a
	// difference between additionalProperties true and absent.
	unevaluated bool
}

// parse reads one JSON text. The value is valid until the next call.
func (p *parser) parse(text string) (*value, error) {
	p.text, p.pos, p.open, p.unevaluated = text, 0, p.open[:0], false
	p.values.reset()
	p.members.reset()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(text) {
		return nil, p.wrong("more text after the end")
	}
	return v, nil
}

func (p *parser) wrong(what string) error {
	return fmt.Errorf("%s at byte %d", what, p.pos)
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next skips white space and is 0 at the end of the text.
func (p *parser) next() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) value(depth int) (*value, error) {
	if depth > maxNesting {
		return nil, p.wrong(fmt.Sprintf("more than %d levels of nesting", maxNesting))
	}
	v := &p.values.take(1)[0]
	var err error
	switch c := p.next(); {
	case c == '{':
		*v = value{kind: kindObject}
		v.members, err = p.object(depth)
	case c == '[':
		*v = value{kind: kindArray}
		v.members, err = p.array(depth)
	case c == '"':
		*v = value{kind: kindString}
		v.text, err = p.str()
	case c == '-' || '0' <= c && c <= '9':
		*v = value{kind: kindNumber}
		v.text, err = p.number()
	case p.literal("true"):
		*v = value{kind: kindTrue}
	case p.literal("false"):
		*v = value{kind: kindFalse}
	case p.literal("null"):
		*v = value{kind: kindNull}
	default:
		err = p.wrong("no JSON value")
	}
	return v, err
}

func (p *parser) literal(word string) bool {
	if !strings.HasPrefix(p.text[p.pos:], word) {
		return false
	}
	p.pos += len(word)
	return true
}

// closed gives the members that were read since base a place of their own.
func (p *parser) closed(base int) []member {
	members := p.members.take(len(p.open) - base)
	copy(members, p.open[base:])
	p.open = p.open[:base]
	return members
}

func (p *parser) array(depth int) ([]member, error) {
	p.pos++
	base := len(p.open)
	if p.next() == ']' {
		p.pos++
		return nil, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.open = append(p.open, member{value: v})
		switch p.next() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return p.closed(base), nil
		default:
			return nil, p.wrong("neither , nor ]")
		}
	}
}

func (p *parser) object(depth int) ([]member, error) {
	p.pos++
	base := len(p.open)
	if p.next() == '}' {
		p.pos++
		return nil, nil
	}
	for {
		if p.next() != '"' {
			return nil, p.wrong("no member name")
		}
		name, err := p.str()
		if err != nil {
			return nil, err
		}
		if p.next() != ':' {
			return nil, p.wrong("no colon")
		}
		p.pos++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.unevaluated = p.unevaluated || name == "unevaluatedProperties"
		p.open = append(p.open, member{name, v})
		switch p.next() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return sortedOnce(p.closed(base)), nil
		default:
			return nil, p.wrong("neither , nor }")
		}
	}
}

// sortedOnce sorts members and keeps the last of each name.
func sortedOnce(members []member) []member {
	if !slices.IsSortedFunc(members, byMemberName) {
		slices.SortStableFunc(members, byMemberName)
	}
	kept := 0
	for i, m := range members {
		if i+1 < len(members) && members[i+1].name == m.name {
			continue
		}
		members[kept] = m
		kept++
	}
	return members[:kept]
}

func (p *parser) number() (string, error) {
	start := p.pos
	if p.text[p.pos] == '-' {
		p.pos++
	}
	leading := p.pos
	if !p.digits() || p.text[leading] == '0' && p.pos > leading+1 {
		return "", p.wrong("no JSON number")
	}
	if p.pos < len(p.text) && p.text[p.pos] == '.' {
		if p.pos++; !p.digits() {
			return "", p.wrong("no digit after the decimal point")
		}
	}
	if p.pos < len(p.text) && p.text[p.pos]|0x20 == 'e' {
		if p.pos++; p.pos < len(p.text) && (p.text[p.pos] == '+' || p.text[p.pos] == '-') {
			p.pos++
		}
		if !p.digits() {
			return "", p.wrong("no digit in the exponent")
		}
	}
	return normalNumber(p.text[start:p.pos]), nil
}

func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}

// str reads a string; one without escapes is a part of the text.
func (p *parser) str() (string, error) {
	p.pos++
	start, ascii, escaped := p.pos, true, false
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start:p.pos]
			p.pos++
			if escaped || !ascii && !utf8.ValidString(s) {
				return unescape(s)
			}
			return s, nil
		case c == '\\':
			escaped = true
			p.pos++
		case c < ' ':
			return "", p.wrong("a control character in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", p.wrong("a string without end")
}

func unescape(s string) (string, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			r, size := utf8.DecodeRuneInString(s[i:])
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		if at := strings.IndexByte(`"\/bfnrt`, s[i+1]); at >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[at])
			i += 2
			continue
		}
		r, ok := hexRune(s[i:])
		if !ok {
			return "", fmt.Errorf("an unknown escape in a string")
		}
		i += 6
		if utf16.IsSurrogate(r) {
			low, _ := hexRune(s[i:])
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), nil
}

// hexRune reads \uXXXX.
func hexRune(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}

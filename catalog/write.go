package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// key begins a member of the object whose first member stands at start.
func (c *canonicalizer) key(start int, name string) {
	if len(c.out) > start {
		c.out = append(c.out, ',')
	}
	c.str(name)
	c.out = append(c.out, ':')
}

// data writes a value as it is, objects sorted.
func (c *canonicalizer) data(v *value) { c.out = appendData(c.out, v) }

func (c *canonicalizer) str(s string) { c.out = appendString(c.out, s) }

func appendData(out []byte, v *value) []byte {
	switch v.kind {
	case kindNull:
		return append(out, "null"...)
	case kindFalse:
		return append(out, "false"...)
	case kindTrue:
		return append(out, "true"...)
	case kindNumber:
		return append(out, v.text...)
	case kindString:
		return appendString(out, v.text)
	case kindArray:
		out = append(out, '[')
		for i, m := range v.members {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendData(out, m.value)
		}
		return append(out, ']')
	default:
		out = append(out, '{')
		for i, m := range v.members {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendString(out, m.name), ':')
			out = appendData(out, m.value)
		}
		return append(out, '}')
	}
}

// appendString escapes what JSON demands and nothing else.
func appendString(out []byte, s string) []byte {
	if !utf8.ValidString(s) { // a name that does not come from JSON
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	out = append(out, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		if c < ' ' {
			out = fmt.Appendf(out, `\u%04x`, c)
		} else {
			out = append(out, '\\', c)
		}
	}
	return append(append(out, s[from:]...), '"')
}

// render is a value as JSON. Equal values of canonical forms render alike.
func render(v *value) string { return string(appendData(nil, v)) }

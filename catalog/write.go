package catalog

import "fmt"

// render is a value as JSON. Equal values of canonical forms render alike.
func render(v *value) string { return string(appendValue(nil, v)) }

func appendValue(out []byte, v *value) []byte {
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
	}
	brackets := "[]"
	if v.kind == kindObject {
		brackets = "{}"
	}
	out = append(out, brackets[0])
	for i, m := range v.members {
		if i > 0 {
			out = append(out, ',')
		}
		if v.kind == kindObject {
			out = append(appendString(out, m.name), ':')
		}
		out = appendValue(out, m.value)
	}
	return append(out, brackets[1])
}

// appendString escapes what JSON demands and nothing else. It is not
// jsontext.AppendQuote, which has \n and its like for some control characters:
// hashes that were kept depend on this spelling.
func appendString(out []byte, s string) []byte {
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

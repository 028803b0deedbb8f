package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Inspect looks for what may mislead a model or hide from a person in every
// text of a tool that a model may see: its name, title, description, and all
// names, texts and values in schemas and annotations. It finds
//   - bidirectional control characters, which reorder what a person sees
//   - other characters that cannot be seen: zero-width, tag, filler and private
//     ones, variation selectors in a row; and control characters
//   - phrases that read like instructions to the model, a short list, matched
//     in any letter case, full-width letters and invisible characters undone
//
// All are notable, none proves anything: "you must" stands in honest texts too.
// At most 20, as in a [Change]; nothing when the definition has no canonical
// form; never nil.
func Inspect(t Tool) []Detail {
	var d details
	if root, err := parseCanonical(t); err == nil {
		for _, s := range scan(root) {
			if !s.isURL {
				d.add(Notable, "%s", s.text)
			}
		}
	}
	return d.list()
}

// suspicion is one finding in one text.
type suspicion struct {
	key   string // what and, but for URLs, where
	text  string // the sentence
	isURL bool
}

// newSuspicions tells what a changed tool's texts have that they had not. URLs
// are looked for in titles and descriptions.
func newSuspicions(before, after *value, d *details) {
	known := map[string]bool{}
	for _, s := range scan(before) {
		known[s.key] = true
	}
	for _, s := range scan(after) {
		if !known[s.key] {
			known[s.key] = true
			d.add(Notable, "%s", s.text)
		}
	}
}

type scanner struct {
	found []suspicion
	side  side
}

func scan(tool *value) []suspicion {
	s := scanner{side: input}
	s.inspect("name", "the tool", tool.get("name").str(), false)
	s.inspect("title", "the tool", tool.get("title").str(), true)
	s.inspect("description", "the tool", tool.get("description").str(), true)
	if v := tool.get("annotations"); v != nil {
		s.data("annotations", "the tool", v)
	}
	if v := tool.get("inputSchema"); v != nil {
		s.schema(v, "")
	}
	s.side = output
	if v := tool.get("outputSchema"); v != nil {
		s.schema(v, "")
	}
	return s.found
}

func (s *scanner) schema(v *value, path string) {
	for _, m := range v.entries() {
		of := s.side.subject(path)
		s.inspect("keyword "+showName(m.name), of, m.name, false)
		switch shapeOf(m.name) {
		case shapeAnnotation:
			if m.value.kind == kindString {
				s.inspect(m.name, of, m.value.text, true)
				continue
			}
			s.data(m.name, of, m.value)
		case shapeData, shapeSet, shapeType:
			s.data(showName(m.name), of, m.value)
		default:
			subschemas(m.name, m.value, func(name string, schema *value) {
				at := path
				switch {
				case m.name == "properties":
					at = below(path, showName(name))
				case name != "":
					at = below(path, m.name+"."+showName(name))
				case m.name == "items":
					at = below(path, "[]")
				}
				s.inspect("name", s.side.subject(at), name, false)
				s.schema(schema, at)
			})
		}
	}
	if v.kind != kindObject {
		s.data("schema", s.side.subject(path), v)
	}
}

func (s *scanner) data(what, of string, v *value) {
	if v.kind == kindString {
		s.inspect(what, of, v.text, false)
	}
	for _, m := range v.members {
		if m.name != "" {
			s.inspect(what, of, m.name, false)
		}
		s.data(what, of, m.value)
	}
}

// inspect judges one text: what is the keyword that holds it, of what.
func (s *scanner) inspect(what, of, text string, urls bool) {
	where := func() string {
		if of == "the tool" {
			return "the " + what
		}
		return "the " + what + " of " + of
	}
	note := func(sign, format string, args ...any) {
		s.found = append(s.found, suspicion{key: where() + "\x00" + sign, text: where() + " " + fmt.Sprintf(format, args...)})
	}
	hidden := map[string][]string{}
	previous := rune(0)
	for _, r := range text {
		if name := hiding(r, previous); name != "" {
			if code := fmt.Sprintf("U+%04X", r); !slices.Contains(hidden[name], code) {
				hidden[name] = append(hidden[name], code)
			}
		}
		previous = r
	}
	for _, name := range []string{bidirectional, control, invisible} {
		if codes := hidden[name]; codes != nil {
			note(name+strings.Join(codes, " "), "has %s characters (%s)", name, listed(codes))
		}
	}
	plain := plainText(text)
	for _, phrase := range instructionPhrases() {
		if strings.Contains(plain, phrase) {
			note(phrase, "reads like an instruction to the model: %s", show(phrase))
		}
	}
	if urls {
		for _, u := range urlsIn(text) {
			raw := text[u.start:u.end]
			s.found = append(s.found, suspicion{"url\x00" + raw, fmt.Sprintf("%s has a new URL: %s", where(), show(raw)), true})
		}
	}
}

const (
	bidirectional = "bidirectional control"
	control       = "control"
	invisible     = "invisible"
)

// hiding says as what a character hides, "" when it is seen. Presentation
// selectors belong to emoji; in a row they carry data.
func hiding(r, previous rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || ' ' <= r && r <= '~':
		return ""
	case r == 0x061C, r == 0x200E, r == 0x200F, 0x202A <= r && r <= 0x202E, 0x2066 <= r && r <= 0x2069:
		return bidirectional
	case unicode.IsControl(r):
		return control
	case r == 0xFE0E || r == 0xFE0F:
		if !unicode.Is(unicode.Variation_Selector, previous) {
			return ""
		}
		return invisible
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x2800, r == 0x3164, r == 0xFFA0,
		unicode.Is(unicode.Variation_Selector, r),
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
		return invisible
	}
	return ""
}

// instructionPhrases are in the form of plainText.
func instructionPhrases() []string {
	return []string{
		"ignore previous", "ignore all previous", "ignore the previous", "ignore the above", "ignore any previous",
		"disregard previous", "disregard all", "disregard the above", "forget previous", "forget everything",
		"do not tell", "don't tell", "do not mention", "don't mention", "do not inform", "without telling", "keep this secret",
		"you must", "you are now", "system prompt", "new instructions", "override any", "<important>", "<system>",
		"before using this tool", "before using any", "before calling this tool", "instead of using",
		"~/.ssh", "~/.aws", "id_rsa", "/etc/passwd", "mcp.json",
	}
}

// plainText is what remains of a text for matching phrases: lower case, nothing
// invisible, full-width letters as ASCII, other punctuation as one space.
func plainText(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	space := false
	previous := rune(0)
	for _, r := range text {
		if name := hiding(r, previous); name == invisible || name == bidirectional {
			previous = r
			continue
		}
		previous = r
		switch {
		case 0xFF01 <= r && r <= 0xFF5E:
			r -= 0xFF01 - '!'
		case r == '’':
			r = '\''
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("<>/~._'", r) {
			space = true
			continue
		}
		if space {
			out.WriteByte(' ')
			space = false
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

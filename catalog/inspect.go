package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"agentcore-gateway-mcp/untrusted"
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
	root, err := new(decoder).canonical(t)
	if err != nil {
		return []Detail{}
	}
	return suspicions(root)
}

// InspectText is [Inspect] for one text that a stranger wrote; what names it in the
// findings.
func InspectText(what, text string) []Detail {
	s := scanner{phrases: instructionPhrases()}
	s.inspect(what, "", text, false)
	var d details
	for _, found := range s.found {
		d.add(Notable, "%s", found.text)
	}
	return d.list()
}

func suspicions(tool *value) []Detail {
	var d details
	for _, s := range scan(tool, nil) {
		if !s.isURL {
			d.add(Notable, "%s", s.text)
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
	found := scan(after, before)
	if len(found) == 0 {
		return
	}
	known := map[string]bool{}
	for _, s := range scan(before, nil) {
		known[s.key] = true
	}
	for _, s := range found {
		if !known[s.key] {
			known[s.key] = true
			d.add(Notable, "%s", s.text)
		}
	}
}

type scanner struct {
	found   []suspicion
	side    side // "" for the tool itself
	phrases []string
	plain   []byte // the text at hand, for matching phrases
}

// scan looks through a tool's texts, without those that are the same in known.
func scan(tool, known *value) []suspicion {
	s := scanner{phrases: instructionPhrases()}
	for _, name := range []string{"name", "title", "description", "annotations", "inputSchema", "outputSchema"} {
		v := tool.get(name)
		if v == nil || equal(v, known.get(name)) {
			continue
		}
		switch name {
		case "inputSchema", "outputSchema":
			s.side = side(strings.TrimSuffix(name, "Schema"))
			s.schema(v, "")
		case "title", "description":
			s.inspect(name, "", v.str(), true)
		default:
			s.data(name, "", v)
		}
	}
	return s.found
}

func (s *scanner) schema(v *value, path string) {
	if v.kind != kindObject {
		s.data("schema", path, v)
		return
	}
	for _, m := range v.members {
		shape := shapeOf(m.name)
		if shape == shapeData { // no known keyword
			s.inspect("name of a keyword", path, m.name, false)
		}
		switch shape {
		case shapeAnnotation:
			if m.value.kind == kindString {
				s.inspect(m.name, path, m.value.text, true)
				continue
			}
			fallthrough
		case shapeData, shapeSet, shapeType:
			s.data(m.name, path, m.value)
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
				s.inspect("name", at, name, false)
				s.schema(schema, at)
			})
		}
	}
}

func (s *scanner) data(what, path string, v *value) {
	if v.kind == kindString {
		s.inspect(what, path, v.text, false)
	}
	for _, m := range v.members {
		s.inspect(what, path, m.name, false)
		s.data(what, path, m.value)
	}
}

// inspect judges one text: what is the keyword that holds it, at path.
func (s *scanner) inspect(what, path, text string, urls bool) {
	where := func() string {
		if s.side == "" {
			return "the " + what
		}
		return "the " + showName(what) + " of " + s.side.subject(path)
	}
	note := func(sign, format string, args ...any) {
		at := where()
		s.found = append(s.found, suspicion{key: at + "\x00" + sign, text: at + " " + fmt.Sprintf(format, args...)})
	}
	for _, h := range hiddenIn(text) {
		note(h.as+strings.Join(h.codes, " "), "has %s characters (%s)", h.as, listed(h.codes))
	}
	if len(text) >= minPhrase {
		s.plain = appendPlain(s.plain[:0], text)
		plain := string(s.plain)
		for _, phrase := range s.phrases {
			if strings.Contains(plain, phrase) {
				note(phrase, "reads like an instruction to the model: %s", show(phrase))
			}
		}
	}
	if urls {
		for _, raw := range untrusted.URLs(text) {
			s.found = append(s.found, suspicion{"url\x00" + raw, fmt.Sprintf("%s has a new URL: %s", where(), show(raw)), true})
		}
	}
}

// hidden are the characters of a text that hide in one way.
type hidden struct {
	as    string
	codes []string // U+202E, each once
}

func hiddenIn(text string) []hidden {
	if strings.IndexFunc(text, func(r rune) bool { return untrusted.Hides(r, r) != "" }) < 0 {
		return nil
	}
	found := []hidden{{as: untrusted.Bidirectional}, {as: untrusted.Control}, {as: untrusted.Invisible}}
	previous := rune(0)
	for _, r := range text {
		name := untrusted.Hides(r, previous)
		for i := range found {
			if code := fmt.Sprintf("U+%04X", r); found[i].as == name && len(found[i].codes) <= maxListed && !slices.Contains(found[i].codes, code) {
				found[i].codes = append(found[i].codes, code)
			}
		}
		previous = r
	}
	return slices.DeleteFunc(found, func(h hidden) bool { return h.codes == nil })
}

// minPhrase is the length of the shortest phrase.
const minPhrase = len("~/.ssh")

// instructionPhrases are in the form of appendPlain.
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

// appendPlain appends what matters of a text for matching phrases: lower case,
// nothing invisible, full-width letters as ASCII, other punctuation as one space.
func appendPlain(out []byte, text string) []byte {
	space := false
	previous := rune(0)
	for _, r := range text {
		name := untrusted.Hides(r, previous)
		if previous = r; name == untrusted.Invisible || name == untrusted.Bidirectional {
			continue
		}
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
			out = append(out, ' ')
			space = false
		}
		out = utf8.AppendRune(out, unicode.ToLower(r))
	}
	return out
}

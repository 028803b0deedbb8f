package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNesting is how deep a definition may be nested.
const maxNesting = 1000

// decoder reads definitions into trees. It takes what encoding/json takes:
// invalid UTF-8 and lone surrogates become U+FFFD, of duplicate members the last
// one counts. It keeps its memory from one definition to the next.
type decoder struct {
	input bytes.Buffer
	json  jsontext.Decoder
	text  string // of the definition at hand; most strings of its tree are parts of it
	valid bool   // as UTF-8

	values    slab[value]
	members   slab[member]
	unescaped []byte
	open      []member // of the arrays and objects that are not closed yet

	// unevaluated says that unevaluatedProperties occurs, which makes a
	// difference between additionalProperties true and absent.
	unevaluated bool
}

// decode reads one JSON text. The tree is valid until the next call.
func (d *decoder) decode(text []byte) (*value, error) {
	d.input, d.text, d.valid = *bytes.NewBuffer(text), string(text), utf8.Valid(text)
	d.open, d.unevaluated = d.open[:0], false
	d.json.Reset(&d.input, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	d.values.reset()
	d.members.reset()
	v, err := d.value(0)
	if err == nil {
		if _, err = d.json.ReadToken(); err == io.EOF {
			return v, nil
		}
	}
	if syntax := new(jsontext.SyntacticError); errors.As(err, &syntax) {
		err = fmt.Errorf("%w at byte %d", syntax.Err, syntax.ByteOffset)
	} else if err == nil {
		err = fmt.Errorf("more text after the end at byte %d", d.json.InputOffset())
	}
	return nil, err
}

func (d *decoder) value(depth int) (*value, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("more than %d levels of nesting", maxNesting)
	}
	kind := d.json.PeekKind()
	if kind == '{' || kind == '[' {
		return d.composite(kind, depth)
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return nil, err
	}
	v := &d.values.take(1)[0]
	switch kind {
	case 'n':
		*v = value{kind: kindNull}
	case 't':
		*v = value{kind: kindTrue}
	case 'f':
		*v = value{kind: kindFalse}
	case '0':
		*v = value{kind: kindNumber, text: normalNumber(d.part(raw))}
	default:
		*v = value{kind: kindString, text: d.unquoted(raw)}
	}
	return v, nil
}

// composite reads an object or an array.
func (d *decoder) composite(kind jsontext.Kind, depth int) (*value, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	v := &d.values.take(1)[0]
	*v = value{kind: kindArray}
	if kind == '{' {
		v.kind = kindObject
	}
	base := len(d.open)
	for next := d.json.PeekKind(); next != '}' && next != ']'; next = d.json.PeekKind() {
		var m member
		if v.kind == kindObject {
			raw, err := d.json.ReadValue()
			if err != nil {
				return nil, err
			}
			m.name = d.unquoted(raw)
			d.unevaluated = d.unevaluated || m.name == "unevaluatedProperties"
		}
		var err error
		if m.value, err = d.value(depth + 1); err != nil {
			return nil, err
		}
		d.open = append(d.open, m)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	v.members = d.members.take(len(d.open) - base)
	copy(v.members, d.open[base:])
	d.open = d.open[:base]
	if v.kind == kindObject {
		v.members = sortedOnce(v.members)
	}
	return v, nil
}

// part is what was just read as a part of the text.
func (d *decoder) part(raw jsontext.Value) string {
	end := int(d.json.InputOffset())
	return d.text[end-len(raw) : end]
}

func (d *decoder) unquoted(raw jsontext.Value) string {
	if d.valid && bytes.IndexByte(raw, '\\') < 0 {
		s := d.part(raw)
		return s[1 : len(s)-1]
	}
	d.unescaped, _ = jsontext.AppendUnquote(d.unescaped[:0], raw) // its error is what U+FFFD stands for
	return string(d.unescaped)
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

package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const maxDepth = 32

// object is a JSON object whose members are looked up by their exact names:
// encoding/json would also take "ISS" for iss.
type object map[string]json.RawMessage

var errNotObject = errors.New("not a JSON object")

// parseObject reads a JSON object and nothing after it. Of duplicate members,
// parsers take the first or the last as they please, so they are refused, but
// only on this level: [parseStrict] looks at all of them.
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, errNotObject
	}
	members := object{}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, errNotObject
		}
		name := token.String()
		if members.has(name) {
			return nil, duplicate(name)
		}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, errNotObject
		}
		members[name] = json.RawMessage(value.Clone())
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errNotObject
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return members, nil
}

// parseStrict is [parseObject] for documents in which no object at any depth may
// have duplicate members, and none is deeper than maxDepth.
func parseStrict(data []byte) (object, error) {
	members, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	for _, value := range members {
		if value[0] != '{' && value[0] != '[' {
			continue
		}
		dec := jsontext.NewDecoder(bytes.NewBuffer(value))
		for err == nil {
			if _, err = dec.ReadToken(); dec.StackDepth() > maxDepth {
				return nil, errors.New("nested too deeply")
			}
		}
		wrong := new(jsontext.SyntacticError)
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &wrong):
			return nil, duplicate(wrong.JSONPointer.LastToken())
		case err != io.EOF:
			return nil, errNotObject
		}
		err = nil
	}
	return members, nil
}

func duplicate(name string) error { return fmt.Errorf("member %q occurs twice", clip(name)) }

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text is the string member of that name: "" when there is none.
func (o object) text(name string) (string, error) {
	raw, ok := o[name]
	if !ok {
		return "", nil
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return s, nil
}

// list is the member of that name when it is an array of strings: nil when there
// is none.
func (o object) list(name string) ([]string, error) {
	raw, ok := o[name]
	if !ok {
		return nil, nil
	}
	// Pointers tell null, which a string would swallow, from "".
	var items []*string
	err := json.Unmarshal(raw, &items)
	if err != nil || items == nil {
		return nil, fmt.Errorf("%s is not an array of strings", name)
	}
	list := make([]string, len(items))
	for i, item := range items {
		if item == nil {
			return nil, fmt.Errorf("%s is not an array of strings", name)
		}
		list[i] = *item
	}
	return list, nil
}

// number is the member of that name when it is a JSON number from 0 to most.
func (o object) number(name string, most float64) (n float64, ok bool, err error) {
	raw, ok := o[name]
	if !ok {
		return 0, false, nil
	}
	if raw[0] >= '0' && raw[0] <= '9' {
		n, err = strconv.ParseFloat(string(raw), 64)
	}
	if raw[0] < '0' || raw[0] > '9' || err != nil || n > most {
		return 0, false, fmt.Errorf("%s is not a number between 0 and %.0f", name, most)
	}
	return n, true, nil
}

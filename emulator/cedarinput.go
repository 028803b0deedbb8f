package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// cedarInput is a tool's arguments as policies see them, under context.input: plain
// data, whatever they look like. An error means that no policy can judge them: a
// number that Cedar has none for, or a name twice.
//
// How AWS turns JSON into Cedar is not documented. Here a null is an attribute that is
// not there, and a fraction is a decimal.
func cedarInput(arguments json.RawMessage) (cedar.Value, error) {
	d := json.NewDecoder(bytes.NewReader(arguments))
	d.UseNumber()
	input, err := cedarValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return input, nil
}

// cedarValue reads the next JSON value; nil stands for null.
func cedarValue(d *json.Decoder, depth int) (cedar.Value, error) {
	if depth > mostNested {
		return nil, errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return cedarSet(d, depth)
		}
		return cedarRecord(d, depth)
	case string:
		return cedar.String(v), nil
	case bool:
		return cedar.Boolean(v), nil
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return cedar.Long(n), nil
		}
		return types.ParseDecimal(v.String())
	}
	return nil, nil
}

func cedarSet(d *json.Decoder, depth int) (cedar.Value, error) {
	var elements []cedar.Value
	for d.More() {
		element, err := cedarValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		if element != nil {
			elements = append(elements, element)
		}
	}
	_, err := d.Token() // the bracket
	return cedar.NewSet(elements...), err
}

func cedarRecord(d *json.Decoder, depth int) (cedar.Value, error) {
	members, named := cedar.RecordMap{}, map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder takes no other
		if named[name] {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		named[name] = true
		value, err := cedarValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		if value != nil {
			members[cedar.String(name)] = value
		}
	}
	_, err := d.Token() // the brace
	return cedar.NewRecord(members), err
}

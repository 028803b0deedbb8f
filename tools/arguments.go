package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"agentcore-gateway-mcp/untrusted"
)

// arguments checks a call's arguments against the schema and decodes them. Its
// errors say which argument, what is wrong with it and what it must be, and quote
// no more of it than fits a line.
func arguments[In any](schema func() (*jsonschema.Resolved, error), raw json.RawMessage) (in In, err error) {
	check, err := schema()
	if err != nil {
		return in, err
	}
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var given map[string]any
	if decoder.Decode(&given) != nil {
		return in, errors.New("the arguments are not a JSON object: give one such as {\"target\": \"orders\"}")
	}
	if given, err = conform(check.Schema(), given); err != nil {
		return in, err
	}
	if check.Validate(given) != nil {
		return in, errors.New("the arguments do not fit the tool's input schema")
	}
	if raw, err = json.Marshal(given); err != nil {
		return in, err
	}
	if json.Unmarshal(raw, &in) != nil {
		return in, errors.New("the arguments do not fit the tool's input schema")
	}
	return in, nil
}

// conform returns the arguments in the types of the schema, or what is wrong.
func conform(s *jsonschema.Schema, given map[string]any) (map[string]any, error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if s.Properties[name] == nil {
			return nil, fmt.Errorf("there is no argument %s: the arguments are %s", shown(name), strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", "))
		}
	}
	for _, name := range s.Required {
		if _, ok := given[name]; !ok {
			return nil, fmt.Errorf("the argument %s is missing: %s", name, s.Properties[name].Description)
		}
	}
	fit := make(map[string]any, len(given))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, err := fittingValue(s.Properties[name], given[name])
		if err != nil {
			return nil, fmt.Errorf("the argument %s is %s: %w", name, shown(given[name]), err)
		}
		fit[name] = value
	}
	return fit, nil
}

func fittingValue(s *jsonschema.Schema, value any) (any, error) {
	if value == nil {
		return nil, errors.New("leave it out instead")
	}
	switch s.Type {
	case "string":
		text, ok := value.(string)
		if !ok {
			return nil, errors.New("it must be a string")
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)) {
			return nil, fmt.Errorf("it must be one of %s", listed(s.Enum))
		}
		if s.Format == "date-time" {
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				return nil, errors.New("it must be a time such as 2026-01-02T15:04:05Z")
			}
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return nil, errors.New("it must be true or false")
		}
	case "integer":
		return fittingInteger(s, value)
	case "array":
		list, ok := value.([]any)
		if !ok {
			return nil, errors.New("it must be a list, such as [\"a\", \"b\"]")
		}
		fit := make([]any, len(list))
		for i, item := range list {
			var err error
			if fit[i], err = fittingValue(s.Items, item); err != nil {
				return nil, fmt.Errorf("entry %d of it: %w", i+1, err)
			}
		}
		return fit, nil
	}
	return value, nil
}

// fittingInteger takes 45.0 and 4.5e1 for 45, as JSON Schema does.
func fittingInteger(s *jsonschema.Schema, value any) (any, error) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, errors.New("it must be a whole number")
	}
	least, most := float64(-1<<31), float64(1<<31-1)
	if s.Minimum != nil && s.Maximum != nil {
		least, most = *s.Minimum, *s.Maximum
	}
	bounds := fmt.Errorf("it must be a whole number from %s to %s", plainNumber(least), plainNumber(most))
	if f, err := number.Float64(); err != nil || f < least || f > most || len(number) > 400 {
		return nil, bounds // before it is written out: 1e999999999 is a long number
	}
	exact, ok := new(big.Rat).SetString(string(number))
	if !ok || !exact.IsInt() {
		return nil, bounds
	}
	whole, _ := exact.Float64() // exact within the bounds
	return whole, nil
}

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func listed(values []any) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprint(v)) // strings of ours
	}
	return strings.Join(all, ", ")
}

// shown is a caller's value as JSON, short, with the secrets of its URLs hidden.
func shown(value any) string {
	const most = 200 // characters
	if text, ok := value.(string); ok {
		return untrusted.Quote(text, most)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return "not JSON"
	}
	return untrusted.Text(out.String(), most)
}

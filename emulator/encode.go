package emulator

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"

	"agentcore-gateway-mcp/aws"
)

// encode is aws.EncodeJSON that keeps types.UnknownUnionMember: the SDK's codec
// writes nothing for a union member that it does not know.
func encode(v smithy.Serializable) (json.RawMessage, error) {
	body, err := aws.EncodeJSON(v)
	if err != nil {
		return nil, err
	}
	var found []unknownMember
	findUnknown(reflect.ValueOf(v), nil, &found)
	if len(found) == 0 {
		return body, nil
	}
	var root any
	if err := json.Unmarshal(body, &root); err != nil {
		return nil, fmt.Errorf("encode unknown union members: %w", err)
	}
	for _, u := range found {
		root = place(root, u.path, map[string]any{u.Tag: json.RawMessage(u.Value)})
	}
	return json.Marshal(root)
}

// unknownMember is a union member that the SDK does not know, with the path of
// its union: member names and list indexes.
type unknownMember struct {
	*types.UnknownUnionMember
	path []any
}

func findUnknown(v reflect.Value, path []any, found *[]unknownMember) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if unknown, ok := v.Interface().(*types.UnknownUnionMember); ok {
			*found = append(*found, unknownMember{unknown, append([]any{}, path...)})
			return
		}
		findUnknown(v.Elem(), path, found)
	case reflect.Slice:
		for i := range v.Len() {
			findUnknown(v.Index(i), append(path, i), found)
		}
	case reflect.Struct:
		// A known union member is a struct XMember<Tag> with the one field Value.
		if _, tag, ok := strings.Cut(v.Type().Name(), "Member"); ok && v.NumField() > 0 && v.Type().Field(0).Name == "Value" {
			findUnknown(v.Field(0), append(path, lowerFirst(tag)), found)
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				findUnknown(v.Field(i), append(path, lowerFirst(field.Name)), found)
			}
		}
	}
}

// place puts value at path, making the objects on the way.
func place(node any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case int:
		if list, ok := node.([]any); ok && step < len(list) {
			list[step] = place(list[step], path[1:], value)
		}
		return node
	case string:
		object, ok := node.(map[string]any)
		if !ok {
			object = map[string]any{}
		}
		object[step] = place(object[step], path[1:], value)
		return object
	}
	return node
}

func lowerFirst(name string) string {
	runes := []rune(name)
	if len(runes) > 0 {
		runes[0] = unicode.ToLower(runes[0])
	}
	return string(runes)
}

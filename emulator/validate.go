package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"agentcore-gateway-mcp/untrusted"
)

const (
	mostViolations = 100 // of one request that are told
	mostPath       = 200 // bytes of the path of one that are told
	mostNested     = 100 // levels of a body
)

// checker walks a request along the SDK's schema. It is stricter than AWS in
// one point: an unknown member is an error, because here it would be lost
// without a word.
type checker struct {
	rules map[string]rule
	found []violation
	depth int
}

// check returns what is wrong with value, a structure of the given schema.
func check(rules map[string]rule, schema *smithy.Schema, value map[string]any) []violation {
	c := &checker{rules: rules}
	c.structure("", shapeName(schema), schema, value)
	return c.found
}

// misplaced returns the members that are in the body and do not belong there.
func misplaced(schema *smithy.Schema, body map[string]any) []violation {
	var found []violation
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if member := schema.Member(name); member != nil && !inBody(member) {
			found = append(found, violation{Name: name, Message: "Member must not be in the body"})
		}
	}
	return found
}

// fail keeps a violation. Those beyond the bound are not told, and nothing is looked at
// for more.
func (c *checker) fail(path, format string, args ...any) {
	if c.full() {
		return
	}
	c.found = append(c.found, violation{Name: untrusted.Within(path, mostPath), Message: fmt.Sprintf(format, args...)})
}

func (c *checker) full() bool { return len(c.found) >= mostViolations }

func (c *checker) value(path, owner string, schema *smithy.Schema, value any) {
	if c.full() {
		return
	}
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > mostNested {
		c.fail(path, "Member must not be nested deeper than %d", mostNested)
		return
	}
	if value == nil {
		c.fail(path, "Member must not be null")
		return
	}
	name := shapeName(schema)
	limits, ok := c.rules[owner+"$"+schema.MemberName()]
	if !ok {
		limits = c.rules[name]
	}
	switch schema.Type() {
	case smithy.ShapeTypeStructure:
		if object, ok := typed[map[string]any](c, path, value, "an object"); ok {
			c.structure(path, name, schema, object)
		}
	case smithy.ShapeTypeUnion:
		if object, ok := typed[map[string]any](c, path, value, "an object"); ok {
			c.union(path, name, schema, object)
		}
	case smithy.ShapeTypeList, smithy.ShapeTypeSet:
		if list, ok := typed[[]any](c, path, value, "a list"); ok {
			c.length(path, limits, len(list))
			for i, element := range list {
				c.value(fmt.Sprintf("%s.%d.member", path, i+1), name, schema.ListMember(), element)
			}
		}
	case smithy.ShapeTypeMap:
		if object, ok := typed[map[string]any](c, path, value, "an object"); ok {
			c.length(path, limits, len(object))
			for _, key := range slices.Sorted(maps.Keys(object)) {
				c.value(path+".key", name, schema.MapKey(), key)
				c.value(path+"."+key, name, schema.MapValue(), object[key])
			}
		}
	case smithy.ShapeTypeString:
		if text, ok := typed[string](c, path, value, "a string"); ok {
			c.text(path, limits, text)
		}
	case smithy.ShapeTypeEnum:
		if text, ok := typed[string](c, path, value, "a string"); ok && !slices.Contains(limits.enum, text) {
			c.fail(path, "Member must satisfy enum value set: [%s]", strings.Join(limits.enum, ", "))
		}
	case smithy.ShapeTypeBoolean:
		typed[bool](c, path, value, "a boolean")
	case smithy.ShapeTypeByte, smithy.ShapeTypeShort, smithy.ShapeTypeInteger, smithy.ShapeTypeLong:
		c.integer(path, limits, value)
	case smithy.ShapeTypeDocument: // any JSON
	default:
		c.fail(path, "Member is of a type that the local AgentCore does not check yet")
	}
}

// typed asserts value's JSON type.
func typed[T any](c *checker, path string, value any, want string) (T, bool) {
	t, ok := value.(T)
	if !ok {
		c.fail(path, "Member must be %s", want)
	}
	return t, ok
}

func (c *checker) structure(path, name string, schema *smithy.Schema, object map[string]any) {
	for _, member := range c.rules[name].required {
		if _, ok := object[member]; !ok {
			c.fail(join(path, member), "Member must not be null")
		}
	}
	c.members(path, name, schema, object)
}

func (c *checker) union(path, name string, schema *smithy.Schema, object map[string]any) {
	if len(object) != 1 {
		c.fail(path, "Member must have exactly one of [%s] set", strings.Join(slices.Sorted(maps.Keys(schema.Members())), ", "))
	}
	c.members(path, name, schema, object)
}

func (c *checker) members(path, name string, schema *smithy.Schema, object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if c.full() {
			return
		}
		member := schema.Member(key)
		if member == nil {
			c.fail(join(path, key), "Member is not known")
			continue
		}
		c.value(join(path, key), name, member, object[key])
	}
}

func (c *checker) length(path string, limits rule, n int) {
	if n < limits.min {
		c.fail(path, "Member must have length greater than or equal to %d", limits.min)
	}
	if limits.max > 0 && n > limits.max {
		c.fail(path, "Member must have length less than or equal to %d", limits.max)
	}
}

func (c *checker) text(path string, limits rule, text string) {
	c.length(path, limits, utf8.RuneCountInString(text))
	if limits.pattern != nil && !limits.pattern.MatchString(text) && (limits.also == nil || !limits.also(text)) {
		c.fail(path, "Member must satisfy regular expression pattern: %s", limits.shown)
	}
}

func (c *checker) integer(path string, limits rule, value any) {
	number, ok := value.(json.Number)
	if !ok {
		c.fail(path, "Member must be an integer")
		return
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		c.fail(path, "Member must be an integer")
		return
	}
	if n < int64(limits.min) {
		c.fail(path, "Member must have value greater than or equal to %d", limits.min)
	}
	if limits.max > 0 && n > int64(limits.max) {
		c.fail(path, "Member must have value less than or equal to %d", limits.max)
	}
}

// shapeName is the shape that a schema or the target of a member is an instance of.
func shapeName(schema *smithy.Schema) string {
	if name := schema.TargetID().Name; name != "" {
		return name
	}
	return schema.ID().Name
}

func join(path, member string) string {
	if path == "" {
		return member
	}
	return path + "." + member
}

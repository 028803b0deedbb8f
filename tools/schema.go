package tools

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// inputSchema is In's schema, with AWS's enumerations.
func inputSchema[In any]() *jsonschema.Schema {
	s := mustSchema[In](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[aws.TargetStatus]():   enum(aws.TargetStatus("").Values()),
		reflect.TypeFor[aws.ListingMode]():    enum(aws.ListingMode("").Values()),
		reflect.TypeFor[gateway.OnFailure]():  enum(gateway.OnFailure("").Values()),
		reflect.TypeFor[aws.AuthorizerType](): enum(aws.AuthorizerType("").Values()),
		reflect.TypeFor[gateway.TargetAuth](): enum(gateway.TargetAuth("").Values()),
	}})
	normalize(s)
	if wait := s.Properties["waitSeconds"]; wait != nil {
		wait.Minimum, wait.Maximum = ptr(0.0), ptr(float64(maxWaitSeconds))
	}
	if since := s.Properties["notSyncedSince"]; since != nil {
		since.Format = "date-time"
	}
	if page := s.Properties["page"]; page != nil {
		page.Minimum, page.Maximum = ptr(1.0), ptr(10_000.0) // of a million tools
	}
	if priority := s.Properties["resourcePriority"]; priority != nil {
		priority.Minimum, priority.Maximum = ptr(0.0), ptr(1000.0) // the service model's
	}
	return s
}

// schemas know what the schemas of one server's answers have said so far, and in
// which tool: tools/list goes to every client, so nothing in it is said twice. MCP
// has no reference from one tool's schema to another's, and some clients refuse
// $ref: a part that was described before is referred to in words.
type schemas struct {
	said map[string]string
	made map[reflect.Type]*jsonschema.Schema // of answers that were described before
}

func newSchemas() *schemas {
	return &schemas{said: map[string]string{}, made: map[reflect.Type]*jsonschema.Schema{}}
}

// outputSchema is the schema of a tool's answers. AWS's words stay plain strings: a
// status that is newer than this program must reach the reader, not fail validation.
func outputSchema[Out any](known *schemas, tool string) *jsonschema.Schema {
	answer := reflect.TypeFor[Out]()
	if s := known.made[answer]; s != nil {
		return s
	}
	s := mustSchema[Out](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[gateway.Outcome]():     enum(gateway.Outcome("").Values()),
		reflect.TypeFor[gateway.Source]():      enum(gateway.Source("").Values()),
		reflect.TypeFor[gateway.DriftState]():  enum(gateway.DriftState("").Values()),
		reflect.TypeFor[gateway.CheckResult](): enum(gateway.CheckResult("").Values()),
	}})
	normalize(s)
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	if len(known.said) == 0 {
		s.Properties[truncated] = &jsonschema.Schema{Type: "string", Description: "in any answer: what was left out, and how to get it"}
		s.Properties[earlier] = &jsonschema.Schema{Type: "array", Description: "in any answer: how changes ended that nobody has heard of", Items: &jsonschema.Schema{Type: "object"}}
	}
	if first := known.said[answer.String()]; first != "" {
		s.Required = nil       // was said
		known.made[answer] = s // from now on it is the same
	}
	known.said[answer.String()] = tool
	known.shorten(s, tool)
	return s
}

// shorten leaves out of an object's schema what was said before. at is its path,
// from the tool's name on.
func (k *schemas) shorten(s *jsonschema.Schema, at string) {
	s.AdditionalProperties = nil // a newer program may say more
	siblings := map[string]string{}
	for _, name := range forPrograms() {
		delete(s.Properties, name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p, where := s.Properties[name], at+"."+name
		part := p
		for part.Items != nil {
			part = part.Items
		}
		switch {
		case len(part.Properties) == 0:
			if k.before(name, p, where) != "" {
				p.Description, p.Enum = "", nil
			}
		default:
			described := *part
			described.Description = ""
			if first := k.before("", &described, where); first != "" {
				part.Properties, part.Required, part.AdditionalProperties = nil, nil, nil
				p.Description, part.Description = "", as(first, at, name, siblings)
			} else {
				k.shorten(part, where)
				part.Required = nil
			}
		}
	}
}

// as refers to a part that first has described, from the member of that name at at.
// siblings are the members there that refer to the same.
func as(first, at, name string, siblings map[string]string) string {
	tool, _, _ := strings.Cut(first, ".")
	sibling := siblings[first]
	siblings[first] = name
	switch {
	case sibling != "":
		return "as " + sibling
	case strings.HasPrefix(first, at+"."):
		return "as " + strings.TrimPrefix(first, at+".")
	case strings.HasSuffix(first, "."+name):
		return "as in " + tool
	}
	return "as " + first
}

// before is where a schema was said under a name before, "" for nowhere.
func (k *schemas) before(name string, s *jsonschema.Schema, where string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	key := name + string(text)
	first := k.said[key]
	if first == "" {
		k.said[key] = where
	}
	return first
}

func enum[T ~string](values []T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// normalize takes out the null that inference allows for pointers and slices:
// this server never sends one, an argument is left out instead, and strict
// clients refuse the union.
func normalize(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Types = slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" }); len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	for _, p := range s.Properties {
		normalize(p)
	}
	normalize(s.Items)
	normalize(s.AdditionalProperties)
}

func ptr[T any](v T) *T { return &v }

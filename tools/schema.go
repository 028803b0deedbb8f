package tools

import (
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// inputSchema is In's schema, with AWS's enumerations.
func inputSchema[In any]() *jsonschema.Schema {
	s := mustSchema[In](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[aws.TargetStatus]():  enum(aws.TargetStatus("").Values()),
		reflect.TypeFor[aws.ListingMode]():   enum(aws.ListingMode("").Values()),
		reflect.TypeFor[gateway.OnFailure](): enum(gateway.OnFailure("").Values()),
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

// schemas are those made so far for one server: several tools answer with the
// same type, and making a schema is most of what a start-up costs.
type schemas map[reflect.Type]*jsonschema.Schema

// outputSchema is Out's schema. AWS's words stay plain strings: a status that
// is newer than this program must reach the reader, not fail validation.
func outputSchema[Out any](known schemas) *jsonschema.Schema {
	if s := known[reflect.TypeFor[Out]()]; s != nil {
		return s
	}
	s := mustSchema[Out](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[gateway.Outcome]():    enum(gateway.Outcome("").Values()),
		reflect.TypeFor[gateway.Source]():     enum(gateway.Source("").Values()),
		reflect.TypeFor[gateway.DriftState](): enum(gateway.DriftState("").Values()),
	}})
	normalize(s)
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	s.Properties[truncated] = &jsonschema.Schema{Type: "string", Description: "what was left out, and how to get it"}
	s.Properties[earlier] = &jsonschema.Schema{Type: "array", Description: "how changes ended whose end nobody has heard yet", Items: &jsonschema.Schema{Type: "object"}}
	known[reflect.TypeFor[Out]()] = s
	return s
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

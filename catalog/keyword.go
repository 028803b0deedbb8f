package catalog

// shape is what a JSON Schema keyword holds.
type shape uint8

const (
	shapeData       shape = iota // anything, compared as it is
	shapeSchema                  // one schema
	shapeSchemaMap               // schemas by name
	shapeSchemas                 // schemas whose order counts
	shapeSchemaSet               // schemas whose order does not count
	shapeSet                     // values whose order does not count
	shapeType                    // one name or a set of them
	shapeItems                   // a schema, or before 2020-12 an array of them
	shapeAnnotation              // text for a reader
)

// shapeOf covers JSON Schema 2020-12 and what draft-07 writes differently.
func shapeOf(keyword string) shape {
	switch keyword {
	case "type":
		return shapeType
	case "description", "title", "$comment":
		return shapeAnnotation
	case "required", "enum":
		return shapeSet
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
		return shapeSchemaMap
	case "items":
		return shapeItems
	case "prefixItems":
		return shapeSchemas
	case "anyOf", "oneOf", "allOf":
		return shapeSchemaSet
	case "additionalProperties", "additionalItems", "unevaluatedProperties", "unevaluatedItems",
		"not", "if", "then", "else", "contains", "propertyNames", "contentSchema":
		return shapeSchema
	}
	return shapeData
}

// forReading says that a keyword tells a reader something and constrains nothing.
// Unknown keywords belong here: JSON Schema has a validator ignore them.
func forReading(keyword string) bool {
	switch keyword {
	case "additionalItems", "unevaluatedProperties", "unevaluatedItems", "not", "if", "then", "else",
		"contains", "minContains", "maxContains", "propertyNames", "contentSchema", "contentEncoding",
		"contentMediaType", "patternProperties", "dependentSchemas", "dependentRequired", "dependencies",
		"prefixItems", "oneOf", "divisibleBy", "disallow", "extends", "$id", "$anchor", "$ref",
		"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary", "$schema":
		return false
	}
	return true
}

// isReference says that a keyword belongs to the family that AgentCore's
// documentation once excluded from input schemas.
func isReference(keyword string) bool {
	switch keyword {
	case "$ref", "$defs", "$anchor", "$dynamicRef", "$dynamicAnchor":
		return true
	}
	return false
}

// subschemas calls visit for every schema that a keyword holds; name is the key
// under shapeSchemaMap, else "".
func subschemas(keyword string, v *value, visit func(name string, schema *value)) {
	switch shapeOf(keyword) {
	case shapeSchema, shapeItems:
		if v.kind != kindArray {
			visit("", v)
			return
		}
		fallthrough
	case shapeSchemas, shapeSchemaSet:
		for _, m := range v.elements() {
			visit("", m.value)
		}
	case shapeSchemaMap:
		for _, m := range v.entries() {
			visit(m.name, m.value)
		}
	}
}

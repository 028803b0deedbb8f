package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"agentcore-gateway-mcp/catalog"
)

var errTooMany = errors.New("more tools than this read accepts")

// page is one answer to a listing.
type page struct {
	entries []json.RawMessage
	next    string
}

// listing is a method that lists, the member of its answer that has the list, and
// that by which an entry is called; "" for tools, which the SDK judges as well.
type listing struct{ method, member, by string }

var (
	toolsListing     = listing{"tools/list", "tools", ""}
	promptsListing   = listing{"prompts/list", "prompts", "name"}
	resourcesListing = listing{"resources/list", "resources", "uri"}
	templatesListing = listing{"resources/templates/list", "resourceTemplates", "uriTemplate"}
)

// parsePage reads the result of a listing and stops at the first entry beyond
// limit, before it would be kept.
func parsePage(l listing, result json.RawMessage, limit int) (page, error) {
	var p page
	found := false
	dec := json.NewDecoder(bytes.NewReader(result))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return p, fmt.Errorf("its answer to %s is not an object", l.method)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return p, err
		}
		switch key {
		case l.member:
			found = true
			if p.entries, err = parseEntries(l, dec, limit); err != nil {
				return p, err
			}
		case "nextCursor":
			var next *string
			if err := dec.Decode(&next); err != nil {
				return p, errors.New("its nextCursor is not a string")
			}
			if next != nil {
				p.next = *next
			}
		default:
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return p, err
			}
		}
	}
	if !found {
		return p, fmt.Errorf("its answer to %s has no %s", l.method, l.member)
	}
	return p, nil
}

func parseEntries(l listing, dec *json.Decoder, limit int) ([]json.RawMessage, error) {
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, fmt.Errorf("the %s in its answer to %s are not an array", l.member, l.method)
	}
	var entries []json.RawMessage
	for dec.More() {
		if len(entries) == limit {
			return nil, errTooMany
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		entries = append(entries, raw)
	}
	_, err := dec.Token()
	return entries, err
}

// entry is one element of a page, before and after the SDK's verdict.
type entry struct {
	tool  catalog.Tool
	ok    bool
	input json.RawMessage
}

func parseEntry(raw json.RawMessage) entry {
	// A map, because struct fields would match keys in any letter case.
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return entry{}
	}
	e := entry{tool: catalog.Tool{Definition: raw}, ok: true, input: members["inputSchema"]}
	if json.Unmarshal(members["name"], &e.tool.Name) != nil || e.tool.Name == "" {
		e.ok = false
	}
	if description, has := members["description"]; has && json.Unmarshal(description, &e.tool.Description) != nil {
		e.ok = false
	}
	var schema map[string]json.RawMessage
	var kind string
	if json.Unmarshal(e.input, &schema) != nil || json.Unmarshal(schema["type"], &kind) != nil || kind != "object" {
		e.ok = false
	}
	return e
}

// parseItem reads a prompt, a resource or a resource template under the member by
// which it is called.
func parseItem(raw json.RawMessage, by string) entry {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return entry{}
	}
	e := entry{tool: catalog.Tool{Definition: raw}}
	_ = json.Unmarshal(members["description"], &e.tool.Description)
	e.ok = json.Unmarshal(members[by], &e.tool.Name) == nil && e.tool.Name != ""
	return e
}

// headerProbe is the result that the SDK gets to see instead of the page: only
// the schemas that may carry x-mcp-header, each under its position as name. So
// the SDK's own rule decides about them, it cannot stumble over the rest, and
// its verdict is not confused by duplicate names.
func headerProbe(entries []entry) (result json.RawMessage, probed []int) {
	type tool struct {
		Name        string          `json:"name"`
		InputSchema json.RawMessage `json:"inputSchema"`
	}
	tools := []tool{}
	for i, e := range entries {
		if e.ok && (bytes.Contains(e.input, []byte("x-mcp-header")) || bytes.Contains(e.input, []byte(`\u`))) {
			tools = append(tools, tool{Name: strconv.Itoa(i), InputSchema: e.input})
			probed = append(probed, i)
		}
	}
	result, err := json.Marshal(map[string]any{"tools": tools})
	if err != nil { // not reached: every part was decoded from JSON
		return json.RawMessage(`{"tools":[]}`), nil
	}
	return result, probed
}

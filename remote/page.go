package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"agentcore-gateway-mcp/catalog"
)

var errTooMany = errors.New("more tools than this read accepts")

// page is one answer to tools/list.
type page struct {
	entries []json.RawMessage
	next    string
}

// parsePage reads a result of tools/list and stops at the first entry beyond
// limit, before it would be kept.
func parsePage(result json.RawMessage, limit int) (page, error) {
	var p page
	found := false
	dec := json.NewDecoder(bytes.NewReader(result))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return p, errors.New("its answer to tools/list is not an object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return p, err
		}
		switch key {
		case "tools":
			found = true
			if p.entries, err = parseEntries(dec, limit); err != nil {
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
		return p, errors.New("its answer to tools/list has no tools")
	}
	return p, nil
}

func parseEntries(dec *json.Decoder, limit int) ([]json.RawMessage, error) {
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, errors.New("the tools in its answer to tools/list are not an array")
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

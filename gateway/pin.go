package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// Pinned is what came of freezing or thawing a target's tools.
type Pinned struct {
	Change
	Hashes map[string]string `json:"hashes,omitempty" jsonschema:"SHA-256 of each pinned tool, to check against"`
	// Definitions are those of the tools that are hashed, for programs.
	Definitions Definitions `json:"definitions,omitempty"`
}

// Pin freezes what the gateway serves for a target now as the target's static
// schema (mcpToolSchema). A pinned target cannot drift and is never
// synchronized. A target that is pinned already stays as it is.
func (m *Manager) Pin(ctx context.Context, gateway, target string, o UpdateOptions, caller Caller) (Pinned, error) {
	start := time.Now()
	g, t, err := m.find(ctx, gateway, target)
	if err != nil {
		return Pinned{}, err
	}
	if r := m.operations.again(caller, t.ID); r != nil {
		return m.joinPin(ctx, g, r, start, o.Wait, caller)
	}
	served, err := m.served(ctx, g)
	if err != nil {
		return Pinned{}, fmt.Errorf("what gateway %s serves, which is what would be pinned, cannot be read: %w", g.Name, err)
	}
	tools := own(t.Name, served).Tools
	if len(tools) == 0 {
		return Pinned{}, fmt.Errorf("gateway %s serves no tools of target %s: there is nothing to pin, synchronize it first", g.Name, t.Name)
	}
	if t.StaticSchema {
		c, same := newChange(g, t), compare(catalog.List{Tools: tools}, catalog.List{Tools: tools})
		c.Outcome, c.Tools = Unchanged, &same
		c.Next = "the target is pinned already; unpin_target_tools and pin again to take in what the server offers now"
		return Pinned{Change: c, Hashes: hashes(tools), Definitions: definitions(tools)}, nil
	}
	if g.Filter != "" {
		if tools, err = m.behindFilter(ctx, g, t, tools); err != nil {
			return Pinned{}, err
		}
	}
	schema, err := toolSchema(tools)
	if err != nil {
		return Pinned{}, err
	}
	change, err := m.run(ctx, g.ID, t.ID, &update{edit: aws.Edit{ToolSchema: &schema}, options: o, asOf: &t}, o.Wait, caller)
	if err != nil {
		return Pinned{}, err
	}
	change.Next = afterPin(change)
	if change.Outcome == Failed || change.Outcome == Reverted { // they are not pinned
		return Pinned{Change: change}, nil
	}
	return Pinned{Change: change, Hashes: hashes(tools), Definitions: definitions(tools)}, nil
}

// afterPin is what to do after a pin: also where it has cost tools.
func afterPin(c Change) string {
	switch {
	case c.Outcome != Updated:
		return c.Next
	case c.Tools != nil && c.Tools.Breaking:
		return c.Next + "; " + nextPinned
	}
	return nextPinned
}

// behindFilter are the tools to pin where the gateway may not show us all that it
// has: what is not pinned would be taken from everybody. They are the server's, if
// what is shown of them is the same.
func (m *Manager) behindFilter(ctx context.Context, g aws.Gateway, t aws.Target, shown []catalog.Tool) ([]catalog.Tool, error) {
	offered, err := m.offered(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("target %s was not pinned: gateway %s may not show us all of its tools (%s), and what the server offers could not be read from here: %w", t.Name, g.Name, g.Filter, err)
	}
	same, _ := among(offered.Tools, shown)
	if d := catalog.Compare(shown, same); len(d.Removed)+len(d.Changed) > 0 {
		return nil, fmt.Errorf("target %s was not pinned: gateway %s may not show us all of its tools (%s), and what it shows is not what the server offers: synchronize it first, then pin", t.Name, g.Name, g.Filter)
	}
	return offered.Tools, nil
}

// joinPin waits for a pin that is under way, and takes its hashes from what the
// gateway then serves.
func (m *Manager) joinPin(ctx context.Context, g aws.Gateway, r *running, start time.Time, wait time.Duration, caller Caller) (Pinned, error) {
	change, err := r.await(ctx, start, wait, caller)
	if err != nil || change.Outcome != Updated {
		return Pinned{Change: change}, err
	}
	change.Next = afterPin(change)
	served, err := m.served(ctx, g)
	if ctx.Err() != nil { // nobody hears it: the next call does
		m.operations.untold(r)
		return Pinned{}, fmt.Errorf("the call was given up, and a later call tells how operation %s ended: %w", r.id, context.Cause(ctx))
	}
	if err != nil {
		change.Next = "the hashes cannot be read now (" + err.Error() + "): check_drift has them"
	}
	pinned := own(change.Target, served).Tools
	return Pinned{Change: change, Hashes: hashes(pinned), Definitions: definitions(pinned)}, nil
}

// Unpin removes a target's static schema, with which AWS synchronizes it: the
// gateway serves what the server offers from then on.
func (m *Manager) Unpin(ctx context.Context, gateway, target string, o UpdateOptions, caller Caller) (Change, error) {
	none := ""
	change, err := m.UpdateTarget(ctx, gateway, target, aws.Edit{ToolSchema: &none}, o, caller)
	if err == nil && change.Outcome == Unchanged {
		change.Next = "the target is not pinned"
	}
	return change, err
}

// missPinned warns of pinned tools that the server does not offer: the gateway
// lists them, and calls of them fail.
func (c *ToolChange) missPinned(pinned, offered []catalog.Tool) {
	missing := catalog.Compare(pinned, offered).Removed
	if len(missing) == 0 {
		return
	}
	c.Breaking = true
	c.Warnings = append(c.Warnings, fmt.Sprintf("the server does not offer %s, which the pin goes on serving: calls of it fail", orNone(missing)))
}

// schemaTools are the tools in an mcpToolSchema of ours.
func schemaTools(schema string) []catalog.Tool {
	var list struct{ Tools []json.RawMessage }
	_ = json.Unmarshal([]byte(schema), &list) // it was made here
	var all []catalog.Tool
	for _, definition := range list.Tools {
		var named struct{ Name, Description string }
		_ = json.Unmarshal(definition, &named)
		all = append(all, catalog.Tool{Name: named.Name, Description: named.Description, Definition: definition})
	}
	return all
}

// toolSchema is a list of tools as mcpToolSchema takes it: the answer of MCP's
// tools/list, names without the target's prefix.
func toolSchema(tools []catalog.Tool) (string, error) {
	const limit = 1 << 20 // AWS's for an inline schema
	list := make([]map[string]json.RawMessage, 0, len(tools))
	for _, t := range tools {
		var definition map[string]json.RawMessage
		if err := json.Unmarshal(t.Definition, &definition); err != nil {
			return "", fmt.Errorf("tool %s: its definition is not a JSON object: %w", t.Name, err)
		}
		name, err := json.Marshal(t.Name)
		if err != nil {
			return "", err
		}
		definition["name"] = name
		list = append(list, definition)
	}
	schema, err := json.Marshal(map[string]any{"tools": list})
	if err != nil {
		return "", err
	}
	if len(schema) > limit {
		return "", fmt.Errorf("the tools take %d KiB as a schema, AWS takes at most %d KiB inline: put it into S3 and set mcpToolSchema there", len(schema)>>10, limit>>10)
	}
	return string(schema), nil
}

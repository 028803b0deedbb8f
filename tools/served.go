package tools

import (
	"context"
	"fmt"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ListToolsArguments are the arguments of list_tools.
type ListToolsArguments struct {
	GatewayArgument
	Target string `json:"target,omitempty" jsonschema:"id or name; default: all"`
	FilterArgument
	Page *int `json:"page,omitempty" jsonschema:"of 100 tools, from 1"`
}

// ToolList is the answer of list_tools.
type ToolList struct {
	Gateway string              `json:"gateway"`
	Count   int                 `json:"count" jsonschema:"of all pages"`
	Targets []gateway.ToolGroup `json:"targets"`
	// Warnings are of texts that may mislead a model.
	Warnings []string `json:"warnings,omitempty" jsonschema:"show these to a person"`
}

// Show prints the tools for a person.
func (out ToolList) Show(p *terminal.Printer) {
	table := p.Table()
	for _, group := range out.Targets {
		for _, t := range group.Tools {
			table.Row(group.Prefix+t.Name, t.Description)
		}
	}
	table.Print()
	warn(p, 0, out.Warnings)
	shown := 0
	for _, group := range out.Targets {
		shown += len(group.Tools)
	}
	if shown < out.Count { // a page, and the other targets are not known
		p.Say(0, "%d of %s, %d on each page", shown, terminal.Count(out.Count, "tool"), toolsPerPage)
		return
	}
	p.Say(0, "%s of %s", terminal.Count(out.Count, "tool"), terminal.Count(len(out.Targets), "target"))
}

func listTools(ctx context.Context, m *gateway.Manager, in ListToolsArguments, _ gateway.Caller) (ToolList, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	if err != nil {
		return ToolList{}, err
	}
	name := ""
	if in.Target != "" {
		t, err := m.Target(ctx, g, in.Target)
		if err != nil {
			return ToolList{}, err
		}
		name = t.Name
	}
	out, err := servedOf(ctx, m, g, name, in.keeps)
	if err != nil || in.Page == nil {
		return out, err
	}
	if last := max((out.Count+toolsPerPage-1)/toolsPerPage, 1); *in.Page > last {
		return ToolList{}, fmt.Errorf("there is no page %d: the %s end with page %d", *in.Page, terminal.Count(out.Count, "tool"), last)
	}
	out.Targets = page(out.Targets, (*in.Page-1)*toolsPerPage, toolsPerPage)
	return out, nil
}

// servedOf is what gateway g serves now, of the target of that name, "" for all, and of
// the tools that keep wants.
func servedOf(ctx context.Context, m *gateway.Manager, g aws.Gateway, target string, keep func(tool string) bool) (ToolList, error) {
	groups, warnings, err := m.Tools(ctx, g, target, keep)
	out := ToolList{Gateway: g.Name, Targets: groups, Warnings: warnings}
	for _, group := range groups {
		out.Count += len(group.Tools)
	}
	return out, err
}

const toolsPerPage = 100

// page keeps size tools of all the groups' tools, after the first skip.
func page(groups []gateway.ToolGroup, skip, size int) []gateway.ToolGroup {
	kept := []gateway.ToolGroup{}
	for _, group := range groups {
		from := min(max(skip, 0), len(group.Tools))
		skip -= from
		group.Tools = group.Tools[from:min(from+size, len(group.Tools))]
		if size -= len(group.Tools); len(group.Tools) > 0 {
			kept = append(kept, group)
		}
	}
	return kept
}

package tools

import (
	"fmt"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ChangeReport is the answer of every tool that changes one target.
type ChangeReport struct{ gateway.Change }

// Show prints the change for a person.
func (c ChangeReport) Show(p *terminal.Printer) {
	after := fmt.Sprintf(" after %.1f s", c.Seconds)
	if c.Outcome == gateway.Planned || c.Outcome == gateway.Unchanged {
		after = "" // nothing was waited for
	}
	p.Linef("%s  %s, %s%s (%s, %s)", c.Target, c.Outcome, c.Status, after, terminal.Dash(c.Region), terminal.Dash(c.Account))
	showReasons(p, c.StatusReasons, c.AuthorizationURL)
	label := "after"
	if c.Outcome == gateway.Reverted {
		label = "tried"
	}
	for _, s := range c.Configuration {
		p.Linef("  %s\n    before  %s\n    %-6s  %s", s.Path, terminal.Dash(s.Before), label, terminal.Dash(s.After))
	}
	if t := c.Tried; t != nil && len(t.Added)+len(t.Removed)+len(t.Changed) > 0 {
		p.Linef("  with what was tried:")
		showToolChange(p, *t)
		p.Linef("  after going back:")
	}
	if c.Tools != nil {
		showToolChange(p, *c.Tools)
	}
	if c.Operation != nil {
		p.Linef("  waiting for %s (operation %s)", c.Operation.Awaiting, c.Operation.ID)
	}
	for _, unchecked := range c.Unchecked {
		p.Linef("  not checked: %s", unchecked)
	}
	if c.Plan != "" {
		p.Linef("  plan %s: the same call with it, and without dryRun, sends nothing if this is not true any more", c.Plan)
	}
	if c.After != "" {
		p.Linef("  now: %s", c.After)
	}
	if c.Next != "" {
		p.Linef("  next: %s", c.Next)
	}
}

func showReasons(p *terminal.Printer, reasons []string, authorizationURL string) {
	for _, reason := range reasons {
		p.Linef("  %q", reason)
	}
	if authorizationURL != "" {
		p.Linef("  consent at %s", authorizationURL)
	}
}

// showToolChange prints what is different, the worst first, and the counts.
func showToolChange(p *terminal.Printer, c gateway.ToolChange) {
	table := p.Table()
	for _, t := range c.Removed {
		table.Row("  - "+t.Name, t.Description)
	}
	for _, t := range c.Changed {
		sign := "~"
		if t.Breaking {
			sign = "!"
		}
		table.Row("  "+sign+" "+t.Name, strings.Join(t.Details, "; "))
	}
	for _, t := range c.Added {
		table.Row("  + "+t.Name, t.Description)
	}
	itemRows(table, "prompt", c.Prompts)
	itemRows(table, "resource", c.Resources)
	table.Print()
	switch c.Source {
	case gateway.FromGateway:
		offers := ""
		switch {
		case c.Upstream == c.After && c.Upstream > 0:
			offers = fmt.Sprintf("; the server offers the same %d", c.Upstream)
		case c.Upstream > 0:
			offers = fmt.Sprintf("; the server offers %d", c.Upstream)
		}
		p.Linef("  %d tools before, %d now%s", c.Before, c.After, offers)
	case gateway.FromPlan:
		if c.Reason != "" {
			p.Linef("  %s", c.Reason)
			break
		}
		p.Linef("  the gateway serves %d tools, the server offers %d", c.Before, c.After)
	case gateway.FromUpstream:
		p.Linef("  the server offers %s; not compared with the gateway: %s", toolNames(c.Offered), c.Reason)
	default:
		p.Linef("  tools not compared: %s", c.Reason)
	}
	if len(c.NotShown) > 0 {
		p.Linef("  not shown to us (%s): %s", c.Filter, strings.Join(c.NotShown, ", "))
	}
	if c.Unlisted != "" {
		p.Linef("  prompts and resources not compared: %s", c.Unlisted)
	}
	for _, warning := range c.Warnings {
		p.Linef("  warning: %s", warning)
	}
}

// itemRows are the differences of prompts or of resources.
func itemRows(table *terminal.Table, kind string, c *gateway.ItemChange) {
	if c == nil {
		return
	}
	for _, i := range c.Removed {
		table.Row("  - "+kind+" "+i.Name, i.Description)
	}
	for _, i := range c.Changed {
		table.Row("  ~ "+kind+" "+i.Name, strings.Join(i.Details, "; "))
	}
	for _, i := range c.Added {
		table.Row("  + "+kind+" "+i.Name, i.Description)
	}
}

func toolNames(tools []gateway.ToolView) string {
	var all []string
	for _, t := range tools {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}

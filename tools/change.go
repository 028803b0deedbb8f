package tools

import (
	"fmt"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ChangeReport is the answer of every tool that changes one target.
type ChangeReport struct{ gateway.Change }

// Show prints the change for a person. A plan is read from top to bottom: what is added,
// removed and changed, then how many.
func (c ChangeReport) Show(p *terminal.Printer) {
	ended(p, c.Target, c.Outcome, string(c.Status), c.Seconds, placed(c.Region, c.Account))
	showReasons(p, c.StatusReasons, c.AuthorizationURL)
	if c.Outcome == gateway.Reverted && len(c.Configuration) > 0 {
		p.Say(2, "tried, and put back:")
	}
	showSettings(p, withoutSchemas(c.Configuration, c.unpinned(), ""))
	if t := c.Tried; t != nil && len(t.Added)+len(t.Removed)+len(t.Changed) > 0 {
		p.Say(2, "with what was tried:")
		showToolChange(p, *t)
		p.Say(2, "after going back:")
	}
	if c.Tools != nil {
		showToolChange(p, *c.Tools)
	}
	if c.Operation != nil {
		p.Say(2, "waiting for %s (operation %s)", c.Operation.Awaiting, c.Operation.ID)
	}
	for _, unchecked := range c.Unchecked {
		p.Say(2, "not checked: %s", unchecked)
	}
	if c.Plan != "" {
		p.Say(2, "plan %s: the same command with --plan and this, and without --dryRun, sends nothing if it is not true any more", c.Plan)
	}
	if c.After != "" {
		p.Say(2, "now: %s", c.After)
	}
	next(p, 2, c.Next)
}

// unpinned are the tools that were pinned before the change, "" where that is not known.
func (c ChangeReport) unpinned() string {
	if c.Tools == nil || c.Tools.Filter != "" || c.Tools.Before == 0 {
		return ""
	}
	return terminal.Count(c.Tools.Before, "tool")
}

func (c *ChangeReport) detail() { c.Tools, c.Tried = c.Tools.Detailed(), c.Tried.Detailed() }

// ended prints how a change of something ended. What is deleted has no status any more.
func ended(p *terminal.Printer, name string, outcome gateway.Outcome, status string, seconds float64, place string) {
	colour := terminal.Green
	switch outcome {
	case gateway.Failed, gateway.Reverted:
		colour = terminal.Red
	case gateway.InProgress, gateway.NeedsAuthorization:
		colour = terminal.Yellow
	case gateway.Planned, gateway.Unchanged, gateway.Skipped:
		colour = terminal.Bold
	}
	state := p.Paint(colour, string(outcome))
	if outcome != gateway.Deleted && status != "" {
		state += ", " + status
	}
	if outcome != gateway.Planned && outcome != gateway.Unchanged { // nothing was waited for
		state += fmt.Sprintf(" after %.1f s", seconds)
	}
	p.Say(0, "%s  %s%s", name, state, place)
}

// showSettings prints what is changed of a configuration, a setting a line where it fits.
func showSettings(p *terminal.Printer, settings []gateway.Setting) {
	for _, s := range settings {
		line, was, is := p.Paint(terminal.Yellow, "~ ")+s.Path, s.Before, s.After
		switch {
		case was == "":
			line, was = p.Paint(terminal.Green, "+ ")+s.Path, "not set"
		case is == "":
			line, is = p.Paint(terminal.Red, "- ")+s.Path, "not set"
		}
		if whole := fmt.Sprintf("%s: %s → %s", line, was, is); p.Fits(2, whole) {
			p.Say(2, "%s", whole)
			continue
		}
		p.Say(2, "%s", line)
		p.Say(6, "%s", was)
		p.Say(4, "→ %s", is)
	}
}

func showReasons(p *terminal.Printer, reasons []string, authorizationURL string) {
	for _, reason := range reasons {
		p.Say(2, "%q", reason)
	}
	if authorizationURL != "" {
		p.Say(2, "consent at %s", authorizationURL)
	}
}

// showToolChange prints what is different, the worst first, and the counts.
func showToolChange(p *terminal.Printer, c gateway.ToolChange) {
	showViews(p, "-", terminal.Red, "", c.Removed)
	showChanged(p, "", c.Changed)
	showViews(p, "+", terminal.Green, "", c.Added)
	for _, kind := range []struct {
		name string
		*gateway.ItemChange
	}{{"prompt ", c.Prompts}, {"resource ", c.Resources}} {
		if kind.ItemChange != nil {
			showViews(p, "-", terminal.Red, kind.name, kind.Removed)
			showChanged(p, kind.name, kind.Changed)
			showViews(p, "+", terminal.Green, kind.name, kind.Added)
		}
	}
	if len(c.NotShown) > 0 {
		p.Say(2, "not shown to us (%s): %s", c.Filter, strings.Join(c.NotShown, ", "))
	}
	if c.Unlisted != "" {
		p.Say(2, "prompts and resources not compared: %s", c.Unlisted)
	}
	warn(p, 2, c.Warnings)
	showCounts(p, c)
}

// showCounts says how many tools there were and are, as far as that is known.
func showCounts(p *terminal.Printer, c gateway.ToolChange) {
	switch c.Source {
	case gateway.FromGateway:
		offers := ""
		switch {
		case c.Upstream == c.After && c.Upstream > 0:
			offers = fmt.Sprintf("; the server offers the same %d", c.Upstream)
		case c.Upstream > 0:
			offers = fmt.Sprintf("; the server offers %d", c.Upstream)
		}
		p.Say(2, "%d tools before, %d now%s", c.Before, c.After, offers)
	case gateway.FromPlan:
		if c.Reason != "" {
			p.Say(2, "%s", c.Reason)
			break
		}
		p.Say(2, "%sthe gateway serves %s, the server offers %d", counts(p, c), terminal.Count(c.Before, "tool"), c.After)
	case gateway.FromUpstream:
		p.Say(2, "the server offers %s; not compared with the gateway: %s", toolNames(c.Offered), c.Reason)
	default:
		p.Say(2, "tools not compared: %s", c.Reason)
	}
}

// counts are those of a plan, without what there is none of.
func counts(p *terminal.Printer, c gateway.ToolChange) string {
	breaking := 0
	for _, t := range c.Changed {
		if t.Breaking {
			breaking++
		}
	}
	var all []string
	for _, of := range []struct {
		n    int
		what string
	}{{len(c.Added), "to add"}, {len(c.Changed), "to change"}, {len(c.Removed), "to remove"}} {
		if of.n > 0 {
			all = append(all, fmt.Sprintf("%d %s", of.n, of.what))
		}
	}
	if breaking += len(c.Removed); breaking > 0 {
		all = append(all, p.Paint(terminal.Red, fmt.Sprintf("%d breaking", breaking)))
	}
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, ", ") + ": "
}

// showViews prints tools, prompts or resources that are there on one side only.
func showViews(p *terminal.Printer, sign string, colour terminal.Colour, kind string, views []gateway.ToolView) {
	table := p.Table()
	for _, v := range views {
		table.Row("  "+p.Paint(colour, sign+" "+kind+v.Name), v.Description)
	}
	table.Print()
}

// showChanged prints tools, prompts or resources that are others than before, with the
// reasons under each, and what of their schemas is different.
func showChanged(p *terminal.Printer, kind string, changed []gateway.ChangedTool) {
	for _, t := range changed {
		if t.Breaking {
			p.Say(2, "%s", p.Paint(terminal.Red, "! "+kind+t.Name+"  breaking"))
		} else {
			p.Say(2, "%s", p.Paint(terminal.Yellow, "~ "+kind+t.Name))
		}
		for _, detail := range t.Details {
			p.Say(6, "%s", detail)
		}
		for _, s := range t.Differences {
			if s.Before == "" && s.After == "" { // how many more
				p.Say(6, "%s", s.Path)
			}
			if s.Before != "" {
				p.Say(6, "%s", p.Paint(terminal.Red, "- "+s.Path+": "+s.Before))
			}
			if s.After != "" {
				p.Say(6, "%s", p.Paint(terminal.Green, "+ "+s.Path+": "+s.After))
			}
		}
	}
}

func toolNames(tools []gateway.ToolView) string {
	var all []string
	for _, t := range tools {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}

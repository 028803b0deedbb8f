package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// render prints a tool's structured answer for a person.
func render(w io.Writer, tool string, result *mcp.CallToolResult) error {
	switch tool {
	case "list_gateways":
		return rendering(w, result, renderGateways)
	case "get_gateway":
		return rendering(w, result, func(w io.Writer, g gateway.GatewayView) {
			renderGateways(w, tools.OutGateways{Gateways: []gateway.GatewayView{g}})
		})
	case "list_targets":
		return rendering(w, result, renderTargets)
	case "list_tools":
		return rendering(w, result, renderTools)
	case "check_drift":
		return rendering(w, result, renderDrift)
	case "synchronize_targets":
		return rendering(w, result, renderFleet)
	case "synchronize_target", "update_target_endpoint", "update_target", "unpin_target_tools":
		return rendering(w, result, renderChange)
	case "pin_target_tools":
		return rendering(w, result, func(w io.Writer, p gateway.Pinned) { renderChange(w, p.Change) })
	}
	return rendering(w, result, func(w io.Writer, v any) {
		pretty, _ := json.MarshalIndent(v, "", "  ") // it was JSON a moment ago
		fmt.Fprintf(w, "%s\n", pretty)
	})
}

func rendering[T any](w io.Writer, result *mcp.CallToolResult, show func(io.Writer, T)) error {
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return err
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	show(w, v)
	return nil
}

func renderGateways(w io.Writer, out tools.OutGateways) {
	table := newTable(w)
	table.row("NAME", "ID", "STATUS", "AUTHORIZER", "URL")
	for _, g := range out.Gateways {
		table.row(g.Name, g.ID, string(g.Status), string(g.Authorizer), dash(g.URL))
	}
	table.print()
	if out.Next != "" {
		fmt.Fprintln(w, out.Next)
	}
}

func renderTargets(w io.Writer, out tools.OutTargets) {
	table := newTable(w)
	table.row("NAME", "ID", "STATUS", "TYPE", "SYNCHRONIZED", "AUTH", "ENDPOINT")
	for _, t := range out.Targets {
		if t.Pinned {
			t.Name += " (pinned)"
		}
		table.row(t.Name, t.ID, string(t.Status), dash(string(t.Type)), ago(t.LastSynchronizedAt), dash(string(t.Auth)), dash(t.Endpoint))
	}
	table.print()
	for _, t := range out.Targets {
		for _, reason := range t.StatusReasons {
			fmt.Fprintf(w, "%s: %q\n", t.Name, reason)
		}
		if t.AuthorizationURL != "" {
			fmt.Fprintf(w, "%s: consent at %s\n", t.Name, t.AuthorizationURL)
		}
	}
	if out.Next != "" {
		fmt.Fprintln(w, out.Next)
	}
}

func renderTools(w io.Writer, out tools.OutTools) {
	table := newTable(w)
	for _, group := range out.Targets {
		for _, t := range group.Tools {
			table.row(group.Prefix+t.Name, t.Description)
		}
	}
	table.print()
	fmt.Fprintf(w, "%s of %s\n", plural(out.Count, "tool"), plural(len(out.Targets), "target"))
}

func renderChange(w io.Writer, c gateway.Change) {
	after := fmt.Sprintf(" after %.1f s", c.Seconds)
	if c.Outcome == gateway.Planned || c.Outcome == gateway.Unchanged {
		after = "" // nothing was waited for
	}
	fmt.Fprintf(w, "%s  %s, %s%s (%s, %s)\n", c.Target, c.Outcome, c.Status, after, dash(c.Region), dash(c.Account))
	renderReasons(w, c.StatusReasons, c.AuthorizationURL)
	label := "after"
	if c.Outcome == gateway.Reverted {
		label = "tried"
	}
	for _, s := range c.Configuration {
		fmt.Fprintf(w, "  %s\n    before  %s\n    %-6s  %s\n", s.Path, dash(s.Before), label, dash(s.After))
	}
	if c.Outcome == gateway.Reverted {
		fmt.Fprintln(w, "  with what was tried:")
	}
	renderToolChange(w, c.Tools)
	for _, unchecked := range c.Unchecked {
		fmt.Fprintf(w, "  not checked: %s\n", unchecked)
	}
	if c.After != "" {
		fmt.Fprintf(w, "  now: %s\n", c.After)
	}
	if c.Next != "" {
		fmt.Fprintf(w, "  next: %s\n", c.Next)
	}
}

func renderReasons(w io.Writer, reasons []string, authorizationURL string) {
	for _, reason := range reasons {
		fmt.Fprintf(w, "  %q\n", reason)
	}
	if authorizationURL != "" {
		fmt.Fprintf(w, "  consent at %s\n", authorizationURL)
	}
}

// renderToolChange prints what is different, the worst first, and the counts.
func renderToolChange(w io.Writer, c gateway.ToolChange) {
	table := newTable(w)
	for _, t := range c.Removed {
		table.row("  - "+t.Name, t.Description)
	}
	for _, t := range c.Changed {
		sign := "~"
		if t.Breaking {
			sign = "!"
		}
		table.row("  "+sign+" "+t.Name, strings.Join(t.Details, "; "))
	}
	for _, t := range c.Added {
		table.row("  + "+t.Name, t.Description)
	}
	table.print()
	switch c.Source {
	case gateway.FromGateway:
		fmt.Fprintf(w, "  %d tools before, %d now", c.Before, c.After)
		switch {
		case c.Upstream == c.After && c.Upstream > 0:
			fmt.Fprintf(w, "; the server offers the same %d", c.Upstream)
		case c.Upstream > 0:
			fmt.Fprintf(w, "; the server offers %d", c.Upstream)
		}
		fmt.Fprintln(w)
	case gateway.FromPlan:
		if c.Reason != "" {
			fmt.Fprintf(w, "  %s\n", c.Reason)
			break
		}
		fmt.Fprintf(w, "  the gateway serves %d tools, the server offers %d\n", c.Before, c.After)
	case gateway.FromUpstream:
		fmt.Fprintf(w, "  the server offers %s; not compared with the gateway: %s\n", names(c.Offered), c.Reason)
	default:
		fmt.Fprintf(w, "  tools not compared: %s\n", c.Reason)
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}
}

func renderDrift(w io.Writer, out tools.OutDrift) {
	for _, d := range out.Targets {
		pinned := ""
		if d.Pinned {
			pinned = ", pinned"
		}
		fmt.Fprintf(w, "%s  %s%s (synchronized %s)\n", d.Target, d.State, pinned, ago(d.LastSynchronizedAt))
		if d.Reason != "" {
			fmt.Fprintf(w, "  %s\n", d.Reason)
		}
		if d.State == gateway.Drifted {
			renderToolChange(w, *d.Tools)
		}
	}
	fmt.Fprintf(w, "%d in sync, %d drifted, %d unknown\n", out.InSync, out.Drifted, out.Unknown)
	if out.Next != "" {
		fmt.Fprintf(w, "next: %s\n", out.Next)
	}
}

func renderFleet(w io.Writer, f gateway.Fleet) {
	fmt.Fprintf(w, "%s: %d of %d synchronized, %d with other tools; %d failed, %d pending authorization, %d not done, %d skipped, in %.1f s\n",
		f.Outcome, f.Synchronized, f.Total, f.Changed, f.Failed, f.NeedsAuthorization, f.InProgress, f.Skipped, f.Seconds)
	for _, t := range f.Targets {
		fmt.Fprintf(w, "%s/%s  %s, %s\n", t.Gateway, t.Target, t.Outcome, t.Status)
		renderReasons(w, t.StatusReasons, t.AuthorizationURL)
		if t.Tools != nil {
			renderToolChange(w, *t.Tools)
		}
	}
	for _, s := range f.SkippedFor {
		fmt.Fprintf(w, "skipped %d, %s: %s\n", s.Count, s.Reason, strings.Join(s.Targets, ", "))
	}
	for _, reason := range f.Unread {
		fmt.Fprintf(w, "tools not compared: %s\n", reason)
	}
	if f.Next != "" {
		fmt.Fprintf(w, "next: %s\n", f.Next)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func dash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}

func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if d := time.Since(t); d < 48*time.Hour {
		return d.Round(time.Second).String() + " ago"
	}
	return t.Format(time.DateOnly)
}

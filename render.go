package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
	case "synchronize_target", "update_target_endpoint":
		return rendering(w, result, renderChange)
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
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tSTATUS\tAUTHORIZER\tURL")
	for _, g := range out.Gateways {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", g.Name, g.ID, g.Status, g.Authorizer, dash(g.URL))
	}
	table.Flush()
}

func renderTargets(w io.Writer, out tools.OutTargets) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tSTATUS\tTYPE\tSYNCHRONIZED\tAUTH\tENDPOINT")
	for _, t := range out.Targets {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.ID, t.Status, dash(string(t.Type)), ago(t.LastSynchronizedAt), dash(string(t.Auth)), dash(t.Endpoint))
	}
	table.Flush()
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
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, group := range out.Targets {
		for _, t := range group.Tools {
			fmt.Fprintf(table, "%s%s\t%s\n", group.Prefix, t.Name, t.Description)
		}
	}
	table.Flush()
	fmt.Fprintf(w, "%d tools of %d targets\n", out.Count, len(out.Targets))
}

func renderChange(w io.Writer, c gateway.Change) {
	fmt.Fprintf(w, "%s  %s, %s after %.1f s (%s, %s)\n", c.Target, c.Outcome, c.Status, c.Seconds, dash(c.Region), dash(c.Account))
	for _, reason := range c.StatusReasons {
		fmt.Fprintf(w, "  %q\n", reason)
	}
	if c.AuthorizationURL != "" {
		fmt.Fprintf(w, "  consent at %s\n", c.AuthorizationURL)
	}
	if c.PreviousEndpoint != "" {
		fmt.Fprintf(w, "  endpoint  %s\n  before    %s\n", c.Endpoint, c.PreviousEndpoint)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		sign  string
		tools []gateway.ToolView
	}{{"+", c.Tools.Added}, {"-", c.Tools.Removed}, {"~", c.Tools.Changed}} {
		for _, t := range part.tools {
			fmt.Fprintf(table, "  %s %s\t%s\n", part.sign, t.Name, t.Description)
		}
	}
	table.Flush()
	switch c.Tools.Source {
	case gateway.FromGateway:
		fmt.Fprintf(w, "  %d tools before, %d now\n", c.Tools.Before, c.Tools.After)
	case gateway.FromUpstream:
		fmt.Fprintf(w, "  the server offers %s; not compared with the gateway: %s\n", names(c.Tools.Offered), c.Tools.Reason)
	default:
		fmt.Fprintf(w, "  tools not compared: %s\n", c.Tools.Reason)
	}
	if c.Next != "" {
		fmt.Fprintf(w, "  next: %s\n", c.Next)
	}
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

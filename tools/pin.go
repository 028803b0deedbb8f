package tools

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// PinArguments are the arguments of pin_target_tools and unpin_target_tools.
type PinArguments struct {
	TargetArgument
	UpdateArguments
}

// PinReport is the answer of pin_target_tools.
type PinReport struct{ gateway.Pinned }

// Show prints the change for a person; the hashes are for programs.
func (r PinReport) Show(p *terminal.Printer) {
	if rest, ok := strings.CutPrefix(r.Next, "keep hashes: "); ok {
		r.Next = rest + "; the same command with --json shows the tools' hashes"
	}
	r.Configuration = withoutSchemas(r.Configuration, "", pinnedTools(len(r.Hashes)))
	ChangeReport{r.Change}.Show(p)
}

// pinnedTools is what stands for a pinned schema of so many tools, 0 where that is not
// known.
func pinnedTools(n int) string {
	if n == 0 {
		return "its tools"
	}
	return terminal.Count(n, "tool")
}

// withoutSchemas are the settings with was and is for the schemas of tools that are pinned
// inline, which nobody can read in one line.
func withoutSchemas(settings []gateway.Setting, was, is string) []gateway.Setting {
	settings = slices.Clone(settings)
	for i, s := range settings {
		path := strings.TrimSuffix(s.Path, ".inlinePayload")
		if path != "targetConfiguration.mcp.mcpServer.mcpToolSchema" {
			continue
		}
		stands := func(value, text string) string {
			if path != s.Path && value != "" || strings.HasPrefix(value, `{"inlinePayload":`) {
				return cmp.Or(text, pinnedTools(0))
			}
			return value
		}
		settings[i] = gateway.Setting{Path: path, Before: stands(s.Before, was), After: stands(s.After, is)}
	}
	return settings
}

func (r *PinReport) detail() { r.Tools, r.Tried = r.Tools.Detailed(), r.Tried.Detailed() }

func pinTargetTools(ctx context.Context, m *gateway.Manager, in PinArguments, caller gateway.Caller) (PinReport, error) {
	pinned, err := m.Pin(ctx, in.Gateway, in.Target, in.options(), caller)
	if !caller.Program {
		pinned.Definitions = nil
	}
	return PinReport{pinned}, err
}

func unpinTargetTools(ctx context.Context, m *gateway.Manager, in PinArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.Unpin(ctx, in.Gateway, in.Target, in.options(), caller)
	return ChangeReport{change}, err
}

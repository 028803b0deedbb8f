package tools

import (
	"context"

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
func (r PinReport) Show(p *terminal.Printer) { ChangeReport{r.Change}.Show(p) }

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

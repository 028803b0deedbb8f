package tools

import (
	"context"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// CheckDriftArguments are the arguments of check_drift.
type CheckDriftArguments struct {
	GatewayArgument
	Target string `json:"target,omitempty" jsonschema:"id or name; default: all"`
	Filter string `json:"filter,omitempty" jsonschema:"text in a tool's name"`
}

// DriftReport is the answer of check_drift.
type DriftReport struct {
	Gateway string          `json:"gateway"`
	InSync  int             `json:"inSync"`
	Drifted int             `json:"drifted"`
	Unknown int             `json:"unknown"`
	Targets []gateway.Drift `json:"targets"`
	Next    string          `json:"next,omitempty"`
}

// Show prints the drift of each target for a person.
func (out DriftReport) Show(p *terminal.Printer) {
	for _, d := range out.Targets {
		pinned := ""
		if d.Pinned {
			pinned = ", pinned"
		}
		p.Linef("%s  %s%s (synchronized %s)", d.Target, d.State, pinned, terminal.Ago(d.LastSynchronizedAt))
		if d.Reason != "" {
			p.Linef("  %s", d.Reason)
		}
		if d.State == gateway.Drifted {
			showToolChange(p, *d.Tools)
		}
	}
	p.Linef("%d in sync, %d drifted, %d unknown", out.InSync, out.Drifted, out.Unknown)
	if out.Next != "" {
		p.Linef("next: %s", out.Next)
	}
}

func checkDrift(ctx context.Context, m *gateway.Manager, in CheckDriftArguments, caller gateway.Caller) (DriftReport, error) {
	g, drifts, err := m.CheckDrift(ctx, in.Gateway, in.Target, caller.Progress)
	if err != nil {
		return DriftReport{}, err
	}
	out := DriftReport{Gateway: g.Name, Targets: drifts}
	for i := range drifts {
		drifts[i].Keep(FilterArgument{in.Filter}.keeps)
		if !caller.Program {
			drifts[i].Definitions = nil
		}
	}
	for _, d := range drifts {
		switch d.State {
		case gateway.InSync:
			out.InSync++
		case gateway.Drifted:
			out.Drifted++
		default:
			out.Unknown++
		}
	}
	if out.Drifted > 0 {
		out.Next = "synchronize_target, or synchronize_targets with onlyDrifted, makes the gateway read the servers' tools again; a pinned target needs unpin_target_tools"
	}
	return out, nil
}

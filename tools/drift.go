package tools

import (
	"context"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// CheckDriftArguments are the arguments of check_drift.
type CheckDriftArguments struct {
	GatewaysArgument
	Target string `json:"target,omitempty" jsonschema:"as in diagnose_target; default: all"`
	Status string `json:"status,omitempty" jsonschema:"only these"`
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
		name := d.Target
		if d.Gateway != "" {
			name = d.Gateway + "/" + name
		}
		p.Say(0, "%s  %s%s (synchronized %s)", name, drifting(p, d), pinned, terminal.Ago(d.LastSynchronizedAt))
		if d.Reason != "" {
			p.Say(2, "%s", d.Reason)
		}
		if d.State == gateway.Drifted && d.Tools != nil {
			showToolChange(p, *d.Tools)
		}
	}
	p.Say(0, "%d in sync, %d drifted, %d unknown", out.InSync, out.Drifted, out.Unknown)
	next(p, 0, out.Next)
}

func (out *DriftReport) detail() {
	for i := range out.Targets {
		out.Targets[i].Tools = out.Targets[i].Tools.Detailed()
	}
}

// drifting is the state of a target in the colour of what it means.
func drifting(p *terminal.Printer, d gateway.Drift) string {
	switch {
	case d.State == gateway.InSync:
		return p.Paint(terminal.Green, string(d.State))
	case d.State == gateway.Drifted && d.Tools != nil && d.Tools.Breaking:
		return p.Paint(terminal.Red, string(d.State))
	}
	return p.Paint(terminal.Yellow, string(d.State))
}

func checkDrift(ctx context.Context, m *gateway.Manager, in CheckDriftArguments, caller gateway.Caller) (DriftReport, error) {
	status, err := statusOf(in.Status)
	if err != nil {
		return DriftReport{}, err
	}
	gateways, err := m.GatewaysOf(ctx, in.refs())
	if err != nil {
		return DriftReport{}, err
	}
	matches, err := m.Match(ctx, gateways, in.Target, status)
	if err != nil {
		return DriftReport{}, err
	}
	out := DriftReport{Targets: []gateway.Drift{}}
	one := 0
	for _, of := range matches {
		one += len(of.Targets)
	}
	for _, of := range matches {
		if len(of.Targets) == 0 && len(matches) > 1 {
			continue
		}
		out.Gateway = strings.TrimPrefix(out.Gateway+", "+of.Gateway.Name, ", ")
		for _, d := range m.CheckDrift(ctx, of, in.Target != "" && one == 1, caller.Progress) {
			if len(gateways) > 1 {
				d.Gateway = of.Gateway.Name
			}
			out.add(d, in, caller.Program, len(gateways) > 1)
		}
	}
	if out.Drifted > 0 {
		out.Next = "synchronize_target, or synchronize_targets with onlyDrifted, makes the gateway read the servers' tools again; a pinned target needs unpin_target_tools"
	}
	return out, nil
}

// add counts a target, and shows it: of several gateways only what is not in sync.
func (out *DriftReport) add(d gateway.Drift, in CheckDriftArguments, program, several bool) {
	d.Keep(FilterArgument{in.Filter}.keeps)
	if !program {
		d.Definitions = nil
	}
	switch d.State {
	case gateway.InSync:
		if out.InSync++; several {
			return
		}
	case gateway.Drifted:
		out.Drifted++
	default:
		out.Unknown++
	}
	out.Targets = append(out.Targets, d)
}

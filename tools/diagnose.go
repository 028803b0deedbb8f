package tools

import (
	"context"
	"fmt"
	"slices"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/untrusted"
)

// DiagnoseArguments are the arguments of diagnose_target.
type DiagnoseArguments struct {
	GatewaysArgument
	Target    string         `json:"target,omitempty" jsonschema:"id, name, or text in the endpoint or runtime ARN; default: those not READY"`
	Status    string         `json:"status,omitempty" jsonschema:"only these"`
	Tool      string         `json:"tool,omitempty" jsonschema:"also calls it; readOnlyHint needed"`
	Arguments map[string]any `json:"arguments,omitempty" jsonschema:"of that tool"`
}

// acts reports whether a call does more than look, so that it leaves a line in the audit
// log: a tool that says it reads is called with the gateway's credential.
func (in DiagnoseArguments) acts() bool { return in.Tool != "" }

// DiagnosisReport is the answer of diagnose_target.
type DiagnosisReport struct{ gateway.Diagnoses }

// Show prints each verdict for a person, and what the checks have seen.
func (out DiagnosisReport) Show(p *terminal.Printer) {
	several := len(out.Targets) != 1
	if several {
		p.Say(0, "%s", p.Paint(terminal.Bold, out.Verdict))
	}
	for _, d := range out.Targets {
		name := d.Target
		if several {
			name = d.Gateway + "/" + name
			p.Linef("")
		}
		p.Say(0, "%s  %s", name, painted(p, d.Status))
		p.Say(2, "%s", p.Paint(terminal.Bold, d.Verdict))
		next(p, 2, d.Remedy)
		if d.AuthorizationURL != "" {
			p.Say(2, "consent at %s", d.AuthorizationURL)
		}
		table := p.Table(terminal.Column{Fit: terminal.Whole}, terminal.Column{Fit: terminal.Whole}, terminal.Column{Fit: terminal.Prose})
		for _, c := range d.Checks {
			table.Row("    "+c.Name, checked(p, c.Result), c.Seen)
		}
		table.Print()
		warn(p, 2, d.Warnings)
	}
	if several && out.Next != "" {
		p.Linef("")
	}
	next(p, 0, out.Next)
}

// checked is how a check ended, in the colour of what it means.
func checked(p *terminal.Printer, result gateway.CheckResult) string {
	switch result {
	case gateway.CheckOK:
		return p.Paint(terminal.Green, string(result))
	case gateway.CheckFailed:
		return p.Paint(terminal.Red, string(result))
	case gateway.CheckDiffers:
		return p.Paint(terminal.Yellow, string(result))
	}
	return p.Paint(terminal.Faint, string(result))
}

func diagnoseTarget(ctx context.Context, m *gateway.Manager, in DiagnoseArguments, caller gateway.Caller) (DiagnosisReport, error) {
	status, err := statusOf(in.Status)
	if err != nil {
		return DiagnosisReport{}, err
	}
	gateways, err := m.GatewaysOf(ctx, in.refs())
	if err != nil {
		return DiagnosisReport{}, err
	}
	d, err := m.Diagnose(ctx, gateways, gateway.Question{Target: in.Target, Status: status, Try: gateway.Try{Tool: in.Tool, Arguments: in.Arguments, Reached: caller.Reached}}, caller.Progress)
	return DiagnosisReport{d}, err
}

// statusOf is a target's status by its name, "" for any. list_targets has their list in
// its schema, which is not said again.
func statusOf(name string) (aws.TargetStatus, error) {
	if s := aws.TargetStatus(name); name == "" || slices.Contains(s.Values(), s) {
		return s, nil
	}
	return "", fmt.Errorf("status: there is no %s, one of %q is needed", untrusted.Quote(name, 40), aws.TargetStatus("").Values())
}

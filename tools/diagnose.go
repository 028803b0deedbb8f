package tools

import (
	"context"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// DiagnosisReport is the answer of diagnose_target.
type DiagnosisReport struct{ gateway.Diagnosis }

// Show prints the verdict for a person, and what each check has seen.
func (out DiagnosisReport) Show(p *terminal.Printer) {
	p.Linef("%s  %s", out.Target, out.Status)
	p.Linef("%s", out.Verdict)
	if out.Remedy != "" {
		p.Linef("next: %s", out.Remedy)
	}
	if out.AuthorizationURL != "" {
		p.Linef("consent at %s", out.AuthorizationURL)
	}
	table := p.Table()
	for _, c := range out.Checks {
		table.Row(c.Name, string(c.Result), c.Seen)
	}
	table.Print()
	for _, w := range out.Warnings {
		p.Linef("warning: %s", w)
	}
}

func diagnoseTarget(ctx context.Context, m *gateway.Manager, in TargetArgument, caller gateway.Caller) (DiagnosisReport, error) {
	d, err := m.Diagnose(ctx, in.Gateway, in.Target, caller.Progress)
	return DiagnosisReport{d}, err
}

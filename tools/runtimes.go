package tools

import (
	"context"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// RuntimeArgument says which agent runtime is meant.
type RuntimeArgument struct {
	Runtime string `json:"runtime" jsonschema:"id, name or ARN"`
}

// RuntimeList is the answer of list_runtimes.
type RuntimeList struct {
	Runtimes []gateway.RuntimeView `json:"runtimes"`
}

// Show prints the runtimes for a person.
func (out RuntimeList) Show(p *terminal.Printer) {
	table := p.Table(terminal.Column{Title: "NAME", Fit: terminal.Whole}, terminal.Column{Title: "ID"}, terminal.Column{Title: "VERSION", Fit: terminal.Whole},
		terminal.Column{Title: "STATUS", Fit: terminal.Whole}, terminal.Column{Title: "UPDATED", Fit: terminal.Whole}, terminal.Column{Title: "ARN"})
	for _, r := range out.Runtimes {
		arn := "" // which tools take as runtimeArn; a screen has no room for it
		if !p.Brief() {
			arn = r.ARN
		}
		table.Row(r.Name, r.ID, r.Version, painted(p, r.Status), terminal.Ago(r.UpdatedAt), arn)
	}
	table.Print()
	none(p, len(out.Runtimes), "runtimes", "")
}

func listRuntimes(ctx context.Context, m *gateway.Manager, in FilterArgument, _ gateway.Caller) (RuntimeList, error) {
	all, err := m.Runtimes(ctx)
	return RuntimeList{kept(in, all, func(r gateway.RuntimeView) string { return r.Name })}, err
}

// RuntimeReport is the answer about one agent runtime.
type RuntimeReport struct {
	Outcome gateway.Outcome `json:"outcome,omitempty"`
	gateway.RuntimeView
	Next string `json:"next,omitempty"`
}

// Show prints the runtime for a person, its endpoints and what uses it.
func (r RuntimeReport) Show(p *terminal.Printer) {
	if r.Outcome == gateway.Deleted {
		p.Say(0, "%s  %s", r.Name, r.Outcome)
		next(p, 2, r.Next)
		return
	}
	state := painted(p, r.Status)
	if r.Outcome != "" {
		state = string(r.Outcome) + ", " + state
	}
	p.Say(0, "%s  %s", r.Name, state)
	if r.Reason != "" {
		p.Say(2, "%q", r.Reason)
	}
	p.Fields(2, [][2]string{
		{"description", r.Description}, {"id", r.ID}, {"arn", r.ARN}, {"version", r.Version}, {"protocol", r.Protocol}, {"updated", at(r.UpdatedAt)},
		{"used by", strings.Join(r.UsedBy, ", ")},
	}...)
	for _, e := range r.Endpoints {
		version := ""
		if e.Version != "" {
			version = ", version " + e.Version
		}
		p.Say(2, "endpoint %s  %s%s", e.Name, painted(p, e.Status), version)
		p.Say(4, "%s", e.URL)
	}
	next(p, 2, r.Next)
}

func getRuntime(ctx context.Context, m *gateway.Manager, in RuntimeArgument, _ gateway.Caller) (RuntimeReport, error) {
	r, err := m.Runtime(ctx, in.Runtime)
	out := RuntimeReport{RuntimeView: r}
	if len(r.UsedBy) > 0 {
		out.Next = "after a new version, synchronize_targets with runtimeArn synchronizes what uses it"
	}
	return out, err
}

// DeleteRuntimeArguments are the arguments of delete_runtime.
type DeleteRuntimeArguments struct {
	RuntimeArgument
	ConfirmArgument
	WaitArgument
}

func deleteRuntime(ctx context.Context, m *gateway.Manager, in DeleteRuntimeArguments, caller gateway.Caller) (RuntimeReport, error) {
	r, gone, err := m.DeleteRuntime(ctx, in.Runtime, in.word(), in.duration(), caller)
	out := RuntimeReport{Outcome: gateway.Deleted, RuntimeView: r}
	if !gone {
		out.Outcome, out.Next = gateway.InProgress, "the same call waits on until it is gone"
	}
	return out, err
}

package tools

import (
	"context"

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
	table := p.Table()
	table.Row("NAME", "ID", "VERSION", "STATUS", "UPDATED")
	for _, r := range out.Runtimes {
		table.Row(r.Name, r.ID, r.Version, r.Status, terminal.Ago(r.UpdatedAt))
	}
	table.Print()
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

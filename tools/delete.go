package tools

import (
	"context"

	"agentcore-gateway-mcp/gateway"
)

// DeleteTargetArguments are the arguments of delete_target.
type DeleteTargetArguments struct {
	TargetArgument
	ConfirmArgument
	WaitArgument
}

func deleteTarget(ctx context.Context, m *gateway.Manager, in DeleteTargetArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.DeleteTarget(ctx, in.Gateway, in.Target, in.word(), in.duration(), caller)
	return ChangeReport{change}, err
}

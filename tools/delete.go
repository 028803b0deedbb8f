package tools

import (
	"context"

	"agentcore-gateway-mcp/gateway"
)

// ConfirmArgument is a person's word for what cannot be brought back.
type ConfirmArgument struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"its name, once a person has agreed"`
}

// DeleteTargetArguments are the arguments of delete_target.
type DeleteTargetArguments struct {
	TargetArgument
	ConfirmArgument
	WaitArgument
}

func deleteTarget(ctx context.Context, m *gateway.Manager, in DeleteTargetArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.DeleteTarget(ctx, in.Gateway, in.Target, in.Confirm, in.duration(), caller)
	return ChangeReport{change}, err
}

package tools

import (
	"context"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// CreateTargetArguments are the arguments of create_target.
type CreateTargetArguments struct {
	GatewayArgument
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Endpoint    string             `json:"endpoint,omitempty" jsonschema:"https URL of the MCP server"`
	RuntimeARN  string             `json:"runtimeArn,omitempty" jsonschema:"instead of endpoint"`
	Qualifier   string             `json:"qualifier,omitempty" jsonschema:"of the runtime, default DEFAULT"`
	Auth        gateway.TargetAuth `json:"auth,omitempty" jsonschema:"how AgentCore signs in at the server, default none"`
	Provider    string             `json:"provider,omitempty" jsonschema:"credential provider, name or ARN"`
	Scopes      []string           `json:"scopes,omitempty"`
	Service     string             `json:"service,omitempty" jsonschema:"to sign for, with iam"`
	ListingMode aws.ListingMode    `json:"listingMode,omitempty"`
	DryRun      bool               `json:"dryRun,omitempty" jsonschema:"only say what would happen"`
	ConfirmArgument
	WaitArgument
}

func createTarget(ctx context.Context, m *gateway.Manager, in CreateTargetArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.CreateTarget(ctx, in.Gateway, gateway.TargetSpec{
		Name: in.Name, Description: in.Description, At: gateway.NewEndpoint{URL: in.Endpoint, RuntimeARN: in.RuntimeARN, Qualifier: in.Qualifier},
		Auth: in.Auth, Provider: in.Provider, Scopes: in.Scopes, Service: in.Service, ListingMode: in.ListingMode,
	}, gateway.CreateOptions{DryRun: in.DryRun, Confirm: in.word(), Wait: in.duration()}, caller)
	return ChangeReport{change}, err
}

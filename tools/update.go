package tools

import (
	"context"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// UpdateArguments are the arguments that every update has.
type UpdateArguments struct {
	DryRunArgument
	OnFailure gateway.OnFailure `json:"onFailure,omitempty" jsonschema:"default revert"`
	ConfirmArgument
	WaitArgument
}

func (in UpdateArguments) options() gateway.UpdateOptions {
	return gateway.UpdateOptions{DryRun: in.DryRun, Plan: in.Plan, OnFailure: in.OnFailure, Confirm: in.word(), Wait: in.duration()}
}

// UpdateTargetEndpointArguments are the arguments of update_target_endpoint.
type UpdateTargetEndpointArguments struct {
	TargetArgument
	Endpoint   string `json:"endpoint,omitempty" jsonschema:"https URL of the MCP server"`
	RuntimeARN string `json:"runtimeArn,omitempty" jsonschema:"instead of endpoint"`
	Qualifier  string `json:"qualifier,omitempty" jsonschema:"of the runtime, default DEFAULT"`
	Previous   bool   `json:"previous,omitempty" jsonschema:"back to where it pointed before"`
	UpdateArguments
}

func updateTargetEndpoint(ctx context.Context, m *gateway.Manager, in UpdateTargetEndpointArguments, caller gateway.Caller) (ChangeReport, error) {
	to := gateway.NewEndpoint{URL: in.Endpoint, RuntimeARN: in.RuntimeARN, Qualifier: in.Qualifier, Previous: in.Previous}
	change, err := m.UpdateEndpoint(ctx, in.Gateway, in.Target, to, in.options(), caller)
	return ChangeReport{change}, err
}

// UpdateTargetArguments are the arguments of update_target. What is left out is kept.
type UpdateTargetArguments struct {
	TargetArgument
	Description      *string          `json:"description,omitempty"`
	OAuthProviderARN *string          `json:"oauthProviderArn,omitempty" jsonschema:"OAuth2 credential provider"`
	Scopes           []string         `json:"scopes,omitempty" jsonschema:"OAuth scopes to sign in with"`
	ListingMode      *aws.ListingMode `json:"listingMode,omitempty"`
	ResourcePriority *int32           `json:"resourcePriority,omitempty" jsonschema:"order among targets"`
	RequestHeaders   *[]string        `json:"requestHeaders,omitempty" jsonschema:"passed through to the server; [] for none"`
	QueryParameters  *[]string        `json:"queryParameters,omitempty"`
	ResponseHeaders  *[]string        `json:"responseHeaders,omitempty"`
	UpdateArguments
}

func updateTarget(ctx context.Context, m *gateway.Manager, in UpdateTargetArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.UpdateTarget(ctx, in.Gateway, in.Target, aws.Edit{
		Description: in.Description, OAuthProviderARN: in.OAuthProviderARN, Scopes: in.Scopes, ListingMode: in.ListingMode,
		ResourcePriority: in.ResourcePriority, RequestHeaders: in.RequestHeaders, QueryParameters: in.QueryParameters, ResponseHeaders: in.ResponseHeaders,
	}, in.options(), caller)
	return ChangeReport{change}, err
}

package tools

import (
	"context"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ListGatewaysArguments are the arguments of list_gateways.
type ListGatewaysArguments struct{ FilterArgument }

// GatewayList is the answer of list_gateways.
type GatewayList struct {
	Region   string                `json:"region,omitempty" jsonschema:"that was asked"`
	Gateways []gateway.GatewayView `json:"gateways"`
	Next     string                `json:"next,omitempty"`
}

// Show prints the gateways for a person.
func (out GatewayList) Show(p *terminal.Printer) {
	table := p.Table(terminal.Column{Title: "NAME", Fit: terminal.Whole}, terminal.Column{Title: "ID"}, terminal.Column{Title: "STATUS", Fit: terminal.Whole},
		terminal.Column{Title: "AUTHORIZER", Fit: terminal.Whole}, terminal.Column{Title: "URL"})
	for _, g := range out.Gateways {
		table.Row(g.Name, g.ID, painted(p, g.Status), string(g.Authorizer), g.URL)
	}
	table.Print()
	none(p, len(out.Gateways), "gateways", out.Region)
	if out.Next != "" {
		p.Say(0, "%s", out.Next)
	}
}

func listGateways(ctx context.Context, m *gateway.Manager, in ListGatewaysArguments, _ gateway.Caller) (GatewayList, error) {
	all, err := m.Gateways(ctx)
	if err != nil {
		return GatewayList{}, err
	}
	out := GatewayList{Region: m.Client.Region(), Gateways: []gateway.GatewayView{}, Next: m.Listed(all)}
	for _, g := range kept(in.FilterArgument, all, func(g aws.Gateway) string { return g.Name }) {
		out.Gateways = append(out.Gateways, gateway.ViewGateway(g))
	}
	return out, nil
}

// CreateGatewayArguments are the arguments of create_gateway.
type CreateGatewayArguments struct {
	Name              string             `json:"name"`
	Description       string             `json:"description,omitempty"`
	RoleARN           string             `json:"roleArn" jsonschema:"as which the gateway acts"`
	Authorizer        aws.AuthorizerType `json:"authorizer" jsonschema:"who may call it"`
	DiscoveryURL      string             `json:"discoveryUrl,omitempty" jsonschema:"of the callers' issuer"`
	AllowedClients    []string           `json:"allowedClients,omitempty"`
	AllowedAudience   []string           `json:"allowedAudience,omitempty"`
	AllowedScopes     []string           `json:"allowedScopes,omitempty"`
	SemanticSearch    bool               `json:"semanticSearch,omitempty"`
	SupportedVersions []string           `json:"supportedVersions,omitempty" jsonschema:"MCP revisions"`
	ConfirmArgument
	WaitArgument
}

// GatewayReport is the answer of what creates or deletes a gateway.
type GatewayReport struct{ gateway.GatewayChange }

// Show prints what came of it for a person.
func (c GatewayReport) Show(p *terminal.Printer) {
	ended(p, c.Name, c.Outcome, string(c.Status), c.Seconds, placed(c.Region, c.Account))
	showReasons(p, c.StatusReasons, "")
	if c.URL != "" && c.Outcome != gateway.Deleted {
		p.Say(2, "%s", c.URL)
	}
	showSettings(p, c.Configuration)
	if c.DeletedTargets > 0 {
		p.Say(2, "%s deleted", terminal.Count(c.DeletedTargets, "target"))
	}
	next(p, 2, c.Next)
}

func createGateway(ctx context.Context, m *gateway.Manager, in CreateGatewayArguments, caller gateway.Caller) (GatewayReport, error) {
	change, err := m.CreateGateway(ctx, gateway.GatewaySpec{NewGateway: aws.NewGateway{
		Name: in.Name, Description: in.Description, RoleARN: in.RoleARN, Authorizer: in.Authorizer, DiscoveryURL: in.DiscoveryURL,
		AllowedClients: in.AllowedClients, AllowedAudience: in.AllowedAudience, AllowedScopes: in.AllowedScopes, Semantic: in.SemanticSearch, Revisions: in.SupportedVersions,
	}, Confirm: in.word(), Wait: in.duration()}, caller)
	return GatewayReport{change}, err
}

// UpdateGatewayArguments are the arguments of update_gateway. What is left out is kept.
type UpdateGatewayArguments struct {
	GatewayArgument
	Description       *string   `json:"description,omitempty"`
	RoleARN           *string   `json:"roleArn,omitempty"`
	DiscoveryURL      *string   `json:"discoveryUrl,omitempty"`
	AllowedClients    *[]string `json:"allowedClients,omitempty" jsonschema:"[] for none"`
	AllowedAudience   *[]string `json:"allowedAudience,omitempty"`
	AllowedScopes     *[]string `json:"allowedScopes,omitempty"`
	SupportedVersions *[]string `json:"supportedVersions,omitempty" jsonschema:"MCP revisions"`
	Instructions      *string   `json:"instructions,omitempty"`
	Debug             *bool     `json:"debug,omitempty" jsonschema:"tell callers why tools fail"`
	DryRun            bool      `json:"dryRun,omitempty"`
	ConfirmArgument
	WaitArgument
}

func updateGateway(ctx context.Context, m *gateway.Manager, in UpdateGatewayArguments, caller gateway.Caller) (GatewayReport, error) {
	change, err := m.UpdateGateway(ctx, in.Gateway, gateway.GatewayUpdate{Edit: aws.GatewayEdit{
		Description: in.Description, RoleARN: in.RoleARN, DiscoveryURL: in.DiscoveryURL, AllowedClients: in.AllowedClients, AllowedAudience: in.AllowedAudience,
		AllowedScopes: in.AllowedScopes, Revisions: in.SupportedVersions, Instructions: in.Instructions, Debug: in.Debug,
	}, DryRun: in.DryRun, Confirm: in.word(), Wait: in.duration()}, caller)
	return GatewayReport{change}, err
}

// DeleteGatewayArguments are the arguments of delete_gateway.
type DeleteGatewayArguments struct {
	GatewayArgument
	ConfirmArgument
	WaitArgument
}

func deleteGateway(ctx context.Context, m *gateway.Manager, in DeleteGatewayArguments, caller gateway.Caller) (GatewayReport, error) {
	change, err := m.DeleteGateway(ctx, in.Gateway, in.word(), in.duration(), caller)
	return GatewayReport{change}, err
}

// GatewayDetails is the answer of get_gateway.
type GatewayDetails struct {
	gateway.GatewayView
	// Authorizing is the authorizer's configuration in AWS's JSON, for programs.
	Authorizing map[string]any `json:"authorizerConfiguration,omitempty"`
}

// Show prints the gateway for a person.
func (g GatewayDetails) Show(p *terminal.Printer) {
	p.Say(0, "%s  %s", g.Name, painted(p, g.Status))
	showReasons(p, g.StatusReasons, "")
	p.Fields(2, [][2]string{
		{"description", g.Description}, {"id", g.ID}, {"url", g.URL}, {"role", g.RoleARN}, {"updated", at(g.UpdatedAt)}, {"authorizer", string(g.Authorizer)},
	}...)
	if jwt, ok := g.Authorizing["customJWTAuthorizer"].(map[string]any); ok {
		issuer, _ := jwt["discoveryUrl"].(string)
		p.Say(4, "issuer: %s", strings.TrimSuffix(issuer, "/.well-known/openid-configuration"))
		configured(p, 4, jwt, "discoveryUrl")
	}
}

func getGateway(ctx context.Context, m *gateway.Manager, in GatewayArgument, caller gateway.Caller) (GatewayDetails, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	out := GatewayDetails{GatewayView: gateway.ViewGateway(g)}
	if caller.Program && err == nil {
		out.Authorizing = gateway.Authorizing(g)
	}
	return out, err
}

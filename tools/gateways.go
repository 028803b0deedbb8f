package tools

import (
	"context"

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
	table := p.Table()
	table.Row("NAME", "ID", "STATUS", "AUTHORIZER", "URL")
	for _, g := range out.Gateways {
		table.Row(g.Name, g.ID, string(g.Status), string(g.Authorizer), terminal.Dash(g.URL))
	}
	table.Print()
	if out.Next != "" {
		p.Linef("%s", out.Next)
	}
}

func listGateways(ctx context.Context, m *gateway.Manager, in ListGatewaysArguments, _ gateway.Caller) (GatewayList, error) {
	all, err := m.Gateways(ctx)
	if err != nil {
		return GatewayList{}, err
	}
	out := GatewayList{Region: m.Client.Region(), Gateways: []gateway.GatewayView{}, Next: m.Listed(all)}
	for _, g := range all {
		if in.keeps(g.Name) {
			out.Gateways = append(out.Gateways, gateway.ViewGateway(g))
		}
	}
	return out, nil
}

// GatewayDetails is the answer of get_gateway.
type GatewayDetails struct{ gateway.GatewayView }

// Show prints the gateway for a person.
func (g GatewayDetails) Show(p *terminal.Printer) {
	GatewayList{Gateways: []gateway.GatewayView{g.GatewayView}}.Show(p)
}

func getGateway(ctx context.Context, m *gateway.Manager, in GatewayArgument, _ gateway.Caller) (GatewayDetails, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	return GatewayDetails{gateway.ViewGateway(g)}, err
}

package tools

import (
	"context"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ProviderArgument says which credential provider is meant.
type ProviderArgument struct {
	Provider string `json:"provider" jsonschema:"name or ARN"`
}

// ProviderList is the answer of list_credential_providers.
type ProviderList struct {
	Providers []gateway.ProviderView `json:"providers"`
}

// Show prints the credential providers for a person.
func (out ProviderList) Show(p *terminal.Printer) {
	table := p.Table(terminal.Column{Title: "NAME", Fit: terminal.Whole}, terminal.Column{Title: "KIND", Fit: terminal.Whole}, terminal.Column{Title: "VENDOR", Fit: terminal.Whole},
		terminal.Column{Title: "STATUS", Fit: terminal.Whole}, terminal.Column{Title: "ISSUER"})
	for _, v := range out.Providers {
		table.Row(v.Name, string(v.Kind), v.Vendor, painted(p, v.Status), v.DiscoveryURL)
	}
	table.Print()
	none(p, len(out.Providers), "credential providers", "")
}

func listProviders(ctx context.Context, m *gateway.Manager, in FilterArgument, _ gateway.Caller) (ProviderList, error) {
	all, err := m.Providers(ctx)
	return ProviderList{kept(in, all, func(p gateway.ProviderView) string { return p.Name })}, err
}

// ProviderReport is the answer about one credential provider.
type ProviderReport struct {
	Outcome gateway.Outcome `json:"outcome,omitempty"`
	gateway.ProviderView
	Next string `json:"next,omitempty"`
}

// Show prints the credential provider for a person, and what signs in with it.
func (v ProviderReport) Show(p *terminal.Printer) {
	state := painted(p, v.Status)
	if v.Outcome != "" {
		state = string(v.Outcome)
	}
	p.Say(0, "%s  %s", v.Name, state)
	if v.Outcome != gateway.Deleted {
		secret := v.SecretARN
		if secret != "" && v.SecretKey != "" {
			secret += ", key " + v.SecretKey
		}
		p.Fields(2, [][2]string{
			{"kind", string(v.Kind)}, {"vendor", v.Vendor}, {"arn", v.ARN}, {"client", v.ClientID}, {"issuer", v.DiscoveryURL}, {"secret", secret}, {"callback", v.CallbackURL},
			{"updated", at(v.UpdatedAt)}, {"used by", strings.Join(v.UsedBy, ", ")},
		}...)
	}
	next(p, 2, v.Next)
}

func getProvider(ctx context.Context, m *gateway.Manager, in ProviderArgument, _ gateway.Caller) (ProviderReport, error) {
	p, err := m.Provider(ctx, in.Provider)
	return ProviderReport{ProviderView: p}, err
}

// CreateProviderArguments are the arguments of create_credential_provider.
type CreateProviderArguments struct {
	Name         string `json:"name"`
	DiscoveryURL string `json:"discoveryUrl" jsonschema:"of the issuer"`
	ClientID     string `json:"clientId"`
	SecretARN    string `json:"secretArn" jsonschema:"of the Secrets Manager secret"`
	SecretKey    string `json:"secretKey,omitempty" jsonschema:"its JSON key, default client_secret"`
}

func createProvider(ctx context.Context, m *gateway.Manager, in CreateProviderArguments, caller gateway.Caller) (ProviderReport, error) {
	p, outcome, err := m.CreateProvider(ctx, aws.NewProvider{
		Name: in.Name, DiscoveryURL: in.DiscoveryURL, ClientID: in.ClientID, SecretARN: in.SecretARN, SecretKey: in.SecretKey,
	}, caller)
	return ProviderReport{Outcome: outcome, ProviderView: p, Next: "create_target takes it as provider, with auth oauth"}, err
}

// DeleteProviderArguments are the arguments of delete_credential_provider.
type DeleteProviderArguments struct {
	ProviderArgument
	ConfirmArgument
}

func deleteProvider(ctx context.Context, m *gateway.Manager, in DeleteProviderArguments, caller gateway.Caller) (ProviderReport, error) {
	p, err := m.DeleteProvider(ctx, in.Provider, in.word(), caller)
	return ProviderReport{Outcome: gateway.Deleted, ProviderView: p}, err
}

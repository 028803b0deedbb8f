package tools

import (
	"context"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// ListTargetsArguments are the arguments of list_targets.
type ListTargetsArguments struct {
	GatewaysArgument
	Filter  string           `json:"filter,omitempty" jsonschema:"text in the name, endpoint or runtime ARN"`
	Status  aws.TargetStatus `json:"status,omitempty" jsonschema:"only these"`
	Details *bool            `json:"details,omitempty" jsonschema:"false: quick, without endpoint, auth and reasons"`
}

// TargetList is the answer of list_targets.
type TargetList struct {
	Gateway string               `json:"gateway"`
	Targets []gateway.TargetView `json:"targets"`
	Next    string               `json:"next,omitempty"`
}

// Show prints the targets for a person, and what is wrong with them.
func (out TargetList) Show(p *terminal.Printer) {
	all, usual := []string{}, p.Brief()
	for _, t := range out.Targets {
		all, usual = append(all, t.Endpoint), usual && (t.Type == "" || t.Type == aws.TargetMCPServer)
	}
	endpoint := endpoints(p, all)
	var rows []targetRow
	for _, t := range out.Targets {
		if t.Gateway != "" {
			t.Name = t.Gateway + "/" + t.Name
		}
		row := targetRow{t.Name, t.ID, string(t.Status), string(t.Type), terminal.Ago(t.LastSynchronizedAt), string(t.Auth), endpoint(t.Endpoint)}
		if t.Pinned {
			row[0] += " (pinned)"
		}
		if usual { // says nothing where all are, and is the first to go on a screen
			row[typeColumn] = ""
		}
		rows = append(rows, row)
	}
	showTargets(p, rows)
	none(p, len(rows), "targets", out.Gateway)
	for i, t := range out.Targets {
		for _, reason := range t.StatusReasons {
			p.Say(0, "%s: %q", rows[i][0], reason)
		}
		if t.AuthorizationURL != "" {
			p.Say(0, "%s: consent at %s", rows[i][0], t.AuthorizationURL)
		}
	}
	if out.Next != "" {
		p.Say(0, "%s", out.Next)
	}
}

func listTargets(ctx context.Context, m *gateway.Manager, in ListTargetsArguments, caller gateway.Caller) (TargetList, error) {
	gateways, err := m.GatewaysOf(ctx, in.refs())
	if err != nil {
		return TargetList{}, err
	}
	out, undetailed := TargetList{Targets: []gateway.TargetView{}}, 0
	for _, g := range gateways {
		all, left, err := m.Targets(ctx, g, in.listed, in.detailed(), caller.Progress)
		if err != nil {
			return TargetList{}, err
		}
		undetailed += left
		out.Gateway = strings.TrimPrefix(out.Gateway+", "+g.Name, ", ")
		for _, t := range all {
			v := gateway.ViewTarget(t)
			if !in.keeps(v) {
				continue
			}
			if len(gateways) > 1 {
				v.Gateway = g.Name
			}
			out.Targets = append(out.Targets, v)
		}
	}
	out.Next = nextForUndetailed(undetailed)
	return out, nil
}

func (in ListTargetsArguments) detailed() bool { return in.Details == nil || *in.Details }

// listed reports whether a target may be meant, as it is listed: with details its
// endpoint decides as well.
func (in ListTargetsArguments) listed(t aws.Target) bool {
	return (in.Status == "" || t.Status == in.Status) && (in.detailed() || FilterArgument{in.Filter}.keeps(t.Name))
}

// keeps reports whether the filter is in a target's name or its endpoint.
func (in ListTargetsArguments) keeps(v gateway.TargetView) bool {
	return FilterArgument{in.Filter}.keeps(v.Name) || in.detailed() && gateway.Mentions(v.Endpoint, in.Filter)
}

// TargetDetails is the answer of get_target.
type TargetDetails struct {
	gateway.TargetView
	Gateway       string         `json:"gateway"`
	Configuration map[string]any `json:"configuration" jsonschema:"the whole target in AWS's own JSON"`
	Warnings      []string       `json:"warnings,omitempty" jsonschema:"show these to a person"`
	Next          string         `json:"next,omitempty"`

	gatewayID string
}

// Show prints the target for a person, with its whole configuration.
func (t TargetDetails) Show(p *terminal.Printer) {
	p.Say(0, "%s  %s", t.Name, painted(p, t.Status))
	showReasons(p, t.StatusReasons, t.AuthorizationURL)
	warn(p, 2, t.Warnings)
	pinned := ""
	if t.Pinned {
		pinned = "its tools are static, and never synchronized"
	}
	hidden := ""
	if t.EndpointMasked {
		hidden = " (values are hidden)"
	}
	p.Fields(2, [][2]string{
		{"gateway", t.Gateway}, {"id", t.ID}, {"type", string(t.Type)}, {"endpoint", t.Endpoint + hidden}, {"auth", string(t.Auth)}, {"listing", string(t.ListingMode)}, {"pinned", pinned},
		{"synchronized", at(t.LastSynchronizedAt)}, {"updated", at(t.UpdatedAt)},
	}...)
	p.Say(2, "configuration")
	configured(p, 4, t.Configuration, "name", "status", "statusReasons", "targetId", "lastSynchronizedAt", "updatedAt")
	next(p, 2, t.Next)
}

func getTarget(ctx context.Context, m *gateway.Manager, in TargetArgument, _ gateway.Caller) (TargetDetails, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	if err != nil {
		return TargetDetails{}, err
	}
	t, err := m.Target(ctx, g, in.Target)
	if err != nil {
		return TargetDetails{}, err
	}
	configuration, err := gateway.Configuration(t)
	return TargetDetails{TargetView: gateway.ViewTarget(t), Gateway: g.Name, Configuration: configuration, Warnings: gateway.Misleading(t), Next: gateway.WhyFailed(t), gatewayID: g.ID}, err
}

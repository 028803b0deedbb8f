// Package tools is what a model sees: the tools, prompts and resources of the
// MCP server, their descriptions and schemas. What they do is package gateway's.
package tools

import (
	"context"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

// All lists every tool, in the order in which they are documented. A tool is a
// line here, an In and an Out type, and a function.
func All() []Tool {
	return []Tool{
		tool(read, "list_gateways", "List gateways",
			"Lists the AgentCore gateways that can be managed.", listGateways),
		tool(read, "get_gateway", "Get gateway",
			"Shows one gateway: status, MCP URL, who may call it.", getGateway),
		tool(read, "list_targets", "List targets",
			"Lists a gateway's targets, failures first, with status, reasons and endpoint.", listTargets),
		tool(read, "get_target", "Get target",
			"Shows one target with its whole configuration.", getTarget),
		tool(read, "list_tools", "List served tools",
			"Lists the tools that a gateway serves now, by target.", listTools),
		tool(read, "check_drift", "Check drift",
			"Compares what MCP servers offer now with the copy that the gateway serves, and judges each difference; changes nothing.", checkDrift),
		tool(write, "synchronize_target", "Synchronize target",
			"Makes the gateway read an MCP server target's tools again, waits, and reports which were added, removed or changed. Use after a server's tools changed at the same URL.", synchronizeTarget),
		tool(write, "synchronize_targets", "Synchronize targets",
			"Synchronizes many targets, of one or all gateways, and reports failures and changed tools.", synchronizeTargets),
		tool(replace, "update_target_endpoint", "Update target endpoint",
			"Points a target at another MCP server URL or AgentCore runtime, keeping all other settings; waits, reports what changed in its tools, and goes back if the new one fails.", updateTargetEndpoint),
		tool(replace, "update_target", "Update target",
			"Changes other settings of an MCP server target and keeps the rest; waits, goes back if it fails.", updateTarget),
		tool(replace, "pin_target_tools", "Pin target tools",
			"Freezes the tools that the gateway serves for a target now: no synchronization changes them until unpinned.", pinTargetTools),
		tool(replace, "unpin_target_tools", "Unpin target tools",
			"Ends a pin: the gateway reads the server's tools again.", unpinTargetTools),
	}
}

// InGateway chooses a gateway.
type InGateway struct {
	Gateway string `json:"gateway,omitempty" jsonschema:"id, name or ARN; default: the only one"`
}

// InTarget chooses a target of a gateway.
type InTarget struct {
	InGateway
	Target string `json:"target" jsonschema:"id or name"`
}

// InWait says how long to wait for a change to end.
type InWait struct {
	WaitSeconds *int `json:"waitSeconds,omitempty" jsonschema:"0 to 900, default 45"`
}

func (w InWait) duration() time.Duration {
	if w.WaitSeconds == nil {
		return gateway.DefaultWait
	}
	return time.Duration(*w.WaitSeconds) * time.Second
}

// InFilter keeps what has a text in its name.
type InFilter struct {
	Filter string `json:"filter,omitempty" jsonschema:"text in the name"`
}

func (f InFilter) keeps(name string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(f.Filter))
}

// InListGateways are the arguments of list_gateways.
type InListGateways struct{ InFilter }

// OutGateways is the answer of list_gateways.
type OutGateways struct {
	Gateways []gateway.GatewayView `json:"gateways"`
	Next     string                `json:"next,omitempty"`
}

func listGateways(ctx context.Context, m *gateway.Manager, in InListGateways, _ gateway.Progress) (OutGateways, error) {
	all, err := m.Gateways(ctx)
	if err != nil {
		return OutGateways{}, err
	}
	out := OutGateways{Gateways: []gateway.GatewayView{}, Next: m.NoGateway(all)}
	for _, g := range all {
		if in.keeps(g.Name) {
			out.Gateways = append(out.Gateways, gateway.ViewGateway(g))
		}
	}
	return out, nil
}

func getGateway(ctx context.Context, m *gateway.Manager, in InGateway, _ gateway.Progress) (gateway.GatewayView, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	return gateway.ViewGateway(g), err
}

// InListTargets are the arguments of list_targets.
type InListTargets struct {
	InGateway
	InFilter
	Status  aws.TargetStatus `json:"status,omitempty" jsonschema:"only these"`
	Details *bool            `json:"details,omitempty" jsonschema:"false: quick, without endpoint, auth and reasons"`
}

// OutTargets is the answer of list_targets.
type OutTargets struct {
	Gateway string               `json:"gateway"`
	Targets []gateway.TargetView `json:"targets"`
	Next    string               `json:"next,omitempty"`
}

func listTargets(ctx context.Context, m *gateway.Manager, in InListTargets, progress gateway.Progress) (OutTargets, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	if err != nil {
		return OutTargets{}, err
	}
	all, undetailed, err := m.Targets(ctx, g, in.Status, in.keeps, in.Details == nil || *in.Details, progress)
	if err != nil {
		return OutTargets{}, err
	}
	out := OutTargets{Gateway: g.Name, Targets: []gateway.TargetView{}, Next: nextForUndetailed(undetailed)}
	for _, t := range all {
		out.Targets = append(out.Targets, gateway.ViewTarget(t))
	}
	return out, nil
}

// OutTarget is the answer of get_target.
type OutTarget struct {
	gateway.TargetView
	Gateway       string         `json:"gateway"`
	Configuration map[string]any `json:"configuration" jsonschema:"the whole target in AWS's own JSON"`
}

func getTarget(ctx context.Context, m *gateway.Manager, in InTarget, _ gateway.Progress) (OutTarget, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	if err != nil {
		return OutTarget{}, err
	}
	t, err := m.Target(ctx, g, in.Target)
	if err != nil {
		return OutTarget{}, err
	}
	configuration, err := gateway.Configuration(t)
	return OutTarget{TargetView: gateway.ViewTarget(t), Gateway: g.Name, Configuration: configuration}, err
}

// InListTools are the arguments of list_tools.
type InListTools struct {
	InGateway
	Target string `json:"target,omitempty" jsonschema:"id or name; default: all"`
	InFilter
	Page *int `json:"page,omitempty" jsonschema:"of 100 tools, from 1"`
}

// OutTools is the answer of list_tools.
type OutTools struct {
	Gateway string              `json:"gateway"`
	Count   int                 `json:"count" jsonschema:"of all pages"`
	Targets []gateway.ToolGroup `json:"targets"`
}

func listTools(ctx context.Context, m *gateway.Manager, in InListTools, _ gateway.Progress) (OutTools, error) {
	g, err := m.Gateway(ctx, in.Gateway)
	if err != nil {
		return OutTools{}, err
	}
	name := ""
	if in.Target != "" {
		t, err := m.Target(ctx, g, in.Target)
		if err != nil {
			return OutTools{}, err
		}
		name = t.Name
	}
	groups, err := m.Tools(ctx, g, name, in.keeps)
	out := OutTools{Gateway: g.Name, Targets: groups}
	for _, group := range groups {
		out.Count += len(group.Tools)
	}
	if in.Page != nil {
		out.Targets = page(groups, (*in.Page-1)*toolsPerPage, toolsPerPage)
	}
	return out, err
}

const toolsPerPage = 100

// page keeps size tools of all the groups' tools, after the first skip.
func page(groups []gateway.ToolGroup, skip, size int) []gateway.ToolGroup {
	kept := []gateway.ToolGroup{}
	for _, group := range groups {
		from := min(max(skip, 0), len(group.Tools))
		skip -= from
		group.Tools = group.Tools[from:min(from+size, len(group.Tools))]
		if size -= len(group.Tools); len(group.Tools) > 0 {
			kept = append(kept, group)
		}
	}
	return kept
}

// InDryRun asks for the plan alone.
type InDryRun struct {
	DryRun bool `json:"dryRun,omitempty" jsonschema:"only the plan"`
}

// InSynchronize are the arguments of synchronize_target.
type InSynchronize struct {
	InTarget
	InDryRun
	InWait
}

func synchronizeTarget(ctx context.Context, m *gateway.Manager, in InSynchronize, progress gateway.Progress) (gateway.Change, error) {
	return m.Synchronize(ctx, in.Gateway, in.Target, in.DryRun, in.duration(), progress)
}

// InSynchronizeAll are the arguments of synchronize_targets.
type InSynchronizeAll struct {
	Gateway        string    `json:"gateway,omitempty" jsonschema:"id, name or ARN; several with commas, * for all; default: the only one"`
	Targets        []string  `json:"targets,omitempty" jsonschema:"default: all"`
	OnlyDrifted    bool      `json:"onlyDrifted,omitempty"`
	NotSyncedSince time.Time `json:"notSyncedSince,omitzero" jsonschema:"RFC 3339; leaves out what was synchronized after it"`
	InWait
}

func synchronizeTargets(ctx context.Context, m *gateway.Manager, in InSynchronizeAll, progress gateway.Progress) (gateway.Fleet, error) {
	return m.SynchronizeAll(ctx, gateway.FleetRequest{
		Gateways: strings.FieldsFunc(in.Gateway, func(r rune) bool { return r == ',' || r == ' ' }), Targets: in.Targets, OnlyDrifted: in.OnlyDrifted, NotSyncedSince: in.NotSyncedSince, Wait: in.duration(),
	}, progress)
}

// InCheckDrift are the arguments of check_drift.
type InCheckDrift struct {
	InGateway
	Target string `json:"target,omitempty" jsonschema:"id or name; default: all"`
	Filter string `json:"filter,omitempty" jsonschema:"text in a tool's name"`
}

// OutDrift is the answer of check_drift.
type OutDrift struct {
	Gateway string          `json:"gateway"`
	InSync  int             `json:"inSync"`
	Drifted int             `json:"drifted"`
	Unknown int             `json:"unknown"`
	Targets []gateway.Drift `json:"targets"`
	Next    string          `json:"next,omitempty"`
}

func checkDrift(ctx context.Context, m *gateway.Manager, in InCheckDrift, progress gateway.Progress) (OutDrift, error) {
	g, drifts, err := m.CheckDrift(ctx, in.Gateway, in.Target, progress)
	if err != nil {
		return OutDrift{}, err
	}
	out := OutDrift{Gateway: g.Name, Targets: drifts}
	for i := range drifts {
		drifts[i].Keep(InFilter{in.Filter}.keeps)
	}
	for _, d := range drifts {
		switch d.State {
		case gateway.InSync:
			out.InSync++
		case gateway.Drifted:
			out.Drifted++
		default:
			out.Unknown++
		}
	}
	if out.Drifted > 0 {
		out.Next = "synchronize_target, or synchronize_targets with onlyDrifted, makes the gateway read the servers' tools again; a pinned target needs unpin_target_tools"
	}
	return out, nil
}

// InUpdate are the arguments that every update has.
type InUpdate struct {
	InDryRun
	OnFailure gateway.OnFailure `json:"onFailure,omitempty" jsonschema:"default revert"`
	Confirm   string            `json:"confirm,omitempty" jsonschema:"the target's name, if asked for"`
	InWait
}

func (in InUpdate) options() gateway.UpdateOptions {
	return gateway.UpdateOptions{DryRun: in.DryRun, OnFailure: in.OnFailure, Confirm: in.Confirm, Wait: in.duration()}
}

// InUpdateEndpoint are the arguments of update_target_endpoint.
type InUpdateEndpoint struct {
	InTarget
	Endpoint   string `json:"endpoint,omitempty" jsonschema:"https URL of the MCP server"`
	RuntimeARN string `json:"runtimeArn,omitempty" jsonschema:"instead of endpoint"`
	Qualifier  string `json:"qualifier,omitempty" jsonschema:"of the runtime, default DEFAULT"`
	InUpdate
}

func updateTargetEndpoint(ctx context.Context, m *gateway.Manager, in InUpdateEndpoint, progress gateway.Progress) (gateway.Change, error) {
	to := gateway.NewEndpoint{URL: in.Endpoint, RuntimeARN: in.RuntimeARN, Qualifier: in.Qualifier}
	return m.UpdateEndpoint(ctx, in.Gateway, in.Target, to, in.options(), progress)
}

// InUpdateTarget are the arguments of update_target. What is left out is kept.
type InUpdateTarget struct {
	InTarget
	Description      *string          `json:"description,omitempty"`
	OAuthProviderARN *string          `json:"oauthProviderArn,omitempty" jsonschema:"OAuth2 credential provider"`
	Scopes           []string         `json:"scopes,omitempty" jsonschema:"OAuth scopes to sign in with"`
	ListingMode      *aws.ListingMode `json:"listingMode,omitempty"`
	ResourcePriority *int32           `json:"resourcePriority,omitempty" jsonschema:"order among targets"`
	RequestHeaders   *[]string        `json:"requestHeaders,omitempty" jsonschema:"passed through to the server; [] for none"`
	QueryParameters  *[]string        `json:"queryParameters,omitempty"`
	ResponseHeaders  *[]string        `json:"responseHeaders,omitempty"`
	InUpdate
}

func updateTarget(ctx context.Context, m *gateway.Manager, in InUpdateTarget, progress gateway.Progress) (gateway.Change, error) {
	return m.UpdateTarget(ctx, in.Gateway, in.Target, aws.Edit{
		Description: in.Description, OAuthProviderARN: in.OAuthProviderARN, Scopes: in.Scopes, ListingMode: in.ListingMode,
		ResourcePriority: in.ResourcePriority, RequestHeaders: in.RequestHeaders, QueryParameters: in.QueryParameters, ResponseHeaders: in.ResponseHeaders,
	}, in.options(), progress)
}

// InPin are the arguments of pin_target_tools and unpin_target_tools.
type InPin struct {
	InTarget
	InUpdate
}

func pinTargetTools(ctx context.Context, m *gateway.Manager, in InPin, progress gateway.Progress) (gateway.Pinned, error) {
	return m.Pin(ctx, in.Gateway, in.Target, in.options(), progress)
}

func unpinTargetTools(ctx context.Context, m *gateway.Manager, in InPin, progress gateway.Progress) (gateway.Change, error) {
	return m.Unpin(ctx, in.Gateway, in.Target, in.options(), progress)
}

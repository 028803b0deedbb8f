package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// SynchronizeTargetArguments are the arguments of synchronize_target.
type SynchronizeTargetArguments struct {
	TargetArgument
	DryRunArgument
	WaitArgument
}

func synchronizeTarget(ctx context.Context, m *gateway.Manager, in SynchronizeTargetArguments, caller gateway.Caller) (ChangeReport, error) {
	change, err := m.Synchronize(ctx, in.Gateway, in.Target, gateway.SynchronizeOptions{DryRun: in.DryRun, Plan: in.Plan, Wait: in.duration()}, caller)
	return ChangeReport{change}, err
}

// SynchronizeTargetsArguments are the arguments of synchronize_targets.
type SynchronizeTargetsArguments struct {
	GatewaysArgument
	Targets        []string  `json:"targets,omitempty" jsonschema:"default: all"`
	OnlyDrifted    bool      `json:"onlyDrifted,omitempty"`
	RuntimeARN     string    `json:"runtimeArn,omitempty" jsonschema:"only targets that point to it"`
	NotSyncedSince time.Time `json:"notSyncedSince,omitzero" jsonschema:"RFC 3339; leaves out what was synchronized after it"`
	WaitArgument
}

// FleetReport is the answer of synchronize_targets.
type FleetReport struct{ gateway.Fleet }

// Show prints what came of each target for a person.
func (f FleetReport) Show(p *terminal.Printer) {
	for _, t := range f.Targets {
		outcome := string(t.Outcome)
		if t.Outcome == gateway.Failed {
			outcome = p.Paint(terminal.Red, outcome)
		}
		p.Say(0, "%s/%s  %s, %s", t.Gateway, t.Target, outcome, t.Status)
		showReasons(p, t.StatusReasons, t.AuthorizationURL)
		if t.Tools != nil {
			showToolChange(p, *t.Tools)
		}
	}
	for _, s := range f.SkippedFor {
		p.Say(0, "skipped %d, %s: %s", s.Count, s.Reason, strings.Join(s.Targets, ", "))
	}
	for _, reason := range f.Unread {
		p.Say(0, "tools not compared: %s", reason)
	}
	counts := ""
	for _, of := range []struct {
		n      int
		what   string
		colour terminal.Colour
	}{{f.Changed, "with other tools", ""}, {f.Failed, "failed", terminal.Red}, {f.NeedsAuthorization, "pending authorization", terminal.Yellow}, {f.InProgress, "not done", terminal.Yellow}, {f.Skipped, "skipped", ""}} {
		if of.n > 0 {
			counts += ", " + p.Paint(of.colour, fmt.Sprintf("%d %s", of.n, of.what))
		}
	}
	p.Say(0, "%s: %d of %d synchronized%s, in %.1f s", f.Outcome, f.Synchronized, f.Total, counts, f.Seconds)
	next(p, 0, f.Next)
}

func synchronizeTargets(ctx context.Context, m *gateway.Manager, in SynchronizeTargetsArguments, caller gateway.Caller) (FleetReport, error) {
	fleet, err := m.SynchronizeAll(ctx, gateway.FleetRequest{
		Gateways: in.refs(), Targets: in.Targets, OnlyDrifted: in.OnlyDrifted, RuntimeARN: in.RuntimeARN, NotSyncedSince: in.NotSyncedSince, Wait: in.duration(),
	}, caller)
	return FleetReport{fleet}, err
}

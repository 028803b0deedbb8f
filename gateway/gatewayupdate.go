package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
)

// GatewayUpdate says how to change a gateway.
type GatewayUpdate struct {
	Edit    aws.GatewayEdit
	DryRun  bool
	Confirm Word // of the gateway, where callers may be shut out or let in
	Wait    time.Duration
}

// UpdateGateway changes what the update says of a gateway and nothing else, waits for at
// most its time until that is READY, reads it back, and tells what AWS has not taken.
//
// UpdateGateway replaces the whole gateway and has no conditional form, so the gateway is
// read whole, read again right before it is sent back, and a difference between the two
// is an error. Before anything is sent, the complete previous configuration is kept. Another authorizer or role, or a revision of MCP fewer, needs Confirm.
//
// An error means that nothing was changed.
func (m *Manager) UpdateGateway(ctx context.Context, ref string, u GatewayUpdate, caller Caller) (GatewayChange, error) {
	start := time.Now()
	g, err := m.Gateway(ctx, ref)
	if err != nil {
		return GatewayChange{}, err
	}
	changes, err := gatewayDifferences(g, u.Edit)
	if err != nil {
		return GatewayChange{}, fmt.Errorf("gateway %s was not updated: %w", g.Name, err)
	}
	if len(changes) == 0 {
		return newGatewayChange(g, Unchanged, start, "the gateway has these settings already: nothing was sent"), nil
	}
	if g.Status != aws.GatewayReady && g.Status != "UPDATE_UNSUCCESSFUL" && g.Status != "FAILED" {
		return GatewayChange{}, fmt.Errorf("gateway %s is %s: AWS refuses an update until that has ended, look with get_gateway and try again", g.Name, g.Status)
	}
	refusal := unconfirmedGateway(g, changes, u)
	if u.DryRun {
		c := newGatewayChange(g, Planned, start, "call again without dryRun to make the change")
		if c.Configuration = changes; refusal != nil {
			c.Next = refusal.Error()
		}
		return c, nil
	}
	if refusal != nil {
		return GatewayChange{}, refusal
	}
	previous, err := m.Client.Gateway(ctx, g.ID)
	if err != nil {
		return GatewayChange{}, err
	}
	if !previous.UpdatedAt.Equal(g.UpdatedAt) || previous.Status != g.Status {
		return GatewayChange{}, fmt.Errorf("gateway %s changed while this update was prepared: nothing was sent, look with get_gateway and try again", g.Name)
	}
	if err := m.sendUpdate(ctx, m.Client.Recording(caller.Sent), previous, u.Edit); err != nil {
		return GatewayChange{}, fmt.Errorf("gateway %s was not updated: %w", g.Name, err)
	}
	waiting, cancel := context.WithDeadline(context.WithoutCancel(ctx), start.Add(max(u.Wait, time.Second)))
	defer cancel()
	caller.Progress.report(0, 0, g.Name+" is UPDATING")
	return m.updated(waiting, previous, changes, u.Edit, start), nil
}

// sendUpdate sends an update, which has no token: where the answer is lost, the gateway
// itself says whether it has begun.
func (m *Manager) sendUpdate(ctx context.Context, client *aws.Client, previous aws.Gateway, edit aws.GatewayEdit) error {
	m.keepGateway(previous, BeforeUpdate)
	err := m.bounded(ctx, func(ctx context.Context) error { return client.UpdateGateway(ctx, previous, edit) })
	if !errors.Is(err, aws.ErrUncertain) {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for _, wait := range readsBeforeNo(m.Client.Local()) {
		_ = pause(ctx, wait) // ctx has no end
		now, readErr := m.Client.Gateway(ctx, previous.ID)
		switch {
		case readErr != nil:
			return nil // it may have begun: it is followed
		case !now.UpdatedAt.Equal(previous.UpdatedAt) || now.Status != previous.Status:
			return nil
		}
	}
	return fmt.Errorf("%w; nothing has begun: try again", err)
}

// updated follows an update to its end.
func (m *Manager) updated(ctx context.Context, previous aws.Gateway, changes []Setting, edit aws.GatewayEdit, start time.Time) GatewayChange {
	now, err := m.Client.WaitGateway(ctx, previous.ID, aws.GatewayReady)
	for ; err == nil && now.UpdatedAt.Equal(previous.UpdatedAt) && pause(ctx, 200*time.Millisecond) == nil; now, err = m.Client.WaitGateway(ctx, previous.ID, aws.GatewayReady) {
	}
	if now.ID == "" {
		now = previous
	}
	back := m.whereKept()
	var c GatewayChange
	switch left, diffErr := gatewayDifferences(now, edit); {
	case ctx.Err() != nil:
		c = newGatewayChange(now, InProgress, start, "get_gateway shows when it is READY"+back)
	case err != nil:
		c = newGatewayChange(now, Failed, start, fmt.Sprintf("the gateway does not work with the new settings (%v)%s", err, back))
	case diffErr == nil && len(left) > 0:
		c = newGatewayChange(now, Failed, start, fmt.Sprintf("AWS has taken the update, and not all of it: %s is as before%s", paths(left), back))
	default:
		c = newGatewayChange(now, Updated, start, "agents connected to the gateway may have to connect again")
	}
	c.Configuration = changes
	return c
}

// gatewayDifferences lists what an edit changes of a gateway's configuration, by path.
func gatewayDifferences(g aws.Gateway, edit aws.GatewayEdit) ([]Setting, error) {
	before, err := g.Edited(aws.GatewayEdit{})
	if err != nil {
		return nil, err
	}
	after, err := g.Edited(edit)
	if err != nil {
		return nil, err
	}
	return settingsBetween(before, after)
}

// graveSettings decide who may call a gateway, or what it may do, by the beginnings of
// their paths.
var graveSettings = []string{"authorizerConfiguration", "roleArn", "policyEngineConfiguration", "interceptorConfigurations"}

// unconfirmedGateway asks for a person's word where a change decides who may call the
// gateway or what it may do, or shuts clients out.
func unconfirmedGateway(g aws.Gateway, changes []Setting, u GatewayUpdate) error {
	var grave []string
	for _, s := range changes {
		// A configuration from before may bring back more than its name says.
		harmless := s.Path == "description" || strings.HasSuffix(s.Path, ".instructions")
		if u.Edit.Whole != nil && !harmless || slices.ContainsFunc(graveSettings, func(grave string) bool { return strings.HasPrefix(s.Path, grave) }) {
			grave = append(grave, s.Path)
		}
	}
	next := u.Edit.Revisions
	if u.Edit.Whole != nil {
		next = &u.Edit.Whole.Revisions
	}
	if next != nil && loses(g.Revisions, *next) {
		grave = append(grave, "supportedVersions (fewer than now)")
	}
	if len(grave) == 0 {
		return nil
	}
	var values []string
	for _, s := range changes {
		values = append(values, s.Path, s.After)
	}
	asks := unconfirmedOf(g, "updated", few(grave)+" decides who may call it, or what it may do", values...)
	if u.Confirm.agrees(asks) {
		return nil
	}
	return asks
}

// loses reports whether revisions that were accepted are not any more; none is all.
func loses(before, after []string) bool {
	if len(before) == 0 || len(after) == 0 {
		return len(after) > 0
	}
	return slices.ContainsFunc(before, func(v string) bool { return !slices.Contains(after, v) })
}

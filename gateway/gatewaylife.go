package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
)

// GatewayChange is what came of creating or deleting a gateway.
type GatewayChange struct {
	Outcome        Outcome   `json:"outcome"`
	GatewayView              // as last seen
	DeletedTargets int       `json:"deletedTargets,omitempty"`
	Configuration  []Setting `json:"configuration,omitempty" jsonschema:"what the update changes"`
	Seconds        float64   `json:"seconds"`
	Next           string    `json:"next,omitempty" jsonschema:"what to do now"`
	Account        string    `json:"account,omitempty"`
	Region         string    `json:"region,omitempty"`

	was string // what is deleted, see Was
}

// Was is the configuration of the gateway that a deletion takes away, in AWS's JSON with
// the secrets of its URLs hidden; "" where nothing is deleted.
func (c GatewayChange) Was() string { return c.was }

// IsFailure reports whether a model must see the outcome as an error.
func (c GatewayChange) IsFailure() bool { return c.Outcome == Failed }

func newGatewayChange(g aws.Gateway, outcome Outcome, start time.Time, next string) GatewayChange {
	return GatewayChange{Outcome: outcome, GatewayView: ViewGateway(g), Seconds: seconds(time.Since(start)), Next: next, Account: g.Account(), Region: g.Region()}
}

// GatewaySpec says what gateway to create.
type GatewaySpec struct {
	aws.NewGateway
	Confirm Word // of the gateway, where everybody could call it
	Wait    time.Duration
}

// CreateGateway creates a gateway, and waits for at most the spec's time until it is
// READY. One of that name that is there already is not doubled. Whoever may reach the
// URL could call a gateway with authorizer NONE: it needs Confirm.
//
// An error means that nothing was created.
func (m *Manager) CreateGateway(ctx context.Context, spec GatewaySpec, caller Caller) (GatewayChange, error) {
	start := time.Now()
	if len(m.Allowed) > 0 {
		return GatewayChange{}, fmt.Errorf("this server may manage only %s (--gateway): it creates no other gateway", strings.Join(m.Allowed, ", "))
	}
	if err := checkGateway(spec); err != nil {
		return GatewayChange{}, err
	}
	all, err := m.Gateways(ctx)
	if err != nil {
		return GatewayChange{}, err
	}
	for _, g := range all {
		if g.Name == spec.Name {
			if g, err = m.Client.Gateway(ctx, g.ID); err != nil {
				return GatewayChange{}, err
			}
			if g.Authorizer != spec.Authorizer || g.DiscoveryURL != spec.DiscoveryURL || g.RoleARN != spec.RoleARN {
				return GatewayChange{}, fmt.Errorf("a gateway named %s is there already, with authorizer %s, and not with this issuer and role: nothing was created; get_gateway shows it, update_gateway changes it, or give another name", g.Name, g.Authorizer)
			}
			return newGatewayChange(g, Unchanged, start, "a gateway of this name, authorizer, issuer and role is there already: nothing was created, and its other settings were not compared"), nil
		}
	}
	spec.Token = rand.Text() + rand.Text()
	id, err := m.sendGateway(ctx, m.Client.Recording(caller.Sent), spec.NewGateway)
	if err != nil {
		return GatewayChange{}, err
	}
	waiting, cancel := context.WithDeadline(context.WithoutCancel(ctx), start.Add(max(spec.Wait, time.Second)))
	defer cancel()
	caller.Progress.report(0, 0, spec.Name+" is CREATING")
	g, err := m.Client.WaitGateway(waiting, id, aws.GatewayReady)
	if g.ID == "" {
		g.ID, g.Name = id, spec.Name
	}
	switch {
	case err == nil:
		return newGatewayChange(g, Created, start, "create_target gives it tools; its callers reach it at url"), nil
	case waiting.Err() != nil:
		return newGatewayChange(g, InProgress, start, "get_gateway shows when it is READY"), nil
	}
	return newGatewayChange(g, Failed, start, fmt.Sprintf("the gateway exists and does not work (%v): delete_gateway removes it", err)), nil
}

// sendGateway creates a gateway.
func (m *Manager) sendGateway(ctx context.Context, client *aws.Client, n aws.NewGateway) (id string, err error) {
	err = m.withToken(ctx, func(ctx context.Context) (err error) {
		id, err = client.CreateGateway(ctx, n)
		return err
	})
	switch {
	case errors.Is(err, aws.ErrUncertain):
		return "", fmt.Errorf("whether gateway %s was created is not known: %w; list_gateways shows it", n.Name, err)
	case err != nil:
		return "", fmt.Errorf("gateway %s was not created: %w", n.Name, err)
	}
	return id, nil
}

// checkGateway refuses what AWS would, and what nobody should want without a word.
func checkGateway(spec GatewaySpec) error {
	jwt := spec.DiscoveryURL != "" || len(spec.AllowedClients)+len(spec.AllowedAudience)+len(spec.AllowedScopes) > 0
	switch {
	case !gatewayName().MatchString(spec.Name) || len(spec.Name) > 48:
		return fmt.Errorf("%s cannot be a gateway's name: AWS takes up to 48 letters and digits, joined by single hyphens", asked(spec.Name))
	case !strings.HasPrefix(spec.RoleARN, "arn:") || !strings.Contains(spec.RoleARN, ":role/"):
		return fmt.Errorf("roleArn is not the ARN of a role: give the one that the gateway acts as, such as arn:aws:iam::123456789012:role/gateway")
	case spec.Authorizer == "":
		return fmt.Errorf("authorizer is not given: CUSTOM_JWT (with discoveryUrl), AWS_IAM or NONE say who may call the gateway")
	case spec.Authorizer == aws.AuthorizerJWT && spec.DiscoveryURL == "":
		return fmt.Errorf("authorizer CUSTOM_JWT needs discoveryUrl, the issuer's …/.well-known/openid-configuration")
	case spec.Authorizer == aws.AuthorizerJWT && len(spec.AllowedClients)+len(spec.AllowedAudience) == 0:
		return fmt.Errorf("authorizer CUSTOM_JWT needs allowedClients or allowedAudience: else every token of the issuer opens the gateway")
	case spec.Authorizer != aws.AuthorizerJWT && jwt:
		return fmt.Errorf("discoveryUrl and what is allowed go with authorizer CUSTOM_JWT, not with %s", spec.Authorizer)
	}
	if asks := unconfirmedOf(aws.Gateway{Name: spec.Name}, "created", "with authorizer NONE everybody who learns its URL can call its tools"); spec.Authorizer == aws.AuthorizerNone && !spec.Confirm.agrees(asks) {
		return asks
	}
	if u, err := url.Parse(spec.DiscoveryURL); spec.Authorizer == aws.AuthorizerJWT && (err != nil || !strings.HasSuffix(u.Path, "/.well-known/openid-configuration")) {
		return fmt.Errorf("discoveryUrl does not end in /.well-known/openid-configuration, which AWS wants")
	}
	return nil
}

// unconfirmedDeletion asks whether a gateway shall go with these targets.
func (m *Manager) unconfirmedDeletion(ctx context.Context, g aws.Gateway, targets []aws.Target, caller Caller) *Unconfirmed {
	var names, ids []string
	for _, t := range targets {
		names, ids = append(names, t.Name), append(ids, t.ID)
	}
	slices.Sort(ids)
	would := fmt.Sprintf("it has %d targets, which would go with it, and its callers would lose all of its tools", len(targets))
	if len(names) > 0 {
		would += ": " + few(names)
	}
	if m.hasItself(ctx, g, targets, caller) {
		would += "; one of the targets leads to this very server: whoever works with it through this gateway, you perhaps, loses it"
	}
	return unconfirmedOf(g, "deleted", would, ids...)
}

// hasItself reports whether one of the targets leads to this server, as far as that can
// be read.
func (m *Manager) hasItself(ctx context.Context, g aws.Gateway, targets []aws.Target, caller Caller) bool {
	if len(m.Self) == 0 && caller.Reached == "" {
		return false
	}
	whole := slices.Clone(targets)
	m.whole(ctx, g, whole, nil)
	return slices.ContainsFunc(whole, func(t aws.Target) bool { return m.leadsHere(t, caller.Reached) })
}

// DeleteGateway deletes a gateway with its targets, for which it waits first, for at most
// wait. confirm must be the gateway's name: without it nothing is sent, and the error says
// what would be lost. A further call goes on where the time was up.
//
// An error means that nothing was changed.
func (m *Manager) DeleteGateway(ctx context.Context, gateway string, confirm Word, wait time.Duration, caller Caller) (GatewayChange, error) {
	start := time.Now()
	g, err := m.Gateway(ctx, gateway)
	if err != nil {
		return GatewayChange{}, err
	}
	targets, err := m.targets(ctx, g)
	if err != nil {
		return GatewayChange{}, err
	}
	for _, t := range targets {
		if aws.PhaseOf(t.Status) == aws.PhasePending {
			return GatewayChange{}, fmt.Errorf("gateway %s was not deleted: %w", g.Name, refusePending(t))
		}
	}
	if asks := m.unconfirmedDeletion(ctx, g, targets, caller); !confirm.agrees(asks) {
		return GatewayChange{}, asks
	}
	waiting, cancel := context.WithDeadline(ctx, start.Add(max(wait, time.Second)))
	defer cancel()
	deleted, failures, err := m.deleteTargets(waiting, g, targets, wait, caller)
	switch {
	case ctx.Err() != nil:
		return GatewayChange{}, fmt.Errorf("the call was given up: what was begun goes on, and the same call goes on with the rest: %w", context.Cause(ctx))
	case err == nil && len(failures) > 0:
		c := newGatewayChange(g, Failed, start, "the gateway is still there, for targets of it could not be deleted: "+strings.Join(failures, "; "))
		c.DeletedTargets = deleted
		return c, nil
	case err != nil:
		c := newGatewayChange(g, InProgress, start, "the time was up: the same call goes on, and deletes the gateway when its targets are gone")
		c.DeletedTargets = deleted
		return c, nil
	}
	caller.Progress.report(float64(len(targets)), float64(len(targets)+1), "its targets are gone, deleting "+g.Name)
	c := m.deleteEmpty(waiting, m.Client.Recording(caller.Sent), g, start)
	c.DeletedTargets, c.was = deleted, loggedGateway(g)
	return c, nil
}

// deleteTargets deletes the targets of a gateway, five at a time. The error is that the
// time is up.
func (m *Manager) deleteTargets(ctx context.Context, g aws.Gateway, targets []aws.Target, wait time.Duration, caller Caller) (deleted int, failures []string, err error) {
	ends := make([]Change, len(targets))
	var gone atomic.Int32
	progress := func(_, _ float64, message string) {
		caller.Progress.report(float64(gone.Load()), float64(len(targets)+1), message) // and the gateway
	}
	var work errgroup.Group
	work.SetLimit(atWork)
	for i, t := range targets {
		work.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			one := Caller{Name: caller.Name, Call: caller.Call + " " + t.ID, Reached: caller.Reached, Sent: caller.Sent, Trace: caller.Trace, Progress: progress}
			ends[i], err = m.run(ctx, g.ID, t.ID, &deletion{withGateway: true}, wait, one)
			if ends[i].Outcome == Deleted {
				gone.Add(1)
			}
			if err != nil && ctx.Err() == nil {
				ends[i] = newChange(g, t)
				ends[i].Outcome, ends[i].Next, err = Failed, err.Error(), nil
			}
			return err
		})
	}
	err = work.Wait()
	for _, c := range ends {
		switch c.Outcome {
		case Deleted:
			deleted++
		case Failed:
			failures = append(failures, c.Target+": "+strings.Join(append(c.StatusReasons, c.Next), ", "))
		case InProgress, "":
			err = errors.Join(err, context.DeadlineExceeded)
		}
	}
	return deleted, failures, err
}

// deleteEmpty deletes a gateway that has no targets, and waits until it is gone.
func (m *Manager) deleteEmpty(ctx context.Context, client *aws.Client, g aws.Gateway, start time.Time) GatewayChange {
	if g.Status != aws.GatewayDeleting {
		m.keepGateway(g, BeforeDeletion)
		err := m.bounded(ctx, func(ctx context.Context) error { return client.DeleteGateway(ctx, g.ID) })
		switch {
		case errors.Is(err, aws.ErrNotFound):
			return newGatewayChange(g, Deleted, start, "")
		case err != nil && !errors.Is(err, aws.ErrUncertain): // else what there is to see shows
			return newGatewayChange(g, Failed, start, "the gateway is still there: "+err.Error())
		}
	}
	now, err := m.Client.WaitGateway(ctx, g.ID)
	switch {
	case errors.Is(err, aws.ErrNotFound):
		return newGatewayChange(g, Deleted, start, "")
	case ctx.Err() != nil:
		return newGatewayChange(g, InProgress, start, "the same call waits on until it is gone")
	}
	return newGatewayChange(now, Failed, start, fmt.Sprintf("the gateway is still there: %v", err))
}

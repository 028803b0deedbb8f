package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// TargetAuth is how a new target signs in at its server.
type TargetAuth string

const (
	AuthNone   TargetAuth = "none"
	AuthOAuth  TargetAuth = "oauth"   // a token of a credential provider, by client credentials
	AuthUser   TargetAuth = "consent" // the same, by a person's consent
	AuthAPIKey TargetAuth = "apiKey"
	AuthIAM    TargetAuth = "iam" // signed with the gateway's role
)

// Values lists them, for schemas.
func (TargetAuth) Values() []TargetAuth {
	return []TargetAuth{AuthNone, AuthOAuth, AuthUser, AuthAPIKey, AuthIAM}
}

// TargetSpec says what target to create.
type TargetSpec struct {
	Name, Description string
	At                NewEndpoint
	Auth              TargetAuth // "" is AuthNone
	Provider          string     // name or ARN, for oauth, consent and apiKey
	Scopes            []string
	Service           string // to sign for, with iam; "" for a runtime's
	ListingMode       aws.ListingMode
}

// CreateOptions are those of a creation.
type CreateOptions struct {
	DryRun  bool
	Confirm Word // of the target, where a credential goes to a new origin
	Wait    time.Duration
}

// CreateTarget creates a target for an MCP server, waits for at most o.Wait until AWS
// has read its tools, and tells which the gateway serves. A target of that name that is
// there already is not doubled: with the same endpoint it is the answer, with another the
// call is refused. Before anything is sent, the endpoint is asked without credentials
// whether an MCP server answers there.
//
// An error means that nothing was created.
func (m *Manager) CreateTarget(ctx context.Context, gateway string, spec TargetSpec, o CreateOptions, caller Caller) (Change, error) {
	start := time.Now()
	if r := m.operations.again(caller, ""); r != nil && !o.DryRun {
		return r.await(ctx, start, o.Wait, caller)
	}
	g, err := m.Gateway(ctx, gateway)
	if err != nil {
		return Change{}, err
	}
	if err := checkScopes(spec.Scopes); err != nil {
		return Change{}, fmt.Errorf("target %s was not created: %w", asked(spec.Name), err)
	}
	n, err := m.newTarget(ctx, spec)
	if err != nil {
		return Change{}, err
	}
	if c, exists, err := m.existing(ctx, g, n); exists || err != nil {
		return c, err
	}
	c := &creation{new: n}
	if c.unchecked, err = m.mayCreate(ctx, g, n, spec, o.Confirm); err != nil && (!o.DryRun || !errors.As(err, new(*Unconfirmed))) {
		return Change{}, err
	}
	refusal := err
	op := m.newOperation(g, aws.Target{Name: n.Name, Endpoint: n.Endpoint, Type: aws.TargetMCPServer}, caller)
	offered, err := m.toStrangers(caller.Program)(ctx, op.before)
	if c.found, err = c.judge(&offered, err, spec.Auth); err != nil {
		return Change{}, err
	}
	if o.DryRun {
		return c.planned(op, refusal), nil
	}
	reading, cancel := context.WithTimeout(ctx, readingBefore(o.Wait))
	defer cancel()
	op.served, op.servedErr = op.list(reading)
	r, err := m.begin(ctx, op, c, caller)
	if err != nil {
		return Change{}, err
	}
	return r.await(ctx, start, o.Wait, caller)
}

// newTarget is what a spec asks AWS for.
func (m *Manager) newTarget(ctx context.Context, spec TargetSpec) (n aws.NewTarget, err error) {
	if err := checkTargetName(spec.Name); err != nil {
		return n, err
	}
	n = aws.NewTarget{Name: spec.Name, Description: spec.Description, Scopes: spec.Scopes, NeedsConsent: spec.Auth == AuthUser, ListingMode: spec.ListingMode, Token: rand.Text() + rand.Text()}
	if n.Endpoint, err = m.endpoint(ctx, spec.At); err != nil {
		return n, err
	}
	switch spec.Auth {
	case AuthOAuth, AuthUser, AuthAPIKey:
		if spec.Provider == "" {
			return n, fmt.Errorf("auth %s needs provider, the name or ARN of a credential provider", spec.Auth)
		}
		kind := aws.CredentialOAuth
		if spec.Auth == AuthAPIKey {
			kind = aws.CredentialAPIKey
		}
		arn, err := m.Client.ProviderARN(ctx, kind, spec.Provider)
		if errors.Is(err, aws.ErrNotFound) || errors.Is(err, aws.ErrInvalid) {
			return n, fmt.Errorf("target %s was not created: there is no credential provider %s of that kind: %w", spec.Name, asked(spec.Provider), err)
		}
		if err != nil {
			return n, err
		}
		n.ProviderARN, n.APIKey = arn, kind == aws.CredentialAPIKey
	case AuthIAM:
		if n.IAMService = spec.Service; n.IAMService == "" {
			if spec.At.RuntimeARN == "" {
				return n, fmt.Errorf("auth iam needs service, the service that the endpoint's requests are signed for, such as lambda or execute-api")
			}
			n.IAMService = "bedrock-agentcore"
		}
	case AuthNone, "":
		if spec.Provider != "" || len(spec.Scopes) > 0 {
			return n, fmt.Errorf("provider and scopes go with auth oauth, consent or apiKey: say which")
		}
	}
	if len(spec.Scopes) > 0 && spec.Auth != AuthOAuth && spec.Auth != AuthUser {
		return n, fmt.Errorf("scopes go with auth oauth or consent")
	}
	return n, nil
}

// existing is a target of the same name that is there already; an error where it is
// another one.
func (m *Manager) existing(ctx context.Context, g aws.Gateway, n aws.NewTarget) (c Change, exists bool, err error) {
	all, err := m.targets(ctx, g)
	if err != nil {
		return c, false, err
	}
	i := slices.IndexFunc(all, func(t aws.Target) bool { return t.Name == n.Name })
	if i < 0 {
		return c, false, nil
	}
	t, err := m.Client.Target(ctx, g.ID, all[i].ID)
	if err != nil {
		return c, false, err
	}
	if t.Endpoint != n.Endpoint {
		return c, true, fmt.Errorf("gateway %s has a target named %s already, at another endpoint: update_target_endpoint moves it, or give the new one another name; nothing was created", g.Name, t.Name)
	}
	if has, wants := credentialsOf(t), signsIn(n); has.kind != wants.kind || has.provider != wants.provider || !slices.Equal(has.scopes, wants.scopes) && len(has.scopes)+len(wants.scopes) > 0 {
		return c, true, fmt.Errorf("gateway %s has a target named %s already, at this endpoint, which signs in in another way: update_target changes provider and scopes, or give the new one another name; nothing was created", g.Name, t.Name)
	}
	c = newChange(g, t)
	c.Outcome, c.Next = Unchanged, "a target of this name and endpoint is there already: nothing was created; get_target shows it"
	if aws.PhaseOf(t.Status) == aws.PhaseFailed {
		c.Outcome, c.Next = Failed, "a target of this name and endpoint is there already, and does not work: "+WhyFailed(t)
	}
	if aws.PhaseOf(t.Status) == aws.PhaseWorking {
		c.Outcome, c.Next = InProgress, "a target of this name and endpoint is there already: synchronize_target waits for its end"
	}
	return c, true, nil
}

// signsIn is how a new target signs in.
func signsIn(n aws.NewTarget) credentials {
	c := credentials{provider: n.ProviderARN, scopes: n.Scopes}
	switch {
	case n.APIKey:
		c.kind = string(aws.CredentialAPIKey)
	case n.ProviderARN != "":
		c.kind = string(aws.CredentialOAuth)
	case n.IAMService != "":
		c.kind = string(aws.CredentialIAMRole)
	}
	return c
}

// mayCreate looks for the runtime that a new target names, and holds its credential to
// the rule of origins. It returns what could not be looked at.
func (m *Manager) mayCreate(ctx context.Context, g aws.Gateway, n aws.NewTarget, spec TargetSpec, word Word) (unchecked []string, err error) {
	to, err := url.Parse(n.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("the endpoint is no URL: %w", err)
	}
	way := m.way(ctx, g, &url.URL{}, to)
	if way.toShared && aws.InvokesRuntime(to) {
		switch status, err := m.Client.FindRuntime(ctx, to); {
		case errors.Is(err, aws.ErrNotFound):
			return nil, fmt.Errorf("target %s was not created, its runtime or that one's endpoint does not exist: %w; check runtimeArn and qualifier", n.Name, err)
		case err != nil:
			unchecked = append(unchecked, "whether the runtime and its endpoint exist: "+err.Error())
		case status != "READY":
			return nil, fmt.Errorf("target %s was not created: its runtime is %s, and AWS reads a target's tools at once; wait until it is READY", n.Name, status)
		}
	}
	sends := signsIn(n)
	if what := sends.String(); what != "" && !way.familiar() {
		asks := unconfirmedTarget(aws.Target{Name: n.Name}, "created", fmt.Sprintf("AgentCore would send to %s, a new origin: %s", way.destination(), what), ", or start this server with --trusted-endpoints if that host is yours", g.ARN, n.Endpoint)
		if !word.agrees(asks) {
			return unchecked, asks
		}
	}
	return unchecked, nil
}

// judge holds what the endpoint has answered, without credentials, against how the target
// signs in: where it does not, the list must have come; else one that asks for a
// credential is as good as it can be seen, and anything else is told.
func (c *creation) judge(offered *catalog.List, err error, auth TargetAuth) (*catalog.List, error) {
	failed := (*remote.Error)(nil)
	switch {
	case err == nil:
		return offered, nil
	case (auth == AuthNone || auth == "") && errors.As(err, &failed) && refusesStrangers(failed):
		return nil, fmt.Errorf("target %s was not created: its server wants a credential, and auth says none (%w); call again with auth oauth and a provider, whose names list_credential_providers has, or with iam for a runtime that takes requests signed by the gateway's role", c.new.Name, err)
	case auth == AuthNone || auth == "":
		return nil, fmt.Errorf("target %s was not created: its server was asked as AgentCore would ask, without credentials, and %w", c.new.Name, err)
	case errors.As(err, &failed) && refusesStrangers(failed):
		c.unchecked = append(c.unchecked, "which tools the server offers: it asks for a credential")
	default:
		c.unchecked = append(c.unchecked, "which tools the server offers: "+err.Error())
	}
	return nil, nil
}

// checkTargetName refuses what AWS would: letters and digits, joined by single hyphens.
func checkTargetName(name string) error {
	if targetName().MatchString(name) && len(name) <= 100 {
		return nil
	}
	return fmt.Errorf("%s cannot be a target's name: AWS takes up to 100 letters and digits, joined by single hyphens", asked(name))
}

type creation struct {
	new       aws.NewTarget
	unchecked []string
	found     *catalog.List // what the server offers to a stranger, nil where it asks for a credential
}

// planned is the answer of a dry run; refusal is what a person has to confirm, nil for
// nothing.
func (c *creation) planned(o *operation, refusal error) Change {
	change := newChange(o.g, o.before)
	change.Outcome, change.Unchecked, change.Endpoint = Planned, c.unchecked, o.before.Endpoint
	change.Next = "call again without dryRun to create the target"
	if refusal != nil {
		change.Next = refusal.Error()
	}
	if c.found == nil {
		return change
	}
	tools := compare(catalog.List{}, *c.found)
	tools.Source, tools.Warnings = FromPlan, warnings(o.before.Name, c.found.Tools)
	change.Tools = &tools
	return change
}

func (c *creation) success() Outcome { return Created }

func (c *creation) plan(context.Context, *operation) (*Change, error) { return nil, nil }

// apply creates the target.
func (c *creation) apply(ctx context.Context, o *operation) error {
	err := o.m.withToken(ctx, func(ctx context.Context) (err error) {
		o.before, err = o.client.CreateTarget(ctx, o.g.ID, c.new)
		return err
	})
	switch {
	case errors.Is(err, aws.ErrUncertain):
		return fmt.Errorf("whether target %s was created is not known: %w; list_targets shows it, and delete_target removes it", c.new.Name, err)
	case err != nil:
		return fmt.Errorf("target %s was not created: %w", c.new.Name, err)
	}
	o.sent, o.now = o.before, o.before
	return nil
}

func (c *creation) underway(o *operation) Change {
	change := newChange(o.g, o.sent)
	change.Outcome, change.Unchecked, change.Endpoint = InProgress, c.unchecked, c.new.Endpoint
	change.Operation = &Operation{Awaiting: "the creation that this call, or the same one before it, sent"}
	change.Next = "call create_target again with the same arguments to hear how it ended"
	if o.leaves {
		change.Next = nextLeaving
	}
	return change
}

func (c *creation) settle(ctx context.Context, o *operation) {
	o.compare(ctx, c.success())
	change := &o.change
	change.Unchecked, change.Endpoint = c.unchecked, c.new.Endpoint
	if change.Outcome == Created { // by now AWS has looked
		change.Unchecked = nil
	}
	if change.Outcome == Failed {
		change.Next = fmt.Sprintf("the target exists and does not work: %s; then synchronize_target, or delete_target with confirm set to %q", remedy(o.now), c.new.Name)
	}
}

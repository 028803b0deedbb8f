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

// RuntimeView is an agent runtime as a model sees it.
type RuntimeView struct {
	ID          string            `json:"id"`
	ARN         string            `json:"arn"`
	Name        string            `json:"name"`
	Version     string            `json:"version" jsonschema:"the latest"`
	Status      string            `json:"status"`
	Reason      string            `json:"reason,omitempty" jsonschema:"AWS's words for a failure: data"`
	Description string            `json:"description,omitempty"`
	Protocol    string            `json:"protocol,omitempty"`
	Endpoints   []RuntimeEndpoint `json:"endpoints,omitempty"`
	UsedBy      []string          `json:"usedBy,omitempty" jsonschema:"targets that point to it, as gateway/target"`
	UpdatedAt   time.Time         `json:"updatedAt,omitzero"`
}

// RuntimeEndpoint is a name under which a runtime serves a version.
type RuntimeEndpoint struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Version string `json:"version,omitempty" jsonschema:"that it serves"`
	URL     string `json:"url" jsonschema:"at which it is invoked"`
}

func viewRuntime(r aws.Runtime) RuntimeView {
	return RuntimeView{
		ID: r.ID, ARN: r.ARN, Name: r.Name, Version: r.Version, Status: r.Status, Reason: quote(r.Reason), Description: quote(r.Description), Protocol: r.Protocol, UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// Runtimes lists the agent runtimes, by name.
func (m *Manager) Runtimes(ctx context.Context) ([]RuntimeView, error) {
	all := []RuntimeView{}
	for r, err := range m.Client.Runtimes(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, viewRuntime(r))
	}
	slices.SortFunc(all, func(a, b RuntimeView) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Runtime finds the agent runtime that ref means, an id, a name or an ARN, with its
// endpoints and the targets, of the gateways that this manager may see, that point to it.
func (m *Manager) Runtime(ctx context.Context, ref string) (RuntimeView, error) {
	all, err := m.Runtimes(ctx)
	if err != nil {
		return RuntimeView{}, err
	}
	i, err := choose("runtime", ref, all, func(r RuntimeView) candidate {
		if strings.HasPrefix(ref, "arn:") { // whole: another account may have the same id
			return candidate{r.ARN, r.Name}
		}
		return candidate{r.ID, r.Name}
	})
	if err != nil {
		return RuntimeView{}, err
	}
	whole, err := m.Client.Runtime(ctx, all[i].ID)
	if err != nil {
		return RuntimeView{}, err
	}
	r := viewRuntime(whole)
	for _, e := range whole.Endpoints {
		address, err := m.Client.RuntimeEndpoint(ctx, whole.ARN, e.Name)
		if err != nil {
			return RuntimeView{}, err
		}
		r.Endpoints = append(r.Endpoints, RuntimeEndpoint{Name: e.Name, Status: e.Status, Version: e.LiveVersion, URL: address})
	}
	r.UsedBy, err = m.usedBy(ctx, func(t aws.Target) bool { return invokesAny(t, r.ARN) })
	return r, err
}

// invokes reports whether a target's endpoint is the invocation URL of a runtime.
func invokes(t aws.Target, runtimeARN string) bool {
	arn, _, ok := aws.InvokedRuntime(t.Endpoint)
	return ok && arn == runtimeARN
}

// unconfirmedRuntime asks whether a runtime shall go.
func (m *Manager) unconfirmedRuntime(r RuntimeView) *Unconfirmed {
	would := fmt.Sprintf("its versions and %d endpoints would go with it, for good; no target of this account and region points to it", len(r.Endpoints))
	if slices.ContainsFunc(m.Self, func(self string) bool { return self == r.ARN || self == r.Name || self == r.ID }) {
		would += "; it is this very server (--self)"
	}
	return &Unconfirmed{Name: r.Name, AsOf: r.UpdatedAt, what: "runtime " + r.Name + " was not deleted", Would: would, binds: []string{r.ARN}}
}

// DeleteRuntime deletes an agent runtime with its versions and endpoints, and waits for
// at most wait until it is gone. confirm must be its name: without it, and while targets
// point to it, nothing is sent, and the error says which.
func (m *Manager) DeleteRuntime(ctx context.Context, ref string, confirm Word, wait time.Duration, caller Caller) (r RuntimeView, gone bool, err error) {
	start := time.Now()
	r, err = m.Runtime(ctx, ref)
	switch {
	case err != nil:
		return r, false, err
	case len(r.UsedBy) > 0:
		return r, false, fmt.Errorf("runtime %s was not deleted: %s point to it, and would fail; move them with update_target_endpoint, or delete them first", r.Name, few(r.UsedBy))
	}
	switch err = m.unusedElsewhere(ctx, func(t aws.Target) bool { return invokesAny(t, r.ARN) }); {
	case err != nil:
		return r, false, fmt.Errorf("runtime %s was not deleted: %w", r.Name, err)
	}
	if asks := m.unconfirmedRuntime(r); !confirm.agrees(asks) {
		return r, false, asks
	}
	if r.Status != "DELETING" {
		err = m.bounded(ctx, func(ctx context.Context) error { return m.Client.Recording(caller.Sent).DeleteRuntime(ctx, r.ID) })
		if err != nil && !errors.Is(err, aws.ErrNotFound) && !errors.Is(err, aws.ErrUncertain) {
			return r, false, fmt.Errorf("runtime %s was not deleted: %w", r.Name, err)
		}
	}
	waiting, cancel := context.WithDeadline(ctx, start.Add(max(wait, time.Second)))
	defer cancel()
	for {
		now, err := m.Client.Runtime(waiting, r.ID)
		switch {
		case errors.Is(err, aws.ErrNotFound):
			return r, true, nil
		case waiting.Err() != nil:
			return r, false, nil
		case err == nil && now.Status != "DELETING" && strings.HasSuffix(now.Status, "FAILED"):
			return viewRuntime(now), false, fmt.Errorf("runtime %s is %s instead of deleted: %s", r.Name, now.Status, quote(now.Reason))
		case err == nil:
			r.Status = now.Status
		}
		if pause(waiting, 500*time.Millisecond) != nil {
			return r, false, nil
		}
	}
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// served reads what a gateway serves now, over all pages.
func (m *Manager) served(ctx context.Context, g aws.Gateway) (catalog.List, error) {
	transport, err := m.Transport(g)
	if err != nil {
		return catalog.List{}, err
	}
	revision, err := remote.Revision(g.Revisions)
	if err != nil {
		return catalog.List{}, fmt.Errorf("gateway %s: %w", g.Name, err)
	}
	reader := remote.Reader{Transport: transport, ProtocolVersion: revision, MaxTools: 1_000_000, Timeout: readServed, Raw: true, Secrets: m.Secrets, Budget: &m.reading}
	list, err := reader.Read(ctx, g.URL)
	if passing(err) && pause(ctx, 200*time.Millisecond) == nil {
		list, err = reader.Read(ctx, g.URL)
	}
	return list.List, err
}

// passing reports whether a read failed for what may be over in a moment: AWS's
// control plane is retried by its SDK, a gateway's own endpoint by nobody.
func passing(err error) bool {
	failed := (*remote.Error)(nil)
	return errors.As(err, &failed) && (failed.Kind == remote.KindConnect || failed.Moved || failed.Status >= 500 || failed.Status == http.StatusTooManyRequests)
}

// offered reads what the MCP server behind a target offers, as the gateway would
// when it synchronizes.
func (m *Manager) offered(ctx context.Context, t aws.Target) (catalog.List, error) {
	transport, err := m.Upstream(t)
	if err != nil {
		return catalog.List{}, err
	}
	if _, err := m.guard(true).CheckEndpoint(t.Endpoint); err != nil {
		return catalog.List{}, err
	}
	revision, _ := remote.Revision(nil)
	list, err := remote.Reader{Transport: transport, ProtocolVersion: revision, Timeout: readOffered, Raw: true, Secrets: m.Secrets, Budget: &m.reading}.Read(ctx, m.Client.Reach(t.Endpoint))
	return list.List, err
}

// unreachableAfter is when a plan says that it cannot reach an endpoint: later
// than a dialer gives up, so that a closed port and a filtered one take the same
// time.
const unreachableAfter = 6 * time.Second

// offeredByStranger is offered for an endpoint that a caller has named and no
// target has. A server that answers is told of in full; that none does is one
// sentence after one time, whatever the cause, which only the log tells: callers
// must not learn from here which names resolve and which ports are open.
func (m *Manager) offeredByStranger(ctx context.Context, t aws.Target) (catalog.List, error) {
	start := time.Now()
	list, err := m.offered(ctx, t)
	failed := (*remote.Error)(nil)
	if !errors.As(err, &failed) || failed.Kind != remote.KindAddress && failed.Kind != remote.KindConnect && failed.Kind != remote.KindTimeout {
		return list, err
	}
	m.Log.Info("an endpoint that a caller named is not reachable", "target", t.ID, "cause", err)
	if err := pause(ctx, time.Until(start.Add(unreachableAfter))); err != nil {
		return catalog.List{}, err
	}
	return catalog.List{}, fmt.Errorf("no MCP server is reachable from here at %s: check the URL, and that the server is public and up; this server's log has the cause", failed.Endpoint)
}

// toStrangers reads an endpoint that no target has, as a plan does. A program is the
// owner's own, and learns the cause.
func (m *Manager) toStrangers(program bool) reader {
	if program {
		return m.offered
	}
	return m.offeredByStranger
}

// own is what a gateway serves of a target, without the prefix. Resources have
// none: all of the gateway's are kept.
func own(target string, l catalog.List) catalog.List {
	l.Tools, l.Prompts = ownTools(target, l.Tools), ownTools(target, l.Prompts)
	return l
}

func ownTools(target string, list []catalog.Tool) (own []catalog.Tool) {
	for _, t := range list {
		if name, tool, ok := catalog.Split(t.Name); ok && name == target {
			t.Name = tool
			own = append(own, t)
		}
	}
	return own
}

// lists are what a target's gateway serves, and its server offers.
type lists struct {
	all       catalog.List // of the gateway
	served    catalog.List // of the target; of resources, those that can be told to be its
	offered   catalog.List
	filter    string // what may keep tools from us
	servedErr error  // each is why its list could not be read

	offeredErr error
}

// readBoth reads what the gateway serves for a target and what the server at
// its endpoint offers, at the same time.
func (m *Manager) readBoth(ctx context.Context, g aws.Gateway, t aws.Target) lists {
	return m.readWith(ctx, g, t, m.offered)
}

// reader reads what a target's server offers.
type reader func(context.Context, aws.Target) (catalog.List, error)

func (m *Manager) readWith(ctx context.Context, g aws.Gateway, t aws.Target, read reader) lists {
	return m.readLists(ctx, g, t, func(ctx context.Context) (catalog.List, error) { return m.served(ctx, g) }, read)
}

// readLists reads what a gateway serves and what a target's server offers, each in a
// way of its own.
func (m *Manager) readLists(ctx context.Context, g aws.Gateway, t aws.Target, served func(context.Context) (catalog.List, error), read reader) (l lists) {
	var wait sync.WaitGroup
	wait.Go(func() {
		defer m.rescue("reading gateway "+g.Name, func() { l.servedErr = errInside })
		l.all, l.servedErr = served(ctx)
	})
	wait.Go(func() {
		defer m.rescue("reading the server of target "+t.Name, func() { l.offeredErr = errInside })
		l.offered, l.offeredErr = read(ctx, t)
	})
	wait.Wait()
	l.filter = g.Filter
	l.served = mine(t.Name, l.all, l.offered, g.Filter)
	return l
}

// mine is own, with the resources that can be told to be the target's: those that
// its server offers, and all of them where the gateway shows no other target.
func mine(target string, all, offered catalog.List, filter string) catalog.List {
	l := own(target, all)
	alone := filter == "" && !slices.ContainsFunc(all.Tools, func(t catalog.Tool) bool {
		name, _, ok := catalog.Split(t.Name)
		return ok && name != target
	})
	if alone {
		return l
	}
	l.Resources, _ = among(all.Resources, offered.Resources)
	return l
}

// among are those of a list that another has too, by name, and those that it has
// not.
func among(list, other []catalog.Tool) (both, only []catalog.Tool) {
	named := make(map[string]bool, len(other))
	for _, t := range other {
		named[t.Name] = true
	}
	for _, t := range list {
		if named[t.Name] {
			both = append(both, t)
		} else {
			only = append(only, t)
		}
	}
	return both, only
}

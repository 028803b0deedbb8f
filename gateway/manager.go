// Package gateway is what an operator does with AgentCore gateways, as plain
// Go: find one, list what it has, synchronize a target, point a target at
// another endpoint, and say what came of it. It speaks to AWS only through
// package aws, and to MCP endpoints only through package remote.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/untrusted"
)

// Manager operates the gateways of one account and region. Its fields are set
// once, before use. It carries changes to their ends and remembers how they ended
// (see [Manager.Unheard]), and keeps no other state between calls.
type Manager struct {
	Client *aws.Client
	// Allowed are the ids, names or ARNs of the only gateways that exist for
	// this manager; empty means all. A single one is also the default.
	Allowed []string
	// Transport gives requests to a gateway's own MCP endpoint what that
	// gateway's authorizer asks for. An error says which setting is missing:
	// what does not need the endpoint is done all the same.
	Transport func(aws.Gateway) (http.RoundTripper, error)
	// Upstream gives requests to the MCP server behind a target what that
	// server asks for, with an identity of our own. An error says why that is
	// not possible from here, and nothing about the server.
	Upstream func(aws.Target) (http.RoundTripper, error)
	// Trusted are origins to which any target's credentials may go.
	Trusted TrustedEndpoints
	// Secrets learns the credentials that are sent, and is masked in all that
	// comes back. It may be nil.
	Secrets *untrusted.Secrets
	Log     *slog.Logger
	// SendTimeout bounds a call that changes something; 0 is 30 s. It runs to its
	// end even when the caller has gone, because half-known is worse than late.
	SendTimeout time.Duration

	operations operations
}

// Progress tells somebody who waits how far the work is: done of total, in any
// unit, and a sentence. It may be nil.
type Progress func(done, total float64, message string)

func (p Progress) report(done, total float64, message string) {
	if p != nil {
		p(done, total, message)
	}
}

const (
	// DefaultWait answers before the 60 s at which MCP clients give up.
	DefaultWait = 45 * time.Second
	// MaxWait bounds a call for pipelines, which wait longer.
	MaxWait = 900 * time.Second
	// readServed bounds reading what a gateway serves: many targets are many pages.
	readServed = 40 * time.Second
	// readOffered bounds reading what one server offers.
	readOffered = 10 * time.Second
	// lateServed is how long a list may follow its target's READY late.
	lateServed  = 10 * time.Second
	sendTimeout = 30 * time.Second
)

// guard is the rule for endpoints that a target or a gateway has already; an
// endpoint that is new to us must use port 443.
func (m *Manager) guard(known bool) remote.Guard {
	return remote.Guard{AnyPort: known || m.Client.Local(), Loopback: m.Client.Local()}
}

// served reads the tools that a gateway serves now, over all pages.
func (m *Manager) served(ctx context.Context, g aws.Gateway) ([]catalog.Tool, error) {
	transport, err := m.Transport(g)
	if err != nil {
		return nil, err
	}
	// A gateway may not answer the newest revision yet; every one of them
	// answers the handshake of this one.
	reader := remote.Reader{Transport: transport, ProtocolVersion: "2025-11-25", MaxTools: 1_000_000, Timeout: readServed, Secrets: m.Secrets}
	list, err := reader.Read(ctx, g.URL)
	if passing(err) && pause(ctx, 200*time.Millisecond) == nil {
		list, err = reader.Read(ctx, g.URL)
	}
	return list.Tools, err
}

// passing reports whether a read failed for what may be over in a moment: AWS's
// control plane is retried by its SDK, a gateway's own endpoint by nobody.
func passing(err error) bool {
	failed := (*remote.Error)(nil)
	return errors.As(err, &failed) && (failed.Kind == remote.KindConnect || failed.Status >= 500 || failed.Status == http.StatusTooManyRequests)
}

// offered reads the tools that the MCP server behind a target offers, as the
// gateway would when it synchronizes.
func (m *Manager) offered(ctx context.Context, t aws.Target) ([]catalog.Tool, error) {
	transport, err := m.Upstream(t)
	if err != nil {
		return nil, err
	}
	if _, err := m.guard(true).CheckEndpoint(t.Endpoint); err != nil {
		return nil, err
	}
	list, err := remote.Reader{Transport: transport, ProtocolVersion: "2025-11-25", Timeout: readOffered, Secrets: m.Secrets}.Read(ctx, t.Endpoint)
	return list.Tools, err
}

// unreachableAfter is when a plan says that it cannot reach an endpoint: later
// than a dialer gives up, so that a closed port and a filtered one take the same
// time.
const unreachableAfter = 6 * time.Second

// offeredByStranger is offered for an endpoint that a caller has named and no
// target has. A server that answers is told of in full; that none does is one
// sentence after one time, whatever the cause, which only the log tells: callers
// must not learn from here which names resolve and which ports are open.
func (m *Manager) offeredByStranger(ctx context.Context, t aws.Target) ([]catalog.Tool, error) {
	start := time.Now()
	tools, err := m.offered(ctx, t)
	failed := (*remote.Error)(nil)
	if !errors.As(err, &failed) || failed.Kind != remote.KindAddress && failed.Kind != remote.KindConnect && failed.Kind != remote.KindTimeout {
		return tools, err
	}
	m.Log.Info("an endpoint that a caller named is not reachable", "target", t.ID, "cause", err)
	if err := pause(ctx, time.Until(start.Add(unreachableAfter))); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("no MCP server is reachable from here at %s: check the URL, and that the server is public and up; this server's log has the cause", failed.Endpoint)
}

package gateway

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"agentcore-gateway-mcp/aws"
)

// origin is where a request goes, as a browser has it: scheme, host and port.
// What is sent to one origin is nobody else's.
type origin struct{ scheme, host, port string }

// originOf is the origin of an absolute URL; ok is false for a host that is
// written in other than ASCII, which a client turns into another name.
func originOf(u *url.URL) (o origin, ok bool) {
	o = origin{strings.ToLower(u.Scheme), strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()}
	if o.port == "" {
		o.port = map[string]string{"https": "443", "http": "80"}[o.scheme]
	}
	return o, o.host != "" && o.port != "" && !strings.ContainsFunc(o.host, func(r rune) bool { return r > '~' })
}

// String is the origin as people write it.
func (o origin) String() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.scheme == "https" && o.port == "443" || o.scheme == "http" && o.port == "80" {
		return o.scheme + "://" + host
	}
	return o.scheme + "://" + host + ":" + o.port
}

// move is a target's way from one endpoint to another.
type move struct {
	gatewayARN string
	from, to   *url.URL
	toShared   bool // on the data plane's host, which all accounts share
	toPlain    bool // and that by its own name
	trusted    TrustedEndpoints
}

// familiar reports whether a target's credentials may go where the move leads
// without anybody's confirmation: to the origin that the target has, to a
// runtime of the gateway's own account, or to a trusted endpoint. On the data
// plane's host the account in the path decides, and nothing else.
func (m *move) familiar() bool {
	if m.toShared {
		return m.toPlain && aws.InvokesRuntimeOf(m.gatewayARN, m.to)
	}
	to, ok := originOf(m.to)
	from, _ := originOf(m.from)
	return ok && (from == to || m.trusted.contain(to))
}

// newPath reports whether a move that stays on one origin goes to another path,
// behind which somebody else may be.
func (m *move) newPath() bool {
	from, _ := originOf(m.from)
	to, _ := originOf(m.to)
	return from == to && m.from.EscapedPath() != m.to.EscapedPath()
}

// moved is the move that an edit makes of a target, nil when it stays where it
// is.
func (m *Manager) moved(ctx context.Context, g aws.Gateway, t aws.Target, edit aws.Edit) *move {
	if edit.Endpoint == nil || *edit.Endpoint == t.Endpoint {
		return nil
	}
	// What is no URL has no origin, and so is familiar to nobody.
	to, err := url.Parse(*edit.Endpoint)
	if err != nil {
		to = &url.URL{}
	}
	from, err := url.Parse(t.Endpoint)
	if err != nil {
		from = &url.URL{}
	}
	return m.way(ctx, g, from, to)
}

func (m *Manager) way(ctx context.Context, g aws.Gateway, from, to *url.URL) *move {
	shared, plain := m.Client.DataPlane(ctx, to)
	return &move{gatewayARN: g.ARN, from: from, to: to, toShared: shared, toPlain: plain, trusted: m.Trusted}
}

// destination names where a move that is not familiar leads.
func (m *move) destination() string {
	to, _ := originOf(m.to)
	if m.toShared {
		return fmt.Sprintf("%s, which all accounts share, and there not to a runtime of the gateway's account %s", to, orUnknown(aws.Gateway{ARN: m.gatewayARN}.Account()))
	}
	return to.String()
}

func (m *move) origin() string {
	from, _ := originOf(m.from)
	return from.String()
}

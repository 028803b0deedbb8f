// Package gateway is what an operator does with AgentCore gateways, as plain
// Go: find one, list what it has, synchronize a target, point a target at
// another endpoint, and say what came of it. It speaks to AWS only through
// package aws, and to MCP endpoints only through package remote.
package gateway

import (
	"log/slog"
	"net/http"
	"time"

	"agentcore-gateway-mcp/aws"
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
	// Credential gets the credential that the MCP server behind a target asks for.
	Credential Credential
	// Self are the names, ARNs or URLs by which this server is itself a target: changes
	// that would cut its callers off need a person's word.
	Self []string
	// Trusted are origins to which any target's credentials may go.
	Trusted TrustedEndpoints
	// CredentialSecrets are the secrets that a new credential provider may refer to, by
	// ARN or name, also with a * at the end; TrustedIssuers the origins or discovery
	// documents to whose token endpoints AgentCore may send them.
	CredentialSecrets, TrustedIssuers []string
	// Ended is told how an operation ended for which no call waited; it may be nil.
	Ended func(caller Caller, operation string, c Change)
	// Keep keeps a configuration before a change, for somebody to put it back; nil
	// writes it to the log.
	Keep func(Kept) error
	// Secrets learns the credentials that are sent, and is masked in all that
	// comes back. It may be nil.
	Secrets *untrusted.Secrets
	Log     *slog.Logger
	// SendTimeout bounds a call that changes something; 0 is 30 s. It runs to its
	// end even when the caller has gone, because half-known is worse than late.
	SendTimeout time.Duration

	operations operations
	reading    remote.Budget // of all lists that are being read
}

// Progress tells somebody who waits how far the work is: done of total, in any
// unit, and a sentence. A total of 0 is one that is not known. It may be nil.
type Progress func(done, total float64, message string)

func (p Progress) report(done, total float64, message string) {
	if p != nil {
		p(done, total, message)
	}
}

// Waiting says what a call that began at since waits for, as far as that is known.
func (m *Manager) Waiting(since time.Time) string {
	if t := m.Client.Trouble(); t.At.After(since) {
		return "waiting for AWS: " + t.String() + ", trying again"
	}
	return "waiting for AWS or a server to answer"
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
	lateServed = 10 * time.Second
	// lateUnseen is the same where that it is late cannot be told for certain.
	lateUnseen  = 5 * time.Second
	sendTimeout = 30 * time.Second
	// mostUnread is how long a change is followed that cannot be read, with readAgain
	// between the tries.
	mostUnread = time.Minute
	readAgain  = 2 * time.Second
)

// guard is the rule for endpoints that a target or a gateway has already; an
// endpoint that is new to us must use port 443.
func (m *Manager) guard(known bool) remote.Guard {
	return remote.Guard{AnyPort: known || m.Client.Local(), Loopback: m.Client.Local()}
}

// Package auth answers two questions: who is calling, and how do we prove who
// we are. A [Verifier] checks bearer tokens as AgentCore's customJWTAuthorizer
// does and speaks the HTTP side of it (RFC 6750, RFC 9728); a [TokenSource] gets
// the tokens with which we call others.
package auth

import (
	"errors"
	"slices"
	"time"
)

// What [Verifier.Verify] answers besides a principal. Both come bare: the cause
// is in the log and nowhere else.
var (
	ErrInvalidToken = errors.New("the bearer token is not valid")                            // any fault of the token
	ErrUnavailable  = errors.New("bearer tokens cannot be checked at the moment: try again") // the issuer's keys are not available: 503, not 401
)

// Principal is a caller whose token was verified.
type Principal struct {
	Issuer  string // exactly as in the issuer's discovery document
	Subject string // "" when the token has no sub
	// ClientID is the token's client_id or, where issuers use another word for
	// it, azp (Entra, Auth0, Keycloak) or cid (Okta). It names the caller; only
	// client_id itself is compared with allowed clients.
	ClientID string
	Scopes   []string // from scope or scp; never nil
	Expiry   time.Time
}

// HasScope reports whether the token carries the scope.
func (p *Principal) HasScope(scope string) bool { return slices.Contains(p.Scopes, scope) }

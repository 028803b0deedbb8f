package auth

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	defaultSkew = 30 * time.Second
	maxSkew     = 5 * time.Minute
)

// Config is what AgentCore calls a customJWTAuthorizer, with the same meaning:
// of each list at least one entry must match, every custom claim must match, and
// an empty list is not checked.
type Config struct {
	// DiscoveryURL is the issuer followed by /.well-known/openid-configuration,
	// or RFC 8414's https://host/.well-known/oauth-authorization-server[/path].
	DiscoveryURL string

	AllowedAudience []string // compared with aud; Cognito's access tokens have none
	AllowedClients  []string // compared with client_id
	AllowedScopes   []string // compared with scope or scp
	CustomClaims    []CustomClaim

	// Algorithms that a token may be signed with: RS256 and ES256 when empty;
	// RS384 RS512 ES384 ES512 PS256 PS384 PS512 EdDSA on request.
	Algorithms []string
	// Skew is how far the issuer's clock may be off: 30 s when 0, at most 5 min.
	Skew time.Duration
	// Loopback accepts plain http from loopback addresses as well. Otherwise
	// issuers, discovery documents and key sets are https only.
	Loopback bool
	// Transport fetches the issuer's documents. When nil, a bounded one without
	// proxy; redirects are never followed, whoever fetches.
	Transport http.RoundTripper
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // why tokens were refused and keys not had, never a token; nil: nowhere
}

// Verifier checks bearer tokens. It is safe for concurrent use.
type Verifier struct {
	cfg    Config
	parser *jwt.Parser
	issuer issuerForm
	keys   *keyStore
	log    *slog.Logger
}

// NewVerifier checks the configuration; it fetches nothing. An error names the
// setting that is missing or wrong and what to give instead.
func NewVerifier(cfg Config) (*Verifier, error) {
	form, err := parseDiscoveryURL(cfg.DiscoveryURL, cfg.Loopback)
	if err != nil {
		return nil, err
	}
	if len(cfg.AllowedAudience) == 0 && len(cfg.AllowedClients) == 0 {
		return nil, fmt.Errorf("neither allowed audiences nor allowed clients are given, so every token of the issuer would pass: give allowed audiences (aud) or, as Cognito's access tokens have no aud, allowed clients (client_id)")
	}
	for _, list := range []struct {
		setting string
		values  []string
	}{{"allowed audiences", cfg.AllowedAudience}, {"allowed clients", cfg.AllowedClients}, {"allowed scopes", cfg.AllowedScopes}} {
		for _, value := range list.values {
			if value == "" || strings.TrimSpace(value) != value {
				return nil, fmt.Errorf("%s hold %q: give values without surrounding space, and none that is empty", list.setting, value)
			}
		}
	}
	for _, claim := range cfg.CustomClaims {
		if err := claim.check(); err != nil {
			return nil, err
		}
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []string{"RS256", "ES256"}
	}
	for _, alg := range cfg.Algorithms {
		if !asymmetric(alg) {
			return nil, fmt.Errorf("algorithm %q is not accepted: give some of RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA; with HS* anybody who can verify a token can forge one, and none is no signature", clip(alg))
		}
	}
	switch {
	case cfg.Skew < 0 || cfg.Skew > maxSkew:
		return nil, fmt.Errorf("a clock skew of %s is not accepted: give one between 0 and %s", cfg.Skew, maxSkew)
	case cfg.Skew == 0:
		cfg.Skew = defaultSkew
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.AllowedAudience, cfg.AllowedClients, cfg.AllowedScopes = slices.Clone(cfg.AllowedAudience), slices.Clone(cfg.AllowedClients), slices.Clone(cfg.AllowedScopes)
	cfg.CustomClaims, cfg.Algorithms = slices.Clone(cfg.CustomClaims), slices.Clone(cfg.Algorithms)

	return &Verifier{
		cfg: cfg,
		parser: jwt.NewParser(
			jwt.WithStrictDecoding(),
			jwt.WithValidMethods(cfg.Algorithms),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(cfg.Skew),
			jwt.WithTimeFunc(cfg.Now),
		),
		issuer: form,
		keys:   &keyStore{source: issuerDocuments{newFetcher(cfg.Transport, cfg.Loopback), form, cfg.Log}, now: cfg.Now, log: cfg.Log},
		log:    cfg.Log,
	}, nil
}

func asymmetric(alg string) bool {
	return slices.Contains([]string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"}, alg)
}

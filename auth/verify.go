package auth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxToken  = 16 << 10 // bytes
	maxHeader = 4 << 10  // bytes, as base64url
)

// Verify checks a token in compact form and tells whose it is. The error is
// exactly [ErrInvalidToken] or [ErrUnavailable]; why, is in the log.
//
// The checklist is RFC 8725. Beyond signature, times, issuer and what [Config]
// asks for, a token is refused that says of itself that it is no access token:
// by its typ, by Cognito's token_use, or by claims that only id and logout
// tokens have (nonce, at_hash, c_hash, events).
func (v *Verifier) Verify(ctx context.Context, token string) (*Principal, error) {
	principal, err := v.verify(ctx, token)
	switch {
	case err == nil:
		return principal, nil
	case errors.Is(err, ErrUnavailable):
		v.log.DebugContext(ctx, "token not checked", "cause", err)
		return nil, ErrUnavailable
	}
	v.log.InfoContext(ctx, "token refused", "cause", err)
	return nil, ErrInvalidToken
}

// Issuer is the issuer whose tokens are accepted. Until its discovery document
// was read, it is what the discovery URL implies, without the trailing slash
// that some issuers have.
func (v *Verifier) Issuer() string {
	v.keys.mu.Lock()
	defer v.keys.mu.Unlock()
	if v.keys.set != nil {
		return v.keys.set.issuer
	}
	return v.issuer.issuer
}

func (v *Verifier) verify(ctx context.Context, token string) (*Principal, error) {
	head, err := parseHeader(token)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.cfg.Algorithms, head.alg) {
		return nil, fmt.Errorf("its alg %q is not among the accepted ones", clip(head.alg))
	}
	var claims tokenClaims
	var issuer string
	_, err = v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		t.Method = strict(t.Method)
		// A stranger's token is no reason to ask our issuer for keys.
		if iss, err := claims.GetIssuer(); err != nil || !v.issuer.fits(iss) {
			return nil, fmt.Errorf("its iss %q is not the issuer %q", clip(iss), clip(v.issuer.issuer))
		}
		key, of, err := v.keys.key(ctx, head.kid)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(key.algorithms, head.alg) {
			return nil, fmt.Errorf("its alg %s is not that of its key", head.alg)
		}
		issuer = of
		return key.public, nil
	})
	if err != nil {
		return nil, err
	}
	return v.authorize(claims.object, issuer)
}

// strict is a signature's method without what golang-jwt is lenient about: a PSS
// salt has the length of the hash (RFC 7518, section 3.5), and no other.
func strict(method jwt.SigningMethod) jwt.SigningMethod {
	if pss, ok := method.(*jwt.SigningMethodRSAPSS); ok {
		return &jwt.SigningMethodRSAPSS{SigningMethodRSA: pss.SigningMethodRSA, VerifyOptions: &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}}
	}
	return method
}

type header struct{ alg, kid string }

// parseHeader looks at the token's form and its header before anything else
// does. golang-jwt would accept an unknown crit and the last of duplicate members.
func parseHeader(token string) (h header, err error) {
	if len(token) > maxToken {
		return h, fmt.Errorf("it is longer than %d bytes", maxToken)
	}
	for _, c := range []byte(token) {
		// Go's base64 decoder skips line breaks even when it is strict.
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return h, errors.New("it has a character that is neither base64url nor a dot")
		}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return h, errors.New("it does not have header, payload and signature")
	}
	if len(parts[0]) > maxHeader {
		return h, fmt.Errorf("its header is longer than %d bytes", maxHeader)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[0])
	if err != nil {
		return h, errors.New("its header is not base64url")
	}
	members, err := parseStrict(raw)
	if err != nil {
		return h, fmt.Errorf("its header: %w", err)
	}
	// crit and b64 change what a signature means; the others bring a key along.
	for _, name := range []string{"crit", "b64", "jwk", "jku", "x5u", "x5c"} {
		if members.has(name) {
			return h, fmt.Errorf("its header has %s, which is not accepted", name)
		}
	}
	var typ string
	var errs [3]error
	h.alg, errs[0] = members.text("alg")
	h.kid, errs[1] = members.text("kid")
	typ, errs[2] = members.text("typ")
	if err := errors.Join(errs[:]...); err != nil {
		return h, fmt.Errorf("its header: %w", err)
	}
	if h.kid == "" || len(h.kid) > maxKeyID {
		return h, fmt.Errorf("its header has no kid of 1 to %d bytes", maxKeyID)
	}
	switch strings.ToLower(typ) { // a media type; RFC 9068 for at+jwt
	case "jwt", "at+jwt", "application/at+jwt":
	default:
		if members.has("typ") {
			return h, fmt.Errorf("its typ %q is not that of an access token", clip(typ))
		}
	}
	return h, nil
}

// authorize is what comes after the signature and the times.
func (v *Verifier) authorize(claims object, issuer string) (*Principal, error) {
	iss, _ := claims.text("iss")
	if iss != issuer {
		return nil, fmt.Errorf("its iss %q is not exactly the issuer %q", clip(iss), clip(issuer))
	}
	if use, err := claims.text("token_use"); err != nil || claims.has("token_use") && use != "access" {
		return nil, fmt.Errorf("its token_use is %q, not access", clip(use))
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash", "events"} {
		if claims.has(name) {
			return nil, fmt.Errorf("it has the claim %s of an id or logout token", name)
		}
	}
	audience, err := textOrList(claims, "aud")
	if err != nil {
		return nil, err
	}
	if len(v.cfg.AllowedAudience) > 0 && !overlap(audience, v.cfg.AllowedAudience) {
		return nil, errors.New("its aud has none of the allowed audiences")
	}
	who, clientID, err := client(claims)
	if err != nil {
		return nil, err
	}
	if len(v.cfg.AllowedClients) > 0 && !slices.Contains(v.cfg.AllowedClients, clientID) {
		if clientID == "" && who != "" {
			return nil, fmt.Errorf("it names its client (%q) in azp or cid: allowed clients are compared with client_id alone, as AgentCore does: use allowed audiences or a custom claim", clip(who))
		}
		return nil, fmt.Errorf("its client_id %q is not among the allowed clients", clip(clientID))
	}
	scopes, err := scopes(claims)
	if err != nil {
		return nil, err
	}
	if len(v.cfg.AllowedScopes) > 0 && !overlap(scopes, v.cfg.AllowedScopes) {
		return nil, errors.New("it has none of the allowed scopes")
	}
	for _, claim := range v.cfg.CustomClaims {
		if err := claim.matches(claims); err != nil {
			return nil, err
		}
	}
	subject, err := claims.text("sub")
	if err != nil {
		return nil, err
	}
	expiry, err := numericDate(claims, "exp")
	if err != nil {
		return nil, err
	}
	return &Principal{Issuer: issuer, Subject: subject, ClientID: who, Scopes: scopes, Expiry: expiry.Time}, nil
}

package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/auth"
)

const (
	protectedResource = "/.well-known/oauth-protected-resource" // RFC 9728
	bearer            = "Bearer"
	sigV4             = "AWS4-HMAC-SHA256"
	signingService    = "bedrock-agentcore"
	maxVerifiers      = 100
)

// jwtAuthorizer is the customJWTAuthorizer of a gateway or a runtime, nil when
// it has none.
func jwtAuthorizer(configuration types.AuthorizerConfiguration) *types.CustomJWTAuthorizerConfiguration {
	if jwt, ok := configuration.(*types.AuthorizerConfigurationMemberCustomJWTAuthorizer); ok {
		return &jwt.Value
	}
	return nil
}

// verifier checks tokens for an authorizer. Equal configurations share one, and
// with it the issuer's keys.
func (s *Server) verifier(configuration *types.CustomJWTAuthorizerConfiguration) (*auth.Verifier, error) {
	key, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.verifiers[string(key)]; v != nil {
		return v, nil
	}
	v, err := auth.NewVerifier(auth.Config{
		DiscoveryURL:    *configuration.DiscoveryUrl,
		AllowedAudience: configuration.AllowedAudience,
		AllowedClients:  configuration.AllowedClients,
		AllowedScopes:   configuration.AllowedScopes,
		CustomClaims:    customClaims(configuration.CustomClaims),
		Loopback:        true,
		Transport:       s.transport,
		Now:             s.opts.Now,
		Log:             s.opts.Log,
	})
	if err != nil {
		return nil, err
	}
	if len(s.verifiers) >= maxVerifiers {
		clear(s.verifiers)
	}
	s.verifiers[string(key)] = v
	return v, nil
}

func customClaims(configured []types.CustomClaimValidationType) []auth.CustomClaim {
	var claims []auth.CustomClaim
	for _, c := range configured {
		claim := auth.CustomClaim{Name: *c.InboundTokenClaimName, ValueType: string(c.InboundTokenClaimValueType)}
		claim.Match.Operator = string(c.AuthorizingClaimMatchValue.ClaimMatchOperator)
		switch value := c.AuthorizingClaimMatchValue.ClaimMatchValue.(type) {
		case *types.ClaimMatchValueTypeMemberMatchValueString:
			claim.Match.Value.String = &value.Value
		case *types.ClaimMatchValueTypeMemberMatchValueStringList:
			claim.Match.Value.List = value.Value
		}
		claims = append(claims, claim)
	}
	return claims
}

// denial is why a request may not pass: nothing in it tells a stranger more than
// that.
type denial struct {
	status    int
	challenge string // WWW-Authenticate
	missing   bool   // there was no Authorization header at all
}

// checkBearer returns whose token a request has, or why it may not pass.
func (s *Server) checkBearer(r *http.Request, configuration *types.CustomJWTAuthorizerConfiguration) (*auth.Principal, *denial) {
	resource := protected(r, r.URL.EscapedPath(), configuration)
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return nil, &denial{status: http.StatusUnauthorized, challenge: auth.Challenge(resource, ""), missing: true}
	}
	invalid := &denial{status: http.StatusUnauthorized, challenge: auth.Challenge(resource, "invalid_token")}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, bearer) {
		return nil, invalid
	}
	v, err := s.verifier(configuration)
	if err != nil {
		s.opts.Log.Warn("an authorizer's configuration lets nobody in", "path", r.URL.Path, "error", err)
		return nil, invalid
	}
	caller, err := v.Verify(r.Context(), strings.TrimSpace(token))
	switch {
	case err == nil:
		return caller, nil
	case errors.Is(err, auth.ErrUnavailable):
		return nil, &denial{status: http.StatusServiceUnavailable}
	}
	return nil, invalid
}

// protected is what the metadata of the endpoint at path says.
func protected(r *http.Request, path string, configuration *types.CustomJWTAuthorizerConfiguration) auth.Resource {
	resource := auth.Resource{URL: origin(r) + path}
	for _, scope := range configuration.AllowedScopes {
		if advertised, ok := configuration.AdvertisedScopeMapping[scope]; ok {
			scope = advertised
		}
		resource.Scopes = append(resource.Scopes, scope)
	}
	return resource
}

// serveProtectedResource answers the metadata of gateways' and runtimes'
// endpoints that want tokens.
func (s *Server) serveProtectedResource(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), protectedResource)
	configuration := s.authorizerAt(path)
	if configuration == nil {
		writeError(w, &apiError{code: resourceNotFound, message: "no endpoint that wants tokens is at this path"})
		return
	}
	v, err := s.verifier(configuration)
	if err != nil {
		s.opts.Log.Warn("an authorizer's configuration lets nobody in", "path", r.URL.Path, "error", err)
		writeError(w, &apiError{code: resourceNotFound, message: "the endpoint's authorizer is not complete"})
		return
	}
	v.Metadata(protected(r, path, configuration)).ServeHTTP(w, r)
}

// authorizerAt is the authorizer of the endpoint at an escaped path.
func (s *Server) authorizerAt(path string) *types.CustomJWTAuthorizerConfiguration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := strings.CutPrefix(path, gatewayPath); ok {
		if gw := s.gateway(strings.TrimSuffix(id, mcpSuffix)); gw != nil && gatewayPath+*gw.record.GatewayId+mcpSuffix == path {
			return jwtAuthorizer(gw.record.AuthorizerConfiguration)
		}
		return nil
	}
	if id, ok := invocationPath(path); ok {
		if a := s.runtime(id); a != nil {
			return jwtAuthorizer(a.latest().AuthorizerConfiguration)
		}
	}
	return nil
}

// checkSigned refuses a request that is not signed for AgentCore. Only the form
// is looked at: there are no keys to verify a signature with.
func (s *Server) checkSigned(r *http.Request) *apiError {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != sigV4 {
		return &apiError{code: "MissingAuthenticationTokenException", status: http.StatusForbidden, message: "Missing Authentication Token"}
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/") // key, date, region, service, aws4_request
	if len(scope) != 5 || scope[4] != "aws4_request" || fields["Signature"] == "" || fields["SignedHeaders"] == "" {
		return &apiError{code: "IncompleteSignatureException", status: http.StatusForbidden, message: "The request's signature is not complete"}
	}
	if scope[3] != signingService {
		return &apiError{code: "InvalidSignatureException", status: http.StatusForbidden, message: "Credential should be scoped to correct service: '" + signingService + "'."}
	}
	if scope[2] != s.opts.Region {
		return &apiError{code: "InvalidSignatureException", status: http.StatusForbidden, message: "Credential should be scoped to a valid region."}
	}
	return nil
}

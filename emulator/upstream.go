package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/auth"
)

// tokenReserve is how long before its expiry a gateway asks for a new token.
const tokenReserve = time.Minute

// upstream is a transport that adds a target's credentials to the requests to
// its MCP server, or the reason why it cannot. With now, a token is fetched at
// once, anew; else when it is needed.
func (s *Server) upstream(ctx context.Context, configured *types.CredentialProviderConfiguration, now bool) (http.RoundTripper, string) {
	if !s.opts.CheckCredentials || configured == nil {
		return s.transport, ""
	}
	switch provider := configured.CredentialProvider.(type) {
	case *types.CredentialProviderMemberOauthCredentialProvider:
		return s.upstreamOAuth(ctx, provider.Value, now)
	case *types.CredentialProviderMemberApiKeyCredentialProvider:
		return s.upstreamAPIKey(provider.Value)
	case *types.CredentialProviderMemberIamCredentialProvider:
		signer := &signing{next: s.transport, service: *provider.Value.Service, region: s.opts.Region, now: s.opts.Now}
		if provider.Value.Region != nil {
			signer.region = *provider.Value.Region
		}
		return signer, ""
	}
	switch kind := configured.CredentialProviderType; kind {
	case types.CredentialProviderTypeCallerIamCredentials, types.CredentialProviderTypeJwtPassthrough:
		return nil, fmt.Sprintf("The credential provider type %s is not implemented by the local AgentCore", kind)
	default:
		return nil, fmt.Sprintf("A credential provider is required for the credential provider type %s", kind)
	}
}

func (s *Server) upstreamOAuth(ctx context.Context, configured types.OAuthCredentialProvider, now bool) (http.RoundTripper, string) {
	if configured.GrantType == types.OAuthGrantTypeTokenExchange {
		return nil, "The grant type TOKEN_EXCHANGE is not implemented by the local AgentCore"
	}
	fetch := func(ctx context.Context) (auth.Token, error) { // by the provider as it is then
		client, found := s.oauth2Client(*configured.ProviderArn)
		if !found {
			return auth.Token{}, noToken(missingProvider(*configured.ProviderArn))
		}
		token, reason := s.fetchToken(ctx, client, configured.Scopes, configured.CustomParameters)
		if reason != "" {
			return auth.Token{}, noToken(reason)
		}
		return token, nil
	}
	client, found := s.oauth2Client(*configured.ProviderArn)
	if !found {
		return nil, missingProvider(*configured.ProviderArn)
	}
	if reason := client.unsupported(); reason != "" {
		return nil, reason
	}
	cache := auth.Cached(fetch, tokenReserve, s.opts.Now)
	if now {
		if _, err := cache.Token(ctx); err != nil {
			if reason := noToken(""); errors.As(err, &reason) {
				return nil, string(reason)
			}
			return nil, badTokenAnswer
		}
	}
	return auth.Bearer(cache, s.transport), ""
}

// noToken is the error, in AWS's words, of a provider that gives no token.
type noToken string

func (n noToken) Error() string { return string(n) }

// oauth2Client is the client of the provider with this ARN.
func (s *Server) oauth2Client(arn string) (client oauth2Client, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.oauth2Providers {
		if *p.record.CredentialProviderArn == arn {
			return newOauth2Client(p), true
		}
	}
	return oauth2Client{}, false
}

func missingProvider(arn string) string {
	return fmt.Sprintf("The credential provider %s does not exist", arn)
}

func (s *Server) upstreamAPIKey(configured types.GatewayApiKeyCredentialProvider) (http.RoundTripper, string) {
	sender := &keySender{next: s.transport, name: "Authorization"}
	if configured.CredentialParameterName != nil {
		sender.name = *configured.CredentialParameterName
	}
	prefix := ""
	if given := configured.CredentialPrefix; given != nil && *given != "" {
		prefix = *given + " "
	}
	sender.value = func() (string, error) {
		key, err := s.apiKey(*configured.ProviderArn)
		return prefix + key, err
	}
	if _, err := sender.value(); err != nil {
		return nil, err.Error()
	}
	sender.inQuery = configured.CredentialLocation == types.ApiKeyCredentialLocationQueryParameter
	return sender, ""
}

// apiKey is the key of the provider with this ARN as it is now. The error is in AWS's
// words.
func (s *Server) apiKey(arn string) (string, error) {
	s.mu.Lock()
	var key credential
	found := false
	for _, p := range s.apiKeyProviders {
		if *p.record.CredentialProviderArn == arn {
			key, found = p.key, true
		}
	}
	s.mu.Unlock()
	if !found {
		return "", noToken(missingProvider(arn))
	}
	value, err := s.reveal(key)
	if err != nil {
		return "", noToken(fmt.Sprintf("The API key of the credential provider %s cannot be read", arn))
	}
	return value, nil
}

// keySender adds an API key to header or query.
type keySender struct {
	next    http.RoundTripper
	name    string
	value   func() (string, error)
	inQuery bool
}

// RoundTrip implements [http.RoundTripper].
func (k *keySender) RoundTrip(req *http.Request) (*http.Response, error) {
	value, err := k.value()
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req = req.Clone(req.Context())
	if k.inQuery {
		query := req.URL.Query()
		query.Set(k.name, value)
		req.URL.RawQuery = query.Encode()
	} else {
		req.Header.Set(k.name, value)
	}
	return k.next.RoundTrip(req)
}

// signing signs requests with SigV4, as a role that nobody has given.
type signing struct {
	next            http.RoundTripper
	service, region string
	now             func() time.Time
}

// RoundTrip implements [http.RoundTripper].
func (g *signing) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	signed := req.Clone(req.Context())
	if req.Body != nil {
		signed.Body = io.NopCloser(bytes.NewReader(body))
	}
	hash := sha256.Sum256(body)
	role := awssdk.Credentials{AccessKeyID: "ASIALOCALAGENTCORE00", SecretAccessKey: "local", SessionToken: "local"}
	if err := v4.NewSigner().SignHTTP(req.Context(), role, signed, hex.EncodeToString(hash[:]), g.service, g.region, g.now()); err != nil {
		return nil, err
	}
	return g.next.RoundTrip(signed)
}

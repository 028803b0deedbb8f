package emulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/auth"
)

// What AWS says when a credential provider gives no token, as users reported it.
const (
	badTokenAnswer  = "Error parsing ClientCredentials response"
	noTokenEndpoint = "Could not access Provider Token Endpoint"
)

// oauth2Client is what of an OAuth2 credential provider is needed to ask for
// tokens.
type oauth2Client struct {
	name                   string
	id                     string
	secret                 credential
	discoveryURL, tokenURL string
	post                   bool // the secret travels in the form
}

// newOauth2Client reads a provider's record. The caller holds s.mu.
func newOauth2Client(p *oauth2Provider) oauth2Client {
	c := oauth2Client{name: *p.record.Name, secret: p.client}
	id, discovery, method := clientConfiguration(p.record.Oauth2ProviderConfigOutput)
	if id != nil {
		c.id = *id
	}
	c.post = method == types.ClientAuthenticationMethodTypeClientSecretPost
	switch d := discovery.(type) {
	case *types.Oauth2DiscoveryMemberDiscoveryUrl:
		c.discoveryURL = d.Value
	case *types.Oauth2DiscoveryMemberAuthorizationServerMetadata:
		if d.Value.TokenEndpoint != nil {
			c.tokenURL = *d.Value.TokenEndpoint
		}
		methods := d.Value.TokenEndpointAuthMethods
		c.post = c.post || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic")
	}
	return c
}

func clientConfiguration(output types.Oauth2ProviderConfigOutput) (id *string, discovery types.Oauth2Discovery, method types.ClientAuthenticationMethodType) {
	switch c := output.(type) {
	case *types.Oauth2ProviderConfigOutputMemberCustomOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, c.Value.ClientAuthenticationMethod
	case *types.Oauth2ProviderConfigOutputMemberGoogleOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberGithubOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberSlackOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberSalesforceOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberMicrosoftOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberAtlassianOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberLinkedinOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	case *types.Oauth2ProviderConfigOutputMemberIncludedOauth2ProviderConfig:
		return c.Value.ClientId, c.Value.OauthDiscovery, ""
	}
	return nil, nil, ""
}

// unsupported is why no token can be had at all, "" when one can.
func (c oauth2Client) unsupported() string {
	if c.secret.arn == "" {
		return "Clients without a client secret (private_key_jwt, AWS_IAM_ID_TOKEN_JWT) are not implemented by the local AgentCore"
	}
	return ""
}

// fetchToken asks for a token by client credentials, or says in AWS's words why
// there is none.
func (s *Server) fetchToken(ctx context.Context, client oauth2Client, scopes []string, parameters map[string]string) (auth.Token, string) {
	if reason := client.unsupported(); reason != "" {
		return auth.Token{}, reason
	}
	source, outcome := s.tokenSource(client, scopes, parameters)
	token, err := source(ctx)
	if err == nil {
		return token, ""
	}
	return auth.Token{}, outcome.reason()
}

// tokenSource fetches a token at each call, as long as the Server is open.
func (s *Server) tokenSource(client oauth2Client, scopes []string, parameters map[string]string) (auth.TokenSource, *tokenRequests) {
	requests := &tokenRequests{next: s.transport, client: client.name, parameters: parameters, post: client.post}
	source := auth.ClientCredentials(auth.ClientCredentialsConfig{
		TokenURL: client.tokenURL, DiscoveryURL: client.discoveryURL, ClientID: client.id, Scopes: scopes,
		Secret: func(context.Context) (string, error) {
			value, err := s.reveal(client.secret)
			requests.note(func() { requests.noSecret = err != nil })
			return value, err
		},
		Loopback: true, Transport: requests, Now: s.opts.Now,
	})
	return func(ctx context.Context) (auth.Token, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		token, err := source(ctx)
		if err != nil {
			s.opts.Log.Warn("no token from a credential provider", "provider", client.name, "error", err)
		}
		return token, err
	}, requests
}

// tokenRequests adds to requests for a token what auth's client credentials do
// not know of, and keeps whether they were answered.
type tokenRequests struct {
	next       http.RoundTripper
	client     string // the provider's name
	parameters map[string]string
	post       bool

	mu       sync.Mutex
	noSecret bool
	answered bool // the last request
}

func (t *tokenRequests) note(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}

// RoundTrip implements [http.RoundTripper].
func (t *tokenRequests) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodPost {
		changed, err := t.amend(req)
		if err != nil {
			return nil, err
		}
		req = changed
	}
	resp, err := t.next.RoundTrip(req)
	t.note(func() { t.answered = err == nil })
	return resp, err
}

// amend adds the custom parameters, which override nothing, and moves id and
// secret into the form where the provider wants them there.
func (t *tokenRequests) amend(req *http.Request) (*http.Request, error) {
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	for name, value := range t.parameters {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	changed := req.Clone(req.Context())
	if id, secret, basic := req.BasicAuth(); basic && t.post {
		form.Set("client_id", formDecoded(id))
		form.Set("client_secret", formDecoded(secret))
		changed.Header.Del("Authorization")
	}
	encoded := []byte(form.Encode())
	changed.Body, changed.ContentLength = io.NopCloser(bytes.NewReader(encoded)), int64(len(encoded))
	changed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(encoded)), nil }
	return changed, nil
}

// reason is why there is no token, in AWS's words.
func (t *tokenRequests) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.noSecret:
		return "The client secret of the credential provider " + t.client + " cannot be read"
	case !t.answered:
		return noTokenEndpoint
	}
	return badTokenAnswer
}

// Package outbound is as whom this program calls the gateways' own MCP endpoints
// and the servers behind their targets. A caller's token is never passed on.
// Where requests may go at all, package remote's guard decides; how tokens are
// got and cached is package auth's.
package outbound

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/untrusted"
)

// Settings are the identities that were configured; all may be empty.
type Settings struct {
	ClientID           string // OAuth client to call gateways as, by client credentials
	ClientSecret       string // from SecretVariable
	ClientSecretARN    string // or of the Secrets Manager secret that holds it
	Scopes             []string
	CredentialProvider string // instead of a client: of AgentCore Identity
	WorkloadIdentity   string // to act as at AgentCore Identity
}

// SecretVariable is the environment variable of the client's secret. It is not a
// flag: everybody can see what is on a command line.
const SecretVariable = "AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET"

// Check refuses settings that do not go together, and names the flags that set
// them. allowed are the gateways that the server is bound to.
func (s Settings) Check(allowed []string) error {
	switch {
	case s.ClientID != "" && s.CredentialProvider != "":
		return fmt.Errorf("--gateway-client-id and --gateway-credential-provider are both given: give one of them")
	case s.ClientID != "" && s.ClientSecret == "" && s.ClientSecretARN == "":
		return fmt.Errorf("--gateway-client-id needs the client's secret: set %s, or --gateway-client-secret-arn", SecretVariable)
	case s.ClientID != "" && len(allowed) == 0:
		// The secret goes to the token endpoint that the gateway names.
		return fmt.Errorf("--gateway-client-id needs --gateway: the client's secret is sent to the issuer that a gateway names, so say which gateways you trust with it")
	case s.ClientID == "" && s.ClientSecretARN != "":
		return fmt.Errorf("--gateway-client-secret-arn needs --gateway-client-id")
	case s.CredentialProvider != "" && s.WorkloadIdentity == "":
		return fmt.Errorf("--gateway-credential-provider needs --workload-identity")
	}
	return nil
}

// Authorizer gives requests what the other side asks for.
type Authorizer struct {
	settings Settings
	client   *aws.Client
	base     http.RoundTripper
	heard    *untrusted.Secrets

	mu     sync.Mutex
	tokens map[string]*auth.Cache // by what the token is for
}

// New returns an authorizer whose requests go through base. heard learns every
// credential that it gets; nil for none.
func New(s Settings, client *aws.Client, base http.RoundTripper, heard *untrusted.Secrets) *Authorizer {
	return &Authorizer{settings: s, client: client, base: base, heard: heard, tokens: map[string]*auth.Cache{}}
}

// Gateway authorizes requests to a gateway's own MCP endpoint. The error says
// which setting is missing.
func (a *Authorizer) Gateway(g aws.Gateway) (http.RoundTripper, error) {
	switch {
	case g.Authorizer == aws.AuthorizerNone:
		return a.base, nil
	case g.Authorizer == aws.AuthorizerIAM:
		return a.client.Sign("bedrock-agentcore", g.Region(), a.base), nil
	case g.Authorizer == aws.AuthorizerJWT && a.settings.CredentialProvider != "":
		return a.bearer("provider "+a.settings.CredentialProvider, a.identity(aws.OAuthRequest{
			Workload: a.settings.WorkloadIdentity, Provider: a.settings.CredentialProvider, Scopes: a.settings.Scopes,
		})), nil
	case g.Authorizer == aws.AuthorizerJWT && a.settings.ClientID != "":
		return a.bearer("client "+g.DiscoveryURL, a.learning(auth.ClientCredentials(auth.ClientCredentialsConfig{
			DiscoveryURL: g.DiscoveryURL, ClientID: a.settings.ClientID, Secret: a.clientSecret, Scopes: a.settings.Scopes,
			Loopback: a.client.Local(),
		}))), nil
	case g.Authorizer == aws.AuthorizerJWT:
		return nil, fmt.Errorf("gateway %s asks its callers for a token (CUSTOM_JWT): set --gateway-client-id with %s, or --gateway-credential-provider with --workload-identity", g.Name, SecretVariable)
	}
	return nil, fmt.Errorf("gateway %s asks its callers for %s, which this program cannot give", g.Name, g.Authorizer)
}

func (a *Authorizer) clientSecret(ctx context.Context) (string, error) {
	secret, err := a.settings.ClientSecret, error(nil)
	if secret == "" {
		secret, err = a.client.Secret(ctx, a.settings.ClientSecretARN)
	}
	a.heard.Add(secret)
	return secret, err
}

// learning remembers the tokens of a source, to mask them.
func (a *Authorizer) learning(source auth.TokenSource) auth.TokenSource {
	return func(ctx context.Context) (auth.Token, error) {
		token, err := source(ctx)
		a.heard.Add(token.Value)
		return token, err
	}
}

// Upstream authorizes requests to the MCP server behind a target as the gateway
// would be, with an identity of our own. The error says why that is not
// possible: it tells nothing about the server.
func (a *Authorizer) Upstream(t aws.Target) (http.RoundTripper, error) {
	how := t.Outbound()
	switch {
	case t.Private:
		return nil, fmt.Errorf("target %s is reached through a private endpoint: it is not reachable from here", t.Name)
	case t.Credentials == "":
		return a.base, nil
	case t.Credentials == aws.CredentialIAMRole && how.Service != "":
		return a.client.Sign(how.Service, how.Region, a.base), nil
	case t.Credentials == aws.CredentialOAuth && how.NeedsConsent:
		return nil, fmt.Errorf("target %s takes tokens of a person: a machine cannot get one", t.Name)
	case (t.Credentials == aws.CredentialOAuth || t.Credentials == aws.CredentialAPIKey) && a.settings.WorkloadIdentity == "":
		return nil, fmt.Errorf("target %s wants a credential of provider %s: set --workload-identity to a workload identity that may use it", t.Name, how.Provider)
	case t.Credentials == aws.CredentialOAuth:
		key := fmt.Sprint("upstream ", how.Provider, how.Scopes, how.Parameters)
		return a.bearer(key, a.identity(aws.OAuthRequest{
			Workload: a.settings.WorkloadIdentity, Provider: how.Provider, Scopes: how.Scopes, Parameters: how.Parameters,
		})), nil
	case t.Credentials == aws.CredentialAPIKey:
		return &keyed{client: a.client, workload: a.settings.WorkloadIdentity, how: how, next: a.base, heard: a.heard}, nil
	}
	return nil, fmt.Errorf("target %s signs its requests with %s, which this program cannot do", t.Name, t.Credentials)
}

// Credential gets the credential that a target's server asks for, of its credential
// provider, anew. asked is false where that is not possible from here.
func (a *Authorizer) Credential(ctx context.Context, t aws.Target) (asked bool, err error) {
	how := t.Outbound()
	switch {
	case how.NeedsConsent:
		return false, fmt.Errorf("target %s takes tokens of a person: a machine cannot get one", t.Name)
	case a.settings.WorkloadIdentity == "":
		return false, fmt.Errorf("no workload identity to ask as: set --workload-identity to one that may use provider %s", how.Provider)
	case t.Credentials == aws.CredentialAPIKey:
		key, err := a.client.APIKey(ctx, a.settings.WorkloadIdentity, how.Provider)
		a.heard.Add(key)
		return true, err
	}
	token, err := a.client.OAuthToken(ctx, aws.OAuthRequest{Workload: a.settings.WorkloadIdentity, Provider: how.Provider, Scopes: how.Scopes, Parameters: how.Parameters})
	a.heard.Add(token)
	return true, err
}

// identity fetches tokens through AgentCore Identity, which does not say when
// they expire: a token is used for five minutes, and a 401 renews it earlier.
func (a *Authorizer) identity(r aws.OAuthRequest) auth.TokenSource {
	return func(ctx context.Context) (auth.Token, error) {
		value, err := a.client.OAuthToken(ctx, r)
		a.heard.Add(value)
		return auth.Token{Value: value, Expiry: time.Now().Add(5 * time.Minute)}, err
	}
}

// bearer shares one cached token among all requests with the same key.
func (a *Authorizer) bearer(key string, source auth.TokenSource) http.RoundTripper {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens[key] == nil {
		a.tokens[key] = auth.Cached(source, time.Minute, nil)
	}
	return auth.Bearer(a.tokens[key], a.base)
}

// keyed puts an API key of AgentCore Identity where the target wants it.
type keyed struct {
	client   *aws.Client
	workload string
	how      aws.Outbound
	next     http.RoundTripper
	heard    *untrusted.Secrets
}

func (k *keyed) RoundTrip(req *http.Request) (*http.Response, error) {
	key, err := k.client.APIKey(req.Context(), k.workload, k.how.Provider)
	if err != nil {
		return nil, err
	}
	k.heard.Add(key)
	if k.how.Prefix != "" {
		key = strings.TrimSpace(k.how.Prefix) + " " + key
	}
	req = req.Clone(req.Context())
	name := k.how.Parameter
	if k.how.Location == "QUERY_PARAMETER" {
		query := req.URL.Query()
		query.Set(name, key)
		u := *req.URL
		u.RawQuery = url.Values(query).Encode()
		req.URL = &u
	} else {
		if name == "" {
			name = "Authorization"
		}
		req.Header.Set(name, key)
	}
	return k.next.RoundTrip(req)
}

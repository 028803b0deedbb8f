package main

import (
	"context"
	"flag"
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

// outboundFlags say as whom to call the gateways' own MCP endpoints and the
// servers behind them. A caller's token is never passed on.
type outboundFlags struct {
	GatewayClientID           string
	GatewayClientSecretARN    string
	GatewayScope              list
	GatewayCredentialProvider string
	WorkloadIdentity          string
	TrustedEndpoints          list
}

func (o *outboundFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&o.GatewayClientID, "gateway-client-id", "", "`ID` OAuth client to call the gateways' own MCP endpoints as (client credentials); needs --gateway, and the secret in $AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET or --gateway-client-secret-arn.")
	fs.StringVar(&o.GatewayClientSecretARN, "gateway-client-secret-arn", "", "`ARN` Secrets Manager secret that holds the client's secret as a string.")
	fs.Var(&o.GatewayScope, "gateway-scope", "`SCOPE` Scope to ask for at a gateway. Repeatable or comma-separated.")
	fs.StringVar(&o.GatewayCredentialProvider, "gateway-credential-provider", "", "`NAME` Instead of a client: AgentCore Identity's OAuth2 credential provider for the gateways; needs --workload-identity.")
	fs.StringVar(&o.WorkloadIdentity, "workload-identity", "", "`NAME` Workload identity to act as at AgentCore Identity.")
	fs.Var(&o.TrustedEndpoints, "trusted-endpoints", "`HOST` Hosts to which targets' credentials may be moved without confirmation, such as tools.example.com, tools.example.com:8443 or *.tools.example.com. Repeatable or comma-separated.")
}

// secretVariable is not a flag: what stands on a command line is seen by all.
const secretVariable = "AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET"

// check refuses settings that do not go together.
func (o *outboundFlags) check(allowed []string, secret string) error {
	switch {
	case o.GatewayClientID != "" && o.GatewayCredentialProvider != "":
		return fmt.Errorf("--gateway-client-id and --gateway-credential-provider are both given: give one of them")
	case o.GatewayClientID != "" && secret == "" && o.GatewayClientSecretARN == "":
		return fmt.Errorf("--gateway-client-id needs the client's secret: set %s, or --gateway-client-secret-arn", secretVariable)
	case o.GatewayClientID != "" && len(allowed) == 0:
		// The secret goes to the token endpoint that the gateway names.
		return fmt.Errorf("--gateway-client-id needs --gateway: the client's secret is sent to the issuer that a gateway names, so say which gateways you trust with it")
	case o.GatewayClientID == "" && o.GatewayClientSecretARN != "":
		return fmt.Errorf("--gateway-client-secret-arn needs --gateway-client-id")
	case o.GatewayCredentialProvider != "" && o.WorkloadIdentity == "":
		return fmt.Errorf("--gateway-credential-provider needs --workload-identity")
	}
	return nil
}

// outbound gives requests what the other side asks for.
type outbound struct {
	flags  outboundFlags
	secret string // from the environment
	client *aws.Client
	base   http.RoundTripper
	heard  *untrusted.Secrets // learns every credential that is got here

	mu     sync.Mutex
	tokens map[string]*auth.Cache // by what the token is for
}

// gateway authorizes requests to a gateway's own MCP endpoint. The error says
// which setting is missing.
func (o *outbound) gateway(g aws.Gateway) (http.RoundTripper, error) {
	switch {
	case g.Authorizer == aws.AuthorizerNone:
		return o.base, nil
	case g.Authorizer == aws.AuthorizerIAM:
		return o.client.Sign("bedrock-agentcore", g.Region(), o.base), nil
	case g.Authorizer == aws.AuthorizerJWT && o.flags.GatewayCredentialProvider != "":
		return o.bearer("provider "+o.flags.GatewayCredentialProvider, o.identity(aws.OAuthRequest{
			Workload: o.flags.WorkloadIdentity, Provider: o.flags.GatewayCredentialProvider, Scopes: o.flags.GatewayScope,
		})), nil
	case g.Authorizer == aws.AuthorizerJWT && o.flags.GatewayClientID != "":
		return o.bearer("client "+g.DiscoveryURL, o.learning(auth.ClientCredentials(auth.ClientCredentialsConfig{
			DiscoveryURL: g.DiscoveryURL, ClientID: o.flags.GatewayClientID, Secret: o.clientSecret, Scopes: o.flags.GatewayScope,
			Loopback: o.client.Local(),
		}))), nil
	case g.Authorizer == aws.AuthorizerJWT:
		return nil, fmt.Errorf("gateway %s asks its callers for a token (CUSTOM_JWT): set --gateway-client-id with %s, or --gateway-credential-provider with --workload-identity", g.Name, secretVariable)
	}
	return nil, fmt.Errorf("gateway %s asks its callers for %s, which this program cannot give", g.Name, g.Authorizer)
}

func (o *outbound) clientSecret(ctx context.Context) (string, error) {
	secret, err := o.secret, error(nil)
	if secret == "" {
		secret, err = o.client.Secret(ctx, o.flags.GatewayClientSecretARN)
	}
	o.heard.Add(secret)
	return secret, err
}

// learning remembers the tokens of a source, to mask them.
func (o *outbound) learning(source auth.TokenSource) auth.TokenSource {
	return func(ctx context.Context) (auth.Token, error) {
		token, err := source(ctx)
		o.heard.Add(token.Value)
		return token, err
	}
}

// upstream authorizes requests to the MCP server behind a target as the gateway
// would be, with an identity of our own. The error says why that is not
// possible: it tells nothing about the server.
func (o *outbound) upstream(t aws.Target) (http.RoundTripper, error) {
	how := t.Outbound()
	switch {
	case t.Private:
		return nil, fmt.Errorf("target %s is reached through a private endpoint: it is not reachable from here", t.Name)
	case t.Credentials == "":
		return o.base, nil
	case t.Credentials == aws.CredentialIAMRole && how.Service != "":
		return o.client.Sign(how.Service, how.Region, o.base), nil
	case t.Credentials == aws.CredentialOAuth && how.OfAPerson:
		return nil, fmt.Errorf("target %s takes tokens of a person: a machine cannot get one", t.Name)
	case (t.Credentials == aws.CredentialOAuth || t.Credentials == aws.CredentialAPIKey) && o.flags.WorkloadIdentity == "":
		return nil, fmt.Errorf("target %s wants a credential of provider %s: set --workload-identity to a workload identity that may use it", t.Name, how.Provider)
	case t.Credentials == aws.CredentialOAuth:
		key := fmt.Sprint("upstream ", how.Provider, how.Scopes, how.Parameters)
		return o.bearer(key, o.identity(aws.OAuthRequest{
			Workload: o.flags.WorkloadIdentity, Provider: how.Provider, Scopes: how.Scopes, Parameters: how.Parameters,
		})), nil
	case t.Credentials == aws.CredentialAPIKey:
		return &keyed{client: o.client, workload: o.flags.WorkloadIdentity, how: how, next: o.base, heard: o.heard}, nil
	}
	return nil, fmt.Errorf("target %s signs its requests with %s, which this program cannot do", t.Name, t.Credentials)
}

// identity fetches tokens through AgentCore Identity, which tells no expiry: a
// token is taken to live five minutes, and a 401 renews it earlier.
func (o *outbound) identity(r aws.OAuthRequest) auth.TokenSource {
	return func(ctx context.Context) (auth.Token, error) {
		value, err := o.client.OAuthToken(ctx, r)
		o.heard.Add(value)
		return auth.Token{Value: value, Expiry: time.Now().Add(5 * time.Minute)}, err
	}
}

// bearer shares one cached token among all requests with the same key.
func (o *outbound) bearer(key string, source auth.TokenSource) http.RoundTripper {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tokens[key] == nil {
		o.tokens[key] = auth.Cached(source, time.Minute, nil)
	}
	return auth.Bearer(o.tokens[key], o.base)
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

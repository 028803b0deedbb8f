package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

const (
	CredentialOAuth   = types.CredentialProviderTypeOauth
	CredentialAPIKey  = types.CredentialProviderTypeApiKey
	CredentialIAMRole = types.CredentialProviderTypeGatewayIamRole
)

// Outbound is how a gateway signs in at a target. Which members are set
// follows from Target.Credentials.
type Outbound struct {
	Provider     string // name of the credential provider (OAUTH, API_KEY)
	ARN          string // its ARN
	Scopes       []string
	Parameters   map[string]string
	NeedsConsent bool // a person's consent is needed: no machine gets the token (OAUTH)

	Location  string // HEADER or QUERY_PARAMETER (API_KEY)
	Parameter string // name of the header or parameter
	Prefix    string // stands before the key

	Service, Region string // to sign for (GATEWAY_IAM_ROLE); "" when not configured
}

// Outbound reads the target's credential configuration; the zero value in a
// listing and for a target without.
func (t Target) Outbound() (o Outbound) {
	if t.raw == nil || len(t.raw.CredentialProviderConfigurations) == 0 {
		return o
	}
	switch p := t.raw.CredentialProviderConfigurations[0].CredentialProvider.(type) {
	case *types.CredentialProviderMemberOauthCredentialProvider:
		o.Provider, o.Scopes, o.Parameters = providerName(p.Value.ProviderArn), p.Value.Scopes, p.Value.CustomParameters
		o.ARN = aws.ToString(p.Value.ProviderArn)
		o.NeedsConsent = p.Value.GrantType != "" && p.Value.GrantType != types.OAuthGrantTypeClientCredentials
	case *types.CredentialProviderMemberApiKeyCredentialProvider:
		o.Provider, o.Location = providerName(p.Value.ProviderArn), string(p.Value.CredentialLocation)
		o.ARN = aws.ToString(p.Value.ProviderArn)
		o.Parameter, o.Prefix = aws.ToString(p.Value.CredentialParameterName), aws.ToString(p.Value.CredentialPrefix)
	case *types.CredentialProviderMemberIamCredentialProvider:
		o.Service, o.Region = aws.ToString(p.Value.Service), aws.ToString(p.Value.Region)
	}
	return o
}

// Passed names what the target passes on of its callers' requests: headers, but
// for the one that AgentCore adds by itself, and query parameters.
func (t Target) Passed() (headers, parameters []string) {
	if t.raw == nil || t.raw.MetadataConfiguration == nil {
		return nil, nil
	}
	for _, h := range t.raw.MetadataConfiguration.AllowedRequestHeaders {
		if !strings.EqualFold(h, injectedHeader) {
			headers = append(headers, h)
		}
	}
	return headers, t.raw.MetadataConfiguration.AllowedQueryParameters
}

// providerName is the last part of a credential provider's ARN.
func providerName(arn *string) string {
	s := aws.ToString(arn)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// FindProvider looks for the credential provider that a target names, by OAuth or by API
// key, and returns its status, "" where it has none. ErrNotFound when there is none.
func (c *Client) FindProvider(ctx context.Context, t Target) (status string, err error) {
	name := t.Outbound().Provider
	if t.Credentials == CredentialAPIKey {
		_, err := c.control.GetApiKeyCredentialProvider(ctx, &control.GetApiKeyCredentialProviderInput{Name: &name})
		return "", wrap(ctx, "GetApiKeyCredentialProvider", false, err)
	}
	p, err := c.OAuth2Provider(ctx, name)
	return p.Status, err
}

// ProviderARN is the ARN of the credential provider of a kind (CredentialOAuth or
// CredentialAPIKey) that ref means, a name or an ARN. ErrNotFound when there is none,
// also where an ARN is of another account or region.
func (c *Client) ProviderARN(ctx context.Context, kind CredentialProviderType, ref string) (arn string, err error) {
	name := ref
	if strings.HasPrefix(ref, "arn:") {
		name = providerName(&ref)
	}
	if kind == CredentialAPIKey {
		out, err := c.control.GetApiKeyCredentialProvider(ctx, &control.GetApiKeyCredentialProviderInput{Name: &name})
		if err != nil {
			return "", wrap(ctx, "GetApiKeyCredentialProvider", false, err)
		}
		arn = aws.ToString(out.CredentialProviderArn)
	} else if p, err := c.OAuth2Provider(ctx, name); err != nil {
		return "", err
	} else {
		arn = p.ARN
	}
	if name != ref && arn != ref {
		return "", ErrNotFound
	}
	return arn, nil
}

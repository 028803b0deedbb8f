package aws

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// Provider is a credential provider of AgentCore Identity. It has no secret.
type Provider struct {
	Name, ARN string
	Kind      CredentialProviderType // CredentialOAuth or CredentialAPIKey
	Vendor    string                 // of an OAuth2 provider
	UpdatedAt time.Time

	// Only from Client.OAuth2Provider:
	Status       string
	ClientID     string
	DiscoveryURL string
	SecretARN    string // of the Secrets Manager secret that holds the client's secret
	SecretKey    string // in that secret's JSON
	CallbackURL  string
}

// Providers lists every credential provider of the account and region, OAuth2 first, once.
// The sequence ends after its first error.
func (c *Client) Providers(ctx context.Context) iter.Seq2[Provider, error] {
	oauth := control.NewListOauth2CredentialProvidersPaginator(c.control, &control.ListOauth2CredentialProvidersInput{})
	keys := control.NewListApiKeyCredentialProvidersPaginator(c.control, &control.ListApiKeyCredentialProvidersInput{})
	all := []iter.Seq2[Provider, error]{
		listed(ctx, "ListOauth2CredentialProviders", oauth, func(page *control.ListOauth2CredentialProvidersOutput) []types.Oauth2CredentialProviderItem {
			return page.CredentialProviders
		}, func(p types.Oauth2CredentialProviderItem) Provider {
			return Provider{Name: aws.ToString(p.Name), ARN: aws.ToString(p.CredentialProviderArn), Kind: CredentialOAuth, Vendor: string(p.CredentialProviderVendor), UpdatedAt: aws.ToTime(p.LastUpdatedTime)}
		}),
		listed(ctx, "ListApiKeyCredentialProviders", keys, func(page *control.ListApiKeyCredentialProvidersOutput) []types.ApiKeyCredentialProviderItem {
			return page.CredentialProviders
		}, func(p types.ApiKeyCredentialProviderItem) Provider {
			return Provider{Name: aws.ToString(p.Name), ARN: aws.ToString(p.CredentialProviderArn), Kind: CredentialAPIKey, UpdatedAt: aws.ToTime(p.LastUpdatedTime)}
		}),
	}
	return func(yield func(Provider, error) bool) {
		for _, list := range all {
			for p, err := range list {
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// OAuth2Provider reads an OAuth2 credential provider by its name. ErrNotFound when there
// is none.
func (c *Client) OAuth2Provider(ctx context.Context, name string) (Provider, error) {
	out, err := c.control.GetOauth2CredentialProvider(ctx, &control.GetOauth2CredentialProviderInput{Name: &name})
	if err != nil {
		return Provider{}, wrap(ctx, "GetOauth2CredentialProvider", false, err)
	}
	p := Provider{
		Name: aws.ToString(out.Name), ARN: aws.ToString(out.CredentialProviderArn), Kind: CredentialOAuth, Vendor: string(out.CredentialProviderVendor),
		UpdatedAt: aws.ToTime(out.LastUpdatedTime), Status: string(out.Status), CallbackURL: aws.ToString(out.CallbackUrl),
	}
	if out.ClientSecretArn != nil {
		p.SecretARN = aws.ToString(out.ClientSecretArn.SecretArn)
	}
	p.SecretKey = aws.ToString(out.ClientSecretJsonKey)
	if custom, ok := out.Oauth2ProviderConfigOutput.(*types.Oauth2ProviderConfigOutputMemberCustomOauth2ProviderConfig); ok {
		p.ClientID = aws.ToString(custom.Value.ClientId)
		if d, ok := custom.Value.OauthDiscovery.(*types.Oauth2DiscoveryMemberDiscoveryUrl); ok {
			p.DiscoveryURL = d.Value
		}
	}
	return p, nil
}

// NewProvider is what CreateOAuth2Provider needs. The client's secret is only referred
// to: it stays in Secrets Manager (the API's EXTERNAL secret source).
type NewProvider struct {
	Name, DiscoveryURL, ClientID string
	SecretARN, SecretKey         string // the key of a secret that is JSON
}

// CreateOAuth2Provider creates an OAuth2 credential provider for a client of any issuer.
func (c *Client) CreateOAuth2Provider(ctx context.Context, n NewProvider) (arn string, err error) {
	out, err := c.control.CreateOauth2CredentialProvider(ctx, &control.CreateOauth2CredentialProviderInput{
		Name: &n.Name, CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			ClientId: &n.ClientID, OauthDiscovery: &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: n.DiscoveryURL},
			ClientSecretSource: types.SecretSourceTypeExternal, ClientSecretConfig: &types.SecretReference{SecretId: &n.SecretARN, JsonKey: &n.SecretKey},
		}},
	}, c.once)
	if err != nil {
		return "", wrap(ctx, "CreateOauth2CredentialProvider", true, err)
	}
	return aws.ToString(out.CredentialProviderArn), nil
}

// DeleteProvider deletes a credential provider of a kind by its name.
func (c *Client) DeleteProvider(ctx context.Context, kind CredentialProviderType, name string) error {
	if kind == CredentialAPIKey {
		_, err := c.control.DeleteApiKeyCredentialProvider(ctx, &control.DeleteApiKeyCredentialProviderInput{Name: &name}, c.once)
		return wrap(ctx, "DeleteApiKeyCredentialProvider", true, err)
	}
	_, err := c.control.DeleteOauth2CredentialProvider(ctx, &control.DeleteOauth2CredentialProviderInput{Name: &name}, c.once)
	return wrap(ctx, "DeleteOauth2CredentialProvider", true, err)
}

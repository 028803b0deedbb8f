package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// OAuthRequest asks AgentCore Identity for an access token of a machine.
type OAuthRequest struct {
	Workload   string // the workload identity to act as
	Provider   string // name of the OAuth2 credential provider
	Scopes     []string
	Parameters map[string]string // that the provider wants besides
}

// OAuthToken fetches an access token by client credentials through AgentCore
// Identity (GetWorkloadAccessToken, GetResourceOauth2Token). The answer has no
// expiry; the token may be a cached one of AgentCore's. ErrDenied when the
// caller may not act as the workload or use the provider.
func (c *Client) OAuthToken(ctx context.Context, r OAuthRequest) (string, error) {
	workload, err := c.workloadToken(ctx, r.Workload)
	if err != nil {
		return "", err
	}
	out, err := c.data.GetResourceOauth2Token(ctx, &bedrockagentcore.GetResourceOauth2TokenInput{
		WorkloadIdentityToken: &workload, ResourceCredentialProviderName: &r.Provider, Scopes: r.Scopes,
		Oauth2Flow: types.Oauth2FlowTypeM2m, CustomParameters: r.Parameters,
	})
	if err != nil {
		return "", wrap(ctx, "GetResourceOauth2Token", false, err)
	}
	if aws.ToString(out.AccessToken) == "" {
		return "", &Error{Operation: "GetResourceOauth2Token", Kind: ErrDenied,
			Message: fmt.Sprintf("provider %s gives no token to a machine: it may be for users only (authorization code)", r.Provider)}
	}
	return *out.AccessToken, nil
}

// APIKey fetches an API key through AgentCore Identity, as a workload identity
// and by the name of its credential provider.
func (c *Client) APIKey(ctx context.Context, workloadName, provider string) (string, error) {
	workload, err := c.workloadToken(ctx, workloadName)
	if err != nil {
		return "", err
	}
	out, err := c.data.GetResourceApiKey(ctx, &bedrockagentcore.GetResourceApiKeyInput{
		WorkloadIdentityToken: &workload, ResourceCredentialProviderName: &provider,
	})
	if err != nil {
		return "", wrap(ctx, "GetResourceApiKey", false, err)
	}
	return aws.ToString(out.ApiKey), nil
}

func (c *Client) workloadToken(ctx context.Context, name string) (string, error) {
	out, err := c.data.GetWorkloadAccessToken(ctx, &bedrockagentcore.GetWorkloadAccessTokenInput{WorkloadName: &name})
	if err != nil {
		return "", wrap(ctx, "GetWorkloadAccessToken", false, err)
	}
	return aws.ToString(out.WorkloadAccessToken), nil
}

// Secret reads a secret's string from Secrets Manager by ARN or name.
func (c *Client) Secret(ctx context.Context, id string) (string, error) {
	out, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return "", wrap(ctx, "GetSecretValue", false, err)
	}
	if out.SecretString == nil {
		return "", &Error{Operation: "GetSecretValue", Kind: ErrInvalid, Message: fmt.Sprintf("secret %s holds bytes, not a string", id)}
	}
	return *out.SecretString, nil
}

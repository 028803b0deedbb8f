package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// NewOAuthProvider is what CreateOAuthProvider needs: an OAuth2 client at an
// issuer. Its secret is given as a reference, never as itself.
type NewOAuthProvider struct {
	Name, DiscoveryURL, ClientID string
	SecretARN                    string // of the Secrets Manager secret
	SecretKey                    string // member of the secret's JSON that holds it
}

// CreateOAuthProvider creates an OAuth2 credential provider in AgentCore
// Identity and returns its ARN. ErrConflict when the name is taken.
func (c *Client) CreateOAuthProvider(ctx context.Context, n NewOAuthProvider) (arn string, err error) {
	out, err := c.control.CreateOauth2CredentialProvider(ctx, &control.CreateOauth2CredentialProviderInput{
		Name: &n.Name, CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			OauthDiscovery:     &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: n.DiscoveryURL},
			ClientId:           &n.ClientID,
			ClientSecretSource: types.SecretSourceTypeExternal,
			ClientSecretConfig: &types.SecretReference{SecretId: &n.SecretARN, JsonKey: &n.SecretKey},
		}},
	}, options(writes)...)
	if err != nil {
		return "", wrap(ctx, "CreateOauth2CredentialProvider", true, err)
	}
	return aws.ToString(out.CredentialProviderArn), nil
}

// CreateWorkloadIdentity creates an identity to act as at AgentCore Identity.
func (c *Client) CreateWorkloadIdentity(ctx context.Context, name string) error {
	_, err := c.control.CreateWorkloadIdentity(ctx, &control.CreateWorkloadIdentityInput{Name: &name}, options(writes)...)
	return wrap(ctx, "CreateWorkloadIdentity", true, err)
}

// NewRuntime is what CreateRuntime needs: an MCP server's image, behind the
// tokens of an issuer when DiscoveryURL is given.
type NewRuntime struct {
	Name, RoleARN, Image string
	DiscoveryURL         string
	AllowedClients       []string
}

// CreateRuntime creates an agent runtime that speaks MCP, waits until it is
// READY, and returns its ARN.
func (c *Client) CreateRuntime(ctx context.Context, n NewRuntime) (arn string, err error) {
	in := &control.CreateAgentRuntimeInput{
		AgentRuntimeName: &n.Name, RoleArn: &n.RoleARN,
		AgentRuntimeArtifact: &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: &n.Image}},
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{
			ServerProtocol: types.ServerProtocolMcp,
		},
	}
	if n.DiscoveryURL != "" {
		in.AuthorizerConfiguration = &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
			DiscoveryUrl: &n.DiscoveryURL, AllowedClients: atLeastOne(n.AllowedClients),
		}}
	}
	out, err := c.control.CreateAgentRuntime(ctx, in) // carries a clientToken: safe to retry
	if err != nil {
		return "", wrap(ctx, "CreateAgentRuntime", true, err)
	}
	for delay := range c.poll.delays() {
		r, err := c.control.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: out.AgentRuntimeId})
		switch {
		case err != nil:
			return "", wrap(ctx, "GetAgentRuntime", false, err)
		case r.Status == types.AgentRuntimeStatusReady:
			return aws.ToString(out.AgentRuntimeArn), nil
		case r.Status == types.AgentRuntimeStatusCreateFailed:
			return "", fmt.Errorf("runtime %s is %s", n.Name, r.Status)
		}
		if err := Sleep(ctx, delay); err != nil {
			return "", err
		}
	}
	panic("unreachable: delays never end")
}

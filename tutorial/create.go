package tutorial

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// control is the SDK's client of the world's control plane, for what the program
// itself never creates.
func (w *World) control() *control.Client {
	return control.New(control.Options{Region: "us-east-1", BaseEndpoint: &w.URL, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// CreateProvider creates an OAuth2 credential provider for a client of an issuer
// and returns its ARN. The secret goes into a Secrets Manager secret of the same
// name.
func (w *World) CreateProvider(ctx context.Context, name, discoveryURL, clientID, secret string) (arn string, err error) {
	stored := w.Cloud.PutSecret(name, `{"clientSecret":"`+secret+`"}`)
	out, err := w.control().CreateOauth2CredentialProvider(ctx, &control.CreateOauth2CredentialProviderInput{
		Name: &name, CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			OauthDiscovery:     &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: discoveryURL},
			ClientId:           &clientID,
			ClientSecretSource: types.SecretSourceTypeExternal,
			ClientSecretConfig: &types.SecretReference{SecretId: &stored, JsonKey: sdk.String("clientSecret")},
		}},
	})
	if err != nil {
		return "", err
	}
	return sdk.ToString(out.CredentialProviderArn), nil
}

// createRuntime creates the runtime of an MCP server that asks for tokens of the
// runtimes' user pool, waits until it is READY, and returns its ARN.
func (w *World) createRuntime(ctx context.Context, name string) (arn string, err error) {
	client := w.control()
	created, err := client.CreateAgentRuntime(ctx, &control.CreateAgentRuntimeInput{
		AgentRuntimeName: &name, RoleArn: sdk.String(role),
		AgentRuntimeArtifact:  &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: sdk.String(image)}},
		NetworkConfiguration:  &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolMcp},
		AuthorizerConfiguration: &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
			DiscoveryUrl: sdk.String(w.Runtimes.DiscoveryURL(w.URL)), AllowedClients: []string{RuntimeClient},
		}},
	})
	if err != nil {
		return "", err
	}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		r, err := client.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: created.AgentRuntimeId})
		switch {
		case err != nil:
			return "", err
		case r.Status == types.AgentRuntimeStatusReady:
			return sdk.ToString(created.AgentRuntimeArn), nil
		case r.Status == types.AgentRuntimeStatusCreateFailed:
			return "", fmt.Errorf("runtime %s is %s", name, r.Status)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

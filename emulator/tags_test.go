package emulator_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// Tags are kept for whatever has an ARN, and go with it.
func TestTags(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	given := map[string]string{"team": "shop", "stage": ""}
	gateway, err := w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{
		Name: aws.String("tagged"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp, Tags: given,
	})
	w.check(err)
	runtime, err := w.client.CreateAgentRuntime(t.Context(), &control.CreateAgentRuntimeInput{AgentRuntimeName: aws.String("tagged"), AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN), Tags: given})
	w.check(err)
	w.runtimeReady(*runtime.AgentRuntimeId)
	endpoint, err := w.client.CreateAgentRuntimeEndpoint(t.Context(), &control.CreateAgentRuntimeEndpointInput{AgentRuntimeId: runtime.AgentRuntimeId, Name: aws.String("tagged"), Tags: given})
	w.check(err)
	oauth, err := w.client.CreateOauth2CredentialProvider(t.Context(), &control.CreateOauth2CredentialProviderInput{Name: aws.String("tagged"),
		CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2, Oauth2ProviderConfigInput: w.providerConfig(w.outbound, "s"), Tags: given})
	w.check(err)
	key, err := w.client.CreateApiKeyCredentialProvider(t.Context(), &control.CreateApiKeyCredentialProviderInput{Name: aws.String("tagged"), ApiKey: aws.String("k"), Tags: given})
	w.check(err)
	identity, err := w.client.CreateWorkloadIdentity(t.Context(), &control.CreateWorkloadIdentityInput{Name: aws.String("tagged"), Tags: given})
	w.check(err)

	tags := func(arn string) map[string]string {
		t.Helper()
		out, err := w.client.ListTagsForResource(t.Context(), &control.ListTagsForResourceInput{ResourceArn: &arn})
		w.check(err)
		return out.Tags
	}
	for _, arn := range []string{*gateway.GatewayArn, *runtime.AgentRuntimeArn, *endpoint.AgentRuntimeEndpointArn, *oauth.CredentialProviderArn, *key.CredentialProviderArn, *identity.WorkloadIdentityArn} {
		if got := tags(arn); !maps.Equal(got, given) {
			t.Errorf("%s has %v", arn, got)
		}
		_, err := w.client.TagResource(t.Context(), &control.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"stage": "beta", "cost": "1"}})
		w.check(err)
		_, err = w.client.UntagResource(t.Context(), &control.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team", "cost", "none"}})
		w.check(err)
		if got := tags(arn); !maps.Equal(got, map[string]string{"stage": "beta"}) {
			t.Errorf("%s has %v then", arn, got)
		}
	}

	many := map[string]string{}
	for i := range 50 {
		many[strings.Repeat("k", i+1)] = "v"
	}
	_, err = w.client.TagResource(t.Context(), &control.TagResourceInput{ResourceArn: gateway.GatewayArn, Tags: many})
	w.refusal(err, "ServiceQuotaExceededException", "at most 50 tags")
	if got := tags(*gateway.GatewayArn); len(got) != 1 {
		t.Errorf("a refused call left %v", got)
	}
	_, err = w.client.DeleteApiKeyCredentialProvider(t.Context(), &control.DeleteApiKeyCredentialProviderInput{Name: aws.String("tagged")})
	w.check(err)
	_, err = w.client.ListTagsForResource(t.Context(), &control.ListTagsForResourceInput{ResourceArn: key.CredentialProviderArn})
	w.refusal(err, "ResourceNotFoundException", "does not exist")
	_, err = w.client.CreateApiKeyCredentialProvider(t.Context(), &control.CreateApiKeyCredentialProviderInput{Name: aws.String("tagged"), ApiKey: aws.String("k")})
	w.check(err)
	if got := tags(*key.CredentialProviderArn); len(got) != 0 {
		t.Errorf("a new one has %v", got)
	}
}

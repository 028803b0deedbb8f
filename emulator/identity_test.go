package emulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	datatypes "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

const vault = "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/"

func (w *tutorial) getProvider(name string) *bedrockagentcorecontrol.GetOauth2CredentialProviderOutput {
	w.Helper()
	out, err := w.client.GetOauth2CredentialProvider(w.Context(), &bedrockagentcorecontrol.GetOauth2CredentialProviderInput{Name: &name})
	w.check(err)
	return out
}

func TestOauth2Providers(t *testing.T) {
	now := newClock()
	w := startAuthenticated(t, emulator.Options{Now: now.Now})
	create := func(name string, vendor types.CredentialProviderVendorType, config types.Oauth2ProviderConfigInput) (*bedrockagentcorecontrol.CreateOauth2CredentialProviderOutput, error) {
		return w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
			Name: &name, CredentialProviderVendor: vendor, Oauth2ProviderConfigInput: config,
		})
	}
	custom := types.CredentialProviderVendorTypeCustomOauth2
	created, err := create("p", custom, w.providerConfig(w.outbound, "runtime-secret"))
	w.check(err)
	if *created.CredentialProviderArn != vault+"oauth2credentialprovider/p" || created.Status != types.StatusReady ||
		created.ClientSecretSource != types.SecretSourceTypeManaged || !strings.HasPrefix(*created.ClientSecretArn.SecretArn, "arn:aws:secretsmanager:us-east-1:123456789012:secret:") {
		t.Errorf("created %+v", created)
	}
	got := w.getProvider("p")
	shown, ok := got.Oauth2ProviderConfigOutput.(*types.Oauth2ProviderConfigOutputMemberCustomOauth2ProviderConfig)
	if !ok || *shown.Value.ClientId != "runtime-client" || *got.ClientSecretArn.SecretArn != *created.ClientSecretArn.SecretArn || *got.CallbackUrl != *created.CallbackUrl {
		t.Errorf("got %+v", got)
	}
	_, err = create("p", custom, w.providerConfig(w.outbound, "x"))
	w.refusal(err, "ConflictException", "already exists")
	_, err = create("bad name", custom, w.providerConfig(w.outbound, "canary-secret"))
	w.refusal(err, "ValidationException", "Value at 'name' failed to satisfy constraint")
	_, err = create("q", types.CredentialProviderVendorTypeGoogleOauth2, w.providerConfig(w.outbound, "x"))
	w.refusal(err, "ValidationException", "googleOauth2ProviderConfig")
	_, err = create("q", custom, w.providerConfig(w.outbound, ""))
	w.refusal(err, "ValidationException", "secret is required")

	now.advance(time.Minute)
	w.changeSecret("p", "another")
	if updated := w.getProvider("p"); !updated.LastUpdatedTime.After(*got.LastUpdatedTime) || !updated.CreatedTime.Equal(*got.CreatedTime) || *updated.ClientSecretArn.SecretArn != *got.ClientSecretArn.SecretArn {
		t.Errorf("updated %+v", updated)
	}
	for i := range 24 {
		_, err := create(fmt.Sprintf("google%d", i), types.CredentialProviderVendorTypeGoogleOauth2, &types.Oauth2ProviderConfigInputMemberGoogleOauth2ProviderConfig{
			Value: types.GoogleOauth2ProviderConfigInput{ClientId: aws.String("id"), ClientSecret: aws.String("x")},
		})
		w.check(err)
	}
	google, ok := w.getProvider("google0").Oauth2ProviderConfigOutput.(*types.Oauth2ProviderConfigOutputMemberGoogleOauth2ProviderConfig)
	if discovery, isURL := google.Value.OauthDiscovery.(*types.Oauth2DiscoveryMemberDiscoveryUrl); !ok || !isURL || !strings.HasPrefix(discovery.Value, "https://accounts.google.com/") {
		t.Errorf("Google's provider is %+v", google)
	}
	var sizes []int
	pages := bedrockagentcorecontrol.NewListOauth2CredentialProvidersPaginator(w.client, &bedrockagentcorecontrol.ListOauth2CredentialProvidersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		w.check(err)
		sizes = append(sizes, len(page.CredentialProviders))
	}
	if !slices.Equal(sizes, []int{20, 5}) {
		t.Errorf("the pages have %d entries", sizes)
	}
	_, err = w.client.ListOauth2CredentialProviders(t.Context(), &bedrockagentcorecontrol.ListOauth2CredentialProvidersInput{MaxResults: aws.Int32(21)})
	w.refusal(err, "ValidationException", "less than or equal to 20")
	_, err = w.client.DeleteOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.DeleteOauth2CredentialProviderInput{Name: aws.String("p")})
	w.check(err)
	_, err = w.client.GetOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.GetOauth2CredentialProviderInput{Name: aws.String("p")})
	w.refusal(err, "ResourceNotFoundException", "p")
	if n := w.core.Calls("CreateOauth2CredentialProvider"); n != 29 {
		t.Errorf("%d calls counted", n)
	}
	defer w.core.Inject(emulator.Fault{Operation: "GetOauth2CredentialProvider", Code: "InternalServerException", Times: 1})()
	_, err = w.client.GetOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.GetOauth2CredentialProviderInput{Name: aws.String("google1")})
	w.refusal(err, "InternalServerException", "")
}

func TestExternalSecret(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	arn := w.core.PutSecret("runtime/client", `{"secret":"stale"}`)
	reference := func(id string) types.Oauth2ProviderConfigInput {
		config := w.providerConfig(w.outbound, "")
		value := &config.(*types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig).Value
		value.ClientSecret, value.ClientSecretSource = nil, types.SecretSourceTypeExternal
		value.ClientSecretConfig = &types.SecretReference{SecretId: &id, JsonKey: aws.String("secret")}
		return config
	}
	in := &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("external"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: reference(arn + "x"),
	}
	_, err := w.client.CreateOauth2CredentialProvider(t.Context(), in)
	w.refusal(err, "ResourceNotFoundException", "can't find the specified secret")
	in.Oauth2ProviderConfigInput = reference(arn)
	out, err := w.client.CreateOauth2CredentialProvider(t.Context(), in)
	w.check(err)
	if *out.ClientSecretArn.SecretArn != arn || *out.ClientSecretJsonKey != "secret" || out.ClientSecretSource != types.SecretSourceTypeExternal {
		t.Errorf("created %+v", out)
	}
	w.reconfigure("mcp-server-target", w.invocations(w.runtimeARN), w.oauth(*out.CredentialProviderArn, runtimeScope))
	w.settles(w.gatewayID, w.targetID, types.TargetStatusFailed)
	if again := w.core.PutSecret("runtime/client", `{"secret":"runtime-secret"}`); again != arn {
		t.Errorf("a new version has the ARN %s, not %s", again, arn)
	}
	w.resync(types.TargetStatusReady)
	w.core.PutSecret("runtime/client", `no json`)
	if got := w.resync(types.TargetStatusFailed); !strings.Contains(got.StatusReasons[0], "external") {
		t.Errorf("the reason is %q", got.StatusReasons)
	}
}

func TestWorkloadIdentities(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	gateway, err := w.client.GetWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.GetWorkloadIdentityInput{Name: &w.gatewayID})
	w.check(err)
	if want := "arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default/workload-identity/" + w.gatewayID; *gateway.WorkloadIdentityArn != want {
		t.Errorf("the gateway's identity is %s", *gateway.WorkloadIdentityArn)
	}
	_, err = w.client.DeleteWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.DeleteWorkloadIdentityInput{Name: &w.gatewayID})
	w.refusal(err, "ValidationException", "managed by a gateway")
	_, err = w.data.GetWorkloadAccessToken(t.Context(), &bedrockagentcore.GetWorkloadAccessTokenInput{WorkloadName: &w.gatewayID})
	w.refusal(err, "AccessDeniedException", "linked to a service")

	passing := w.gateway("passing")
	_, err = w.client.DeleteGateway(t.Context(), &bedrockagentcorecontrol.DeleteGatewayInput{GatewayIdentifier: &passing})
	w.check(err)
	w.until("the identity goes with its gateway", func() bool {
		_, err := w.client.GetWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.GetWorkloadIdentityInput{Name: &passing})
		return err != nil
	})

	_, err = w.client.CreateWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.CreateWorkloadIdentityInput{
		Name: aws.String("operator"), AllowedResourceOauth2ReturnUrls: []string{"https://example.com/done"},
	})
	w.check(err)
	_, err = w.client.CreateWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.CreateWorkloadIdentityInput{Name: aws.String("operator")})
	w.refusal(err, "ConflictException", "operator")
	_, err = w.client.UpdateWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.UpdateWorkloadIdentityInput{Name: aws.String("operator")})
	w.check(err)
	got, err := w.client.GetWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.GetWorkloadIdentityInput{Name: aws.String("operator")})
	w.check(err)
	if len(got.AllowedResourceOauth2ReturnUrls) != 0 {
		t.Errorf("an update without return URLs left %q", got.AllowedResourceOauth2ReturnUrls)
	}
	list, err := w.client.ListWorkloadIdentities(t.Context(), &bedrockagentcorecontrol.ListWorkloadIdentitiesInput{})
	w.check(err)
	if len(list.WorkloadIdentities) != 3 { // the runtime's, the gateway's and this one
		t.Errorf("the identities are %+v", list.WorkloadIdentities)
	}
	_, err = w.client.DeleteWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.DeleteWorkloadIdentityInput{Name: aws.String("operator")})
	w.check(err)
}

// workload makes a workload identity and gets a token for it.
func (w *tutorial) workload(name string) *string {
	w.Helper()
	_, err := w.client.CreateWorkloadIdentity(w.Context(), &bedrockagentcorecontrol.CreateWorkloadIdentityInput{Name: &name})
	w.check(err)
	out, err := w.data.GetWorkloadAccessToken(w.Context(), &bedrockagentcore.GetWorkloadAccessTokenInput{WorkloadName: &name})
	w.check(err)
	return out.WorkloadAccessToken
}

func TestResourceTokens(t *testing.T) {
	now := newClock()
	w := startTutorial(t, emulator.Options{Now: now.Now})
	workload := w.workload("operator")
	ask := func(change func(*bedrockagentcore.GetResourceOauth2TokenInput)) (*bedrockagentcore.GetResourceOauth2TokenOutput, error) {
		in := &bedrockagentcore.GetResourceOauth2TokenInput{
			WorkloadIdentityToken: workload, ResourceCredentialProviderName: aws.String("ac-gateway-mcp-server-identity"),
			Scopes: []string{runtimeScope}, Oauth2Flow: datatypes.Oauth2FlowTypeM2m,
		}
		change(in)
		return w.data.GetResourceOauth2Token(t.Context(), in)
	}
	out, err := ask(func(*bedrockagentcore.GetResourceOauth2TokenInput) {})
	w.check(err)
	if got := w.offers(w.invocations(w.runtimeARN), *out.AccessToken); len(got) != 2 {
		t.Errorf("with the token the runtime lists %q", got)
	}
	_, err = ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) { in.Scopes = []string{"other/scope"} })
	w.refusal(err, "ValidationException", "Error parsing ClientCredentials response")
	_, err = ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) { in.WorkloadIdentityToken = aws.String("x") })
	w.refusal(err, "UnauthorizedException", "not valid")
	_, err = ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) {
		in.ResourceCredentialProviderName = aws.String("none")
	})
	w.refusal(err, "ResourceNotFoundException", "none")
	_, err = ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) {
		in.Oauth2Flow = datatypes.Oauth2FlowTypeOnBehalfOfTokenExchange
	})
	w.refusal(err, "ValidationException", "not implemented")
	signing := w.providerConfig(w.outbound, "")
	signing.(*types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig).Value.ClientAuthenticationMethod = types.ClientAuthenticationMethodTypeAwsIamIdTokenJwt
	_, err = w.client.CreateOauth2CredentialProvider(t.Context(), &bedrockagentcorecontrol.CreateOauth2CredentialProviderInput{
		Name: aws.String("signing"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2, Oauth2ProviderConfigInput: signing,
	})
	w.check(err)
	_, err = ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) {
		in.ResourceCredentialProviderName = aws.String("signing")
	})
	w.refusal(err, "ValidationException", "not implemented")
	_, err = w.data.GetWorkloadAccessTokenForUserId(t.Context(), &bedrockagentcore.GetWorkloadAccessTokenForUserIdInput{WorkloadName: aws.String("operator"), UserId: aws.String("u")})
	w.refusal(err, "UnknownOperationException", "not implemented")

	federated := func(session *string) *bedrockagentcore.GetResourceOauth2TokenOutput {
		t.Helper()
		out, err := ask(func(in *bedrockagentcore.GetResourceOauth2TokenInput) {
			in.Oauth2Flow, in.SessionUri = datatypes.Oauth2FlowTypeUserFederation, session
		})
		w.check(err)
		return out
	}
	begun := federated(nil)
	if begun.AccessToken != nil || !strings.HasPrefix(*begun.AuthorizationUrl, w.url) || begun.SessionStatus != datatypes.SessionStatusInProgress {
		t.Errorf("a federation begins with %+v", begun)
	}
	if again := federated(begun.SessionUri); again.AccessToken != nil || *again.SessionUri != *begun.SessionUri {
		t.Errorf("before the consent: %+v", again)
	}
	w.check(w.consent(*begun.SessionUri, "anybody"))
	if done := federated(begun.SessionUri); done.AccessToken == nil {
		t.Errorf("after the consent: %+v", done)
	}
	late := federated(nil)
	now.advance(10 * time.Minute)
	if expired := federated(late.SessionUri); expired.SessionStatus != datatypes.SessionStatusFailed {
		t.Errorf("after ten minutes: %+v", expired)
	}
	w.refusal(w.consent(*late.SessionUri, "anybody"), "ValidationException", "expired")

	now.advance(time.Hour)
	_, err = ask(func(*bedrockagentcore.GetResourceOauth2TokenInput) {})
	w.refusal(err, "UnauthorizedException", "not valid")
}

func (w *tutorial) consent(session, user string) error {
	_, err := w.data.CompleteResourceTokenAuth(w.Context(), &bedrockagentcore.CompleteResourceTokenAuthInput{
		SessionUri: &session, UserIdentifier: &datatypes.UserIdentifierMemberUserId{Value: user},
	})
	return err
}

package emulator

import (
	datatypes "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// identityConstraints are the rules of credential providers, workload identities
// and AgentCore Identity's data plane.
func identityConstraints(rules map[string]rule) {
	require(rules, map[string][]string{
		"CreateOauth2CredentialProviderRequest": {"name", "credentialProviderVendor", "oauth2ProviderConfigInput"},
		"UpdateOauth2CredentialProviderRequest": {"name", "credentialProviderVendor", "oauth2ProviderConfigInput"},
		"GetOauth2CredentialProviderRequest":    {"name"},
		"DeleteOauth2CredentialProviderRequest": {"name"},
		"CreateApiKeyCredentialProviderRequest": {"name"},
		"UpdateApiKeyCredentialProviderRequest": {"name"},
		"GetApiKeyCredentialProviderRequest":    {"name"},
		"DeleteApiKeyCredentialProviderRequest": {"name"},
		"CreateWorkloadIdentityRequest":         {"name"},
		"UpdateWorkloadIdentityRequest":         {"name"},
		"GetWorkloadIdentityRequest":            {"name"},
		"DeleteWorkloadIdentityRequest":         {"name"},
		"CustomOauth2ProviderConfigInput":       {"oauthDiscovery"},
		"Oauth2AuthorizationServerMetadata":     {"issuer", "authorizationEndpoint", "tokenEndpoint"},
		"OnBehalfOfTokenExchangeConfigType":     {"grantType"},
		"OnBehalfOfAuthenticationConfig":        {"clientAuthenticationMethod"},
		"TokenExchangeGrantTypeConfigType":      {"actorTokenContent"},
		"KmsKeySourceType":                      {"kmsKeyArn"},
		"SecretReference":                       {"secretId", "jsonKey"},
		"HostingEnvironment":                    {"arn"},
		"GetWorkloadAccessTokenRequest":         {"workloadName"},
		"GetResourceOauth2TokenRequest":         {"workloadIdentityToken", "resourceCredentialProviderName", "scopes", "oauth2Flow"},
		"GetResourceApiKeyRequest":              {"workloadIdentityToken", "resourceCredentialProviderName"},
		"CompleteResourceTokenAuthRequest":      {"userIdentifier", "sessionUri"},
	})
	for _, vendor := range []string{"Google", "Github", "Slack", "Salesforce", "Microsoft", "Atlassian", "Linkedin", "Included"} {
		require(rules, map[string][]string{vendor + "Oauth2ProviderConfigInput": {"clientId"}}) // the secret may be EXTERNAL
	}
	limit(rules, map[string][2]int{
		"CredentialProviderName":       {1, 128},
		"ClientIdType":                 {1, 256},
		"DefaultClientIdType":          {0, 256},
		"ClientSecretType":             {1, 2048},
		"DefaultClientSecretType":      {0, 2048},
		"DefaultApiKeyType":            {0, 65536},
		"TenantIdType":                 {1, 2048},
		"TokenEndpointAuthMethodsType": {1, 2},
		"ScopeType":                    {1, 128},
		"WorkloadIdentityNameType":     {3, 255},
		"ResourceOauth2ReturnUrlType":  {1, 2048},
		"MaxResults":                   {1, 100},
		"ListOauth2CredentialProvidersRequest$maxResults": {1, 20},
		"ListWorkloadIdentitiesRequest$maxResults":        {1, 20},
		"BedrockAgentcoreResourceArn":                     {20, 1011},
		"WorkloadIdentityTokenType":                       {1, 131072},
		"UserTokenType":                                   {1, 131072},
		"UserIdType":                                      {1, 128},
		"RequestUri":                                      {1, 1024},
		"CustomRequestKeyType":                            {1, 256},
		"CustomRequestValueType":                          {1, 2048},
		"AudienceType":                                    {1, 2048},
		"ResourceType":                                    {1, 2048},
		"State":                                           {1, 4096},
	})
	match(rules, map[string]string{
		"CredentialProviderName":      `[a-zA-Z0-9\-_]+`,
		"DiscoveryUrlType":            `.+/\.well-known/(openid-configuration|oauth-authorization-server)`,
		"TokenAuthMethod":             `(client_secret_post|client_secret_basic)`,
		"WorkloadIdentityNameType":    `[A-Za-z0-9_.-]+`,
		"ResourceOauth2ReturnUrlType": `\w+:(\/?\/?)[^\s]+`,
		"UserTokenType":               `[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+`,
		"RequestUri":                  `urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+`,
		"CustomRequestKeyType":        `[a-zA-Z0-9\-_\.]+`,
	})
	rules["CredentialProviderVendorType"] = enum(types.CredentialProviderVendorType("").Values())
	rules["ClientAuthenticationMethodType"] = enum(types.ClientAuthenticationMethodType("").Values())
	rules["OnBehalfOfClientAuthenticationMethod"] = enum(types.OnBehalfOfClientAuthenticationMethod("").Values())
	rules["OnBehalfOfTokenExchangeGrantTypeType"] = enum(types.OnBehalfOfTokenExchangeGrantTypeType("").Values())
	rules["ActorTokenContentType"] = enum(types.ActorTokenContentType("").Values())
	rules["SecretSourceType"] = enum(types.SecretSourceType("").Values())
	rules["SigningAlgorithm"] = enum(types.SigningAlgorithm("").Values())
	rules["Oauth2FlowType"] = enum(datatypes.Oauth2FlowType("").Values())
}

package emulator

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// oauth2Provider is an OAuth2 credential provider's record, as
// GetOauth2CredentialProvider answers it, and its client's secret.
type oauth2Provider struct {
	sequence int
	record   bedrockagentcorecontrol.GetOauth2CredentialProviderOutput
	client   credential
	tags     tags
}

func (s *Server) createOauth2Provider(r *request) (json.RawMessage, error) {
	name := r.str("name")
	if s.oauth2Provider(name) != nil {
		return nil, conflicting("Credential provider with name: %s already exists", name)
	}
	p := &oauth2Provider{tags: givenTags(r)}
	if err := s.configureOauth2Provider(r, p); err != nil {
		return nil, err
	}
	arn := s.arn(tokenVault + "oauth2credentialprovider/" + name)
	callback := r.origin + "/identities/oauth2/callback/" + requestID()
	s.sequence++
	p.sequence = s.sequence
	p.record.Name, p.record.CredentialProviderArn, p.record.CallbackUrl = &name, &arn, &callback
	p.record.CreatedTime = s.stamp(nil)
	p.record.LastUpdatedTime = p.record.CreatedTime
	s.oauth2Providers = append(s.oauth2Providers, p)
	return aws.EncodeJSON(&bedrockagentcorecontrol.CreateOauth2CredentialProviderOutput{
		Name: &name, CredentialProviderArn: &arn, CallbackUrl: &callback,
		ClientSecretArn: p.record.ClientSecretArn, ClientSecretJsonKey: p.record.ClientSecretJsonKey,
		ClientSecretSource: p.record.ClientSecretSource, Status: p.record.Status,
		Oauth2ProviderConfigOutput: p.record.Oauth2ProviderConfigOutput,
	})
}

func (s *Server) getOauth2Provider(r *request) (json.RawMessage, error) {
	p, err := s.findOauth2Provider(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&p.record)
}

// updateOauth2Provider replaces: the secret has to be given again.
func (s *Server) updateOauth2Provider(r *request) (json.RawMessage, error) {
	p, err := s.findOauth2Provider(r)
	if err != nil {
		return nil, err
	}
	if err := s.configureOauth2Provider(r, p); err != nil {
		return nil, err
	}
	p.record.LastUpdatedTime = s.stamp(p.record.LastUpdatedTime)
	return aws.EncodeJSON(&p.record) // Update and Get answer the same members
}

func (s *Server) deleteOauth2Provider(r *request) (json.RawMessage, error) {
	p, err := s.findOauth2Provider(r)
	if err != nil {
		return nil, err
	}
	s.oauth2Providers = slices.DeleteFunc(s.oauth2Providers, func(other *oauth2Provider) bool { return other == p })
	return nil, nil
}

func (s *Server) listOauth2Providers(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "oauth2 providers", s.oauth2Providers, func(p *oauth2Provider) int { return p.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListOauth2CredentialProvidersOutput{CredentialProviders: []types.Oauth2CredentialProviderItem{}, NextToken: next}
	for _, p := range page {
		out.CredentialProviders = append(out.CredentialProviders, types.Oauth2CredentialProviderItem{
			Name: p.record.Name, CredentialProviderArn: p.record.CredentialProviderArn,
			CredentialProviderVendor: p.record.CredentialProviderVendor,
			CreatedTime:              p.record.CreatedTime, LastUpdatedTime: p.record.LastUpdatedTime,
		})
	}
	return aws.EncodeJSON(out)
}

// configureOauth2Provider fills the record's configuration and secret from a
// Create or Update request; after an error p is as before.
func (s *Server) configureOauth2Provider(r *request, p *oauth2Provider) error {
	var body struct {
		Vendor types.CredentialProviderVendorType `json:"credentialProviderVendor"`
		Config map[string]map[string]any          `json:"oauth2ProviderConfigInput"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		return cannotParse("the body could not be decoded")
	}
	member := vendorMember(body.Vendor)
	config, ok := body.Config[member]
	if !ok {
		return refused("The vendor %s needs the member %s in oauth2ProviderConfigInput", body.Vendor, member)
	}
	client, err := s.clientCredential(r.str("name"), config, p.client)
	if err != nil {
		return err
	}
	var next bedrockagentcorecontrol.GetOauth2CredentialProviderOutput
	shown, err := json.Marshal(map[string]any{"oauth2ProviderConfigOutput": map[string]any{member: shownConfig(body.Vendor, config)}})
	if err != nil {
		return err
	}
	if err := aws.DecodeJSON(shown, &next); err != nil {
		return cannotParse("the body could not be decoded")
	}
	p.client = client
	p.record.CredentialProviderVendor = body.Vendor
	p.record.Oauth2ProviderConfigOutput = next.Oauth2ProviderConfigOutput
	p.record.ClientSecretArn, p.record.ClientSecretJsonKey = client.shown()
	p.record.ClientSecretSource = client.source
	p.record.Status = types.StatusReady
	return nil
}

// clientCredential takes the client's secret out of a provider's configuration.
func (s *Server) clientCredential(provider string, config map[string]any, previous credential) (credential, error) {
	var sent struct {
		ClientSecret                                    string
		ClientSecretSource                              types.SecretSourceType
		ClientSecretConfig                              *struct{ SecretId, JsonKey string }
		ClientID                                        string `json:"clientId"`
		ClientAuthenticationMethod, PrivateKeyJwtConfig any
	}
	data, err := json.Marshal(config)
	if err != nil {
		return credential{}, err
	}
	if err := json.Unmarshal(data, &sent); err != nil {
		return credential{}, cannotParse("the provider's configuration could not be decoded")
	}
	if sent.PrivateKeyJwtConfig != nil || sent.ClientAuthenticationMethod == string(types.ClientAuthenticationMethodTypeAwsIamIdTokenJwt) {
		return credential{}, nil // clients that sign have no secret
	}
	if sent.ClientID == "" {
		return credential{}, refused("A client id is required")
	}
	return s.newCredential("oauth2", provider, sentCredential{sent.ClientSecret, sent.ClientSecretSource, sent.ClientSecretConfig}, previous)
}

// shownConfig is what answers tell of a provider's configuration.
func shownConfig(vendor types.CredentialProviderVendorType, sent map[string]any) map[string]any {
	shown := maps.Clone(sent)
	maps.DeleteFunc(shown, func(member string, _ any) bool {
		return member == "clientSecret" || member == "clientSecretSource" || member == "clientSecretConfig"
	})
	if _, ok := shown["oauthDiscovery"]; !ok {
		shown["oauthDiscovery"] = vendorDiscovery(vendor, sent)
	}
	return shown
}

// vendorDiscovery is where a vendor's endpoints are.
func vendorDiscovery(vendor types.CredentialProviderVendorType, sent map[string]any) map[string]any {
	text := func(member, otherwise string) string {
		if value, ok := sent[member].(string); ok && value != "" {
			return value
		}
		return otherwise
	}
	discovery := func(issuer string) map[string]any {
		return map[string]any{"discoveryUrl": issuer + openIDConfiguration}
	}
	metadata := func(issuer, authorize, token string) map[string]any {
		return map[string]any{"authorizationServerMetadata": map[string]any{
			"issuer": issuer, "authorizationEndpoint": authorize, "tokenEndpoint": token,
		}}
	}
	switch vendor {
	case types.CredentialProviderVendorTypeGoogleOauth2:
		return discovery("https://accounts.google.com")
	case types.CredentialProviderVendorTypeMicrosoftOauth2:
		return discovery("https://login.microsoftonline.com/" + url.PathEscape(text("tenantId", "common")) + "/v2.0")
	case types.CredentialProviderVendorTypeSlackOauth2:
		return discovery("https://slack.com")
	case types.CredentialProviderVendorTypeSalesforceOauth2:
		return discovery("https://login.salesforce.com")
	case types.CredentialProviderVendorTypeLinkedinOauth2:
		return discovery("https://www.linkedin.com/oauth")
	case types.CredentialProviderVendorTypeGithubOauth2:
		return metadata("https://github.com", "https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token")
	case types.CredentialProviderVendorTypeAtlassianOauth2:
		return metadata("https://auth.atlassian.com", "https://auth.atlassian.com/authorize", "https://auth.atlassian.com/oauth/token")
	}
	return metadata(text("issuer", ""), text("authorizationEndpoint", ""), text("tokenEndpoint", ""))
}

// vendorMember is the member of the configuration's union that a vendor needs.
func vendorMember(vendor types.CredentialProviderVendorType) string {
	switch vendor {
	case types.CredentialProviderVendorTypeCustomOauth2:
		return "customOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeGoogleOauth2:
		return "googleOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeGithubOauth2:
		return "githubOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeSlackOauth2:
		return "slackOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeSalesforceOauth2:
		return "salesforceOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeMicrosoftOauth2:
		return "microsoftOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeAtlassianOauth2:
		return "atlassianOauth2ProviderConfig"
	case types.CredentialProviderVendorTypeLinkedinOauth2:
		return "linkedinOauth2ProviderConfig"
	}
	return "includedOauth2ProviderConfig"
}

// oauth2Provider returns the provider with this name, nil when there is none.
func (s *Server) oauth2Provider(name string) *oauth2Provider {
	for _, p := range s.oauth2Providers {
		if *p.record.Name == name {
			return p
		}
	}
	return nil
}

func (s *Server) findOauth2Provider(r *request) (*oauth2Provider, error) {
	if p := s.oauth2Provider(r.str("name")); p != nil {
		return p, nil
	}
	return nil, noProvider(r.str("name"))
}

func noProvider(name string) *apiError {
	return &apiError{code: resourceNotFound, message: "Credential provider with name: " + name + " not found"}
}

package emulator

import (
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
)

// apiKeyProvider is an API key credential provider's record, as
// GetApiKeyCredentialProvider answers it, and the key.
type apiKeyProvider struct {
	sequence int
	record   bedrockagentcorecontrol.GetApiKeyCredentialProviderOutput
	key      credential
	tags     tags
}

func (s *Server) createAPIKeyProvider(r *request) (json.RawMessage, error) {
	name := r.str("name")
	if s.apiKeyProvider(name) != nil {
		return nil, conflicting("Credential provider with name: %s already exists", name)
	}
	p := &apiKeyProvider{tags: givenTags(r)}
	if err := s.configureAPIKeyProvider(r, p); err != nil {
		return nil, err
	}
	arn := s.arn(tokenVault + "apikeycredentialprovider/" + name)
	s.sequence++
	p.sequence = s.sequence
	p.record.Name, p.record.CredentialProviderArn = &name, &arn
	p.record.CreatedTime = s.stamp(nil)
	p.record.LastUpdatedTime = p.record.CreatedTime
	s.apiKeyProviders = append(s.apiKeyProviders, p)
	return aws.EncodeJSON(&bedrockagentcorecontrol.CreateApiKeyCredentialProviderOutput{
		Name: &name, CredentialProviderArn: &arn, ApiKeySecretArn: p.record.ApiKeySecretArn,
		ApiKeySecretJsonKey: p.record.ApiKeySecretJsonKey, ApiKeySecretSource: p.record.ApiKeySecretSource,
	})
}

func (s *Server) getAPIKeyProvider(r *request) (json.RawMessage, error) {
	p, err := s.findAPIKeyProvider(r)
	if err != nil {
		return nil, err
	}
	return aws.EncodeJSON(&p.record)
}

func (s *Server) updateAPIKeyProvider(r *request) (json.RawMessage, error) {
	p, err := s.findAPIKeyProvider(r)
	if err != nil {
		return nil, err
	}
	if err := s.configureAPIKeyProvider(r, p); err != nil {
		return nil, err
	}
	p.record.LastUpdatedTime = s.stamp(p.record.LastUpdatedTime)
	return aws.EncodeJSON(&p.record) // Update and Get answer the same members
}

func (s *Server) deleteAPIKeyProvider(r *request) (json.RawMessage, error) {
	p, err := s.findAPIKeyProvider(r)
	if err != nil {
		return nil, err
	}
	s.apiKeyProviders = slices.DeleteFunc(s.apiKeyProviders, func(other *apiKeyProvider) bool { return other == p })
	return nil, nil
}

func (s *Server) listAPIKeyProviders(r *request) (json.RawMessage, error) {
	page, next, err := paginate(r, "api key providers", s.apiKeyProviders, func(p *apiKeyProvider) int { return p.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListApiKeyCredentialProvidersOutput{CredentialProviders: []types.ApiKeyCredentialProviderItem{}, NextToken: next}
	for _, p := range page {
		out.CredentialProviders = append(out.CredentialProviders, types.ApiKeyCredentialProviderItem{
			Name: p.record.Name, CredentialProviderArn: p.record.CredentialProviderArn,
			CreatedTime: p.record.CreatedTime, LastUpdatedTime: p.record.LastUpdatedTime,
		})
	}
	return aws.EncodeJSON(out)
}

// configureAPIKeyProvider takes the key from a Create or Update request; after
// an error p is as before.
func (s *Server) configureAPIKeyProvider(r *request, p *apiKeyProvider) error {
	var sent struct {
		APIKey             string `json:"apiKey"`
		APIKeySecretSource types.SecretSourceType
		APIKeySecretConfig *struct{ SecretId, JsonKey string }
	}
	if err := json.Unmarshal(r.body, &sent); err != nil {
		return cannotParse("the body could not be decoded")
	}
	key, err := s.newCredential("apikey", r.str("name"), sentCredential{sent.APIKey, sent.APIKeySecretSource, sent.APIKeySecretConfig}, p.key)
	if err != nil {
		return err
	}
	p.key = key
	p.record.ApiKeySecretArn, p.record.ApiKeySecretJsonKey = key.shown()
	p.record.ApiKeySecretSource = key.source
	return nil
}

// apiKeyProvider returns the provider with this name, nil when there is none.
func (s *Server) apiKeyProvider(name string) *apiKeyProvider {
	for _, p := range s.apiKeyProviders {
		if *p.record.Name == name {
			return p
		}
	}
	return nil
}

func (s *Server) findAPIKeyProvider(r *request) (*apiKeyProvider, error) {
	if p := s.apiKeyProvider(r.str("name")); p != nil {
		return p, nil
	}
	return nil, noProvider(r.str("name"))
}

package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// Edit is what an update changes of an MCP server target. A nil member is kept
// as it is.
type Edit struct {
	// Whole takes all settings from a target that was read before, but those that the
	// other members name. Its name has to be the target's.
	Whole            *Target
	Endpoint         *string
	Description      *string // "" takes it away
	ListingMode      *ListingMode
	ResourcePriority *int32
	ToolSchema       *string // the static tools, in MCP's JSON; "" takes them away
	OAuthProviderARN *string // signs in by OAuth from now on, by client credentials
	Scopes           []string
	RequestHeaders   *[]string // passed through; empty takes them away
	QueryParameters  *[]string
	ResponseHeaders  *[]string
}

// Empty reports whether the edit names no setting at all.
func (e Edit) Empty() bool {
	return e.Whole == nil && e.Endpoint == nil && e.Description == nil && e.ListingMode == nil && e.ResourcePriority == nil && e.ToolSchema == nil &&
		e.OAuthProviderARN == nil && e.Scopes == nil && e.RequestHeaders == nil && e.QueryParameters == nil && e.ResponseHeaders == nil
}

// injectedHeader is one that AgentCore adds to a target's allowed request
// headers by itself; it is not ours to send back.
const injectedHeader = "x-amzn-bedrock-agentcore-policy-session-id"

// UpdateTarget begins an update of t, as Client.Target read it, that changes
// what edit says and nothing else: UpdateGatewayTarget replaces, so everything
// that was read is sent again. Errors: ErrUnknownSetting, when something was
// read that cannot be sent; ErrInvalid for a target that is not an MCP server;
// else as for Synchronize.
func (c *Client) UpdateTarget(ctx context.Context, gatewayID string, t Target, edit Edit) (Target, error) {
	in, err := t.edited(edit)
	if err != nil {
		return Target{}, err
	}
	in.GatewayIdentifier = &gatewayID
	out, err := c.control.UpdateGatewayTarget(ctx, in, c.once)
	if err != nil {
		return Target{}, wrap(ctx, "UpdateGatewayTarget", true, err)
	}
	return fromAnswer(out)
}

// Edited is the target's configuration as an update would send it, in AWS's
// JSON, without sending anything. Errors as of Client.UpdateTarget.
func (t Target) Edited(edit Edit) ([]byte, error) {
	in, err := t.edited(edit)
	if err != nil {
		return nil, err
	}
	return EncodeJSON(&control.GetGatewayTargetOutput{
		Name: in.Name, Description: in.Description, TargetConfiguration: in.TargetConfiguration,
		CredentialProviderConfigurations: in.CredentialProviderConfigurations, MetadataConfiguration: in.MetadataConfiguration,
		PrivateEndpoint: in.PrivateEndpoint, CertificateConfigurations: in.CertificateConfigurations,
	})
}

func (t Target) edited(edit Edit) (*control.UpdateGatewayTargetInput, error) {
	for _, of := range []*Target{&t, edit.Whole} {
		if of == nil {
			continue
		}
		if mcpServer(of.raw) == nil {
			return nil, &Error{Operation: "UpdateGatewayTarget", Kind: ErrInvalid, Message: fmt.Sprintf("target %s is not an MCP server", of.Name)}
		}
		if len(of.unknown) > 0 {
			return nil, &Error{Operation: "UpdateGatewayTarget", Kind: ErrUnknownSetting,
				Message: fmt.Sprintf("target %s has settings that this program does not know (%s) and an update would lose them: install a newer release", of.Name, strings.Join(of.unknown, ", "))}
		}
	}
	if edit.Whole != nil {
		raw := *edit.Whole.raw
		raw.TargetId = t.raw.TargetId
		t.raw = &raw
	}
	server := mcpServer(t.raw)
	changed := *server
	if edit.Endpoint != nil {
		changed.Endpoint = edit.Endpoint
	}
	if edit.ListingMode != nil {
		changed.ListingMode = *edit.ListingMode
	}
	if edit.ResourcePriority != nil {
		changed.ResourcePriority = edit.ResourcePriority
	}
	if edit.ToolSchema != nil {
		changed.McpToolSchema = nil
		if *edit.ToolSchema != "" {
			changed.McpToolSchema = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: *edit.ToolSchema}
		}
	}
	in := &control.UpdateGatewayTargetInput{
		TargetId:                         t.raw.TargetId,
		Name:                             t.raw.Name,
		Description:                      t.raw.Description,
		TargetConfiguration:              &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: changed}},
		CredentialProviderConfigurations: atLeastOne(t.raw.CredentialProviderConfigurations),
		MetadataConfiguration:            edit.metadata(t.raw.MetadataConfiguration),
		PrivateEndpoint:                  t.raw.PrivateEndpoint,
		CertificateConfigurations:        atLeastOne(t.raw.CertificateConfigurations),
	}
	if edit.Description != nil {
		if in.Description = edit.Description; *edit.Description == "" {
			in.Description = nil
		}
	}
	if edit.OAuthProviderARN != nil || edit.Scopes != nil {
		credentials, err := t.oauth(edit)
		if err != nil {
			return nil, err
		}
		in.CredentialProviderConfigurations = []types.CredentialProviderConfiguration{credentials}
	}
	return in, nil
}

// oauth is the target's OAuth configuration with another provider or other
// scopes; everything else in it is kept.
func (t Target) oauth(edit Edit) (types.CredentialProviderConfiguration, error) {
	var value types.OAuthCredentialProvider
	found := false
	if len(t.raw.CredentialProviderConfigurations) > 0 {
		if p, ok := t.raw.CredentialProviderConfigurations[0].CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider); ok {
			value, found = p.Value, true
		}
	}
	if !found && edit.OAuthProviderARN == nil {
		return types.CredentialProviderConfiguration{}, &Error{Operation: "UpdateGatewayTarget", Kind: ErrInvalid,
			Message: fmt.Sprintf("target %s does not sign in by OAuth, so scopes alone say nothing: give the provider too", t.Name)}
	}
	if edit.OAuthProviderARN != nil {
		value.ProviderArn = edit.OAuthProviderARN
	}
	if edit.Scopes != nil {
		value.Scopes = edit.Scopes
	}
	if value.GrantType == "" {
		value.GrantType = types.OAuthGrantTypeClientCredentials
	}
	return types.CredentialProviderConfiguration{
		CredentialProviderType: types.CredentialProviderTypeOauth,
		CredentialProvider:     &types.CredentialProviderMemberOauthCredentialProvider{Value: value},
	}, nil
}

// metadata is the propagation of headers and parameters after the edit, nil
// when nothing is propagated: AWS's lists have a minimum of one.
func (e Edit) metadata(now *types.MetadataConfiguration) *types.MetadataConfiguration {
	var m types.MetadataConfiguration
	if now != nil {
		m = *now
	}
	for _, list := range []struct {
		now  *[]string
		edit *[]string
	}{{&m.AllowedRequestHeaders, e.RequestHeaders}, {&m.AllowedQueryParameters, e.QueryParameters}, {&m.AllowedResponseHeaders, e.ResponseHeaders}} {
		if list.edit != nil {
			*list.now = *list.edit
		}
	}
	m.AllowedRequestHeaders = slices.DeleteFunc(slices.Clone(m.AllowedRequestHeaders), func(h string) bool { return strings.EqualFold(h, injectedHeader) })
	m.AllowedRequestHeaders, m.AllowedQueryParameters, m.AllowedResponseHeaders =
		atLeastOne(m.AllowedRequestHeaders), atLeastOne(m.AllowedQueryParameters), atLeastOne(m.AllowedResponseHeaders)
	if m.AllowedRequestHeaders == nil && m.AllowedQueryParameters == nil && m.AllowedResponseHeaders == nil {
		return nil
	}
	return &m
}

// ToolSchema is the target's static tools, in MCP's JSON, when they stand in
// its configuration; "" when they do not, or are in S3.
func (t Target) ToolSchema() string {
	if server := mcpServer(t.raw); server != nil {
		if inline, ok := server.McpToolSchema.(*types.McpToolSchemaConfigurationMemberInlinePayload); ok {
			return inline.Value
		}
	}
	return ""
}

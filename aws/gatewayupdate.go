package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// GatewayEdit is what an update changes of a gateway. A nil member is kept as it is.
type GatewayEdit struct {
	Whole           *Gateway // all settings are those of a gateway that was read before, but for the others here
	Description     *string  // "" takes it away
	RoleARN         *string
	DiscoveryURL    *string
	AllowedClients  *[]string // empty takes them away
	AllowedAudience *[]string
	AllowedScopes   *[]string
	Revisions       *[]string // of MCP that it accepts
	Instructions    *string   // to its clients' models
	Debug           *bool     // tells callers why a tool failed
}

// JSON is the whole gateway as AWS sent it to Client.Gateway, else nil.
func (g Gateway) JSON() json.RawMessage { return g.body }

// Unknown names the settings that AWS sent and this program does not know. With any of
// them the gateway cannot be sent back whole.
func (g Gateway) Unknown() []string { return g.unknown }

// UpdateGateway begins an update of g, as Client.Gateway read it, that changes what edit
// says and nothing else: UpdateGateway replaces, so everything that was read is sent
// again. ErrUnknownSetting when something was read that cannot be sent.
func (c *Client) UpdateGateway(ctx context.Context, g Gateway, edit GatewayEdit) error {
	in, err := g.edited(edit)
	if err != nil {
		return err
	}
	in.GatewayIdentifier = &g.ID
	_, err = c.control.UpdateGateway(ctx, in, c.once)
	return wrap(ctx, "UpdateGateway", true, err)
}

// Edited is the gateway's configuration as an update would send it, in AWS's JSON,
// without sending anything.
func (g Gateway) Edited(edit GatewayEdit) ([]byte, error) {
	in, err := g.edited(edit)
	if err != nil {
		return nil, err
	}
	return EncodeJSON(&control.GetGatewayOutput{
		Name: in.Name, Description: in.Description, RoleArn: in.RoleArn, AuthorizerType: in.AuthorizerType, AuthorizerConfiguration: in.AuthorizerConfiguration,
		CustomTransformConfiguration: in.CustomTransformConfiguration, ExceptionLevel: in.ExceptionLevel, InterceptorConfigurations: in.InterceptorConfigurations,
		KmsKeyArn: in.KmsKeyArn, PolicyEngineConfiguration: in.PolicyEngineConfiguration, ProtocolConfiguration: in.ProtocolConfiguration, ProtocolType: in.ProtocolType,
		WafConfiguration: in.WafConfiguration,
	})
}

func (g Gateway) edited(edit GatewayEdit) (*control.UpdateGatewayInput, error) {
	invalid := func(kind error, format string, args ...any) error {
		return &Error{Operation: "UpdateGateway", Kind: kind, Message: fmt.Sprintf(format, args...)}
	}
	for _, of := range []*Gateway{&g, edit.Whole} {
		if of == nil {
			continue
		}
		if of.raw == nil {
			return nil, invalid(ErrInvalid, "gateway %s was not read whole", of.Name)
		}
		if len(of.unknown) > 0 {
			return nil, invalid(ErrUnknownSetting, "gateway %s has settings that this program does not know (%s) and an update would lose them: install a newer release", of.Name, strings.Join(of.unknown, ", "))
		}
	}
	if edit.Whole != nil {
		g.raw = edit.Whole.raw
	}
	in := &control.UpdateGatewayInput{
		Name: g.raw.Name, Description: g.raw.Description, RoleArn: g.raw.RoleArn, AuthorizerType: g.raw.AuthorizerType, AuthorizerConfiguration: g.raw.AuthorizerConfiguration,
		CustomTransformConfiguration: g.raw.CustomTransformConfiguration, ExceptionLevel: g.raw.ExceptionLevel, InterceptorConfigurations: atLeastOne(g.raw.InterceptorConfigurations),
		KmsKeyArn: g.raw.KmsKeyArn, PolicyEngineConfiguration: g.raw.PolicyEngineConfiguration, ProtocolConfiguration: g.raw.ProtocolConfiguration, ProtocolType: g.raw.ProtocolType,
		WafConfiguration: g.raw.WafConfiguration,
	}
	if edit.Description != nil {
		if in.Description = edit.Description; *edit.Description == "" {
			in.Description = nil
		}
	}
	if edit.RoleARN != nil {
		in.RoleArn = edit.RoleARN
	}
	if edit.Debug != nil {
		if in.ExceptionLevel = ""; *edit.Debug {
			in.ExceptionLevel = types.ExceptionLevelDebug
		}
	}
	if edit.DiscoveryURL != nil || edit.AllowedClients != nil || edit.AllowedAudience != nil || edit.AllowedScopes != nil {
		jwt, ok := in.AuthorizerConfiguration.(*types.AuthorizerConfigurationMemberCustomJWTAuthorizer)
		if !ok {
			return nil, invalid(ErrInvalid, "gateway %s has authorizer %s, which has neither issuer nor clients, and AWS lets no gateway change its authorizer", g.Name, g.Authorizer)
		}
		in.AuthorizerConfiguration = &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: edit.jwt(jwt.Value)}
	}
	if edit.Revisions != nil || edit.Instructions != nil {
		var mcp types.MCPGatewayConfiguration
		if now, ok := in.ProtocolConfiguration.(*types.GatewayProtocolConfigurationMemberMcp); ok {
			mcp = now.Value
		}
		if edit.Revisions != nil {
			mcp.SupportedVersions = atLeastOne(*edit.Revisions)
		}
		if edit.Instructions != nil {
			if mcp.Instructions = edit.Instructions; *edit.Instructions == "" {
				mcp.Instructions = nil
			}
		}
		in.ProtocolConfiguration = &types.GatewayProtocolConfigurationMemberMcp{Value: mcp}
	}
	return in, nil
}

func (e GatewayEdit) jwt(now types.CustomJWTAuthorizerConfiguration) types.CustomJWTAuthorizerConfiguration {
	if e.DiscoveryURL != nil {
		now.DiscoveryUrl = e.DiscoveryURL
	}
	for _, list := range []struct {
		now  *[]string
		edit *[]string
	}{{&now.AllowedClients, e.AllowedClients}, {&now.AllowedAudience, e.AllowedAudience}, {&now.AllowedScopes, e.AllowedScopes}} {
		if list.edit != nil {
			*list.now = atLeastOne(*list.edit)
		}
	}
	return now
}

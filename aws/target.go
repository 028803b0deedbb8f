package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// The SDK's enumerations, so that schemas made from them follow the SDK.
type (
	TargetStatus           = types.TargetStatus
	TargetType             = types.TargetType
	ListingMode            = types.ListingMode
	CredentialProviderType = types.CredentialProviderType
)

const (
	TargetReady         = types.TargetStatusReady
	TargetSynchronizing = types.TargetStatusSynchronizing
	TargetDeleting      = types.TargetStatusDeleting
	TargetMCPServer     = types.TargetTypeMcpServer
	ListingDynamic      = types.ListingModeDynamic
)

// Target is a gateway's target, as listed or as read whole.
type Target struct {
	ID, Name, Description string
	Status                TargetStatus
	Type                  TargetType // "" when this program does not know it
	ListingMode           ListingMode
	CreatedAt, UpdatedAt  time.Time
	LastSynchronizedAt    time.Time // zero: never
	ResourcePriority      int32     // of resources that several targets have, the lowest counts
	AuthorizationURL      string    // where a person gives the consent that a pending status waits for

	// Only from Client.Target and the calls that change one, zero in a listing:
	GatewayARN    string
	StatusReasons []string
	Endpoint      string                 // of an MCP server
	Credentials   CredentialProviderType // "" when the gateway shows none
	StaticSchema  bool                   // tools pinned by mcpToolSchema: nothing to synchronize
	Private       bool                   // reached through a private endpoint
	unknown       []string
	body          json.RawMessage
	raw           *control.GetGatewayTargetOutput
}

// JSON is the whole target as AWS sent it to Client.Target, else nil.
func (t Target) JSON() json.RawMessage { return t.body }

// Unknown names the settings that AWS sent and this program does not know, as
// paths such as "targetConfiguration.mcp.newKind". With any of them the target
// cannot be sent back whole.
func (t Target) Unknown() []string { return t.unknown }

// InlineTools are the target's static tools in MCP's JSON, where it has them inline.
func (t Target) InlineTools() (schema string, ok bool) {
	if server := mcpServer(t.raw); server != nil {
		if inline, ok := server.McpToolSchema.(*types.McpToolSchemaConfigurationMemberInlinePayload); ok {
			return inline.Value, true
		}
	}
	return "", false
}

// Targets lists every target of a gateway, over all pages, once. The sequence
// ends after its first error.
func (c *Client) Targets(ctx context.Context, gatewayID string) iter.Seq2[Target, error] {
	pages := control.NewListGatewayTargetsPaginator(c.control, &control.ListGatewayTargetsInput{
		GatewayIdentifier: &gatewayID, MaxResults: aws.Int32(1000),
	})
	return listed(ctx, "ListGatewayTargets", pages, func(page *control.ListGatewayTargetsOutput) []types.TargetSummary { return page.Items }, func(t types.TargetSummary) Target {
		return Target{
			ID: aws.ToString(t.TargetId), Name: aws.ToString(t.Name), Description: aws.ToString(t.Description),
			Status: t.Status, Type: t.TargetType, ListingMode: t.ListingMode,
			CreatedAt: aws.ToTime(t.CreatedAt), UpdatedAt: aws.ToTime(t.UpdatedAt), LastSynchronizedAt: aws.ToTime(t.LastSynchronizedAt),
			ResourcePriority: priority(t.ResourcePriority), AuthorizationURL: authorizationURL(t.AuthorizationData),
		}
	})
}

// Target reads one target whole. ErrNotFound when there is none.
func (c *Client) Target(ctx context.Context, gatewayID, targetID string) (Target, error) {
	var body []byte
	out, err := c.control.GetGatewayTarget(ctx, &control.GetGatewayTargetInput{GatewayIdentifier: &gatewayID, TargetId: &targetID},
		withStack(keepBody(&body)))
	if err != nil {
		return Target{}, wrap(ctx, "GetGatewayTarget", false, err)
	}
	t, err := wholeTarget(out, body)
	if err != nil {
		return Target{}, fmt.Errorf("GetGatewayTarget: %w", err)
	}
	return t, nil
}

// ParseTarget is the target whose [Target.JSON] body is, as it was when it was read.
func ParseTarget(body []byte) (Target, error) {
	var out control.GetGatewayTargetOutput
	if err := DecodeJSON(body, &out); err != nil {
		return Target{}, err
	}
	return wholeTarget(&out, body)
}

func wholeTarget(out *control.GetGatewayTargetOutput, body []byte) (t Target, err error) {
	t = newTarget(out)
	t.body = body
	known, err := EncodeJSON(out)
	if err != nil {
		return Target{}, err
	}
	t.unknown, err = missing(body, known)
	return t, err
}

// Synchronize begins a synchronization of one target: AWS takes exactly one id
// a call. Errors: ErrConflict while the target is busy, ErrInvalid where AWS
// refuses (static schema, pending authorization), ErrUncertain.
func (c *Client) Synchronize(ctx context.Context, gatewayID, targetID string) (Target, error) {
	out, err := c.control.SynchronizeGatewayTargets(ctx, &control.SynchronizeGatewayTargetsInput{
		GatewayIdentifier: &gatewayID, TargetIdList: []string{targetID},
	}, c.once)
	if err != nil {
		return Target{}, wrap(ctx, "SynchronizeGatewayTargets", true, err)
	}
	for _, t := range out.Targets {
		if aws.ToString(t.TargetId) == targetID {
			return fromAnswer(&t)
		}
	}
	// Accepted, but AWS did not say how the target stands: the wait will see.
	return Target{ID: targetID}, nil
}

// priority is a resourcePriority as it counts (the service model's default).
func priority(p *int32) int32 {
	if p == nil {
		return 1000
	}
	return *p
}

// atLeastOne sends nothing in place of an empty list: AWS's lists have a
// minimum of one and refuse [].
func atLeastOne[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// NewTarget is what CreateTarget needs: an MCP server at an endpoint. What is
// left zero is left out.
type NewTarget struct {
	Name, Description, Endpoint string
	ProviderARN                 string // of the credential provider to sign in with; "" for none
	APIKey                      bool   // which is one of API keys; else of OAuth2, by client credentials
	Scopes                      []string
	NeedsConsent                bool     // with a person's consent instead (authorization code)
	IAMService                  string   // or to sign for with the gateway's role; "" for not
	RequestHeaders              []string // passed through to the server
	ResourcePriority            int32
	ListingMode                 ListingMode
	Token                       string // makes a repeated request one; "" for one of the SDK's
}

// credentials are those of a new target, nil for none.
func (n NewTarget) credentials() []types.CredentialProviderConfiguration {
	c := types.CredentialProviderConfiguration{}
	switch {
	case n.APIKey:
		c.CredentialProviderType = CredentialAPIKey
		c.CredentialProvider = &types.CredentialProviderMemberApiKeyCredentialProvider{Value: types.GatewayApiKeyCredentialProvider{ProviderArn: &n.ProviderARN}}
	case n.ProviderARN != "":
		grant := types.OAuthGrantTypeClientCredentials
		if n.NeedsConsent {
			grant = types.OAuthGrantTypeAuthorizationCode
		}
		c.CredentialProviderType = CredentialOAuth
		c.CredentialProvider = &types.CredentialProviderMemberOauthCredentialProvider{Value: types.OAuthCredentialProvider{
			ProviderArn: &n.ProviderARN, Scopes: append([]string{}, n.Scopes...), GrantType: grant,
		}}
	case n.IAMService != "":
		c.CredentialProviderType = CredentialIAMRole
		c.CredentialProvider = &types.CredentialProviderMemberIamCredentialProvider{Value: types.IamCredentialProvider{Service: &n.IAMService}}
	default:
		return nil
	}
	return []types.CredentialProviderConfiguration{c}
}

// CreateTarget begins to create a target, which AWS synchronizes as well;
// WaitTarget sees it through.
func (c *Client) CreateTarget(ctx context.Context, gatewayID string, n NewTarget) (Target, error) {
	server := types.McpServerTargetConfiguration{Endpoint: &n.Endpoint}
	if n.ResourcePriority != 0 {
		server.ResourcePriority = &n.ResourcePriority
	}
	server.ListingMode = n.ListingMode
	in := &control.CreateGatewayTargetInput{
		GatewayIdentifier: &gatewayID, Name: &n.Name,
		TargetConfiguration: &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: server}},
	}
	in.CredentialProviderConfigurations = n.credentials()
	if n.Token != "" {
		in.ClientToken = &n.Token
	}
	if n.Description != "" {
		in.Description = &n.Description
	}
	if len(n.RequestHeaders) > 0 {
		in.MetadataConfiguration = &types.MetadataConfiguration{AllowedRequestHeaders: n.RequestHeaders}
	}
	out, err := c.control.CreateGatewayTarget(ctx, in, c.recorded) // carries a clientToken: safe to retry
	if err != nil {
		return Target{}, wrap(ctx, "CreateGatewayTarget", true, err)
	}
	return fromAnswer(out)
}

// DeleteTarget begins to delete a target.
func (c *Client) DeleteTarget(ctx context.Context, gatewayID, targetID string) error {
	_, err := c.control.DeleteGatewayTarget(ctx, &control.DeleteGatewayTargetInput{GatewayIdentifier: &gatewayID, TargetId: &targetID}, c.once)
	return wrap(ctx, "DeleteGatewayTarget", true, err)
}

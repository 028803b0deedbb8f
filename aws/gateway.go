package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// The SDK's enumerations, so that schemas made from them follow the SDK.
type (
	GatewayStatus  = types.GatewayStatus
	AuthorizerType = types.AuthorizerType
)

const (
	GatewayReady    = types.GatewayStatusReady
	GatewayDeleting = types.GatewayStatusDeleting
	AuthorizerNone  = types.AuthorizerTypeNone
	AuthorizerIAM   = types.AuthorizerTypeAwsIam
	AuthorizerJWT   = types.AuthorizerTypeCustomJwt
)

// Gateway is a gateway, as listed or as read whole.
type Gateway struct {
	ID, Name, Description string
	Status                GatewayStatus
	Authorizer            AuthorizerType
	CreatedAt, UpdatedAt  time.Time

	// Only from Client.Gateway, zero in a listing:
	ARN           string
	URL           string // where the gateway serves MCP
	RoleARN       string
	DiscoveryURL  string // of the issuer whose tokens it takes, with AuthorizerJWT
	StatusReasons []string
	Revisions     []string // of MCP that it accepts; none: it does not say
	Filter        string   // what may keep tools from a caller of the gateway, in words; "" for nothing
	unknown       []string
	body          json.RawMessage
	raw           *control.GetGatewayOutput
}

// Account and Region are those in the gateway's ARN, "" in a listing.
func (g Gateway) Account() string { return arnField(g.ARN, 4) }
func (g Gateway) Region() string  { return arnField(g.ARN, 3) }

func arnField(arn string, i int) string {
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		return f[i]
	}
	return ""
}

// Gateways lists every gateway of the account and region, over all pages, once. The
// sequence ends after its first error.
func (c *Client) Gateways(ctx context.Context) iter.Seq2[Gateway, error] {
	pages := control.NewListGatewaysPaginator(c.control, &control.ListGatewaysInput{MaxResults: aws.Int32(1000)})
	return listed(ctx, "ListGateways", pages, func(page *control.ListGatewaysOutput) []types.GatewaySummary { return page.Items }, func(g types.GatewaySummary) Gateway {
		return Gateway{
			ID: aws.ToString(g.GatewayId), Name: aws.ToString(g.Name), Description: aws.ToString(g.Description),
			Status: g.Status, Authorizer: g.AuthorizerType,
			CreatedAt: aws.ToTime(g.CreatedAt), UpdatedAt: aws.ToTime(g.UpdatedAt),
		}
	})
}

// Gateway reads one gateway by its id. ErrNotFound when there is none.
func (c *Client) Gateway(ctx context.Context, id string) (Gateway, error) {
	var body []byte
	out, err := c.control.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: &id}, withStack(keepBody(&body)))
	if err != nil {
		return Gateway{}, wrap(ctx, "GetGateway", false, err)
	}
	g, err := wholeGateway(out, body)
	if err != nil {
		return Gateway{}, fmt.Errorf("GetGateway: %w", err)
	}
	return g, nil
}

// ParseGateway is the gateway whose [Gateway.JSON] body is, as it was when it was read.
func ParseGateway(body []byte) (Gateway, error) {
	var out control.GetGatewayOutput
	if err := DecodeJSON(body, &out); err != nil {
		return Gateway{}, err
	}
	return wholeGateway(&out, body)
}

func wholeGateway(out *control.GetGatewayOutput, body []byte) (Gateway, error) {
	known, err := EncodeJSON(out)
	if err != nil {
		return Gateway{}, err
	}
	unknown, err := missing(body, known)
	if err != nil {
		return Gateway{}, err
	}
	var discovery string
	if jwt, ok := out.AuthorizerConfiguration.(*types.AuthorizerConfigurationMemberCustomJWTAuthorizer); ok {
		discovery = aws.ToString(jwt.Value.DiscoveryUrl)
	}
	return Gateway{
		ID: aws.ToString(out.GatewayId), Name: aws.ToString(out.Name), Description: aws.ToString(out.Description),
		Status: out.Status, Authorizer: out.AuthorizerType, DiscoveryURL: discovery,
		CreatedAt: aws.ToTime(out.CreatedAt), UpdatedAt: aws.ToTime(out.UpdatedAt),
		ARN: aws.ToString(out.GatewayArn), URL: aws.ToString(out.GatewayUrl), RoleARN: aws.ToString(out.RoleArn),
		StatusReasons: out.StatusReasons, Revisions: revisions(out.ProtocolConfiguration),
		Filter: filter(out.PolicyEngineConfiguration, out.InterceptorConfigurations), unknown: unknown, body: body, raw: out,
	}, nil
}

func revisions(c types.GatewayProtocolConfiguration) []string {
	if mcp, ok := c.(*types.GatewayProtocolConfigurationMemberMcp); ok {
		return mcp.Value.SupportedVersions
	}
	return nil
}

// filter names what of a gateway may show a caller fewer tools than there are
// (AWS, "Use gateway with policy"; interceptors of responses may do the same).
func filter(engine *types.GatewayPolicyEngineConfiguration, interceptors []types.GatewayInterceptorConfiguration) string {
	if engine != nil && engine.Mode != types.GatewayPolicyEngineModeLogOnly {
		arn := aws.ToString(engine.Arn)
		return "policy engine " + arn[strings.LastIndexByte(arn, '/')+1:]
	}
	for _, i := range interceptors {
		if slices.Contains(i.InterceptionPoints, types.GatewayInterceptionPointResponse) {
			return "an interceptor of responses"
		}
	}
	return ""
}

// NewGateway is what CreateGateway needs for an MCP gateway.
type NewGateway struct {
	Name, Description, RoleARN                     string
	Authorizer                                     AuthorizerType // "" is CUSTOM_JWT with a discovery URL, else NONE
	DiscoveryURL                                   string         // of the issuer of the callers' tokens
	AllowedClients, AllowedAudience, AllowedScopes []string
	Semantic                                       bool     // it has a tool that searches its tools
	Revisions                                      []string // of MCP that it accepts; none for AWS's default
	Token                                          string   // makes a repeated request one; "" for one of the SDK's
}

// CreateGateway begins to create a gateway; WaitGateway sees it through.
func (c *Client) CreateGateway(ctx context.Context, g NewGateway) (id string, err error) {
	in := &control.CreateGatewayInput{Name: &g.Name, RoleArn: &g.RoleARN, AuthorizerType: g.Authorizer, ProtocolType: types.GatewayProtocolTypeMcp}
	if g.Description != "" {
		in.Description = &g.Description
	}
	if g.Token != "" {
		in.ClientToken = &g.Token
	}
	if in.AuthorizerType == "" {
		in.AuthorizerType = AuthorizerNone
		if g.DiscoveryURL != "" {
			in.AuthorizerType = AuthorizerJWT
		}
	}
	if g.DiscoveryURL != "" {
		in.AuthorizerConfiguration = &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
			DiscoveryUrl: &g.DiscoveryURL, AllowedClients: atLeastOne(g.AllowedClients), AllowedAudience: atLeastOne(g.AllowedAudience), AllowedScopes: atLeastOne(g.AllowedScopes),
		}}
	}
	if g.Semantic || len(g.Revisions) > 0 {
		mcp := types.MCPGatewayConfiguration{SupportedVersions: atLeastOne(g.Revisions)}
		if g.Semantic {
			mcp.SearchType = types.SearchTypeSemantic
		}
		in.ProtocolConfiguration = &types.GatewayProtocolConfigurationMemberMcp{Value: mcp}
	}
	out, err := c.control.CreateGateway(ctx, in, c.recorded) // carries a clientToken: safe to retry
	if err != nil {
		return "", wrap(ctx, "CreateGateway", true, err)
	}
	return aws.ToString(out.GatewayId), nil
}

// DeleteGateway begins to delete a gateway that has no targets left.
func (c *Client) DeleteGateway(ctx context.Context, id string) error {
	_, err := c.control.DeleteGateway(ctx, &control.DeleteGatewayInput{GatewayIdentifier: &id}, c.once)
	return wrap(ctx, "DeleteGateway", true, err)
}

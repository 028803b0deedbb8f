package aws

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
)

// runtimeARN and qualifier are the service model's patterns (RuntimeArn,
// RuntimeQualifier), the first with its region as a group, the second without
// the stray wildcards that make it accept anything. They are compiled when
// first used: a server starts often and is rarely asked.
var (
	runtimeARN = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws(?:-[^:]+)?:bedrock-agentcore:([a-z0-9-]+):[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}$`)
	})
	qualifiers = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[1-9][0-9]{0,4}|[a-zA-Z][a-zA-Z0-9_]{0,47})$`)
	})
)

// RuntimeEndpoint is the URL at which an MCP server on AgentCore Runtime is
// invoked: the data plane's host as the SDK resolves it for the ARN's region
// (so partitions and a local endpoint need no case of their own), the ARN
// percent-encoded, and the qualifier, an endpoint's name or a version; "" means
// DEFAULT. The error says what is wrong with the ARN or the qualifier.
func (c *Client) RuntimeEndpoint(ctx context.Context, arn, qualifier string) (string, error) {
	m := runtimeARN().FindStringSubmatch(arn)
	if m == nil {
		return "", fmt.Errorf("runtimeArn is not the ARN of a runtime: give one such as arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/orders-AbCdEfGhIj")
	}
	if qualifier == "" {
		qualifier = "DEFAULT"
	}
	if !qualifiers().MatchString(qualifier) {
		return "", fmt.Errorf("qualifier is neither the name of a runtime's endpoint nor a version: leave it out for DEFAULT")
	}
	params := bedrockagentcore.EndpointParameters{Region: aws.String(m[1]), Endpoint: c.data.Options().BaseEndpoint}
	resolved, err := bedrockagentcore.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, params)
	if err != nil {
		return "", fmt.Errorf("no AgentCore endpoint for region %s: %w", m[1], err)
	}
	// A path may hold ':' as it is, and url.PathEscape leaves it alone, but
	// AgentCore wants %3A (terraform-provider-aws#47457); an ARN has no
	// character that QueryEscape would treat in another way.
	u := resolved.URI.JoinPath("runtimes")
	u.RawPath = u.EscapedPath() + "/" + url.QueryEscape(arn) + "/invocations"
	u.Path += "/" + arn + "/invocations"
	u.RawQuery = url.Values{"qualifier": {qualifier}}.Encode()
	return u.String(), nil
}

// OnDataPlane reports whether an endpoint is on AWS's data plane of a region, under the
// name that AWS's documentation has for it, which a local AgentCore takes the place of.
func OnDataPlane(endpoint, region string) (u *url.URL, is bool) {
	u, err := url.Parse(endpoint)
	return u, err == nil && u.Scheme == "https" && u.Host == "bedrock-agentcore."+region+".amazonaws.com"
}

// Reach is where an endpoint is asked: with a local AgentCore, the URLs of AWS's data
// plane lead to it. All others stay as they are.
func (c *Client) Reach(endpoint string) string {
	base := c.data.Options().BaseEndpoint
	u, ok := OnDataPlane(endpoint, c.Region())
	if !c.local || base == nil || !ok {
		return endpoint
	}
	return strings.TrimSuffix(*base, "/") + u.RequestURI()
}

// FindRuntime looks for the runtime that a URL of the data plane invokes, and for
// its endpoint or version, whose status it returns, as AWS names it. ErrNotFound when
// one of them does not exist.
func (c *Client) FindRuntime(ctx context.Context, u *url.URL) (status string, err error) {
	arn, qualifier, ok := invokedRuntime(u)
	if !ok {
		return "", fmt.Errorf("%w: the URL invokes no runtime", ErrInvalid)
	}
	if region := arnField(arn, 3); region != c.Region() {
		return "", fmt.Errorf("the runtime is in region %s, and this server works in %s", region, c.Region())
	}
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	if qualifier[0] >= '0' && qualifier[0] <= '9' {
		out, err := c.control.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: &id, AgentRuntimeVersion: &qualifier})
		if err != nil {
			return "", wrap(ctx, "GetAgentRuntime", false, err)
		}
		return string(out.Status), nil
	}
	out, err := c.control.GetAgentRuntimeEndpoint(ctx, &control.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: &qualifier})
	if err != nil {
		return "", wrap(ctx, "GetAgentRuntimeEndpoint", false, err)
	}
	return string(out.Status), nil
}

package aws

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"

	"agentcore-gateway-mcp/loopback"
)

// DataPlane reports whether a URL leads to the host of AgentCore's data plane:
// as the SDK resolves it for any region, FIPS and dual-stack forms and VPC
// endpoints included, or the endpoint that the client is configured with, also by
// another name. That host is shared by all accounts, so it says nothing about who
// answers there: see InvokesRuntimeOf. plain reports whether the URL has scheme,
// host and port as the SDK or the configuration has them, and not another name.
func (c *Client) DataPlane(ctx context.Context, u *url.URL) (is, plain bool) {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if base := aws.ToString(c.data.Options().BaseEndpoint); base != "" {
		own, err := url.Parse(base)
		if err == nil && own.Port() == u.Port() && (strings.EqualFold(own.Hostname(), host) || loopback.Host(own.Hostname()) && loopback.Host(host)) {
			return true, own.Scheme == u.Scheme && own.Host == u.Host
		}
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if label != "bedrock-agentcore" && label != "bedrock-agentcore-fips" || i+2 >= len(labels) {
			continue
		}
		// A gateway's own host is one of its own, ID.gateway.bedrock-agentcore.REGION….
		of, at := labels[i+1], strings.Join(labels[i:], ".")
		is = (i == 0 || labels[i-1] != "gateway") && isDataPlane(ctx, of, strings.Replace(at, ".vpce.", ".", 1))
		return is, is && at == host && !strings.Contains(host, ".vpce.") && u.Scheme == "https" && (u.Port() == "" || u.Port() == "443")
	}
	return false, false
}

// isDataPlane holds a host against all that the SDK resolves for the region.
func isDataPlane(ctx context.Context, region, host string) bool {
	for _, form := range []struct{ fips, dualStack bool }{{}, {fips: true}, {dualStack: true}, {true, true}} {
		resolved, err := bedrockagentcore.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, bedrockagentcore.EndpointParameters{
			Region: &region, UseFIPS: &form.fips, UseDualStack: &form.dualStack,
		})
		if err == nil && resolved.URI.Hostname() == host {
			return true
		}
	}
	return false
}

// InvokesRuntimeOf reports whether a URL of the data plane invokes a runtime of
// the account and partition of another resource, by that one's ARN. It is false
// for everything but /runtimes/ARN/invocations with a well-formed ARN that is
// percent-encoded once, and at most one qualifier in the query: the operation takes
// an account there too.
func InvokesRuntimeOf(resourceARN string, u *url.URL) bool {
	arn, _, ok := invokedRuntime(u)
	return ok && arnField(arn, 4) == arnField(resourceARN, 4) && arnField(arn, 1) == arnField(resourceARN, 1)
}

// InvokesRuntime reports whether a URL of the data plane invokes a runtime, in the form
// that [InvokesRuntimeOf] takes.
func InvokesRuntime(u *url.URL) bool {
	_, _, ok := invokedRuntime(u)
	return ok
}

// invokedRuntime is the runtime that a URL of the data plane invokes, and the
// qualifier, DEFAULT if it has none.
func invokedRuntime(u *url.URL) (arn, qualifier string, ok bool) {
	parts := strings.Split(u.EscapedPath(), "/")
	if len(parts) != 4 || parts[0] != "" || parts[1] != "runtimes" || parts[3] != "invocations" {
		return "", "", false
	}
	arn, err := url.PathUnescape(parts[2])
	if err != nil || !runtimeARN().MatchString(arn) {
		return "", "", false
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", "", false
	}
	for key, values := range query {
		if key != "qualifier" || len(values) != 1 || !qualifiers().MatchString(values[0]) {
			return "", "", false
		}
	}
	return arn, cmp.Or(query.Get("qualifier"), "DEFAULT"), true
}

package aws

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// Runtime is an agent runtime, as listed or as read whole.
type Runtime struct {
	ID, ARN, Name, Version, Status, Description string
	UpdatedAt                                   time.Time

	// Only from Client.Runtime:
	Protocol  string // that its server speaks: MCP, HTTP, A2A
	Reason    string // why it failed
	Endpoints []RuntimeEndpoint
}

// RuntimeEndpoint is a name under which a runtime serves one of its versions.
type RuntimeEndpoint struct {
	Name, Status, LiveVersion, TargetVersion string
}

// Runtimes lists every agent runtime of the account and region, over all pages, once.
// The sequence ends after its first error.
func (c *Client) Runtimes(ctx context.Context) iter.Seq2[Runtime, error] {
	pages := control.NewListAgentRuntimesPaginator(c.control, &control.ListAgentRuntimesInput{MaxResults: aws.Int32(100)})
	return listed(ctx, "ListAgentRuntimes", pages, func(page *control.ListAgentRuntimesOutput) []types.AgentRuntime { return page.AgentRuntimes }, func(r types.AgentRuntime) Runtime {
		return Runtime{
			ID: aws.ToString(r.AgentRuntimeId), ARN: aws.ToString(r.AgentRuntimeArn), Name: aws.ToString(r.AgentRuntimeName),
			Version: aws.ToString(r.AgentRuntimeVersion), Status: string(r.Status), Description: aws.ToString(r.Description), UpdatedAt: aws.ToTime(r.LastUpdatedAt),
		}
	})
}

// Runtime reads one runtime by its id, with its endpoints. ErrNotFound when there is
// none.
func (c *Client) Runtime(ctx context.Context, id string) (Runtime, error) {
	out, err := c.control.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: &id})
	if err != nil {
		return Runtime{}, wrap(ctx, "GetAgentRuntime", false, err)
	}
	r := Runtime{
		ID: aws.ToString(out.AgentRuntimeId), ARN: aws.ToString(out.AgentRuntimeArn), Name: aws.ToString(out.AgentRuntimeName),
		Version: aws.ToString(out.AgentRuntimeVersion), Status: string(out.Status), Description: aws.ToString(out.Description), UpdatedAt: aws.ToTime(out.LastUpdatedAt),
		Reason: aws.ToString(out.FailureReason),
	}
	if out.ProtocolConfiguration != nil {
		r.Protocol = string(out.ProtocolConfiguration.ServerProtocol)
	}
	pages := control.NewListAgentRuntimeEndpointsPaginator(c.control, &control.ListAgentRuntimeEndpointsInput{AgentRuntimeId: &id})
	endpoints := listed(ctx, "ListAgentRuntimeEndpoints", pages, func(page *control.ListAgentRuntimeEndpointsOutput) []types.AgentRuntimeEndpoint {
		return page.RuntimeEndpoints
	}, func(e types.AgentRuntimeEndpoint) RuntimeEndpoint {
		return RuntimeEndpoint{Name: aws.ToString(e.Name), Status: string(e.Status), LiveVersion: aws.ToString(e.LiveVersion), TargetVersion: aws.ToString(e.TargetVersion)}
	})
	for e, err := range endpoints {
		if err != nil {
			return r, err
		}
		r.Endpoints = append(r.Endpoints, e)
	}
	return r, nil
}

// DeleteRuntime begins to delete a runtime with its versions and endpoints.
func (c *Client) DeleteRuntime(ctx context.Context, id string) error {
	_, err := c.control.DeleteAgentRuntime(ctx, &control.DeleteAgentRuntimeInput{AgentRuntimeId: &id}, c.once)
	return wrap(ctx, "DeleteAgentRuntime", true, err)
}

// InvokedRuntime is the ARN of the runtime that an endpoint on the data plane invokes,
// and the endpoint's qualifier; ok is false for what is no such URL.
func InvokedRuntime(endpoint string) (arn, qualifier string, ok bool) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", "", false
	}
	return invokedRuntime(u)
}

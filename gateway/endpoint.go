package gateway

import (
	"context"
	"fmt"

	"agentcore-gateway-mcp/aws"
)

// NewEndpoint is where a target shall point: a URL, or an MCP server on
// AgentCore Runtime by its ARN and qualifier ("" for DEFAULT).
type NewEndpoint struct {
	URL, RuntimeARN, Qualifier string
}

// UpdateEndpoint points an MCP server target at another endpoint, as
// UpdateTarget does it.
func (m *Manager) UpdateEndpoint(ctx context.Context, gateway, target string, to NewEndpoint, o UpdateOptions, caller Caller) (Change, error) {
	url, err := m.endpoint(ctx, to)
	if err != nil {
		return Change{}, err
	}
	return m.UpdateTarget(ctx, gateway, target, aws.Edit{Endpoint: &url}, o, caller)
}

func (m *Manager) endpoint(ctx context.Context, e NewEndpoint) (string, error) {
	switch {
	case e.URL != "" && e.RuntimeARN != "":
		return "", fmt.Errorf("endpoint and runtimeArn are both given: give one of them")
	case e.RuntimeARN != "":
		return m.Client.RuntimeEndpoint(ctx, e.RuntimeARN, e.Qualifier)
	case e.URL == "":
		return "", fmt.Errorf("neither endpoint nor runtimeArn is given: give the https URL of the MCP server, or the ARN of its runtime")
	case e.Qualifier != "":
		return "", fmt.Errorf("qualifier goes with runtimeArn: in an endpoint it is part of the URL (?qualifier=…)")
	}
	if _, err := m.guard(false).CheckEndpoint(e.URL); err != nil {
		return "", err
	}
	return e.URL, nil
}

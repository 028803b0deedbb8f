package gateway

import (
	"context"
	"fmt"

	"agentcore-gateway-mcp/aws"
)

// NewEndpoint is where a target shall point: a URL, or an MCP server on
// AgentCore Runtime by its ARN and qualifier ("" for DEFAULT), or where it pointed
// before this process last moved it.
type NewEndpoint struct {
	URL, RuntimeARN, Qualifier string
	Previous                   bool
}

// UpdateEndpoint points an MCP server target at another endpoint, as
// UpdateTarget does it.
func (m *Manager) UpdateEndpoint(ctx context.Context, gateway, target string, to NewEndpoint, o UpdateOptions, caller Caller) (Change, error) {
	url, err := m.endpoint(ctx, to)
	if err == nil && to.Previous {
		url, err = m.previousEndpoint(ctx, gateway, target)
	}
	if err != nil {
		return Change{}, err
	}
	return m.UpdateTarget(ctx, gateway, target, aws.Edit{Endpoint: &url}, o, caller)
}

func (m *Manager) endpoint(ctx context.Context, e NewEndpoint) (string, error) {
	switch {
	case e.Previous && (e.URL != "" || e.RuntimeARN != "" || e.Qualifier != ""):
		return "", fmt.Errorf("previous goes without endpoint, runtimeArn and qualifier: it is the way back")
	case e.Previous:
		return "", nil
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

// previousEndpoint is where a target pointed before this process last moved it,
// also when an answer could not show it whole.
func (m *Manager) previousEndpoint(ctx context.Context, gateway, target string) (string, error) {
	_, t, err := m.find(ctx, gateway, target)
	if err != nil {
		return "", err
	}
	if endpoint, ok := m.operations.endpoint(t.ID); ok {
		return endpoint, nil
	}
	return "", fmt.Errorf("this process has not moved target %s, or has forgotten it: give the endpoint, from previousEndpoint of an earlier answer, from the log, or from whoever knows its hidden values", t.Name)
}

package tutorial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
)

// ToolsTarget is the name of the target that is this program's own server.
const ToolsTarget = "gateway-tools"

// AddTools makes this program's own server, whose MCP endpoint asks for tokens as
// the runtimes do, a second target of the gateway of a seeded world: whoever may
// call the gateway then has its tools. It waits until the target is READY.
func (w *World) AddTools(ctx context.Context, endpoint string) error {
	w.Cloud.SetStateDelay(0) // nobody watches yet
	defer w.Cloud.SetStateDelay(w.delay)
	client, err := aws.New(ctx, w.AWS())
	if err != nil {
		return err
	}
	created, err := client.CreateTarget(ctx, w.GatewayID, aws.NewTarget{
		Name: ToolsTarget, Description: "the tools that keep this gateway in order", Endpoint: endpoint,
		ProviderARN: w.ProviderARN, Scopes: []string{RuntimeScope},
	})
	if err != nil {
		return err
	}
	target, err := client.WaitTarget(ctx, w.GatewayID, created, nil)
	if err != nil {
		return err
	}
	if target.Status != aws.TargetReady {
		return fmt.Errorf("target %s is %s: %q", ToolsTarget, target.Status, target.StatusReasons)
	}
	return nil
}

// CallerToken is a new access token with which an agent calls the gateway of a
// seeded world.
func (w *World) CallerToken(ctx context.Context) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {GatewayScope}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Callers.TokenURL(w.URL), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(GatewayClient, w.Secret)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("the token endpoint answers %s: %w", resp.Status, err)
	}
	if answer.Token == "" {
		return "", errors.New("the token endpoint answers " + resp.Status + " without a token")
	}
	return answer.Token, nil
}

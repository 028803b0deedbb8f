package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

func TestUpdateEndpointDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	before := b.configuration("orders")
	url := serveOrders(t, 1)
	c := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": url, "dryRun": true})
	if c.Outcome != gateway.Planned || len(c.Configuration) != 1 || c.Configuration[0].Path != "targetConfiguration.mcp.mcpServer.endpoint" || !strings.Contains(c.Configuration[0].After, url) {
		t.Errorf("got %+v", c)
	}
	if !c.Tools.Breaking || len(c.Tools.Removed) != 1 {
		t.Errorf("tools: got %+v", c.Tools)
	}
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 || b.configuration("orders") != before {
		t.Errorf("%d updates were sent", n)
	}
}

func TestRevertOnLoss(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	before := b.configuration("orders")
	c, isError, _ := call[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": serveOrders(t, 1), "onFailure": "revert_on_loss"})
	if !isError || c.Outcome != gateway.Reverted || len(c.Tried.Removed) != 1 || len(c.Tools.Removed) != 0 || c.Tools.After != 2 || !strings.Contains(c.After, "same tools as before") {
		t.Errorf("got %+v", c)
	}
	if got := b.configuration("orders"); got != before || b.served("orders") != "getOrder updateOrder" {
		t.Errorf("after the revert:\n got %s\nwant %s", got, before)
	}
}

// Calls that worked and may fail now undo an update that was to keep them whole.
func TestRevertOnBreaking(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	stricter := mcp.NewServer(&mcp.Implementation{Name: "stricter", Version: "1"}, nil)
	type strict struct {
		OrderID string `json:"orderId"`
		Reason  string `json:"reason"`
		Status  string `json:"status,omitempty"`
	}
	for _, name := range []string{"getOrder", "updateOrder"} {
		mcp.AddTool(stricter, &mcp.Tool{Name: name, Description: "stricter"}, func(context.Context, *mcp.CallToolRequest, strict) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{}, nil, nil
		})
	}
	url := serve(t, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return stricter }, &mcp.StreamableHTTPOptions{Stateless: true})).URL + "/mcp"
	before := b.configuration("orders")
	arguments := map[string]any{"target": "orders", "confirm": "orders", "endpoint": url, "onFailure": "revert_on_breaking"}
	c, isError, failed := call[gateway.Change](b, "update_target_endpoint", arguments)
	if failed != "" || !isError || c.Outcome != gateway.Reverted || !c.Tried.Breaking || len(c.Tried.Removed) != 0 || c.Tools.Breaking || !strings.Contains(c.Next, "calls that worked may fail (tried.changed with breaking)") {
		t.Errorf("got %+v %s", c, failed)
	}
	if got := b.configuration("orders"); got != before {
		t.Errorf("after the revert:\n got %s\nwant %s", got, before)
	}
	arguments["onFailure"] = "revert_on_loss"
	if c = must[gateway.Change](b, "update_target_endpoint", arguments); c.Outcome != gateway.Updated || !c.Tools.Breaking {
		t.Errorf("where only loss counts: %+v", c)
	}
}

// What goes back by a comparison is not begun where none can be made, and counts
// that are not known are left out.
func TestNothingIsComparedBlind(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		m.Transport = func(aws.Gateway) (http.RoundTripper, error) {
			return nil, errors.New("gateway shop asks its callers for a token")
		}
	}})
	for _, onFailure := range []string{"revert_on_loss", "revert_on_breaking"} {
		refused(b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": serveOrders(t, 1), "onFailure": onFailure}, "was not updated", onFailure, "asks its callers for a token")
	}
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
	whole := must[struct{ Tools map[string]any }](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": b.url + "?v=2", "onFailure": "revert"})
	if _, has := whole.Tools["before"]; has || whole.Tools["after"] != 2.0 || whole.Tools["source"] != "upstream" {
		t.Errorf("counts that are not known: %+v", whole)
	}
}

// Going back lets in what the old server offers by now: tools is what the gateway
// serves in the end, tried what the update led to.
func TestRevertLetsInNewTools(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	c, isError, failed := call[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": b.url + "/nowhere"})
	if failed != "" || !isError || c.Outcome != gateway.Reverted || c.Tools.Before != 2 || c.Tools.After != 3 || len(c.Tools.Added) != 1 || c.Tried.After != 2 || !strings.Contains(c.After, "other tools than before the call") {
		t.Errorf("got %+v, tools %+v, tried %+v %s", c, c.Tools, c.Tried, failed)
	}
	if got := b.served("orders"); got != "cancelOrder getOrder updateOrder" {
		t.Errorf("the gateway serves %s", got)
	}
}

func TestUpdateTarget(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	c := must[gateway.Change](b, "update_target", map[string]any{
		"target": "orders", "description": "new words", "resourcePriority": 3, "scopes": []string{"orders/read"}, "requestHeaders": []string{"X-One"}, "confirm": "orders",
	})
	if c.Outcome != gateway.Updated || len(c.Configuration) != 4 {
		t.Fatalf("got %+v", c)
	}
	got := b.configuration("orders")
	for _, want := range []string{`"description":"new words"`, `"resourcePriority":3`, `"scopes":["orders/read"]`, `"allowedRequestHeaders":["X-One"]`, provider, b.url} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	c = must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "description": "", "requestHeaders": []string{}})
	if got = b.configuration("orders"); c.Outcome != gateway.Updated || strings.Contains(got, "description") || strings.Contains(got, "metadataConfiguration") {
		t.Errorf("taken away: %+v %s", c, got)
	}
	if c = must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "resourcePriority": 3}); c.Outcome != gateway.Unchanged {
		t.Errorf("nothing to change: %+v", c)
	}
	refused(b, "update_target", map[string]any{"target": "orders", "resourcePriority": 1001}, "1000")
	if n := b.cloud.Calls("UpdateGatewayTarget"); n > 3 {
		t.Errorf("%d updates were sent", n)
	}
}

// What AgentCore adds to a target by itself is neither a change nor sent back.
func TestInjectedHeaderIsNotSentBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	const injected = "x-amzn-bedrock-agentcore-policy-session-id"
	b.setTarget(b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.MetadataConfiguration.AllowedRequestHeaders = append(o.MetadataConfiguration.AllowedRequestHeaders, injected)
	})
	if c := must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "requestHeaders": []string{"X-Correlation-Id"}}); c.Outcome != gateway.Unchanged {
		t.Errorf("got %+v", c)
	}
	must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "description": "new words"})
	if got := b.configuration("orders"); strings.Contains(got, injected) {
		t.Errorf("it was sent back: %s", got)
	}
}

// An update of a target with a person's credentials demands a new consent.
func TestConsentIsConfirmed(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.setTarget(b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		p := o.CredentialProviderConfigurations[0].CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider)
		p.Value.GrantType = types.OAuthGrantTypeAuthorizationCode
	})
	arguments := map[string]any{"target": "orders", "description": "new words"}
	refused(b, "update_target", arguments, "consent", `confirm set to "orders"`)
	arguments["confirm"] = "shop"
	refused(b, "update_target", arguments, "consent")
	arguments["confirm"] = "orders"
	if c := must[gateway.Change](b, "update_target", arguments); c.Outcome != gateway.Updated {
		t.Errorf("got %+v", c)
	}
}

// Before anything is sent, the log has the whole previous configuration, without
// the secrets in its endpoint.
func TestPreviousConfigurationIsLogged(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	secret := b.url + "?a=1&key=hunter2"
	b.setTarget(b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) { mcpServer(o).Value.Endpoint = &secret })
	c := must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "description": "new words"})
	if !c.EndpointMasked || strings.Contains(string(encode(t, c)), "hunter2") {
		t.Errorf("got %+v", c)
	}
	log := b.log.String()
	for _, want := range []string{"configuration before a change", b.targetID, "credentialProviderConfigurations", "metadataConfiguration", "a target"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, "hunter2") {
		t.Error("the log shows a secret")
	}
}

func TestPin(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	pinned := must[gateway.Pinned](b, "pin_target_tools", map[string]any{"target": "orders"})
	if pinned.Outcome != gateway.Updated || len(pinned.Hashes) != 2 || len(pinned.Hashes["getOrder"]) != 64 {
		t.Fatalf("got %+v", pinned)
	}
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	refused(b, "synchronize_target", map[string]any{"target": "orders"}, "static schema")
	drift := must[struct{ Targets []gateway.Drift }](b, "check_drift", map[string]any{"target": "orders"})
	d := drift.Targets[0]
	if !d.Pinned || d.State != gateway.Drifted || len(d.Tools.Added) != 1 || d.Hashes["getOrder"] != pinned.Hashes["getOrder"] {
		t.Errorf("what waits: got %s", encode(t, d))
	}
	again := must[gateway.Pinned](b, "pin_target_tools", map[string]any{"target": "orders"})
	if again.Outcome != gateway.Unchanged || len(again.Hashes) != 2 {
		t.Errorf("pinned again: got %+v", again)
	}
	if got := b.served("orders"); got != "getOrder updateOrder" {
		t.Errorf("pinned, the gateway serves %s", got)
	}
	c := must[gateway.Change](b, "unpin_target_tools", map[string]any{"target": "orders"})
	if c.Outcome != gateway.Updated || len(c.Tools.Added) != 1 || b.served("orders") != "cancelOrder getOrder updateOrder" {
		t.Errorf("unpinned: got %+v", c)
	}
	if c = must[gateway.Change](b, "unpin_target_tools", map[string]any{"target": "orders"}); c.Outcome != gateway.Unchanged || c.Next != "the target is not pinned" {
		t.Errorf("unpinned again: got %+v", c)
	}
	if !json.Valid([]byte(b.configuration("orders"))) || strings.Contains(b.configuration("orders"), "mcpToolSchema") {
		t.Errorf("the schema is still there: %s", b.configuration("orders"))
	}
}

// The plan of a pin is what the pin does, whatever waits at the server; and a pin
// that its server cannot serve is told.
func TestPlanOfAPin(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(4); err != nil { // the gateway serves two of them
		t.Fatal(err)
	}
	plan := must[gateway.Change](b, "pin_target_tools", map[string]any{"target": "orders", "dryRun": true})
	if plan.Outcome != gateway.Planned || plan.Tools.Before != 2 || plan.Tools.After != 2 || len(plan.Tools.Added)+len(plan.Tools.Changed) != 0 {
		t.Errorf("the plan: %+v, tools %+v", plan, plan.Tools)
	}
	done := must[gateway.Change](b, "pin_target_tools", map[string]any{"target": "orders"})
	if done.Outcome != gateway.Updated || done.Tools.After != plan.Tools.After || len(done.Tools.Added) != 0 {
		t.Errorf("the pin: %+v, tools %+v", done, done.Tools)
	}
	fewer := serveOrders(t, 1)
	arguments := map[string]any{"target": "orders", "endpoint": fewer, "confirm": "orders", "dryRun": true}
	move := must[gateway.Change](b, "update_target_endpoint", arguments)
	if !move.Tools.Breaking || len(move.Tools.Warnings) != 1 || !strings.Contains(move.Tools.Warnings[0], "does not offer updateOrder") || !strings.Contains(move.Next, "the plan breaks callers") {
		t.Errorf("the plan of a move: %+v, tools %+v", move, move.Tools)
	}
	delete(arguments, "dryRun")
	if move = must[gateway.Change](b, "update_target_endpoint", arguments); !move.Tools.Breaking || !strings.Contains(move.Next, "cannot be called any more") {
		t.Errorf("the move: %+v, tools %+v", move, move.Tools)
	}
}

// An endpoint with values that are not shown is gone back to without them.
func TestBackToAHiddenEndpoint(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	id := b.newTarget(b.gatewayID, "secretive", b.url+"?v=hush")
	refused(b, "update_target_endpoint", map[string]any{"target": "secretive", "previous": true}, "has not moved target secretive")
	refused(b, "update_target_endpoint", map[string]any{"target": "secretive", "previous": true, "endpoint": b.url}, "previous goes without endpoint")
	moved := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "secretive", "endpoint": serveOrders(t, 3), "confirm": "secretive"})
	if moved.Outcome != gateway.Updated || !moved.EndpointMasked {
		t.Fatalf("%+v", moved)
	}
	back := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "secretive", "previous": true, "confirm": "secretive"})
	target, err := b.client.Target(t.Context(), b.gatewayID, id)
	if err != nil || back.Outcome != gateway.Updated || target.Endpoint != b.url+"?v=hush" || strings.Contains(back.Endpoint, "hush") {
		t.Errorf("%+v, the target is at %s %v", back, target.Endpoint, err)
	}
}

// AWS may write an endpoint in another way than it was sent: that is no rival's
// change.
func TestEndpointThatAWSRewrites(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				body = []byte(strings.ReplaceAll(string(body), "/mcp?v=2", "/mcp?v=3"))
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			}
			next.ServeHTTP(w, r)
		})
	}})
	c := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": b.url + "?v=2", "confirm": "orders"})
	if target, err := b.client.Target(t.Context(), b.gatewayID, b.targetID); err != nil || c.Outcome != gateway.Updated || target.Endpoint != b.url+"?v=3" {
		t.Errorf("%+v, %s %v", c, target.Endpoint, err)
	}
}

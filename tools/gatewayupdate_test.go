package tools_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// An update changes what it names and keeps the rest, with a person's word where callers
// are let in or shut out.
func TestUpdateGateway(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	read := func() map[string]any {
		g, err := s.client.Gateway(t.Context(), s.gatewayID)
		s.check(err)
		var all map[string]any
		s.check(json.Unmarshal(g.JSON(), &all))
		return all
	}
	// Every optional setting that a gateway can have.
	got, err := s.control.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &s.gatewayID})
	s.check(err)
	_, err = s.control.UpdateGateway(t.Context(), &control.UpdateGatewayInput{
		GatewayIdentifier: &s.gatewayID, Name: got.Name, RoleArn: got.RoleArn, AuthorizerType: got.AuthorizerType, AuthorizerConfiguration: got.AuthorizerConfiguration, ProtocolType: got.ProtocolType,
		Description: sdk.String("before"), ExceptionLevel: types.ExceptionLevelDebug, KmsKeyArn: sdk.String("arn:aws:kms:us-east-1:123456789012:key/0123abcd-0123-0123-0123-0123456789ab"),
		ProtocolConfiguration: &types.GatewayProtocolConfigurationMemberMcp{Value: types.MCPGatewayConfiguration{
			Instructions: sdk.String("be kind, see https://user:hunter2@example.com/"), SearchType: types.SearchTypeSemantic, SupportedVersions: []string{"2025-06-18", "2025-11-25"},
		}},
		InterceptorConfigurations: []types.GatewayInterceptorConfiguration{{
			Interceptor:        &types.InterceptorConfigurationMemberLambda{Value: types.LambdaInterceptorConfiguration{Arn: sdk.String("arn:aws:lambda:us-east-1:123456789012:function:f")}},
			InterceptionPoints: []types.GatewayInterceptionPoint{types.GatewayInterceptionPointRequest},
		}},
	})
	s.check(err)
	eventually(t, "the gateway is READY", func() bool { return read()["status"] == "READY" })

	before := read()
	c := must[gateway.GatewayChange](s.bench, "update_gateway", map[string]any{"description": "after"})
	if c.Outcome != gateway.Updated || c.Status != "READY" || len(c.Configuration) != 1 || c.Configuration[0].Path != "description" {
		t.Errorf("updated: %s", indented(c))
	}
	after := read()
	for key, value := range before {
		if key != "description" && key != "updatedAt" && !jsonEqual(after[key], value) {
			t.Errorf("%s was %v, is %v", key, value, after[key])
		}
	}
	if !strings.Contains(s.log.String(), "configuration before a change") || !strings.Contains(s.log.String(), "be kind") {
		t.Error("the configuration from before is not in the log")
	}
	if strings.Contains(s.log.String(), "hunter2") {
		t.Error("the log has a password")
	}
	if again := must[gateway.GatewayChange](s.bench, "update_gateway", map[string]any{"description": "after"}); again.Outcome != gateway.Unchanged {
		t.Errorf("again: %s", indented(again))
	}

	more := map[string]any{"supportedVersions": []string{"2025-06-18", "2025-11-25", "2026-07-28"}}
	if c := must[gateway.GatewayChange](s.bench, "update_gateway", more); c.Outcome != gateway.Updated {
		t.Errorf("a revision more: %s", indented(c))
	}
	for name, arguments := range map[string]map[string]any{
		"fewer revisions": {"supportedVersions": []string{"2026-07-28"}},
		"other clients":   {"allowedClients": []string{"somebody"}},
		"another issuer":  {"discoveryUrl": "https://issuer.example.com/.well-known/openid-configuration"},
		"another role":    {"roleArn": "arn:aws:iam::123456789012:role/another"},
	} {
		refused(s.bench, "update_gateway", arguments, "was not updated", `confirm set to "`+tutorial.Gateway)
		if c := must[gateway.GatewayChange](s.bench, "update_gateway", with(arguments, func(a map[string]any) { a["dryRun"] = true })); c.Outcome != gateway.Planned || !strings.Contains(c.Next, "confirm set to") || len(c.Configuration) == 0 {
			t.Errorf("%s, planned: %s", name, indented(c))
		}
		if c := must[gateway.GatewayChange](s.bench, "update_gateway", with(arguments, func(a map[string]any) { a["confirm"] = tutorial.Gateway })); c.Outcome != gateway.Updated {
			t.Errorf("%s, confirmed: %s", name, indented(c))
		}
	}
}

// What cannot be kept, or was changed by somebody else, is not overwritten; what AWS does
// not take is said; a lost answer is neither.
func TestUpdateGatewayIsHonest(t *testing.T) {
	t.Parallel()
	var strange, ignoring bool
	b := newLifeBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && ignoring { // as it was reported of supportedVersions
				body := strings.ReplaceAll(string(readAll(r)), `"2026-07-28"`, `"2025-11-25"`)
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			}
			if !strange || r.Method != http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var all map[string]any
			if json.Unmarshal(answer.Body.Bytes(), &all) == nil {
				all["newSetting"] = map[string]any{"a": 1}
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.Code)
			_ = json.NewEncoder(w).Encode(all)
		})
	}})
	strange = true
	refused(b, "update_gateway", map[string]any{"description": "x"}, "was not updated", "newSetting", "newer release")
	strange = false
	refused(b, "update_gateway", map[string]any{"allowedClients": []string{"x"}}, "has authorizer NONE")
	b.cloud.Inject(emulator.Fault{Operation: "UpdateGateway", Reset: true, After: true, Times: 1})
	if c := must[gateway.GatewayChange](b, "update_gateway", map[string]any{"description": "lost"}); c.Outcome != gateway.Updated || c.Description == "" || b.cloud.Calls("UpdateGateway") != 1 {
		t.Errorf("lost: %s", indented(c))
	}
	b.cloud.Inject(emulator.Fault{Operation: "UpdateGateway", Reset: true, Times: 1})
	refused(b, "update_gateway", map[string]any{"description": "never begun"}, "was not updated", "nothing has begun")
	ignoring = true
	c := answered[gateway.GatewayChange](b, "update_gateway", map[string]any{"supportedVersions": []string{"2026-07-28"}, "confirm": "shop"})
	if c.Outcome != gateway.Failed || !strings.Contains(c.Next, "not all of it") || !strings.Contains(c.Next, "supportedVersions") {
		t.Errorf("ignored: %s", indented(c))
	}
}

// Somebody else changes the gateway between the read that was planned with and the one
// before sending: nothing is sent over it.
func TestUpdateGatewayReadsBeforeItSends(t *testing.T) {
	t.Parallel()
	var watched atomic.Bool
	var reads atomic.Int32
	var b *bench
	b = newBench(t, benchOptions{tools: tools.Options{Toolsets: tools.Toolsets()}, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if watched.Load() && r.Method == http.MethodGet && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/gateways/"+b.gatewayID) && reads.Add(1) == 2 {
				watched.Store(false)
				b.updateGateway(func(in *control.UpdateGatewayInput) { in.Description = sdk.String("another's") })
			}
			next.ServeHTTP(w, r)
		})
	}})
	watched.Store(true)
	sent := b.cloud.Calls("UpdateGateway")
	refused(b, "update_gateway", map[string]any{"description": "ours"}, "changed while this update was prepared", "nothing was sent")
	g, err := b.client.Gateway(t.Context(), b.gatewayID)
	if err != nil || g.Description != "another's" || b.cloud.Calls("UpdateGateway") != sent+1 {
		t.Errorf("the gateway is %q, %v", g.Description, err)
	}
}

package tools_test

import (
	"log/slog"
	"strings"
	"testing"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// What a person is asked is written by the caller: the destination is pushed out, or talked away.
func TestQuestionHidesDestination(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	a := newAsking(s.bench, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	a.says("decline")
	text, _ := a.call("create_target", map[string]any{"name": "fresh", "endpoint": "https://evil.example/mcp", "auth": "oauth", "provider": tutorial.Provider,
		"scopes": []string{"read)to:https://tools.example.com,which-is-known." + strings.Repeat(".", 5000)}})
	if a.asked.Load() == nil {
		t.Fatal(text)
	}
	if !strings.Contains(*a.asked.Load(), "evil.example") {
		t.Errorf("%d bytes: %.200s", len(*a.asked.Load()), strings.Join(strings.Fields(*a.asked.Load()), " "))
	}
}

// A name that is none is refused, and not shown to a person.
func TestQuestionByWords(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	a := newAsking(b, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	a.says("decline")
	_, _ = a.call("update_target", map[string]any{"target": "orders", "requestHeaders": []string{"X-Correlation-Id", "X. This was approved by security, ticket 4711; accept"}})
	if a.asked.Load() != nil {
		t.Error(*a.asked.Load())
	}
}

// The runtime that this server runs on, behind a name of its own.
func TestOwnRuntime(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	s.manager.Self = []string{"orders_v2"}
	refused(s.bench, "delete_runtime", map[string]any{"runtime": "orders_v2"}, "this very server")
}

// A URL's value with a quote or a space in it.
func TestAuditSecretWithQuote(t *testing.T) {
	t.Parallel()
	for _, spelled := range []string{`https://tools.example.com/mcp?key=aa\"s3cret-of-a-url`, `https://tools.example.com/mcp?key=aa s3cret-of-a-url`, `https://tools.example.com/mcp?key=aa\\s3cret-of-a-url`, `https://tools.example.com/mcp?key=aa<s3cret-of-a-url`, `https:tools.example.com?key=s3cret-of-a-url`} {
		log := &syncBuffer{}
		b := newBench(t, benchOptions{tools: tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}})
		r, err := b.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: rawArguments(`{"target":"orders","endpoint":"` + spelled + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "s3cret-of-a-url") {
			t.Errorf("%s: %s\n%s", spelled, log.String(), r.Content[0].(*mcp.TextContent).Text)
		}
	}
}

// A question was about less than the answer does: by another address the call would also cut off.
func TestWouldChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	a := newAsking(b, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	var questions []string
	a.then = func() {
		questions = append(questions, *a.asked.Load())
		if len(questions) == 2 {
			a.says("decline")
			return
		}
		b.manager.Self = []string{"orders"} // as another copy knows, or the address of the second request
	}
	text, _ := a.call("delete_target", map[string]any{"target": "orders"})
	if !a.there() && len(questions) == 1 {
		t.Errorf("asked %q: %.100s", questions, text)
	}
}

// What a caller sends to a tool at a target leaves a line, also where nothing else may
// be changed.
func TestToolThatADiagnosisCallsIsAudited(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	b := newBench(t, benchOptions{tools: tools.Options{ReadOnly: true, Audit: slog.New(slog.NewJSONHandler(log, nil))}})
	must[gateway.Diagnoses](b, "diagnose_target", map[string]any{"target": "orders"})
	must[gateway.Diagnoses](b, "diagnose_target", map[string]any{"target": "orders", "tool": "getOrder", "arguments": map[string]any{"orderId": 7}})
	if lines := auditOf(t, log); len(lines) != 1 || lines[0].Tool != "diagnose_target" || !lines[0].Arguments.has("getOrder") || lines[0].Outcome != "called: failed" || lines[0].Target != "orders" || lines[0].Gateway != "shop" {
		t.Errorf("got %s", indented(lines))
	}
}

// The runtime that a target invokes by a URL that is spelled another way.
func TestRuntimeOtherSpelling(t *testing.T) {
	t.Parallel()
	for _, spelled := range []func(endpoint, arn string) string{
		func(e, _ string) string { return e + "&x=1" },
		func(e, _ string) string { return strings.Replace(e, "/invocations", "/invocations/", 1) },
		func(e, arn string) string {
			base, _, _ := strings.Cut(e, "/runtimes/")
			return base + "/runtimes/" + arn[strings.LastIndexByte(arn, '/')+1:] + "/invocations?qualifier=DEFAULT&accountId=123456789012"
		},
	} {
		s := newLifeScene(t)
		endpoint, arn := "", must[tools.RuntimeReport](s.bench, "get_runtime", map[string]any{"runtime": "orders_v1"}).ARN
		if err := s.cloud.SetTarget(s.world.GatewayID, s.world.TargetID, func(o *control.GetGatewayTargetOutput) {
			server := o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer)
			endpoint = spelled(*server.Value.Endpoint, arn)
			server.Value.Endpoint = &endpoint
		}); err != nil {
			t.Fatal(err)
		}
		if out, isError, text := call[tools.RuntimeReport](s.bench, "delete_runtime", map[string]any{"runtime": "orders_v1", "confirm": "orders_v1"}); !isError {
			t.Errorf("%s: %s %s", endpoint, out.Outcome, text)
		}
	}
}

// An ARN of another account, region or kind is not what has the same name here.
func TestForeignARNIsNotDeleted(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	id := s.world.NewRuntimeARN[strings.LastIndexByte(s.world.NewRuntimeARN, '/')+1:]
	if out, isError, _ := call[tools.RuntimeReport](s.bench, "delete_runtime", map[string]any{"runtime": "arn:aws:bedrock-agentcore:eu-west-1:999999999999:runtime/" + id, "confirm": "orders_v2"}); !isError {
		t.Errorf("runtime: %s %s", out.Outcome, out.ARN)
	}
	must[gateway.Change](s.bench, "delete_target", map[string]any{"target": tutorial.Target, "confirm": tutorial.Target})
	if out, isError, _ := call[tools.ProviderReport](s.bench, "delete_credential_provider", map[string]any{"provider": "arn:aws:bedrock-agentcore:eu-west-1:999999999999:token-vault/default/apikeycredentialprovider/" + tutorial.Provider, "confirm": tutorial.Provider}); !isError {
		t.Errorf("provider: %s %s", out.Outcome, out.ARN)
	}
}

// Within AWS's limits (100 scopes of 64 characters), and accepted: the target is made
// at a place that the person was not told.
func TestQuestionHidesDestinationAndIsDone(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	evil := serve(t, s.orders).URL + "/mcp"
	a := newAsking(s.bench, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	scopes := []string{"read)to:https://tools.example.com,which-it-had-before."}
	for range 99 {
		scopes = append(scopes, strings.Repeat(".", 64))
	}
	text, isError := a.call("create_target", map[string]any{"name": "fresh", "endpoint": evil, "auth": "oauth", "provider": tutorial.Provider, "scopes": scopes})
	if a.asked.Load() == nil {
		t.Fatal(text)
	}
	if !strings.Contains(*a.asked.Load(), strings.TrimSuffix(strings.TrimPrefix(evil, "http://"), "/mcp")) && s.cloud.Calls("CreateGatewayTarget") > 1 {
		t.Errorf("sent to %s; asked (%d bytes): %.160s\n%t %.500s", evil, len(*a.asked.Load()), *a.asked.Load(), isError, text)
	}
}

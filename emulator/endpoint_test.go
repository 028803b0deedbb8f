package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

func TestEndpoint(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			w := start(t, emulator.Options{})
			gw := w.gateway("g")
			w.target(gw, "first", server(w.upstream(2).url))
			w.target(gw, "second", server(w.upstream(1).url))
			session := w.connect(gw, version)
			defer session.Close()

			page, err := session.ListTools(t.Context(), nil)
			w.check(err)
			if len(page.Tools) != 2 || page.Tools[0].Name != "first___getOrder" || page.NextCursor == "" {
				t.Fatalf("first page %+v", page)
			}
			if page.Tools[0].Description != "get an existing order" || page.Tools[0].InputSchema == nil || page.Tools[0].Annotations == nil {
				t.Errorf("definition lost something: %+v", page.Tools[0])
			}
			page, err = session.ListTools(t.Context(), &mcp.ListToolsParams{Cursor: page.NextCursor})
			w.check(err)
			if len(page.Tools) != 1 || page.Tools[0].Name != "second___getOrder" || page.NextCursor != "" {
				t.Fatalf("second page %+v", page)
			}
			_, err = session.ListTools(t.Context(), &mcp.ListToolsParams{Cursor: "bogus"})
			w.invalidParams(err, "cursor")

			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "second___getOrder", Arguments: map[string]any{"orderId": 123}})
			w.check(err)
			if order, _ := json.Marshal(result.StructuredContent); result.IsError || !strings.Contains(string(order), "espresso beans") || len(result.Content) == 0 {
				t.Errorf("getOrder answered %+v %s", result, order)
			}
			result, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "second___getOrder", Arguments: map[string]any{"orderId": 99}})
			w.check(err)
			if !result.IsError {
				t.Errorf("an unknown order answered %+v", result)
			}
			for _, name := range []string{"second___updateOrder", "third___getOrder", "getOrder"} {
				_, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: name})
				w.invalidParams(err, "Unknown tool: "+name)
			}
		})
	}
}

func (w *world) invalidParams(err error, text string) {
	w.Helper()
	var rpc *jsonrpc.Error
	if !errors.As(err, &rpc) || rpc.Code != jsonrpc.CodeInvalidParams || !strings.Contains(rpc.Message, text) {
		w.Fatalf("got %v, want invalid params with %q", err, text)
	}
}

func TestResultTypeOnTheWire(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	w.target(gw, "orders", server(w.upstream(1).url))
	call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"orders___getOrder","arguments":{"orderId":123}%s}}`
	for version, meta := range map[string]string{
		"2025-11-25": "",
		"2026-07-28": `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/gateway/"+gw+"/mcp", strings.NewReader(strings.Replace(call, "%s", meta, 1)))
		w.check(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		req.Header.Set("MCP-Protocol-Version", version)
		req.Header.Set("Mcp-Method", "tools/call")
		req.Header.Set("Mcp-Name", "orders___getOrder")
		resp, err := w.http.Do(req)
		w.check(err)
		body := readAll(w, resp)
		if got := strings.Contains(body, `"resultType":"complete"`); got != (version == "2026-07-28") || !strings.Contains(body, "espresso") {
			t.Errorf("%s answered %s", version, body)
		}
	}
}

func TestEndpointAuthorization(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g", func(in *bedrockagentcorecontrol.CreateGatewayInput) { in.AuthorizerType = types.AuthorizerTypeAwsIam })
	w.target(gw, "orders", server(w.upstream(1).url))
	ask := func(path, authorization string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`))
		w.check(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		resp, err := w.http.Do(req)
		w.check(err)
		return resp
	}
	resp := ask("/gateway/"+gw+"/mcp", "")
	readAll(w, resp)
	if resp.StatusCode != 403 || resp.Header.Get("X-Amzn-ErrorType") != "MissingAuthenticationTokenException" {
		t.Errorf("without a signature: %d %q", resp.StatusCode, resp.Header)
	}
	for authorization, want := range map[string]int{
		"Bearer x": 403,
		"AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock-agentcore/aws4_request": 403,
		signature("s3"):                403,
		signature("bedrock-agentcore"): 200,
	} {
		resp = ask("/gateway/"+gw+"/mcp", authorization)
		if body := readAll(w, resp); resp.StatusCode != want || strings.Contains(body, "orders___getOrder") != (want == 200) {
			t.Errorf("with %s: %d %s", authorization, resp.StatusCode, body)
		}
	}
	resp = ask("/gateway/unknown-0123456789/mcp", "Bearer x")
	readAll(w, resp)
	if resp.StatusCode != 404 {
		t.Errorf("unknown gateway: %d", resp.StatusCode)
	}
	_, err := w.client.CreateGateway(t.Context(), &bedrockagentcorecontrol.CreateGatewayInput{
		Name: aws.String("jwt"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeCustomJwt,
	})
	w.refusal(err, "ValidationException", "AuthorizerConfiguration is required")
}

// signature has the form of one that was made for a service.
func signature(service string) string {
	return "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/" + service + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=00ff"
}

func TestDynamicTarget(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	configured := server(u.url)
	configured.ListingMode = types.ListingModeDynamic
	id := w.target(gw, "orders", configured)
	if n := u.asked.Load(); n != 0 {
		t.Errorf("creating a DYNAMIC target asked its server %d times", n)
	}
	if got := w.get(gw, id); got.LastSynchronizedAt != nil {
		t.Errorf("a DYNAMIC target was synchronized at %v", got.LastSynchronizedAt)
	}
	w.serves(gw, "orders___getOrder")
	w.check(u.orders.SetTools(2))
	w.serves(gw, "orders___getOrder", "orders___updateOrder")
	newest := w.connect(gw, "2026-07-28")
	defer newest.Close()
	page, err := newest.ListTools(t.Context(), nil)
	w.check(err)
	if len(page.Tools) != 2 {
		t.Errorf("listed to a client of the newest revision: %+v", page.Tools)
	}
	w.refusal(w.synchronize(gw, id), "ValidationException", "DYNAMIC")
}

func TestStaticSchema(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g", func(in *bedrockagentcorecontrol.CreateGatewayInput) {
		in.ProtocolConfiguration = &types.GatewayProtocolConfigurationMemberMcp{Value: types.MCPGatewayConfiguration{DisableMcpListToolsPagination: aws.Bool(true)}}
	})
	static := func(payload string) *types.McpServerTargetConfiguration {
		s := server(u.url)
		s.McpToolSchema = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: payload}
		return s
	}
	// A property named $ref and members that the MCP SDK does not know survive.
	id := w.target(gw, "a", static(`{"tools":[{"name":"getOrder","inputSchema":{"type":"object","x":1.50},"x-vendor":{"k":[1]}}]}`))
	w.target(gw, "b", static(`[{"name":"t","inputSchema":{"type":"object"}}]`))
	if n := u.asked.Load(); n != 0 {
		t.Errorf("a static schema asked the server %d times", n)
	}
	session := w.connect(gw, "2025-11-25")
	defer session.Close()
	page, err := session.ListTools(t.Context(), nil)
	w.check(err)
	if len(page.Tools) != 2 || page.Tools[0].Name != "a___getOrder" || page.Tools[1].Name != "b___t" || page.NextCursor != "" {
		t.Errorf("one page of both targets: %+v", page)
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "a___getOrder", Arguments: map[string]any{"orderId": 123}})
	w.check(err)
	if result.IsError {
		t.Errorf("call: %+v", result)
	}
	w.refusal(w.synchronize(gw, id), "ValidationException", "static tool schema (mcpToolSchema)")
	bad := w.create(gw, "bad", static(`{"tols":[]}`))
	if out := w.settles(gw, bad, types.TargetStatusFailed); !strings.Contains(out.StatusReasons[0], "static tool schema") {
		t.Errorf("reasons %q", out.StatusReasons)
	}
	// Without the schema the target synchronizes again.
	w.check(w.update(gw, id, "a", server(u.url)))
	w.settles(gw, id, types.TargetStatusReady)
	w.check(w.synchronize(gw, id))
	w.settles(gw, id, types.TargetStatusReady)
}

func TestUpstreamFailureIsGenericUnlessDebug(t *testing.T) {
	for level, want := range map[types.ExceptionLevel]string{"": "An internal error occurred. Please retry later.", types.ExceptionLevelDebug: "Service Unavailable"} {
		w := start(t, emulator.Options{})
		gw := w.gateway("g", func(in *bedrockagentcorecontrol.CreateGatewayInput) { in.ExceptionLevel = level })
		down := w.serve(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		configured := server(down + "/mcp?token=hidden")
		configured.ListingMode = types.ListingModeDynamic
		w.target(gw, "orders", configured)
		session := w.connect(gw, "2025-11-25")
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "orders___getOrder"})
		w.check(err)
		text := result.Content[0].(*mcp.TextContent).Text
		if !result.IsError || !strings.Contains(text, want) || strings.Contains(text, "hidden") {
			t.Errorf("exceptionLevel %q: %q", level, text)
		}
		w.check(session.Close())
	}
}

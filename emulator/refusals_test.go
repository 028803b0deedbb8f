package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func TestRefusals(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	id := w.target(gw, "orders", server(u.url))
	lambda := func() string {
		out, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
			GatewayIdentifier: &gw, Name: aws.String("lambda"),
			TargetConfiguration: &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberLambda{Value: types.McpLambdaTargetConfiguration{
				LambdaArn:  aws.String("arn:aws:lambda:us-east-1:123456789012:function:f"),
				ToolSchema: &types.ToolSchemaMemberInlinePayload{Value: []types.ToolDefinition{{Name: aws.String("n"), Description: aws.String("d"), InputSchema: &types.SchemaDefinition{Type: types.SchemaTypeObject}}}},
			}}},
			CredentialProviderConfigurations: []types.CredentialProviderConfiguration{{CredentialProviderType: types.CredentialProviderTypeGatewayIamRole}},
		})
		w.check(err)
		w.settles(gw, *out.TargetId, types.TargetStatusReady)
		return *out.TargetId
	}()

	w.refusal(w.synchronize(gw, id, lambda), "ValidationException", "Value at 'targetIdList' failed to satisfy constraint: Member must have length less than or equal to 1")
	_, _, empty := w.raw("PUT", "/gateways/"+gw+"/synchronizeTargets", `{"targetIdList":[]}`)
	if message, _ := empty["message"].(string); !strings.Contains(message, "'targetIdList' failed to satisfy constraint: Member must have length greater than or equal to 1") {
		t.Errorf("an empty list answered %v", empty)
	}
	w.refusal(w.synchronize(gw, "0123456789"), "ResourceNotFoundException", "Failed to retrieve target")
	w.refusal(w.synchronize("unknown-0123456789", id), "ResourceNotFoundException", "Failed to retrieve gateway")
	w.refusal(w.synchronize(gw, "short"), "ValidationException", "Value at 'targetIdList.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z]{10}")
	w.refusal(w.synchronize(gw, lambda), "ValidationException", "not an MCP server target")
	_, err := w.client.ListGatewayTargets(t.Context(), &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: aws.String("unknown-0123456789")})
	w.refusal(err, "ResourceNotFoundException", "")
	_, err = w.client.ListGatewayTargets(t.Context(), &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: &gw, MaxResults: aws.Int32(1001)})
	w.refusal(err, "ValidationException", "Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000")
	w.refusal(w.update(gw, id, "lambda", server(u.url)), "ConflictException", "lambda already exists")
	w.check(w.update(gw, id, "orders", server(u.url))) // its own name
	w.settles(gw, id, types.TargetStatusReady)
	_, err = w.client.CreateGateway(t.Context(), &bedrockagentcorecontrol.CreateGatewayInput{Name: aws.String("g"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone})
	w.refusal(err, "ConflictException", "g already exists")

	release := w.core.Hold(types.TargetStatusUpdating)
	w.check(w.update(gw, id, "orders", server(u.url)))
	w.refusal(w.update(gw, id, "orders", server(u.url)), "ConflictException", "UPDATING")
	w.refusal(w.synchronize(gw, id), "ConflictException", "UPDATING")
	w.refusal(w.delete(gw, id), "ConflictException", "UPDATING")
	release()
	w.settles(gw, id, types.TargetStatusReady)
}

func TestTargetValidation(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	const secret = "do-not-echo"
	wrap := func(server string) string { return `{"mcp":{"mcpServer":` + server + `}}` }
	for name, c := range map[string]struct{ body, message string }{
		"no name":         {`{"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"},
		"bad name":        {`{"name":"do-not-echo_","targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ([0-9a-zA-Z][-]?){1,100}`},
		"trailing":        {`{"name":"a\n","targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'name'`},
		"http":            {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"http://example.com/do-not-echo"}`) + `}`, `'targetConfiguration.mcp.mcpServer.endpoint' failed to satisfy constraint: Member must satisfy regular expression pattern: https://.*`},
		"http lookalike":  {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"http://localhost.example.com/"}`) + `}`, `https://.*`},
		"unknown member":  {`{"name":"a","colour":1,"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'colour' failed to satisfy constraint: Member is not known`},
		"unknown, nested": {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"https://a","colour":1}`) + `}`, `'targetConfiguration.mcp.mcpServer.colour'`},
		"path in body":    {`{"name":"a","gatewayIdentifier":"b","targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Member must not be in the body`},
		"wrong type":      {`{"name":["do-not-echo"],"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'name' failed to satisfy constraint: Member must be a string`},
		"null":            {`{"name":"a","description":null,"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'description' failed to satisfy constraint: Member must not be null`},
		"empty union":     {`{"name":"a","targetConfiguration":{}}`, `'targetConfiguration' failed to satisfy constraint: Member must have exactly one of [http, inference, mcp] set`},
		"two members":     {`{"name":"a","targetConfiguration":{"mcp":{"mcpServer":{"endpoint":"https://a"}},"http":{"passthrough":{"endpoint":"https://a","protocolType":"MCP"}}}}`, `exactly one of`},
		"enum":            {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"https://a","listingMode":"do-not-echo"}`) + `}`, `listingMode' failed to satisfy constraint: Member must satisfy enum value set: [DEFAULT, DYNAMIC]`},
		"range":           {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"https://a","resourcePriority":1001}`) + `}`, `Member must have value less than or equal to 1000`},
		"fraction":        {`{"name":"a","targetConfiguration":` + wrap(`{"endpoint":"https://a","resourcePriority":1.5}`) + `}`, `Member must be an integer`},
		"empty list":      {`{"name":"a","credentialProviderConfigurations":[],"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Member must have length greater than or equal to 1`},
		"certificates":    {`{"name":"a","certificateConfigurations":[{"s3":{"uri":"s3://b/c"}},{"s3":{"uri":"s3://b/c"}}],"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `'certificateConfigurations' failed to satisfy constraint: Member must have length less than or equal to 1`},
		"two errors":      {`{"name":"_","description":"","targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `2 validation errors detected: Value at 'description'`},
		"client token":    {`{"name":"a","clientToken":"short","targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, `Value at 'clientToken' failed to satisfy constraint: Member must have length greater than or equal to 33`},
		"iam":             {`{"name":"a","credentialProviderConfigurations":[{"credentialProviderType":"GATEWAY_IAM_ROLE"}],"targetConfiguration":` + wrap(`{"endpoint":"https://a"}`) + `}`, "IamCredentialProvider is required for mcpServer targets using IAM authentication"},
		"not JSON":        {`{"name":do-not-echo`, "not valid JSON"},
		"two values":      {`{} {}`, "more than one JSON value"},
		"a list":          {`[]`, "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, answer := w.raw("POST", "/gateways/"+gw+"/targets/", c.body)
			message, _ := answer["message"].(string)
			if status != 400 || header.Get("X-Amzn-ErrorType") != "ValidationException" || !strings.Contains(message, c.message) {
				t.Errorf("%d %s: %s\nwant %s", status, header.Get("X-Amzn-ErrorType"), message, c.message)
			}
			if strings.Contains(message, secret) {
				t.Errorf("a value is echoed: %s", message)
			}
			if answer["reason"] == nil {
				t.Errorf("no reason in %v", answer)
			}
		})
	}
	out, err := w.client.ListGatewayTargets(t.Context(), &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: &gw})
	w.check(err)
	if len(out.Items) != 0 {
		t.Errorf("refused requests made targets: %+v", out.Items)
	}
}

func TestUnknownOperations(t *testing.T) {
	w := start(t, emulator.Options{})
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/nowhere", 404, "UnknownOperationException"},
		{"PATCH", "/gateways/", 404, "UnknownOperationException"},
		{"POST", "/memories/create", 501, "UnknownOperationException"},
		{"POST", "/identities/set-token-vault-cmk", 501, "UnknownOperationException"},
		{"GET", "/gateways/a%2Fb-0123456789/", 400, "ValidationException"},
	} {
		status, header, answer := w.raw(c.method, c.path, "")
		if status != c.status || header.Get("X-Amzn-ErrorType") != c.code || answer["message"] == "" || header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: %d %v %v, want %d %s", c.method, c.path, status, header, answer, c.status, c.code)
		}
	}
	if n := w.core.Calls("CreateMemory"); n != 1 {
		t.Errorf("%d calls of CreateMemory", n)
	}
	for _, path := range []string{"/gateways", "/gateways/"} {
		if status, _, answer := w.raw("GET", path, ""); status != 200 || answer["items"] == nil {
			t.Errorf("%s: %d %v", path, status, answer)
		}
	}
}

func TestQuotas(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w := start(t, emulator.Options{
		Now:                func() time.Time { return now },
		GatewaysPerAccount: 1, TargetsPerGateway: 2,
		Quotas: emulator.Quotas{Write: -1, Read: -1, Synchronize: 2, Concurrent: 1},
	})
	u := w.upstream(1)
	gw := w.gateway("g")
	_, err := w.client.CreateGateway(t.Context(), &bedrockagentcorecontrol.CreateGatewayInput{Name: aws.String("h"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone})
	w.refusal(err, "ServiceQuotaExceededException", "1 gateways")

	a, b := w.target(gw, "a", server(u.url)), w.target(gw, "b", server(u.url))
	_, err = w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{GatewayIdentifier: &gw, Name: aws.String("c"), TargetConfiguration: configuration(server(u.url))})
	w.refusal(err, "ServiceQuotaExceededException", "2 targets")

	release := w.core.Hold(types.TargetStatusUpdating)
	w.check(w.update(gw, a, "a", server(u.url)))
	w.refusal(w.update(gw, b, "b", server(u.url)), "ServiceQuotaExceededException", "1 concurrent")
	release()
	w.settles(gw, a, types.TargetStatusReady)

	for range 2 {
		w.check(w.synchronize(gw, a))
		w.settles(gw, a, types.TargetStatusReady)
	}
	w.refusal(w.synchronize(gw, a), "ThrottlingException", "Rate exceeded")
	now = now.Add(time.Second) // no request is under way
	w.check(w.synchronize(gw, a))
	w.settles(gw, a, types.TargetStatusReady)
}

func TestDefaultQuotas(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w := start(t, emulator.Options{Now: func() time.Time { return now }, Quotas: emulator.Quotas{Concurrent: 5}})
	for path, burst := range map[string]int{"/gateways/": 10, "/gateways/g-0123456789/targets/": 10} {
		for i := range burst + 1 {
			status, _, _ := w.raw("GET", path, "")
			if throttled := status == 429; throttled != (i == burst) {
				t.Errorf("request %d of %s answered %d", i+1, path, status)
			}
		}
	}
	for i := range 6 {
		status, _, _ := w.raw("DELETE", "/gateways/g-0123456789/", "")
		if throttled := status == 429; throttled != (i == 5) {
			t.Errorf("delete %d answered %d", i+1, status)
		}
	}
}

func TestCrossOriginRequestsAreRefused(t *testing.T) {
	w := start(t, emulator.Options{})
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"} {
		req := w.request("POST", "/gateways/")
		req.Header.Set(header, value)
		resp, err := w.http.Do(req)
		w.check(err)
		readAll(w, resp)
		if resp.StatusCode != 403 {
			t.Errorf("%s: %s answered %d", header, value, resp.StatusCode)
		}
	}
}

// A name that leads here all of a sudden (DNS rebinding) reaches nothing, and a
// form of a page makes nothing.
func TestForeignHostsAndFormsAreRefused(t *testing.T) {
	w := start(t, emulator.Options{})
	ask := func(host, path, contentType, target, body string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		for name, value := range map[string]string{"Content-Type": contentType, "X-Amz-Target": target} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		req.Header.Set("Origin", "http://"+host)
		resp, err := w.http.Do(req)
		w.check(err)
		readAll(w, resp)
		return resp.StatusCode
	}
	own := strings.TrimPrefix(w.url, "http://")
	_, port, _ := strings.Cut(own, ":")
	const gateway, jsonType = `{"name":"NAME","roleArn":"arn:aws:iam::123456789012:role/gateway","protocolType":"MCP","authorizerType":"NONE"}`, "application/json"
	for host, allowed := range map[string]bool{
		own: true, "localhost:" + port: true, "LOCALHOST": true, "agentcore.localhost:" + port: true, "[::1]:" + port: true, "127.0.0.9": true,
		"evil.example": false, "evil.example:" + port: false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1": false, "0.0.0.0": false, "[::ffff:10.0.0.1]": false,
	} {
		for path, target := range map[string]string{
			"/gateways/": "", "/identities/GetWorkloadAccessToken": "", "/gateway/x/mcp": "", "/runtimes/x/invocations": "", "/cognito/x/oauth2/token": "", "/": "secretsmanager.GetSecretValue",
		} {
			if got := ask(host, path, jsonType, target, `{}`); (got == http.StatusForbidden) == allowed {
				t.Errorf("host %s, %s: %d", host, path, got)
			}
		}
	}
	for i, c := range []struct {
		contentType string
		made        bool
	}{
		{jsonType, true}, {"application/json; charset=utf-8", true}, {"", true},
		{"text/plain", false}, {"application/x-www-form-urlencoded", false}, {"multipart/form-data; boundary=x", false}, {"text/plain; application/json", false}, {"application/jsonx", false},
	} {
		got := ask(own, "/gateways/", c.contentType, "", strings.Replace(gateway, "NAME", fmt.Sprintf("form%d", i), 1))
		if (got == http.StatusAccepted) != c.made || !c.made && got != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d", c.contentType, got)
		}
	}
	if got := ask(own, "/", "text/plain", "secretsmanager.GetSecretValue", `{}`); got != http.StatusUnsupportedMediaType {
		t.Errorf("a secret for a form: %d", got)
	}
}

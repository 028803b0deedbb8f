package emulator_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func TestRuntimeRecords(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	arn := w.runtime("orders_mcp", w.jwt(w.outbound, "runtime-client"))
	id := arn[strings.LastIndex(arn, "/")+1:]
	if prefix := "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/orders_mcp-"; !strings.HasPrefix(arn, prefix) || len(arn) != len(prefix)+10 {
		t.Errorf("the ARN is %s", arn)
	}
	_, err := w.client.CreateAgentRuntime(t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeInput{
		AgentRuntimeName: aws.String("orders_mcp"), AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN),
	})
	w.refusal(err, "ConflictException", "already exists")
	repeated := &bedrockagentcorecontrol.CreateAgentRuntimeInput{
		AgentRuntimeName: aws.String("repeated"), AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN),
		ClientToken: aws.String(strings.Repeat("token", 7)),
	}
	first, err := w.client.CreateAgentRuntime(t.Context(), repeated)
	w.check(err)
	again, err := w.client.CreateAgentRuntime(t.Context(), repeated)
	w.check(err)
	if *again.AgentRuntimeArn != *first.AgentRuntimeArn {
		t.Errorf("the same client token made %s and %s", *first.AgentRuntimeArn, *again.AgentRuntimeArn)
	}
	w.runtimeReady(*first.AgentRuntimeId)
	_, err = w.client.CreateAgentRuntime(t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeInput{
		AgentRuntimeName: aws.String("orders-mcp"), RoleArn: aws.String(roleARN),
		AgentRuntimeArtifact: &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: aws.String("docker.io/x")}},
	})
	w.refusal(err, "ValidationException", "'agentRuntimeArtifact.containerConfiguration.containerUri' failed to satisfy constraint")

	for _, description := range []string{"second", "third"} {
		_, err := w.client.UpdateAgentRuntime(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeInput{
			AgentRuntimeId: &id, AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN), Description: &description,
			NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		})
		w.check(err)
		w.runtimeReady(id)
	}
	got := w.runtimeReady(id)
	if *got.AgentRuntimeVersion != "3" || *got.Description != "third" || got.AuthorizerConfiguration != nil || *got.LifecycleConfiguration.MaxLifetime != 28800 {
		t.Errorf("the latest version is %+v", got)
	}
	one, err := w.client.GetAgentRuntime(t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeInput{AgentRuntimeId: &id, AgentRuntimeVersion: aws.String("1")})
	w.check(err)
	if one.AuthorizerConfiguration == nil || one.Description != nil {
		t.Errorf("version 1 is %+v", one)
	}
	var versions []string
	pages := bedrockagentcorecontrol.NewListAgentRuntimeVersionsPaginator(w.client, &bedrockagentcorecontrol.ListAgentRuntimeVersionsInput{AgentRuntimeId: &id, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		w.check(err)
		for _, v := range page.AgentRuntimes {
			versions = append(versions, *v.AgentRuntimeVersion)
		}
	}
	if !slices.Equal(versions, []string{"1", "2", "3"}) {
		t.Errorf("the versions are %q", versions)
	}
	identity, err := w.client.GetWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.GetWorkloadIdentityInput{Name: &id})
	w.check(err)
	if *identity.WorkloadIdentityArn != *got.WorkloadIdentityDetails.WorkloadIdentityArn {
		t.Errorf("the identity is %s", *identity.WorkloadIdentityArn)
	}

	_, err = w.client.DeleteAgentRuntime(t.Context(), &bedrockagentcorecontrol.DeleteAgentRuntimeInput{AgentRuntimeId: &id, AgentRuntimeVersion: aws.String("3")})
	w.refusal(err, "ConflictException", "DEFAULT")
	deleted, err := w.client.DeleteAgentRuntime(t.Context(), &bedrockagentcorecontrol.DeleteAgentRuntimeInput{AgentRuntimeId: &id})
	w.check(err)
	if deleted.Status != types.AgentRuntimeStatusDeleting {
		t.Errorf("the deletion answers %s", deleted.Status)
	}
	w.until("the runtime is gone", func() bool {
		list, err := w.client.ListAgentRuntimes(t.Context(), &bedrockagentcorecontrol.ListAgentRuntimesInput{})
		w.check(err)
		return len(list.AgentRuntimes) == 1 && *list.AgentRuntimes[0].AgentRuntimeName == "repeated"
	})
	_, err = w.client.GetWorkloadIdentity(t.Context(), &bedrockagentcorecontrol.GetWorkloadIdentityInput{Name: &id})
	w.refusal(err, "ResourceNotFoundException", id)
	if w.core.RegisterRuntime(arn, "http://127.0.0.1:1/mcp") == nil {
		t.Error("a runtime that is gone was registered")
	}
}

func TestRuntimeEndpoints(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	arn := w.runtime("orders_mcp", nil)
	id := arn[strings.LastIndex(arn, "/")+1:]
	get := func(name string) *bedrockagentcorecontrol.GetAgentRuntimeEndpointOutput {
		t.Helper()
		var out *bedrockagentcorecontrol.GetAgentRuntimeEndpointOutput
		w.until("endpoint "+name+" is READY", func() bool {
			var err error
			out, err = w.client.GetAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: &name})
			w.check(err)
			return out.Status == types.AgentRuntimeEndpointStatusReady
		})
		return out
	}
	if e := get("DEFAULT"); *e.LiveVersion != "1" || *e.AgentRuntimeEndpointArn != arn+"/runtime-endpoint/DEFAULT" {
		t.Errorf("DEFAULT is %+v", e)
	}
	created, err := w.client.CreateAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeEndpointInput{AgentRuntimeId: &id, Name: aws.String("prod"), Description: aws.String("stable")})
	w.check(err)
	if created.Status != types.AgentRuntimeEndpointStatusCreating || *created.TargetVersion != "1" {
		t.Errorf("created %+v", created)
	}
	get("prod")
	_, err = w.client.UpdateAgentRuntime(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeInput{
		AgentRuntimeId: &id, AgentRuntimeArtifact: artifact, RoleArn: aws.String(roleARN),
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	w.check(err)
	w.runtimeReady(id)
	if e := get("DEFAULT"); *e.LiveVersion != "2" {
		t.Errorf("after an update DEFAULT serves version %s", *e.LiveVersion)
	}
	if e := get("prod"); *e.LiveVersion != "1" || *e.Description != "stable" {
		t.Errorf("after an update prod serves %+v", e)
	}
	_, err = w.client.UpdateAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
	w.check(err)
	if e := get("prod"); *e.LiveVersion != "2" {
		t.Errorf("after its update prod serves version %s", *e.LiveVersion)
	}
	list, err := w.client.ListAgentRuntimeEndpoints(t.Context(), &bedrockagentcorecontrol.ListAgentRuntimeEndpointsInput{AgentRuntimeId: &id})
	w.check(err)
	if len(list.RuntimeEndpoints) != 2 {
		t.Errorf("%d endpoints", len(list.RuntimeEndpoints))
	}
	_, err = w.client.DeleteAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.DeleteAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("DEFAULT")})
	w.refusal(err, "ValidationException", "DEFAULT")
	_, err = w.client.DeleteAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.DeleteAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
	w.check(err)
	w.until("prod is gone", func() bool {
		_, err := w.client.GetAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
		return err != nil
	})
	_, err = w.client.GetAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
	w.refusal(err, "ResourceNotFoundException", "prod")
}

// echo answers with the headers that it got.
func (w *tutorial) echo() (address string, last func() http.Header) {
	seen := make(chan http.Header, 1)
	return w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/mcp" || r.URL.RawQuery != "" {
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		seen <- r.Header.Clone()
		_, _ = io.WriteString(rw, `{}`)
	}) + "/mcp", func() http.Header { return <-seen }
}

func TestInvocationAuthorizers(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	address, last := w.echo()
	closed, open, signed := w.runtime("closed", w.jwt(w.outbound, "runtime-client")), w.runtime("passing", w.jwt(w.outbound, "runtime-client"), "Authorization"), w.runtime("signed", nil)
	for _, arn := range []string{closed, open, signed} {
		w.check(w.core.RegisterRuntime(arn, address))
	}
	cold := w.runtime("cold", nil)
	token := "Bearer " + w.token(w.outbound, "runtime-client", "runtime-secret")
	for name, c := range map[string]struct {
		address, authorization string
		status                 int
		text                   string
		passed                 string // Authorization that the process gets
	}{
		"token":               {w.invocations(closed), token, 200, "", ""},
		"token, allowed":      {w.invocations(open), token, 200, "", token},
		"no token":            {w.invocations(closed), "", 401, "Missing Authentication Token", ""},
		"bad token":           {w.invocations(closed), token + "x", 401, "", ""},
		"signature for token": {w.invocations(closed), signature("bedrock-agentcore"), 403, "Authorization method mismatch", ""},
		"signature":           {w.invocations(signed), signature("bedrock-agentcore"), 200, "", ""},
		"no signature":        {w.invocations(signed), "", 403, "Missing Authentication Token", ""},
		"token for signature": {w.invocations(signed), token, 403, "Authorization method mismatch", ""},
		"other service":       {w.invocations(signed), signature("s3"), 403, "correct service", ""},
		"no process":          {w.invocations(cold), signature("bedrock-agentcore"), 424, "Runtime initialization time exceeded", ""},
		"unknown qualifier":   {strings.Replace(w.invocations(signed), "DEFAULT", "prod", 1), signature("bedrock-agentcore"), 404, "No endpoint or agent found with qualifier 'prod'", ""},
		"unknown runtime":     {w.invocations(signed + "x"), signature("bedrock-agentcore"), 404, "No endpoint or agent found", ""},
	} {
		resp, body := w.post(c.address, c.authorization)
		if resp.StatusCode != c.status || !strings.Contains(body, c.text) {
			t.Errorf("%s: %d %s, want %d %s", name, resp.StatusCode, body, c.status, c.text)
			continue
		}
		if metadata := `resource_metadata="` + w.url + "/.well-known/oauth-protected-resource/runtimes/" + url.QueryEscape(closed); c.status == 401 && !strings.Contains(resp.Header.Get("WWW-Authenticate"), metadata) {
			t.Errorf("%s: the challenge is %q", name, resp.Header.Get("WWW-Authenticate"))
		}
		if c.status != 200 {
			continue
		}
		got := last()
		if got.Get("Authorization") != c.passed || got.Get("X-Amz-Date") != "" {
			t.Errorf("%s: the process gets %v", name, got)
		}
		const session = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
		if id := got.Get(session); len(id) < 33 || resp.Header.Get(session) != id || got.Get("Mcp-Session-Id") == "" {
			t.Errorf("%s: the process gets session %q, the client %q", name, id, resp.Header.Get(session))
		}
	}
	req := w.request("GET", strings.TrimPrefix(w.invocations(signed), w.url))
	req.Header.Set("Authorization", signature("bedrock-agentcore"))
	resp, err := w.http.Do(req)
	w.check(err)
	if readAll(w.world, resp); resp.StatusCode != 405 {
		t.Errorf("GET answers %d", resp.StatusCode)
	}
	status, _, document := w.raw("GET", "/.well-known/oauth-protected-resource/runtimes/"+url.QueryEscape(closed)+"/invocations", "")
	if servers, _ := document["authorization_servers"].([]any); status != 200 || len(servers) != 1 || servers[0] != w.outbound.Issuer(w.url) {
		t.Errorf("the metadata is %d %v", status, document)
	}
}

func TestInvokeBySDK(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	arn := w.runtime("orders_mcp", nil)
	u := w.upstream(2)
	w.check(w.core.RegisterRuntime(arn, u.url))
	out, err := w.data.InvokeAgentRuntime(t.Context(), &bedrockagentcore.InvokeAgentRuntimeInput{
		AgentRuntimeArn: &arn, ContentType: aws.String("application/json"), Accept: aws.String("application/json, text/event-stream"),
		McpProtocolVersion: aws.String("2025-11-25"), Payload: []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`),
	})
	w.check(err)
	defer out.Response.Close()
	body, err := io.ReadAll(out.Response)
	w.check(err)
	if !strings.Contains(string(body), "getOrder") || out.RuntimeSessionId == nil {
		t.Errorf("the runtime answers %s", body)
	}
	if n := w.core.Calls("InvokeAgentRuntime"); n != 1 {
		t.Errorf("%d invocations counted", n)
	}
	defer w.core.Inject(emulator.Fault{Operation: "InvokeAgentRuntime", Code: "ThrottlingException"})()
	_, err = w.data.InvokeAgentRuntime(t.Context(), &bedrockagentcore.InvokeAgentRuntimeInput{AgentRuntimeArn: &arn, Payload: []byte(`{}`)})
	w.refusal(err, "ThrottlingException", "")
}

func TestRegisterRuntimeRefuses(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	arn := w.runtime("orders_mcp", nil)
	for address, want := range map[string]string{
		"https://example.com/mcp":     "loopback",
		"http://10.0.0.1/mcp":         "https",
		"http://u:canary@localhost/x": "user name",
		"not a url":                   "absolute URL",
		"https://169.254.169.254/mcp": "special address",
	} {
		err := w.core.RegisterRuntime(arn, address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	if err := w.core.RegisterRuntime(arn+"x", "http://127.0.0.1:1/mcp"); err == nil {
		t.Error("an unknown runtime was registered")
	}
}

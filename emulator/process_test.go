package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func container(uri string) types.AgentRuntimeArtifact {
	return &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: &uri}}
}

// local is the container URI that stands for a process.
func local(process string) string { return "local://" + strings.TrimPrefix(process, "http://") }

// A runtime runs the process that its container's URI names; a new version with
// another one is a redeployment behind the same URL, whether that names AWS's host or
// ours.
func TestRuntimeOfAProcess(t *testing.T) {
	w := start(t, emulator.Options{CheckCredentials: true})
	created, err := w.client.CreateAgentRuntime(t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeInput{
		AgentRuntimeName: aws.String("orders"), AgentRuntimeArtifact: container(local(w.serve(listing(2)))), RoleArn: aws.String(roleARN),
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	w.check(err)
	runtimes := &tutorial{world: w}
	runtimes.runtimeReady(*created.AgentRuntimeId)
	path := "/runtimes/" + url.QueryEscape(*created.AgentRuntimeArn) + "/invocations?qualifier=DEFAULT"
	credentials := types.CredentialProviderConfiguration{CredentialProviderType: types.CredentialProviderTypeGatewayIamRole,
		CredentialProvider: &types.CredentialProviderMemberIamCredentialProvider{Value: types.IamCredentialProvider{Service: aws.String("bedrock-agentcore")}}}
	gw := w.gateway("g")
	var ids []string
	for name, base := range map[string]string{"ours": w.url, "theirs": "https://bedrock-agentcore.us-east-1.amazonaws.com"} {
		out, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
			GatewayIdentifier: &gw, Name: &name, TargetConfiguration: configuration(server(base + path)),
			CredentialProviderConfigurations: []types.CredentialProviderConfiguration{credentials},
		})
		w.check(err)
		w.settles(gw, *out.TargetId, types.TargetStatusReady)
		ids = append(ids, *out.TargetId)
	}
	if got := w.tools(gw); len(got) != 4 || !slices.Contains(got, "theirs___t1") {
		t.Errorf("served: %q", got)
	}

	_, err = w.client.UpdateAgentRuntime(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeInput{
		AgentRuntimeId: created.AgentRuntimeId, AgentRuntimeArtifact: container(local(w.serve(listing(3)))), RoleArn: aws.String(roleARN),
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	w.check(err)
	runtimes.runtimeReady(*created.AgentRuntimeId)
	if got := w.tools(gw); len(got) != 4 {
		t.Errorf("served before a synchronization: %q", got)
	}
	for _, id := range ids {
		w.check(w.synchronize(gw, id))
		w.settles(gw, id, types.TargetStatusReady)
	}
	if got := w.tools(gw); len(got) != 6 {
		t.Errorf("served after it: %q", got)
	}
	for _, uri := range []string{"local://example.com/mcp", "local://", "local://10.0.0.1:8000/mcp", "local://user@127.0.0.1:80/mcp"} {
		_, err := w.client.CreateAgentRuntime(t.Context(), &bedrockagentcorecontrol.CreateAgentRuntimeInput{
			AgentRuntimeName: aws.String("other"), AgentRuntimeArtifact: container(uri), RoleArn: aws.String(roleARN),
			NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		})
		w.refusal(err, "ValidationException", "on a loopback address, like local://127.0.0.1:8000/mcp")
	}
}

// What the model wants in an answer is there, in its form.
func TestRuntimesAnswerAsTheModelSays(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	arn := w.runtime("orders", nil)
	id := arn[strings.LastIndex(arn, "/")+1:]
	list, err := w.client.ListAgentRuntimes(t.Context(), &bedrockagentcorecontrol.ListAgentRuntimesInput{})
	w.check(err)
	versions, err := w.client.ListAgentRuntimeVersions(t.Context(), &bedrockagentcorecontrol.ListAgentRuntimeVersionsInput{AgentRuntimeId: &id})
	w.check(err)
	if len(list.AgentRuntimes) != 1 || list.AgentRuntimes[0].Description == nil || len(versions.AgentRuntimes) != 1 || versions.AgentRuntimes[0].Description == nil {
		t.Errorf("no description in %+v, %+v", list.AgentRuntimes, versions.AgentRuntimes)
	}
	endpoint, err := w.client.GetAgentRuntimeEndpoint(t.Context(), &bedrockagentcorecontrol.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("DEFAULT")})
	w.check(err)
	if !regexp.MustCompile(`^DEFAULT-[a-zA-Z0-9]{10}$`).MatchString(*endpoint.Id) {
		t.Errorf("the endpoint's id is %s", *endpoint.Id)
	}
}

// A runtime whose name is known beforehand gets its process when it is created.
func TestProcessOfANamedRuntime(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	process := w.serve(listing(2))
	named := startAuthenticated(t, emulator.Options{Processes: map[string]string{"orders": process}})
	arn := named.runtime("orders", named.jwt(named.outbound, "runtime-client"))
	if got := named.offers(named.invocations(arn), named.token(named.outbound, "runtime-client", "runtime-secret")); !slices.Equal(got, []string{"t0", "t1"}) {
		t.Errorf("the runtime offers %q", got)
	}
	id := arn[strings.LastIndex(arn, "/")+1:]
	_, err := named.client.UpdateAgentRuntime(t.Context(), &bedrockagentcorecontrol.UpdateAgentRuntimeInput{
		AgentRuntimeId: &id, AgentRuntimeArtifact: container(local(w.serve(listing(3)))), RoleArn: aws.String(roleARN), AuthorizerConfiguration: named.jwt(named.outbound, "runtime-client"),
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	named.check(err)
	named.runtimeReady(id)
	if got := named.offers(named.invocations(arn), named.token(named.outbound, "runtime-client", "runtime-secret")); len(got) != 3 {
		t.Errorf("a version of a process of its own offers %q", got)
	}
}

// The same seed gives the same ids, another one others.
func TestIdsFromASeed(t *testing.T) {
	ids := func(seed string) string {
		w := start(t, emulator.Options{Seed: seed})
		gw := w.gateway("g")
		return strings.Join([]string{gw, w.create(gw, "a", server("http://127.0.0.1:1/mcp")), w.core.NewUserPool("p").Issuer("")}, " ")
	}
	if first, second := ids("a"), ids("a"); first != second {
		t.Errorf("%s, then %s", first, second)
	}
	random := ids("")
	if ids("a") == ids("b") || random == ids("") {
		t.Error("different seeds give the same ids")
	}
}

// Clients of an issuer are made by a request.
func TestClientsAreMadeByRequest(t *testing.T) {
	w := start(t, emulator.Options{})
	pool := w.core.NewUserPool("p")
	post := func(contentType, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, pool.ClientsURL(w.url), strings.NewReader(body))
		w.check(err)
		req.Header.Set("Content-Type", contentType)
		resp, err := w.http.Do(req)
		w.check(err)
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp.StatusCode, string(answer)
	}
	const client = `{"clientId":"agent","clientSecret":"hush","scopes":["gateway/invoke"]}`
	if status, answer := post("application/json", client); status != http.StatusCreated || strings.Contains(answer, "hush") {
		t.Errorf("%d %s", status, answer)
	}
	resp, err := w.http.PostForm(pool.TokenURL(w.url), url.Values{"grant_type": {"client_credentials"}, "client_id": {"agent"}, "client_secret": {"hush"}})
	w.check(err)
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token.AccessToken == "" {
		t.Errorf("%d, no token: %v", resp.StatusCode, err)
	}
	for _, body := range []string{`{}`, `[]`, `{"clientId":"a","clientSecret":"b"}`, `{"clientId":"a","clientSecret":"b","scopes":["c"],"x":1}`} {
		if status, answer := post("application/json", body); status != http.StatusBadRequest || !strings.Contains(answer, "send JSON with clientId") {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, _ := post("text/plain", client); status != http.StatusBadRequest {
		t.Errorf("a form of a page: %d", status)
	}
}

package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	datatypes "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/types"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// A gateway cannot take a policy engine that does not exist: nothing would be kept from
// its callers.
func TestEngineThatIsNotThereIsNotTaken(t *testing.T) {
	w := start(t, emulator.Options{})
	id := w.gateway("plain")
	for _, mode := range types.GatewayPolicyEngineMode("").Values() {
		none := &types.GatewayPolicyEngineConfiguration{Arn: aws.String("arn:aws:bedrock-agentcore:us-east-1:123456789012:policy-engine/shop-abcdefghij"), Mode: mode}
		_, err := w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{
			Name: aws.String("g"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp, PolicyEngineConfiguration: none,
		})
		w.refusal(err, "ValidationException", "policy-engine/shop-abcdefghij does not exist")
		got, err := w.client.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &id})
		w.check(err)
		_, err = w.client.UpdateGateway(t.Context(), &control.UpdateGatewayInput{
			GatewayIdentifier: &id, Name: got.Name, RoleArn: got.RoleArn, AuthorizerType: got.AuthorizerType, AuthorizerConfiguration: got.AuthorizerConfiguration,
			ProtocolType: got.ProtocolType, PolicyEngineConfiguration: none,
		})
		w.refusal(err, "ValidationException", "policy-engine/shop-abcdefghij does not exist")
	}
}

// The workload identity of a gateway that is being created is nobody else's.
func TestIdentityOfAGatewayIsReserved(t *testing.T) {
	w := start(t, emulator.Options{StateDelay: time.Hour})
	out, err := w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{
		Name: aws.String("g"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp,
	})
	w.check(err)
	_, err = w.client.CreateWorkloadIdentity(t.Context(), &control.CreateWorkloadIdentityInput{Name: out.GatewayId})
	w.refusal(err, "ConflictException", "already exists")
}

// Nor one that is being deleted: it would be left with none.
func TestEngineThatIsDeletedIsNotTaken(t *testing.T) {
	w := start(t, emulator.Options{})
	engine, arn := w.engine("shop")
	w.core.SetStateDelay(time.Hour)
	_, err := w.client.DeletePolicyEngine(t.Context(), &control.DeletePolicyEngineInput{PolicyEngineId: &engine})
	w.check(err)
	_, err = w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{
		Name: aws.String("g"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp,
		PolicyEngineConfiguration: &types.GatewayPolicyEngineConfiguration{Arn: &arn, Mode: types.GatewayPolicyEngineModeEnforce},
	})
	w.refusal(err, "ConflictException", "DELETING")
}

// What is being deleted, or changed, gets nothing new.
func TestNothingNewBelowWhatIsAtWork(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	engine, _ := w.engine("shop")
	runtime := w.runtime("other", nil)
	id := runtime[strings.LastIndex(runtime, "/")+1:]
	gateway := w.gateway("bare")
	w.core.SetStateDelay(time.Hour)
	_, err := w.client.DeletePolicyEngine(t.Context(), &control.DeletePolicyEngineInput{PolicyEngineId: &engine})
	w.check(err)
	_, err = w.client.DeleteAgentRuntime(t.Context(), &control.DeleteAgentRuntimeInput{AgentRuntimeId: &id})
	w.check(err)
	w.check(w.deleteGateway(gateway))

	_, err = w.client.CreatePolicy(t.Context(), &control.CreatePolicyInput{PolicyEngineId: &engine, Name: aws.String("p"), Definition: cedarOf("permit(principal, action, resource);")})
	w.refusal(err, "ConflictException", "DELETING")
	_, err = w.client.CreateAgentRuntimeEndpoint(t.Context(), &control.CreateAgentRuntimeEndpointInput{AgentRuntimeId: &id, Name: aws.String("e")})
	w.refusal(err, "ConflictException", "DELETING")
	_, err = w.client.CreateGatewayRule(t.Context(), &control.CreateGatewayRuleInput{
		GatewayIdentifier: &gateway, Priority: aws.Int32(1),
		Actions: []types.Action{&types.ActionMemberRouteToTarget{Value: &types.RouteToTargetActionMemberStaticRoute{Value: types.StaticRoute{TargetName: aws.String("t")}}}},
	})
	w.refusal(err, "ConflictException", "DELETING")
}

// A version that an endpoint serves stays, also while the endpoint moves to another.
func TestLiveVersionIsNotDeleted(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	arn := w.runtime("versions", nil)
	id := arn[strings.LastIndex(arn, "/")+1:]
	artifact := container(local(w.serve(listing(1))))
	update := func(token string) string {
		t.Helper()
		out, err := w.client.UpdateAgentRuntime(t.Context(), &control.UpdateAgentRuntimeInput{
			AgentRuntimeId: &id, RoleArn: aws.String("arn:aws:iam::123456789012:role/runtime"), AgentRuntimeArtifact: artifact,
			NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic}, ClientToken: &token,
		})
		w.check(err)
		w.runtimeReady(id)
		return *out.AgentRuntimeVersion
	}
	first, second := strings.Repeat("a", 40), strings.Repeat("b", 40)
	if one, two := update(first), update(second); one != "2" || two != "3" {
		t.Fatalf("versions %s, %s", one, two)
	}
	if again := update(first); again != "2" {
		t.Errorf("the first request, repeated, has made version %s", again)
	}
	_, err := w.client.CreateAgentRuntimeEndpoint(t.Context(), &control.CreateAgentRuntimeEndpointInput{AgentRuntimeId: &id, Name: aws.String("prod"), AgentRuntimeVersion: aws.String("2"), ClientToken: &first})
	w.check(err)
	endpoint := func() *control.GetAgentRuntimeEndpointOutput {
		out, err := w.client.GetAgentRuntimeEndpoint(t.Context(), &control.GetAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
		if err != nil {
			return nil
		}
		return out
	}
	w.until("the endpoint is READY", func() bool { return endpoint().Status == types.AgentRuntimeEndpointStatusReady })
	w.core.SetStateDelay(300 * time.Millisecond)
	_, err = w.client.UpdateAgentRuntimeEndpoint(t.Context(), &control.UpdateAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod"), AgentRuntimeVersion: aws.String("3")})
	w.check(err)
	_, err = w.client.DeleteAgentRuntime(t.Context(), &control.DeleteAgentRuntimeInput{AgentRuntimeId: &id, AgentRuntimeVersion: aws.String("2")})
	w.refusal(err, "ConflictException", "used by endpoint prod")

	// A token whose endpoint is gone is free.
	w.until("the endpoint is READY", func() bool { return endpoint().Status == types.AgentRuntimeEndpointStatusReady })
	_, err = w.client.DeleteAgentRuntimeEndpoint(t.Context(), &control.DeleteAgentRuntimeEndpointInput{AgentRuntimeId: &id, EndpointName: aws.String("prod")})
	w.check(err)
	w.until("the endpoint is gone", func() bool { return endpoint() == nil })
	_, err = w.client.CreateAgentRuntimeEndpoint(t.Context(), &control.CreateAgentRuntimeEndpointInput{AgentRuntimeId: &id, Name: aws.String("next"), ClientToken: &first})
	w.check(err)
}

// A request's Host decides where nothing is sent.
func TestHostLeadsNoTokenAway(t *testing.T) {
	var stolen atomic.Bool
	w := startTutorial(t, emulator.Options{CheckCredentials: true})
	thief := w.serve(func(rw http.ResponseWriter, r *http.Request) {
		stolen.Store(true)
		rw.WriteHeader(http.StatusNotFound)
	})
	endpoint := "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/" + url.PathEscape(w.runtimeARN) + "/invocations"
	id := w.signedIn("aws-host", endpoint, w.oauth(w.providerARN, runtimeScope))
	w.settles(w.gatewayID, id, types.TargetStatusReady)
	before := w.get(w.gatewayID, id).LastSynchronizedAt
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.url+"/gateways/"+w.gatewayID+"/synchronizeTargets", strings.NewReader(`{"targetIdList":["`+id+`"]}`))
	w.check(err)
	r.Host = strings.TrimPrefix(thief, "http://")
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.http.Do(r)
	w.check(err)
	resp.Body.Close()
	w.until("it is synchronized", func() bool {
		got := w.get(w.gatewayID, id)
		return got.Status == types.TargetStatusReady && got.LastSynchronizedAt.After(*before)
	})
	if stolen.Load() {
		t.Error("another port was asked")
	}
}

// A target signs in with what its provider is now, and not at all when that is gone.
func TestProviderThatChangesBelowATarget(t *testing.T) {
	clock := newClock()
	w := startTutorial(t, emulator.Options{Now: clock.Now, CheckCredentials: true})
	call := func() bool {
		session, err := w.session(w.endpoint(), w.callerToken())
		w.check(err)
		defer session.Close()
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "mcp-server-target___getOrder", Arguments: map[string]any{"orderId": 123}})
		w.check(err)
		return !result.IsError
	}
	if !call() {
		t.Fatal("the tool does not work")
	}
	name := w.providerARN[strings.LastIndex(w.providerARN, "/")+1:]
	w.outbound.AddClient("runtime-client", "rotated", runtimeScope)
	w.changeSecret(name, "rotated")
	clock.advance(2 * time.Hour)
	if !call() {
		t.Error("the old secret is used")
	}
	_, err := w.client.DeleteOauth2CredentialProvider(t.Context(), &control.DeleteOauth2CredentialProviderInput{Name: &name})
	w.check(err)
	clock.advance(2 * time.Hour)
	if call() {
		t.Error("the secret of a provider that is gone is used")
	}
}

// A consent is for whom and for what it was asked.
func TestConsentIsBound(t *testing.T) {
	w := startTutorial(t, emulator.Options{CheckCredentials: true})
	id := w.signedIn("by-code", w.invocations(w.runtimeARN), w.byCode())
	session, _ := w.pending(id, types.TargetStatusCreatePendingAuth)
	_, err := w.data.CompleteResourceTokenAuth(t.Context(), &bedrockagentcore.CompleteResourceTokenAuthInput{SessionUri: &session, UserIdentifier: &datatypes.UserIdentifierMemberUserToken{Value: "a.b.c"}})
	w.refusal(err, "AccessDeniedException", "not the one")

	mine, theirs := w.workload("mine"), w.workload("theirs")
	w.provider("other", "runtime-secret")
	name := w.providerARN[strings.LastIndex(w.providerARN, "/")+1:]
	ask := func(workload *string, provider, session string, scopes ...string) (*bedrockagentcore.GetResourceOauth2TokenOutput, error) {
		in := &bedrockagentcore.GetResourceOauth2TokenInput{
			WorkloadIdentityToken: workload, ResourceCredentialProviderName: &provider, Scopes: scopes, Oauth2Flow: datatypes.Oauth2FlowTypeUserFederation,
		}
		if session != "" {
			in.SessionUri = &session
		}
		return w.data.GetResourceOauth2Token(t.Context(), in)
	}
	out, err := ask(mine, name, "", runtimeScope)
	w.check(err)
	w.check(w.consent(*out.SessionUri, "alice"))
	for _, c := range []struct {
		workload *string
		provider string
		scopes   []string
	}{{theirs, name, []string{runtimeScope}}, {mine, "other", []string{runtimeScope}}, {mine, name, []string{runtimeScope, "more"}}} {
		_, err := ask(c.workload, c.provider, *out.SessionUri, c.scopes...)
		w.refusal(err, "ValidationException", "does not exist")
	}
	if out, err = ask(mine, name, *out.SessionUri, runtimeScope); err != nil || out.AccessToken == nil {
		t.Errorf("the one who asked: %+v, %v", out, err)
	}
}

// A signature of another region opens nothing, and a runtime is found by its id in the
// region of the signature.
func TestSignaturesRegion(t *testing.T) {
	w := startTutorial(t, emulator.Options{})
	signed := func(path, region string) int {
		t.Helper()
		r := w.request(http.MethodPost, path)
		r.Header.Set("Authorization", strings.Replace(signature("bedrock-agentcore"), "us-east-1", region, 1))
		resp, err := w.http.Do(r)
		w.check(err)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	arn := w.runtime("iam", nil)
	if status := signed("/runtimes/"+url.PathEscape(arn)+"/invocations", "eu-west-9"); status != http.StatusForbidden {
		t.Errorf("a signature of another region: %d", status)
	}
	if status := signed("/runtimes/"+url.PathEscape(arn)+"/invocations", "us-east-1"); status == http.StatusForbidden {
		t.Errorf("a signature of the region: %d", status)
	}
	there := w.in("eu-west-1")
	out, err := there.client.CreateAgentRuntime(t.Context(), &control.CreateAgentRuntimeInput{
		AgentRuntimeName: aws.String("there"), RoleArn: aws.String("arn:aws:iam::123456789012:role/runtime"), AgentRuntimeArtifact: container(local(w.serve(listing(1)))),
		NetworkConfiguration: &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
	})
	w.check(err)
	w.until("it is found by its id", func() bool {
		return signed("/runtimes/"+*out.AgentRuntimeId+"/invocations?accountId=123456789012", "eu-west-1") != http.StatusNotFound
	})
}

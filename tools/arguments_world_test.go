package tools_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

// canary begins everything that must never be said.
const canary = "c4nary-"

// abused is a world with something of everything, for calls that nobody should
// make: two gateways, targets that sign in in different ways, credential providers,
// runtimes; and a client that writes its messages by hand.
type abused struct {
	*bench
	secrets *untrusted.Secrets
	control *control.Client
	ask     func(message string) string // one JSON-RPC call of id askedID, and its answer
	tools   map[string]*abusedTool
	names   []string            // of the tools, sorted
	pool    map[string][]string // what an argument of that name may well be
}

const askedID = 7

type abusedTool struct {
	input    *jsonschema.Schema
	answers  *jsonschema.Resolved
	readOnly bool
}

func newAbused(t testing.TB) *abused {
	t.Helper()
	a := &abused{secrets: new(untrusted.Secrets)}
	a.bench = newBench(t, benchOptions{
		empty:    true,
		emulator: emulator.Options{CheckCredentials: true, Quotas: emulator.Quotas{Write: -1, Read: -1, Synchronize: -1, Concurrent: -1}},
		tools:    tools.Options{Toolsets: tools.Toolsets(), Secrets: a.secrets},
	})
	a.control = newControl(a.front.URL)
	client, err := aws.New(t.Context(), aws.Options{Endpoint: a.front.URL, Region: "us-east-1", ReadRate: 1e4, WriteRate: 1e4})
	a.check(err)
	a.client = client
	transport := remote.Guard{AnyPort: true, Loopback: true}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	m := a.manager // nothing has used it
	authorizer := outbound.New(outbound.Settings{WorkloadIdentity: "ours"}, client, transport, a.secrets)
	m.Client, m.Secrets, m.Transport, m.Upstream, m.Credential = client, a.secrets, authorizer.Gateway, authorizer.Upstream, authorizer.Credential
	a.furnish()
	a.learnTools()
	server := tools.NewServer(m, tools.Options{Toolsets: tools.Toolsets(), Secrets: a.secrets, Log: m.Log})
	if speaksHTTP(t.Name()) {
		a.ask = a.overHTTP(server)
	} else {
		a.ask = a.overPipes(server)
	}
	return a
}

func (a *abused) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// furnish creates what there is.
func (a *abused) furnish() {
	ctx := a.t.Context()
	users := a.cloud.NewUserPool("runtime")
	users.AddClient("gateway", canary+"of-the-client", "orders/invoke")
	secret := a.cloud.PutSecret("runtime-client", `{"clientSecret":"`+canary+`of-the-client"}`)
	_, err := a.control.CreateWorkloadIdentity(ctx, &control.CreateWorkloadIdentityInput{Name: awssdk.String("ours")})
	a.check(err)
	_, err = a.control.CreateOauth2CredentialProvider(ctx, &control.CreateOauth2CredentialProviderInput{
		Name: awssdk.String("p"), CredentialProviderVendor: types.CredentialProviderVendorTypeCustomOauth2,
		Oauth2ProviderConfigInput: &types.Oauth2ProviderConfigInputMemberCustomOauth2ProviderConfig{Value: types.CustomOauth2ProviderConfigInput{
			OauthDiscovery: &types.Oauth2DiscoveryMemberDiscoveryUrl{Value: users.DiscoveryURL(a.front.URL)}, ClientId: awssdk.String("gateway"),
			ClientSecretSource: types.SecretSourceTypeExternal, ClientSecretConfig: &types.SecretReference{SecretId: &secret, JsonKey: awssdk.String("clientSecret")},
		}},
	})
	a.check(err)
	keyed, err := a.control.CreateApiKeyCredentialProvider(ctx, &control.CreateApiKeyCredentialProviderInput{Name: awssdk.String("keys"), ApiKey: awssdk.String(canary + "of-the-api")})
	a.check(err)
	a.url = serve(a.t, telling()).URL + "/mcp"
	moved, err := orders.NewHandler(4)
	a.check(err)
	movedURL := serve(a.t, moved).URL + "/mcp"
	shop, other := a.newGateway("shop"), a.newGateway("other")
	a.gatewayID = shop
	a.targetID = a.newTarget(shop, "orders", a.url)
	elsewhere := a.newTarget(other, "elsewhere", a.url)
	ready := func(n aws.NewTarget) string {
		created, err := a.client.CreateTarget(ctx, shop, n)
		a.check(err)
		got, err := a.client.WaitTarget(ctx, shop, created, nil)
		a.check(err)
		if got.Status != aws.TargetReady {
			a.t.Fatalf("%s is %s %q", n.Name, got.Status, got.StatusReasons)
		}
		return created.ID
	}
	byURL := ready(aws.NewTarget{Name: "by-url", Endpoint: a.url + "?key=" + canary + "in-the-url"})
	byKey := ready(aws.NewTarget{Name: "by-key", Endpoint: a.url, ProviderARN: *keyed.CredentialProviderArn, APIKey: true})
	runtimeARN, runtimeID := a.newRuntime(users, movedURL)
	const other2 = "arn:aws:bedrock-agentcore:eu-west-1:999999999999:"
	a.pool = map[string][]string{
		"gateway":          {"shop", "shop", "shop", shop, "other", "*", "shop,other", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/" + shop, other2 + "gateway/" + shop, "SHOP", shop + "/targets/" + a.targetID},
		"target":           {"orders", "orders", a.targetID, "by-url", "by-key", byURL, byKey, "elsewhere", elsewhere, "shop", "Orders"},
		"targets":          {"orders", "by-url", "by-key", "elsewhere", a.targetID},
		"name":             {"fresh", "orders", "shop", "p", "a-b-c", "x___y", "-", strings.Repeat("n", 100)},
		"endpoint":         {movedURL, movedURL, a.url, a.url + "?key=" + canary + "other", "https://10.0.0.1/mcp", "http://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/mcp", "file:///etc/passwd", "https://user:" + canary + "p@127.0.0.1/", a.front.URL + "/gateway/" + shop + "/mcp", "https://2130706433/mcp"},
		"runtimeArn":       {runtimeARN, runtimeARN, other2 + "runtime/" + runtimeID, runtimeARN + "/runtime-endpoint/DEFAULT", "arn:aws:iam::123456789012:role/gateway"},
		"runtime":          {"orders_v1", runtimeID, runtimeARN, other2 + "runtime/" + runtimeID},
		"qualifier":        {"DEFAULT", "none", "../DEFAULT", "a&b=c"},
		"provider":         {"p", "keys", provider, *keyed.CredentialProviderArn, "ours"},
		"oauthProviderArn": {provider, *keyed.CredentialProviderArn},
		"roleArn":          {"arn:aws:iam::123456789012:role/gateway", "arn:aws:iam::123456789012:user/u"},
		"discoveryUrl":     {users.DiscoveryURL(a.front.URL), "http://127.0.0.1:1/.well-known/openid-configuration"},
		"secretArn":        {secret}, "secretKey": {"clientSecret"}, "clientId": {"gateway"},
		"scopes": {"orders/invoke", "other/scope"}, "allowedClients": {"gateway"}, "allowedAudience": {"a"}, "allowedScopes": {"s"},
		"supportedVersions": {"2025-11-25", "2026-07-28", "1999-01-01"},
		"confirm":           {"orders", "shop", "by-url", "by-key", "other", "fresh", "orders_v1", "p", "yes", "true", "Orders", "orders ", ""},
		"plan":              {"", "none", strings.Repeat("A", 200)},
		"notSyncedSince":    {"2026-01-02T15:04:05Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2026-01-02T15:04:05.999999999999+23:59"},
		"filter":            {"orders", "o", ""}, "description": {"plain", "see https://user:" + canary + "d@example.com/?key=" + canary + "d"}, "service": {"lambda"},
		"requestHeaders": {"X-Correlation-Id", "Authorization"}, "responseHeaders": {"X-Request-Id"}, "queryParameters": {"q"}, "instructions": {"be kind"},
	}
}

// telling is the orders' server, which takes any credential.
func telling() http.Handler {
	h, err := orders.NewHandler(3)
	if err != nil {
		panic(err)
	}
	return h
}

// newRuntime creates a runtime that the server at url serves.
func (a *abused) newRuntime(users *emulator.UserPool, url string) (arn, id string) {
	ctx := a.t.Context()
	created, err := a.control.CreateAgentRuntime(ctx, &control.CreateAgentRuntimeInput{
		AgentRuntimeName: awssdk.String("orders_v1"), RoleArn: awssdk.String("arn:aws:iam::123456789012:role/r"),
		AgentRuntimeArtifact:  &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: awssdk.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:latest")}},
		NetworkConfiguration:  &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolMcp},
		AuthorizerConfiguration: &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
			DiscoveryUrl: awssdk.String(users.DiscoveryURL(a.front.URL)), AllowedClients: []string{"gateway"},
		}},
	})
	a.check(err)
	arn, id = *created.AgentRuntimeArn, *created.AgentRuntimeId
	eventually(a.t, "the runtime is READY", func() bool {
		r, err := a.control.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: &id})
		return err == nil && r.Status == types.AgentRuntimeStatusReady
	})
	a.check(a.cloud.RegisterRuntime(arn, url))
	return arn, id
}

func (a *abused) learnTools() {
	list, err := a.session.ListTools(a.t.Context(), nil)
	a.check(err)
	a.tools = map[string]*abusedTool{}
	schema := func(from any) *jsonschema.Schema {
		data, err := json.Marshal(from)
		a.check(err)
		s := new(jsonschema.Schema)
		a.check(json.Unmarshal(data, s))
		return s
	}
	for _, t := range list.Tools {
		answers, err := schema(t.OutputSchema).Resolve(nil)
		a.check(err)
		a.tools[t.Name] = &abusedTool{input: schema(t.InputSchema), answers: answers, readOnly: t.Annotations.ReadOnlyHint}
	}
	a.names = slices.Sorted(maps.Keys(a.tools))
}

// overHTTP sends each message in a request of its own.
func (a *abused) overHTTP(server *mcp.Server) func(string) string {
	web := serve(a.t, tools.PlainErrorsHTTP(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless: true, PropagateRequestCancellation: true,
	})))
	return func(message string) string {
		req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, web.URL, strings.NewReader(message))
		a.check(err)
		req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		resp, err := web.Client().Do(req)
		a.check(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		a.check(err)
		if resp.StatusCode != http.StatusOK {
			return string(body)
		}
		for line := range bytes.Lines(body) {
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok && isAnswer(data) {
				return string(bytes.TrimSpace(data))
			}
		}
		a.t.Fatalf("no answer in %.300s", body)
		return ""
	}
}

func isAnswer(message []byte) bool {
	var head struct {
		ID     json.RawMessage
		Method string
	}
	return json.Unmarshal(message, &head) == nil && head.Method == "" && string(head.ID) == strconv.Itoa(askedID)
}

// overPipes sends messages in one session, as over stdio.
func (a *abused) overPipes(server *mcp.Server) func(string) string {
	requests, sendRequest := io.Pipe()
	answers, sendAnswer := io.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Run(a.t.Context(), tools.Stdio(requests, sendAnswer, slog.New(slog.DiscardHandler)))
		sendAnswer.Close()
	}()
	a.t.Cleanup(func() { sendRequest.Close(); answers.Close(); <-served })
	read := bufio.NewReaderSize(answers, 1<<20)
	ask := func(message string) string {
		go io.WriteString(sendRequest, message+"\n") // ends with the pipe
		for {
			line, err := read.ReadBytes('\n')
			if err != nil {
				a.t.Fatalf("the session ended after %.300s: %v", message, err)
			}
			if isAnswer(line) {
				return string(bytes.TrimSpace(line))
			}
		}
	}
	ask(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`, askedID) + "\n" + `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return ask
}

// stateOf is all that AgentCore has, as it says itself, but for targets of this name.
func stateOf(t testing.TB, client *control.Client, but string) string {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var all []any
	gateways, err := client.ListGateways(ctx, &control.ListGatewaysInput{})
	check(err)
	for _, g := range gateways.Items {
		got, err := client.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: g.GatewayId})
		check(err)
		all = append(all, got)
		targets, err := client.ListGatewayTargets(ctx, &control.ListGatewayTargetsInput{GatewayIdentifier: g.GatewayId})
		check(err)
		for _, listed := range targets.Items {
			if *listed.Name == but {
				continue
			}
			got, err := client.GetGatewayTarget(ctx, &control.GetGatewayTargetInput{GatewayIdentifier: g.GatewayId, TargetId: listed.TargetId})
			check(err)
			all = append(all, got)
		}
	}
	oauth, err := client.ListOauth2CredentialProviders(ctx, &control.ListOauth2CredentialProvidersInput{})
	check(err)
	keys, err := client.ListApiKeyCredentialProviders(ctx, &control.ListApiKeyCredentialProvidersInput{})
	check(err)
	runtimes, err := client.ListAgentRuntimes(ctx, &control.ListAgentRuntimesInput{})
	check(err)
	data, err := json.Marshal(append(all, oauth.CredentialProviders, keys.CredentialProviders, runtimes.AgentRuntimes))
	check(err)
	return string(data)
}

// settle waits until nothing is at work any more, here and at AgentCore, and
// returns the state.
func (a *abused) settle() (state string) {
	a.t.Helper()
	eventually(a.t, "nothing is at work", func() bool {
		if a.manager.Busy() {
			return false
		}
		state = stateOf(a.t, a.control, "")
		return !strings.Contains(state, `ING"`) // CREATING, UPDATING, SYNCHRONIZING, DELETING
	})
	return state
}

// callBound is how long a call may take: reads have 45 seconds, and no call here
// waits longer for a change.
const callBound = 50 * time.Second

package tools_test

import (
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
)

// onlooker sees what this program calls: AWS's operations by what the local AgentCore
// was asked, and the signed requests to gateways and runtimes on their way.
type onlooker struct {
	cloud *emulator.Server
	next  http.RoundTripper

	mu     sync.Mutex
	signed map[string]int // by the right that AWS wants for it
}

// signedCalls are the requests that are no operation of the SDK's clients here.
var signedCalls = []struct {
	path  *regexp.Regexp
	right string
}{
	{regexp.MustCompile(`^/gateway/[^/]+/mcp$`), "InvokeGateway"},
	{regexp.MustCompile(`^/runtimes/[^/]+/invocations$`), "InvokeAgentRuntime"},
}

func (o *onlooker) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256") {
		right := "of " + r.URL.EscapedPath()
		for _, c := range signedCalls {
			if c.path.MatchString(r.URL.EscapedPath()) {
				right = c.right
			}
		}
		o.mu.Lock()
		o.signed[right]++
		o.mu.Unlock()
	}
	return o.next.RoundTrip(r)
}

// counts are the calls so far. InvokeAgentRuntime is what the gateways do, too: ours
// are the signed ones.
func (o *onlooker) counts() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := map[string]int{}
	maps.Copy(counts, o.signed)
	for _, operation := range operationsOfAWS() {
		if n := o.cloud.Calls(operation); n > 0 && operation != "InvokeAgentRuntime" {
			counts[operation] = n
		}
	}
	return counts
}

// operationsOfAWS are all that the SDK's clients have which this program knows.
func operationsOfAWS() (all []string) {
	for _, client := range []reflect.Type{reflect.TypeFor[*control.Client](), reflect.TypeFor[*bedrockagentcore.Client](), reflect.TypeFor[*secretsmanager.Client]()} {
		for method := range client.Methods() {
			all = append(all, method.Name)
		}
	}
	return all
}

// called are the rights used since before.
func (o *onlooker) called(before map[string]int) (rights []string) {
	for right, n := range o.counts() {
		if n > before[right] {
			rights = append(rights, right)
		}
	}
	slices.Sort(rights)
	return rights
}

// observed is a world with something of everything, and the calls of each tool in it.
type observed struct {
	*abused
	*onlooker
	authorizer func() *outbound.Authorizer // a new one, which remembers no token
	signedARN  string                      // ARN of a runtime whose callers sign
	rights     map[string][]string         // by tool, and by what else a client may ask of which server
}

func newObserved(t *testing.T) *observed {
	t.Helper()
	a := newAbused(t)
	transport := remote.Guard{AnyPort: true, Loopback: true}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	o := &observed{abused: a, onlooker: &onlooker{cloud: a.bench.cloud, next: transport, signed: map[string]int{}}, rights: map[string][]string{}}

	callers := a.bench.cloud.NewUserPool("callers")
	callers.AddClient("agent", "of-the-agent", "gateway/invoke")
	client, err := aws.New(t.Context(), aws.Options{Endpoint: a.front.URL, Region: "us-east-1", ReadRate: 1e4, WriteRate: 1e4})
	a.check(err)
	secret := a.bench.cloud.PutSecret("agent", "of-the-agent")
	o.authorizer = func() *outbound.Authorizer {
		return outbound.New(outbound.Settings{ClientID: "agent", ClientSecretARN: secret, Scopes: []string{"gateway/invoke"}, WorkloadIdentity: "ours"}, client, o.onlooker, a.secrets)
	}
	m := a.manager // nothing has used it
	m.Client, m.CredentialSecrets, m.TrustedIssuers = client, a.pool["secretArn"], []string{a.front.URL}

	// A gateway whose callers bring tokens, and one whose callers sign, with targets that
	// sign, too; the one of a version is FAILED.
	o.signedARN = a.signedRuntime()
	for _, g := range []aws.NewGateway{
		{Name: "guarded", RoleARN: gatewayRole, DiscoveryURL: callers.DiscoveryURL(a.front.URL), AllowedClients: []string{"agent"}},
		{Name: "signed", RoleARN: gatewayRole, Authorizer: aws.AuthorizerIAM},
	} {
		id, err := a.client.CreateGateway(t.Context(), g)
		a.check(err)
		_, err = a.client.WaitGateway(t.Context(), id, aws.GatewayReady)
		a.check(err)
		targets := []aws.NewTarget{{Name: "guarded-orders", Endpoint: a.url}}
		if g.Authorizer == aws.AuthorizerIAM {
			targets = nil
			for _, qualifier := range []string{"DEFAULT", "1"} {
				url, err := a.client.RuntimeEndpoint(t.Context(), o.signedARN, qualifier)
				a.check(err)
				targets = append(targets, aws.NewTarget{Name: "signed-" + qualifier, Endpoint: url, IAMService: "bedrock-agentcore"})
			}
		}
		for _, target := range targets {
			created, err := a.client.CreateTarget(t.Context(), id, target)
			a.check(err)
			_, err = a.client.WaitTarget(t.Context(), id, created, nil)
			a.check(err)
		}
	}
	return o
}

// signedRuntime creates a runtime whose callers sign.
func (a *abused) signedRuntime() (arn string) {
	ctx := a.t.Context()
	created, err := a.control.CreateAgentRuntime(ctx, &control.CreateAgentRuntimeInput{
		AgentRuntimeName: awssdk.String("signed_v1"), RoleArn: awssdk.String("arn:aws:iam::123456789012:role/r"),
		AgentRuntimeArtifact:  &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{ContainerUri: awssdk.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:latest")}},
		NetworkConfiguration:  &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolMcp},
	})
	a.check(err)
	eventually(a.t, "the runtime is READY", func() bool {
		r, err := a.control.GetAgentRuntime(ctx, &control.GetAgentRuntimeInput{AgentRuntimeId: created.AgentRuntimeId})
		return err == nil && r.Status == types.AgentRuntimeStatusReady
	})
	a.check(a.cloud.RegisterRuntime(*created.AgentRuntimeArn, a.url))
	return *created.AgentRuntimeArn
}

// notes what a tool, or another room, calls while do runs, and what it leaves running.
func (o *observed) notes(name string, do func()) {
	o.t.Helper()
	authorizer := o.authorizer()
	o.manager.Transport, o.manager.Upstream, o.manager.Credential = authorizer.Gateway, authorizer.Upstream, authorizer.Credential
	before := o.counts()
	do()
	eventually(o.t, name+" has ended", func() bool { return !o.manager.Busy() })
	for _, right := range o.called(before) {
		if !slices.Contains(o.rights[name], right) {
			o.rights[name] = append(o.rights[name], right)
		}
	}
	slices.Sort(o.rights[name])
}

// uses calls a tool that has to succeed.
func (o *observed) uses(tool string, arguments map[string]any) {
	o.t.Helper()
	o.notes(tool, func() { must[any](o.bench, tool, arguments) })
}

// observe has each tool do all that it can, in its ways.
func (o *observed) observe() {
	o.t.Helper()
	o.look()
	o.manage()
	o.liveAndDie()
	for _, of := range policies() {
		o.lookAround(of)
	}
}

// each are the arguments that name a target of each kind.
func (o *observed) each() (all []map[string]any) {
	for _, names := range [][2]string{{"shop", "orders"}, {"shop", "by-url"}, {"shop", "by-key"}, {"guarded", "guarded-orders"}, {"signed", "signed-DEFAULT"}} {
		all = append(all, map[string]any{"gateway": names[0], "target": names[1], "confirm": names[1]})
	}
	return all
}

// and are arguments with one more.
func and(arguments map[string]any, name string, value any) map[string]any {
	return with(arguments, func(a map[string]any) { a[name] = value })
}

// look uses the tools that read.
func (o *observed) look() {
	o.t.Helper()
	o.uses("list_gateways", nil)
	for _, name := range []string{"shop", "guarded", "signed"} {
		in := map[string]any{"gateway": name}
		o.uses("get_gateway", in)
		o.uses("list_targets", in)
		o.uses("list_tools", in)
		o.uses("check_drift", in)
		o.uses("diagnose_target", in) // those that are not READY
	}
	o.uses("list_targets", map[string]any{"gateway": "*", "filter": "runtime"})
	o.uses("check_drift", map[string]any{"gateway": "shop,guarded"})
	for _, target := range o.each() {
		delete(target, "confirm")
		o.uses("get_target", target)
		o.uses("diagnose_target", target)
	}
	o.uses("diagnose_target", map[string]any{"gateway": "guarded", "target": "guarded-orders", "tool": "getOrder", "arguments": map[string]any{"orderId": 1}})
	o.uses("list_credential_providers", nil)
	o.uses("get_credential_provider", map[string]any{"provider": "p"})
	o.uses("get_credential_provider", map[string]any{"provider": "keys"})
	o.uses("list_runtimes", nil)
	o.uses("get_runtime", map[string]any{"runtime": "orders_v1"})
}

// manage uses the tools that change targets.
func (o *observed) manage() {
	o.t.Helper()
	runtime := o.pool["runtimeArn"][0]
	for _, target := range o.each() {
		which := map[string]any{"gateway": target["gateway"], "target": target["target"]}
		o.uses("synchronize_target", and(which, "dryRun", true))
		o.uses("synchronize_target", which)
		o.uses("update_target", and(target, "description", "another"))
		o.uses("pin_target_tools", target)
		o.uses("unpin_target_tools", target)
		if target["gateway"] == "shop" {
			o.uses("update_target_endpoint", and(target, "endpoint", o.pool["endpoint"][0]))
		}
	}
	orders := o.each()[0]
	o.uses("update_target", and(orders, "oauthProviderArn", provider))
	o.uses("update_target_endpoint", and(orders, "runtimeArn", runtime))
	o.uses("synchronize_targets", map[string]any{"gateway": "*", "runtimeArn": runtime})
	o.uses("synchronize_targets", map[string]any{"gateway": "shop,guarded", "onlyDrifted": true})
	o.uses("synchronize_targets", map[string]any{"gateway": "signed", "targets": []string{"signed-DEFAULT"}})
	for auth, more := range map[string]map[string]any{
		"none":   {"endpoint": o.url},
		"apiKey": {"endpoint": o.url, "provider": "keys"},
		"oauth":  {"runtimeArn": runtime, "provider": "p", "scopes": []string{"orders/invoke"}},
		"iam":    {"runtimeArn": o.signedARN, "service": "bedrock-agentcore"},
	} {
		name := "by-" + strings.ToLower(auth)
		more["name"], more["auth"], more["confirm"], more["gateway"] = name, auth, name, "shop"
		o.uses("create_target", more)
		o.uses("delete_target", map[string]any{"gateway": "shop", "target": name, "confirm": name})
	}
}

// liveAndDie uses the tools that create and delete what targets need.
func (o *observed) liveAndDie() {
	o.t.Helper()
	o.uses("create_credential_provider", map[string]any{"name": "fresh", "discoveryUrl": o.pool["discoveryUrl"][0], "clientId": "gateway", "secretArn": o.pool["secretArn"][0], "secretKey": "clientSecret"})
	o.uses("delete_credential_provider", map[string]any{"provider": "fresh", "confirm": "fresh"})
	o.uses("delete_target", map[string]any{"gateway": "shop", "target": "by-key", "confirm": "by-key"})
	o.uses("delete_credential_provider", map[string]any{"provider": "keys", "confirm": "keys"})
	o.uses("create_gateway", map[string]any{"name": "fresh", "roleArn": gatewayRole, "authorizer": "AWS_IAM", "semanticSearch": true})
	o.uses("update_gateway", map[string]any{"gateway": "fresh", "description": "another", "confirm": "fresh"})
	o.uses("create_target", map[string]any{"gateway": "fresh", "name": "one", "endpoint": o.url, "confirm": "one"})
	o.uses("delete_gateway", map[string]any{"gateway": "fresh", "confirm": "fresh"})
	o.uses("delete_target", map[string]any{"gateway": "shop", "target": "orders", "confirm": "orders"})
	o.uses("delete_runtime", map[string]any{"runtime": "orders_v1", "confirm": "orders_v1"})
}

// lookAround reads each resource of a policy's server, and has each argument completed.
func (o *observed) lookAround(of policy) {
	o.t.Helper()
	ctx := o.t.Context()
	session := o.newSession(tools.NewServer(o.manager, of.server))
	o.notes("resources of "+of.name, func() {
		list, err := session.ListResources(ctx, nil)
		o.check(err)
		uris := []string{"agentcore://gateways/guarded/targets/guarded-orders", "agentcore://gateways/guarded/targets/guarded-orders/tools"}
		for _, r := range list.Resources {
			uris = append(uris, r.URI)
		}
		for _, uri := range uris {
			_, err := session.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri})
			o.check(err)
		}
	})
	o.notes("completions of "+of.name, func() {
		list, err := session.ListPrompts(ctx, nil)
		o.check(err)
		for _, prompt := range list.Prompts {
			for _, argument := range prompt.Arguments {
				_, err := session.Complete(ctx, &mcp.CompleteParams{
					Ref:      &mcp.CompleteReference{Type: "ref/prompt", Name: prompt.Name},
					Argument: mcp.CompleteParamsArgument{Name: argument.Name},
					Context:  &mcp.CompleteContext{Arguments: map[string]string{"gateway": "shop"}},
				})
				o.check(err)
			}
		}
	})
}

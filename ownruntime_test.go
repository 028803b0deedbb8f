package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
)

// The server on AgentCore Runtime, as a target of the gateway that it manages: started
// as in the image, in two copies behind either authorizer of a runtime, it answers through
// the gateway, finds what has drifted, and synchronizes the target that it is itself while
// it answers others.
func TestOwnRuntimeAsTarget(t *testing.T) {
	for name, c := range map[string]struct {
		jwt    bool
		target func(*tutorial.World) aws.NewTarget
	}{
		"JWT": {true, func(w *tutorial.World) aws.NewTarget {
			return aws.NewTarget{ProviderARN: w.ProviderARN, Scopes: []string{tutorial.RuntimeScope}}
		}},
		"SigV4": {false, func(*tutorial.World) aws.NewTarget { return aws.NewTarget{IAMService: "bedrock-agentcore"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quickWorld(t, true)
			calls := ownRuntime(t, w, c.jwt, c.target(w))
			first, second := throughGateway(t, w), throughGateway(t, w)

			before := calls.Load()
			list := callOver[tools.TargetList](t, first, ownTool("list_targets"), nil)
			if len(list.Targets) != 2 || !strings.Contains(list.Targets[1].Endpoint+list.Targets[0].Endpoint, "runtime%2Fgateway_tools-") {
				t.Errorf("the targets are %+v", list.Targets)
			}
			if calls.Load() == before {
				t.Error("the answer came without a call of the runtime's process")
			}
			drift := callOver[tools.DriftReport](t, first, ownTool("check_drift"), nil)
			if drift.Drifted != 1 || drift.InSync != 1 || drift.Targets[0].Target != tutorial.Target || drift.Targets[1].Target != tutorial.ToolsTarget {
				t.Errorf("the drift is %+v", drift)
			}
			synchronizeOwn(t, w, first, second)
			for tool, arguments := range map[string]map[string]any{
				"delete_target":          {"target": tutorial.ToolsTarget},
				"update_target_endpoint": {"target": tutorial.ToolsTarget, "runtimeArn": w.NewRuntimeARN},
			} {
				if _, err := asked[gateway.Change](t.Context(), first, ownTool(tool), arguments); err == nil || !strings.Contains(err.Error(), "leads to this very server") {
					t.Errorf("%s of the own target: %v", tool, err)
				}
			}
		})
	}
}

// synchronizeOwn has one client synchronize the server's own target through the server,
// and the other one ask the server all the while.
func synchronizeOwn(t *testing.T, w *tutorial.World, first, second *mcp.ClientSession) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	release := w.Cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	type end struct {
		change gateway.Change
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		change, err := asked[gateway.Change](ctx, first, ownTool("synchronize_target"), map[string]any{"target": tutorial.ToolsTarget})
		ended <- end{change, err}
	}()
	poll := time.NewTicker(100 * time.Millisecond) // AWS's rates are for all callers together
	defer poll.Stop()
	for meanwhile := 0; ; <-poll.C {
		list, err := asked[tools.TargetList](ctx, second, ownTool("list_targets"), map[string]any{"details": false})
		if err != nil {
			t.Fatalf("the other client, after %d answers meanwhile: %v", meanwhile, err)
		}
		if slices.ContainsFunc(list.Targets, func(v gateway.TargetView) bool {
			return v.Name == tutorial.ToolsTarget && v.Status == aws.TargetSynchronizing
		}) {
			if meanwhile++; meanwhile == 3 {
				release()
			}
		}
		select {
		case e := <-ended:
			if meanwhile < 3 {
				t.Errorf("the other client had %d answers meanwhile", meanwhile)
			}
			if c := e.change; e.err != nil || c.Outcome != gateway.Synchronized || c.Status != aws.TargetReady || c.Target != tutorial.ToolsTarget || c.Tools.Before == 0 || c.Tools.After != c.Tools.Before {
				t.Errorf("it ended with %+v, %v", c, e.err)
			}
			return
		default:
		}
	}
}

// asked calls a tool in any goroutine.
func asked[Out any](ctx context.Context, session *mcp.ClientSession, tool string, arguments map[string]any) (out Out, err error) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return out, err
	}
	if result.IsError {
		return out, errors.New(text(result))
	}
	return out, json.Unmarshal([]byte(text(result)), &out)
}

// ownTool is a tool's name at the gateway.
func ownTool(name string) string { return tutorial.ToolsTarget + "___" + name }

// ownRuntime starts the server, registers it as the process of a runtime, which asks for tokens or for SigV4, and makes that a target of the gateway.
// It returns how often the process was called.
func ownRuntime(t *testing.T, w *tutorial.World, jwt bool, target aws.NewTarget) *atomic.Int64 {
	t.Helper()
	process, calls := platform(t, w)
	client := control.New(control.Options{Region: "us-east-1", BaseEndpoint: &w.URL, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	in := &control.CreateAgentRuntimeInput{
		AgentRuntimeName: sdk.String("gateway_tools"), RoleArn: sdk.String("arn:aws:iam::123456789012:role/agentcore-gateway-mcp"),
		AgentRuntimeArtifact: &types.AgentRuntimeArtifactMemberContainerConfiguration{Value: types.ContainerConfiguration{
			ContainerUri: sdk.String("local://" + strings.TrimPrefix(process, "http://")),
		}},
		NetworkConfiguration:  &types.NetworkConfiguration{NetworkMode: types.NetworkModePublic},
		ProtocolConfiguration: &types.ProtocolConfiguration{ServerProtocol: types.ServerProtocolMcp},
	}
	if jwt {
		in.AuthorizerConfiguration = &types.AuthorizerConfigurationMemberCustomJWTAuthorizer{Value: types.CustomJWTAuthorizerConfiguration{
			DiscoveryUrl: sdk.String(w.Runtimes.DiscoveryURL(w.URL)), AllowedClients: []string{tutorial.RuntimeClient},
		}}
	}
	created, err := client.CreateAgentRuntime(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "the runtime is READY", func() bool {
		r, err := client.GetAgentRuntime(t.Context(), &control.GetAgentRuntimeInput{AgentRuntimeId: created.AgentRuntimeId})
		return err == nil && r.Status == types.AgentRuntimeStatusReady
	})
	ours, err := aws.New(t.Context(), w.AWS())
	if err != nil {
		t.Fatal(err)
	}
	target.Name = tutorial.ToolsTarget
	if target.Endpoint, err = ours.RuntimeEndpoint(t.Context(), *created.AgentRuntimeArn, ""); err != nil {
		t.Fatal(err)
	}
	begun, err := ours.CreateTarget(t.Context(), w.GatewayID, target)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ours.WaitTarget(t.Context(), w.GatewayID, begun, nil); err != nil || got.Status != aws.TargetReady {
		t.Fatalf("the target is %s: %q, %v", got.Status, got.StatusReasons, err)
	}
	return calls
}

// platform starts two copies of the server and returns the URL at which a platform's
// proxy passes requests on to them in turn: under another host's name, and with a
// session's ids of which the server knows nothing.
func platform(t *testing.T, w *tutorial.World) (process string, calls *atomic.Int64) {
	t.Helper()
	copies := []string{asInImage(t, w), asInImage(t, w)}
	calls = new(atomic.Int64)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: "http", Host: copies[calls.Add(1)%2]})
		p.Out.Host = "cell-1.runtime.platform.example.com"
	}}
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for _, header := range []string{"Mcp-Session-Id", "X-Amzn-Bedrock-Agentcore-Runtime-Session-Id"} {
			if r.Header.Get(header) == "" {
				t.Errorf("%s %s without the platform's %s", r.Method, r.URL, header)
			}
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("the process is handed a credential")
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	return front.URL + "/mcp", calls
}

// asInImage starts the server with the image's arguments, for every address of the
// machine, and returns where it is on loopback.
func asInImage(t *testing.T, w *tutorial.World) (address string) {
	t.Helper()
	cmd := program(t, "serve", "--addr", "0.0.0.0:0", "--auth", "platform")
	cmd.Env = append(cmd.Env, "AGENTCORE_GATEWAY_MCP_READ_ONLY=false", "AGENTCORE_GATEWAY_MCP_SELF=gateway_tools", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+w.URL, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE="+w.URL)
	for _, setting := range w.Settings() {
		cmd.Env = append(cmd.Env, setting[0]+"="+setting[1])
	}
	return "127.0.0.1:" + regexp.MustCompile(`url=\S+:(\d+)/mcp`).FindStringSubmatch(start(t, cmd).until(t, "/mcp auth"))[1]
}

// throughGateway is a client whose only connection is the world's gateway.
func throughGateway(t *testing.T, w *tutorial.World) *mcp.ClientSession {
	t.Helper()
	token, err := w.CallerToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return connectTo(t, &mcp.StreamableClientTransport{Endpoint: w.GatewayURL(), DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: withToken(token)}})
}

// withToken adds a bearer token to requests.
type withToken string

func (token withToken) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(req)
}

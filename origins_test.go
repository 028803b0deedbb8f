package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/agent-examples/orders"
	own "agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tutorial"
)

// recordingServer is an MCP server that keeps what it is sent to know it by.
type recordingServer struct {
	url string

	mu       sync.Mutex
	requests int
	secrets  []string // Authorization, X-Api-Key and query of the requests that had one
}

func newRecordingServer(t *testing.T) *recordingServer {
	t.Helper()
	handler, err := orders.NewHandler(3)
	if err != nil {
		t.Fatal(err)
	}
	r := &recordingServer{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.requests++
		for _, secret := range []string{req.Header.Get("Authorization"), req.Header.Get("X-Api-Key"), req.URL.RawQuery} {
			if secret != "" {
				r.secrets = append(r.secrets, secret)
			}
		}
		r.mu.Unlock()
		handler.ServeHTTP(w, req)
	}))
	t.Cleanup(s.Close)
	r.url = s.URL + "/mcp"
	return r
}

// take returns what came since the last time.
func (r *recordingServer) take() (requests int, secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests, secrets = r.requests, r.secrets
	r.requests, r.secrets = 0, nil
	return requests, secrets
}

// newControl is a control plane client of AWS's own SDK towards the scene's
// local AgentCore.
func (s *scene) newControl() *control.Client {
	s.t.Helper()
	cfg, err := config.LoadDefaultConfig(s.t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(s.world.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	if err != nil {
		s.t.Fatal(err)
	}
	return control.NewFromConfig(cfg)
}

const apiKey = "k3y-of-the-api/+="

// newKeyedTarget creates a target that signs in with an API key.
func (s *scene) newKeyedTarget(name, endpoint string, location types.ApiKeyCredentialLocation) {
	s.t.Helper()
	ctx, c := s.t.Context(), s.newControl()
	provider, err := c.CreateApiKeyCredentialProvider(ctx, &control.CreateApiKeyCredentialProviderInput{Name: aws.String(name + "-key"), ApiKey: aws.String(apiKey)})
	if err != nil {
		s.t.Fatal(err)
	}
	created, err := c.CreateGatewayTarget(ctx, &control.CreateGatewayTargetInput{
		GatewayIdentifier: &s.world.GatewayID, Name: &name,
		TargetConfiguration: &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: types.McpServerTargetConfiguration{Endpoint: &endpoint}}},
		CredentialProviderConfigurations: []types.CredentialProviderConfiguration{{
			CredentialProviderType: types.CredentialProviderTypeApiKey,
			CredentialProvider: &types.CredentialProviderMemberApiKeyCredentialProvider{Value: types.GatewayApiKeyCredentialProvider{
				ProviderArn: provider.CredentialProviderArn, CredentialLocation: location, CredentialParameterName: aws.String("X-Api-Key"),
			}},
		}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ready(*created.TargetId)
}

func (s *scene) ready(targetID string) {
	s.t.Helper()
	client, err := own.New(s.t.Context(), s.world.AWS())
	if err != nil {
		s.t.Fatal(err)
	}
	t, err := client.WaitTarget(s.t.Context(), s.world.GatewayID, own.Target{ID: targetID}, nil)
	if err != nil || t.Status != own.TargetReady {
		s.t.Fatalf("target %s is %s %q, %v", targetID, t.Status, t.StatusReasons, err)
	}
}

// A caller names an endpoint: the target's credential goes there only when a
// person has said so, neither from here nor from AgentCore.
func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	s := newScene(t)
	home := newRecordingServer(t)
	s.newKeyedTarget("keyed", home.url, types.ApiKeyCredentialLocationHeader)
	s.newKeyedTarget("keyed-by-query", home.url, types.ApiKeyCredentialLocationQueryParameter)
	for target, provider := range map[string]string{tutorial.Target: tutorial.Provider + " (scope " + tutorial.RuntimeScope + ")", "keyed": "keyed-key", "keyed-by-query": "keyed-by-query-key"} {
		t.Run(target, func(t *testing.T) {
			stranger := newRecordingServer(t)
			ask := map[string]any{"target": target, "endpoint": stranger.url, "dryRun": true}
			plan := s.call("update_target_endpoint", ask)
			if n, secrets := stranger.take(); n == 0 || len(secrets) > 0 {
				t.Errorf("the plan sent %d requests, with %q", n, secrets)
			}
			if len(plan.Unchecked) != 1 || !strings.Contains(plan.Unchecked[0], "without credentials") || plan.Tools.After != 3 || !strings.Contains(plan.Next, `confirm set to "`+target+`"`) {
				t.Errorf("the plan does not say what it could not see: %+v", plan)
			}
			delete(ask, "dryRun")
			for _, confirm := range []string{"", tutorial.Gateway, strings.ToUpper(target)} {
				ask["confirm"] = confirm
				refusal := s.refusal("update_target_endpoint", ask)
				for _, want := range []string{provider, strings.TrimSuffix(stranger.url, "/mcp"), `confirm set to "` + target + `"`, "--trusted-endpoints"} {
					if !strings.Contains(refusal, want) {
						t.Errorf("the refusal lacks %q: %s", want, refusal)
					}
				}
			}
			if n, secrets := stranger.take(); n > 0 {
				t.Errorf("a refused update sent %d requests, with %q", n, secrets)
			}
			ask["confirm"], ask["dryRun"] = target, true
			if plan = s.call("update_target_endpoint", ask); len(plan.Unchecked) > 0 {
				t.Errorf("the confirmed plan: %+v", plan)
			}
			if _, secrets := stranger.take(); len(secrets) == 0 {
				t.Error("the confirmed plan was made without credentials")
			}
			delete(ask, "dryRun")
			if change := s.call("update_target_endpoint", ask); change.Outcome != "updated" {
				t.Errorf("the confirmed update: %+v", change)
			}
			if _, secrets := stranger.take(); len(secrets) == 0 {
				t.Error("the confirmed update came without credentials")
			}
		})
	}
}

// A runtime of the gateway's own account needs no confirmation, one of another
// account does, however its URL is written.
func TestRuntimesOfOtherAccountsAreStrangers(t *testing.T) {
	s := newScene(t)
	own := s.call("update_target_endpoint", map[string]any{"target": tutorial.Target, "runtimeArn": s.world.NewRuntimeARN, "dryRun": true})
	if own.Outcome != "planned" || len(own.Unchecked) > 0 || strings.Contains(own.Next, "confirm") {
		t.Errorf("the own account's runtime: %+v", own)
	}
	foreign := strings.Replace(s.world.NewRuntimeARN, "123456789012", "210987654321", 1)
	if refusal := s.refusal("update_target_endpoint", map[string]any{"target": tutorial.Target, "runtimeArn": foreign}); !strings.Contains(refusal, "account 123456789012") || strings.Contains(refusal, "--trusted-endpoints") {
		t.Errorf("another account's runtime: %s", refusal)
	}
	for _, endpoint := range []string{
		strings.Replace(s.world.Endpoint, "123456789012", "210987654321", 1),
		s.world.Endpoint + "&accountId=210987654321",
		strings.ReplaceAll(s.world.Endpoint, "%3A", "%253A"),
		s.world.URL + "/gateway/" + s.world.GatewayID + "/mcp",
		strings.Replace(s.world.Endpoint, "127.0.0.1", "localhost", 1) + "&accountId=210987654321",
	} {
		if refusal := s.refusal("update_target_endpoint", map[string]any{"target": tutorial.Target, "endpoint": endpoint}); !strings.Contains(refusal, "confirm set to") {
			t.Errorf("%s: %s", endpoint, refusal)
		}
	}
}

// Another provider, an added scope and a newly passed header are new pairs of
// credential and origin, and need a person's word too.
func TestNewCredentialsNeedConfirmation(t *testing.T) {
	s := newScene(t)
	for what, c := range map[string]struct {
		edit map[string]any
		asks string // "" when it does not
	}{
		"another provider": {map[string]any{"oauthProviderArn": s.world.ProviderARN + "-2"}, tutorial.Provider + "-2"},
		"an added scope":   {map[string]any{"scopes": []string{tutorial.RuntimeScope, "admin"}}, "(scope admin)"},
		"a header":         {map[string]any{"requestHeaders": []string{"X-Correlation-Id", "Authorization"}}, "request headers Authorization"},
		"a parameter":      {map[string]any{"queryParameters": []string{"key"}}, "query parameters key"},
		"a description":    {map[string]any{"description": "x"}, ""},
		"fewer headers":    {map[string]any{"requestHeaders": []string{}}, ""},
	} {
		c.edit["target"] = tutorial.Target
		if c.asks == "" {
			c.edit["dryRun"] = true
			if plan := s.call("update_target", c.edit); plan.Outcome != "planned" || strings.Contains(plan.Next, "confirm") {
				t.Errorf("%s: %+v", what, plan)
			}
			continue
		}
		if refusal := s.refusal("update_target", c.edit); !strings.Contains(refusal, c.asks) || !strings.Contains(refusal, `confirm set to "`+tutorial.Target+`"`) {
			t.Errorf("%s: %s", what, refusal)
		}
	}
}

// What a caller's endpoint does not tell: one sentence for a closed and a
// filtered port and a name that does not resolve, and none before a dialer would
// give up.
func TestUnreachableEndpointsLookAlike(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	said := map[string]string{}
	var (
		mu   sync.Mutex
		work sync.WaitGroup
	)
	for name, endpoint := range map[string]string{"closed": closedAddress(t), "filtered": filteredAddress(t), "unknown": "https://no-such-host.invalid/mcp"} {
		work.Go(func() {
			start := time.Now()
			plan := s.call("update_target_endpoint", map[string]any{"target": tutorial.Target, "endpoint": endpoint, "dryRun": true})
			if took := time.Since(start); took < 6*time.Second {
				t.Errorf("%s: answered after %s, before a filtered port would be", name, took)
			}
			mu.Lock()
			defer mu.Unlock()
			said[strings.ReplaceAll(plan.Tools.Reason, endpoint, "URL")] = name
		})
	}
	work.Wait()
	if len(said) != 1 {
		t.Errorf("they can be told apart: %q", said)
	}
	for reason := range said {
		if !strings.Contains(reason, "no MCP server is reachable from here at URL") {
			t.Errorf("got %s", reason)
		}
	}
	// The owner learns why.
	for _, want := range []string{"refused", "no connection or no answer in time", "cannot be resolved"} {
		if !strings.Contains(s.said.text(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// closedAddress is one that refuses connections until the test ends: its port is taken,
// and nothing listens there.
func closedAddress(t *testing.T) string {
	t.Helper()
	_, address := boundSocket(t)
	return "http://" + address + "/mcp"
}

func boundSocket(t *testing.T) (fd int, address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
}

// filteredAddress is one at which the system answers nothing to a connect: that
// of a listener whose queue is full.
func filteredAddress(t *testing.T) string {
	t.Helper()
	fd, address := boundSocket(t)
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		cancel()
		if err != nil {
			return "http://" + address + "/mcp" // the queue is full
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("this system's listeners have no full queue")
	return ""
}

// A runtime that does not exist is not planned with; where that cannot be seen, the
// plan says so.
func TestRuntimesAreLookedUp(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	arn := s.world.NewRuntimeARN
	for name, arguments := range map[string]map[string]any{
		"runtime":  {"runtimeArn": arn[:len(arn)-10] + "AAAAAAAAAA"},
		"endpoint": {"runtimeArn": arn, "qualifier": "nowhere"},
		"version":  {"runtimeArn": arn, "qualifier": "77"},
	} {
		for _, dryRun := range []bool{true, false} {
			arguments["target"], arguments["dryRun"] = tutorial.Target, dryRun
			if refusal := s.refusal("update_target_endpoint", arguments); !strings.Contains(refusal, "does not exist: GetAgentRuntime") || !strings.Contains(refusal, "not found") {
				t.Errorf("%s: %s", name, refusal)
			}
		}
	}
	if n := s.world.Cloud.Calls("UpdateGatewayTarget"); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
	known := map[string]any{"target": tutorial.Target, "runtimeArn": arn, "dryRun": true}
	if plan := s.call("update_target_endpoint", known); plan.Outcome != gateway.Planned || len(plan.Unchecked) != 0 {
		t.Errorf("one that exists: %+v", plan)
	}
	defer s.world.Cloud.Inject(emulator.Fault{Operation: "GetAgentRuntimeEndpoint", Code: "AccessDeniedException"})()
	if plan := s.call("update_target_endpoint", known); plan.Outcome != gateway.Planned || len(plan.Unchecked) != 1 || !strings.Contains(plan.Unchecked[0], "access denied") {
		t.Errorf("one that may not be looked up: %+v", plan)
	}
}

package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const roleARN = "arn:aws:iam::123456789012:role/gateway"

// world is a local AgentCore with a client of the AWS SDK.
type world struct {
	*testing.T
	core   *emulator.Server
	url    string
	client *bedrockagentcorecontrol.Client
	http   *http.Client
}

func start(t *testing.T, opts emulator.Options) *world {
	t.Helper()
	if opts.Quotas == (emulator.Quotas{}) {
		opts.Quotas = emulator.Quotas{Write: -1, Read: -1, Synchronize: -1, Concurrent: -1}
	}
	core := emulator.New(opts)
	listener := httptest.NewServer(core)
	transport := &http.Transport{}
	w := &world{T: t, core: core, url: listener.URL, http: &http.Client{Transport: transport}}
	w.client = bedrockagentcorecontrol.New(bedrockagentcorecontrol.Options{
		Region:       "us-east-1",
		BaseEndpoint: &listener.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
		HTTPClient:       w.http,
		RetryMaxAttempts: 1,
	})
	t.Cleanup(func() {
		core.Close()
		transport.CloseIdleConnections()
		listener.Close()
	})
	return w
}

// upstream is an MCP server behind a target.
type upstream struct {
	orders *orders.Handler
	url    string
	asked  atomic.Int64 // requests received
}

func (w *world) upstream(tools int) *upstream {
	w.Helper()
	handler, err := orders.NewHandler(tools)
	w.check(err)
	u := &upstream{orders: handler}
	u.url = w.serve(func(rw http.ResponseWriter, r *http.Request) {
		u.asked.Add(1)
		handler.ServeHTTP(rw, r)
	}) + "/mcp"
	return u
}

func (w *world) serve(handler http.HandlerFunc) string {
	listener := httptest.NewServer(handler)
	w.Cleanup(listener.Close)
	return listener.URL
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) gateway(name string, change ...func(*bedrockagentcorecontrol.CreateGatewayInput)) string {
	w.Helper()
	in := &bedrockagentcorecontrol.CreateGatewayInput{
		Name: &name, RoleArn: aws.String(roleARN),
		AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp,
	}
	for _, c := range change {
		c(in)
	}
	out, err := w.client.CreateGateway(w.Context(), in)
	w.check(err)
	w.until("gateway "+name+" is READY", func() bool {
		gw, err := w.client.GetGateway(w.Context(), &bedrockagentcorecontrol.GetGatewayInput{GatewayIdentifier: out.GatewayId})
		w.check(err)
		return gw.Status == types.GatewayStatusReady
	})
	return *out.GatewayId
}

func server(endpoint string) *types.McpServerTargetConfiguration {
	return &types.McpServerTargetConfiguration{Endpoint: &endpoint}
}

func configuration(s *types.McpServerTargetConfiguration) types.TargetConfiguration {
	return &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: *s}}
}

// create makes a target without waiting for it.
func (w *world) create(gateway, name string, s *types.McpServerTargetConfiguration) string {
	w.Helper()
	out, err := w.client.CreateGatewayTarget(w.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
		GatewayIdentifier: &gateway, Name: &name, TargetConfiguration: configuration(s),
	})
	w.check(err)
	return *out.TargetId
}

// target makes a target and waits until it is READY.
func (w *world) target(gateway, name string, s *types.McpServerTargetConfiguration) string {
	w.Helper()
	id := w.create(gateway, name, s)
	w.settles(gateway, id, types.TargetStatusReady)
	return id
}

func (w *world) get(gateway, target string) *bedrockagentcorecontrol.GetGatewayTargetOutput {
	w.Helper()
	out, err := w.client.GetGatewayTarget(w.Context(), &bedrockagentcorecontrol.GetGatewayTargetInput{GatewayIdentifier: &gateway, TargetId: &target})
	w.check(err)
	return out
}

func (w *world) update(gateway, target, name string, s *types.McpServerTargetConfiguration) error {
	_, err := w.client.UpdateGatewayTarget(w.Context(), &bedrockagentcorecontrol.UpdateGatewayTargetInput{
		GatewayIdentifier: &gateway, TargetId: &target, Name: &name, TargetConfiguration: configuration(s),
	})
	return err
}

func (w *world) synchronize(gateway string, targets ...string) error {
	_, err := w.client.SynchronizeGatewayTargets(w.Context(), &bedrockagentcorecontrol.SynchronizeGatewayTargetsInput{
		GatewayIdentifier: &gateway, TargetIdList: targets,
	})
	return err
}

func (w *world) delete(gateway, target string) error {
	_, err := w.client.DeleteGatewayTarget(w.Context(), &bedrockagentcorecontrol.DeleteGatewayTargetInput{GatewayIdentifier: &gateway, TargetId: &target})
	return err
}

// settles waits until a target is out of work and demands a status of it.
func (w *world) settles(gateway, target string, want types.TargetStatus) *bedrockagentcorecontrol.GetGatewayTargetOutput {
	w.Helper()
	var out *bedrockagentcorecontrol.GetGatewayTargetOutput
	w.until("target settles", func() bool {
		out = w.get(gateway, target)
		return !strings.HasSuffix(string(out.Status), "ING")
	})
	if out.Status != want {
		w.Fatalf("target is %s %q, want %s", out.Status, out.StatusReasons, want)
	}
	return out
}

// until polls with a deadline.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.Fatalf("timed out waiting until %s", what)
		}
	}
}

// refusal demands an error of AWS with this code and text.
func (w *world) refusal(err error, code, text string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		w.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		w.Fatalf("got %s: %s\nwant %s with %q", api.ErrorCode(), api.ErrorMessage(), code, text)
	}
}

// connect opens an MCP session with a gateway's endpoint.
func (w *world) connect(gateway, protocolVersion string) *mcp.ClientSession {
	w.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(w.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.url + "/gateway/" + gateway + "/mcp", HTTPClient: w.http, DisableStandaloneSSE: true, MaxRetries: -1,
	}, &mcp.ClientSessionOptions{ProtocolVersion: protocolVersion})
	w.check(err)
	return session
}

// tools are the names of all tools that a gateway serves.
func (w *world) tools(gateway string) []string {
	w.Helper()
	session := w.connect(gateway, "2025-11-25")
	defer session.Close()
	names := []string{}
	for tool, err := range session.Tools(w.Context(), nil) {
		w.check(err)
		names = append(names, tool.Name)
	}
	return names
}

func (w *world) serves(gateway string, want ...string) {
	w.Helper()
	if got := w.tools(gateway); !slices.Equal(got, want) {
		w.Fatalf("gateway serves %q, want %q", got, want)
	}
}

// raw sends a request without the SDK and returns status, header and JSON.
func (w *world) raw(method, path, body string) (int, http.Header, map[string]any) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	w.check(err)
	resp, err := w.http.Do(req)
	w.check(err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	w.check(err)
	var value map[string]any
	if err := json.Unmarshal(data, &value); err != nil {
		w.Fatalf("%s %s answered %d %q: %v", method, path, resp.StatusCode, data, err)
	}
	return resp.StatusCode, resp.Header, value
}

func readAll(w *world, resp *http.Response) string {
	w.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	w.check(err)
	return string(data)
}

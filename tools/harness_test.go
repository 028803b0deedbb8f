package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	swap   = flag.Bool("wire.swap", false, "tests speak MCP over stdio that speak it over HTTP without, and the other way round")
)

// speaksHTTP reports whether a test's clients speak MCP over HTTP, or else over
// pipes as stdio does: half of the tests each, so that two runs show both.
func speaksHTTP(test string) bool {
	h := fnv.New32()
	h.Write([]byte(test))
	return (h.Sum32()%2 == 0) != *swap
}

func TestMain(m *testing.M) {
	flag.Parse()
	// Tests wait more than they work; with the race detector they work more.
	parallel := 4 * runtime.GOMAXPROCS(0)
	if raced {
		parallel /= 2
	}
	if err := flag.Set("test.parallel", strconv.Itoa(parallel)); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// bench is everything between an MCP client and an orders server: client,
// our server, AWS SDK, HTTP, local AgentCore, MCP.
type bench struct {
	t       testing.TB
	cloud   *emulator.Server
	front   *httptest.Server // of the local AgentCore
	client  *aws.Client      // for setting the scene
	manager *gateway.Manager
	session *mcp.ClientSession
	connect func() *mcp.ClientSession // another client of the same server
	orders  *orders.Handler           // the MCP server behind target orders, with two tools
	url     string                    // its endpoint
	log     *syncBuffer

	gatewayID, targetID string
	unreadable          atomic.Bool // what servers offer, from here

	mu       sync.Mutex
	progress []*mcp.ProgressNotificationParams
}

type benchOptions struct {
	emulator emulator.Options
	tools    tools.Options
	allowed  []string
	empty    bool                            // no gateway
	manager  func(*gateway.Manager)          // changes it before use
	between  func(http.Handler) http.Handler // stands between the SDK and the local AgentCore
}

func newBench(t testing.TB, o benchOptions) *bench {
	t.Helper()
	b := &bench{t: t, cloud: emulator.New(o.emulator), log: &syncBuffer{}}
	t.Cleanup(b.cloud.Close)
	var front http.Handler = b.cloud
	if o.between != nil {
		front = o.between(front)
	}
	b.front = serve(t, front)
	var err error
	if b.orders, err = orders.NewHandler(2); err != nil {
		t.Fatal(err)
	}
	b.url = serve(t, b.orders).URL + "/mcp"
	if b.client, err = aws.New(t.Context(), aws.Options{Endpoint: b.front.URL, Region: "us-east-1", Log: slog.New(slog.NewTextHandler(b.log, nil))}); err != nil {
		t.Fatal(err)
	}
	if !o.empty {
		b.gatewayID = b.newGateway("shop")
		b.targetID = b.newTarget(b.gatewayID, "orders", b.url)
	}

	transport := remote.Guard{AnyPort: true, Loopback: true}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	m := &gateway.Manager{Client: b.client, Allowed: o.allowed, Log: log,
		Transport: func(aws.Gateway) (http.RoundTripper, error) { return transport, nil },
		Upstream: func(aws.Target) (http.RoundTripper, error) {
			if b.unreadable.Load() {
				return nil, errors.New("no credentials for it here")
			}
			return transport, nil
		}}
	if o.manager != nil {
		o.manager(m)
	}
	o.tools.Log = log
	b.manager = m
	server := tools.NewServer(m, o.tools)
	b.connect = func() *mcp.ClientSession { return b.newSession(server) }
	b.session = b.connect()
	stopAfter(t, m)
	return b
}

// stopAfter stops m when the test has ended, and waits until it has: what an operation
// reads may be large, and is no leak.
func stopAfter(t testing.TB, m *gateway.Manager) {
	t.Cleanup(func() {
		m.Stop(0)
		eventually(t, "no operation is under way", func() bool { return !m.Busy() })
	})
}

// newSession is a client's with a server, until the test ends.
func (b *bench) newSession(server *mcp.Server) *mcp.ClientSession {
	b.t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.progress = append(b.progress, req.Params)
		},
	})
	session, err := client.Connect(b.t.Context(), b.transportTo(server), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { session.Close() })
	return session
}

// transportTo is a way to a server that is served as the program serves it.
func (b *bench) transportTo(server *mcp.Server) mcp.Transport {
	return b.transportOver(server, speaksHTTP(b.t.Name()))
}

func (b *bench) transportOver(server *mcp.Server, overHTTP bool) mcp.Transport {
	if overHTTP {
		h := tools.PlainErrorsHTTP(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
			Stateless: true, PropagateRequestCancellation: true,
		}))
		client := &http.Transport{}
		b.t.Cleanup(client.CloseIdleConnections)
		return &mcp.StreamableClientTransport{Endpoint: serve(b.t, h).URL, HTTPClient: &http.Client{Transport: client}, DisableStandaloneSSE: true}
	}
	requests, sendRequest := io.Pipe()
	answers, sendAnswer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- server.Run(b.t.Context(), tools.Stdio(requests, sendAnswer, slog.New(slog.DiscardHandler)))
	}()
	b.t.Cleanup(func() { <-served })
	return &mcp.IOTransport{Reader: answers, Writer: sendRequest}
}

// serve serves h on loopback until the test ends.
func serve(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (b *bench) newGateway(name string) string {
	b.t.Helper()
	id, err := b.client.CreateGateway(b.t.Context(), aws.NewGateway{Name: name, RoleARN: "arn:aws:iam::123456789012:role/gateway"})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.client.WaitGateway(b.t.Context(), id, aws.GatewayReady); err != nil {
		b.t.Fatal(err)
	}
	return id
}

const provider = "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/p"

func (b *bench) newTarget(gatewayID, name, url string) string {
	b.t.Helper()
	created, err := b.client.CreateTarget(b.t.Context(), gatewayID, aws.NewTarget{
		Name: name, Description: "a target", Endpoint: url, ProviderARN: provider, Scopes: []string{"orders/invoke"},
		RequestHeaders: []string{"X-Correlation-Id"}, ResourcePriority: 7,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if t, err := b.client.WaitTarget(b.t.Context(), gatewayID, created, nil); err != nil || t.Status != aws.TargetReady {
		b.t.Fatalf("target %s is %s %q, %v", name, t.Status, t.StatusReasons, err)
	}
	return created.ID
}

// call calls a tool and decodes its answer. failed is the text of a tool error
// that carries no answer.
func call[Out any](b *bench, tool string, arguments map[string]any) (out Out, isError bool, failed string) {
	b.t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	params := &mcp.CallToolParams{Name: tool, Arguments: arguments}
	params.SetProgressToken("p")
	result, err := b.session.CallTool(b.t.Context(), params)
	if err != nil {
		b.t.Fatalf("%s: protocol error %v", tool, err)
	}
	text := result.Content[0].(*mcp.TextContent).Text
	if result.StructuredContent == nil {
		if !result.IsError {
			b.t.Fatalf("%s: no structured content and no error: %s", tool, text)
		}
		return out, true, text
	}
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		b.t.Fatal(err)
	}
	var a, c any
	if json.Unmarshal(data, &a) != nil || json.Unmarshal([]byte(text), &c) != nil || !jsonEqual(a, c) {
		b.t.Errorf("%s: text and structured content differ:\n%s\n%s", tool, text, data)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		b.t.Fatal(err)
	}
	return out, result.IsError, ""
}

// must calls a tool that has to succeed.
func must[Out any](b *bench, tool string, arguments map[string]any) Out {
	b.t.Helper()
	out, isError, failed := call[Out](b, tool, arguments)
	if isError {
		b.t.Fatalf("%s %v: %s %+v", tool, arguments, failed, out)
	}
	return out
}

// refused calls a tool that has to fail without a result, for a reason that
// holds all of want.
func refused(b *bench, tool string, arguments map[string]any, want ...string) {
	b.t.Helper()
	out, _, failed := call[any](b, tool, arguments)
	if failed == "" {
		b.t.Errorf("%s %v: want an error, got %v", tool, arguments, out)
	}
	for _, w := range want {
		if !strings.Contains(failed, w) {
			b.t.Errorf("%s %v:\n got %s\nwant %s", tool, arguments, failed, w)
		}
	}
}

// progressed counts the progress notifications so far.
func (b *bench) progressed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.progress)
}

// progressedBy counts the progress notifications so far whose text begins so.
func (b *bench) progressedBy(text string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		if strings.HasPrefix(p.Message, text) {
			n++
		}
	}
	return n
}

// served is what the gateway serves for target, sorted and joined.
func (b *bench) served(target string) string {
	b.t.Helper()
	var names []string
	for _, group := range must[tools.ToolList](b, "list_tools", map[string]any{"gateway": b.gatewayID}).Targets {
		if group.Target == target {
			for _, tool := range group.Tools {
				names = append(names, tool.Name)
			}
		}
	}
	return strings.Join(names, " ")
}

// configuration is the target's JSON without what any change moves.
func (b *bench) configuration(target string) string {
	b.t.Helper()
	out := must[tools.TargetDetails](b, "get_target", map[string]any{"gateway": b.gatewayID, "target": target})
	for _, moving := range []string{"status", "updatedAt", "lastSynchronizedAt", "statusReasons"} {
		delete(out.Configuration, moving)
	}
	data, err := json.Marshal(out.Configuration)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// newControl is the AWS SDK's client of a local AgentCore.
func newControl(url string) *control.Client {
	return control.New(control.Options{Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1,
		Credentials: awssdk.AnonymousCredentials{}})
}

// readAll reads a request's body, which can be read again.
func readAll(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// eventually polls until ok, for things that happen in the background.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not in 30 s: %s", what)
		case <-tick.C:
		}
	}
}

func jsonEqual(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

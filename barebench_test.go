package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/inbound"
)

// BenchmarkBesideBareSDK measures requests a second beside a server of nothing but
// the MCP SDK that has the same tools and checks the same tokens, in one run and in
// turn: only the ratio means something on another machine.
func BenchmarkBesideBareSDK(b *testing.B) {
	cloud := emulator.New(emulator.Options{})
	front := httptest.NewServer(cloud)
	defer func() { front.Close(); cloud.Close() }()
	pool := cloud.NewUserPool("callers")
	s, err := command.Wiring{AWS: aws.Options{Endpoint: front.URL}, Log: discard(), SDKLog: discard(), Named: true}.Wire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	policy := inbound.Policy{Auth: "jwt", DiscoveryURL: pool.DiscoveryURL(front.URL), AllowedClients: []string{"c"}}
	h, err := policy.Handler(inbound.NewDoor(inbound.DefaultLimits()), s.Endpoints(), "127.0.0.1:8000", discard())
	if err != nil {
		b.Fatal(err)
	}
	ours := httptest.NewServer(h)
	defer ours.Close()
	verifier, err := auth.NewVerifier(auth.Config{DiscoveryURL: policy.DiscoveryURL, AllowedClients: policy.AllowedClients, Loopback: true, Log: discard()})
	if err != nil {
		b.Fatal(err)
	}
	server := bareServer(b, s)
	sdk := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
	bare := httptest.NewServer(verifier.Protect(auth.Resource{URL: "http://127.0.0.1:8000/mcp"}, func(w http.ResponseWriter, r *http.Request, _ *auth.Principal) { sdk.ServeHTTP(w, r) }))
	defer bare.Close()
	token := pool.Sign(map[string]any{
		"iss": pool.Issuer(front.URL), "client_id": "c", "token_use": "access", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}, nil)
	for name, request := range map[string]string{
		"ping":            `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		"list":            listToolsRequest,
		"call-of-nothing": `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_target","arguments":{}}}`,
	} {
		b.Run(name, func(b *testing.B) {
			ask := func(url string) time.Duration {
				req, err := http.NewRequest(http.MethodPost, url+"/mcp", strings.NewReader(request))
				if err != nil {
					b.Fatal(err)
				}
				req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
				start := time.Now()
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatalf("%s %.300s %v", resp.Status, body, err)
				}
				return time.Since(start)
			}
			ask(ours.URL) // connections, keys and schemas apart
			ask(bare.URL)
			var of, beside time.Duration
			n := 0
			for b.Loop() {
				n++
				of += ask(ours.URL)
				beside += ask(bare.URL)
			}
			b.ReportMetric(float64(n)/of.Seconds(), "requests/s")
			b.ReportMetric(float64(n)/beside.Seconds(), "bare-requests/s")
			b.ReportMetric(float64(beside)/float64(of), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// bareServer has the tools that s has, which do nothing but refuse.
func bareServer(b *testing.B, s *command.Server) *mcp.Server {
	b.Helper()
	session, end, err := s.Connect(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer end()
	list, err := session.ListTools(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	for _, tool := range list.Tools {
		server.AddTool(tool, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf("%s: the argument target is missing: id or name", tool.Name)}}}, nil
		})
	}
	return server
}

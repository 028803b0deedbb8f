package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/inbound"
)

// BenchmarkRequests measures tools/list over HTTP without authentication and
// with it, in one run: only their ratio means something on another machine. The
// first request of the second kind fetches discovery and keys (cold).
func BenchmarkRequests(b *testing.B) {
	cloud := emulator.New(emulator.Options{})
	front := httptest.NewServer(cloud)
	defer func() { front.Close(); cloud.Close() }()
	pool := cloud.NewUserPool("callers")
	s, err := command.Wiring{AWS: aws.Options{Endpoint: front.URL}, Log: discard(), SDKLog: discard()}.Wire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	token := pool.Sign(map[string]any{
		"iss": pool.Issuer(front.URL), "client_id": "c", "token_use": "access", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}, nil)
	endpoint := func(p inbound.Policy) string {
		h, err := p.Handler(inbound.NewDoor(inbound.DefaultLimits()), s.Endpoints(), "127.0.0.1:8000", discard())
		if err != nil {
			b.Fatal(err)
		}
		server := httptest.NewServer(h)
		b.Cleanup(server.Close)
		return server.URL + "/mcp"
	}
	open := endpoint(inbound.Policy{Auth: "none"})
	jwt := endpoint(inbound.Policy{Auth: "jwt", DiscoveryURL: pool.DiscoveryURL(front.URL), AllowedClients: []string{"c"}})
	ask := func(url string) time.Duration {
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(listToolsRequest))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
		start := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status)
		}
		return time.Since(start)
	}
	ask(open) // connections apart
	cold := ask(jwt)
	var without, with time.Duration
	n := 0
	for b.Loop() {
		n++
		without += ask(open) // in turn, so that noise hits both
		with += ask(jwt)
	}
	b.ReportMetric(float64(n)/without.Seconds(), "requests/s")
	b.ReportMetric(float64(n)/with.Seconds(), "requests/s-with-auth")
	b.ReportMetric(float64(with)/float64(without), "time-ratio")
	b.ReportMetric(float64(cold.Microseconds())/1000, "cold-ms")
	b.ReportMetric(0, "ns/op")
}

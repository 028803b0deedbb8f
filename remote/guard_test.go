package remote_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"agentcore-gateway-mcp/remote"
)

func TestCheckEndpoint(t *testing.T) {
	plain, anyPort, local := remote.Guard{}, remote.Guard{AnyPort: true}, remote.Guard{Loopback: true}
	cases := []struct {
		guard   remote.Guard
		raw     string
		refused string // part of the message; "" is accepted
	}{
		{plain, "https://example.com/mcp", ""},
		{plain, "https://example.com:443/mcp?qualifier=DEFAULT", ""},
		{plain, "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Ax%2Fy/invocations?qualifier=DEFAULT", ""},
		{plain, "https://8.8.8.8/mcp", ""},
		{plain, "https://[2606:4700:4700::1111]/mcp", ""},
		{plain, "https://example.com:8443/mcp", "port 8443"},
		{anyPort, "https://example.com:8443/mcp", ""},
		{anyPort, "https://example.com:0/mcp", "65535"},
		{anyPort, "https://example.com:65536/mcp", "65535"},
		{plain, "http://example.com/mcp", "plain http"},
		{local, "http://example.com/mcp", "plain http"},
		{anyPort, "http://example.com:443/mcp", "plain http"},
		{plain, "ftp://example.com/mcp", `scheme is "ftp"`},
		{plain, "/mcp", "absolute URL"},
		{plain, "https:example.com", "absolute URL"},
		{plain, "https:///mcp", "absolute URL"},
		{plain, "", "absolute URL"},
		{plain, "https://exa mple.com/", "absolute URL"},
		{plain, "https://u:hush@example.com/mcp", "user name or password"},
		{plain, "https://example.com/mcp#hush", "fragment"},
		{plain, "https://example.com/mcp#", "fragment"},
		{plain, "https://localhost/mcp", "local mode only"},
		{plain, "https://LocalHost./mcp", "local mode only"},
		{plain, "https://x.localhost/mcp", "local mode only"},
		{plain, "https://127.0.0.1/mcp", "local mode only"},
		{plain, "https://[::ffff:127.0.0.1]/mcp", "local mode only"},
		{plain, "https://127.1/mcp", "full address"},
		{plain, "https://2130706433/mcp", "full address"},
		{plain, "https://0x7f.0.0.0x1/mcp", "full address"},
		{local, "http://localhost:8000/mcp", ""},
		{local, "http://127.0.0.1:8000/mcp", ""},
		{local, "http://[::1]:8000/mcp", ""},
		{local, "https://127.0.0.1:8443/mcp", ""},
		{local, "https://10.0.0.1/mcp", "special address"},
		{local, "http://169.254.169.254/mcp", "plain http"},
		{local, "https://example.com:8443/mcp", "port 8443"},
	}
	for _, c := range cases {
		u, err := c.guard.CheckEndpoint(c.raw)
		if c.refused == "" {
			if err != nil || u.String() != c.raw {
				t.Errorf("%+v %s: %v, %v", c.guard, c.raw, u, err)
			}
			continue
		}
		wantError(t, err, remote.KindAddress, c.refused)
		if u != nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, %v", c.raw, u, err)
		}
	}
}

// The same addresses are refused as literals and when they are dialed.
func TestGuardedAddresses(t *testing.T) {
	refused := []string{
		"169.254.169.254", "169.254.170.2", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "0.0.0.0",
		"192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::1]", "[::]", "[fd00::1]", "[fd00:ec2::254]", "[fe80::1]", "[ff02::1]", "[::ffff:169.254.169.254]", "[::ffff:10.0.0.1]",
		"[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:a9fe:a9fe::1]", "[2001:0:a9fe:a9fe::1]", "[2001:db8::1]",
	}
	transport := remote.Guard{AnyPort: true}.Transport()
	defer transport.CloseIdleConnections()
	r := remote.Reader{Transport: transport, ProtocolVersion: gatewayVersion}
	for _, host := range refused {
		endpoint := "https://" + host + "/mcp"
		_, err := remote.Guard{AnyPort: true}.CheckEndpoint(endpoint)
		wantError(t, err, remote.KindAddress, "give a publicly reachable endpoint")
		_, err = r.Read(t.Context(), endpoint)
		wantError(t, err, remote.KindAddress, "give a publicly reachable endpoint")
	}
}

func TestGuardedDials(t *testing.T) {
	reached := false
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	plain, tls := httptest.NewServer(h), httptest.NewTLSServer(h)
	defer plain.Close()
	defer tls.Close()
	byName := strings.Replace(tls.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		guard    remote.Guard
		endpoint string
		contains string
	}{
		{remote.Guard{AnyPort: true}, tls.URL, "local mode only"},
		{remote.Guard{AnyPort: true}, byName, "local mode only"},
		{remote.Guard{}, byName, "port"},
		{remote.Guard{AnyPort: true}, plain.URL, "local mode only"},
		{remote.Guard{Loopback: true}, "http://example.com/", "plain http"},
		{remote.Guard{Loopback: true}, "https://8.8.8.8:8443/", "port 8443"},
	} {
		transport := c.guard.Transport()
		_, err := remote.Reader{Transport: transport}.Read(t.Context(), c.endpoint+"?k=hush")
		wantError(t, err, remote.KindAddress, c.contains)
		transport.CloseIdleConnections()
	}
	if reached {
		t.Error("a refused server was reached")
	}
}

func TestLoopbackIsReachedInLocalMode(t *testing.T) {
	server := httptest.NewTLSServer(lists(definition("a")))
	defer server.Close()
	plain := serve(t, lists(definition("a")))
	transport := remote.Guard{Loopback: true}.Transport()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	defer transport.CloseIdleConnections()
	r := remote.Reader{Transport: transport, ProtocolVersion: gatewayVersion}
	for _, endpoint := range []string{server.URL, plain, strings.Replace(plain, "127.0.0.1", "localhost", 1)} {
		if list, err := r.Read(t.Context(), endpoint); err != nil || len(list.Tools) != 1 {
			t.Errorf("%s: %v, %v", endpoint, list, err)
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(lists())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake fails on purpose
	server.StartTLS()
	defer server.Close()
	_, err := localReader(t).Read(t.Context(), server.URL)
	wantError(t, err, remote.KindConnect, "certificate")
}

func TestTransportIgnoresProxies(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	transport := remote.Guard{}.Transport()
	defer transport.CloseIdleConnections()
	if transport.Proxy != nil {
		t.Error("the transport has a proxy")
	}
	_, err := remote.Reader{Transport: transport}.Read(t.Context(), "https://192.168.1.1/")
	wantError(t, err, remote.KindAddress, "special address")
}

package remote

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"agentcore-gateway-mcp/loopback"
	"agentcore-gateway-mcp/untrusted"
)

// Guard decides which addresses a connection to an MCP endpoint may reach. No
// private, link-local, metadata, shared (CGNAT), translated (NAT64, 6to4) or
// otherwise special address ever: [ssrf] decides on the resolved address at
// dial time, so a DNS name cannot point elsewhere after the check. Plain http
// and proxies from the environment are never used.
type Guard struct {
	AnyPort  bool // any https port; else 443 alone
	Loopback bool // local mode: loopback over http or https, at any port, as well
}

// refusal is the guard's no.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// CheckEndpoint is the check before any dial: an absolute https URL with a host,
// without userinfo and fragment, on an allowed port and, where its host is a
// literal address, an allowed address. In local mode plain http to localhost or
// a loopback address passes too. A name's addresses are checked by [Guard.Transport]
// when they are dialed. The error is an [*Error] of [KindAddress].
func (g Guard) CheckEndpoint(raw string) (*url.URL, error) {
	u, err := parseEndpoint(raw)
	if err == nil {
		err = g.check(u)
	}
	if err != nil {
		shown, _ := untrusted.Endpoint(raw)
		return nil, &Error{Kind: KindAddress, Endpoint: shown, Err: err}
	}
	return u, nil
}

func parseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, &refusal{"it is not an absolute URL with a host: give one like https://host/mcp"}
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, &refusal{fmt.Sprintf("its scheme is %q: give an https URL", untrusted.Text(u.Scheme, 20))}
	case u.User != nil:
		return nil, &refusal{"it carries a user name or password: leave them out and configure a credential provider instead"}
	case strings.Contains(raw, "#"):
		return nil, &refusal{"it carries a fragment, which is never sent: leave out everything from the #"}
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, &refusal{"its port is not between 1 and 65535"}
		}
	}
	return u, nil
}

func (g Guard) check(u *url.URL) error {
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	literal := err == nil
	local := loopback.Name(host)

	switch {
	case loopback.Host(host) && g.Loopback:
		return nil
	case local:
		return refuseAddress(host)
	case u.Scheme != "https":
		return &refusal{"plain http would show the tools and the credentials to everyone on the way: give an https URL"}
	case !g.AnyPort && u.Port() != "" && u.Port() != "443":
		return refusePort(u.Port())
	case literal && g.guardian().SafeAddr(addr) != nil:
		return refuseAddress(host)
	case !literal && endsInNumber(host):
		return &refusal{"its host looks like an address but is not one in the usual form: give a DNS name or a full address"}
	}
	return nil
}

// endsInNumber spots 127.1, 0x7f000001 and 2130706433, which some resolvers
// read as IPv4 addresses. No top-level domain is a number.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || last != "" && strings.Trim(last, "0123456789") == ""
}

func refuseAddress(address string) error {
	text := fmt.Sprintf("%s is a private, link-local or otherwise special address, and those are never connected to: give a publicly reachable endpoint", address)
	if loopback.Name(address) {
		text = fmt.Sprintf("%s is this machine itself, which is reachable in local mode only: give a publicly reachable endpoint", address)
	}
	return &refusal{text}
}

// refuseResolved refuses what a host name leads to. It names no address: which
// ones a name has inside a network is not for everybody.
func refuseResolved(addr netip.Addr) error {
	if loopback.Addr(addr) {
		return &refusal{"its host leads to this machine itself, which is reachable in local mode only: give a publicly reachable endpoint"}
	}
	return &refusal{"its host name leads to a private, link-local or otherwise special address, and those are never connected to: give a publicly reachable endpoint"}
}

func refusePort(port string) error {
	return &refusal{fmt.Sprintf("port %s is not allowed for a new endpoint: give one on port 443", port)}
}

func (g Guard) guardian() *ssrf.Guardian {
	if g.AnyPort {
		return ssrf.New(ssrf.WithAnyPort())
	}
	return ssrf.New(ssrf.WithPorts(443))
}

// Transport is a new transport that connects only where the guard allows it:
// 5 s each to dial and for TLS, 30 s for the response header, 64 KiB of header,
// idle connections kept for 10 s, no proxy. Do not clone it: a clone loses the
// refusal of plain http. Close its idle connections when done.
func (g Guard) Transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second, Control: g.control()}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true, // a custom dialer turns HTTP/2 off otherwise
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        10 * time.Second,
	}
	// The dialer cannot see the scheme, so plain http is refused before it.
	t.RegisterProtocol("http", plainHTTP{g})
	return t
}

// control runs on every address that a name resolved to, before the connect.
func (g Guard) control() func(network, address string, _ syscall.RawConn) error {
	guardian := g.guardian()
	return func(network, address string, conn syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err == nil && g.Loopback && loopback.Addr(to.Addr()) {
			return nil
		}
		switch err := guardian.Safe(network, address, conn); {
		case err == nil:
			return nil
		case errors.Is(err, ssrf.ErrProhibitedPort):
			return refusePort(strconv.Itoa(int(to.Port())))
		default:
			return refuseResolved(to.Addr())
		}
	}
}

// plainHTTP stands before the http scheme of a guarded transport.
type plainHTTP struct{ guard Guard }

func (p plainHTTP) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.guard.check(req.URL); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	return nil, http.ErrSkipAltProtocol
}

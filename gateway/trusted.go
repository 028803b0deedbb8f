package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/loopback"
)

// TrustedEndpoints are origins to which any target's credentials may go.
type TrustedEndpoints []trusted

type trusted struct {
	origin
	below bool // every host below origin.host, instead of that host
}

func (t TrustedEndpoints) contain(o origin) bool {
	return slices.ContainsFunc(t, func(t trusted) bool {
		if t.scheme != o.scheme || t.port != o.port {
			return false
		}
		if t.below {
			return strings.HasSuffix(o.host, "."+t.host)
		}
		return o.host == t.host
	})
}

// ParseTrustedEndpoints reads entries such as "tools.example.com",
// "tools.example.com:8443" and "*.tools.example.com", which means every host
// below; on loopback "http://127.0.0.1:9000" too. Without a port it is 443. The
// error names the entry and says what to give instead: an entry below which
// strangers have hosts, or the data plane's host, which all accounts share,
// would trust everybody.
func ParseTrustedEndpoints(ctx context.Context, client *aws.Client, entries []string) (TrustedEndpoints, error) {
	var all TrustedEndpoints
	for _, entry := range entries {
		t, err := parseTrusted(entry)
		if err == nil {
			if shared, _ := client.DataPlane(ctx, &url.URL{Scheme: t.scheme, Host: net.JoinHostPort(t.host, t.port)}); shared {
				err = fmt.Errorf("it is the host of AgentCore's data plane, which all accounts share: runtimes of the gateway's own account need no entry")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("trusted endpoint %q is not accepted: %w", entry, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func parseTrusted(entry string) (t trusted, err error) {
	address := strings.ToLower(entry)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	scheme, host, _ := strings.Cut(address, "://")
	host, t.below = strings.CutPrefix(host, "*.")
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" || strings.Contains(host, "*") {
		return t, fmt.Errorf("give a host such as tools.example.com, tools.example.com:8443 or *.tools.example.com, without path")
	}
	o, ok := originOf(u)
	t.origin = o
	_, notAddress := netip.ParseAddr(o.host)
	switch {
	case !ok:
		return t, fmt.Errorf("give the host in ASCII (punycode), as it stands in the certificate")
	case o.scheme != "https" && !(o.scheme == "http" && loopback.Host(o.host)):
		return t, fmt.Errorf("credentials are sent over https only: leave the scheme out")
	case t.below && notAddress == nil:
		return t, fmt.Errorf("an address has no hosts below it")
	case t.below && shared(o.host):
		return t, fmt.Errorf("strangers have hosts below %s: name your own", o.host)
	}
	return t, nil
}

// sharedDomains are providers' domains below which customers get hosts of their
// own and of which the public suffix list has only some branches.
var sharedDomains = []string{
	"awsapprunner.com", "cloudfront.net", "windows.net", "azure.com", "azure.net", "cloudapp.net",
	"googleapis.com", "googleusercontent.com", "fastly.net", "akamaized.net",
}

// awsDomains are AWS's own (aws holds on.aws and api.aws): no branch of them is a
// customer's.
var awsDomains = []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "amazonwebservices.com.cn", "amazonwebservices.eu", "aws"}

// shared reports whether strangers can have hosts below domain.
func shared(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain || slices.Contains(sharedDomains, domain) ||
		slices.ContainsFunc(awsDomains, func(of string) bool { return domain == of || strings.HasSuffix(domain, "."+of) })
}

package emulator

import (
	"mime"
	"net/http"
	"net/url"
	"slices"

	"agentcore-gateway-mcp/loopback"
)

// crossSite reports whether another site's page has made a request, other than by a
// link that somebody follows. http.CrossOriginProtection lets those pass that change
// nothing, and whose answers pages may not read; a runtime's process may let them.
func crossSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !loopback.Name(u.Hostname())
}

// hostOf is the host that a request names, without its port.
func hostOf(r *http.Request) string { return (&url.URL{Host: r.Host}).Hostname() }

// hasAWSContentType reports whether a request has a content type that AWS's SDKs
// send. A page's form sends another one, and none is sent with a request that has
// no body.
func hasAWSContentType(r *http.Request) bool {
	sent := r.Header.Values("Content-Type")
	if len(sent) == 0 {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(sent[0])
	return err == nil && len(sent) == 1 && slices.Contains([]string{"application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1"}, mediaType)
}

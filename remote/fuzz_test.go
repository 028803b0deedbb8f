package remote_test

import (
	"net/url"
	"strings"
	"testing"

	"agentcore-gateway-mcp/remote"
)

// A refusal names the endpoint without what is secret in it.
func FuzzCheckEndpoint(f *testing.F) {
	f.Add("key", "/x")
	f.Add("b", "#f")
	f.Fuzz(func(t *testing.T, key, after string) {
		const secret = "hush0hush"
		raw := "https://user:" + secret + "@h/mcp?" + url.QueryEscape(key) + "k=" + secret + "&" + secret + "&" + after
		_, err := remote.Guard{}.CheckEndpoint(raw)
		if err == nil || strings.Contains(err.Error(), secret) && !strings.Contains(key+after, secret) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

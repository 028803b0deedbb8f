package untrusted_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"agentcore-gateway-mcp/untrusted"
)

func TestRedactEndpoint(t *testing.T) {
	for raw, want := range map[string]string{
		"https://h/mcp":                     "https://h/mcp",
		"https://h/a%2Fb?qualifier=DEFAULT": "https://h/a%2Fb?qualifier=DEFAULT",
		"http://127.0.0.1:8000/mcp":         "http://127.0.0.1:8000/mcp",
		"https://h/a%2Fb?key=hush":          "https://h/a%2Fb?key=***",
		"https://h/?qualifier=v1&key=hush":  "https://h/?qualifier=***&key=***",
		"https://h/?qualifier=v1;key=hush":  "https://h/?qualifier=***&key=***",
		"https://h/?hush":                   "https://h/?***",
		"https://h/?hush==":                 "https://h/?***",
		"https://h/?=hush":                  "https://h/?***",
		"https://h/?a=%zz&b=1=2":            "https://h/?a=***&b=***",
		"https://u:hush@h/mcp?qualifier=a":  "https://***@h/mcp?qualifier=a",
		"https://hush@h/mcp":                "https://***@h/mcp",
		"https://h/mcp#hush":                "https://h/mcp",
		"https://h/mcp#":                    "https://h/mcp",
		"https://[::1]:8/mcp?a=hush#b":      "https://[::1]:8/mcp?a=***",
		"https://p/https://u:hush@h/x":      "https://p/https://***@h/x",
		"https://p/a/http://h/?k=hush#hush": "https://p/a/http://h/?k=***",
		"https://u:hush@p/x/http://h:8/y":   "https://***@p/x/http://h:8/y",
		"https://p/ftp://hush@h/https://h/": "https://p/ftp://***@h/https://h/",
		"https://p/https://h/":              "https://p/https://h/",
		"https://p/?to=https://u:hush@h/":   "https://p/?to=***",
		"https://https://u:hush@h/":         "(not a URL)https://***@h/",
		"https://p/://h":                    "https://p/://h",
		"mailto:hush@h":                     "(not a URL)",
		"https://h:port/?hush":              "(not a URL)",
		"hush":                              "(not a URL)",
		"":                                  "(not a URL)",
	} {
		shown, masked := untrusted.Endpoint(raw)
		if shown != want || masked != (shown != raw) {
			t.Errorf("%q is shown as %q (masked %t), want %q", raw, shown, masked, want)
		}
	}
}

func TestRedactedEndpointStaysAURL(t *testing.T) {
	shown, _ := untrusted.Endpoint("https://u:p@h:8/x?a+b=c&d%26=e")
	u, err := url.Parse(shown)
	if err != nil || u.Host != "h:8" || u.Query().Get("a b") != "***" || u.Query().Get("d&") != "***" {
		t.Errorf("%q: %v", shown, err)
	}
}

func FuzzRedactEndpoint(f *testing.F) {
	f.Add("https://h/mcp?", "key", "/x")
	f.Add("https://h/mcp?qualifier=a;", "b", "#f")
	f.Fuzz(func(t *testing.T, before, key, after string) {
		const secret = "hush0hush"
		shown, _ := untrusted.Endpoint(before)
		if !utf8.ValidString(shown) && utf8.ValidString(before) {
			t.Errorf("%q is shown as %q", before, shown)
		}
		raw := "https://user:" + secret + "@h/mcp?" + url.QueryEscape(key) + "k=" + secret + "&" + secret + "&" + after
		if shown, _ := untrusted.Endpoint(raw); strings.Contains(shown, secret) && !strings.Contains(key+after, secret) {
			t.Errorf("%q is shown as %q", raw, shown)
		}
	})
}

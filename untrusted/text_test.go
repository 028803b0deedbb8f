package untrusted_test

import (
	"net/url"
	"strings"
	"testing"

	"agentcore-gateway-mcp/untrusted"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                      "plain",
		"  a \n\t b\r\n":             "a b",
		"a\x1b]52;c;aGk=\x07b":       "a<U+001B>]52;c;aGk=<U+0007>b",
		"a\u202eb\u2066c\u200bd\x00": "a<U+202E>b<U+2066>c<U+200B>d<U+0000>",
		"bad\xff\xfe":                "bad<0xFF><0xFE>",
		"forged <U+202E> <0xFF> <b>": "forged <U+003C>U+202E> <U+003C>0xFF> <b>",
		"注文を取り消す　全角":                 "注文を取り消す　全角",
		"café ❤️ 👨‍👩‍👧 👍🏽 e\u0301": "café ❤️ 👨‍👩‍👧 👍🏽 e\u0301",
		"a\u200db":                             "a<U+200D>b",
		"x\ufe0f\ufe0f":                        "x\ufe0f<U+FE0F>",
		"see https://u:p@h/x?k=v#f, or":        "see https://***@h/x?k=***, or",
		"https://h/x?k=***&l=*** twice":        "https://h/x?k=***&l=*** twice",
		"see s3://u:p@b/k?x=y":                 "see s3://***@b/k",
		"https://h/x?qualifier=DEFAULT":        "https://h/x?qualifier=DEFAULT",
		"\u0085a\u2028b\U000e0041\ufffd\uffff": "<U+0085>a<U+2028>b<U+E0041>\ufffd<U+FFFF>",
	} {
		if got := untrusted.Text(in, 100); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := untrusted.Text("日本語 text", 5); got != "日本語 t…" {
		t.Errorf("got %q", got)
	}
	if got := untrusted.Text("日本語", 3); got != "日本語" {
		t.Errorf("got %q", got)
	}
	if got := untrusted.Quote(`say "hi" \ `+"\x1b", 100); got != `"say \"hi\" \\ <U+001B>"` {
		t.Errorf("got %s", got)
	}
	if got := untrusted.Within(`a"b`, 2); got != `a\"…` {
		t.Errorf("got %s", got)
	}
}

// A URL whose end is out of sight shows nothing of what may be a password.
func TestTextOfALongURL(t *testing.T) {
	long := "https://user:" + strings.Repeat("p", 10_000) + "@h/x"
	if got := untrusted.Text("see "+long, 100); got != "see https://…" {
		t.Errorf("got %q", got)
	}
	if got := untrusted.Text("see "+long, 20_000); got != "see https://***@h/x" {
		t.Errorf("got %q", got)
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		"getOrder": "getOrder", `a "b" \c`: `a "b" \c`, "a\nb\tc": "a<U+000A>b<U+0009>c", "注文": "注文",
		"a<b": "a<b", "a<U+000A>b": "a<U+003C>U+000A>b", strings.Repeat("é", 256): strings.Repeat("é", 256),
	} {
		if got := untrusted.Name(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	long := untrusted.Name(strings.Repeat("x", 257))
	if !strings.HasPrefix(long, strings.Repeat("x", 160)+"…(257 characters, sha256 ") || len(long) > 220 {
		t.Errorf("got %q", long)
	}
	if other := untrusted.Name(strings.Repeat("x", 256) + "y"); other == long {
		t.Error("two names became one")
	}
}

func TestEscapeKeepsLines(t *testing.T) {
	for in, want := range map[string]string{"a\n\tb": "a\n\tb", "a\r\x1b": "a<U+000D><U+001B>", "<b>": "<b>", "  two  ": "  two  "} {
		if got := untrusted.Escape(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for raw, c := range map[string]struct {
		want   string
		masked bool
	}{
		"https://h/x":                       {"https://h/x", false},
		"https://h/x?qualifier=a&k=v":       {"https://h/x?qualifier=***&k=***", true},
		"https://h/x?qualifier=a;k=v":       {"https://h/x?qualifier=***&k=***", true},
		"https://h/x?c2VjcmV0==":            {"https://h/x?***", true},
		"https://u:p@h/x?qualifier=DEFAULT": {"https://***@h/x?qualifier=DEFAULT", true},
		"ftp://h/x":                         {"(not a URL)", true},
		"x":                                 {"(not a URL)", true},
	} {
		if got, masked := untrusted.Endpoint(raw); got != c.want || masked != c.masked {
			t.Errorf("%s: got %s, %v", raw, got, masked)
		}
	}
}

// Tokens that somebody else sent are known by their form.
func TestTokensAreHidden(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	for in, want := range map[string]string{
		"t0_" + token: "t0_***", "Bearer " + token + ", and " + token + "!": "Bearer ***, and ***!", "eyJhbGciOiJSUzI1NiJ9": "eyJhbGciOiJSUzI1NiJ9",
		"eyJ.x": "eyJ.x", "eyJ eyJ": "eyJ eyJ", token[:25]: "***", "heyJude.": "heyJude.",
	} {
		if got := untrusted.Text(in, 200); got != want || untrusted.Name(in) != want || untrusted.Within(in, 200) != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestQuerySecrets(t *testing.T) {
	for raw, want := range map[string]string{
		"https://h/x": "", "https://h/x?qualifier=DEFAULT": "", "https://h/x?a=1%2B2&b=3;c=4&qualifier=q": "1+2 3 4 q", "https://h/x?YmFzZTY0==": "YmFzZTY0",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(untrusted.QuerySecrets(u), " "); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

func BenchmarkTextOf20MB(b *testing.B) {
	text := strings.Repeat("x\x1b", 10<<20)
	for b.Loop() {
		untrusted.Text(text, 300)
	}
}

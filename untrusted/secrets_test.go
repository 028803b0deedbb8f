package untrusted_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"agentcore-gateway-mcp/untrusted"
)

// spellings are forms in which somebody may echo a secret.
func spellings(secret string) []string {
	inJSON, _ := json.Marshal(secret)
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), string(inJSON[1 : len(inJSON)-1]),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		all = append(all, e.EncodeToString([]byte(secret)))
	}
	return all
}

func TestMask(t *testing.T) {
	const secret = `t0k&n"<with>/odd+chars=`
	var s untrusted.Secrets
	s.Add(secret)
	for _, text := range spellings(secret) {
		got := s.Mask("before " + text + " after")
		if middle := strings.TrimSuffix(strings.TrimPrefix(got, "before "), " after"); !strings.Contains(middle, "***") || len(middle) > 8 {
			t.Errorf("%s: got %s", text, got)
		}
	}
	if got := s.Mask(strings.ToLower(url.QueryEscape(secret))); got != "***" { // its letters are lower anyway
		t.Errorf("lower escapes: got %s", got)
	}
	for _, around := range []string{"u:%s", "us:%s", "user:%s\n", "%sxyz"} {
		encoded := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(around, secret)))
		if got := s.Mask(encoded); !strings.Contains(got, "***") || len(got) > 16 {
			t.Errorf("%s in base64: %s", around, got)
		}
	}
	// The beginning of a secret that was cut.
	for n, masked := range map[int]bool{11: false, 12: true, 15: true} {
		if got := s.Mask("x" + secret[:n]); strings.HasSuffix(got, "***") != masked || masked && got != "x***" {
			t.Errorf("%d characters: got %s", n, got)
		}
	}
	if got := s.Mask(secret + secret + "-" + secret); got != "******-***" {
		t.Errorf("got %s", got)
	}
	if got := s.Mask("nothing to see"); got != "nothing to see" {
		t.Errorf("got %s", got)
	}
}

// Pieces of a token, and tokens that are taken apart, are seen too.
func TestMaskPieces(t *testing.T) {
	var token strings.Builder
	for i := range 100 {
		fmt.Fprintf(&token, "%08x", (i+1)*2654435761)
	}
	secret := "eyJ" + token.String() + "." + strings.ToUpper(token.String()[8:400])
	var s untrusted.Secrets
	s.Add(secret)
	for from := range 40 {
		if got := s.Mask("x " + secret[from:from+25] + " y"); !strings.Contains(got, "***") || len(got) > 20 {
			t.Errorf("25 characters from %d: %s", from, got)
		}
	}
	for _, slice := range []string{secret[:270], secret[270:540], secret[540:], secret[20:], strings.Split(secret, ".")[1]} {
		if got := s.Mask("d " + slice); got != "d ***" {
			t.Errorf("a slice: %s", got)
		}
	}
	if got := s.Mask("my " + secret[:40] + "OTHERTOKEN.z_-9, so"); got != "my ***, so" {
		t.Errorf("another token with the same beginning: %s", got)
	}
	var everything, twice, dots strings.Builder
	for _, c := range []byte(secret) {
		fmt.Fprintf(&everything, "%%%02x", c)
		fmt.Fprintf(&twice, "%%25%02X", c)
	}
	dots.WriteString(strings.ReplaceAll(secret, ".", "%2E"))
	for _, text := range []string{everything.String(), twice.String(), dots.String()} {
		if got := s.Mask("a " + text + "%20b"); !strings.HasPrefix(got, "a ***") || !strings.HasSuffix(got, "***%20b") || len(got) > 20 {
			t.Errorf("escaped: %.100s", got)
		}
	}
	for _, between := range []string{" ", "\n", "\u200b", "\t\r\n"} {
		split := secret[:9] + between + secret[9:50] + between + secret[50:]
		if got := s.MaskSplit("a " + split + " b"); !strings.HasSuffix(got, "*** b") || len(got) > 40 {
			t.Errorf("split by %q: %.100s", between, got)
		}
	}
	const plain = "an ordinary text, 100% of it, with nothing to hide\xff"
	if got := s.MaskSplit(plain); got != plain {
		t.Errorf("got %s", got)
	}
}

func TestMaskShortSecrets(t *testing.T) {
	var s untrusted.Secrets
	s.Add("abc")
	s.Add("pa55")
	s.Add("exactly8")
	s.Add("fifteen-letters")
	for in, want := range map[string]string{
		"abc": "abc", "my pa55word": "my ***word", "exactly8!": "***!", "exactly": "exactly",
		"fifteen-letters": "***", "fifteen-letter": "fifteen-letter",
	} {
		if got := s.Mask(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	var none *untrusted.Secrets
	none.Add("some secret")
	if none.Mask("some secret") != "some secret" || string(none.MaskJSON([]byte(`{}`))) != `{}` {
		t.Error("a nil one does something")
	}
}

func TestSecretsAreForgotten(t *testing.T) {
	var s untrusted.Secrets
	for i := range 129 {
		s.Add(fmt.Sprintf("secret-%04d", i))
	}
	s.Add("pa55")
	s.Add("secret-0002") // again: it is the newest now
	s.Add("secret-x")
	for text, masked := range map[string]bool{"secret-0000": false, "secret-0001": false, "secret-0002": true, "secret-0003": false, "secret-0128": true, "pa55": true} {
		if got := s.Mask(text); (got == "***") != masked {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

func TestMaskJSON(t *testing.T) {
	var s untrusted.Secrets
	s.Add("n1234567")
	s.Add("99887766")
	for in, want := range map[string]string{
		`{"a":1e400,"b":9007199254740993}`:     `{"a":1e400,"b":9007199254740993}`,
		`{"a":"x\n1234567","b":[1.50]}`:        `{"a":"x\n1234567","b":[1.50]}`,
		`{"a":"n1234567","n":1e400}`:           `{"a":"***","n":1e400}`,
		`["\u006e1234567"]`:                    `["***"]`,
		`{"n1234567":1,"x":{"n1234567":[]}}`:   `{"***":1,"x":{"***":[]}}`,
		`{"n1234567":1,"n1234567 ":2,"***":3}`: `{"*** (2)":1,"*** ":2,"***":3}`,
		`{"a":99887766}`:                       `{"a":"***"}`,
		`not JSON n1234567`:                    `not JSON ***`,
	} {
		if got := string(s.MaskJSON([]byte(in))); got != want && !jsonEqual(got, want) {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := string(s.Clean([]byte("{\"a\":\"\u202e n1234567\"}"))); got != "{\"a\":\"\\u003cU+202E\\u003e ***\"}" {
		t.Errorf("got %s", got)
	}
}

func jsonEqual(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

func TestMaskingWriter(t *testing.T) {
	var s untrusted.Secrets
	var out bytes.Buffer
	s.Add("hush-hush")
	if n, err := s.Writer(&out).Write([]byte("a hush-hush line\n")); n != 17 || err != nil || out.String() != "a *** line\n" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}

func FuzzMask(f *testing.F) {
	f.Add("hush-hush-hush", "a ", " b")
	f.Add(`q"uo\te`, `{"`, `"}`)
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		var s untrusted.Secrets
		s.Add(secret)
		if len(secret) < 4 || strings.Contains("***", secret) {
			return
		}
		for _, text := range spellings(secret) {
			if len(text) >= 8 && strings.Contains(s.Mask(before+text+after), text) {
				t.Errorf("%q comes through as %q", secret, text)
			}
		}
		document, _ := json.Marshal(map[string]any{before: secret, secret: after})
		if masked := s.MaskJSON(document); !json.Valid(masked) {
			t.Errorf("%s became %s", document, masked)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	var s untrusted.Secrets
	for i := range 128 {
		s.Add(fmt.Sprintf("eyJhbGciOiJSUzI1NiIs%d.%040d", i, i))
	}
	text := strings.Repeat("an ordinary text with nothing to hide, ", 64<<10/39)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Mask(text)
	}
}

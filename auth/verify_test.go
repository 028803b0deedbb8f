package auth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"agentcore-gateway-mcp/auth"
)

func TestVerifyTellsWhoCalls(t *testing.T) {
	i := newIssuer(t)
	v := newVerifier(t, i.config())
	if n := i.discoveryHits.Load(); n != 0 {
		t.Fatalf("the constructor fetched %d documents", n)
	}
	for _, tc := range []struct {
		name   string
		header jwk
		claims jwk
		want   auth.Principal
	}{
		{"RFC 9068", i.header(), i.claims(), auth.Principal{Subject: "somebody", ClientID: "agent", Scopes: []string{"tools/read", "tools/write"}}},
		{"no typ", with(i.header(), "typ", nil), i.claims(), auth.Principal{Subject: "somebody", ClientID: "agent", Scopes: []string{"tools/read", "tools/write"}}},
		{"typ JWT, x5t ignored", with(i.header(), "typ", "JWT", "x5t", "abc"), i.claims(), auth.Principal{Subject: "somebody", ClientID: "agent", Scopes: []string{"tools/read", "tools/write"}}},
		{"token_use access", i.header(), with(i.claims(), "token_use", "access"), auth.Principal{Subject: "somebody", ClientID: "agent", Scopes: []string{"tools/read", "tools/write"}}},
		{"Okta", i.header(), with(i.claims(), "client_id", nil, "cid", "okta", "scope", nil, "scp", []string{"a", "b"}), auth.Principal{Subject: "somebody", ClientID: "okta", Scopes: []string{"a", "b"}}},
		{"Entra", i.header(), with(i.claims(), "client_id", nil, "azp", "entra", "scope", nil, "scp", "a b"), auth.Principal{Subject: "somebody", ClientID: "entra", Scopes: []string{"a", "b"}}},
		{"no scope, no subject, audiences", i.header(), with(i.claims(), "scope", nil, "sub", nil, "aud", []string{"x", audience}), auth.Principal{ClientID: "agent", Scopes: []string{}}},
	} {
		p, err := v.Verify(t.Context(), sign(tc.header, tc.claims, rsaKey()))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		tc.want.Issuer, tc.want.Expiry = i.URL, i.clock.Now().Add(time.Hour)
		if !p.Expiry.Equal(tc.want.Expiry) {
			t.Errorf("%s: expires %s", tc.name, p.Expiry)
		}
		p.Expiry = tc.want.Expiry
		if !reflect.DeepEqual(*p, tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.name, *p, tc.want)
		}
		if len(p.Scopes) > 0 && !p.HasScope(p.Scopes[0]) || p.HasScope("other") || p.HasScope("") {
			t.Errorf("%s: HasScope", tc.name)
		}
	}
	if n := i.keyHits.Load(); n != 1 {
		t.Errorf("%d fetches of the key set", n)
	}
}

func TestRefusedTokens(t *testing.T) {
	i, foreign := newIssuer(t), newIssuer(t)
	foreign.keys.Store([]jwk{publicJWK("foreign", &otherKey().PublicKey)})
	log := &logs{}
	cfg := i.config()
	cfg.Log, cfg.AllowedClients, cfg.AllowedScopes = log.logger(), []string{"agent", "other"}, []string{"tools/read"}
	cfg.CustomClaims = must(auth.ParseCustomClaims([]byte(`[{"inboundTokenClaimName":"department","inboundTokenClaimValueType":"STRING","authorizingClaimMatchValue":{"claimMatchOperator":"EQUALS","claimMatchValue":{"matchValueString":"engineering"}}}]`)))
	resource := auth.Resource{URL: "https://mcp.example.com/mcp", Scopes: []string{"tools/read"}}
	server := httptest.NewServer(newVerifier(t, cfg).Protect(resource, func(w http.ResponseWriter, _ *http.Request, p *auth.Principal) {
		fmt.Fprint(w, p.Subject)
	}))
	t.Cleanup(server.Close)

	header, claims := i.header(), with(i.claims(), "department", "engineering")
	good := sign(header, claims, rsaKey())
	now := i.clock.Now().Unix()
	parts := strings.Split(good, ".")
	head := func(pairs ...any) string { return sign(with(header, pairs...), claims, rsaKey()) }
	claim := func(pairs ...any) string { return sign(header, with(claims, pairs...), rsaKey()) }
	publicDER := must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	rawClaims := func(extra string) string {
		return sign(header, fmt.Sprintf(`{%s"iss":%q,"aud":%q,"client_id":"agent","scope":"tools/read","department":"engineering","exp":%d}`, extra, i.URL, audience, now+60), rsaKey())
	}
	rawHeader := func(raw string) string { return sign(raw, claims, rsaKey()) }
	if status, _, body := ask(t, server.URL, "Bearer "+good); status != http.StatusOK || body != "somebody" {
		t.Fatalf("a good token: %d %s", status, body)
	}
	if status, _, _ := ask(t, server.URL, "bearer "+rawClaims("")); status != http.StatusOK {
		t.Fatalf("the raw template's token: %d", status)
	}

	bodies, seen := map[string]bool{}, map[string]bool{}
	for _, tc := range []struct{ name, token, cause string }{
		// Whose it is, and for whom.
		{"wrong issuer", claim("iss", foreign.URL), "is not the issuer"},
		{"no issuer", claim("iss", nil), "is not the issuer"},
		{"issuer with a slash", claim("iss", i.URL+"/"), "not exactly the issuer"},
		{"issuer is a list", claim("iss", []string{i.URL}), "is not the issuer"},
		{"wrong audience", claim("aud", "https://other.example.com"), "allowed audiences"},
		{"no audience", claim("aud", nil), "allowed audiences"},
		{"audience of a wrong type", claim("aud", []any{audience, nil}), "aud is not an array"},
		{"wrong client", claim("client_id", "stranger"), "allowed clients"},
		{"client in azp", claim("client_id", nil, "azp", "agent"), "client_id alone"},
		{"client in azp beside client_id", claim("client_id", "stranger", "azp", "agent"), "allowed clients"},
		{"wrong scope", claim("scope", "tools/write"), "allowed scopes"},
		{"scope as a prefix", claim("scope", "tools/readall tools/rea"), "allowed scopes"},
		{"scope beats scp", claim("scope", "x", "scp", "tools/read"), "allowed scopes"},
		{"no scope", claim("scope", nil), "allowed scopes"},
		{"scope of a wrong type", claim("scope", 7), "scope is not an array"},
		{"custom claim of another value", claim("department", "sales"), "custom claim department does not match"},
		{"custom claim missing", claim("department", nil), "custom claim department does not match"},
		{"custom claim of another type", claim("department", []string{"engineering"}), "department is not a string"},
		{"subject of a wrong type", claim("sub", 7), "sub is not a string"},
		// When.
		{"expired", claim("exp", now-31), "expired"},
		{"expired at the skew's end", claim("exp", now-30), "expired"},
		{"no expiry", claim("exp", nil), "exp claim is required"},
		{"expiry as a string", claim("exp", fmt.Sprint(now+60)), "exp is not a number"},
		{"nbf null", rawClaims(`"nbf":null,`), "nbf is not a number"},
		{"expiry in no calendar", claim("exp", 1e300), "exp is not a number"},
		{"expiry beyond floats", sign(header, `{"iss":"`+i.URL+`","exp":1e999}`, rsaKey()), "exp is not a number"},
		{"negative expiry", claim("exp", -1), "exp is not a number"},
		{"not yet valid", claim("nbf", now+31), "not valid yet"},
		{"issued in the future", claim("iat", now+31), "used before issued"},
		// Signature and algorithm.
		{"alg none, no signature", b64([]byte(`{"alg":"none","kid":"k1"}`)) + "." + parts[1] + ".", "header, payload and signature"},
		{"alg none with one", b64([]byte(`{"alg":"none","kid":"k1"}`)) + "." + parts[1] + "." + parts[2], "not among the accepted"},
		{"alg NONE", rawHeader(`{"alg":"NONE","kid":"k1"}`), "not among the accepted"},
		{"no alg", rawHeader(`{"kid":"k1"}`), "not among the accepted"},
		{"alg in capitals", rawHeader(`{"ALG":"RS256","kid":"k1"}`), "not among the accepted"},
		{"HS256 with the public key (PEM)", sign(with(header, "alg", "HS256"), claims, publicPEM), "not among the accepted"},
		{"HS256 with the public key (DER)", sign(with(header, "alg", "HS256"), claims, publicDER), "not among the accepted"},
		{"HS256 with the modulus", sign(with(header, "alg", "HS256"), claims, rsaKey().N.Bytes()), "not among the accepted"},
		{"algorithm not asked for", sign(with(header, "alg", "RS512"), claims, rsaKey()), "not among the accepted"},
		{"algorithm of another key type", sign(with(header, "alg", "ES256"), claims, ecKey()), "not that of its key"},
		{"another key under our kid", sign(header, claims, otherKey()), "signature is invalid"},
		{"stripped signature", parts[0] + "." + parts[1] + ".", "header, payload and signature"},
		{"signature left out", parts[0] + "." + parts[1], "header, payload and signature"},
		{"signature cut", good[:len(good)-2], "signature is invalid"},
		{"signature's spare bits", good[:len(good)-1] + spare(good[len(good)-1]), "could not base64 decode signature"},
		{"tampered payload", parts[0] + "." + b64([]byte(strings.Replace(string(must(jwt.NewParser().DecodeSegment(parts[1]))), "somebody", "somebodz", 1))) + "." + parts[2], "signature is invalid"},
		{"tampered header", b64([]byte(`{"alg":"RS256","kid":"k1","x":1}`)) + "." + parts[1] + "." + parts[2], "signature is invalid"},
		// Which key.
		{"unknown kid", head("kid", "k2"), "no key that can be used of that kid"},
		{"no kid", head("kid", nil), "no kid"},
		{"empty kid", head("kid", ""), "no kid"},
		{"kid of a wrong type", head("kid", 1), "kid is not a string"},
		{"kid too long", head("kid", strings.Repeat("k", 257)), "no kid"},
		{"kid of another issuer", sign(with(header, "kid", "foreign"), claims, otherKey()), "no key that can be used of that kid"},
		{"embedded jwk", sign(with(header, "jwk", publicJWK("k1", &otherKey().PublicKey)), claims, otherKey()), "has jwk"},
		{"jku", head("jku", foreign.URL+"/keys"), "has jku"},
		{"x5u", head("x5u", foreign.URL), "has x5u"},
		{"x5c", head("x5c", []string{"MII"}), "has x5c"},
		{"crit", head("crit", []string{"exp"}), "has crit"},
		{"b64", head("b64", true), "has b64"},
		// Form.
		{"header too long", head("x", strings.Repeat("x", 3100)), "header is longer"},
		{"token too long", claim("x", strings.Repeat("x", 13000)), "longer than 16384 bytes"},
		{"header not an object", rawHeader(`["alg"]`), "not a JSON object"},
		{"header with something after it", rawHeader(`{"alg":"RS256","kid":"k1"} {}`), "something follows"},
		{"alg twice", rawHeader(`{"alg":"none","alg":"RS256","kid":"k1"}`), `member \"alg\" occurs twice`},
		{"kid twice by escapes", rawHeader(`{"alg":"RS256","kid":"k1","\u006bid":"k1"}`), "occurs twice"},
		{"claim twice", rawClaims(`"exp":9999999999,`), `member \"exp\" occurs twice`},
		{"claim twice further down", rawClaims(`"act":{"sub":"a","sub":"b"},`), `member \"sub\" occurs twice`},
		{"payload null", sign(header, `null`, rsaKey()), "is not the issuer"},
		{"payload a list", sign(header, `[]`, rsaKey()), "could not JSON decode claim"},
		{"payload not UTF-8", rawClaims("\"x\":\"\xff\","), "not UTF-8"},
		{"payload too deep", rawClaims(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + ","), "nested too deeply"},
		{"claims in capitals", sign(header, strings.ToUpper(fmt.Sprintf(`{"iss":%q}`, i.URL)), rsaKey()), "is not the issuer"},
		{"four parts", good + ".x", "header, payload and signature"},
		{"five parts, encrypted", good + ".x.y", "header, payload and signature"},
		{"padding", good + "=", "neither base64url nor a dot"},
		{"inner space", strings.Replace(good, ".", ". ", 1), "neither base64url nor a dot"},
		{"comma", good + "," + good, "neither base64url nor a dot"},
		{"JSON serialization", `{"payload":"x"}`, "neither base64url nor a dot"},
		{"empty", "", "header, payload and signature"},
		// What it says of itself.
		{"Cognito's id token", claim("token_use", "id"), `token_use is \"id\"`},
		{"token_use of another kind", claim("token_use", "refresh"), `token_use is \"refresh\"`},
		{"token_use empty", claim("token_use", ""), `token_use is \"\"`},
		{"token_use of a wrong type", claim("token_use", []any{}), "token_use"},
		{"id token with nonce", claim("nonce", "n"), "claim nonce"},
		{"id token with at_hash", claim("at_hash", "h"), "claim at_hash"},
		{"id token with c_hash", claim("c_hash", "h"), "claim c_hash"},
		{"logout token", claim("events", jwk{}), "claim events"},
		{"typ dpop+jwt", head("typ", "dpop+jwt"), "not that of an access token"},
		{"typ logout+jwt", head("typ", "logout+jwt"), "not that of an access token"},
		{"typ id_token+jwt", head("typ", "id_token+jwt"), "not that of an access token"},
		{"typ empty", head("typ", ""), "not that of an access token"},
		{"typ of a wrong type", head("typ", 1), "typ is not a string"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log.take()
			status, answer, body := ask(t, server.URL, "Bearer "+tc.token)
			bodies[body], seen[fmt.Sprint(answer)] = true, true
			said := log.take()
			if status != http.StatusUnauthorized || !strings.Contains(answer.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%d %v", status, answer)
			}
			if !strings.Contains(said, tc.cause) {
				t.Errorf("the log lacks the cause %q: %s", tc.cause, said)
			}
			if leaks(said, tc.token) || leaks(body+fmt.Sprint(answer), tc.token) {
				t.Errorf("the token is in log or answer: %s", said)
			}
		})
	}
	if len(bodies) != 1 || len(seen) != 1 {
		t.Errorf("the answers differ by cause: %v %v", bodies, seen)
	}
	if i.keyHits.Load() != 1 || foreign.keyHits.Load()+foreign.discoveryHits.Load() != 0 {
		t.Errorf("%d fetches of our keys, foreign issuer asked: %d", i.keyHits.Load(), foreign.keyHits.Load())
	}
}

// spare gives a base64url character that decodes alike but for the bits that an
// RSA-2048 signature's last character has to spare.
func spare(last byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, last)|1])
}

// ask sends a GET with the given Authorization headers. The answer's Date, which
// the clock decides, is dropped.
func ask(t *testing.T, url string, authorization ...string) (int, http.Header, string) {
	t.Helper()
	req := must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
	req.Header["Authorization"] = authorization
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := must(io.ReadAll(resp.Body))
	resp.Header.Del("Date")
	return resp.StatusCode, resp.Header, string(body)
}

func TestSkew(t *testing.T) {
	i := newIssuer(t)
	cfg := i.config()
	cfg.Skew = 2 * time.Second
	v := newVerifier(t, cfg)
	now := i.clock.Now().Unix()
	for _, tc := range []struct {
		claim string
		at    int64
		ok    bool
	}{{"exp", now - 1, true}, {"exp", now - 2, false}, {"nbf", now + 2, true}, {"nbf", now + 3, false}, {"iat", now + 2, true}, {"iat", now + 3, false}} {
		if _, err := v.Verify(t.Context(), sign(i.header(), with(i.claims(), tc.claim, tc.at), rsaKey())); (err == nil) != tc.ok {
			t.Errorf("%s at now%+d: %v", tc.claim, tc.at-now, err)
		}
	}
}

// The salt of a PSS signature has the length of its hash (RFC 7518, section 3.5).
func TestSaltOfPSS(t *testing.T) {
	i := newIssuer(t)
	cfg := i.config()
	cfg.Algorithms = []string{"PS256", "PS384", "PS512"}
	v := newVerifier(t, cfg)
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		for _, length := range []int{hash.Size(), 1, hash.Size() - 1, hash.Size() + 1, rsa.PSSSaltLengthAuto} {
			text := b64(must(json.Marshal(jwk{"alg": alg, "kid": "k1"}))) + "." + b64(must(json.Marshal(i.claims())))
			digest := hash.New()
			digest.Write([]byte(text))
			signature := must(rsa.SignPSS(rand.Reader, rsaKey(), hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: length}))
			if _, err := v.Verify(t.Context(), text+"."+b64(signature)); (err == nil) != (length == hash.Size()) {
				t.Errorf("%s with a salt of %d bytes: %v", alg, length, err)
			}
		}
	}
}

func TestEveryAlgorithm(t *testing.T) {
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	keys := map[string]crypto.PrivateKey{"RSA": rsaKey(), "P-256": ecKey(), "P-384": p384, "P-521": p521, "Ed25519": edKey}
	i := newIssuer(t, publicJWK("RSA", &rsaKey().PublicKey), publicJWK("P-256", &ecKey().PublicKey),
		publicJWK("P-384", &p384.PublicKey), publicJWK("P-521", &p521.PublicKey), publicJWK("Ed25519", edPublic),
		with(publicJWK("PS only", &rsaKey().PublicKey), "alg", "PS256"))
	cfg := i.config()
	cfg.Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	all, byDefault := newVerifier(t, cfg), newVerifier(t, i.config())
	fits := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
	for _, alg := range cfg.Algorithms {
		own := fits[alg]
		if own == "" {
			own = "RSA"
		}
		for kid := range keys {
			token := sign(jwk{"alg": alg, "kid": kid}, i.claims(), keys[own])
			if _, err := all.Verify(t.Context(), token); (err == nil) != (kid == own) {
				t.Errorf("%s under the kid of %s: %v", alg, kid, err)
			}
			if _, err := byDefault.Verify(t.Context(), token); (err == nil) != (kid == own && slices.Contains([]string{"RS256", "ES256"}, alg)) {
				t.Errorf("by default, %s under the kid of %s: %v", alg, kid, err)
			}
		}
		if own == "RSA" {
			_, err := all.Verify(t.Context(), sign(jwk{"alg": alg, "kid": "PS only"}, i.claims(), rsaKey()))
			if (err == nil) != (alg == "PS256") {
				t.Errorf("%s with a key for PS256: %v", alg, err)
			}
		}
	}
}

// Verify's errors are the bare sentinels: no wrapping that a caller could print.
func TestErrorsAreBare(t *testing.T) {
	i := newIssuer(t)
	v := newVerifier(t, i.config())
	if _, err := v.Verify(t.Context(), "x"); err != auth.ErrInvalidToken || errors.Unwrap(err) != nil {
		t.Errorf("%v", err)
	}
	i.Close()
	if _, err := v.Verify(t.Context(), i.token()); err != auth.ErrUnavailable || errors.Unwrap(err) != nil {
		t.Errorf("%v", err)
	}
}

func BenchmarkVerifyRS256(b *testing.B) {
	i := newIssuer(b)
	v, token := newVerifier(b, i.config()), i.token()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// A cold verification is the first of a process: both documents over HTTP.
func BenchmarkVerifyCold(b *testing.B) {
	i := newIssuer(b)
	token := i.token()
	for b.Loop() {
		if _, err := newVerifier(b, i.config()).Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuseGarbage(b *testing.B) {
	i := newIssuer(b)
	v, token := newVerifier(b, i.config()), string(bytes.Repeat([]byte("eyJ9"), 4000))
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != auth.ErrInvalidToken {
			b.Fatal(err)
		}
	}
}

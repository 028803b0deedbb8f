package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"agentcore-gateway-mcp/auth"
)

const fuzzIssuer = "https://issuer.example.com"

// documents is an issuer in memory.
func documents(discovery, keys []byte) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		body := keys
		if r.URL.Path == discoveryPath {
			body = discovery
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	})
}

func fuzzVerifier(t testing.TB, discovery, keys []byte) *auth.Verifier {
	return newVerifier(t, auth.Config{DiscoveryURL: fuzzIssuer + discoveryPath, AllowedClients: []string{"agent"}, Transport: documents(discovery, keys), Now: newClock().Now})
}

func fuzzDiscovery() []byte {
	return []byte(`{"issuer":"` + fuzzIssuer + `","jwks_uri":"https://keys.example.com/keys"}`)
}

func fuzzKeys() []byte {
	return must(json.Marshal(jwk{"keys": []jwk{publicJWK("k1", &rsaKey().PublicKey), publicJWK("e1", &ecKey().PublicKey)}}))
}

func fuzzClaims() jwk {
	return jwk{"iss": fuzzIssuer, "client_id": "agent", "exp": newClock().Now().Unix() + 3600}
}

// Nothing is accepted but what the issuer signed. (The signature itself may
// change: ECDSA has two for each.)
func FuzzVerify(f *testing.F) {
	good := sign(jwk{"alg": "RS256", "kid": "k1"}, fuzzClaims(), rsaKey())
	goodEC := sign(jwk{"alg": "ES256", "kid": "e1"}, fuzzClaims(), ecKey())
	v := fuzzVerifier(f, fuzzDiscovery(), fuzzKeys())
	for _, token := range []string{good, goodEC} {
		if _, err := v.Verify(f.Context(), token); err != nil {
			f.Fatal(err)
		}
		parts := strings.Split(token, ".")
		for _, seed := range []string{token, token + "\n", parts[0] + "\n." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + ".", b64([]byte(`{"alg":"none","kid":"k1"}`)) + "." + parts[1] + ".", "..", "", "a.b.c"} {
			f.Add(seed)
		}
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := v.Verify(t.Context(), token)
		signed := strings.HasPrefix(token, goodEC[:strings.LastIndex(goodEC, ".")]) || token == good
		if err == nil && !signed || err != nil && token == good || (p == nil) != (err != nil) || err != nil && err != auth.ErrInvalidToken {
			t.Errorf("%q: %+v, %v", token, p, err)
		}
	})
}

// No header and no payload makes a token good that another key signed, and a
// signed payload is accepted for what encoding/json, too, finds in it.
func FuzzSigned(f *testing.F) {
	v := fuzzVerifier(f, fuzzDiscovery(), fuzzKeys())
	f.Add([]byte(`{"alg":"RS256","kid":"k1"}`), must(json.Marshal(fuzzClaims())))
	f.Add([]byte(`{"alg":"RS256","kid":"k1","jwk":{}}`), []byte(`{"iss":"https://issuer.example.com","client_id":"agent","exp":1e9,"exp":9e9}`))
	f.Add([]byte(`{"alg":"RS256","kid":"k1","crit":["x"]}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, header, claims []byte) {
		text := b64(header) + "." + b64(claims)
		if _, err := v.Verify(t.Context(), text+"."+b64(must(jwt.SigningMethodRS256.Sign(text, otherKey())))); err == nil {
			t.Errorf("%s: a foreign signature was accepted", header)
		}
		p, err := v.Verify(t.Context(), text+"."+b64(must(jwt.SigningMethodRS256.Sign(text, rsaKey()))))
		if err != nil {
			return
		}
		var h map[string]any
		var c map[string]any
		if json.Unmarshal(header, &h) != nil || json.Unmarshal(claims, &c) != nil {
			t.Fatalf("%s %s: not JSON, but accepted", header, claims)
		}
		if h["alg"] != "RS256" || h["kid"] != "k1" || h["crit"] != nil || h["jwk"] != nil || c["iss"] != fuzzIssuer || c["client_id"] != "agent" || p.ClientID != "agent" || c["exp"].(float64) < float64(newClock().Now().Unix()-30) {
			t.Errorf("%s %s was accepted as %+v", header, claims, p)
		}
	})
}

// Whatever a key set holds: no panic, and no key in it that it does not show.
func FuzzKeySet(f *testing.F) {
	stranger := sign(jwk{"alg": "RS256", "kid": "k1"}, fuzzClaims(), otherKey())
	ours := sign(jwk{"alg": "RS256", "kid": "k1"}, fuzzClaims(), rsaKey())
	f.Add(fuzzKeys())
	for _, key := range []jwk{
		publicJWK("k1", &rsaKey().PublicKey), with(publicJWK("k1", &rsaKey().PublicKey), "use", "enc"),
		with(publicJWK("k1", &rsaKey().PublicKey), "key_ops", []string{"verify"}, "alg", "RS256"),
		with(publicJWK("k1", &rsaKey().PublicKey), "e", "AQ"), with(publicJWK("k1", &ecKey().PublicKey), "x", "AA"),
		{"kid": "k1", "kty": "OKP", "crv": "Ed25519", "x": b64(make([]byte, 32))}, {"kid": "k1", "kty": "oct", "k": "AA"},
	} {
		f.Add(must(json.Marshal(jwk{"keys": []jwk{key}})))
		f.Add(must(json.Marshal(jwk{"keys": []jwk{key, key}})))
	}
	f.Fuzz(func(t *testing.T, keys []byte) {
		v := fuzzVerifier(t, fuzzDiscovery(), keys)
		if _, err := v.Verify(t.Context(), stranger); err == nil {
			t.Errorf("%s: accepts a key that is not in it", keys)
		}
		if _, err := v.Verify(t.Context(), ours); err != nil {
			return
		}
		var set struct{ Keys []map[string]any }
		if json.Unmarshal(keys, &set) != nil {
			t.Fatalf("%s: not JSON, but used", keys)
		}
		named := 0
		for _, key := range set.Keys {
			if key["kid"] == "k1" {
				named++
				if key["kty"] != "RSA" || key["n"] == nil || key["d"] != nil || key["use"] != nil && key["use"] != "sig" {
					t.Errorf("%s: used", keys)
				}
				n := must(base64.RawURLEncoding.DecodeString(key["n"].(string)))
				if new(big.Int).SetBytes(n).Cmp(rsaKey().N) != 0 {
					t.Errorf("%s: another modulus verified", keys)
				}
			}
		}
		if named != 1 {
			t.Errorf("%s: %d keys of that kid", keys, named)
		}
	})
}

// Whatever a discovery document says: no panic, and no issuer but the one whose
// URL it stands at.
func FuzzDiscovery(f *testing.F) {
	token := sign(jwk{"alg": "RS256", "kid": "k1"}, fuzzClaims(), rsaKey())
	keys := fuzzKeys()
	f.Add(fuzzDiscovery())
	f.Add([]byte(`{"issuer":"https://issuer.example.com/","jwks_uri":"https://keys.example.com"}`))
	f.Add([]byte(`{"issuer":"x","issuer":"https://issuer.example.com","jwks_uri":"http://127.0.0.1/"}`))
	f.Add([]byte(`{"Issuer":"https://issuer.example.com","jwks_uri":"file:///"}`))
	f.Fuzz(func(t *testing.T, discovery []byte) {
		v := fuzzVerifier(t, discovery, keys)
		if _, err := v.Verify(t.Context(), token); err != nil {
			return
		}
		var doc map[string]any
		if json.Unmarshal(discovery, &doc) != nil || doc["issuer"] != fuzzIssuer || v.Issuer() != fuzzIssuer {
			t.Errorf("%s: used", discovery)
		}
		if address, _ := doc["jwks_uri"].(string); !strings.HasPrefix(strings.ToLower(address), "https://") {
			t.Errorf("%s: keys from there were used", discovery)
		}
	})
}

package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/auth"
)

// rocaWeak is the modulus of a key that is vulnerable to ROCA, from the tests of
// github.com/titanous/rocacheck (MIT).
const rocaWeak = "lze9c7qGdjDLVR_ntk-4ZkfMcYsAnmfTFHfe3Xv7jRQqPCXCULtr0y0jG3aRJmEenoXO9uDveqr43gFB9yvAdLEhu0aJqpB7lNZ-yXsvfVp_96dkSN8oWYL_dd9Z7GQOvVniHUY3Xsd7zdw2eYOyHSXhhA2Ttwnj3c1jEYfC0y9q1cU99aL0ogGDqolcOvlkJu-mGb-6-WyboFa1gwRukYxBHZWKiHCt_eihvXsPTzTlXmTXWdGJtA1xZDnCBWuZ90b5R0agXVIESTl0cCyHaQM_tLZmktJIU-Eu7ALBXemPg9kh3SCnYd3_YvDGCtYSXOWthHwlP5CImRBcQaNncQ"

// A key that must not verify is skipped; the others of its set stay.
func TestKeysThatAreNotUsed(t *testing.T) {
	good := publicJWK("k1", &rsaKey().PublicKey)
	ec := publicJWK("k1", &ecKey().PublicKey)
	tiny := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 1024), big.NewInt(1))
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 8193), big.NewInt(1))
	even := new(big.Int).Add(rsaKey().N, big.NewInt(1))
	spare, elsewhere := publicJWK("spare", &otherKey().PublicKey), publicJWK("k1", &otherKey().PublicKey)

	for _, tc := range []struct {
		name  string
		keys  []any
		cause string // "" when the key is used
	}{
		{"plain", []any{good}, ""},
		{"use sig, key_ops verify, alg RS256, unknown members", []any{with(good, "use", "sig", "key_ops", []string{"verify"}, "alg", "RS256", "x5t", "x")}, ""},
		{"leading zero octet in n", []any{with(good, "n", b64(append([]byte{0}, rsaKey().N.Bytes()...)))}, ""},
		{"use enc", []any{with(good, "use", "enc")}, "use is not sig"},
		{"use empty", []any{with(good, "use", "")}, "use is not sig"},
		{"key_ops encrypt", []any{with(good, "key_ops", []string{"encrypt"})}, "key_ops lack verify"},
		{"key_ops empty", []any{with(good, "key_ops", []string{})}, "key_ops lack verify"},
		{"key_ops repeated", []any{with(good, "key_ops", []string{"verify", "verify"})}, "key_ops repeat"},
		{"key_ops of a wrong type", []any{with(good, "key_ops", "verify")}, "key_ops is not an array"},
		{"alg of another kind", []any{with(good, "alg", "ES256")}, "does not go with its kty"},
		{"alg for encryption", []any{with(good, "alg", "RSA-OAEP")}, "does not go with its kty"},
		{"alg of a wrong type", []any{with(good, "alg", 1)}, "alg is not a string"},
		{"private d", []any{with(good, "d", b64(rsaKey().D.Bytes()))}, "private or symmetric"},
		{"private oth", []any{with(good, "oth", []any{})}, "private or symmetric"},
		{"symmetric", []any{jwk{"kid": "k1", "kty": "oct", "k": "c2VjcmV0"}}, "private or symmetric"},
		{"symmetric without its key", []any{jwk{"kid": "k1", "kty": "oct"}}, "none of RSA, EC and OKP"},
		{"RSA-1024", []any{with(good, "n", b64(tiny.Bytes()))}, "1024 bits"},
		{"RSA-8193", []any{with(good, "n", b64(huge.Bytes()))}, "8193 bits"},
		{"even modulus", []any{with(good, "n", b64(even.Bytes()))}, "its modulus is even"},
		{"exponent 1", []any{with(good, "e", "AQ")}, "its exponent is not"},
		{"exponent even", []any{with(good, "e", "AQAA")}, "its exponent is not"},
		{"exponent too large", []any{with(good, "e", "AQAAAAE")}, "its exponent is not"},
		{"ROCA-weak", []any{with(good, "n", rocaWeak)}, "CVE-2017-15361"},
		{"no exponent", []any{with(good, "e", nil)}, "e is not base64url"},
		{"padding", []any{with(good, "e", "AQAB====")}, "e is not base64url"},
		{"line break", []any{with(good, "e", "AQ\nAB")}, "e is not base64url"},
		{"standard base64", []any{with(good, "n", "+"+good["n"].(string)[1:])}, "n is not base64url"},
		{"spare bits", []any{with(good, "e", "A1")}, "e is not base64url"},
		{"point not on the curve", []any{with(ec, "x", ec["y"])}, "not on P-256"},
		{"coordinate too long", []any{with(ec, "x", b64(make([]byte, 33)))}, "length of a P-256 coordinate"},
		{"coordinate too short", []any{with(ec, "x", b64(make([]byte, 31)))}, "length of a P-256 coordinate"},
		{"other curve", []any{with(ec, "crv", "secp256k1")}, "none of P-256"},
		{"wrong curve", []any{with(ec, "crv", "P-384")}, "length of a P-384 coordinate"},
		{"Ed448", []any{jwk{"kid": "k1", "kty": "OKP", "crv": "Ed448", "x": "AA"}}, "not Ed25519"},
		{"Ed25519 too short", []any{jwk{"kid": "k1", "kty": "OKP", "crv": "Ed25519", "x": "AA"}}, "length of an Ed25519 key"},
		{"no kid", []any{with(good, "kid", nil)}, "no kid"},
		{"kid of a wrong type", []any{with(good, "kid", 1)}, "kid is not a string"},
		{"kid too long", []any{with(good, "kid", strings.Repeat("k", 257))}, "no kid"},
		{"kid in capitals", []any{with(good, "kid", nil, "KID", "k1")}, "no kid"},
		{"two keys of one kid", []any{good, elsewhere}, "2 keys have this kid"},
		{"one key twice", []any{good, good}, "2 keys have this kid"},
		{"its kid on a symmetric key too", []any{good, jwk{"kid": "k1", "kty": "oct"}}, "2 keys have this kid"},
		{"a member twice", []any{json.RawMessage(strings.Replace(string(must(json.Marshal(good))), `{`, `{"e":"AQAB",`, 1))}, "occurs twice"},
		{"not an object", []any{"k1"}, "not a JSON object"},
	} {
		i, log := newIssuer(t), &logs{}
		i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == discoveryPath {
				json.NewEncoder(w).Encode(jwk{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
				return
			}
			json.NewEncoder(w).Encode(jwk{"keys": append([]any{spare}, tc.keys...)})
		}))
		cfg := i.config()
		cfg.Log = log.logger()
		v := newVerifier(t, cfg)
		if _, err := v.Verify(t.Context(), sign(with(i.header(), "kid", "spare"), i.claims(), otherKey())); err != nil {
			t.Errorf("%s: the other key of the set: %v", tc.name, err)
		}
		_, err := v.Verify(t.Context(), i.token())
		if want := map[bool]error{true: nil, false: auth.ErrInvalidToken}[tc.cause == ""]; err != want {
			t.Errorf("%s: %v", tc.name, err)
		}
		said := log.take()
		if !strings.Contains(said, tc.cause) {
			t.Errorf("%s: the log lacks %q: %s", tc.name, tc.cause, said)
		}
		if strings.Contains(said, good["n"].(string)[:32]) || strings.Contains(said, b64(rsaKey().D.Bytes())[:32]) || strings.Contains(said, "c2VjcmV0") {
			t.Errorf("%s: key material in the log: %s", tc.name, said)
		}
	}
}

// What an issuer can do wrong leads to ErrUnavailable, with the cause in the log.
func TestIssuerFails(t *testing.T) {
	elsewhere := newIssuer(t)
	const plain = `{"issuer":"ISSUER","jwks_uri":"ISSUER/keys"}`
	keys := string(must(json.Marshal(jwk{"keys": []jwk{publicJWK("k1", &rsaKey().PublicKey)}})))
	reply := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.ReplaceAll(body, "ISSUER", "http://"+r.Host))
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", elsewhere.URL+r.URL.Path)
			w.WriteHeader(code)
		}
	}
	for _, tc := range []struct {
		name            string
		discovery, keys http.HandlerFunc
		cause           string // "" when it works
	}{
		{"works", reply(plain), reply(keys), ""},
		{"white space and unknown members", reply(" { \"x\" : [ {} ] , \"issuer\" : \"ISSUER\" ,\n\"jwks_uri\" : \"ISSUER/keys\" } \n"), reply(` { "keys" : ` + keys[8:]), ""},
		{"discovery 500", status(500), reply(keys), "answers 500"},
		{"discovery redirects", status(302), reply(keys), "redirect (302)"},
		{"discovery oversized", reply(plain + strings.Repeat(" ", 256<<10)), reply(keys), "larger than 256 KiB"},
		{"discovery is HTML", reply("<html>"), reply(keys), "not a JSON object"},
		{"discovery is empty", reply(""), reply(keys), "not a JSON object"},
		{"discovery and something after it", reply(plain + "x"), reply(keys), "something follows"},
		{"discovery with a member twice", reply(`{"issuer":"x","issuer":"ISSUER","jwks_uri":"ISSUER/keys"}`), reply(keys), "occurs twice"},
		{"discovery of another issuer", reply(`{"issuer":"` + elsewhere.URL + `","jwks_uri":"ISSUER/keys"}`), reply(keys), "speaks for the issuer"},
		{"discovery of a longer issuer", reply(`{"issuer":"ISSUER/x","jwks_uri":"ISSUER/keys"}`), reply(keys), "speaks for the issuer"},
		{"discovery in capitals", reply(`{"ISSUER":"x","Issuer":"ISSUER"}`), reply(keys), "speaks for the issuer"},
		{"issuer of a wrong type", reply(`{"issuer":["ISSUER"]}`), reply(keys), "issuer is not a string"},
		{"no key set", reply(`{"issuer":"ISSUER"}`), reply(keys), "no jwks_uri"},
		{"key set over http", reply(`{"issuer":"ISSUER","jwks_uri":"http://keys.example.com/?canary"}`), reply(keys), "plain http"},
		{"key set is a file", reply(`{"issuer":"ISSUER","jwks_uri":"file:///etc/canary"}`), reply(keys), "absolute URL"},
		{"key set 404", reply(plain), status(404), "answers 404"},
		{"key set 204", reply(plain), status(204), "answers 204"},
		{"key set redirects", reply(plain), status(307), "redirect (307)"},
		{"key set oversized", reply(plain), reply(keys + strings.Repeat(" ", 256<<10)), "larger than 256 KiB"},
		{"key set is a list", reply(plain), reply("[]"), "not a JSON object"},
		{"key set twice", reply(plain), reply(`{"keys":[],` + keys[1:]), "occurs twice"},
		{"key set without keys", reply(plain), reply(`{"Keys":[]}`), "no array of keys"},
		{"key set null", reply(plain), reply(`{"keys":null}`), "no array of keys"},
		{"key set empty", reply(plain), reply(`{"keys":[]}`), "no key that can be used"},
		{"key set breaks off", reply(plain), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"keys":`)
		}, "broke off"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i, log := newIssuer(t), &logs{}
			i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == discoveryPath {
					tc.discovery(w, r)
				} else {
					tc.keys(w, r)
				}
			}))
			cfg := i.config()
			cfg.Log = log.logger()
			_, err := newVerifier(t, cfg).Verify(t.Context(), i.token())
			said := log.take()
			if tc.cause == "" {
				if err != nil {
					t.Errorf("%v: %s", err, said)
				}
				return
			}
			if err != auth.ErrUnavailable || !strings.Contains(said, tc.cause) || strings.Contains(said, "canary") || leaks(said, i.token()) {
				t.Errorf("%v: the log should have %q: %s", err, tc.cause, said)
			}
		})
	}
	if n := elsewhere.discoveryHits.Load() + elsewhere.keyHits.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestKeyRotation(t *testing.T) {
	i := newIssuer(t)
	v := newVerifier(t, i.config())
	old, renewed := i.token(), sign(with(i.header(), "kid", "k2"), i.claims(), otherKey())
	check := func(when, token string, want error, fetches int64) {
		t.Helper()
		if _, err := v.Verify(t.Context(), token); err != want || i.keyHits.Load() != fetches {
			t.Errorf("%s: %v, %d fetches, want %v and %d", when, err, i.keyHits.Load(), want, fetches)
		}
	}
	check("cold", old, nil, 1)
	check("warm", old, nil, 1)
	check("before the rotation", renewed, auth.ErrInvalidToken, 1)
	i.keys.Store([]jwk{publicJWK("k2", &otherKey().PublicKey)})
	i.clock.advance(10*time.Second - 1)
	check("within the pause", renewed, auth.ErrInvalidToken, 1)
	i.clock.advance(1)
	check("after it", renewed, nil, 2)
	check("the old key is gone", old, auth.ErrInvalidToken, 2)

	i.keys.Store([]jwk{publicJWK("k3", &otherKey().PublicKey)})
	i.clock.advance(10*time.Minute - 1)
	check("fresh to the end", renewed, nil, 2)
	i.clock.advance(1)
	if _, err := v.Verify(t.Context(), renewed); err != nil {
		t.Errorf("while it is asked again: %v", err)
	}
	eventually(t, "a key withdrawn is not trusted longer", func() bool {
		_, err := v.Verify(t.Context(), renewed)
		return err == auth.ErrInvalidToken && i.keyHits.Load() == 3
	})
}

// Kids that nobody has cost the issuer one fetch in ten seconds, and do not keep
// a rotated key out for longer.
func TestJunkKidsDoNotFlood(t *testing.T) {
	i := newIssuer(t)
	v := newVerifier(t, i.config())
	for second := range 60 {
		if second == 33 {
			i.keys.Store([]jwk{publicJWK("k1", &rsaKey().PublicKey), publicJWK("k2", &otherKey().PublicKey)})
		}
		for n := range 20 {
			if _, err := v.Verify(t.Context(), sign(with(i.header(), "kid", fmt.Sprint(second, "-", n)), i.claims(), rsaKey())); err != auth.ErrInvalidToken {
				t.Fatal(err)
			}
		}
		_, err := v.Verify(t.Context(), sign(with(i.header(), "kid", "k2"), i.claims(), otherKey()))
		if want := second >= 40; (err == nil) != want {
			t.Errorf("second %d: %v", second, err)
		}
		i.clock.advance(time.Second)
	}
	if d, k := i.discoveryHits.Load(), i.keyHits.Load(); d != 6 || k != 6 {
		t.Errorf("%d discovery documents and %d key sets fetched in a minute", d, k)
	}
}

func TestIssuerDownWhileKeysAreHeld(t *testing.T) {
	i := newIssuer(t)
	v := newVerifier(t, i.config())
	check := func(when, kid string, want error, fetches int64) {
		t.Helper()
		token := sign(with(i.header(), "kid", kid), i.claims(), rsaKey())
		if _, err := v.Verify(t.Context(), token); err != want || i.discoveryHits.Load() != fetches {
			t.Errorf("%s: %v, %d fetches, want %v and %d", when, err, i.discoveryHits.Load(), want, fetches)
		}
	}
	check("up", "k1", nil, 1)
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	i.clock.advance(time.Minute)
	check("an unknown kid may be a new key", "k2", auth.ErrUnavailable, 2)
	check("so it is asked again", "k2", auth.ErrUnavailable, 2)
	check("the known one is fresh", "k1", nil, 2)
	i.clock.advance(9 * time.Minute)
	behind := func(when string, fetches int64) {
		t.Helper()
		eventually(t, when, func() bool {
			_, err := v.Verify(t.Context(), sign(i.header(), i.claims(), rsaKey()))
			return err == nil && i.discoveryHits.Load() == fetches
		})
		waited := sign(with(i.header(), "kid", "k2"), i.claims(), otherKey())
		if _, err := v.Verify(t.Context(), waited); err != auth.ErrUnavailable { // and its end is seen
			t.Errorf("%s: %v", when, err)
		}
	}
	behind("stale if error", 3)
	check("without asking each time", "k1", nil, 3)
	i.clock.advance(50*time.Minute - 1)
	behind("to the cap", 4)
	i.clock.advance(1)
	check("not beyond", "k1", auth.ErrUnavailable, 4)
	i.clock.advance(10 * time.Second)
	check("still down", "k1", auth.ErrUnavailable, 5)
	i.broken.Store(http.HandlerFunc(nil))
	check("the pause holds for failures too", "k1", auth.ErrUnavailable, 5)
	i.clock.advance(10 * time.Second)
	check("up again", "k1", nil, 6)
}

// A restored snapshot finds itself hours later, or on a machine whose clock is
// behind: neither may make old keys fresh.
func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{5 * time.Hour, -time.Minute, -5 * time.Hour} {
		i := newIssuer(t)
		v := newVerifier(t, i.config())
		if _, err := v.Verify(t.Context(), i.token()); err != nil {
			t.Fatal(err)
		}
		i.keys.Store([]jwk{publicJWK("k1", &otherKey().PublicKey)})
		i.clock.advance(jump)
		if _, err := v.Verify(t.Context(), i.token()); err != auth.ErrInvalidToken || i.keyHits.Load() != 2 {
			t.Errorf("%s: %v after %d fetches: the key withdrawn meanwhile is still trusted", jump, err, i.keyHits.Load())
		}
		i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
		i.clock.advance(jump)
		for range 3 {
			if _, err := v.Verify(t.Context(), i.token()); err != auth.ErrUnavailable || i.discoveryHits.Load() != 3 {
				t.Errorf("%s with the issuer down: %v after %d fetches", jump, err, i.discoveryHits.Load())
			}
		}
	}
}

// Many callers share one fetch, and one of them who leaves does not end it.
func TestOneFetchForManyCallers(t *testing.T) {
	i := newIssuer(t)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == discoveryPath {
			arrived <- struct{}{}
			<-release
			json.NewEncoder(w).Encode(jwk{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
			return
		}
		json.NewEncoder(w).Encode(jwk{"keys": i.keys.Load()})
	}))
	v, token := newVerifier(t, i.config()), i.token()
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := v.Verify(leaving, token); left <- err }()
	<-arrived
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			if p, err := v.Verify(t.Context(), token); err != nil || p.Subject != "somebody" {
				t.Errorf("a caller who stayed: %v", err)
			}
		})
	}
	leave()
	if err := <-left; err != auth.ErrUnavailable {
		t.Errorf("the caller who left: %v", err)
	}
	close(release)
	callers.Wait()
	if d, k := i.discoveryHits.Load(), i.keyHits.Load(); d != 1 || k != 1 {
		t.Errorf("%d discovery documents and %d key sets fetched", d, k)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// A document that does not come is given up after five seconds.
func TestSlowIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked int
		v := newVerifier(t, auth.Config{
			DiscoveryURL: "https://issuer.example.com" + discoveryPath, AllowedClients: []string{"agent"},
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				asked++
				if asked%2 == 1 {
					body := `{"issuer":"https://issuer.example.com","jwks_uri":"https://issuer.example.com/keys"}`
					return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			}),
		})
		token := sign(jwk{"alg": "RS256", "kid": "k1"}, jwk{"iss": "https://issuer.example.com", "client_id": "agent", "exp": time.Now().Add(time.Hour).Unix()}, rsaKey())
		start := time.Now()
		for _, after := range []time.Duration{5, 5, 5} { // the second and third need not wait
			if _, err := v.Verify(t.Context(), token); err != auth.ErrUnavailable {
				t.Error(err)
			}
			if waited := time.Since(start); waited != after*time.Second {
				t.Errorf("waited %s", waited)
			}
		}
		if asked != 2 {
			t.Errorf("%d documents asked for", asked)
		}
	})
}

// The key set may be on another host: the document that names it is the issuer's.
// A trailing slash of the issuer's name is not in the discovery URL.
func TestIssuerWithSlashAndKeysElsewhere(t *testing.T) {
	i, keys := newIssuer(t), newIssuer(t)
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(jwk{"issuer": i.URL + "/", "jwks_uri": keys.URL + "/keys"})
	}))
	v := newVerifier(t, i.config())
	p, err := v.Verify(t.Context(), sign(i.header(), with(i.claims(), "iss", i.URL+"/"), rsaKey()))
	if err != nil || p.Issuer != i.URL+"/" || v.Issuer() != i.URL+"/" {
		t.Errorf("%+v, %v, %s", p, err, v.Issuer())
	}
	if _, err := v.Verify(t.Context(), i.token()); err != auth.ErrInvalidToken {
		t.Errorf("without the slash: %v", err)
	}
}

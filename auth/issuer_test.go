package auth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"agentcore-gateway-mcp/auth"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	audience      = "https://mcp.example.com/mcp"
)

// Keys are expensive to make: the tests share these, and none changes them. They
// are the same in every process, because the fuzzer's workers are processes.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey("ours") })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey("other") })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey {
		scalar := sha256.Sum256([]byte("ours"))
		return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:]))
	})
)

// newRSAKey makes the RSA-2048 key of that seed, which crypto/rsa cannot.
func newRSAKey(seed string) *rsa.PrivateKey {
	random := mathrand.NewChaCha8(sha256.Sum256([]byte(seed)))
	e, one := big.NewInt(65537), big.NewInt(1)
	prime := func() *big.Int {
		b := make([]byte, 128)
		for {
			random.Read(b)
			b[0], b[127] = b[0]|0xc0, b[127]|1
			p := new(big.Int).SetBytes(b)
			if new(big.Int).GCD(nil, nil, e, new(big.Int).Sub(p, one)).Cmp(one) == 0 && p.ProbablyPrime(20) {
				return p
			}
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	key.Precompute()
	if err := key.Validate(); err != nil {
		panic(err)
	}
	return key
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// clock is a wall clock that the test sets.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.at.Store(&start)
	return c
}

func (c *clock) Now() time.Time { return *c.at.Load() }

func (c *clock) advance(d time.Duration) {
	then := c.Now().Add(d)
	c.at.Store(&then)
}

// logs is a log that tests can read while it is written.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.buf.Reset()
	return l.buf.String()
}

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type jwk = map[string]any

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func publicJWK(kid string, key crypto.PublicKey) jwk {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return jwk{"kid": kid, "kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point := must(k.Bytes())[1:]
		return jwk{"kid": kid, "kty": "EC", "crv": k.Curve.Params().Name, "x": b64(point[:len(point)/2]), "y": b64(point[len(point)/2:])}
	default:
		return jwk{"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": b64(key.(ed25519.PublicKey))}
	}
}

// with is the map with some members set, or left out where the value is nil.
func with(base jwk, pairs ...any) jwk {
	m := jwk{}
	for k, v := range base {
		m[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(m, pairs[i].(string))
		}
	}
	return m
}

// issuer is an OpenID issuer over real HTTP.
type issuer struct {
	*httptest.Server
	clock         *clock
	keys          atomic.Value // []jwk
	broken        atomic.Value // http.HandlerFunc that answers instead, when not nil
	discoveryHits atomic.Int64
	keyHits       atomic.Int64
}

func newIssuer(t testing.TB, keys ...jwk) *issuer {
	t.Helper()
	i := &issuer{clock: newClock()}
	if keys == nil {
		keys = []jwk{publicJWK("k1", &rsaKey().PublicKey)}
	}
	i.keys.Store(keys)
	i.broken.Store(http.HandlerFunc(nil))
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == discoveryPath {
			i.discoveryHits.Add(1)
		} else {
			i.keyHits.Add(1)
		}
		if broken := i.broken.Load().(http.HandlerFunc); broken != nil {
			broken(w, r)
			return
		}
		switch r.URL.Path {
		case discoveryPath:
			json.NewEncoder(w).Encode(jwk{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
		case "/keys":
			json.NewEncoder(w).Encode(jwk{"keys": i.keys.Load()})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) config() auth.Config {
	return auth.Config{DiscoveryURL: i.URL + discoveryPath, AllowedAudience: []string{audience}, Loopback: true, Now: i.clock.Now}
}

func newVerifier(t testing.TB, cfg auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// header and claims are those of a good token.
func (i *issuer) header() jwk { return jwk{"alg": "RS256", "typ": "at+jwt", "kid": "k1"} }

func (i *issuer) claims() jwk {
	now := i.clock.Now().Unix()
	return jwk{"iss": i.URL, "sub": "somebody", "aud": audience, "client_id": "agent", "scope": "tools/read tools/write", "iat": now, "nbf": now, "exp": now + 3600}
}

func (i *issuer) token() string { return sign(i.header(), i.claims(), rsaKey()) }

// sign makes a token of JSON values, or of the very bytes where a string is given.
func sign(header, claims, key any) string {
	raw := func(v any) []byte {
		if s, ok := v.(string); ok {
			return []byte(s)
		}
		return must(json.Marshal(v))
	}
	var h struct{ Alg string }
	if json.Unmarshal(raw(header), &h) != nil || jwt.GetSigningMethod(h.Alg) == nil {
		h.Alg = "RS256"
	}
	text := b64(raw(header)) + "." + b64(raw(claims))
	return text + "." + b64(must(jwt.GetSigningMethod(h.Alg).Sign(text, key)))
}

// leaks reports a part of the token in text.
func leaks(text, token string) bool {
	for _, part := range append(strings.Split(token, "."), token) {
		if len(part) >= 16 && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

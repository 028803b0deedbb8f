package emulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync"
)

const (
	userPoolPath = "/cognito/"
	clientsPath  = "/clients"
)

// UserPool is a small OpenID issuer in the shape of a Cognito user pool: it has
// clients with secrets and scopes, and issues access tokens to them by client
// credentials. The Server that made it serves it. All its methods may be called
// concurrently.
type UserPool struct {
	id, name string
	server   *Server

	mu       sync.Mutex
	keys     []signingKey // the newest first; at most two
	clients  map[string]poolClient
	noDomain bool
}

type poolClient struct {
	secret string
	scopes []string
}

type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// NewUserPool makes an issuer with one signing key and no clients. The name is
// for people.
func (s *Server) NewUserPool(name string) *UserPool {
	p := &UserPool{
		id: s.opts.Region + "_" + s.random.text(9, mixedAlphanumeric), name: name, server: s,
		keys: []signingKey{newSigningKey()}, clients: map[string]poolClient{},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pools[p.id] = p
	return p
}

// AddClient adds a client that may have these scopes (Cognito's form is
// <resource server>/<scope>), or replaces the one with this id: that is how a
// secret is rotated.
func (p *UserPool) AddClient(id, secret string, scopes ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[id] = poolClient{secret, slices.Clone(scopes)}
}

// Rotate makes a new key, which signs from now on. The previous one stays in the
// key set until the next Rotate.
func (p *UserPool) Rotate() {
	key := newSigningKey()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = []signingKey{key, p.keys[0]}
}

// RemoveDomain takes the pool's token endpoint away, as in a Cognito user pool
// without a domain.
func (p *UserPool) RemoveDomain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noDomain = true
}

// Issuer is the pool's issuer for clients that reach the Server at base, a URL
// such as "http://127.0.0.1:8042".
func (p *UserPool) Issuer(base string) string { return base + userPoolPath + p.id }

// DiscoveryURL is the address of the pool's OpenID configuration for clients
// that reach the Server at base.
func (p *UserPool) DiscoveryURL(base string) string { return p.Issuer(base) + openIDConfiguration }

// TokenURL is the address of the pool's token endpoint for clients that reach
// the Server at base.
func (p *UserPool) TokenURL(base string) string { return p.Issuer(base) + tokenPath }

// ClientsURL is where clients of the pool are made, by a POST of their JSON.
func (p *UserPool) ClientsURL(base string) string { return p.Issuer(base) + clientsPath }

// Sign makes a JWT of exactly these claims with the pool's current key. Entries
// of header are added to alg and kid, or replace them (the signature is made
// with RS256 all the same, and left out when alg is "none"). It is for tests
// that need odd tokens; clients get theirs from the token endpoint. It panics
// when claims or header are not JSON.
func (p *UserPool) Sign(claims, header map[string]any) string {
	p.mu.Lock()
	key := p.keys[0]
	p.mu.Unlock()
	merged := map[string]any{"kid": key.id, "alg": "RS256"}
	maps.Copy(merged, header)
	signed := encodeSegment(merged) + "." + encodeSegment(claims)
	if merged["alg"] == "none" {
		return signed + "."
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key.private, crypto.SHA256, digest[:])
	if err != nil {
		panic(fmt.Sprintf("sign a token: %v", err)) // a key of 2048 bits signs every digest
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encodeSegment(v map[string]any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a part of a token is not JSON: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func newSigningKey() signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("make a signing key: %v", err)) // 2048 bits are always possible
	}
	id := sha256.Sum256(private.N.Bytes())
	return signingKey{base64.StdEncoding.EncodeToString(id[:]), private}
}

// jwk is the key as Cognito publishes it.
func (k signingKey) jwk() map[string]string {
	return map[string]string{
		"alg": "RS256", "use": "sig", "kty": "RSA", "kid": k.id,
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
		"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
	}
}

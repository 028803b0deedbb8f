package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

const (
	minRSABits, maxRSABits = 2048, 8192
	maxKeyID               = 256 // bytes
)

// verificationKey is a public key and the algorithms that it may verify.
type verificationKey struct {
	public     crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	algorithms []string
}

// skippedKey is a key of a set that is not used, and why. Neither is secret.
type skippedKey struct {
	kid string // clipped; "" when it has none
	why error
}

// parseKeySet reads a JWK set (RFC 7517). A key that cannot be used, or must not,
// is skipped and the others stay, but of keys that share a kid none is used:
// which one the issuer means would be a guess. Keys without kid are skipped, as
// tokens without kid are refused.
func parseKeySet(data []byte) (map[string]verificationKey, []skippedKey, error) {
	set, err := parseObject(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the key set: %w", err)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(set["keys"], &entries); err != nil || entries == nil {
		return nil, nil, errors.New("the key set has no array of keys")
	}
	keys, skipped, count := map[string]verificationKey{}, []skippedKey{}, map[string]int{}
	for _, entry := range entries {
		kid, key, err := parseKey(entry)
		if kid != "" {
			count[kid]++
		}
		if err != nil {
			skipped = append(skipped, skippedKey{clip(kid), err})
			continue
		}
		keys[kid] = key
	}
	for kid, n := range count {
		if n > 1 {
			delete(keys, kid)
			skipped = append(skipped, skippedKey{clip(kid), fmt.Errorf("%d keys have this kid", n)})
		}
	}
	return keys, skipped, nil
}

func parseKey(data []byte) (kid string, key verificationKey, err error) {
	jwk, err := parseStrict(data)
	if err != nil {
		return "", key, err
	}
	if kid, err = jwk.text("kid"); err != nil {
		return "", key, err
	}
	if kid == "" || len(kid) > maxKeyID {
		return "", key, fmt.Errorf("it has no kid of 1 to %d bytes", maxKeyID)
	}
	key, err = jwk.verificationKey()
	return kid, key, err
}

func (jwk object) verificationKey() (key verificationKey, err error) {
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if jwk.has(name) {
			return key, fmt.Errorf("it has the private or symmetric member %q", name)
		}
	}
	if err := jwk.forVerifying(); err != nil {
		return key, err
	}
	kty, err := jwk.text("kty")
	if err != nil {
		return key, err
	}
	switch kty {
	case "RSA":
		key.algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		key.public, err = jwk.rsaKey()
	case "EC":
		key.public, key.algorithms, err = jwk.ecKey()
	case "OKP":
		key.algorithms = []string{"EdDSA"}
		key.public, err = jwk.ed25519Key()
	default:
		err = fmt.Errorf("its kty %q is none of RSA, EC and OKP", clip(kty))
	}
	if err != nil || !jwk.has("alg") {
		return key, err
	}
	alg, err := jwk.text("alg")
	if err == nil && !slices.Contains(key.algorithms, alg) {
		err = fmt.Errorf("its alg %q does not go with its kty %s", clip(alg), kty)
	}
	key.algorithms = []string{alg}
	return key, err
}

func (jwk object) forVerifying() error {
	if use, err := jwk.text("use"); err != nil || jwk.has("use") && use != "sig" {
		return errors.New("its use is not sig")
	}
	ops, err := jwk.list("key_ops")
	if err != nil {
		return err
	}
	if jwk.has("key_ops") && !slices.Contains(ops, "verify") {
		return errors.New("its key_ops lack verify")
	}
	slices.Sort(ops)
	if len(slices.Compact(ops)) != len(ops) {
		return errors.New("its key_ops repeat themselves")
	}
	return nil
}

func (jwk object) rsaKey() (*rsa.PublicKey, error) {
	n, err := jwk.bytes("n")
	if err != nil {
		return nil, err
	}
	e, err := jwk.bytes("e")
	if err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return nil, fmt.Errorf("its modulus has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	case modulus.Bit(0) == 0:
		return nil, errors.New("its modulus is even")
	case exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0:
		return nil, errors.New("its exponent is not an odd number from 3 to 2^31-1")
	}
	key := &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
	if hasROCA(modulus) {
		return nil, errors.New("it was made by hardware whose keys can be factored (ROCA, CVE-2017-15361)")
	}
	return key, nil
}

func (jwk object) ecKey() (*ecdsa.PublicKey, []string, error) {
	name, err := jwk.text("crv")
	if err != nil {
		return nil, nil, err
	}
	var curve elliptic.Curve
	var alg string
	switch name {
	case "P-256":
		curve, alg = elliptic.P256(), "ES256"
	case "P-384":
		curve, alg = elliptic.P384(), "ES384"
	case "P-521":
		curve, alg = elliptic.P521(), "ES512"
	default:
		return nil, nil, fmt.Errorf("its curve %q is none of P-256, P-384 and P-521", clip(name))
	}
	point := []byte{4} // uncompressed, SEC 1
	for _, coordinate := range []string{"x", "y"} {
		b, err := jwk.bytes(coordinate)
		if err != nil {
			return nil, nil, err
		}
		if len(b) != (curve.Params().BitSize+7)/8 {
			return nil, nil, fmt.Errorf("its %s does not have the length of a %s coordinate", coordinate, name)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, nil, fmt.Errorf("its point is not on %s", name)
	}
	return public, []string{alg}, nil
}

func (jwk object) ed25519Key() (ed25519.PublicKey, error) {
	if crv, err := jwk.text("crv"); err != nil || crv != "Ed25519" {
		return nil, fmt.Errorf("its curve %q is not Ed25519", clip(crv))
	}
	x, err := jwk.bytes("x")
	if err == nil && len(x) != ed25519.PublicKeySize {
		err = errors.New("its x does not have the length of an Ed25519 key")
	}
	return x, err
}

// bytes is the member of that name in base64url without padding. Go's decoder
// skips line breaks even when it is strict.
func (jwk object) bytes(name string) ([]byte, error) {
	s, err := jwk.text(name)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("its %s is not base64url without padding", name)
	}
	return b, nil
}

package tools

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"agentcore-gateway-mcp/gateway"
)

// consentTime is how long a person may think.
const consentTime = 5 * time.Minute

// asked is what a person was asked to agree to. It goes to the client and comes back
// with the answer, sealed.
type asked struct {
	Call    [sha256.Size]byte `json:"call"` // the tool, its arguments and the caller
	Name    string            `json:"name"` // of the resource
	AsOf    time.Time         `json:"asOf,omitzero"`
	Mark    gateway.Mark      `json:"mark"` // of the question
	Expires time.Time         `json:"expires"`
}

// seal keeps what was asked from being read or changed on its way. Any copy of the
// server that has the same key opens it.
type seal struct {
	aead cipher.AEAD
	now  func() time.Time
}

// newSeal makes a seal from a key of at least 32 bytes.
func newSeal(key []byte, now func() time.Time) (*seal, error) {
	if len(key) < 32 {
		return nil, fmt.Errorf("the key has %d bytes, at least 32 are needed", len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "agentcore-gateway-mcp confirmation 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &seal{aead, now}, err
}

// callHash is the same for two calls of one caller that ask for the same.
func callHash(call, caller string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(caller), caller, call))
}

// close seals what a person is asked.
func (s *seal) close(call, caller string, u *gateway.Unconfirmed) (string, error) {
	text, err := json.Marshal(asked{callHash(call, caller), u.Name, u.AsOf, u.Mark(), s.now().Round(0).Add(consentTime)})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, text, nil)), nil
}

var errNoConsent = errors.New("the confirmation is not valid: it was altered, is older than 5 minutes, or belongs to another call. Nothing was changed; call again without it, to be asked anew")

// open is the word of a person who has agreed to what was sealed, if that is this call.
func (s *seal) open(state, call, caller string) (gateway.Word, error) {
	const longest = 4096 // bytes
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(state) > longest {
		return gateway.Word{}, errNoConsent
	}
	text, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return gateway.Word{}, errNoConsent
	}
	var a asked
	if err := json.Unmarshal(text, &a); err != nil || a.Call != callHash(call, caller) || !s.now().Round(0).Before(a.Expires) {
		return gateway.Word{}, errNoConsent
	}
	return gateway.Word{Name: a.Name, AsOf: a.AsOf, Mark: a.Mark}, nil
}

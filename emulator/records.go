package emulator

import (
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

const (
	lowerAlphanumeric = "0123456789abcdefghijklmnopqrstuvwxyz"
	upperAlphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mixedAlphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// randomness is what ids are made of: the same from the same seed, another at each
// start from none.
type randomness struct {
	mu     sync.Mutex
	source *rand.Rand
}

func newRandomness(seed string) *randomness {
	if seed == "" {
		seed = crand.Text()
	}
	return &randomness{source: rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed))))}
}

// id is ten characters, as AWS's gateway, target and runtime ids end in.
func (r *randomness) id(alphabet string) string { return r.text(10, alphabet) }

// uuid has the form of one.
func (r *randomness) uuid() string {
	const hexadecimal = "0123456789abcdef"
	var parts []string
	for _, length := range []int{8, 4, 4, 4, 12} {
		parts = append(parts, r.text(length, hexadecimal))
	}
	return strings.Join(parts, "-")
}

func (r *randomness) text(length int, alphabet string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for range length {
		b.WriteByte(alphabet[r.source.IntN(len(alphabet))])
	}
	return b.String()
}

func (s *Server) arn(resource string) string {
	return fmt.Sprintf("arn:%s:bedrock-agentcore:%s:%s:%s", partition(s.opts.Region), s.opts.Region, s.opts.Account, resource)
}

// partition is the one that a region is in.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// creation is what a clientToken has created.
type creation struct {
	request [sha256.Size]byte // a hash of it
	id      string
}

// repeats tells whether the request's clientToken has been used for the same
// request before, and the id of what it created. The same token with another
// request is a conflict.
func (s *Server) repeats(r *request, scope string) (id string, repeated bool, err error) {
	token := r.str("clientToken")
	first, ok := s.tokens[scope+" "+token]
	if token == "" || !ok {
		return "", false, nil
	}
	if canonical(r) != first.request {
		return "", false, conflicting("The client token has been used before with different parameters")
	}
	return first.id, true, nil
}

// remember keeps what the request's clientToken has created.
func (s *Server) remember(r *request, scope, id string) {
	if token := r.str("clientToken"); token != "" {
		s.tokens[scope+" "+token] = creation{canonical(r), id}
	}
}

// forget drops the tokens of a resource that is gone.
func (s *Server) forget(id string) {
	for token, first := range s.tokens {
		if first.id == id {
			delete(s.tokens, token)
		}
	}
}

// canonical is a hash of the request as JSON with sorted keys.
func canonical(r *request) [sha256.Size]byte {
	body, err := json.Marshal(r.members)
	if err != nil { // it was JSON when it came in
		body = r.body
	}
	return sha256.Sum256(body)
}

// paginate returns the request's page of records and the token of the next
// one, nil when there is none. Tokens name the list that they belong to.
func paginate[T any](r *request, list string, all []T, sequence func(T) int) ([]T, *string, error) {
	after := 0
	if token := r.str("nextToken"); token != "" {
		var err error
		if after, err = parseToken(list, token); err != nil {
			return nil, nil, err
		}
	}
	size := r.pageSize()
	var page []T
	for _, record := range all {
		if sequence(record) <= after {
			continue
		}
		if len(page) == size {
			next := formatToken(list, sequence(page[size-1]))
			return page, &next, nil
		}
		page = append(page, record)
	}
	return page, nil, nil
}

func formatToken(list string, after int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + " " + strconv.Itoa(after)))
}

func parseToken(list, token string) (int, error) {
	invalidToken := refused("Invalid nextToken")
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, invalidToken
	}
	number, ok := strings.CutPrefix(string(text), list+" ")
	if !ok {
		return 0, invalidToken
	}
	after, err := strconv.Atoi(number)
	if err != nil {
		return 0, invalidToken
	}
	return after, nil
}

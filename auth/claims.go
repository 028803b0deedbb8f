package auth

import (
	"math"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenClaims is a token's payload as golang-jwt wants to see it, read strictly.
type tokenClaims struct{ object }

func (c *tokenClaims) UnmarshalJSON(data []byte) (err error) {
	c.object, err = parseStrict(data)
	return err
}

func (c *tokenClaims) GetExpirationTime() (*jwt.NumericDate, error) {
	return numericDate(c.object, "exp")
}
func (c *tokenClaims) GetIssuedAt() (*jwt.NumericDate, error)  { return numericDate(c.object, "iat") }
func (c *tokenClaims) GetNotBefore() (*jwt.NumericDate, error) { return numericDate(c.object, "nbf") }
func (c *tokenClaims) GetIssuer() (string, error)              { return c.text("iss") }
func (c *tokenClaims) GetSubject() (string, error)             { return c.text("sub") }
func (c *tokenClaims) GetAudience() (jwt.ClaimStrings, error)  { return textOrList(c.object, "aud") }

// numericDate is nil when there is no such claim.
func numericDate(claims object, name string) (*jwt.NumericDate, error) {
	const endOfTime = 253402300799 // the last second of the year 9999
	n, ok, err := claims.number(name, endOfTime)
	if !ok {
		return nil, err
	}
	seconds, fraction := math.Modf(n)
	return jwt.NewNumericDate(time.Unix(int64(seconds), int64(fraction*1e9)).UTC()), nil
}

// textOrList reads a claim that is a string or an array of them.
func textOrList(claims object, name string) ([]string, error) {
	if text, err := claims.text(name); err == nil && claims.has(name) {
		return []string{text}, nil
	}
	return claims.list(name)
}

// scopes reads scope (RFC 9068, Cognito: separated by spaces) or, when there is
// none, scp (Entra: separated by spaces; Okta: an array). Never nil.
func scopes(claims object) ([]string, error) {
	name := "scope"
	if !claims.has(name) {
		name = "scp"
	}
	values, err := textOrList(claims, name)
	return append([]string{}, strings.FieldsFunc(strings.Join(values, " "), func(r rune) bool { return r == ' ' })...), err
}

// client gives the token's client_id, and who the client is by the first claim
// that says so.
func client(claims object) (who, clientID string, err error) {
	for _, name := range []string{"client_id", "azp", "cid"} {
		value, err := claims.text(name)
		if err != nil {
			return "", "", err
		}
		if name == "client_id" {
			clientID = value
		}
		if who == "" {
			who = value
		}
	}
	return who, clientID, nil
}

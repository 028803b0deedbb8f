package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// TokenSource gets an access token. It is safe for concurrent use.
type TokenSource func(ctx context.Context) (Token, error)

// Token is an access token. Printed, logged or marshalled it shows its expiry,
// never its value, but for two things that package fmt decides by itself: the
// verb %p, and a token in an unexported field of what is printed.
type Token struct {
	Value  string
	Expiry time.Time
}

// String shows the expiry alone.
func (t Token) String() string {
	if t.Value == "" {
		return "no token"
	}
	return "token until " + t.Expiry.UTC().Format(time.RFC3339)
}

// GoString is [Token.String].
func (t Token) GoString() string { return t.String() }

// Format is [Token.String] for every verb: %d and %x would show the fields.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue is [Token.String].
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON is [Token.String] as a JSON string.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

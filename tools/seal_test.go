package tools

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/gateway"
)

// What a person agreed to is worth that one call of that one caller, for five minutes, in
// any copy of the server that has the key.
func TestSeal(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	key := []byte(strings.Repeat("k", 32))
	make := func(key []byte) *seal {
		t.Helper()
		s, err := newSeal(key, clock)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := make(key)
	asOf := now.Add(-time.Hour)
	state, err := s.close(`delete_target {"target":"orders"}`, "ann", &gateway.Unconfirmed{Name: "orders", AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(state, "orders") || strings.Contains(string(must64(t, state)), "orders") {
		t.Error("what was asked can be read")
	}
	other, _ := s.close(`delete_target {"target":"orders"}`, "ann", &gateway.Unconfirmed{Name: "orders", AsOf: asOf})
	if other == state {
		t.Error("two seals are the same: the nonce repeats")
	}
	const call = `delete_target {"target":"orders"}`
	flipped := func(i int) string {
		raw := must64(t, state)
		raw[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	for name, c := range map[string]struct {
		seal                *seal
		state, call, caller string
		later               time.Duration
		ok                  bool
	}{
		"as asked":             {s, state, call, "ann", 0, true},
		"at the last moment":   {s, state, call, "ann", 5*time.Minute - time.Nanosecond, true},
		"by another copy":      {make(key), state, call, "ann", 0, true},
		"too late":             {s, state, call, "ann", 5 * time.Minute, false},
		"another key":          {make([]byte(strings.Repeat("x", 32))), state, call, "ann", 0, false},
		"another caller":       {s, state, call, "bob", 0, false},
		"nobody":               {s, state, call, "", 0, false},
		"another call":         {s, state, `delete_target {"target":"other"}`, "ann", 0, false},
		"names moved together": {s, state, " " + call, "ann", 0, false},
		"the nonce altered":    {s, flipped(0), call, "ann", 0, false},
		"the text altered":     {s, flipped(20), call, "ann", 0, false},
		"the tag altered":      {s, flipped(len(must64(t, state)) - 1), call, "ann", 0, false},
		"cut":                  {s, state[:20], call, "ann", 0, false},
		"nothing":              {s, "", call, "ann", 0, false},
		"no base64":            {s, "?" + state, call, "ann", 0, false},
		"something behind":     {s, state + "AAAA", call, "ann", 0, false},
		"too long to look at":  {s, strings.Repeat("A", 1<<20), call, "ann", 0, false},
	} {
		now = now.Add(c.later)
		word, err := c.seal.open(c.state, c.call, c.caller)
		now = now.Add(-c.later)
		if ok := err == nil; ok != c.ok || ok && (word.Name != "orders" || !word.AsOf.Equal(asOf)) || !ok && word != (gateway.Word{}) {
			t.Errorf("%s: %+v, %v", name, word, err)
		}
	}
	if _, err := newSeal([]byte(strings.Repeat("k", 31)), clock); err == nil {
		t.Error("a short key is taken")
	}
}

func must64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

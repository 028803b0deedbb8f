package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/auth"
)

// An issuer that hangs holds nobody up whose key is known, until the keys are an
// hour old; a kid that is not known waits for it.
func TestIssuerHangs(t *testing.T) {
	i := newIssuer(t)
	cfg := i.config()
	v := newVerifier(t, cfg)
	if _, err := v.Verify(t.Context(), i.token()); err != nil {
		t.Fatal(err)
	}
	release, asked := make(chan struct{}), make(chan struct{}, 10)
	defer close(release)
	i.broken.Store(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	for _, age := range []time.Duration{10 * time.Minute, 50*time.Minute - 1} {
		i.clock.advance(age)
		start := time.Now()
		if _, err := v.Verify(t.Context(), i.token()); err != nil {
			t.Errorf("%s: %v", age, err)
		}
		if took := time.Since(start); took > 4*time.Second { // it hangs for 5 s
			t.Errorf("%s: the token waited %s", age, took)
		}
	}
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := v.Verify(ctx, sign(with(i.header(), "kid", "k2"), i.claims(), otherKey())); err != auth.ErrUnavailable {
		t.Errorf("an unknown kid: %v", err)
	}
	i.clock.advance(1)
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := v.Verify(ctx, i.token()); err != auth.ErrUnavailable {
		t.Errorf("after an hour: %v", err)
	}
}

// A set of nothing but keys that cannot be used costs one line of log.
func TestManyUselessKeysAreSummedUp(t *testing.T) {
	i, log := newIssuer(t), &logs{}
	i.broken.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == discoveryPath {
			json.NewEncoder(w).Encode(jwk{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
			return
		}
		io.WriteString(w, `{"keys":[`+strings.Repeat(`{},`, 80_000))
		for n := range 9 {
			fmt.Fprintf(w, `{"kid":"u%d","kty":"x%d"},`, n, n)
		}
		io.WriteString(w, `{"kid":"a","kty":"oct"},{"kid":"b","kty":"oct"}]}`)
	}))
	cfg := i.config()
	cfg.Log = log.logger()
	if _, err := newVerifier(t, cfg).Verify(t.Context(), i.token()); err != auth.ErrUnavailable {
		t.Errorf("got %v", err)
	}
	said := log.take()
	if len(said) > 3000 {
		t.Errorf("%d bytes of log: %.500s", len(said), said)
	}
	for _, want := range []string{"keys=80011", "(80000)", "and 6 other causes", `(2: \"a\", \"b\")`} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %s: %s", want, said)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not in 10 s: %s", what)
		case <-tick.C:
		}
	}
}

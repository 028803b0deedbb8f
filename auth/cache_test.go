package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"agentcore-gateway-mcp/auth"
)

// mint is a source of numbered tokens that live an hour, or fail.
type mint struct {
	clock *clock
	made  atomic.Int64
	life  time.Duration
	fail  atomic.Bool
}

var errMint = errors.New("no token today")

func (m *mint) token(context.Context) (auth.Token, error) {
	n := m.made.Add(1)
	if m.fail.Load() {
		return auth.Token{}, errMint
	}
	return auth.Token{Value: fmt.Sprint("t", n), Expiry: m.clock.Now().Add(m.life)}, nil
}

func TestCached(t *testing.T) {
	m := &mint{clock: newClock(), life: time.Hour}
	c := auth.Cached(m.token, 5*time.Minute, m.clock.Now)
	check := func(when, want string, made int64) {
		t.Helper()
		token, err := c.Token(t.Context())
		got := token.Value
		if err != nil {
			got = err.Error()
		}
		if got != want || m.made.Load() != made {
			t.Errorf("%s: %s after %d fetches, want %s after %d", when, got, m.made.Load(), want, made)
		}
	}
	if m.made.Load() != 0 {
		t.Error("fetched before use")
	}
	check("cold", "t1", 1)
	m.clock.advance(55*time.Minute - 1)
	check("warm", "t1", 1)
	m.clock.advance(1)
	check("shortly before expiry", "t2", 2)
	m.fail.Store(true)
	m.clock.advance(55 * time.Minute)
	check("refresh fails, token still valid", "t2", 3)
	check("and the failure is shared", "t2", 3)
	m.clock.advance(5*time.Minute - 1)
	check("to its end", "t2", 4)
	m.clock.advance(1)
	check("not beyond", errMint.Error(), 4)
	m.clock.advance(time.Second - 1)
	check("no failure is older than a second", errMint.Error(), 5)
	m.fail.Store(false)
	m.clock.advance(time.Second)
	check("mended", "t6", 6)
	m.clock.advance(-time.Hour)
	check("clock back", "t7", 7)
	m.clock.advance(24 * time.Hour)
	check("snapshot", "t8", 8)

	m.life = time.Minute // shorter than early
	m.clock.advance(24 * time.Hour)
	check("short life", "t9", 9)
	m.clock.advance(30*time.Second - 1)
	check("half of it", "t9", 9)
	m.clock.advance(1)
	check("then anew", "t10", 10)
}

func TestCachedSharesOneFetch(t *testing.T) {
	begun, release := make(chan struct{}, 1), make(chan struct{})
	var made atomic.Int64
	c := auth.Cached(func(ctx context.Context) (auth.Token, error) {
		made.Add(1)
		begun <- struct{}{}
		select {
		case <-release:
			return auth.Token{Value: "t", Expiry: time.Now().Add(time.Hour)}, nil
		case <-ctx.Done():
			return auth.Token{}, ctx.Err()
		}
	}, time.Minute, nil)
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := c.Token(leaving); left <- err }()
	<-begun
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			if token, err := c.Token(t.Context()); err != nil || token.Value != "t" {
				t.Errorf("a caller who stayed: %v %v", token, err)
			}
		})
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who left: %v", err)
	}
	close(release)
	callers.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestRenew(t *testing.T) {
	m := &mint{clock: newClock(), life: time.Hour}
	c := auth.Cached(m.token, time.Minute, m.clock.Now)
	first := must(c.Token(t.Context()))
	for _, tc := range []struct {
		when    string
		after   time.Duration
		refused auth.Token
		want    string
	}{
		{"too new", 10*time.Second - 1, first, "t1"},
		{"old enough", 1, first, "t2"},
		{"renewed by another caller already", 0, first, "t2"},
		{"a stranger's token", time.Minute, auth.Token{Value: "x"}, "t2"},
	} {
		m.clock.advance(tc.after)
		if token, err := c.Renew(t.Context(), tc.refused); err != nil || token.Value != tc.want {
			t.Errorf("%s: %s %v", tc.when, token.Value, err)
		}
	}
}

func TestBearer(t *testing.T) {
	m := &mint{clock: newClock(), life: time.Hour}
	var accepted atomic.Value
	accepted.Store("Bearer t1")
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != accepted.Load() {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintf(w, "%s %s", r.Header.Get("X"), body)
	}))
	t.Cleanup(server.Close)
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	rt := auth.Bearer(auth.Cached(m.token, time.Minute, m.clock.Now), base)

	send := func(body io.Reader) (int, string) {
		t.Helper()
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body))
		req.Header.Set("X", "x")
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if req.Header.Get("Authorization") != "" {
			t.Error("the caller's request was changed")
		}
		return resp.StatusCode, string(must(io.ReadAll(resp.Body)))
	}
	for _, tc := range []struct {
		name     string
		accepted string
		after    time.Duration
		body     io.Reader
		status   int
		requests int64
		made     int64
	}{
		{"first", "t1", 0, strings.NewReader("body"), 200, 1, 1},
		{"same token", "t1", time.Minute, strings.NewReader("body"), 200, 1, 1},
		{"refused and renewed", "t2", 0, strings.NewReader("body"), 200, 2, 2},
		{"refused, but new", "t3", 0, strings.NewReader("body"), 401, 1, 2},
		{"refused, body cannot be read again", "t3", time.Minute, io.MultiReader(strings.NewReader("body")), 401, 1, 2},
		{"renewed, refused again", "t9", 0, strings.NewReader("body"), 401, 2, 3},
		{"without a body", "t4", time.Minute, nil, 200, 2, 4},
	} {
		accepted.Store("Bearer " + tc.accepted)
		m.clock.advance(tc.after)
		requests.Store(0)
		status, body := send(tc.body)
		want := "x body"
		if tc.body == nil {
			want = "x "
		}
		if status != tc.status || body != want || requests.Load() != tc.requests || m.made.Load() != tc.made {
			t.Errorf("%s: %d %q, %d requests, %d tokens", tc.name, status, body, requests.Load(), m.made.Load())
		}
	}
	m.fail.Store(true)
	m.clock.advance(time.Minute)
	accepted.Store("Bearer t9")
	requests.Store(0)
	if status, body := send(strings.NewReader("body")); status != 401 || body != "x body" || requests.Load() != 1 {
		t.Errorf("renewal fails: %d %q", status, body)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestBearerGivesNoTokenAway(t *testing.T) {
	m := &mint{clock: newClock(), life: time.Hour}
	var got atomic.Value
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got.Store(r.Header.Get("Authorization")) }))
	t.Cleanup(stranger.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			io.WriteString(w, r.Header.Get("Authorization"))
			return
		}
		to := stranger.URL
		if r.URL.Path == "/same" {
			to = "/here"
		}
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	base := &http.Transport{DisableKeepAlives: true}
	c := &http.Client{Transport: auth.Bearer(auth.Cached(m.token, time.Minute, m.clock.Now), base)}
	if resp, err := c.Get(server.URL + "/away"); err == nil || !strings.Contains(err.Error(), "redirects to") || got.Load() != nil {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("%v; the stranger got %v", err, got.Load())
	}
	resp, err := c.Get(server.URL + "/same")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body := must(io.ReadAll(resp.Body)); string(body) != "Bearer t1" {
		t.Errorf("within the origin: %s", body)
	}

	for _, tc := range []struct{ url, want string }{{"http://gateway.example.com/mcp", "plain http"}, {server.URL, errMint.Error()}} {
		m.fail.Store(true)
		m.clock.advance(2 * time.Hour)
		body := &closing{Reader: strings.NewReader("x")}
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, tc.url, body))
		if _, err := c.Transport.RoundTrip(req); err == nil || !strings.Contains(err.Error(), tc.want) || !body.closed {
			t.Errorf("%s: %v, body closed: %t", tc.url, err, body.closed)
		}
	}
}

// A token that still serves is used while its renewal hangs.
func TestRenewalThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, made := make(chan struct{}), 0
		cache := auth.Cached(func(context.Context) (auth.Token, error) {
			if made++; made > 1 {
				<-release
			}
			return auth.Token{Value: fmt.Sprint("t", made), Expiry: time.Now().Add(5 * time.Minute)}, nil
		}, time.Minute, nil)
		want := func(name, value string, took time.Duration) {
			t.Helper()
			start := time.Now()
			if token, err := cache.Token(t.Context()); err != nil || token.Value != value || time.Since(start) != took {
				t.Errorf("%s: %s after %s, %v", name, token.Value, time.Since(start), err)
			}
		}
		want("first", "t1", 0)
		time.Sleep(4*time.Minute + 10*time.Second)
		want("50 s left, its renewal hangs", "t1", 2*time.Second)
		want("48 s left, it hangs still", "t1", 2*time.Second)
		close(release)
		synctest.Wait()
		want("renewed", "t2", 0)
	})
}

package inbound_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"agentcore-gateway-mcp/inbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served is a door on loopback: it knows callers who say so, refuses those who
// say "stranger", and echoes bodies.
type served struct {
	t    *testing.T
	addr string
	stop func() // and waits until Serve has returned

	mu      sync.Mutex
	reading int // requests that have come through to the handler
}

func newServed(t *testing.T, l inbound.Limits) *served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, addr: listener.Addr().String()}
	door := inbound.NewDoor(l)
	echo := door.WholeBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			select {
			case <-r.Context().Done():
				http.Error(w, "ended", http.StatusInternalServerError)
			case <-time.After(3 * l.BodyTime):
			}
			return
		}
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
			return
		}
		io.Copy(w, r.Body)
	}))
	mux := http.NewServeMux()
	mux.Handle("/open", door.AdmitAnswered(echo))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.reading++
		s.mu.Unlock()
		if r.Header.Get("Authorization") == "" {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		door.Admit(r)
		echo.ServeHTTP(w, r)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- door.Serve(ctx, listener, mux) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// caller is one connection.
type caller struct {
	net.Conn
	r *bufio.Reader
}

func (s *served) dial() caller {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return caller{conn, bufio.NewReader(conn)}
}

// send sends a request of so many bytes, of which only a part may follow.
func (c caller) send(path string, known bool, length int, body string) {
	authorization := ""
	if known {
		authorization = "Authorization: Bearer x\r\n"
	}
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", path, authorization, length, body)
}

// answer is the status of the next answer, and what follows; 0 when the
// connection was closed instead.
func (c caller) answer() (int, string) {
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// closed waits until the other side closes.
func (c caller) closed() bool {
	_, err := io.Copy(io.Discard, c.r)
	return err == nil || !strings.Contains(err.Error(), "timeout")
}

func quick() inbound.Limits {
	l := inbound.DefaultLimits()
	l.BodyTime, l.Drain, l.Header, l.Grace = 300*time.Millisecond, 100*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	return l
}

// Whoever is not known is answered before the body is there, and then the
// connection is not held for it.
func TestStrangersAreAnsweredBeforeTheirBodies(t *testing.T) {
	s := newServed(t, quick())
	for _, length := range []int{1000, 1 << 20} {
		c := s.dial()
		c.send("/", false, length, "half")
		if status, body := c.answer(); status != 401 {
			t.Errorf("%d bytes: %d %s", length, status, body)
		}
		if !c.closed() {
			t.Errorf("%d bytes: the connection is held", length)
		}
	}
	// However long bodies may take elsewhere.
	l := quick()
	l.BodyTime = time.Hour
	patient := newServed(t, l).dial()
	patient.send("/", false, 1000, "half")
	if status, body := patient.answer(); status != 401 || !patient.closed() {
		t.Errorf("a refused connection is held for its body: %d %s", status, body)
	}
	// A body that has come is no reason to end the connection.
	c := s.dial()
	for range 2 {
		c.send("/", false, 4, "body")
		if status, body := c.answer(); status != 401 {
			t.Errorf("got %d %s", status, body)
		}
	}
}

// A body that does not arrive in time ends the connection, whatever its size and
// whether or not the caller is known.
func TestSlowBodiesEnd(t *testing.T) {
	s := newServed(t, quick())
	for _, length := range []int{1000, 300 << 10, 1 << 20} {
		c := s.dial()
		c.send("/", true, length, "half")
		if status, body := c.answer(); status != http.StatusRequestTimeout {
			t.Errorf("%d bytes: %d %s", length, status, body)
		}
		if !c.closed() {
			t.Errorf("%d bytes: the connection is held", length)
		}
	}
	// One byte at a time does not prolong it.
	c := s.dial()
	c.send("/", true, 1000, "")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}
	}()
	if status, _ := c.answer(); status != http.StatusRequestTimeout && status != 0 {
		t.Errorf("one byte at a time: %d", status)
	}
	if !c.closed() {
		t.Error("one byte at a time: the connection is held")
	}
	// Nothing at all, not even a header.
	if c := s.dial(); !c.closed() {
		t.Error("a silent connection is held")
	}
}

// The time is for the body: a call may take longer.
func TestSlowAnswersGoOn(t *testing.T) {
	c := newServed(t, quick()).dial()
	for range 2 {
		c.send("/slow", true, 4, "body")
		if status, body := c.answer(); status != 200 {
			t.Errorf("got %d %s", status, body)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	l := quick()
	l.Body, l.Bodies, l.BodyTime = 1000, 1500, 10*time.Second
	s := newServed(t, l)
	for length, want := range map[int]int{1000: 200, 1001: 413} {
		c := s.dial()
		c.send("/", true, length, strings.Repeat("x", length))
		if status, body := c.answer(); status != want || want == 200 && len(body) != length {
			t.Errorf("%d bytes: %d %.80s", length, status, body)
		}
	}
	// Another's body is held: there is no room for as much again.
	holder := s.dial()
	holder.send("/", true, 1000, strings.Repeat("x", 900))
	deadline := time.Now().Add(10 * time.Second)
	for {
		c := s.dial()
		c.send("/", true, 800, strings.Repeat("x", 800))
		status, body := c.answer()
		if status == http.StatusServiceUnavailable && strings.Contains(body, "try again") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a body beyond the budget: %d %s", status, body)
		}
	}
	c := s.dial()
	c.send("/", true, 500, strings.Repeat("x", 500))
	if status, _ := c.answer(); status != 200 {
		t.Errorf("a body within the budget: %d", status)
	}
	holder.Write([]byte(strings.Repeat("x", 100)))
	if status, _ := holder.answer(); status != 200 {
		t.Errorf("the holder: %d", status)
	}
	c.send("/", true, 1000, strings.Repeat("x", 1000))
	if status, _ := c.answer(); status != 200 {
		t.Errorf("after the holder: %d", status)
	}
}

// At the limit the oldest stranger leaves, never a caller who is known; with
// nobody to leave, a request is told to come back.
func TestConnectionsAreBounded(t *testing.T) {
	l := quick()
	l.Connections, l.Rest, l.Spare, l.Header = 3, time.Hour, 1, time.Hour
	s := newServed(t, l)
	known := s.dial()
	ok := func(c caller, who string) {
		t.Helper()
		c.send("/", true, 1, "x")
		if status, body := c.answer(); status != 200 {
			t.Errorf("%s: %d %s", who, status, body)
		}
	}
	ok(known, "the first")
	oldest, second := s.dial(), s.dial()
	third := s.dial()
	if !oldest.closed() {
		t.Error("the oldest stranger is still there")
	}
	ok(known, "the known one")
	ok(second, "the second stranger, known now")
	ok(third, "the third stranger, known now")
	spare := s.dial()
	spare.send("/", true, 1, "x")
	if status, body := spare.answer(); status != http.StatusServiceUnavailable || !strings.Contains(body, "try again") {
		t.Errorf("no room: %d %s", status, body)
	}
	if !spare.closed() {
		t.Error("a spare connection is held")
	}
	// More than that are not even told.
	waiting := s.dial()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if c := s.dial(); c.closed() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no end of spare connections")
		}
	}
	waiting.Close()
	known.Close()
	for {
		c := s.dial()
		c.send("/", true, 1, "x")
		if status, _ := c.answer(); status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a connection that ended leaves no room")
		}
	}
}

// At the limit and without strangers, a known caller leaves who has been without a
// request for a while, never one who waits for an answer.
func TestRestingCallersMakeRoom(t *testing.T) {
	l := quick()
	l.Connections, l.Rest, l.Spare, l.Header = 2, time.Millisecond, 1, time.Hour
	s := newServed(t, l)
	busy, resting := s.dial(), s.dial()
	for _, c := range []caller{busy, resting} {
		c.send("/", true, 1, "x")
		if status, _ := c.answer(); status != 200 {
			t.Fatalf("got %d", status)
		}
		if c == busy {
			c.send("/wait", true, 1, "x")
			for known := false; !known; runtime.Gosched() {
				s.mu.Lock()
				known = s.reading == 2
				s.mu.Unlock()
			}
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		c := s.dial()
		c.send("/", true, 1, "x")
		if status, _ := c.answer(); status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("who rests makes no room")
		}
	}
	if !resting.closed() {
		t.Error("who rested is still there")
	}
	busy.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := busy.r.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("who waits for an answer: %v", err)
	}
	busy.Close()
}

// Without tokens, who was answered well is known.
func TestAnsweredCallersStay(t *testing.T) {
	l := quick()
	l.Connections, l.Header, l.Body = 2, 20*time.Second, 10
	s := newServed(t, l)
	good, bad := s.dial(), s.dial()
	good.send("/open", false, 1, "x")
	if status, _ := good.answer(); status != 200 {
		t.Fatalf("got %d", status)
	}
	bad.send("/open", false, 11, "longer than")
	if status, _ := bad.answer(); status != http.StatusRequestEntityTooLarge {
		t.Fatalf("got %d", status)
	}
	s.dial()
	if !bad.closed() {
		t.Error("a stranger who was refused is still there")
	}
	good.send("/open", false, 1, "x")
	if status, _ := good.answer(); status != 200 {
		t.Errorf("the one who was answered: %d", status)
	}
}

// A stop lets honest calls finish, and ends whatever else is there.
func TestStop(t *testing.T) {
	l := quick()
	l.BodyTime, l.Header = time.Hour, time.Hour
	s := newServed(t, l)
	slow, waiting, silent := s.dial(), s.dial(), s.dial()
	slow.send("/", true, 1000, "half")
	waiting.send("/wait", true, 1, "x")
	deadline := time.Now().Add(10 * time.Second)
	for {
		s.mu.Lock()
		n := s.reading
		s.mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the requests do not come through")
		}
	}
	start := time.Now()
	s.stop()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	for name, c := range map[string]caller{"slow": slow, "waiting": waiting, "silent": silent} {
		if !c.closed() {
			t.Errorf("%s: held", name)
		}
	}
}

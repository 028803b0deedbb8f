package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/inbound"
)

var loadSeconds = flag.Int("load.seconds", 2, "how long the server is under load")

// loaded is what serve builds, in this process, behind tokens.
type loaded struct {
	address string
	token   string
	end     func()
}

func newLoaded(t *testing.T) *loaded {
	t.Helper()
	cloud := emulator.New(emulator.Options{})
	front := httptest.NewServer(cloud)
	pool := cloud.NewUserPool("callers")
	s, err := command.Wiring{AWS: aws.Options{Endpoint: front.URL}, Log: discard(), Named: true}.Wire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := inbound.NewDoor(inbound.DefaultLimits())
	policy := inbound.Policy{Auth: "jwt", DiscoveryURL: pool.DiscoveryURL(front.URL), AllowedClients: []string{"c"}}
	h, err := policy.Handler(door, s.Endpoints(), listener.Addr().String(), discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- door.Serve(ctx, listener, h) }()
	l := &loaded{address: listener.Addr().String()}
	l.token = pool.Sign(map[string]any{
		"iss": pool.Issuer(front.URL), "client_id": "c", "token_use": "access", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}, nil)
	l.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.Close()
		front.Close()
		cloud.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	t.Cleanup(l.end)
	return l
}

// head is a request's, but for the end of it.
func (l *loaded) head(length int) string {
	return fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: %d\r\n", l.token, length)
}

// trickle sends a text byte by byte over a connection of its own, again and again,
// until ctx ends.
func (l *loaded) trickle(ctx context.Context, at time.Duration, whole, slow string) {
	tick := time.NewTicker(at)
	defer tick.Stop()
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.address)
		if err != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		_, err = io.WriteString(conn, whole)
		for i := 0; i < len(slow) && err == nil && ctx.Err() == nil; i++ {
			if _, err = conn.Write([]byte{slow[i]}); err == nil {
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		}
		stop()
		conn.Close()
	}
}

// idle keeps so many connections, which are those of a caller who has asked before,
// or of strangers.
func (l *loaded) idle(ctx context.Context, t *testing.T, many int, known bool, opened *atomic.Int64) {
	conns := make([]net.Conn, 0, many)
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range many {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.address)
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("an idle connection is not opened: %v", err)
			}
			return
		}
		conns = append(conns, conn)
		if known {
			const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
			_, _ = io.WriteString(conn, l.head(len(ping))+"\r\n"+ping)
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			_, _ = conn.Read(make([]byte, 4096))
		}
		opened.Add(1)
	}
	<-ctx.Done()
}

// Callers are answered beside a thousand idle connections and others that take their
// time; then memory and goroutines are as before.
func TestLoad(t *testing.T) {
	const clients, idle, slowly = 50, 1000, 20
	raiseFileLimit(t, 4*(clients+idle+2*slowly)+500)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goroutines := runtime.NumGoroutine()
	l := newLoaded(t)
	askUntil(t, l, clients, time.Now().Add(time.Second)) // what grows once has grown
	quiet := runtime.NumGoroutine()
	before := heap()

	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	var opened atomic.Int64
	for n := range 10 {
		others.Go(func() { l.idle(ctx, t, idle/10, n%2 == 0, &opened) })
	}
	within(t, time.Minute, "the idle connections are open", func() bool { return opened.Load() == idle })
	length := time.Duration(*loadSeconds) * time.Second
	for range slowly {
		others.Go(func() { l.trickle(ctx, time.Second, "", l.head(9)) })
		others.Go(func() { l.trickle(ctx, time.Second, l.head(1000)+"\r\n", strings.Repeat(" ", 1000)) })
	}
	answered, longest := askUntil(t, l, clients, time.Now().Add(length))
	under := heap()
	cancel()
	others.Wait()
	within(t, 30*time.Second, "the goroutines of the load are gone", func() bool { return runtime.NumGoroutine() <= quiet+5 })
	after := heap()
	t.Logf("%d clients for %s beside %d idle and %d slow connections: %d answers, %.0f a second, the longest after %s; heap %.1f MiB before, %.1f under load, %.1f after",
		clients, length, idle, 2*slowly, answered, float64(answered)/length.Seconds(), longest.Round(time.Millisecond), mib(before), mib(under), mib(after))
	if most := before + before/2 + 4<<20; after > most {
		t.Errorf("the heap has %.1f MiB, want at most %.1f", mib(after), mib(most))
	}
	l.end()
	within(t, 30*time.Second, "the goroutines of the server are gone", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
}

// askUntil has so many clients ask until then, each of which has to be answered each
// time.
func askUntil(t *testing.T, l *loaded, clients int, until time.Time) (answered int64, longest time.Duration) {
	t.Helper()
	requests := []string{
		listToolsRequest,
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_target","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`,
	}
	var count, most atomic.Int64
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for n := c; time.Now().Before(until) || n == c; n++ {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.address+"/mcp", strings.NewReader(requests[n%len(requests)]))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + l.token}}
				start := time.Now()
				resp, err := client.Do(req)
				if err != nil {
					t.Errorf("client %d: %v", c, err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"result":`) {
					t.Errorf("client %d gets %d %.200s, %v", c, resp.StatusCode, body, err)
					return
				}
				count.Add(1)
				for took := int64(time.Since(start)); ; {
					if was := most.Load(); took <= was || most.CompareAndSwap(was, took) {
						break
					}
				}
			}
		})
	}
	all.Wait()
	return count.Load(), time.Duration(most.Load())
}

// heap is what is in use, after garbage has been collected.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools have kept for one more
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

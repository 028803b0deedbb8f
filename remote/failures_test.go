package remote_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agentcore-gateway-mcp/remote"
)

func respond(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// A cursor that is refused on the way is a list that has changed: it can be read again.
// A first page that is refused so is a server that wants something else.
func TestReadOfAListThatMoves(t *testing.T) {
	for name, c := range map[string]struct {
		first bool
		code  int
		moved bool
	}{
		"a later page":              {false, -32602, true},
		"the first page":            {true, -32602, false},
		"a later page, another way": {false, -32603, false},
	} {
		h := scripted(func(w http.ResponseWriter, id json.RawMessage, cursor string) {
			if cursor == "" && !c.first {
				answer(w, id, `{"tools":[`+definition("a")+`],"nextCursor":"2"}`)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"invalid cursor"}}`, id, c.code)
		})
		_, err := localReader(t).Read(t.Context(), serve(t, h))
		if failed := (*remote.Error)(nil); !errors.As(err, &failed) || failed.Moved != c.moved {
			t.Errorf("%s: %+v", name, failed)
		}
	}
}

func TestReadFailures(t *testing.T) {
	long := strings.Repeat("x", 5000)
	list := func(result string) http.Handler {
		return scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) { answer(w, id, result) })
	}
	cases := map[string]struct {
		handler  http.Handler
		kind     remote.Kind
		status   int
		contains string
	}{
		"html":          {respond(200, "text/html; charset=utf-8", "<html>"), remote.KindProtocol, 0, `"text/html"`},
		"401":           {respond(401, "application/json", `{"message":"no \u001b[31mtoken `+long+`"}`), remote.KindHTTP, 401, "token"},
		"403":           {respond(403, "text/plain", "go\naway\x1b\u202e"), remote.KindHTTP, 403, `"go away<U+001B><U+202E>"`},
		"404":           {respond(404, "text/html", "<html>"), remote.KindHTTP, 404, "path"},
		"500":           {respond(500, "text/plain", "oops"), remote.KindHTTP, 500, "oops"},
		"json rpc 400":  {respond(400, "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"bad"}}`), remote.KindHTTP, 400, "bad"},
		"bad json":      {respond(200, "application/json", `{"jsonrpc":`), remote.KindProtocol, 0, ""},
		"empty":         {respond(200, "application/json", ``), remote.KindProtocol, 0, ""},
		"no stream end": {respond(200, "text/event-stream", "data: {\"jsonrpc\"\n"), remote.KindProtocol, 0, ""},
		"refusal": {http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			var msg struct{ ID json.RawMessage }
			json.NewDecoder(req.Body).Decode(&msg)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"un\nsupported %s"}}`, msg.ID, long)
		}), remote.KindProtocol, 0, `-32602: "un supported`},
		"no tools":    {list(`{}`), remote.KindProtocol, 0, "no tools"},
		"null tools":  {list(`{"tools":null}`), remote.KindProtocol, 0, "not an array"},
		"bad cursor":  {list(`{"tools":[],"nextCursor":7}`), remote.KindProtocol, 0, "nextCursor"},
		"same cursor": {list(`{"tools":[` + definition("a") + `],"nextCursor":"again"}`), remote.KindProtocol, 0, "cursor came twice"},
		"empty pages": {scripted(func(w http.ResponseWriter, id json.RawMessage, cursor string) {
			n, _ := strconv.Atoi(cursor)
			answer(w, id, fmt.Sprintf(`{"tools":[],"nextCursor":"%d"}`, n+1))
		}), remote.KindProtocol, 0, "brought no tools"},
		"cut off": {scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, `{"jsonrpc":"2.0","id":2,"result":{"tools":[`+definition("a"))
		}), remote.KindProtocol, 0, "middle of an answer"},
		"cut off stream": {scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, `id: 1`+"\n"+`data: {"jsonrpc":"2.0","id":2,"result":{"tools":[`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}), remote.KindProtocol, 0, "middle of an answer"},
		"closed before an answer": {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			remote.KindConnect, 0, "closed before an answer"},
	}
	for name, c := range cases {
		for _, version := range []string{"", gatewayVersion} {
			t.Run(name+" "+version, func(t *testing.T) {
				r := localReader(t)
				r.ProtocolVersion = version
				list, err := r.Read(t.Context(), serve(t, c.handler)+"?key=hush-hush")
				e := wantError(t, err, c.kind, c.contains)
				if e.Status != c.status {
					t.Errorf("status %d, want %d", e.Status, c.status)
				}
				if len(list.Tools) != 0 || strings.Contains(err.Error(), "hush") {
					t.Errorf("list %v, error %v", list, err)
				}
			})
		}
	}
}

func TestReadRefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = localReader(t).Read(t.Context(), "http://"+listener.Addr().String()+"/mcp?token=hush")
	wantError(t, err, remote.KindConnect, "refused")
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("secret in %v", err)
	}
}

func TestReadUnknownHost(t *testing.T) {
	_, err := localReader(t).Read(t.Context(), "https://no-such-host.invalid/mcp")
	wantError(t, err, remote.KindConnect, "cannot be resolved")
}

// What goes wrong with TLS is told apart, and no address is named.
func TestReadTLSFailures(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(secure.Close)
	plain := serve(t, http.NotFoundHandler())
	known := x509.NewCertPool()
	known.AddCert(secure.Certificate())
	trusting := func(now time.Time) *http.Transport {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known, Time: func() time.Time { return now }}}
		t.Cleanup(transport.CloseIdleConnections)
		return transport
	}
	for name, c := range map[string]struct {
		transport http.RoundTripper
		endpoint  string
		want      string
	}{
		"an unknown authority": {localReader(t).Transport, secure.URL, "authority that is not trusted"},
		"another name":         {trusting(time.Now()), strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), "for another name"},
		"expired":              {trusting(time.Now().AddDate(200, 0, 0)), secure.URL, "has expired"},
		"no TLS":               {localReader(t).Transport, strings.Replace(plain, "http:", "https:", 1), "does not speak TLS"},
	} {
		r := localReader(t)
		r.Transport = c.transport
		_, err := r.Read(t.Context(), c.endpoint)
		e := wantError(t, err, remote.KindConnect, c.want)
		if strings.Contains(e.Err.Error(), "127.0.0.1") {
			t.Errorf("%s: an address is named: %v", name, e.Err)
		}
	}
}

func TestReadTimesOut(t *testing.T) {
	for name, handler := range map[string]func(over <-chan struct{}) http.Handler{
		"before the header": func(over <-chan struct{}) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over })
		},
		"within a page": func(over <-chan struct{}) http.Handler {
			return scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
				io.WriteString(w, `{"jsonrpc":`)
				w.(http.Flusher).Flush()
				<-over
			})
		},
		"in a stream": func(over <-chan struct{}) http.Handler {
			return scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
				w.Header().Set("Content-Type", "text/event-stream")
				w.(http.Flusher).Flush()
				<-over
			})
		},
		"within an error": func(over <-chan struct{}) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
				w.(http.Flusher).Flush()
				<-over
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := localReader(t)
			r.Timeout = 200 * time.Millisecond
			endpoint := serveHanging(t, handler)
			start := time.Now()
			_, err := r.Read(t.Context(), endpoint)
			wantError(t, err, remote.KindTimeout, "200ms")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v is no deadline error", err)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A stream that stays open after its answer, and a session that cannot be ended,
// must not keep a read that has its list.
func TestReadDoesNotWaitForTheServerToEnd(t *testing.T) {
	var ended atomic.Bool
	endpoint := serveHanging(t, func(over <-chan struct{}) http.Handler {
		h := scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: ")
			answer(w, id, `{"tools":[`+definition("one")+`]}`)
			io.WriteString(w, "\n\n")
			w.(http.Flusher).Flush()
			<-over
		})
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodDelete {
				ended.Store(true)
				<-over
			}
			w.Header().Set("Mcp-Session-Id", "a-session")
			h.ServeHTTP(w, req)
		})
	})
	start := time.Now()
	list, err := localReader(t).Read(t.Context(), endpoint)
	if took := time.Since(start); err != nil || names(list.Tools) != "one" || took > 4*time.Second || !ended.Load() {
		t.Errorf("tools %v, error %v after %v, session ended %t", list.Tools, err, took, ended.Load())
	}
}

func TestReadCancelledByCaller(t *testing.T) {
	reached := make(chan struct{}, 10)
	endpoint := serveHanging(t, func(over <-chan struct{}) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			reached <- struct{}{}
			<-over
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	_, err := localReader(t).Read(ctx, endpoint+"?k=hush")
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "hush") {
		t.Errorf("error is %v", err)
	}
	early, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err = localReader(t).Read(early, endpoint)
	wantError(t, err, remote.KindTimeout, "")
}

func TestReadFollowsNoRedirect(t *testing.T) {
	var followed atomic.Bool
	inside := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	_, err := localReader(t).Read(t.Context(), serve(t, http.RedirectHandler(inside+"?token=hush", http.StatusTemporaryRedirect)))
	if e := wantError(t, err, remote.KindHTTP, "redirect"); e.Status != 307 || followed.Load() || strings.Contains(err.Error(), "hush") {
		t.Errorf("status %d, followed %t, error %v", e.Status, followed.Load(), err)
	}
}

func TestReadTooManyTools(t *testing.T) {
	full := strings.TrimSuffix(strings.Repeat(definition("a")+",", 10_000), ",")
	for _, more := range []int{0, 1} {
		var pages atomic.Int32
		h := scripted(func(w http.ResponseWriter, id json.RawMessage, cursor string) {
			pages.Add(1)
			switch {
			case cursor == "":
				answer(w, id, `{"tools":[`+full+`],"nextCursor":"rest"}`)
			case more > 0:
				answer(w, id, `{"tools":[`+definition("b")+`],"nextCursor":"further"}`)
			default:
				answer(w, id, `{"tools":[]}`)
			}
		})
		list, err := localReader(t).Read(t.Context(), serve(t, h))
		if more == 0 {
			if err != nil || len(list.Tools) != 10_000 {
				t.Errorf("10000 tools: read %d, error %v", len(list.Tools), err)
			}
			continue
		}
		wantError(t, err, remote.KindTooMany, "more than 10000 tools")
		if pages.Load() != 2 {
			t.Errorf("read %d pages, want 2", pages.Load())
		}
	}
	_, err := localReader(t).Read(t.Context(), serve(t, lists(full, definition("b"))))
	wantError(t, err, remote.KindTooMany, "more than 10000 tools")
}

func TestReadTooLarge(t *testing.T) {
	chunk := strings.Repeat("x", 1<<16)
	endless := func(w io.Writer) {
		for {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	for name, h := range map[string]http.Handler{
		"json": scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) { endless(w) }),
		"stream": scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: ")
			endless(w)
		}),
		"compressed": scripted(func(w http.ResponseWriter, _ json.RawMessage, _ string) {
			w.Header().Set("Content-Encoding", "gzip")
			endless(gzip.NewWriter(w))
		}),
		"over pages": scripted(func(w http.ResponseWriter, id json.RawMessage, cursor string) {
			answer(w, id, fmt.Sprintf(`{"tools":[%s],"nextCursor":"%s1","_meta":{"x":%q}}`, definition("a"), cursor, chunk))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			r := localReader(t)
			r.MaxBytes = 1 << 20
			_, err := r.Read(t.Context(), serve(t, h))
			wantError(t, err, remote.KindTooLarge, "1 MiB")
		})
	}
}

// Reads that share a budget hold no more than it together, but for a part of each; what a
// read had taken is free again at its end.
func TestBudget(t *testing.T) {
	whole := strings.Repeat("x", 3<<20)
	begun, goOn := make(chan struct{}), make(chan struct{})
	held := serve(t, scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
		io.WriteString(w, `{"jsonrpc":"2.0","id":`+string(id)+`,"result":{"tools":[],"_meta":{"x":"`+whole)
		w.(http.Flusher).Flush()
		close(begun)
		<-goOn
		io.WriteString(w, `"}}}`)
	}))
	listing := func(size int) string {
		return serve(t, scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
			answer(w, id, fmt.Sprintf(`{"tools":[%s],"_meta":{"x":%q}}`, definition("a"), whole[:size]))
		}))
	}
	r := localReader(t)
	r.Budget = &remote.Budget{Most: 5 << 19}
	first := make(chan error, 1)
	go func() {
		_, err := r.Read(context.Background(), held)
		first <- err
	}()
	<-begun
	var err error
	for deadline := time.Now().Add(20 * time.Second); err == nil && time.Now().Before(deadline); { // until the first has taken 2 MiB of 2.5
		_, err = r.Read(t.Context(), listing(2<<20))
	}
	wantError(t, err, remote.KindBusy, "no room")
	if _, err := r.Read(t.Context(), listing(1<<20-2000)); err != nil {
		t.Errorf("a usual list: %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range 3 {
		if _, err := r.Read(t.Context(), listing(2<<20)); err != nil {
			t.Errorf("after the first has ended: %v", err)
		}
	}
}

// A server that goes on after its answer holds nothing of the budget when the read has ended.
func TestBudgetIsGivenBack(t *testing.T) {
	junk := ": " + strings.Repeat("x", 60<<10) + "\n\n"
	talks := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &m)
		if m.Method != "tools/list" {
			scripted(nil).ServeHTTP(w, again(r, body))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"tools\":[%s]}}\n\n", m.ID, definition("a"))
		w.(http.Flusher).Flush()
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, junk); err != nil {
				return
			}
		}
	}))
	r := localReader(t)
	r.Budget = &remote.Budget{Most: 1<<20 + 1<<17}
	for range 60 {
		if _, err := r.Read(t.Context(), talks); err != nil && !strings.Contains(err.Error(), "no room") {
			t.Fatal(err)
		}
	}
	large := serve(t, scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
		answer(w, id, fmt.Sprintf(`{"tools":[%s],"_meta":{"x":%q}}`, definition("a"), strings.Repeat("x", 2<<20)))
	}))
	if _, err := r.Read(t.Context(), large); err != nil {
		t.Errorf("a list of 2 MiB afterwards: %v", err)
	}
}

// again is a request whose body was read.
func again(r *http.Request, body []byte) *http.Request {
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r
}

// authorizing sends a token, as a wrapper around a guarded transport does.
type authorizing struct {
	base  http.RoundTripper
	token string
}

func (a authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	if a.token == "" {
		return nil, errors.New(`Post "https://idp.example/token?client_secret=hush": refused`)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+a.token)
	return a.base.RoundTrip(req)
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	r := localReader(t)
	base := r.Transport
	echo := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Error(w, "refused "+req.URL.String()+" "+req.URL.Query().Get("key")+" "+req.Header.Get("Authorization")+" https://u:p4ss@h/?q=s3cret", http.StatusForbidden)
	})
	r.Transport = authorizing{base, "t0ken"}
	_, err := r.Read(t.Context(), serve(t, echo)+"?key=a%2Fb+c")
	wantError(t, err, remote.KindHTTP, "?key=***")
	for _, secret := range []string{"t0ken", "a%2Fb", "a/b c", "p4ss", "s3cret"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q in %v", secret, err)
		}
	}
	r.Transport = authorizing{base, ""}
	_, err = r.Read(t.Context(), "https://gateway.example/mcp")
	wantError(t, err, remote.KindConnect, "idp.example")
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("secret in %v", err)
	}
	_, err = r.Read(t.Context(), "https://user:p4ss@gateway.example/mcp")
	wantError(t, err, remote.KindAddress, "user name or password")
	if strings.Contains(err.Error(), "p4ss") {
		t.Errorf("password in %v", err)
	}
	_, err = remote.Reader{}.Read(t.Context(), "https://gateway.example/mcp")
	wantError(t, err, remote.KindConnect, "no transport")
}

package emulator_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/emulator"
)

// A body that does not arrive holds no connection, wherever it is sent.
func TestSlowBodiesEnd(t *testing.T) {
	w := start(t, emulator.Options{BodyTimeout: 200 * time.Millisecond})
	pool := w.core.NewUserPool("p")
	gw := w.gateway("g")
	for _, target := range []struct{ path, contentType string }{
		{"/gateways/", "application/json"},
		{"/gateway/" + gw + "/mcp", "application/json"},
		{strings.TrimPrefix(pool.TokenURL(w.url), w.url), "application/x-www-form-urlencoded"},
		{strings.TrimPrefix(pool.ClientsURL(w.url), w.url), "application/json"},
		{"/", "application/x-amz-json-1.1"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		w.check(err)
		defer conn.Close()
		w.check(conn.SetDeadline(time.Now().Add(10 * time.Second)))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nAccept: application/json, text/event-stream\r\nX-Amz-Target: secretsmanager.GetSecretValue\r\nContent-Length: 100\r\n\r\n{", target.path, target.contentType)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("%s: the connection is held", target.path)
			}
			continue // closed
		}
		if resp.StatusCode < 400 {
			t.Errorf("%s: %s", target.path, resp.Status)
		}
		resp.Body.Close()
	}
}

// What takes its time to answer is not cut off by the time for the body.
func TestSlowAnswersGoOn(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{BodyTimeout: 100 * time.Millisecond})
	arn := w.runtime("slow", w.jwt(w.outbound, "runtime-client"))
	w.check(w.core.RegisterRuntime(arn, w.serve(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
		case <-time.After(500 * time.Millisecond):
		}
		_, _ = io.WriteString(rw, "done")
	})))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.invocations(arn), strings.NewReader("{}"))
	w.check(err)
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + w.token(w.outbound, "runtime-client", "runtime-secret")}}
	resp, err := w.http.Do(req)
	w.check(err)
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "done" {
		t.Errorf("%s: %s, %v", resp.Status, body, err)
	}
}

// An answer that breaks off is told to the log that was given, and to nobody else: a
// terminal has no line of it.
func TestBrokenAnswersAreTheLogs(t *testing.T) {
	log := &logged{}
	w := startAuthenticated(t, emulator.Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	arn := w.runtime("broken", w.jwt(w.outbound, "runtime-client"))
	w.check(w.core.RegisterRuntime(arn, w.serve(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "half of ")
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	})))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.invocations(arn), strings.NewReader("{}"))
	w.check(err)
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + w.token(w.outbound, "runtime-client", "runtime-secret")}}
	if resp, err := w.http.Do(req); err == nil {
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: %s", resp.Status, body)
		}
		resp.Body.Close()
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if got := log.text.String(); !strings.Contains(got, "level=DEBUG") || !strings.Contains(got, "ReverseProxy read error") {
		t.Errorf("the log has %s", got)
	}
}

package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"agentcore-gateway-mcp/untrusted"
)

const (
	deleteTimeout = 2 * time.Second // ending a session is a courtesy
	maxErrorBody  = 64 << 10
)

var errTooLarge = errors.New("the byte limit of this read is reached")

// Budget bounds the bytes that all reads which have it hold at a time, beyond a MiB of
// each: servers that list as much as they may, asked at once, would take all memory. The
// zero value is 256 MiB.
type Budget struct {
	Most int64 // bytes
	held atomic.Int64
}

const (
	defaultBudget = 256 << 20
	ofEach        = 1 << 20 // of a read, which no budget counts
)

// take reports whether there is room for n bytes more, and takes it.
func (b *Budget) take(n int64) bool {
	most := b.Most
	if most <= 0 {
		most = defaultBudget
	}
	if b.held.Add(n) <= most {
		return true
	}
	b.held.Add(-n)
	return false
}

// share is what one read holds of a budget.
type share struct {
	of *Budget

	mu          sync.Mutex
	read, taken int64
	ended       bool
}

// hold takes n bytes more, unless there is no room, or the read has ended: the SDK may
// still be reading then.
func (s *share) hold(n int64) (ok, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false, true
	}
	s.read += n
	more := s.read - ofEach - s.taken
	if more <= 0 {
		return true, false
	}
	if !s.of.take(more) {
		return false, false
	}
	s.taken += more
	return true, false
}

// end gives back all that the read holds.
func (s *share) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.of.held.Add(-s.taken)
	s.taken = 0
}

// wire is the RoundTripper of one read. It ends every request with the read,
// counts the bytes of all answers, and remembers what the last request met.
type wire struct {
	base    http.RoundTripper
	ctx     context.Context // the read's: the SDK detaches some requests from theirs
	secrets *untrusted.Secrets

	left     atomic.Int64
	tooLarge atomic.Bool
	held     share
	noRoom   atomic.Bool
	paged    atomic.Bool // the last request was for a page after the first

	mu      sync.Mutex
	version string // negotiated by initialize
	last    *exchange
}

// exchange is what one POST met.
type exchange struct {
	err         error // no answer
	bodyErr     error // an answer cut off
	status      int
	contentType string
	said        string // the beginning of a non-2xx body
}

// foreign says that the answer's content type is none of MCP's.
func (x exchange) foreign() bool {
	return x.contentType != "" && x.contentType != "application/json" && x.contentType != "text/event-stream"
}

func (w *wire) lastExchange() exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		return exchange{}
	}
	return *w.last
}

func (w *wire) setVersion(version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version = version
}

func (w *wire) update(x *exchange, set func(*exchange)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	set(x)
}

// begin makes the request's record, and completes its headers: the SDK sets the
// protocol version of an initialized session only on connections of its own.
func (w *wire) begin(req *http.Request) *exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.version != "" && req.Header.Get("Mcp-Protocol-Version") == "" {
		req.Header.Set("Mcp-Protocol-Version", w.version)
	}
	x := new(exchange)
	if req.Method == http.MethodPost {
		w.last = x
	}
	return x
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := w.ctx.Err(); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	if req.Method == http.MethodDelete {
		ctx, cancel = context.WithTimeout(req.Context(), deleteTimeout)
	}
	stop := context.AfterFunc(w.ctx, cancel)
	release := func() { stop(); cancel() }

	req = req.Clone(ctx)
	x := w.begin(req)
	resp, err := w.base.RoundTrip(req)
	if err != nil {
		release()
		w.update(x, func(x *exchange) { x.err = err })
		return nil, err
	}
	w.learn(req, resp.Request)
	resp.Body = &body{ReadCloser: resp.Body, wire: w, exchange: x, release: release}

	var said []byte
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// The SDK reads an error's body whole or not at all: here it is read in part.
		said, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(said))
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		mediaType = resp.Header.Get("Content-Type")
	}
	w.update(x, func(x *exchange) {
		x.status, x.contentType, x.said = resp.StatusCode, mediaType, string(said)
	})
	return resp, nil
}

// learn remembers the credentials that the transport put into a request on its
// way: what its header and query have that asked has not.
func (w *wire) learn(asked, sent *http.Request) {
	if sent == nil || sent == asked {
		return
	}
	for name, values := range sent.Header {
		if name == "X-Amz-Date" || name == "X-Amz-Content-Sha256" {
			continue
		}
		for _, value := range values {
			if value == "" || slices.Contains(asked.Header[name], value) {
				continue
			}
			// "Bearer TOKEN", or a signature with its parameters: the scheme is
			// no secret, nor is what was signed.
			parts := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
			for _, part := range parts[min(1, max(0, len(parts)-1)):] {
				if name, signature, ok := strings.Cut(part, "="); ok && name == "Signature" {
					w.secrets.Add(signature)
				} else if !strings.HasPrefix(part, "SignedHeaders=") && !strings.HasPrefix(part, "Credential=") {
					w.secrets.Add(part)
				}
			}
		}
	}
	if sent.URL.RawQuery != asked.URL.RawQuery {
		for _, secret := range untrusted.QuerySecrets(sent.URL) {
			w.secrets.Add(secret)
		}
	}
}

// body is an answer's body, counted after decompression.
type body struct {
	io.ReadCloser
	wire     *wire
	exchange *exchange
	release  func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.wire.left.Add(-int64(n)) < 0 {
		b.wire.tooLarge.Store(true)
		return n, errTooLarge
	}
	if ok, ended := b.wire.held.hold(int64(n)); !ok {
		if !ended {
			b.wire.noRoom.Store(true)
		}
		return n, errTooLarge
	}
	if err != nil && err != io.EOF {
		b.wire.update(b.exchange, func(x *exchange) { x.bodyErr = err })
	}
	return n, err
}

func (b *body) Close() error {
	b.release()
	return b.ReadCloser.Close()
}

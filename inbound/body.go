package inbound

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// arrivingBody knows whether it has arrived whole.
type arrivingBody struct {
	io.ReadCloser
	whole bool
}

func (b *arrivingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.whole = b.whole || err == io.EOF
	return n, err
}

// budget counts the bytes of all bodies that are held.
type budget struct {
	most int64
	held atomic.Int64
}

func (b *budget) take(n int64) bool {
	if b.held.Add(n) <= b.most {
		return true
	}
	b.held.Add(-n)
	return false
}

var errNoRoom = errors.New("no room for a body")

// WholeBody reads a request's body before next is asked for anything, as far as
// it may go: a slow sender holds nothing but its connection, and what is held
// grows with what has arrived. It answers 408, 413 and 503. Put it behind
// whatever decides who may call.
func (d *Door) WholeBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := d.read(r.Body)
		defer func() { d.bodies.held.Add(-int64(len(body))) }()
		switch {
		case errors.Is(err, errNoRoom):
			busy(w)
			return
		case err != nil:
			w.Header().Set("Connection", "close")
			http.Error(w, "the request's body did not arrive in time", http.StatusRequestTimeout)
			return
		case int64(len(body)) > d.limits.Body:
			http.Error(w, fmt.Sprintf("the request's body is over %d KiB", d.limits.Body>>10), http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// read returns a body of at most one byte more than it may have, which is taken
// from the budget.
func (d *Door) read(from io.Reader) ([]byte, error) {
	var body []byte
	piece := make([]byte, 4<<10)
	for int64(len(body)) <= d.limits.Body {
		n, err := from.Read(piece[:min(int64(len(piece)), d.limits.Body+1-int64(len(body)))])
		if !d.bodies.take(int64(n)) {
			return body, errNoRoom
		}
		body = append(body, piece[:n]...)
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// AdmitAnswered is for servers without callers that can be known: whoever has
// sent a request that was answered well is not a stranger any more.
func (d *Door) AdmitAnswered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		if answer.status < http.StatusBadRequest {
			d.Admit(r)
		}
	})
}

type answered struct {
	http.ResponseWriter
	status int
}

// Unwrap lets an [http.ResponseController] through.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

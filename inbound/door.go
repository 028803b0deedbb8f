// Package inbound is the HTTP side of being called: the policy of who may call
// and which power a caller has, how many connections and bodies are held at a
// time, how long each may take, and who makes room for whom. Whether a token is
// good, package auth decides; what tools there are, package tools.
package inbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Limits bound what strangers can hold. None may be zero.
type Limits struct {
	// Connections at a time. When there are as many, the oldest of a caller who is
	// not known makes room for a new one.
	Connections int
	// Rest is how long a known caller's connection has been without a request before
	// it makes room too, when there are no strangers: shorter, and a request that is
	// on its way would be lost.
	Rest time.Duration
	// Spare connections, when nobody makes room, are told 503.
	Spare int
	// Body is the longest body of a request, Bodies of all that are held at a
	// time; both in bytes.
	Body, Bodies int64
	// Header, BodyTime: how long a request's header and body may take to arrive.
	Header, BodyTime time.Duration
	// Drain is how long a body that nobody wants may still arrive, so that the
	// refusal is not lost in a reset.
	Drain time.Duration
	// Grace is how long requests under way may take after the server was asked to
	// end.
	Grace time.Duration
}

// DefaultLimits fit two cores and 150 MiB: a connection costs about 25 KiB, and
// arguments are small.
func DefaultLimits() Limits {
	return Limits{
		Connections: 1024, Rest: 5 * time.Second, Spare: 256,
		Body: 1 << 20, Bodies: 32 << 20,
		Header: 10 * time.Second, BodyTime: 20 * time.Second, Drain: time.Second, Grace: 5 * time.Second,
	}
}

// Door lets requests in, within limits.
type Door struct {
	limits      Limits
	connections connections
	bodies      budget
}

// NewDoor returns a door that nobody has come through.
func NewDoor(l Limits) *Door {
	return &Door{
		limits: l, bodies: budget{most: l.Bodies},
		connections: connections{most: l.Connections, spare: l.Spare, rest: l.Rest, open: map[string]*connection{}},
	}
}

// Serve serves until ctx ends, then lets requests under way finish for
// [Limits.Grace], and closes what is still open. The error is the listener's.
func (d *Door) Serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	// No write timeout: a call may wait for AWS for minutes, and streams its
	// progress meanwhile. No read timeout either: it would end such calls too,
	// so bodies have one of their own.
	s := &http.Server{
		Handler: d.bounded(h), ReadHeaderTimeout: d.limits.Header, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, // a token has at most 16 KiB
		ConnState:      d.connections.turned,
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(&limitedListener{listener, &d.connections}) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.limits.Grace)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	<-ended
	return err
}

// Admit says that a request's caller is known: its connection is not closed to
// make room for strangers.
func (d *Door) Admit(r *http.Request) { d.connections.admit(r.RemoteAddr) }

// bounded answers requests for which there is no room, and bounds the time in
// which a body arrives, whoever reads it, and also when nobody does: net/http
// waits for the rest of a short one without a deadline of its own.
func (d *Door) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.connections.isSpare(r.RemoteAddr) {
			w.Header().Set("Connection", "close")
			busy(w)
			return
		}
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		// HTTP/1 can, and net/http lifts it once the body has arrived.
		_ = control.SetReadDeadline(time.Now().Add(d.limits.BodyTime))
		arriving := &arrivingBody{ReadCloser: r.Body}
		r.Body = arriving
		next.ServeHTTP(w, r)
		if !arriving.whole {
			_ = control.SetReadDeadline(time.Now().Add(d.limits.Drain))
		}
	})
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "too many callers at a time: try again in a moment", http.StatusServiceUnavailable)
}

package gateway

import (
	"context"
	"sync"
	"time"
)

// sharing reads something for many who ask at any time. Who asks gets a reading that
// began after they asked; those who ask meanwhile share the next one.
type sharing[T any] struct {
	read  func(context.Context) (T, error) // must not panic
	pause time.Duration                    // at least, between two readings
	turn  chan struct{}                    // holds one while somebody reads
	last  time.Time                        // of a reading's end; with the turn

	mu   sync.Mutex
	next *reading[T] // not begun yet; nil for none
}

// reading is one reading and those who wait for it.
type reading[T any] struct {
	waiting int
	leave   context.CancelFunc // when nobody waits any more
	done    chan struct{}
	value   T
	err     error
}

func newSharing[T any](pause time.Duration, read func(context.Context) (T, error)) *sharing[T] {
	return &sharing[T]{read: read, pause: pause, turn: make(chan struct{}, 1)}
}

// get waits for a reading that begins from now on. The error is the reading's, or
// the cause of ctx's end.
func (s *sharing[T]) get(ctx context.Context) (T, error) {
	s.mu.Lock()
	r := s.next
	if r == nil {
		whole, leave := context.WithCancel(context.WithoutCancel(ctx))
		r = &reading[T]{leave: leave, done: make(chan struct{})}
		s.next = r
		go s.run(whole, r)
	}
	r.waiting++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.waiting--; r.waiting == 0 {
			if s.next == r {
				s.next = nil
			}
			r.leave()
		}
	}()
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// run makes one reading, when the one before it has ended.
func (s *sharing[T]) run(ctx context.Context, r *reading[T]) {
	defer close(r.done)
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		r.err = context.Cause(ctx)
		return
	}
	defer func() { <-s.turn }()
	if r.err = pause(ctx, time.Until(s.last.Add(s.pause))); r.err != nil {
		return
	}
	s.mu.Lock()
	if s.next == r {
		s.next = nil
	}
	s.mu.Unlock()
	r.value, r.err = s.read(ctx)
	s.last = time.Now()
}

package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"agentcore-gateway-mcp/aws"
)

// running is an operation as those see it who wait for it.
type running struct {
	id       string
	caller   Caller
	gateway  string        // id
	underway Change        // the answer to who does not wait for the end
	cancel   func()        // for the end of the process
	done     chan struct{} // closed at the end

	mu        sync.Mutex
	seen      aws.Target             // as last polled
	listeners map[chan<- string]bool // of those who wait
	answer    Change                 // at the end
	ended     time.Time
	heard     bool
	rested    bool // AWS does not work on its target any more
	hearers   int  // of those who waited
}

func (r *running) state() (answer Change, ended time.Time, heard bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer, r.ended, r.heard
}

// awaited reports whether somebody waits.
func (r *running) awaited() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.listeners) > 0
}

// take is the end of an operation that nobody has heard and nobody waits for, who
// would hear it.
func (r *running) take() (c Change, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended.IsZero() || r.heard || len(r.listeners) > 0 {
		return Change{}, false
	}
	r.heard = true
	return r.answer, true
}

// listen is somebody's waiting, from now on.
func (r *running) listen() chan string {
	messages := make(chan string, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners[messages] = true
	return messages
}

// leave ends somebody's waiting. They have heard the end if there is one, unless they
// have gone.
func (r *running) leave(listener chan<- string, gone bool) (c Change, heard bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.listeners, listener)
	if gone || r.ended.IsZero() {
		return Change{}, false
	}
	r.heard = true
	r.hearers++
	return r.answer, true
}

// end keeps how the operation ended. When nobody waits, the log tells it.
func (r *running) end(c Change, m *Manager) {
	r.mu.Lock()
	alone := len(r.listeners) == 0
	r.answer, r.ended = c, time.Now()
	r.mu.Unlock()
	close(r.done)
	if alone && !m.operations.isStopped() { // those that are left are told of by Stop
		m.Log.Info("an operation ended for which nobody waited", "operation", r.id, "gateway", c.Gateway, "target", c.Target, "outcome", c.Outcome, "status", c.Status, "trace", r.caller.Trace, "next", c.Next)
		if m.Ended != nil {
			m.Ended(r.caller, r.id, c)
		}
	}
}

// saw keeps the target as polled, and tells those who wait.
func (r *running) saw(t aws.Target, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.Name != "" {
		r.seen = t
	}
	for l := range r.listeners {
		select {
		case l <- message:
		default: // it has one to tell still
		}
	}
}

// turn changes the answer to who does not wait any longer.
func (r *running) turn(change func(*Change)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.underway)
}

// standing is the answer to who does not wait any longer.
func (r *running) standing() Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.underway
	c.Status, c.StatusReasons, c.AuthorizationURL = r.seen.Status, quoteAll(r.seen.StatusReasons), r.seen.AuthorizationURL
	return c
}

// await waits for the end until wait after start, or until the caller leaves,
// which is the error. A program ends with its call: it gets no operation to ask for.
func (r *running) await(ctx context.Context, start time.Time, wait time.Duration, caller Caller) (Change, error) {
	messages := r.listen()
	timer := time.NewTimer(time.Until(start.Add(wait)))
	defer timer.Stop()
	for {
		select {
		case message := <-messages:
			caller.Progress.report(time.Since(start).Seconds(), 0, message)
			continue
		case <-r.done:
		case <-ctx.Done():
		case <-timer.C:
		}
		gone := ctx.Err() != nil
		c, heard := r.leave(messages, gone)
		switch {
		case gone:
			return Change{}, fmt.Errorf("the call was given up: operation %s goes on, and a later call tells how it ended: %w", r.id, context.Cause(ctx))
		case !heard:
			c = r.standing()
			c.Seconds = seconds(time.Since(start))
		}
		if caller.Program {
			c.Operation = nil
		}
		return c, nil
	}
}

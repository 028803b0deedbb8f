package gateway

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mostWork bounds a change, mostRevert going back after it.
	mostWork   = 15 * time.Minute
	mostRevert = 5 * time.Minute
	// toldAgain is how long a repeated call gets an end that nobody has heard.
	toldAgain = time.Minute
	// stopTime is how long an operation may take to stop.
	stopTime = 2 * time.Second
	// Ends that nobody has heard are kept for an hour, the latest of them.
	mostAge  = time.Hour
	mostEnds = 200
)

// Caller is who asks for something, and how to tell how far it is.
type Caller struct {
	Name     string // tells callers apart; "" where all are one
	Call     string // the tool and its arguments, but for the wait: repeated, a call joins itself
	Program  bool   // it is no model, may get what is too long for one, and ends with the call
	Progress Progress
}

// key is the same for the same call of the same caller.
func (c Caller) key() string { return c.Name + "\x00" + c.Call }

// Operation is a change that goes on, told to somebody who does not wait for its
// end.
type Operation struct {
	ID       string `json:"id"`
	Awaiting string `json:"awaiting"`
	Reverts  bool   `json:"reverts,omitempty" jsonschema:"it goes back by itself if the change fails"`
}

// End is how an operation ended.
type End struct {
	Operation string    `json:"operation"`
	EndedAt   time.Time `json:"endedAt"`
	Change
}

// operations are the changes that a process carries to their ends, whoever still
// waits, and the ends that nobody has heard. Nothing depends on them: they are
// gone with the process. The zero value is ready.
type operations struct {
	mu       sync.Mutex
	all      []*running        // the oldest first
	moved    map[string]string // where targets pointed before, by their ids
	working  sync.WaitGroup
	sending  sync.WaitGroup           // changes that may become operations any moment
	sent     map[string]chan struct{} // by their calls, closed when they have
	applying atomic.Int32             // changes that are being sent, and go on without their callers
	stopped  bool                     // nothing more is carried to its end
}

// send says that a call sends its change, until the returned function is called.
func (s *operations) send(c Caller) (sent func()) {
	key, over := c.key(), make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent == nil {
		s.sent = map[string]chan struct{}{}
	}
	s.sent[key] = over
	s.sending.Add(1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.sent[key] == over {
			delete(s.sent, key)
		}
		close(over)
		s.sending.Done()
	}
}

// awaitSent waits while the same call sends its change, whose caller may have left.
func (s *operations) awaitSent(ctx context.Context, c Caller) {
	s.mu.Lock()
	over := s.sent[c.key()]
	s.mu.Unlock()
	if over == nil {
		return
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// errInside is told where this program has failed, not AWS or a server.
var errInside = errors.New("this failed inside agentcore-gateway-mcp, whose log has the details; look with get_target")

// rescue, deferred, keeps a panic from ending the process, and with it every
// session: the log has it, and instead tells it where it belongs.
func (m *Manager) rescue(what string, instead func()) {
	if p := recover(); p != nil {
		m.Log.Error("panic in "+what, "panic", p, "stack", string(debug.Stack()))
		instead()
	}
}

// begin carries an operation whose change was sent to its end.
func (m *Manager) begin(o *operation, k kind, caller Caller) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{id: newID(), caller: caller, underway: k.underway(o), cancel: cancel, done: make(chan struct{}), seen: o.sent, listeners: map[chan<- string]bool{}}
	r.underway.Operation.ID = r.id
	o.running = r
	m.operations.add(r)
	go func() {
		defer m.operations.working.Done()
		defer cancel()
		defer func() { r.end(o.tell(), m) }()
		defer m.rescue("operation "+r.id, func() {
			o.change = r.underway
			o.change.Outcome, o.change.Operation, o.change.Next = Failed, nil, errInside.Error()
		})
		reading, enough := context.WithCancel(ctx)
		o.ahead = m.readAhead(reading, o.pointed())
		defer func() {
			enough()
			<-o.ahead.done
		}()
		o.follow(ctx, k.success())
		k.settle(ctx, o)
	}()
	return r
}

func (s *operations) add(r *running) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(r)
	s.working.Add(1)
}

// again is the operation that a repeated call joins or hears the end of, nil for
// none.
func (s *operations) again(caller Caller, targetID string) *running {
	return s.since(caller, targetID, toldAgain)
}

// since is the operation of a call on a target that is under way, or has ended no
// longer ago than age, unheard; nil for none.
func (s *operations) since(caller Caller, targetID string, age time.Duration) *running {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Backward(s.all) {
		_, ended, heard := r.state()
		if r.caller.Name == caller.Name && r.caller.Call == caller.Call && caller.Call != "" && r.underway.TargetID == targetID &&
			(ended.IsZero() || !heard && time.Since(ended) <= age) {
			return r
		}
	}
	return nil
}

// mostTold is how many ends one answer tells: more would not fit, and are told by the
// next.
const mostTold = 4

// Unheard are the ends of a caller's operations that nobody has heard, each told
// once, the oldest first.
func (m *Manager) Unheard(caller Caller) []End {
	m.operations.mu.Lock()
	defer m.operations.mu.Unlock()
	var ends []End
	for _, r := range m.operations.all {
		if r.caller.Name != caller.Name || len(ends) == mostTold {
			continue
		}
		if answer, ok := r.take(); ok {
			ends = append(ends, End{Operation: r.id, EndedAt: r.ended.UTC(), Change: answer})
		}
	}
	return ends
}

// Busy reports whether a change is under way, or being sent.
func (m *Manager) Busy() bool { return m.operations.applying.Load() > 0 || len(m.left()) > 0 }

// left are the operations under way.
func (m *Manager) left() (left []*running) {
	m.operations.mu.Lock()
	defer m.operations.mu.Unlock()
	for _, r := range m.operations.all {
		if _, ended, _ := r.state(); ended.IsZero() {
			left = append(left, r)
		}
	}
	return left
}

// Stop waits for the operations under way, for at most grace, and leaves the
// others as they are: what is needed to go back is returned, and in the log.
func (m *Manager) Stop(grace time.Duration) []Change {
	m.operations.sending.Wait() // what is being sent cannot be called back
	m.operations.mu.Lock()
	m.operations.stopped = true
	m.operations.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		m.operations.working.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(grace):
	}
	var left []Change
	for _, r := range m.left() {
		c := r.standing()
		left = append(left, c)
		m.Log.Warn("an operation is left to AWS: nobody here checks how it ends or goes back", "operation", r.id, "gateway", c.Gateway, "target", c.Target,
			"status", c.Status, "previousEndpoint", c.PreviousEndpoint, "endpoint", c.Endpoint)
		r.cancel()
	}
	select {
	case <-ended:
	case <-time.After(stopTime):
	}
	return left
}

package gateway

import (
	"agentcore-gateway-mcp/aws"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
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
	// mostSending is how long a stop waits for AWS's answers to what is being sent.
	mostSending = 5 * time.Second
	// Ends that nobody has heard are kept for an hour, the latest of each caller, and
	// of all callers together.
	mostAge     = time.Hour
	mostEnds    = 200
	mostAllEnds = 2000
)

// Caller is who asks for something, and how to tell how far it is.
type Caller struct {
	Name     string        // tells callers apart; "" where all are one
	Call     string        // the tool and its arguments, but for the wait: repeated, a call joins itself
	Reached  string        // host, port and path by which they have reached this server, "" where that is not known
	Trace    string        // W3C trace id of the request, for logs; "" for none
	Sent     *aws.Requests // gets the ids of the requests that change something; may be nil
	Program  bool          // it is no model, may get what is too long for one, and ends with the call
	Progress Progress
}

// on is the name of a call's turn on a target, "" for none.
func (c Caller) on(targetID string) string {
	if c.Call == "" {
		return ""
	}
	return c.Name + "\x00" + c.Call + "\x00" + targetID
}

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
	now     func() time.Time // the clock; nil for the system's
	mu      sync.Mutex
	all     []*running               // the oldest first
	moved   map[string]string        // where targets pointed before, by their ids
	turns   map[string]chan struct{} // closed at the end of somebody's turn
	working sync.WaitGroup
	sending sync.WaitGroup // changes that are being sent, and go on without their callers
	applied []*string      // what those are
	stopped bool           // nothing more is sent
}

// errStopped is why a change is not sent.
var errStopped = errors.New("nothing was sent: this server is stopping, call again when it is back")

// turn waits until nobody else has the turn of that name, and has it until release is
// called: one call that is made twice at once looks twice, and sends once. "" is no
// name.
func (s *operations) turn(ctx context.Context, name string) (release func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	for {
		s.mu.Lock()
		over := s.turns[name]
		if over == nil {
			mine := make(chan struct{})
			if s.turns == nil {
				s.turns = map[string]chan struct{}{}
			}
			s.turns[name] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.turns, name)
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-over:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// send says that a change of a target is sent, until the returned function is called;
// errStopped where none is any more.
func (s *operations) send(target string) (sent func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errStopped
	}
	s.sending.Add(1)
	s.applied = append(s.applied, &target)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.applied = slices.DeleteFunc(s.applied, func(other *string) bool { return other == &target })
		s.sending.Done()
	}, nil
}

func (s *operations) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// atWorkIn is how many targets of a gateway AWS works on at our wish.
func (s *operations) atWorkIn(gatewayID string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.all {
		r.mu.Lock()
		if r.gateway == gatewayID && r.ended.IsZero() && !r.rested {
			n++
		}
		r.mu.Unlock()
	}
	return n
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

// carry has an operation whose change was sent carried to its end.
func (m *Manager) carry(o *operation, k kind, caller Caller) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{id: newID(), caller: caller, gateway: o.g.ID, underway: k.underway(o), cancel: cancel, done: make(chan struct{}), seen: o.sent, listeners: map[chan<- string]bool{}}
	r.underway.Operation.ID = r.id
	o.running = r
	rested := o.rested
	o.rested = func() {
		r.mu.Lock()
		r.rested = true
		r.mu.Unlock()
		rested()
	}
	m.operations.add(r)
	go func() {
		defer m.operations.working.Done()
		defer cancel()
		defer func() { r.end(o.tell(), m) }()
		defer o.rested()
		defer m.rescue("operation "+r.id, func() {
			o.change = r.underway
			o.change.Outcome, o.change.Operation, o.change.Next = Failed, nil, errInside.Error()
		})
		reading, enough := context.WithCancel(ctx)
		defer enough()
		if k.success() != Deleted {
			o.ahead = m.readAhead(reading, o.pointed())
			defer func() {
				enough()
				<-o.ahead.done
			}()
		}
		if o.follow(ctx, k.success()); !o.neverBegan() {
			k.settle(ctx, o)
		}
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
// none. targetID is "" where the call itself says which target.
func (s *operations) again(caller Caller, targetID string) *running {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since(caller, targetID, toldAgain)
}

// since is the operation of a call on a target that is under way, or has ended no
// longer ago than age, unheard; nil for none. targetID "" is any. The lock is held.
func (s *operations) since(caller Caller, targetID string, age time.Duration) *running {
	for _, r := range slices.Backward(s.all) {
		_, ended, heard := r.state()
		if r.caller.Name == caller.Name && r.caller.Call == caller.Call && caller.Call != "" && (targetID == "" || r.underway.TargetID == targetID) &&
			(ended.IsZero() || !heard && s.age(ended) <= age) {
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
func (m *Manager) Busy() bool {
	m.operations.mu.Lock()
	sending := len(m.operations.applied) > 0
	m.operations.mu.Unlock()
	return sending || len(m.left()) > 0
}

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

// Stop sends nothing any more, waits for the operations under way, for at most grace,
// and leaves the others as they are: what is needed to go back is returned, and is for
// [Manager.LogLeft] where nobody else is told. A second Stop does nothing.
func (m *Manager) Stop(grace time.Duration) []Change {
	m.operations.mu.Lock()
	stopped := m.operations.stopped
	m.operations.stopped = true
	m.operations.mu.Unlock()
	if stopped {
		return nil
	}
	sent, ended := make(chan struct{}), make(chan struct{})
	go func() {
		m.operations.sending.Wait() // it cannot be called back, and becomes an operation
		close(sent)
		m.operations.working.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(grace):
		select {
		case <-sent:
		case <-time.After(mostSending):
		}
	}
	m.logLost()
	var left []Change
	for _, r := range m.left() {
		c := r.standing()
		c.Operation = &Operation{ID: r.id}
		left = append(left, c)
		r.cancel()
	}
	select {
	case <-ended:
	case <-time.After(stopTime):
	}
	return left
}

// LogLeft tells the log of operations that a stop has left.
func (m *Manager) LogLeft(left []Change) {
	for _, c := range left {
		m.Log.Warn("an operation is left to AWS: nobody here checks how it ends or goes back", "operation", c.Operation.ID, "gateway", c.Gateway, "target", c.Target,
			"status", c.Status, "previousEndpoint", c.PreviousEndpoint, "endpoint", c.Endpoint)
	}
}

// logLost tells of what a stop leaves that no operation stands for: changes that are being
// sent, and ends that nobody has heard.
func (m *Manager) logLost() {
	m.operations.mu.Lock()
	defer m.operations.mu.Unlock()
	for _, target := range m.operations.applied {
		m.Log.Warn("a change that is being sent is left to AWS: whether it takes effect is not known here", "target", *target)
	}
	for _, r := range m.operations.all {
		if c, ended, heard := r.state(); !ended.IsZero() && !heard {
			m.Log.Info("an operation has ended that nobody has heard of", "operation", r.id, "gateway", c.Gateway, "target", c.Target, "outcome", c.Outcome, "status", c.Status, "next", c.Next)
		}
	}
}

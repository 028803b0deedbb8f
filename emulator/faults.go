package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// Fault is a failure of an operation of AgentCore or Secrets Manager for tests.
// A Fault without Code and Reset only delays. Of several that match a request,
// the first injected hits.
type Fault struct {
	Operation string        // "UpdateGatewayTarget"; "" means every operation
	After     bool          // false: instead of the operation; true: the operation takes effect, then its answer is replaced
	Code      string        // "ThrottlingException", "InternalServerException": an AWS-shaped error with its status
	Reset     bool          // the connection is reset instead of an answer
	Delay     time.Duration // before anything else
	Times     int           // how many requests it hits; 0 means all until removed
}

type activeFault struct {
	Fault
	hits int
}

// Inject adds a fault; remove takes it away and may be called more than once.
func (s *Server) Inject(f Fault) (remove func()) {
	added := &activeFault{Fault: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(a *activeFault) bool { return a == added })
	}
}

// Calls is the number of requests received for an operation, however they were
// answered.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// What is counted by name is bounded: a client may make names up.
const (
	mostOperations   = 1000
	longestOperation = 100 // bytes
)

// receive counts a request and returns the fault that hits it, if any.
func (s *Server) receive(operation string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, counted := s.calls[operation]; counted || len(s.calls) < mostOperations && len(operation) <= longestOperation {
		s.calls[operation]++
	}
	for _, f := range s.faults {
		if (f.Operation == "" || f.Operation == operation) && (f.Times == 0 || f.hits < f.Times) {
			f.hits++
			return f.Fault
		}
	}
	return Fault{}
}

// withFaults counts a request and serves it, unless a fault hits it.
func (s *Server) withFaults(w http.ResponseWriter, r *http.Request, operation string, serve func(http.ResponseWriter)) {
	fault := s.receive(operation)
	if fault.Delay > 0 && !s.pauseRequest(r, fault.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case !fault.answers():
		serve(w)
	case fault.After:
		serve(discard{})
		fault.answer(w)
	default:
		fault.answer(w)
	}
}

// discard takes the answer that a fault replaces.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func (f Fault) answers() bool { return f.Code != "" || f.Reset }

// answer writes the fault instead of the operation's answer.
func (f Fault) answer(w http.ResponseWriter) {
	if f.Code != "" && !f.Reset {
		writeError(w, &apiError{code: f.Code, message: "injected by a fault of the local AgentCore"})
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2: abort the stream
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with RST
	}
	_ = conn.Close()
}

// pauseRequest waits; false when the client leaves or the Server closes first.
func (s *Server) pauseRequest(r *http.Request, d time.Duration) bool {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	return s.pause(ctx, d)
}

// Hold keeps the targets that are in a working state (CREATING, UPDATING,
// SYNCHRONIZING, DELETING) or come into it there, after their StateDelay and
// before anything is read from their MCP servers, until release is called,
// which may be done more than once.
func (s *Server) Hold(status types.TargetStatus) (release func()) {
	hold := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds[status] = append(s.holds[status], hold)
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.holds[status] = slices.DeleteFunc(s.holds[status], func(c chan struct{}) bool { return c == hold })
		close(hold)
	})
}

// await waits while a status is held; false when the Server closes first.
func (s *Server) await(ctx context.Context, status types.TargetStatus) bool {
	for {
		s.mu.Lock()
		holds := s.holds[status]
		if len(holds) == 0 {
			s.mu.Unlock()
			return true
		}
		hold := holds[0]
		s.mu.Unlock()
		select {
		case <-hold:
		case <-ctx.Done():
			return false
		}
	}
}

// SetTarget changes a target's record in place, for states that no operation
// reaches here: pending authorization, members of a newer API, a flapping
// status. Work under way for the target changes nothing any more when the
// change touches its status. An unknown gateway or target is an error.
func (s *Server) SetTarget(gatewayID, targetID string, change func(*bedrockagentcorecontrol.GetGatewayTargetOutput)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	gw := s.gateway(gatewayID)
	if gw == nil {
		return fmt.Errorf("no gateway %s", gatewayID)
	}
	t := gw.target(targetID)
	if t == nil {
		return fmt.Errorf("no target %s in gateway %s", targetID, gatewayID)
	}
	before := t.record.Status
	change(&t.record)
	if t.record.Status != before {
		t.job++
		t.working = false
	}
	return nil
}

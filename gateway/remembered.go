package gateway

import (
	"agentcore-gateway-mcp/catalog"
	"maps"
	"strings"
	"time"
)

// leftTarget is a target whose synchronization a call on many has not seen end.
type leftTarget struct {
	before catalog.List // as served before
	at     time.Time
}

// leave keeps what a gateway served of a target before a synchronization whose end
// a caller has not seen.
func (s *operations) leave(caller, gatewayID, targetID string, before catalog.List) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.left, func(_ string, l leftTarget) bool { return time.Since(l.at) > mostAge })
	if len(s.left) >= mostEnds {
		return
	}
	if s.left == nil {
		s.left = map[string]leftTarget{}
	}
	s.left[strings.Join([]string{caller, gatewayID, targetID}, "\x00")] = leftTarget{before, time.Now()}
}

// before takes what leave has kept.
func (s *operations) before(caller, gatewayID, targetID string) (before catalog.List, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join([]string{caller, gatewayID, targetID}, "\x00")
	l, ok := s.left[key]
	delete(s.left, key)
	return l.before, ok && time.Since(l.at) <= mostAge
}

// move keeps where a target pointed before it was moved.
func (s *operations) move(targetID, endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved == nil || len(s.moved) >= mostEnds {
		s.moved = map[string]string{} // the way back is in the log, too
	}
	s.moved[targetID] = endpoint
}

func (s *operations) endpoint(targetID string) (endpoint string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	endpoint, ok = s.moved[targetID]
	return endpoint, ok
}

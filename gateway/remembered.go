package gateway

import (
	"crypto/rand"
	"slices"
	"time"
)

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

// keep has an end told by the caller's next call.
func (s *operations) keep(caller Caller, c Change) {
	r := &running{id: newID(), caller: caller, underway: c, cancel: func() {}, done: make(chan struct{}), answer: c, ended: time.Now()}
	close(r.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(r)
}

// remember adds an operation, and forgets ends that were heard, or are old or many.
func (s *operations) remember(r *running) {
	unheard := 0
	for i := len(s.all) - 1; i >= 0; i-- {
		_, ended, heard := s.all[i].state()
		if ended.IsZero() {
			continue
		}
		if unheard++; heard || time.Since(ended) > mostAge || unheard > mostEnds {
			s.all = slices.Delete(s.all, i, i+1)
		}
	}
	s.all = append(s.all, r)
}

func newID() string { return rand.Text()[:8] }

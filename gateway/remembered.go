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

// remember adds an operation, and forgets ends that were heard, or are old or many:
// those of a caller who has many displace nobody else's.
func (s *operations) remember(r *running) {
	all, unheard := 0, map[string]int{}
	for i := len(s.all) - 1; i >= 0; i-- {
		_, ended, heard := s.all[i].state()
		if ended.IsZero() || s.all[i].awaited() { // who waits for an end is yet to hear it
			continue
		}
		caller := s.all[i].caller.Name
		if heard || s.age(ended) > mostAge || unheard[caller] >= mostEnds || all >= mostAllEnds {
			s.all = slices.Delete(s.all, i, i+1)
			continue
		}
		all++
		unheard[caller]++
	}
	s.all = append(s.all, r)
}

// age is how long ago something ended, by the wall clock: monotonic time stands still in
// a snapshot, and what was restored from one would tell of yesterday as of now.
func (s *operations) age(ended time.Time) time.Duration {
	now := time.Now
	if s.now != nil {
		now = s.now
	}
	return now().Round(0).Sub(ended.Round(0))
}

// untold has an end told again that one who waited for it could not pass on, unless
// somebody else has it.
func (s *operations) untold(r *running) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mu.Lock()
	r.hearers--
	again := r.hearers == 0
	if again {
		r.heard = false
	}
	r.mu.Unlock()
	if again && !slices.Contains(s.all, r) { // forgotten as heard meanwhile
		s.all = append(s.all, r)
	}
}

func newID() string { return rand.Text()[:8] }

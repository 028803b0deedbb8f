package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	keysFresh  = 10 * time.Minute // then they are fetched again
	keysUsable = time.Hour        // for so long without the issuer's answer
	fetchPause = 10 * time.Second // between the end of a fetch and the next, whatever is asked for
	fetchLimit = 2 * fetchTimeout // two documents
)

var errUnknownKey = errors.New("the issuer has no key that can be used of that kid")

// keyStore holds the keys of one issuer. Ages are by wall clock: a process that
// was restored from a snapshot has a monotonic clock that stood still, and one
// whose clock went backwards does not know how old its keys are, so it fetches
// them again.
type keyStore struct {
	source issuerDocuments
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	set     *keySet       // the last that was had
	fetched time.Time     // when set was had
	tried   time.Time     // when the last fetch ended
	failed  error         // why it failed, nil when it did not
	flight  chan struct{} // closed when the fetch under way ends; nil when none is
}

// key gives the issuer's key of that kid and the issuer. The error is
// [errUnknownKey] when the issuer answered and does not know the kid, and wraps
// [ErrUnavailable] when the keys are not available.
func (s *keyStore) key(ctx context.Context, kid string) (verificationKey, string, error) {
	set, err := s.current(ctx, func(set *keySet) bool { _, ok := set.keys[kid]; return ok })
	if err != nil {
		return verificationKey{}, "", err
	}
	key, ok := set.keys[kid]
	if !ok {
		return verificationKey{}, "", errUnknownKey
	}
	return key, set.issuer, nil
}

// current gives a key set. It begins a fetch when the one it has is not fresh or
// not enough, unless a fetch ended within the last [fetchPause]: kids that nobody
// ever had cannot flood the issuer, and a key that it just began to use is known
// after that pause at the latest. One that is usable and enough is given at once,
// and the fetch goes on behind: an issuer that hangs holds nobody up.
func (s *keyStore) current(ctx context.Context, enough func(*keySet) bool) (*keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.younger(s.fetched, keysFresh) && enough(s.set) {
		return s.set, nil
	}
	if s.flight == nil && !s.younger(s.tried, fetchPause) {
		s.flight = make(chan struct{})
		go s.fetch(s.flight)
	}
	if s.younger(s.fetched, keysUsable) && enough(s.set) {
		return s.set, nil
	}
	if flight := s.flight; flight != nil {
		s.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%w: the caller left: %w", ErrUnavailable, err)
		}
	}
	switch {
	case !s.younger(s.fetched, keysUsable):
		return nil, errors.Join(ErrUnavailable, s.failed)
	case s.failed != nil && !enough(s.set):
		return nil, errors.Join(ErrUnavailable, errUnknownKey, s.failed)
	}
	return s.set, nil
}

// younger reports whether t is in the past, and less than age ago.
func (s *keyStore) younger(t time.Time, age time.Duration) bool {
	if t.IsZero() {
		return false
	}
	since := s.wall().Sub(t)
	return since >= 0 && since < age
}

// wall is the time without its monotonic reading.
func (s *keyStore) wall() time.Time { return s.now().Round(0) }

// fetch belongs to nobody's request: a caller who leaves does not end it for
// the others.
func (s *keyStore) fetch(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	set, err := s.source.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.failed, s.flight = s.wall(), err, nil
	if err == nil {
		s.set, s.fetched = set, s.tried
	} else {
		s.log.Warn("the issuer's keys are not available", "issuer", s.source.form.issuer, "cause", err)
	}
	close(done)
}

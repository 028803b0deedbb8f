package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks gets a reading that began after they asked, and shares it with all who
// asked before it began.
func TestSharing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		s := newSharing(3*time.Second, func(ctx context.Context) (int, error) {
			n++
			return n, pause(ctx, time.Second)
		})
		type got struct {
			reading int
			after   time.Duration
			err     error
		}
		ask := func(ctx context.Context) got {
			n, err := s.get(ctx)
			return got{n, time.Since(start), err}
		}
		var all [4]got
		var wait sync.WaitGroup
		for i, at := range []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 4500 * time.Millisecond} {
			wait.Go(func() {
				time.Sleep(at)
				all[i] = ask(t.Context())
			})
		}
		wait.Wait()
		// The second began 3 s after the end of the first, for those who asked while it
		// ran and after it; the third 3 s after the end of the second.
		if want := [4]got{{1, time.Second, nil}, {2, 5 * time.Second, nil}, {2, 5 * time.Second, nil}, {3, 9 * time.Second, nil}}; all != want {
			t.Errorf("got  %v\nwant %v", all, want)
		}
	})
}

// A reading ends when nobody waits for it, and only then.
func TestSharingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 9)
		s := newSharing(0, func(ctx context.Context) (int, error) {
			err := pause(ctx, time.Minute)
			ended <- err
			return 7, err
		})
		s.turn <- struct{}{} // both ask before the reading begins
		first, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := s.get(first); !errors.Is(err, context.Canceled) {
				t.Errorf("who has left gets %v", err)
			}
		})
		wait.Go(func() {
			if n, err := s.get(t.Context()); n != 7 || err != nil {
				t.Errorf("who stays gets %d, %v", n, err)
			}
		})
		synctest.Wait()
		<-s.turn
		synctest.Wait()
		leave()
		wait.Wait()
		if err := <-ended; err != nil {
			t.Errorf("the reading ended early: %v", err)
		}
		all, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := s.get(all); err == nil {
			t.Error("who has left gets an answer")
		}
		synctest.Wait()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("a reading that nobody waits for goes on: %v", err)
		}
		if n, err := s.get(t.Context()); n != 7 || err != nil {
			t.Errorf("the next: %d, %v", n, err)
		}
	})
}

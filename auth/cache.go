package auth

import (
	"context"
	"sync"
	"time"
)

const (
	failureKept  = time.Second      // so long many callers share one failure
	renewalPause = 10 * time.Second // a token younger than this is not renewed because a server refused it
	sourceLimit  = 30 * time.Second // for one fetch
	patience     = 2 * time.Second  // with a fetch, where the old token still serves
)

// Cache keeps a source's token until shortly before it expires. Ages are by wall
// clock, and a clock that went backwards ends the token's life.
type Cache struct {
	src   TokenSource
	early time.Duration
	now   func() time.Time

	mu       sync.Mutex
	token    Token
	obtained time.Time
	failed   error // of the last fetch
	failedAt time.Time
	flight   chan struct{} // closed when the fetch under way ends; nil when none is
}

// Cached keeps src's tokens. A token is fetched anew when less than early is
// left of it, or less than half of its life if that is shorter; while that
// fails or takes long, it is used to its end. now may be nil for time.Now.
func Cached(src TokenSource, early time.Duration, now func() time.Time) *Cache {
	if now == nil {
		now = time.Now
	}
	return &Cache{src: src, early: early, now: now}
}

// Token is a [TokenSource]. One fetch serves all who wait for it, and goes on
// when one of them leaves. The error is the source's, at most a second old, or
// that of ctx.
func (c *Cache) Token(ctx context.Context) (Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.get(ctx)
}

// Renew is [Cache.Token] after a server refused a token: it is forgotten, unless
// it is not the one in the cache any more, or so new that another would fare no
// better.
func (c *Cache) Renew(ctx context.Context, refused Token) (Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.Value == refused.Value && !within(c.wall(), c.obtained, renewalPause) {
		c.token = Token{}
	}
	return c.get(ctx)
}

// get is called, and returns, with mu held.
func (c *Cache) get(ctx context.Context) (Token, error) {
	life := c.token.Expiry.Sub(c.obtained)
	if c.lasts(life - min(c.early, life/2)) {
		return c.token, nil
	}
	if c.flight == nil {
		if c.failed != nil && within(c.wall(), c.failedAt, failureKept) {
			return c.old(life)
		}
		c.flight = make(chan struct{})
		go c.fetch(context.WithoutCancel(ctx), c.flight)
	}
	flight := c.flight
	var enough <-chan time.Time
	if c.lasts(life) {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		enough = timer.C
	}
	c.mu.Unlock()
	select {
	case <-flight:
	case <-enough:
	case <-ctx.Done():
	}
	c.mu.Lock()
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	return c.old(c.token.Expiry.Sub(c.obtained))
}

// old is the token if it is still valid at all, else why there is none.
func (c *Cache) old(life time.Duration) (Token, error) {
	if c.failed == nil || c.lasts(life) {
		return c.token, nil
	}
	return Token{}, c.failed
}

func (c *Cache) lasts(life time.Duration) bool {
	return c.token.Value != "" && within(c.wall(), c.obtained, life)
}

// within reports whether t is in the past, and less than age ago.
func within(now, t time.Time, age time.Duration) bool {
	since := now.Sub(t)
	return !t.IsZero() && since >= 0 && since < age
}

// wall is the time without its monotonic reading, which stands still in a
// snapshot.
func (c *Cache) wall() time.Time { return c.now().Round(0) }

func (c *Cache) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, sourceLimit)
	defer cancel()
	token, err := c.src(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.flight = err, nil
	if err != nil {
		c.failedAt = c.wall()
	} else {
		c.token, c.obtained = token, c.wall()
		c.token.Expiry = c.token.Expiry.Round(0)
	}
	close(done)
}

package aws

import (
	"cmp"
	"context"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// AWS's default request rates a second (AWS's quota table): for Get and List, and
// for what changes something. Synchronize has no row there; the same is assumed.
const (
	DefaultReadRate  = 10
	DefaultWriteRate = 5
)

// limiter keeps this process inside AWS's request rates, one token bucket for
// each operation.
type limiter struct {
	reads, writes rate.Limit

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// newLimiter takes rates a second; 0 is the default.
func newLimiter(reads, writes float64) *limiter {
	return &limiter{
		reads: rate.Limit(cmp.Or(reads, DefaultReadRate)), writes: rate.Limit(cmp.Or(writes, DefaultWriteRate)),
		buckets: map[string]*rate.Limiter{},
	}
}

// bucket is an operation's. Its name decides, so that none is forgotten.
func (l *limiter) bucket(operation string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[operation]
	if b == nil {
		perSecond := l.writes
		if strings.HasPrefix(operation, "Get") || strings.HasPrefix(operation, "List") {
			perSecond = l.reads
		}
		// Half a second's worth may go at once: a full burst on top of the
		// steady rate would overrun a bucket of the same size at the far end.
		b = rate.NewLimiter(perSecond, max(1, int(perSecond)/2))
		l.buckets[operation] = b
	}
	return b
}

// add puts the limiter behind the SDK's retry step, so that every attempt
// waits its turn and not only the first.
func (l *limiter) add(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("RequestRate",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if err := l.bucket(awsmiddleware.GetOperationName(ctx)).Wait(ctx); err != nil {
				// Wait refuses at once when the deadline would pass before a
				// token is there: nothing has been sent.
				return middleware.FinalizeOutput{}, middleware.Metadata{}, &notSentError{err}
			}
			return next.HandleFinalize(ctx, in)
		}), "Retry", middleware.After)
}

// notSentError marks a call that never left this process.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

package aws

import (
	"context"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// limiter keeps this process inside AWS's default request rates, one token
// bucket for each operation: Get and List 10 a second, Create, Update and
// Delete 5 (AWS's quota table). Synchronize has no row there; 5 is assumed.
type limiter struct {
	buckets map[string]*rate.Limiter
}

// limited are the operations that this package calls.
var limited = [...]string{
	"ListGateways", "GetGateway", "CreateGateway", "UpdateGateway", "DeleteGateway",
	"ListGatewayTargets", "GetGatewayTarget", "CreateGatewayTarget", "UpdateGatewayTarget", "DeleteGatewayTarget",
	"SynchronizeGatewayTargets",
}

func newLimiter() *limiter {
	l := &limiter{buckets: make(map[string]*rate.Limiter, len(limited))}
	for _, op := range limited {
		perSecond := rate.Limit(5)
		if strings.HasPrefix(op, "Get") || strings.HasPrefix(op, "List") {
			perSecond = 10
		}
		// Half a second's worth may go at once: a full burst on top of the
		// steady rate would overrun a bucket of the same size at the far end.
		l.buckets[op] = rate.NewLimiter(perSecond, int(perSecond)/2)
	}
	return l
}

// add puts the limiter behind the SDK's retry step, so that every attempt
// waits its turn and not only the first.
func (l *limiter) add(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("RequestRate",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if bucket := l.buckets[awsmiddleware.GetOperationName(ctx)]; bucket != nil {
				if err := bucket.Wait(ctx); err != nil {
					// Wait refuses at once when the deadline would pass before
					// a token is there: nothing has been sent.
					return middleware.FinalizeOutput{}, middleware.Metadata{}, &notSentError{err}
				}
			}
			return next.HandleFinalize(ctx, in)
		}), "Retry", middleware.After)
}

// notSentError marks a call that never left this process.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

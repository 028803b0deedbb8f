package aws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Trouble is an attempt at an operation that got no answer, or one that may be
// better in a moment. The SDK tries again without a word, for up to half a minute.
type Trouble struct {
	Operation string
	Cause     string
	At        time.Time
}

func (t Trouble) String() string { return t.Operation + " " + t.Cause }

// Trouble is the last one, zero for none so far.
func (c *Client) Trouble() Trouble {
	if t := c.trouble.Load(); t != nil {
		return *t
	}
	return Trouble{}
}

// watchTrouble keeps and logs what happens to each attempt, inside the SDK's retry.
func (c *Client) watchTrouble(log *slog.Logger) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Trouble",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleFinalize(ctx, in)
				if why := troubleOf(err); why != "" && ctx.Err() == nil {
					t := &Trouble{awsmiddleware.GetOperationName(ctx), why, time.Now()}
					c.trouble.Store(t)
					log.Warn("AWS did not answer as it should", "operation", t.Operation, "cause", why)
				}
				return out, metadata, err
			}), "Retry", middleware.After)
	}
}

// troubleOf says why an attempt failed, "" where trying again changes nothing.
func troubleOf(err error) string {
	if err == nil {
		return ""
	}
	if notSent := (*notSentError)(nil); errors.As(err, &notSent) {
		return ""
	}
	if missing := (*noCredentialsError)(nil); errors.As(err, &missing) || errors.Is(err, errNoRegion) {
		return ""
	}
	status, code := 0, ""
	if re := (*awshttp.ResponseError)(nil); errors.As(err, &re) {
		status = re.HTTPStatusCode()
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch kind := kindOf(false, status, code); {
	case kind == ErrThrottled:
		return "was throttled"
	case kind != ErrUnreachable:
		return ""
	case status > 0:
		return fmt.Sprintf("was answered %d %s", status, http.StatusText(status))
	}
	return "got no answer: " + cause(err)
}

package aws

import (
	"context"
	"errors"
	"slices"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/smithy-go/middleware"
)

// mostRequests is how many ids are kept: a gateway has at most 100 targets.
const mostRequests = 200

// Requests are the ids by which AWS knows the calls that changed something, or tried to,
// in the order in which they were answered. The zero value is ready, also for many
// goroutines.
type Requests struct {
	mu       sync.Mutex
	ids      []string
	accepted bool
}

// Accepted reports whether AWS has accepted one of them.
func (r *Requests) Accepted() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted
}

// IDs are the ids so far.
func (r *Requests) IDs() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ids)
}

func (r *Requests) add(id string, accepted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accepted = r.accepted || accepted
	if id != "" && len(r.ids) < mostRequests {
		r.ids = append(r.ids, id)
	}
}

// Recording is the client, whose calls that change something leave their request ids in
// r. A nil r is the client itself.
func (c *Client) Recording(r *Requests) *Client {
	if r == nil {
		return c
	}
	recording := *c
	recording.requests = r
	return &recording
}

// once is for calls that change something and carry no token, see throttledRetries.
func (c *Client) once(o *control.Options) {
	throttledRetries(o)
	c.recorded(o)
}

// recorded is for calls that change something.
func (c *Client) recorded(o *control.Options) {
	if c.requests == nil {
		return
	}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RecordRequest",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleInitialize(ctx, in)
				id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
				if failed := (*awshttp.ResponseError)(nil); id == "" && errors.As(err, &failed) {
					id = failed.ServiceRequestID()
				}
				c.requests.add(id, err == nil)
				return out, metadata, err
			}), middleware.Before)
	})
}

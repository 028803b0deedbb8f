package tools

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

const (
	// silence is how long a call may say nothing at first, and then.
	firstSilence = time.Second
	silence      = 5 * time.Second
)

// progress goes to a client that asked for it; nil to others.
type progress struct {
	send func(done, total float64, message string)

	mu    sync.Mutex
	began time.Time
	at    time.Time // of the last one
	done  float64
	total float64 // 0 where it is not known
}

func progressTo(ctx context.Context, req *mcp.CallToolRequest, g gate) *progress {
	token := req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	return &progress{began: time.Now(), done: -1, send: func(done, total float64, message string) {
		// Some transports cannot carry it, and a client may have gone: the
		// work goes on all the same.
		_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: done, Total: total, Message: g.text(message),
		})
	}}
}

// report is how the work tells how far it is; nil without a client to tell.
func (p *progress) report() gateway.Progress {
	if p == nil {
		return nil
	}
	return p.tell
}

func (p *progress) tell(done, total float64, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done <= p.done { // the protocol wants it to rise
		done = p.done + 1e-3
	}
	if total > 0 { // else it is not known, and left out
		total = max(total, done)
	}
	p.done, p.total, p.at = done, total, time.Now()
	p.send(p.done, p.total, message)
}

// keepTelling says that the work goes on where it says nothing itself, until the
// returned function is called.
func (p *progress) keepTelling(m *gateway.Manager) (stop func()) {
	if p == nil {
		return func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(firstSilence)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				p.mu.Lock()
				silent := p.at.IsZero() || time.Since(p.at) >= silence
				done, total := p.done, p.total
				p.mu.Unlock()
				if silent {
					p.tell(max(done, 0), total, m.Waiting(p.began))
				}
			}
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

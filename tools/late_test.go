package tools_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// lateGateway serves for a time what another gateway serves in place of the first:
// a list that follows its target's READY late.
type lateGateway struct {
	front   http.Handler
	from    atomic.Pointer[string] // path prefix of the gateway that is late
	to      atomic.Pointer[string]
	until   atomic.Int64 // unix nanoseconds
	trigger atomic.Bool  // the next synchronization begins it
	delay   time.Duration
}

func (l *lateGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/synchronizeTargets") && l.trigger.Swap(false) {
		l.until.Store(time.Now().Add(l.delay).UnixNano())
	}
	if from, to := l.from.Load(), l.to.Load(); from != nil && strings.HasPrefix(r.URL.Path, *from) && time.Now().UnixNano() < l.until.Load() {
		r = r.Clone(r.Context())
		r.URL.Path = *to + strings.TrimPrefix(r.URL.Path, *from)
	}
	l.front.ServeHTTP(w, r)
}

func newLateBench(t *testing.T, delay time.Duration) (*bench, *lateGateway, *shelf) {
	late := &lateGateway{delay: delay}
	b := newBench(t, benchOptions{between: func(h http.Handler) http.Handler { late.front = h; return late }})
	s := newShelf(t).tool("find", "finds").tool("put", "puts")
	b.newTarget(b.gatewayID, "shelf", s.url)
	old := b.newGateway("old")
	b.newTarget(old, "orders", b.url)
	b.newTarget(old, "shelf", s.url)
	late.from.Store(ptr("/gateway/" + b.gatewayID))
	late.to.Store(ptr("/gateway/" + old))
	late.trigger.Store(true)
	return b, late, s
}

// Only a description changed, and the gateway shows it 2.5 s after READY.
func TestLateDefinitionIsWaitedFor(t *testing.T) {
	t.Parallel()
	b, _, s := newLateBench(t, 2500*time.Millisecond)
	s.tool("find", "finds, and tells where")
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"gateway": "shop", "target": "shelf"})
	if len(c.Tools.Changed) != 1 || c.Tools.Changed[0].Name != "find" || !strings.Contains(c.Next, "must list its tools again") {
		t.Errorf("got %+v, %s", c.Tools, c.Next)
	}
	if !strings.Contains(c.Waited, "for the lists") {
		t.Errorf("waited: %q", c.Waited)
	}
}

// The same where the server cannot be read from here, and lost a tool.
func TestLateListIsWaitedForWhenTheServerIsUnread(t *testing.T) {
	t.Parallel()
	b, _, s := newLateBench(t, 2500*time.Millisecond)
	s.RemoveTools("put")
	b.unreadable.Store(true)
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"gateway": "shop", "target": "shelf"})
	if len(c.Tools.Removed) != 1 || c.Tools.Removed[0].Name != "put" || !c.Tools.Breaking {
		t.Errorf("got %+v, %s", c.Tools, c.Next)
	}
}

// A list that stays as it was is not said to be the end of it.
func TestUnseenChangeIsNotNothing(t *testing.T) {
	t.Parallel()
	b, _, s := newLateBench(t, time.Minute)
	s.RemoveTools("put")
	b.unreadable.Store(true)
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"gateway": "shop", "target": "shelf"})
	if strings.Contains(c.Next, "nothing is different") || !strings.Contains(c.Next, "may follow late") || c.Tools.After != 2 {
		t.Errorf("got %+v, %s", c.Tools, c.Next)
	}
}

// 3 s for each answer of a server: what it offers is read while AWS reads it.
func TestReadingOverlapsWithWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	s := newShelf(t).tool("find", "finds")
	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.Server }, &mcp.StreamableHTTPOptions{Stateless: true})
	var slow atomic.Bool
	var lists atomic.Int32
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m := method(r); slow.Load() && m != "" {
			if m == "tools/list" {
				lists.Add(1)
			}
			select {
			case <-time.After(400 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		inner.ServeHTTP(w, r)
	})).URL + "/mcp"
	b.newTarget(b.gatewayID, "shelf", url)
	s.tool("put", "puts")
	slow.Store(true)
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "shelf"})
	if len(c.Tools.Added) != 1 || c.Tools.Upstream != 2 {
		t.Errorf("got %+v", c.Tools)
	}
	if n := lists.Load(); n != 2 { // AWS's and ours
		t.Errorf("the server was asked for its tools %d times", n)
	}
	// Two reads one after the other would take twice as long as one of three answers.
	if c.Seconds > 2 {
		t.Logf("took %.1f s", c.Seconds)
	}
}

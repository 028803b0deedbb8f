package tools_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// told reports whether a progress notification so far holds text.
func (b *bench) told(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		if strings.Contains(p.Message, text) {
			return true
		}
	}
	return false
}

// While the SDK tries again, a client hears of it, and so does the log.
func TestRetryingIsTold(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	var since atomic.Int64
	b := newBench(t, benchOptions{between: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken.Load() {
				since.CompareAndSwap(0, time.Now().UnixNano())
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(http.StatusBadGateway)
				_, _ = io.WriteString(w, "<html>Bad Gateway</html>")
				return
			}
			h.ServeHTTP(w, r)
		})
	}})
	broken.Store(true)
	done := make(chan tools.TargetList)
	go func() { done <- must[tools.TargetList](b, "list_targets", nil) }()
	eventually(t, "told of the 502", func() bool {
		return b.told("waiting for AWS: ListGateways was answered 502 Bad Gateway, trying again")
	})
	if !strings.Contains(b.log.String(), `operation=ListGateways cause="was answered 502 Bad Gateway"`) {
		t.Errorf("the log: %s", b.log)
	}
	broken.Store(false)
	if list := <-done; len(list.Targets) != 1 {
		t.Errorf("got %+v", list)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, p := range b.progress {
		if i > 0 && p.Progress <= b.progress[i-1].Progress || p.Total < p.Progress && p.Total != 0 {
			t.Errorf("progress %d is %v of %v", i, p.Progress, p.Total)
		}
	}
}

// A server that is slow to answer is waited for with a word.
func TestSlowAnswerIsTold(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var slow atomic.Bool
	b := newBench(t, benchOptions{between: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if slow.Load() {
				<-release
			}
			h.ServeHTTP(w, r)
		})
	}})
	slow.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		must[tools.TargetList](b, "list_targets", nil)
	}()
	eventually(t, "told that it waits", func() bool { return b.told("waiting for AWS or a server to answer") })
	close(release)
	<-done
}

// How long one change takes is not known, and no client can make a percentage of it; of
// several it is how many are done.
func TestProgressOfWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	b := newLifeBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "second", b.url)
	must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 5})
	eventually(t, "told of a change", func() bool { return b.progressedBy("orders is ") > 0 })
	b.mu.Lock()
	for i, p := range b.progress {
		if p.Total != 0 || i > 0 && p.Progress <= b.progress[i-1].Progress {
			t.Errorf("one change: %q is %v of %v", p.Message, p.Progress, p.Total)
		}
	}
	b.progress = nil
	b.mu.Unlock()
	must[gateway.GatewayChange](b, "create_gateway", map[string]any{"name": "other", "authorizer": "AWS_IAM", "roleArn": gatewayRole})
	eventually(t, "told of a creation", func() bool { return b.told("other is CREATING") })
	must[gateway.GatewayChange](b, "update_gateway", map[string]any{"gateway": "other", "description": "another"})
	eventually(t, "told of an update", func() bool { return b.told("other is UPDATING") })
	release := b.cloud.Hold(types.TargetStatusDeleting)
	defer release()
	done := make(chan struct{})
	go func() {
		defer close(done)
		must[gateway.GatewayChange](b, "delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"})
	}()
	eventually(t, "told of the targets' deletion", func() bool { return b.told("orders is DELETING") })
	release()
	<-done
	eventually(t, "told of the deletion", func() bool { return b.told("its targets are gone") })
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		deletes := strings.Contains(p.Message, "DELETING") || strings.Contains(p.Message, "deleting")
		if total := map[bool]float64{true: 3}[deletes]; p.Total != total && !strings.HasPrefix(p.Message, "waiting for ") || deletes && p.Progress >= 3 {
			t.Errorf("%q is %v of %v", p.Message, p.Progress, p.Total)
		}
	}
}

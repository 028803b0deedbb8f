package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentcore-gateway-mcp/agent-examples/orders"
)

// weather stands between the SDK and the local AgentCore and is bad to what
// passes. What happens to the nth request of an operation depends on the seed
// alone.
type weather struct {
	seed    uint64
	odds    odds
	begun   func()                        // when the first change takes effect
	rival   func(reads, updates int) bool // before each read of a target, until it returns true
	armed   atomic.Bool
	late    sync.WaitGroup // requests that arrive after their connection was reset
	release func()         // of what is held

	mu       sync.Mutex
	streams  map[string]*rand.Rand // by operation
	flapped  map[string]bool       // whether the operation's last answer was false
	effects  map[string]int        // changes that took effect, by operation and target
	reads    int                   // of targets
	rivalled bool
	done     map[string]int // faults, by kind
}

// odds are how likely each fault is for a request.
type odds struct{ throttling, failure, reset, slow, flap float64 }

func newWeather(seed uint64, rng *rand.Rand) *weather {
	w := &weather{seed: seed, streams: map[string]*rand.Rand{}, flapped: map[string]bool{}, effects: map[string]int{}, done: map[string]int{}, release: func() {}}
	for _, o := range []struct {
		odds   *float64
		chance float64
	}{{&w.odds.throttling, 0.3}, {&w.odds.failure, 0.1}, {&w.odds.reset, 0.1}, {&w.odds.slow, 0.2}, {&w.odds.flap, 0.4}} {
		if rng.IntN(3) > 0 {
			*o.odds = o.chance
		}
	}
	return w
}

func (w *weather) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("odds: %+v, happened: %v, took effect: %v", w.odds, w.done, w.effects)
}

// arm lets the bad weather begin, and counts from here.
func (w *weather) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.effects)
	w.reads = 0
	w.armed.Store(true)
}

// arrive lets a request take effect after its connection is gone.
func (w *weather) arrive(pass func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed.Load() {
		return
	}
	w.late.Go(func() {
		pause(context.Background(), 400*time.Millisecond)
		pass()
	})
}

// calm ends it for good.
func (w *weather) calm() {
	w.mu.Lock()
	w.armed.Store(false)
	w.mu.Unlock()
	w.release()
	w.late.Wait()
}

// took counts the requests of an operation for a target that took effect.
func (w *weather) took(operation, target string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.effects[operation+" "+target]
}

// fate is what happens to one request.
type fate struct {
	kind  string // "", "throttled", "5xx", "reset"
	after bool   // it takes effect first
	late  bool   // it takes effect, but only after the reset
	flap  bool
	delay time.Duration
}

func (w *weather) fate(operation string) (f fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stream := w.streams[operation]
	if stream == nil {
		h := fnv.New64()
		io.WriteString(h, operation)
		stream = rand.New(rand.NewPCG(w.seed, h.Sum64()))
		w.streams[operation] = stream
	}
	// As many numbers for every request, so that one fate does not move the next.
	kind, when, slow, flap := stream.Float64(), stream.IntN(4), stream.Float64(), stream.Float64()
	o := w.odds
	if operation == "" { // throttling is the control plane's, and one reading is many requests
		o.throttling, o.failure, o.reset = 0, o.failure/4, o.reset/4
	}
	switch {
	case kind < o.throttling:
		f.kind = "throttled"
	case kind < o.throttling+o.failure:
		f.kind, f.after = "5xx", when < 2
	case kind < o.throttling+o.failure+o.reset:
		f.kind, f.after, f.late = "reset", when < 2, when == 2
	}
	if slow < w.odds.slow {
		f.delay = time.Duration(slow / w.odds.slow * float64(300*time.Millisecond))
		w.done["slow"]++
	}
	f.flap = flap < w.odds.flap
	if f.kind != "" {
		w.done[f.kind]++
	}
	return f
}

var paths = regexp.MustCompile(`^/gateways/[^/]+/(synchronizeTargets|targets)/?([^/]*)/?$`)

// operation names what a request asks for and the target that it is about; ""
// for the gateway's own endpoint.
func operation(r *http.Request, body []byte) (name, target string) {
	switch m := paths.FindStringSubmatch(r.URL.Path); {
	case strings.HasPrefix(r.URL.Path, "/gateway/"):
		return "", ""
	case m == nil:
		return r.Method + " gateways", ""
	case m[1] == "synchronizeTargets":
		var in struct{ TargetIdList []string }
		if json.Unmarshal(body, &in) == nil && len(in.TargetIdList) == 1 {
			target = in.TargetIdList[0]
		}
		return "SynchronizeGatewayTargets", target
	case r.Method == http.MethodPut:
		return "UpdateGatewayTarget", m[2]
	case m[2] != "":
		return "GetGatewayTarget", m[2]
	}
	return "ListGatewayTargets", ""
}

func (w *weather) over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		name, target := operation(r, body)
		pass := func(ctx context.Context) *httptest.ResponseRecorder {
			again := r.Clone(ctx)
			again.Body = io.NopCloser(bytes.NewReader(body))
			w.before(name)
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, again)
			w.after(name, target, answer.Code)
			return answer
		}
		var f fate
		if w.armed.Load() {
			f = w.fate(name)
		}
		if f.delay > 0 {
			pause(r.Context(), f.delay)
		}
		var answer *httptest.ResponseRecorder
		if f.kind == "" || f.after {
			answer = pass(r.Context())
		}
		switch f.kind {
		case "throttled":
			refuse(rw, http.StatusTooManyRequests, "ThrottlingException")
		case "5xx":
			refuse(rw, http.StatusInternalServerError, "InternalServerException")
		case "reset":
			reset(rw)
			if f.late {
				w.arrive(func() { pass(context.Background()) })
			}
		default:
			for key, values := range answer.Header() {
				rw.Header()[key] = values
			}
			rw.WriteHeader(answer.Code)
			rw.Write(w.flap(name, f.flap, answer.Body.Bytes()))
		}
	})
}

func (w *weather) before(operation string) {
	if operation != "GetGatewayTarget" || !w.armed.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	updates := 0
	for effect, n := range w.effects {
		if strings.HasPrefix(effect, "UpdateGatewayTarget ") {
			updates += n
		}
	}
	if w.rival != nil && !w.rivalled {
		w.rivalled = w.rival(w.reads, updates)
	}
	w.reads++
}

func (w *weather) after(operation, target string, status int) {
	if status != http.StatusAccepted || target == "" {
		return
	}
	w.mu.Lock()
	w.effects[operation+" "+target]++
	first := len(w.effects) == 1 && w.effects[operation+" "+target] == 1
	w.mu.Unlock()
	if first && w.begun != nil && w.armed.Load() {
		w.begun()
	}
}

// flap falsifies the status of targets that a change has begun on: READY before
// its end, or a working state after it; never in two answers in a row.
func (w *weather) flap(operation string, ill bool, body []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if operation != "GetGatewayTarget" && operation != "ListGatewayTargets" || w.flapped[operation] || !ill {
		w.flapped[operation] = false
		return body
	}
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	targets, _ := answer["items"].([]any)
	for _, item := range append(targets, answer) {
		target, _ := item.(map[string]any)
		id := fmt.Sprint(target["targetId"])
		if w.effects["SynchronizeGatewayTargets "+id]+w.effects["UpdateGatewayTarget "+id] == 0 {
			continue
		}
		switch target["status"] {
		case "READY":
			target["status"] = "UPDATING"
		case "UPDATING", "SYNCHRONIZING":
			target["status"] = "READY"
		default:
			continue
		}
		w.flapped[operation] = true
		w.done["flap"]++
	}
	edited, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return edited
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":"bad weather"}`, code)
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with RST
	}
	_ = conn.Close()
}

// upstream is an orders server that can be out of order.
type upstream struct {
	*orders.Handler
	url      string
	failures atomic.Int64 // requests still to answer with 503
}

func newUpstream(t testing.TB, tools int) *upstream {
	t.Helper()
	h, err := orders.NewHandler(tools)
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{Handler: h}
	u.url = serve(t, u).URL + "/mcp"
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.failures.Load() > 0 && u.failures.Add(-1) >= 0 {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	u.Handler.ServeHTTP(w, r)
}

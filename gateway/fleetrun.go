package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// atWork is AWS's limit of targets that may be worked on in a gateway at once.
const atWork = 5

// fleetRun synchronizes the targets of one gateway: each by an operation of its own,
// which goes on when this call has left it.
type fleetRun struct {
	m      *Manager
	g      aws.Gateway
	caller Caller
	usual  time.Duration // between listings
	pause  time.Duration // between tries
	listed []aws.Target
	full   int // how often in a row AWS took none while none of ours was at work
	report func(FleetTarget)

	stopped bool // this process sends nothing any more

	queue   []aws.Target
	flights []*flight
	done    []FleetTarget // what is told without an operation, or of its end

	served    catalog.List // before
	servedErr error

	lists *sharing[[]aws.Target] // of the gateway's targets
	tools *sharing[catalog.List] // of what it serves
	slots chan struct{}          // holds one for each target of ours that is worked on
	wait  sync.WaitGroup         // of the flights

	unread    map[string][]string // targets that could not be compared, by why
	resources *ItemChange         // of the gateway, nil for no difference
	compared  time.Time           // when that was
	unlisted  string              // why that is not known
}

// flight is an operation that this call waits for.
type flight struct {
	*running
	listener chan string
}

func (m *Manager) newFleetRun(g aws.Gateway, caller Caller, pause time.Duration) *fleetRun {
	return &fleetRun{
		m: m, g: g, caller: caller, usual: pause, pause: pause, slots: make(chan struct{}, atWork), unread: map[string][]string{}, report: func(FleetTarget) {},
		lists: newSharing(pause, func(ctx context.Context) (targets []aws.Target, err error) {
			defer m.rescue("listing the targets of gateway "+g.Name, func() { err = errInside })
			return aws.BoundedRead(ctx, func(ctx context.Context) ([]aws.Target, error) { return m.targets(ctx, g) })
		}),
		tools: newSharing(0, func(ctx context.Context) (l catalog.List, err error) {
			defer m.rescue("reading gateway "+g.Name, func() { err = errInside })
			return m.served(ctx, g)
		}),
	}
}

func (r *fleetRun) skip(t aws.Target, reason string) {
	row := FleetTarget{Gateway: r.g.Name, Target: t.Name, TargetID: t.ID, Outcome: Skipped, Status: t.Status, reason: reason}
	r.done = append(r.done, row)
	r.report(row)
}

// finish tells of a target that has no operation.
func (r *fleetRun) finish(t aws.Target, o Outcome) {
	row := FleetTarget{
		Gateway: r.g.Name, Target: t.Name, TargetID: t.ID, Outcome: o, Status: t.Status,
		StatusReasons: quoteAll(t.StatusReasons), AuthorizationURL: t.AuthorizationURL,
	}
	r.done = append(r.done, row)
	r.report(row)
}

// abandon ends a run that cannot go on: what was begun goes on without it.
func (r *fleetRun) abandon() {
	for _, t := range r.queue {
		t.StatusReasons = []string{errInside.Error()}
		r.finish(t, Failed)
	}
	r.queue = nil
}

// synchronize works through the queue until it is done or ctx ends, and waits until
// then for what was begun.
func (r *fleetRun) synchronize(ctx context.Context) {
	for _, row := range r.done { // skipped
		r.report(row)
	}
	for _, f := range r.flights {
		r.follow(ctx, f)
	}
	for len(r.queue) > 0 && !r.stopped && ctx.Err() == nil {
		if !r.next(ctx) && len(r.queue) > 0 {
			_ = pause(ctx, r.pause)
		}
	}
	for _, t := range r.queue {
		r.finish(t, InProgress)
	}
	r.queue = nil
	r.wait.Wait()
}

// follow reports the end of a flight, or of the waiting for it.
func (r *fleetRun) follow(ctx context.Context, f *flight) {
	r.wait.Go(func() {
		defer r.m.rescue("waiting for target "+f.underway.Target, func() {})
		select {
		case <-f.running.done:
		case <-ctx.Done():
		}
		answer, ended, _ := f.state()
		if ended.IsZero() {
			answer = f.standing()
		}
		r.report(FleetTarget{Target: answer.Target, Outcome: answer.Outcome})
	})
}

// asItIs is a target as it is right before it is synchronized, which may be long
// after it was listed, and why it is skipped, if it is.
func (r *fleetRun) asItIs(ctx context.Context, listed aws.Target) (t aws.Target, skipped string) {
	t, err := r.m.Client.Target(ctx, r.g.ID, listed.ID)
	switch {
	case errors.Is(err, aws.ErrNotFound):
		return listed, "deleted meanwhile"
	case err != nil:
		return listed, "" // whether it may be synchronized is another right
	}
	if t.Type == "" {
		t.Type = listed.Type
	}
	if t.StaticSchema {
		return t, skipPinned
	}
	return t, skip(t, time.Time{})
}

// next begins the next synchronization in the queue, when there is room for it.
// What AWS cannot take now stays in the queue, and is the false.
func (r *fleetRun) next(ctx context.Context) (taken bool) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	rested := sync.OnceFunc(func() { <-r.slots })
	if r.m.operations.atWorkIn(r.g.ID) >= atWork { // of other calls of ours: AWS would refuse
		rested()
		return false
	}
	t := r.queue[0]
	running, err := r.begin(ctx, t, rested)
	if err != nil {
		rested()
	}
	switch reason := (skipped)(""); {
	case err == nil:
		r.full, r.pause = 0, r.usual
		r.queue = r.queue[1:]
		r.flights = append(r.flights, running)
		r.follow(ctx, running)
		return true
	case errors.As(err, &reason):
		r.skip(t, string(reason))
	case errors.Is(err, aws.ErrQuota):
		r.refused(err)
		return false
	case errors.Is(err, errStopped):
		r.stopped = true
		return false
	case errors.Is(err, aws.ErrThrottled), ctx.Err() != nil:
		return false
	case errors.Is(err, aws.ErrConflict):
		// It is being worked on, or the gateway is: put it at the end, and try again.
		r.queue = append(r.queue[1:], t)
		return false
	case errors.Is(err, aws.ErrInvalid):
		r.skip(t, refusedByAWS(err))
	case errors.Is(err, aws.ErrNotFound):
		r.skip(t, "deleted meanwhile")
	default:
		t.StatusReasons = []string{err.Error()}
		r.finish(t, Failed)
	}
	r.queue = r.queue[1:]
	return true
}

// skipped is the error for a target that is not to be synchronized: why.
type skipped string

func (s skipped) Error() string { return string(s) }

// refusedByAWS is why AWS refused a synchronization as invalid. The one reason for
// that which a listing does not show is a static schema.
func refusedByAWS(err error) string {
	failed := (*aws.Error)(nil)
	if !errors.As(err, &failed) {
		return "refused by AWS"
	}
	if strings.Contains(failed.Message, "static tool schema") || strings.Contains(failed.Message, "mcpToolSchema") {
		return skipPinned
	}
	return "refused by AWS: " + strings.TrimSuffix(quote(failed.Message), ".")
}

// begin begins the synchronization of a target, or joins the operation of another
// call on many that has it already. rested is called when it is not worked on any
// more.
func (r *fleetRun) begin(ctx context.Context, listed aws.Target, rested func()) (*flight, error) {
	release, err := r.m.operations.turn(ctx, r.leftCaller().on(listed.ID))
	if err != nil {
		return nil, err
	}
	defer release()
	if f := r.leftOver(listed, false); f != nil {
		rested() // the other call's is worked on
		return f, nil
	}
	t, reason := r.asItIs(ctx, listed)
	if reason != "" {
		return nil, skipped(reason)
	}
	o := r.m.newOperation(r.g, t, r.caller)
	o.served, o.servedErr, o.watch, o.list, o.rested = r.served, r.servedErr, r.watch, r.tools.get, rested
	running, err := r.m.begin(ctx, o, &synchronization{}, r.leftCaller())
	if err != nil {
		return nil, err
	}
	return &flight{running, running.listen()}, nil
}

// mostFull is how often AWS may take none, while none of ours is at work, before
// that is told: others may be at work in the gateway.
const mostFull = 5

// refused follows on AWS's word that a quota is reached. One that stands while
// nothing of ours is at work does not pass by waiting.
func (r *fleetRun) refused(err error) {
	if len(r.slots) > 0 || r.m.operations.atWorkIn(r.g.ID) > 0 { // of this call, or of another
		r.full = 0
		return
	}
	r.full++
	r.pause = min(2*r.pause, 5*time.Second)
	if r.full < mostFull {
		return
	}
	if failed := (*aws.Error)(nil); errors.As(err, &failed) { // without the name of the target that met it
		err = failed
	}
	for _, t := range r.queue {
		t.StatusReasons = []string{"not synchronized: " + err.Error()}
		r.finish(t, Failed)
	}
	r.queue = nil
}

// watch waits for the end of a change by the gateway's listings, which all of its
// targets share.
func (r *fleetRun) watch(ctx context.Context, before aws.Target, report func(aws.Target)) (aws.Target, error) {
	o, start, last := aws.Observer{Before: before}, time.Now(), before
	for {
		listed, err := r.lists.get(ctx)
		if err != nil {
			return last, err
		}
		i := slices.IndexFunc(listed, func(t aws.Target) bool { return t.ID == before.ID })
		var t aws.Target
		if i >= 0 {
			t = listed[i]
		} else if t, err = r.m.Client.Target(ctx, r.g.ID, before.ID); err != nil { // one listing may lack it: the target itself says
			return last, err
		}
		last = t
		report(t)
		if !o.Observe(t, time.Since(start)) {
			continue
		}
		if phase := aws.PhaseOf(t.Status); phase == aws.PhaseUnknown {
			return t, fmt.Errorf("target %s: %w %q: this program cannot tell whether it has ended", t.Name, aws.ErrUnknownStatus, t.Status)
		}
		if whole, err := r.m.Client.Target(ctx, r.g.ID, t.ID); err == nil && whole.Status == t.Status { // a listing has neither reasons nor endpoint
			t = whole
		}
		return t, nil
	}
}

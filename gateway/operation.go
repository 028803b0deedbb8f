package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// operation is one change of one target. Every change goes the same way:
//
//	plan    read, compare, decide: refused, answered without a change, or on
//	apply   read again, send once
//	follow  wait for its end
//	settle  compare with what was served before, judge, go back where it has to
//	tell    what happened, what now
//
// What differs from one change to another is its kind.
type operation struct {
	m     *Manager
	start time.Time

	g         aws.Gateway
	before    aws.Target    // as read when it was planned
	served    catalog.List  // by the gateway, before anything was sent
	planned   *catalog.List // by the server, as the plan has it that the caller gave; nil without
	servedErr error
	ahead     *ahead // what the server offers, read while the change is waited for

	sent   aws.Target // as the call that began the change showed it; zero when none did
	lost   *lostError // where AWS has not said whether it has begun
	now    aws.Target // as last seen
	change Change     // the answer

	running *running    // once the change was sent
	reached string      // see Caller.Reached
	client  *aws.Client // for what changes something
	leaves  bool        // the process ends with the call: nothing goes on here after its answer

	// How it looks, and says that its target is not worked on any more. Those of a call
	// on many share what they read.
	watch  func(context.Context, aws.Target, func(aws.Target)) (aws.Target, error)
	list   func(context.Context) (catalog.List, error)
	rested func()
}

// newOperation is an operation that looks by itself.
func (m *Manager) newOperation(g aws.Gateway, before aws.Target, caller Caller) *operation {
	return &operation{
		m: m, client: m.Client.Recording(caller.Sent), leaves: caller.Program, reached: caller.Reached, start: time.Now(), g: g, before: before, now: before, rested: func() {},
		watch: func(ctx context.Context, before aws.Target, report func(aws.Target)) (aws.Target, error) {
			return m.Client.WaitTarget(ctx, g.ID, before, report)
		},
		list: func(ctx context.Context) (catalog.List, error) { return m.served(ctx, g) },
	}
}

// kind is a kind of change.
type kind interface {
	// plan returns an answer where nothing is to be sent, or refuses.
	plan(context.Context, *operation) (*Change, error)
	// apply begins the change. An error means that nothing was changed.
	apply(context.Context, *operation) error
	// underway is the answer, once the change was sent, to who does not wait for
	// its end.
	underway(*operation) Change
	// success is the outcome when the target is READY.
	success() Outcome
	// settle completes the operation's change, whose outcome is that of the wait.
	settle(context.Context, *operation)
}

// run carries out a change of kind k, and waits for its end for at most wait: the
// process carries it on, whoever waits. The same call joins it. An error means
// that nothing was changed, or that the caller has left; how a change ended is
// its Outcome.
func (m *Manager) run(ctx context.Context, gateway, target string, k kind, wait time.Duration, caller Caller) (Change, error) {
	start := time.Now()
	planning, planned := context.WithTimeout(ctx, max(wait, leastToPrepare))
	defer planned()
	g, before, err := m.find(planning, gateway, target)
	if err != nil {
		return Change{}, err
	}
	r, answer, err := m.dispatch(planning, g, before, k, wait, caller)
	if err != nil {
		return Change{}, err
	}
	if r == nil {
		answer.Seconds = seconds(time.Since(start))
		return answer, nil
	}
	return r.await(ctx, start, wait, caller)
}

// dispatch is the operation that a repeated call joins, or a new one, sent; or the
// answer where nothing is to be sent.
func (m *Manager) dispatch(ctx context.Context, g aws.Gateway, before aws.Target, k kind, wait time.Duration, caller Caller) (*running, Change, error) {
	release, err := m.operations.turn(ctx, caller.on(before.ID))
	if err != nil {
		return nil, Change{}, fmt.Errorf("nothing was sent: %w", err)
	}
	defer release()
	if r := m.operations.again(caller, before.ID); r != nil {
		return r, Change{}, nil
	}
	o := m.newOperation(g, before, caller)
	planned, err := k.plan(ctx, o)
	if err != nil {
		return nil, Change{}, err
	}
	if planned != nil {
		o.change = *planned
		return nil, o.tell(), nil
	}
	reading, cancel := context.WithTimeout(ctx, readingBefore(wait))
	defer cancel()
	o.served, o.servedErr = o.list(reading)
	r, err := m.begin(ctx, o, k, caller)
	return r, Change{}, err
}

// begin sends a change, and has it carried to its end.
func (m *Manager) begin(ctx context.Context, o *operation, k kind, caller Caller) (*running, error) {
	sent, err := m.operations.send(o.g.Name + "/" + o.before.Name)
	if err != nil {
		return nil, err
	}
	defer sent()
	if err := k.apply(ctx, o); err != nil {
		return nil, err
	}
	return m.carry(o, k, caller), nil
}

// follow waits until the change has ended or the time is up.
func (o *operation) follow(ctx context.Context, success Outcome) {
	waiting, cancel := context.WithDeadline(ctx, o.start.Add(mostWork))
	defer cancel()
	t, err := o.wait(waiting, o.before)
	if err != nil && o.sent.Name != "" && t.Status == o.before.Status && t.UpdatedAt.Equal(o.before.UpdatedAt) {
		t = o.sent // nothing was read since: the call's own answer is newer
	}
	o.now, o.change = t, newChange(o.g, t)
	o.change.Outcome, o.change.StatusReasons = ended(t, err, ctx.Err() != nil, success)
}

// neverBegan is the answer where AWS has not said whether the change has begun, and it
// has not.
func (o *operation) neverBegan() bool {
	if o.lost == nil || o.change.Outcome == InProgress || begun(o.before, o.now) || slices.Contains(o.change.StatusReasons, deletedMeanwhile) {
		return false
	}
	o.change.Outcome = Failed
	o.change.Next = fmt.Sprintf("nothing was changed: AWS gave no answer (%s), and the target shows nothing of it since; call again", quote(o.lost.cause.Error()))
	return true
}

// sending is what begins a change: how the target was before, and the call that AWS
// may leave without an answer.
func (o *operation) sending(ctx context.Context, before aws.Target, call func(context.Context) (aws.Target, error)) (err error) {
	o.lost = nil
	o.sent, err = o.m.send(ctx, o.g.ID, before, call)
	if errors.As(err, &o.lost) {
		o.m.Log.Warn("a change may have begun, and is followed", "target", before.Name, "cause", err)
		err = nil
	}
	return err
}

// wait waits for the end of a change that was sent when before was read. One refused
// read is not the end of it: it goes on as long as AWS has said how the target stands
// within the last minute.
func (o *operation) wait(ctx context.Context, before aws.Target) (aws.Target, error) {
	read, last := time.Now(), before
	for {
		t, err := o.watch(ctx, before, func(t aws.Target) {
			read, last = time.Now(), t
			if o.lost != nil && begun(before, t) {
				o.running.turn(func(c *Change) { c.Operation.Awaiting = strings.TrimSuffix(c.Operation.Awaiting, o.doubt()) })
			}
			o.running.saw(t, fmt.Sprintf("%s is %s", t.Name, t.Status))
		})
		if !unread(err) || time.Since(read) >= mostUnread {
			return t, err
		}
		o.report(fmt.Sprintf("how %s stands cannot be read, trying again: %v", before.Name, err))
		if pause(ctx, readAgain) != nil {
			return last, err
		}
	}
}

// read reads the target, and again for as long as wait does where that is refused.
func (o *operation) read(ctx context.Context) (aws.Target, error) {
	for begun := time.Now(); ; {
		t, err := aws.BoundedRead(ctx, func(ctx context.Context) (aws.Target, error) { return o.m.Client.Target(ctx, o.g.ID, o.before.ID) })
		if !unread(err) || time.Since(begun) >= mostUnread || pause(ctx, readAgain) != nil {
			return t, err
		}
	}
}

// pointed is the target whose server the change leads to.
func (o *operation) pointed() aws.Target {
	if o.sent.Endpoint == "" { // AWS did not say
		return o.before
	}
	return o.sent
}

// report tells those who wait what the operation does.
func (o *operation) report(message string) { o.running.saw(aws.Target{}, message) }

// left is what is left of the time for the change.
func (o *operation) left() time.Duration { return time.Until(o.start.Add(mostWork)) }

// compare fills in the tools.
func (o *operation) compare(ctx context.Context, success Outcome) {
	o.rested()
	if o.change.Outcome == success {
		ready := time.Now()
		tools, late := o.verify(ctx)
		o.change.Tools, o.change.Next, o.change.late = &tools, late+nextFor(tools), late
		o.change.Waited = waited(ready.Sub(o.start), time.Since(ready))
		return
	}
	if o.change.Outcome == NeedsAuthorization {
		o.change.Next = nextConsent
	}
	tools := o.difference(ctx)
	o.change.Tools = &tools
}

// difference compares what the gateway served before the change with what it serves
// now.
func (o *operation) difference(ctx context.Context) ToolChange {
	if o.servedErr != nil {
		return unavailable(o.servedErr.Error())
	}
	after, err := o.list(ctx)
	if err != nil {
		return unavailable("after the change: " + err.Error())
	}
	return compare(own(o.before.Name, o.served), own(o.now.Name, after))
}

// tell is the answer, with how long it took.
func (o *operation) tell() Change {
	o.change.Seconds = seconds(time.Since(o.start))
	o.change.Next = misleadingReasons(o.change.StatusReasons) + o.change.Next
	return o.change
}

// pause waits for d, or until ctx ends, whose cause it then returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

package gateway

import (
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// leftByFleet stands for any call of synchronize_targets: they all go on with the
// targets that one of them has left.
const leftByFleet = "synchronize_targets"

func (r *fleetRun) leftCaller() Caller { return Caller{Name: r.caller.Name, Call: leftByFleet} }

// leave has a synchronization that the call no longer waits for carried to its end.
func (r *fleetRun) leave(f *flight) {
	hold, ok := r.m.operations.hold()
	if !ok {
		r.m.Log.Warn("a synchronization is left to AWS: nobody here checks how it ends", "gateway", r.g.Name, "target", f.Before.Name)
		return
	}
	defer hold()
	o := &operation{m: r.m, start: time.Now(), g: r.g, before: f.Before, now: f.Before, sent: f.Before, served: r.served, servedErr: r.servedErr}
	r.m.begin(o, &synchronization{joined: aws.PhaseOf(f.Before.Status) == aws.PhaseWorking}, r.leftCaller())
}

// hold keeps a stop from ending its wait until release is called; false where it has
// begun to wait.
func (s *operations) hold() (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, false
	}
	s.working.Add(1)
	return s.working.Done, true
}

// leftOver is the operation to which an earlier call has left a target: one under
// way, or an end that nobody has heard and that would otherwise be done anew, or
// not be told because the target is skipped.
func (r *fleetRun) leftOver(t aws.Target, skipped bool) *running {
	age := toldAgain
	if skipped {
		age = mostAge
	}
	return r.m.operations.since(r.leftCaller(), t.ID, age)
}

// hear takes the end of an operation as the target's, if it has ended.
func (r *fleetRun) hear(left *running) bool {
	if !left.isDone() {
		return false
	}
	c, news := left.take()
	if !news { // told by another call meanwhile
		c, _, _ = left.state()
		c.Tools = nil
	}
	row := FleetTarget{
		Gateway: c.Gateway, Target: c.Target, TargetID: c.TargetID, Outcome: c.Outcome, Status: c.Status,
		StatusReasons: c.StatusReasons, AuthorizationURL: c.AuthorizationURL, heard: true,
	}
	if news {
		row.end = &c
	}
	if t := c.Tools; t != nil && t.Source != FromGateway {
		r.unread = append(r.unread, fmt.Sprintf("target %s: %s", c.Target, t.Reason))
	} else if t != nil && t.differs() {
		row.Tools = t
	}
	r.done = append(r.done, row)
	return true
}

// keepAll has what runs did told by the caller's next call.
func keepAll(runs []*fleetRun) {
	for _, run := range runs {
		if run != nil {
			run.keep()
		}
	}
}

// keep has what this call did told by the next one: its caller has left.
func (r *fleetRun) keep() {
	for _, t := range r.done {
		if t.end != nil {
			r.m.operations.keep(r.leftCaller(), *t.end)
		}
		if t.heard || t.Outcome == Skipped || t.Outcome == InProgress {
			continue
		}
		c := newChange(r.g, aws.Target{ID: t.TargetID, Name: t.Target, Status: t.Status, AuthorizationURL: t.AuthorizationURL})
		c.Outcome, c.StatusReasons, c.Tools = t.Outcome, t.StatusReasons, t.Tools
		switch {
		case r.servedErr != nil:
			tools := unavailable(r.servedErr.Error())
			c.Tools = &tools
		case t.Tools == nil && t.Outcome == Synchronized:
			c.Next = "no tool is different"
		}
		r.m.operations.keep(r.leftCaller(), c)
	}
}

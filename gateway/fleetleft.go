package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
)

// leftByFleet stands for any call of synchronize_targets: they all go on with the
// targets that one of them has begun.
const leftByFleet = "synchronize_targets"

func (r *fleetRun) leftCaller() Caller {
	return Caller{Name: r.caller.Name, Call: leftByFleet, Sent: r.caller.Sent, Trace: r.caller.Trace}
}

// leftOver is the operation that another call on many has begun for a target: one
// under way, or an end that nobody has heard and that would otherwise be done anew,
// or not be told because the target is skipped. From here on this call waits for it.
func (r *fleetRun) leftOver(t aws.Target, skipped bool) *flight {
	age := toldAgain
	if skipped {
		age = mostAge
	}
	s := &r.m.operations
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.since(r.leftCaller(), t.ID, age)
	if left == nil {
		return nil
	}
	return &flight{left, left.listen()}
}

// leave ends the waiting for what was begun, and tells of it as it then is; where the
// caller has gone, nobody hears it.
func (r *fleetRun) leave(gone bool) {
	for _, f := range r.flights {
		c, ended := f.leave(f.listener, gone)
		if !ended {
			c = f.standing()
		}
		r.done = append(r.done, r.row(c, f))
	}
	r.flights = nil
}

// row is what a call on many tells of an operation.
func (r *fleetRun) row(c Change, f *flight) FleetTarget {
	row := FleetTarget{
		Gateway: c.Gateway, Target: c.Target, TargetID: c.TargetID, Outcome: c.Outcome, Status: c.Status,
		StatusReasons: c.StatusReasons, AuthorizationURL: c.AuthorizationURL,
	}
	if c.Tools == nil || c.Outcome != Synchronized {
		return row
	}
	tools := *c.Tools
	if tools.Source != FromGateway {
		if r.servedErr == nil { // else it is told of all
			r.unread[tools.Reason] = append(r.unread[tools.Reason], c.Target)
		}
		return row
	}
	late := strings.TrimSuffix(c.late, "; ")
	if tools.unseen {
		late = unseenSoFar
	}
	if late != "" {
		r.unread[late] = append(r.unread[late], c.Target)
	}
	if _, ended, _ := f.state(); ended.After(r.compared) { // of the whole gateway: the latest has seen most
		r.resources, r.unlisted, r.compared = tools.Resources, tools.Unlisted, ended
	}
	tools.Resources = nil
	if tools.differs() {
		row.Tools = &tools
	}
	return row
}

// uncompared are the targets that could not be compared, by why.
func (r *fleetRun) uncompared() (told []string) {
	if r.servedErr != nil {
		told = append(told, fmt.Sprintf("gateway %s, what was begun: %s", r.g.Name, r.servedErr))
	}
	for _, why := range slices.Sorted(maps.Keys(r.unread)) {
		told = append(told, fmt.Sprintf("gateway %s, %s: %s", r.g.Name, few(r.unread[why]), why))
	}
	return told
}

// leaveAll leaves what runs wait for.
func leaveAll(runs []*fleetRun, gone bool) {
	for _, run := range runs {
		if run != nil {
			run.leave(gone)
		}
	}
}

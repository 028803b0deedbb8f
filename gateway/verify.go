package gateway

import (
	"context"
	"slices"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// ahead is what a target's server offers, read while a change is waited for: a
// slow server is then not waited for twice.
type ahead struct {
	endpoint string
	offered  catalog.List
	err      error
	done     chan struct{}
}

// readAhead begins to read what the server of a target offers.
func (m *Manager) readAhead(ctx context.Context, t aws.Target) *ahead {
	a := &ahead{endpoint: t.Endpoint, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer m.rescue("reading the server of target "+t.Name, func() { a.err = errInside })
		a.offered, a.err = m.offered(ctx, t)
	}()
	return a
}

// verify compares what the gateway served before with what it serves now, and
// holds that against what the server offers. A gateway's list may follow its
// target's READY late: it is read again while it looks like that, for some time.
// late says what still differs. Where the gateway's list cannot be read, the
// server's own is better than none.
func (o *operation) verify(ctx context.Context) (c ToolChange, late string) {
	t := o.now
	ahead, list := false, o.list
	if o.servedErr != nil { // there is nothing to compare with: what hangs is not waited for again
		list = func(context.Context) (catalog.List, error) { return catalog.List{}, o.servedErr }
	}
	l := o.m.readLists(ctx, o.g, t, list, func(ctx context.Context, t aws.Target) (catalog.List, error) {
		if a := o.ahead; a != nil && a.endpoint == t.Endpoint {
			if <-a.done; a.err == nil {
				ahead = true
				return a.offered, nil
			}
		}
		return o.m.offered(ctx, t)
	})
	if l.servedErr != nil {
		return onlyOffered(t.Name, l.offered, l.servedErr, l.offeredErr), ""
	}
	before := own(o.before.Name, o.served)
	state := stateOfList(t, before, l)
	if ahead && state != settled { // the server may have changed since
		l.offered, l.offeredErr = o.m.offered(ctx, t)
		state = stateOfList(t, before, l)
	}
	start := time.Now()
	for wait := 250 * time.Millisecond; ; wait *= 2 {
		left := state.patience() - time.Since(start)
		if left <= 0 || pause(ctx, min(wait, left)) != nil {
			break
		}
		again, err := o.list(ctx)
		if err != nil {
			break
		}
		l.all, l.served = again, mine(t.Name, again, l.offered, l.filter)
		state = stateOfList(t, before, l)
	}
	c = compare(before, own(t.Name, l.all))
	c.Upstream = len(l.offered.Tools)
	switch {
	case t.StaticSchema: // serves its schema, whatever the server offers
		c.Reason = pinnedReason
		if l.offeredErr == nil {
			c.missPinned(l.served.Tools, l.offered.Tools)
		}
		return c, ""
	case l.offeredErr != nil:
		c.unseen = state == unseen
		return c, ""
	}
	c.Warnings = warnings(t.Name, l.offered.Tools)
	if l.filter != "" {
		_, hidden := among(l.offered.Tools, l.served.Tools)
		c.hide(hidden, l.filter)
	}
	if o.planned != nil {
		late = unplanned(*o.planned, l.served)
	}
	return c, lateList(state, l) + late
}

// listState is how a gateway's list stands to what its target's server offers, right
// after a synchronization.
type listState int

const (
	settled         listState = iota
	lateNames                 // tools that the server has are missing, or others are there still
	lateDefinitions           // tools are defined as before, and otherwise at the server
	unseen                    // nothing is different from before, and the server's list is not known
)

// patience is how long a list that stands so is read again.
func (s listState) patience() time.Duration {
	switch s {
	case lateNames:
		return lateServed
	case lateDefinitions, unseen:
		return lateUnseen
	}
	return 0
}

// stateOfList judges a list by what was served before and what the server offers.
// AgentCore may write definitions in its own way: one that is neither as it was nor
// as the server has it is the new one.
func stateOfList(t aws.Target, before catalog.List, l lists) listState {
	if t.StaticSchema {
		return settled
	}
	if l.offeredErr != nil {
		if compare(before, own(t.Name, l.all)).differs() {
			return settled
		}
		return unseen
	}
	d := catalog.Compare(l.served.Tools, l.offered.Tools)
	if len(d.Removed) > 0 || len(d.Added) > 0 && l.filter == "" {
		return lateNames
	}
	if len(d.Changed) == 0 {
		return settled
	}
	since := catalog.Compare(before.Tools, l.served.Tools).Changed
	for _, c := range d.Changed {
		if !slices.ContainsFunc(since, func(s catalog.Change) bool { return s.After.Name == c.Before.Name }) {
			return lateDefinitions
		}
	}
	return settled
}

// onlyOffered is a comparison that lacks the gateway's list, for err.
func onlyOffered(target string, offered catalog.List, err, offeredErr error) ToolChange {
	c := unavailable(err.Error())
	if offeredErr != nil {
		c.Reason += "; nor could the server's own list be read: " + offeredErr.Error()
		return c
	}
	c.Source, c.Offered, c.After, c.Warnings = FromUpstream, view(offered.Tools), len(offered.Tools), warnings(target, offered.Tools)
	return c
}

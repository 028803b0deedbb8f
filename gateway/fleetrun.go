package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"

	"golang.org/x/sync/errgroup"
)

// atWork is AWS's limit of targets that may be worked on in a gateway at once.
const atWork = 5

// fleetRun synchronizes the targets of one gateway. One goroutine runs it.
type fleetRun struct {
	m      *Manager
	g      aws.Gateway
	caller Caller
	pause  time.Duration // between listings
	listed []aws.Target
	full   int // how often in a row AWS took none while none of ours was at work
	report func(FleetTarget)

	queue   []aws.Target
	running []*flight
	done    []FleetTarget

	served    catalog.List // before
	servedErr error

	unread    []string    // targets that could not be compared, and why
	resources *ItemChange // of the gateway, nil for no difference
	unlisted  string      // why that is not known
}

// flight is a synchronization under way.
type flight struct {
	aws.Observer
	since time.Time
	left  *running // what an earlier call has left it to; nil for none
}

func (r *fleetRun) skip(t aws.Target, reason string) {
	r.done = append(r.done, FleetTarget{Gateway: r.g.Name, Target: t.Name, TargetID: t.ID, Outcome: Skipped, Status: t.Status, reason: reason})
}

// row is what is told of a target.
func (r *fleetRun) row(t aws.Target, o Outcome) FleetTarget {
	return FleetTarget{
		Gateway: r.g.Name, Target: t.Name, TargetID: t.ID, Outcome: o, Status: t.Status,
		StatusReasons: quoteAll(t.StatusReasons), AuthorizationURL: t.AuthorizationURL,
	}
}

// join follows what is running on a target already.
func (r *fleetRun) join(t aws.Target) {
	r.running = append(r.running, &flight{Observer: aws.Observer{Before: t}, since: time.Now()})
}

// abandon ends a run that cannot go on.
func (r *fleetRun) abandon() {
	for _, f := range r.running {
		r.queue = append(r.queue, f.Before)
	}
	for _, t := range r.queue {
		t.StatusReasons = []string{errInside.Error()}
		r.done = append(r.done, r.row(t, Failed))
	}
	r.queue, r.running = nil, nil
}

// keepDrifted leaves only the targets whose server offers something else.
func (r *fleetRun) keepDrifted(ctx context.Context) error {
	whole := make([]aws.Target, len(r.queue))
	var reads errgroup.Group
	reads.SetLimit(8)
	for i, t := range r.queue {
		reads.Go(func() (err error) {
			whole[i], err = r.m.Client.Target(ctx, r.g.ID, t.ID)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	queue := r.queue
	r.queue = nil
	for i, d := range r.m.drifts(ctx, r.g, whole, false, nil) {
		if reason := skipDrift(d); reason != "" {
			r.skip(queue[i], reason)
		} else {
			r.queue = append(r.queue, queue[i])
		}
	}
	return nil
}

// synchronize works through the queue until it is done or ctx ends.
func (r *fleetRun) synchronize(ctx context.Context) {
	for _, t := range r.done { // skipped
		r.report(t)
	}
	for (len(r.queue) > 0 || len(r.running) > 0) && ctx.Err() == nil {
		r.send(ctx)
		if pause(ctx, r.pause) != nil {
			break
		}
		r.look(ctx)
	}
	for _, f := range r.running {
		r.finish(f.Before, InProgress)
		if f.left == nil {
			r.leave(f)
		}
	}
	for _, t := range r.queue {
		r.finish(t, InProgress)
	}
	r.compare(context.WithoutCancel(ctx))
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

// send begins as many synchronizations as there is room for. What AWS cannot
// take now stays in the queue.
func (r *fleetRun) send(ctx context.Context) {
	for len(r.queue) > 0 && len(r.running) < atWork {
		t, reason := r.asItIs(ctx, r.queue[0])
		if reason != "" {
			r.skip(t, reason)
			r.report(r.done[len(r.done)-1])
			r.queue = r.queue[1:]
			continue
		}
		if aws.PhaseOf(t.Status) == aws.PhaseWorking {
			r.join(t)
			r.queue = r.queue[1:]
			continue
		}
		_, err := r.m.send(ctx, r.g.ID, t, func(ctx context.Context) (aws.Target, error) {
			return r.m.Client.Synchronize(ctx, r.g.ID, t.ID)
		})
		switch {
		case err == nil: // also as the time ran out: it is under way
			r.join(t)
		case errors.Is(err, aws.ErrQuota):
			r.refused(err)
			return
		case errors.Is(err, aws.ErrThrottled), ctx.Err() != nil:
			return
		case errors.Is(err, aws.ErrConflict):
			// It is being worked on, or the gateway is: put it at the end, and
			// let the next listing show.
			r.queue = append(r.queue[1:], t)
			return
		case errors.Is(err, aws.ErrInvalid):
			// The one thing that a listing does not show is a static schema.
			reason := "refused by AWS"
			if failed := (*aws.Error)(nil); errors.As(err, &failed) {
				reason = "refused by AWS: " + strings.TrimSuffix(quote(failed.Message), ".")
				if strings.Contains(failed.Message, "static tool schema") || strings.Contains(failed.Message, "mcpToolSchema") {
					reason = skipPinned
				}
			}
			r.skip(t, reason)
			r.report(r.done[len(r.done)-1])
		case errors.Is(err, aws.ErrNotFound):
			r.skip(t, "deleted meanwhile")
			r.report(r.done[len(r.done)-1])
		default:
			t.StatusReasons = []string{"not synchronized: " + err.Error()}
			r.finish(t, Failed)
		}
		r.queue = r.queue[1:]
	}
}

// mostFull is how often AWS may take none, while none of ours is at work, before
// that is told: others may be at work in the gateway.
const mostFull = 5

// refused follows on AWS's word that a quota is reached. One that stands while
// nothing of ours is at work does not pass by waiting.
func (r *fleetRun) refused(err error) {
	if len(r.running) > 0 {
		r.full = 0
		return
	}
	r.full++
	r.pause = min(2*r.pause, 5*time.Second)
	if r.full < mostFull {
		return
	}
	for _, t := range r.queue {
		t.StatusReasons = []string{"not synchronized: " + err.Error()}
		r.finish(t, Failed)
	}
	r.queue = nil
}

// look lists the gateway's targets and takes those off that have ended.
func (r *fleetRun) look(ctx context.Context) {
	r.running = slices.DeleteFunc(r.running, func(f *flight) bool {
		if f.left == nil || !r.hear(f.left) {
			return false
		}
		r.report(r.done[len(r.done)-1])
		return true
	})
	if len(r.running) == 0 {
		return
	}
	listed, err := r.m.targets(ctx, r.g)
	if err != nil {
		return // the next one may be answered
	}
	now := make(map[string]aws.Target, len(listed))
	for _, t := range listed {
		now[t.ID] = t
	}
	still := r.running[:0]
	for _, f := range r.running {
		if f.left != nil {
			still = append(still, f)
			continue
		}
		t, there := now[f.Before.ID]
		if !there { // one listing may lack it: the target itself says
			var err error
			t, err = r.m.Client.Target(ctx, r.g.ID, f.Before.ID)
			if there = err == nil; err != nil && !errors.Is(err, aws.ErrNotFound) {
				still = append(still, f)
				continue
			}
		}
		switch {
		case !there:
			t = f.Before
			t.StatusReasons = []string{deletedMeanwhile}
			r.finish(t, Failed)
		case !f.Observe(t, time.Since(f.since)):
			still = append(still, f)
		case aws.PhaseOf(t.Status) == aws.PhaseReady:
			r.finish(t, Synchronized)
		case aws.PhaseOf(t.Status) == aws.PhasePending:
			r.finish(t, NeedsAuthorization)
		default:
			if whole, err := r.m.Client.Target(ctx, r.g.ID, t.ID); err == nil { // a listing has no reasons
				t = whole
			}
			r.finish(t, Failed)
		}
	}
	r.running = still
}

func (r *fleetRun) finish(t aws.Target, o Outcome) {
	done := r.row(t, o)
	r.done = append(r.done, done)
	r.report(done)
}

// compare adds to the synchronized targets what the gateway now serves of them
// that is different, by one reading of the gateway's tools for all.
func (r *fleetRun) compare(ctx context.Context) {
	if r.servedErr != nil || !slices.ContainsFunc(r.done, FleetTarget.uncompared) {
		return
	}
	after, err := r.m.served(ctx, r.g)
	if err != nil {
		r.servedErr = err
		return
	}
	if c := compare(catalog.List{Resources: r.served.Resources, Unlisted: r.served.Unlisted}, catalog.List{Resources: after.Resources, Unlisted: after.Unlisted}); c.Unlisted != "" {
		r.unlisted = c.Unlisted
	} else {
		r.resources = c.Resources
	}
	for i := range r.done {
		t := &r.done[i]
		before, now := own(t.Target, r.served), own(t.Target, after)
		before.Resources, now.Resources = nil, nil // are told of the whole gateway
		t.compare(before, now)
	}
}

// uncompared reports whether a target is synchronized, and no operation that has
// followed it from an earlier call has compared it.
func (t FleetTarget) uncompared() bool { return t.Outcome == Synchronized && !t.heard }

// compare adds what is different to an uncompared target.
func (t *FleetTarget) compare(before, now catalog.List) {
	if !t.uncompared() {
		return
	}
	if c := compare(before, now); c.differs() {
		t.Tools = &c
	}
}

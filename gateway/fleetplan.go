package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
)

// GatewaysOf finds the gateways that refs mean: ids, names or ARNs; none for the only one,
// * for all.
func (m *Manager) GatewaysOf(ctx context.Context, refs []string) ([]aws.Gateway, error) {
	if len(refs) == 0 {
		refs = []string{""}
	}
	all := slices.Contains(refs, "*")
	if all {
		listed, err := m.Gateways(ctx)
		if err != nil {
			return nil, err
		}
		refs = nil
		for _, g := range listed {
			refs = append(refs, g.ID)
		}
	}
	var gateways []aws.Gateway
	for _, ref := range refs {
		g, err := m.Gateway(ctx, ref)
		if all && errors.Is(err, aws.ErrNotFound) { // since it was listed
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(gateways, func(have aws.Gateway) bool { return have.ID == g.ID }) {
			gateways = append(gateways, g)
		}
	}
	return gateways, nil
}

// prepareAll prepares the gateways side by side, and reads what they serve by a
// deadline.
func (m *Manager) prepareAll(ctx context.Context, gateways []aws.Gateway, r FleetRequest, caller Caller, deadline time.Time) ([]*fleetRun, error) {
	runs := make([]*fleetRun, len(gateways))
	var work errgroup.Group
	work.SetLimit(8)
	for i, g := range gateways {
		work.Go(func() (err error) {
			defer m.rescue("preparing gateway "+g.Name, func() { err = errInside })
			if runs[i], err = m.prepare(ctx, g, r, caller, len(gateways)); err != nil {
				return fmt.Errorf("gateway %s: %w", g.Name, err)
			}
			reading, cancel := context.WithDeadline(ctx, deadline)
			defer cancel()
			if len(runs[i].queue) > 0 {
				runs[i].served, runs[i].servedErr = m.served(reading, g)
			}
			return nil
		})
	}
	return runs, work.Wait()
}

// prepare lists a gateway's targets and decides which of them to synchronize.
func (m *Manager) prepare(ctx context.Context, g aws.Gateway, r FleetRequest, caller Caller, gateways int) (*fleetRun, error) {
	targets, err := m.targets(ctx, g)
	if err != nil {
		return nil, err
	}
	run := m.newFleetRun(g, caller, listPause(m.Client.Local(), gateways))
	run.listed = targets
	defer func() { // who waits for an end must leave it
		if p := recover(); p != nil {
			run.leave(true)
			panic(p)
		}
	}()
	for _, t := range targets {
		if !meant(t, r.Targets) {
			continue
		}
		reason := skip(t, r.NotSyncedSince)
		left := run.leftOver(t, reason != "")
		switch {
		case left != nil: // of an earlier call, which has not seen its end
			run.flights = append(run.flights, left)
		case reason != "":
			run.skip(t, reason)
		default: // what is at work already is joined
			run.queue = append(run.queue, t)
		}
	}
	if r.RuntimeARN != "" {
		if err := run.keepOfRuntime(ctx, r.RuntimeARN); err != nil {
			return run, err
		}
	}
	if r.OnlyDrifted {
		if err := run.keepDrifted(ctx); err != nil {
			return run, err // with what it waits for
		}
	}
	return run, nil
}

// whole reads targets whole. One that is gone is a zero.
func (r *fleetRun) whole(ctx context.Context, listed []aws.Target) ([]aws.Target, error) {
	whole := make([]aws.Target, len(listed))
	var reads errgroup.Group
	reads.SetLimit(8)
	for i, t := range listed {
		reads.Go(func() (err error) {
			defer r.m.rescue("reading target "+t.Name, func() { err = errInside })
			whole[i], err = r.m.Client.Target(ctx, r.g.ID, t.ID)
			if errors.Is(err, aws.ErrNotFound) { // since it was listed
				whole[i], err = aws.Target{}, nil
			}
			return err
		})
	}
	return whole, reads.Wait()
}

// present reads the queue's targets whole, and skips those that are gone.
func (r *fleetRun) present(ctx context.Context) (queue, whole []aws.Target, err error) {
	read, err := r.whole(ctx, r.queue)
	if err != nil {
		return nil, nil, err
	}
	for i, t := range read {
		if t.ID == "" {
			r.skip(r.queue[i], "deleted meanwhile")
			continue
		}
		queue, whole = append(queue, r.queue[i]), append(whole, t)
	}
	return queue, whole, nil
}

// keepDrifted leaves only the targets whose server offers something else.
func (r *fleetRun) keepDrifted(ctx context.Context) error {
	queue, whole, err := r.present(ctx)
	if err != nil {
		return err
	}
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

// keepOfRuntime leaves only the targets that point to a runtime, which a listing does
// not show.
func (r *fleetRun) keepOfRuntime(ctx context.Context, arn string) error {
	queue, whole, err := r.present(ctx)
	if err != nil {
		return err
	}
	r.queue = nil
	for i, t := range whole {
		if invokes(t, arn) {
			r.queue = append(r.queue, queue[i])
		}
	}
	return nil
}

// meant reports whether one of the refs, ids or names, means a target; none means
// all of them.
func meant(t aws.Target, refs []string) bool {
	return len(refs) == 0 || slices.Contains(refs, t.ID) || slices.Contains(refs, t.Name)
}

// listPause is how long to wait between two listings, so that all gateways
// together stay well inside AWS's rate for listing.
func listPause(local bool, gateways int) time.Duration {
	least := 500 * time.Millisecond
	if local {
		least = 100 * time.Millisecond
	}
	return max(least, time.Duration(gateways)*200*time.Millisecond)
}

// skip says why a listed target is not synchronized, "" when it is. A static
// schema does not show in a listing: AWS refuses those.
func skip(t aws.Target, since time.Time) string {
	switch {
	case t.Type != aws.TargetMCPServer:
		return "not an MCP server"
	case t.ListingMode == aws.ListingDynamic:
		return "listingMode DYNAMIC: nothing to synchronize"
	case aws.PhaseOf(t.Status) == aws.PhasePending:
		return "pending authorization"
	case t.Status == aws.TargetDeleting:
		return "being deleted"
	case !since.IsZero() && t.LastSynchronizedAt.After(since) && aws.PhaseOf(t.Status) == aws.PhaseReady:
		return "synchronized since " + since.UTC().Format(time.RFC3339)
	}
	return ""
}

const skipPinned = "static schema (mcpToolSchema): unpin_target_tools would let it be synchronized"

// skipDrift says why a target is not synchronized where only those that drifted
// are, "" when it is.
func skipDrift(d Drift) string {
	switch {
	case d.Pinned:
		return skipPinned
	case d.State == InSync:
		return "in sync"
	case d.State != Drifted:
		return "drift unknown: " + d.Reason
	}
	return ""
}

// unused is the error for a runtime to which no target points; "" is none.
func unused(runtimeARN string, runs []*fleetRun) error {
	if runtimeARN == "" || slices.ContainsFunc(runs, func(r *fleetRun) bool { return len(r.queue)+len(r.flights) > 0 }) {
		return nil
	}
	return fmt.Errorf("nothing was begun: no target of these gateways that could be synchronized points to runtime %s; get_runtime shows who uses it, and gateway * looks at all gateways", runtimeARN)
}

// unmatched is the error for a ref that means no target, with the candidates.
func unmatched(refs []string, runs []*fleetRun) error {
	var all []aws.Target
	for _, run := range runs {
		all = append(all, run.listed...)
	}
	for _, ref := range refs {
		if !slices.ContainsFunc(all, func(t aws.Target) bool { return meant(t, []string{ref}) }) {
			_, err := choose("target", ref, all, func(t aws.Target) candidate { return candidate{t.ID, t.Name} })
			return fmt.Errorf("nothing was begun: %w", err)
		}
	}
	return nil
}

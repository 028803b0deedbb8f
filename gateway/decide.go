package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
)

// refuseSynchronize names the targets that AWS would refuse to synchronize, or
// for which it would do nothing, before anything is sent.
func refuseSynchronize(t aws.Target) error {
	switch {
	case t.Type != aws.TargetMCPServer:
		return fmt.Errorf("target %s is of type %s: only MCP servers have tools to synchronize", t.Name, orUnknown(string(t.Type)))
	case t.StaticSchema:
		return fmt.Errorf("target %s takes its tools from a static schema (mcpToolSchema): AWS refuses to synchronize it until unpin_target_tools removes the schema", t.Name)
	case t.ListingMode == aws.ListingDynamic:
		return fmt.Errorf("target %s lists its tools dynamically (listingMode DYNAMIC): the gateway asks the server at each call, there is nothing to synchronize", t.Name)
	case aws.PhaseOf(t.Status) == aws.PhasePending:
		return refusePending(t)
	case t.Status == aws.TargetDeleting:
		return fmt.Errorf("target %s is being deleted", t.Name)
	}
	return nil
}

// refuseUpdate names the targets that AWS would refuse to update, or that an
// update would harm.
func refuseUpdate(t aws.Target) error {
	switch {
	case t.Type != aws.TargetMCPServer:
		return fmt.Errorf("target %s is of type %s: only an MCP server has an endpoint and settings that can be changed here", t.Name, orUnknown(string(t.Type)))
	case len(t.Unknown()) > 0:
		return fmt.Errorf("target %s has settings that this program does not know (%s), and an update, which replaces the whole target, would lose them: install a newer release, nothing was sent", t.Name, strings.Join(t.Unknown(), ", "))
	case aws.PhaseOf(t.Status) == aws.PhasePending:
		return refusePending(t)
	case aws.PhaseOf(t.Status) == aws.PhaseWorking:
		return fmt.Errorf("target %s is %s: AWS refuses an update until that has ended, look with get_target and try again", t.Name, t.Status)
	}
	return nil
}

// refusePending is the error for a target that waits for a person's consent:
// AWS refuses to change it until then.
func refusePending(t aws.Target) error {
	where := ""
	if t.AuthorizationURL != "" {
		where = fmt.Sprintf(" at %s (valid for 10 minutes from the request)", t.AuthorizationURL)
	}
	return fmt.Errorf("target %s is %s: AWS changes nothing until a person has given consent%s, and until that is given or has failed", t.Name, t.Status, where)
}

// readingBefore is how long a change waits for what the gateway serves before it
// is sent: what hangs must not use up the time of who waits for the change.
func readingBefore(wait time.Duration) time.Duration {
	return min(readServed, max(readOffered, wait/2))
}

// asksFor is what a person has to agree to before an update, "" for nothing: a
// credential that goes where it has not gone before (pair, see newPair), callers that
// are cut off (lost, see cutsOff), other settings of how AgentCore reaches the server
// (reaches), or a consent that has to be given anew.
func asksFor(t aws.Target, pair, lost, reaches string) string {
	var all []string
	if pair != "" {
		all = append(all, "AgentCore would send "+pair)
	}
	if lost != "" {
		all = append(all, lost)
	}
	if reaches != "" {
		all = append(all, "it changes how AgentCore reaches the server, or signs in there: "+reaches)
	}
	if t.Outbound().NeedsConsent {
		all = append(all, "it signs in with a person's consent, and an update demands a new one: until it is given the target serves nothing new")
	}
	return strings.Join(all, "; and ")
}

// unconfirmedUpdate asks for a person's word where there is something to agree to, and is
// nil where there is nothing.
func unconfirmedUpdate(t aws.Target, would string, way *move, pair string) *Unconfirmed {
	if would == "" {
		return nil
	}
	or, to := "", ""
	if way != nil {
		to = way.to.String()
		if pair != "" && !way.toShared && !way.familiar() {
			or = ", or start this server with --trusted-endpoints if that host is yours"
		}
	}
	return unconfirmedTarget(t, "updated", would, or, to)
}

// refuseChanged is the error for a target that is not as it was planned with:
// there is no conditional write.
func refuseChanged(planned, now aws.Target) error {
	if now.UpdatedAt.Equal(planned.UpdatedAt) && now.Status == planned.Status {
		return nil
	}
	return fmt.Errorf("target %s changed while this update was prepared (updatedAt %s, now %s): nothing was sent, look at get_target and try again",
		planned.Name, planned.UpdatedAt.UTC().Format(time.TimeOnly+"Z"), now.UpdatedAt.UTC().Format(time.TimeOnly+"Z"))
}

// ended says how a change stands after the wait for it, and why: t is the target
// as last seen, err what the wait ended with, left whether the caller has gone.
func ended(t aws.Target, err error, left bool, success Outcome) (Outcome, []string) {
	reasons := quoteAll(t.StatusReasons)
	switch phase := aws.PhaseOf(t.Status); {
	case errors.Is(err, aws.ErrNotFound) && success == Deleted:
		return Deleted, nil
	case errors.Is(err, aws.ErrNotFound):
		return Failed, []string{deletedMeanwhile}
	case errors.Is(err, aws.ErrUnknownStatus):
		return Failed, append(reasons, err.Error())
	case err != nil && !isDeadline(err) && !left:
		// The change is under way, but AWS no longer says how it stands.
		return InProgress, append(reasons, "its status could not be read any more: "+err.Error())
	case err != nil:
		return InProgress, reasons
	case success == Deleted:
		return Failed, append(reasons, fmt.Sprintf("the target was to be deleted, and is %s", t.Status))
	case phase == aws.PhaseFailed:
		return Failed, reasons
	case phase == aws.PhasePending:
		return NeedsAuthorization, reasons
	}
	return success, reasons
}

// unread reports whether a wait has ended because AWS did not say how a target
// stands: one refusal of a read is not the end of a change.
func unread(err error) bool {
	return err != nil && !isDeadline(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, aws.ErrNotFound) && !errors.Is(err, aws.ErrUnknownStatus)
}

// joinable reports whether a synchronization that AWS refused as a conflict can
// join what runs on the target instead; before is as read before it was sent.
func joinable(before, now aws.Target) bool {
	return aws.PhaseOf(now.Status) == aws.PhaseWorking || !now.UpdatedAt.Equal(before.UpdatedAt)
}

// begun reports whether a change has begun on a target since it was read.
func begun(before, now aws.Target) bool {
	return now.Status != before.Status || !now.UpdatedAt.Equal(before.UpdatedAt) || !now.LastSynchronizedAt.Equal(before.LastSynchronizedAt)
}

// leastForAnotherTry is the least time that makes a second try worth it.
const leastForAnotherTry = 3 * time.Second

// worthAnotherTry reports whether a synchronization failed like that of a server
// that has not started yet (nx-plugin-for-aws#660, agentcore-samples#1034): AWS's
// probe gives up after 10 to 30 s, and a READY runtime is not a warm one.
func worthAnotherTry(o Outcome, reasons []string, left time.Duration) bool {
	return o == Failed && left > leastForAnotherTry && slices.ContainsFunc(reasons, func(reason string) bool {
		return strings.Contains(reason, "Unable to connect to the MCP server") ||
			strings.Contains(reason, "Runtime initialization time exceeded") || strings.Contains(reason, "has no tools")
	})
}

// compares reports whether going back depends on what the gateway serves.
func (o OnFailure) compares() bool { return o == RevertOnLoss || o == RevertOnBreaking }

// refuseBlind is the error for an update that is to be undone by a comparison
// which cannot be made: err is why the gateway's tools could not be read.
func refuseBlind(t aws.Target, onFailure OnFailure, err error) error {
	if err == nil || !onFailure.compares() {
		return nil
	}
	return fmt.Errorf("target %s was not updated: onFailure %s compares what the gateway serves before and after, and that cannot be read: %w; make it readable, or give onFailure revert", t.Name, onFailure, err)
}

// ending is how an update ended, as far as it decides whether to go back.
type ending struct {
	outcome     Outcome
	failed      bool // the target's status says so
	lost        bool // the gateway lost tools
	breaking    bool // calls that worked may fail
	uncompared  bool // what the gateway serves could not be compared
	overwritten bool // the target has not what was sent
	others      bool // somebody else has changed the target meanwhile
}

// course is what follows from an ending.
type course int

const (
	standing  course = iota // it stays as it is
	keeping                 // it failed, and stays because it has to
	blocked                 // going back would undo somebody else's change
	losing                  // go back, for the tools that were lost
	breaking                // go back, for the calls that may fail
	unseeing                // go back, for it is not known what was lost
	reverting               // go back, for the failure
)

func decide(e ending, onFailure OnFailure) course {
	guarded := e.outcome == Updated && onFailure.compares()
	lost := guarded && e.lost
	breaks := guarded && onFailure == RevertOnBreaking && e.breaking
	unseen := guarded && e.uncompared
	failed := e.outcome == Failed && e.failed
	switch {
	case e.outcome == InProgress:
		return standing
	case e.outcome == Failed && onFailure == Keep:
		return keeping
	case (lost || breaks || unseen || failed || e.outcome == Updated && e.overwritten) && e.others:
		return blocked
	case unseen:
		return unseeing
	case lost:
		return losing
	case breaks:
		return breaking
	case failed:
		return reverting
	}
	return standing
}

// outcome is that of an ending with one outcome that takes this course.
func (c course) outcome(was Outcome) Outcome {
	if c == blocked { // the target has not what was sent, or should not have it
		return Failed
	}
	return was
}

// afterRevert says how a target stands after its previous configuration was sent back:
// now is the target as last seen, others is what in it is not that configuration,
// err what the wait for it ended with.
func afterRevert(now aws.Target, others []Setting, err error) Outcome {
	switch {
	case err != nil:
		return InProgress
	case aws.PhaseOf(now.Status) != aws.PhaseReady, len(others) > 0:
		return Failed
	}
	return Reverted
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown to this program"
	}
	return s
}

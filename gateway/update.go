package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

// OnFailure says what to do when a target does not work with what an update
// changed.
type OnFailure string

const (
	Revert       OnFailure = "revert"         // put the previous configuration back; the default
	RevertOnLoss OnFailure = "revert_on_loss" // also when the gateway serves fewer tools than before
	Keep         OnFailure = "keep"           // leave the target as it is, for somebody to look at
)

// Values lists them, for schemas.
func (OnFailure) Values() []OnFailure { return []OnFailure{Revert, RevertOnLoss, Keep} }

// UpdateOptions are those of every update of a target.
type UpdateOptions struct {
	DryRun    bool
	OnFailure OnFailure
	Confirm   string // the target's name, where an update demands a person's new consent or sends a credential where it has not gone before
	Wait      time.Duration
}

// UpdateTarget changes what edit says of an MCP server target and nothing else,
// waits for the end (AWS synchronizes along with every update), and compares
// what the gateway served before and after.
//
// UpdateGatewayTarget replaces the whole target and has no conditional form, so
// the target is read whole, read again right before it is sent back, and a
// difference between the two reads is an error. A writer in the moment after
// the second read still goes unseen. Before anything is sent, the log gets the
// complete previous configuration in one line.
//
// An update that would send a credential to an origin for the first time is
// refused without Confirm, and its plan asks a new origin without credentials.
//
// When the target fails with the change, the previous configuration is put
// back, unless OnFailure is Keep. That happens within the call only.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) UpdateTarget(ctx context.Context, gateway, target string, edit aws.Edit, o UpdateOptions, progress Progress) (Change, error) {
	start := time.Now()
	g, before, err := m.find(ctx, gateway, target)
	if err != nil {
		return Change{}, err
	}
	if err := refuseUpdate(before); err != nil {
		return Change{}, err
	}
	configuration, err := differences(before, edit)
	if err != nil {
		return Change{}, err
	}
	if edit.Empty() {
		return Change{}, fmt.Errorf("nothing to change was given for target %s: name a setting", before.Name)
	}
	if len(configuration) == 0 {
		c := newChange(g, before)
		c.Outcome, c.Tools = Unchanged, unavailable("nothing was sent: the target has these settings already")
		c.Next = "to read the server's tools again, call synchronize_target"
		c.finish(start, before, before)
		return c, nil
	}
	way := m.moved(ctx, g, before, edit)
	pair := newPair(before, edit, way)
	confirmed := o.Confirm == before.Name
	if o.DryRun {
		c := m.planUpdate(ctx, g, before, edit, way, confirmed)
		c.Configuration = configuration
		if pair != "" && !confirmed {
			c.Next += fmt.Sprintf("; that needs confirm set to %q, because AgentCore would send %s", before.Name, pair)
		}
		c.finish(start, before, before)
		return c, nil
	}
	if pair != "" && !confirmed {
		return Change{}, refusePair(before, pair, way)
	}
	if before.Outbound().OfAPerson && !confirmed {
		return Change{}, fmt.Errorf("target %s signs in with a person's consent, and an update demands a new one: until it is given the target serves nothing new; to go on, call again with confirm set to %q", before.Name, before.Name)
	}
	w := m.watch(ctx, g, before, start, o.Wait, progress)
	latest, err := m.Client.Target(ctx, g.ID, before.ID)
	if err != nil {
		return Change{}, err
	}
	if !latest.UpdatedAt.Equal(before.UpdatedAt) || latest.Status != before.Status {
		return Change{}, fmt.Errorf("target %s changed while this update was prepared (updatedAt %s, now %s): nothing was sent, look at get_target and try again",
			before.Name, before.UpdatedAt.UTC().Format(time.TimeOnly+"Z"), latest.UpdatedAt.UTC().Format(time.TimeOnly+"Z"))
	}
	m.logPrevious(g, latest)
	if w.sent, err = m.send(ctx, g.ID, latest, func(ctx context.Context) (aws.Target, error) {
		return m.Client.UpdateTarget(ctx, g.ID, latest, edit)
	}); err != nil {
		return Change{}, fmt.Errorf("target %s was not updated: %w", before.Name, err)
	}
	change, now := w.end(Updated)
	change.Configuration = configuration
	if change.Outcome == InProgress && edit.Endpoint != nil {
		now.Endpoint = *edit.Endpoint // a poll may not have shown it yet
	}
	change.finish(start, before, now)
	back := "to go back, " + m.wayBack(ctx, g, before, way, change.EndpointMasked)
	lost := change.Outcome == Updated && o.OnFailure == RevertOnLoss && len(change.Tools.Removed) > 0
	failed := change.Outcome == Failed && aws.PhaseOf(now.Status) == aws.PhaseFailed
	overwritten := false
	if left, err := differences(now, edit); change.Outcome == Updated {
		overwritten = err == nil && len(left) > 0
	}
	switch others := foreign(latest, edit, now); {
	case change.Outcome == InProgress:
		change.Next = "look with get_target until the status is READY; " + back
	case change.Outcome == Failed && o.OnFailure == Keep:
		change.Next = "the target has the new settings and does not work with them: " + remedy(now) + "; " + back
	case (lost || failed || overwritten) && len(others) > 0:
		// Putting the previous configuration back would undo that as well.
		change.Outcome = Failed
		change.Next = fmt.Sprintf("somebody else changed the target meanwhile (%s), and nothing was put back: look with get_target; %s", paths(others), back)
	case lost:
		m.revert(w, latest, now, &change, back, "with the new settings the gateway lost tools (tools.removed)", "give the server those tools, or onFailure revert")
	case failed:
		m.revert(w, latest, now, &change, back, "the new settings failed (statusReasons)", remedy(now))
	case change.Outcome == Failed:
		change.Next = "look with get_target; " + back
	}
	return change, nil
}

// wayBack is the call that undoes an edit.
func (m *Manager) wayBack(ctx context.Context, g aws.Gateway, before aws.Target, way *move, masked bool) string {
	if way == nil {
		return "call update_target with the values under configuration, before"
	}
	call := "call update_target_endpoint with endpoint set to previousEndpoint"
	if masked {
		call = "call update_target_endpoint with the endpoint from before (its hidden values are not shown here)"
	}
	if !m.way(ctx, g, way.to, way.from).familiar() && credentialsOf(before).String() != "" {
		call += fmt.Sprintf(" and confirm set to %q", before.Name)
	}
	return call
}

// revert puts back what a target was before an update and tells both stories:
// statusReasons and tools keep what the update led to. after is the target as it
// was when the update had ended, back the way back by hand, mend what to do before
// the next try.
func (m *Manager) revert(w *watch, previous, after aws.Target, change *Change, back, why, mend string) {
	// A revert must not be cut short by the time that the failure took.
	const atLeast = 15 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), max(time.Until(w.start.Add(w.wait)), atLeast))
	defer cancel()
	w.progress.report(w.wait.Seconds(), w.wait.Seconds(), fmt.Sprintf("%s is %s, putting the previous configuration back", previous.Name, change.Status))
	change.Outcome = Failed
	now, err := m.Client.Target(ctx, w.g.ID, previous.ID)
	if err == nil && !now.UpdatedAt.Equal(after.UpdatedAt) { // its status alone may flap
		change.Status = now.Status
		change.Next = why + ", and before the previous ones could be put back somebody else changed the target: look with get_target, nothing more was sent"
		return
	}
	if err == nil {
		failed := now
		_, err = m.send(ctx, w.g.ID, failed, func(ctx context.Context) (aws.Target, error) {
			return m.Client.UpdateTarget(ctx, w.g.ID, previous, aws.Edit{})
		})
		after = failed
	}
	if err != nil {
		change.Next = fmt.Sprintf("%s and putting the previous ones back failed (%v): %s", why, err, back)
		return
	}
	now, err = m.Client.WaitTarget(ctx, w.g.ID, after, nil)
	change.Status = now.Status
	change.Endpoint, _ = untrusted.Endpoint(now.Endpoint)
	change.Seconds = seconds(time.Since(w.start))
	switch {
	case err != nil:
		change.Outcome = InProgress
		change.Next = why + "; the previous ones are being put back: look with get_target until the status is READY"
	case aws.PhaseOf(now.Status) != aws.PhaseReady:
		change.StatusReasons = append(change.StatusReasons, quoteAll(now.StatusReasons)...)
		change.Next = why + fmt.Sprintf("; the previous configuration is back, but with it the target is %s now", now.Status)
	case len(foreign(previous, aws.Edit{}, now)) > 0:
		change.Next = why + "; the previous configuration was to be put back, but somebody else has changed the target: look with get_target"
	default:
		change.Outcome = Reverted
		change.After = w.servedAfterRevert(ctx, now)
		change.Next = why + " and the previous configuration is back; before the next try: " + mend
	}
}

// servedAfterRevert says what the gateway serves once the old configuration is
// back, "" when that cannot be read.
func (w *watch) servedAfterRevert(ctx context.Context, t aws.Target) string {
	served, err := w.m.served(ctx, w.g)
	if err != nil || w.servedErr != nil {
		return ""
	}
	if d := catalog.Compare(toolsOf(t.Name, w.served), toolsOf(t.Name, served)); len(d.Added)+len(d.Removed)+len(d.Changed) == 0 {
		return "the gateway serves the same tools as before the call"
	}
	return fmt.Sprintf("the gateway serves %d tools of the target, %d before the call: the old server's tools have changed too", len(toolsOf(t.Name, served)), len(toolsOf(t.Name, w.served)))
}

// logPrevious writes the whole configuration to the log, enough to restore it by
// hand after a crash, with the secrets of its URLs hidden.
func (m *Manager) logPrevious(g aws.Gateway, t aws.Target) {
	previous := t.JSON()
	if hides(t) { // not by replacing text: AWS may spell a URL with escapes
		shown, err := Configuration(t)
		if err == nil {
			previous, err = json.Marshal(shown)
		}
		if err != nil {
			previous = json.RawMessage("not shown: " + err.Error())
		}
	}
	m.Log.Info("configuration before an update", "gateway", g.ID, "target", t.ID, "name", t.Name, "configuration", string(previous))
}

// hides reports whether something of a target's configuration is not shown.
func hides(t aws.Target) bool {
	_, masked := untrusted.Endpoint(t.Endpoint)
	return masked || untrusted.MaskURLs(t.Description) != t.Description
}

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

package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/untrusted"
)

// OnFailure says what to do when a target does not work with what an update
// changed.
type OnFailure string

const (
	Revert       OnFailure = "revert"         // put the previous configuration back; the default
	RevertOnLoss OnFailure = "revert_on_loss" // also when the gateway lost tools by it
	// RevertOnBreaking is RevertOnLoss, and also when calls that worked may fail.
	RevertOnBreaking OnFailure = "revert_on_breaking"
	Keep             OnFailure = "keep" // leave the target as it is, for somebody to look at
)

// Values lists them, for schemas.
func (OnFailure) Values() []OnFailure {
	return []OnFailure{Revert, RevertOnLoss, RevertOnBreaking, Keep}
}

// UpdateOptions are those of every update of a target.
type UpdateOptions struct {
	DryRun    bool
	OnFailure OnFailure
	Confirm   Word   // of the target, where an update demands a person's new consent or sends a credential where it has not gone before
	Plan      string // the value of an earlier plan, to which the call is held; "" for none
	Wait      time.Duration
}

// UpdateTarget changes what edit says of an MCP server target and nothing else,
// waits for the end (AWS synchronizes along with every update), and compares
// what the gateway served before and after.
//
// UpdateGatewayTarget replaces the whole target and has no conditional form, so
// the target is read whole, read again right before it is sent back, and a
// difference between the two reads is an error. A writer in the moment after
// the second read still goes unseen. Before anything is sent, the complete
// previous configuration is kept: as Manager.Keep does, else in one line of the log.
//
// An update that would send a credential to an origin for the first time is
// refused without Confirm, and its plan asks a new origin without credentials.
//
// When the target fails with the change, the previous configuration is put
// back, unless OnFailure is Keep. That happens within the call only.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) UpdateTarget(ctx context.Context, gateway, target string, edit aws.Edit, o UpdateOptions, caller Caller) (Change, error) {
	return m.run(ctx, gateway, target, &update{edit: edit, options: o}, o.Wait, caller)
}

type update struct {
	edit    aws.Edit
	options UpdateOptions
	asOf    *aws.Target // as read when the edit was made, nil where it does not depend on it

	configuration []Setting  // what edit changes
	way           *move      // of the endpoint, nil when it stays
	backIsNew     bool       // going back would need confirmation
	previous      aws.Target // whole, as read right before the update was sent
}

func (u *update) success() Outcome { return Updated }

func (u *update) plan(ctx context.Context, o *operation) (_ *Change, err error) {
	if err := refuseUpdate(o.before); err != nil {
		return nil, err
	}
	if u.asOf != nil {
		if err := refuseChanged(*u.asOf, o.before); err != nil {
			return nil, err
		}
	}
	if err := checkPassed(u.edit); err != nil {
		return nil, fmt.Errorf("target %s was not updated: %w", o.before.Name, err)
	}
	if u.configuration, err = differences(o.before, u.edit); err != nil {
		return nil, err
	}
	c := newChange(o.g, o.before)
	c.pointed(o.before, o.before)
	if u.edit.Empty() {
		return nil, fmt.Errorf("nothing to change was given for target %s: name a setting", o.before.Name)
	}
	if len(u.configuration) == 0 {
		c.Outcome, c.Next = hasAlready(o.before)
		tools := unavailable("nothing was sent: the target has these settings already")
		c.Tools = &tools
		return &c, nil
	}
	if u.way = o.m.moved(ctx, o.g, o.before, u.edit); u.way != nil {
		u.backIsNew = !o.m.way(ctx, o.g, u.way.to, u.way.from).familiar() && credentialsOf(o.before).String() != ""
	}
	if u.way != nil && u.way.toShared && u.way.familiar() {
		switch _, err := o.m.Client.FindRuntime(ctx, u.way.to); {
		case errors.Is(err, aws.ErrNotFound):
			return nil, fmt.Errorf("target %s was not updated, the new runtime or its endpoint does not exist: %w; check runtimeArn and qualifier", o.before.Name, err)
		case err != nil:
			c.Unchecked = append(c.Unchecked, "whether the new runtime and its endpoint exist: "+err.Error())
		}
	}
	pair := newPair(o.before, u.edit, u.way)
	asks := unconfirmedUpdate(o.before, asksFor(o.before, pair, cutsOff(o.m.leadsHere(o.before, o.reached), o.before, u.edit, o.g.Name), u.reaches()), u.way, pair)
	confirmed := asks == nil && u.options.Confirm.Name == o.before.Name || asks != nil && u.options.Confirm.agrees(asks)
	if !u.options.DryRun {
		if asks != nil && !confirmed {
			return nil, asks
		}
		if u.options.Plan != "" {
			o.planned, err = o.holdToPlan(ctx, u.edit, u.way, confirmed, u.options.Plan)
		}
		return nil, err
	}
	c.Configuration = u.configuration
	o.planUpdate(ctx, u.edit, u.way, confirmed, &c)
	if asks != nil && !confirmed {
		c.Next += fmt.Sprintf("; that needs confirm set to %q, because %s", o.before.Name, asks.Would)
	}
	return &c, nil
}

// reaches names the settings that say how AgentCore reaches the target's server and signs
// in there, of those that a configuration from before would bring back: newPair knows the
// credential and where it goes, and not all that is to them.
func (u *update) reaches() string {
	if u.edit.Whole == nil {
		return ""
	}
	var all []string
	for _, s := range u.configuration {
		for _, of := range []string{"credentialProviderConfigurations", "privateEndpoint", "certificateConfigurations"} {
			if strings.HasPrefix(s.Path, of) {
				all = append(all, s.Path)
			}
		}
	}
	return few(all)
}

func (u *update) apply(ctx context.Context, o *operation) (err error) {
	if err := refuseBlind(o.before, u.options.OnFailure, o.servedErr); err != nil {
		return err
	}
	if u.previous, err = o.m.Client.Target(ctx, o.g.ID, o.before.ID); err != nil {
		return err
	}
	if err := refuseChanged(o.before, u.previous); err != nil {
		return err
	}
	o.m.keep(o.g, u.previous, BeforeUpdate)
	if err = o.sending(ctx, u.previous, func(ctx context.Context) (aws.Target, error) {
		return o.client.UpdateTarget(ctx, o.g.ID, u.previous, u.edit)
	}); err != nil {
		return fmt.Errorf("target %s was not updated: %w", o.before.Name, err)
	}
	if u.way != nil {
		o.m.operations.move(o.before.ID, u.previous.Endpoint)
	}
	return nil
}

func (u *update) underway(o *operation) Change {
	c, now := newChange(o.g, o.sent), o.sent
	if u.edit.Endpoint != nil {
		now.Endpoint = *u.edit.Endpoint // AWS may not have shown it yet
	}
	c.pointed(o.before, now)
	c.Outcome, c.Configuration = InProgress, u.configuration
	c.Operation = &Operation{Awaiting: "the update that this call, or the same one before it, sent" + o.doubt(), Reverts: u.options.OnFailure != Keep}
	c.Next = nextUnderway(c.Operation.Reverts, o.leaves) + u.undo(o, c.EndpointMasked)
	return c
}

func (u *update) settle(ctx context.Context, o *operation) {
	o.compare(ctx, u.success())
	c, now := &o.change, o.now
	if slices.Contains(c.StatusReasons, deletedMeanwhile) {
		c.Configuration, c.Next = u.configuration, nextGone
		c.pointed(o.before, now)
		return
	}
	if c.Outcome == InProgress && u.edit.Endpoint != nil {
		now.Endpoint = *u.edit.Endpoint // a poll may not have shown it yet
	}
	c.Configuration = u.configuration
	c.pointed(o.before, now)
	// What AWS answered to the update is what it has made of it: it may have written
	// an endpoint in another way, which is nobody's change.
	others := foreign(o.sent, aws.Edit{}, o.now)
	if o.lost != nil {
		others = foreign(u.previous, u.edit, o.now)
	}
	left, err := differences(now, u.edit)
	course := decide(ending{
		outcome: c.Outcome, failed: aws.PhaseOf(now.Status) == aws.PhaseFailed,
		lost: c.Tools != nil && len(c.Tools.Removed) > 0, breaking: c.Tools != nil && c.Tools.Breaking, uncompared: c.Tools == nil || c.Tools.Source != FromGateway,
		overwritten: err == nil && len(left) > 0, others: len(others) > 0,
	}, u.options.OnFailure)
	undo := u.undo(o, c.EndpointMasked)
	if course >= losing {
		u.revert(ctx, o, course, undo)
		return
	}
	c.Outcome = course.outcome(c.Outcome)
	c.Next = nextUpdated(*c, course, now, others, undo)
}

// undo is the call that undoes the update.
func (u *update) undo(o *operation, masked bool) string {
	return nextBack(o.before.Name, u.edit.ToolSchema, u.way != nil, masked, u.backIsNew)
}

// revert puts back what a target was before the update and tells both stories:
// statusReasons and tried keep what the update led to, tools is what the gateway
// serves in the end. undo is the way back by hand.
func (u *update) revert(ctx context.Context, o *operation, course course, undo string) {
	ctx, cancel := context.WithTimeout(ctx, mostRevert)
	defer cancel()
	c := &o.change
	o.report(fmt.Sprintf("%s is %s, putting the previous configuration back", u.previous.Name, c.Status))
	why, first := whyRevert(course, o.now)
	c.Outcome = Failed
	failed, err := o.read(ctx)
	if err == nil && !failed.UpdatedAt.Equal(o.now.UpdatedAt) { // its status alone may flap
		c.Status = failed.Status
		c.Next = why + ", and before the previous ones could be put back somebody else changed the target: look with get_target, nothing more was sent"
		return
	}
	if err == nil {
		o.running.turn(func(c *Change) {
			c.Operation = &Operation{ID: o.running.id, Awaiting: "the previous configuration, which is being put back", Reverts: true}
			c.Next = why + "; " + nextGoingBack
		})
		err = o.sending(ctx, failed, func(ctx context.Context) (aws.Target, error) {
			return o.client.UpdateTarget(ctx, o.g.ID, u.previous, aws.Edit{})
		})
	}
	if err != nil {
		c.Next = fmt.Sprintf("%s and putting the previous ones back failed (%v): %s", why, err, undo)
		return
	}
	o.running.turn(func(c *Change) { c.Endpoint, _ = untrusted.Endpoint(u.previous.Endpoint) })
	now, err := o.wait(ctx, failed)
	if errors.Is(err, aws.ErrNotFound) {
		c.Status, c.StatusReasons, c.Next = now.Status, append(c.StatusReasons, deletedMeanwhile), nextGone
		return
	}
	if o.lost != nil && !begun(failed, now) {
		c.Next = fmt.Sprintf("%s and putting the previous ones back failed (%v): %s", why, o.lost, undo)
		return
	}
	c.Outcome, c.Status = afterRevert(now, foreign(u.previous, aws.Edit{}, now), err), now.Status
	c.Endpoint, _ = untrusted.Endpoint(now.Endpoint)
	c.Next = nextReverted(c.Outcome, why, first, now)
	if err == nil {
		o.compareAfterRevert(ctx, now)
	}
	switch {
	case c.Outcome == Failed && aws.PhaseOf(now.Status) != aws.PhaseReady:
		c.StatusReasons = append(c.StatusReasons, quoteAll(now.StatusReasons)...)
	}
}

// compareAfterRevert keeps what the update led to as what was tried, and compares
// what the gateway serves in the end with what it served before.
func (o *operation) compareAfterRevert(ctx context.Context, t aws.Target) {
	c := &o.change
	c.Tried = c.Tools
	served, err := o.list(ctx)
	if o.servedErr != nil {
		err = o.servedErr
	}
	if err != nil {
		tools := unavailable("after going back: " + err.Error())
		c.Tools = &tools
		return
	}
	tools := compare(own(t.Name, o.served), own(t.Name, served))
	if c.Tools = &tools; tools.differs() {
		c.After = "going back has let in what the old server offers by now: the gateway serves other tools than before the call (tools)"
		return
	}
	c.After = "the gateway serves the same tools as before the call"
}

// logPrevious writes the whole configuration to the log, enough to restore it by
// hand after a crash, with the secrets of its URLs hidden.
func (m *Manager) logPrevious(g aws.Gateway, t aws.Target) {
	m.Log.Info("configuration before a change", "gateway", g.ID, "target", t.ID, "name", t.Name, "configuration", loggedTarget(t))
}

func loggedTarget(t aws.Target) string {
	shown, err := Configuration(t)
	return logged(t.JSON(), shown, err)
}

// logged is a configuration as the log has it: as AWS has written it where all of it
// is shown, for AWS may spell a URL with escapes.
func logged(raw json.RawMessage, shown any, err error) string {
	var all any
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		return "not shown: " + err.Error()
	}
	written, err := json.Marshal(shown)
	if whole, wholeErr := json.Marshal(all); err == nil && wholeErr == nil && bytes.Equal(written, whole) {
		return string(raw)
	}
	return string(written)
}

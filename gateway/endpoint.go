package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// NewEndpoint is where a target shall point: a URL, or an MCP server on
// AgentCore Runtime by its ARN and qualifier ("" for DEFAULT).
type NewEndpoint struct {
	URL, RuntimeARN, Qualifier string
}

// OnFailure says what to do when a target does not work with its new endpoint.
type OnFailure string

const (
	Revert OnFailure = "revert" // put the previous configuration back; the default
	Keep   OnFailure = "keep"   // leave the target as it is, for somebody to look at
)

// Values lists them, for schemas.
func (OnFailure) Values() []OnFailure { return []OnFailure{Revert, Keep} }

func (m *Manager) endpoint(ctx context.Context, e NewEndpoint) (string, error) {
	switch {
	case e.URL != "" && e.RuntimeARN != "":
		return "", fmt.Errorf("endpoint and runtimeArn are both given: give one of them")
	case e.RuntimeARN != "":
		return m.Client.RuntimeEndpoint(ctx, e.RuntimeARN, e.Qualifier)
	case e.URL == "":
		return "", fmt.Errorf("neither endpoint nor runtimeArn is given: give the https URL of the MCP server, or the ARN of its runtime")
	case e.Qualifier != "":
		return "", fmt.Errorf("qualifier goes with runtimeArn: in an endpoint it is part of the URL (?qualifier=%s)", e.Qualifier)
	}
	if _, err := m.guard(false).CheckEndpoint(e.URL); err != nil {
		return "", err
	}
	return e.URL, nil
}

// UpdateEndpoint points an MCP server target at another endpoint and changes
// nothing else, waits for the end for at most wait (AWS synchronizes along with
// the update), and compares what the gateway served before and after.
//
// UpdateGatewayTarget replaces the whole target and has no conditional form, so
// the target is read whole, read again right before it is sent back, and a
// difference between the two reads is an error. A writer in the moment after
// the second read still goes unseen.
//
// When the target fails with the new endpoint, the previous configuration is
// put back, unless onFailure is Keep. That happens within the call only.
//
// An error means that nothing was changed; how a change ended is its Outcome.
func (m *Manager) UpdateEndpoint(ctx context.Context, gateway, target string, to NewEndpoint, onFailure OnFailure, wait time.Duration, progress Progress) (Change, error) {
	start := time.Now()
	url, err := m.endpoint(ctx, to)
	if err != nil {
		return Change{}, err
	}
	g, err := m.Gateway(ctx, gateway)
	if err != nil {
		return Change{}, err
	}
	before, err := m.Target(ctx, g, target)
	if err != nil {
		return Change{}, err
	}
	if err := refuseUpdate(before); err != nil {
		return Change{}, err
	}
	if before.Endpoint == url {
		c := newChange(g, before)
		c.Outcome, c.Tools = Unchanged, unavailable("nothing was sent: the target has this endpoint already")
		c.Next = "to read the server's tools again, call synchronize_target"
		c.showEndpoints(url, before.Endpoint)
		c.Seconds = seconds(time.Since(start))
		return c, nil
	}
	watch := m.watch(ctx, g, before, start, wait, progress)
	latest, err := m.Client.Target(ctx, g.ID, before.ID)
	if err != nil {
		return Change{}, err
	}
	if !latest.UpdatedAt.Equal(before.UpdatedAt) || latest.Status != before.Status {
		return Change{}, fmt.Errorf("target %s changed while this update was prepared (updatedAt %s, now %s): nothing was sent, look at get_target and try again",
			before.Name, before.UpdatedAt.UTC().Format(time.TimeOnly+"Z"), latest.UpdatedAt.UTC().Format(time.TimeOnly+"Z"))
	}
	if _, err := m.send(ctx, g.ID, latest, func(ctx context.Context) (aws.Target, error) {
		return m.Client.UpdateEndpoint(ctx, g.ID, latest, url)
	}); err != nil {
		return Change{}, fmt.Errorf("target %s was not updated: %w", before.Name, err)
	}
	change := watch.end(Updated)
	change.showEndpoints(url, before.Endpoint)
	back := "to go back, call update_target_endpoint with endpoint set to previousEndpoint"
	if change.EndpointMasked {
		back = "to go back, call update_target_endpoint with the endpoint from before (its hidden values are not shown here)"
	}
	switch {
	case change.Outcome == InProgress:
		change.Next = "look with get_target until the status is READY; " + back
	case change.Outcome == Failed && onFailure == Keep:
		change.Next = "the target has the new endpoint and does not work with it (statusReasons); " + back
	case change.Outcome == Failed:
		m.revert(watch, latest, url, &change)
	}
	return change, nil
}

// revert puts back what a target was before a failed update and tells both
// stories: statusReasons keeps why the new endpoint failed.
func (m *Manager) revert(w *watch, previous aws.Target, failedURL string, change *Change) {
	// A revert must not be cut short by the time that the failure took.
	const atLeast = 15 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), max(time.Until(w.start.Add(w.wait)), atLeast))
	defer cancel()
	w.progress.report(w.wait.Seconds(), w.wait.Seconds(), fmt.Sprintf("%s is %s, putting the previous endpoint back", previous.Name, change.Status))
	why := "the new endpoint failed (statusReasons)"
	failed, err := m.Client.Target(ctx, w.g.ID, previous.ID)
	if err == nil && (failed.Endpoint != failedURL || aws.PhaseOf(failed.Status) != aws.PhaseFailed) {
		change.Next = why + ", and before it could be put back somebody else changed the target: look with get_target, nothing more was sent"
		change.Status = failed.Status
		return
	}
	if err == nil {
		_, err = m.send(ctx, w.g.ID, failed, func(ctx context.Context) (aws.Target, error) {
			return m.Client.UpdateEndpoint(ctx, w.g.ID, previous, previous.Endpoint)
		})
	}
	if err != nil {
		change.Next = fmt.Sprintf("%s and putting the previous one back failed (%v): call update_target_endpoint with endpoint set to previousEndpoint", why, err)
		return
	}
	now, err := m.Client.WaitTarget(ctx, w.g.ID, failed, nil)
	change.Status = now.Status
	switch {
	case err != nil:
		change.Outcome = InProgress
		change.Next = why + "; the previous one is being put back: look with get_target until the status is READY"
	case aws.PhaseOf(now.Status) != aws.PhaseReady:
		change.StatusReasons = append(change.StatusReasons, quoteAll(now.StatusReasons)...)
		change.Next = why + fmt.Sprintf("; the previous configuration is back, but with it the target is %s now", now.Status)
	default:
		change.Outcome = Reverted
		change.Next = why + " and the previous one is back: mend the new server, then call update_target_endpoint again"
	}
	change.Endpoint, _ = catalog.RedactEndpoint(now.Endpoint)
	change.Tools = w.compare(now)
	change.Seconds = seconds(time.Since(w.start))
}

func (c *Change) showEndpoints(now, previous string) {
	var masked [2]bool
	c.Endpoint, masked[0] = catalog.RedactEndpoint(now)
	c.PreviousEndpoint, masked[1] = catalog.RedactEndpoint(previous)
	c.EndpointMasked = masked[0] || masked[1]
}

func refuseUpdate(t aws.Target) error {
	switch {
	case t.Type != aws.TargetMCPServer:
		return fmt.Errorf("target %s is of type %s: only an MCP server has an endpoint that can be changed", t.Name, orUnknown(string(t.Type)))
	case len(t.Unknown()) > 0:
		return fmt.Errorf("target %s has settings that this program does not know (%s), and an update, which replaces the whole target, would lose them: install a newer release, nothing was sent", t.Name, strings.Join(t.Unknown(), ", "))
	case aws.PhaseOf(t.Status) == aws.PhasePending:
		return refusePending(t)
	case aws.PhaseOf(t.Status) == aws.PhaseWorking:
		return fmt.Errorf("target %s is %s: AWS refuses an update until that has ended, look with get_target and try again", t.Name, t.Status)
	}
	return nil
}

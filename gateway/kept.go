package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
)

// Kept is a configuration from before a change: all that is needed to put it back, the
// secrets of its URLs included.
type Kept struct {
	Kind          KeptKind        `json:"kind"`
	Gateway       string          `json:"gateway"` // ARN
	Name          string          `json:"name"`    // of what was changed
	Before        Doing           `json:"before"`  // what was about to be done
	KeptAt        time.Time       `json:"keptAt"`
	Configuration json.RawMessage `json:"configuration"` // in AWS's JSON, as it was read
}

// KeptKind is what a configuration is of.
type KeptKind string

const (
	KeptTarget  KeptKind = "target"
	KeptGateway KeptKind = "gateway"
)

// Doing is what a configuration was kept before.
type Doing string

const (
	BeforeUpdate   Doing = "update"
	BeforeDeletion Doing = "deletion"
)

// keep has the whole configuration of a target kept before it is changed, or else writes
// it to the log, with the secrets of its URLs hidden.
func (m *Manager) keep(g aws.Gateway, t aws.Target, before Doing) {
	if m.kept(Kept{KeptTarget, g.ARN, t.Name, before, m.Client.Now().UTC(), t.JSON()}) {
		return
	}
	m.logPrevious(g, t)
}

func (m *Manager) keepGateway(g aws.Gateway, before Doing) {
	if m.kept(Kept{KeptGateway, g.ARN, g.Name, before, m.Client.Now().UTC(), g.JSON()}) {
		return
	}
	m.Log.Info("configuration before a change", "gateway", g.ID, "name", g.Name, "configuration", loggedGateway(g))
}

func loggedGateway(g aws.Gateway) string {
	var shown any
	err := json.Unmarshal(g.JSON(), &shown)
	return logged(g.JSON(), maskURLs(shown), err)
}

func (m *Manager) kept(k Kept) bool {
	if m.Keep == nil {
		return false
	}
	if err := m.Keep(k); err != nil {
		m.Log.Warn("the configuration from before is not kept as a file, and stands here instead", "cause", err)
		return false
	}
	return true
}

// whereKept ends a sentence with where the configuration from before is.
func (m *Manager) whereKept() string {
	if m.Keep != nil {
		return "; the configuration from before is kept in a file, and call restore puts it back"
	}
	return "; the log has the configuration from before, at level info"
}

// RestoreTarget gives a target the configuration that was kept, by an update like any
// other: planned, confirmed, followed, compared, and undone if it fails.
func (m *Manager) RestoreTarget(ctx context.Context, k Kept, o UpdateOptions, caller Caller) (Change, error) {
	then, err := aws.ParseTarget(k.Configuration)
	if err != nil || then.ID == "" {
		return Change{}, errors.Join(fmt.Errorf("what was kept of target %s is no target in AWS's JSON", quote(k.Name)), err)
	}
	g, err := m.Gateway(ctx, k.Gateway)
	if err != nil {
		return Change{}, err
	}
	now, err := m.Target(ctx, g, then.ID)
	if err != nil {
		return Change{}, fmt.Errorf("what was kept cannot be put back, its target has been deleted: create_target makes a new one from the endpoint and the credentials in the file, and update_target then sets what else it has, such as request headers and priority (%w)", err)
	}
	if now.Name != then.Name {
		return Change{}, fmt.Errorf("target %s was named %s when its configuration was kept: update_target changes single settings", now.Name, quote(then.Name))
	}
	edit := aws.Edit{Whole: &then}
	if then.Endpoint != now.Endpoint {
		edit.Endpoint = &then.Endpoint
	}
	if schema, inline := then.InlineTools(); inline || now.StaticSchema && !then.StaticSchema {
		edit.ToolSchema = &schema // its plan compares the tools
	}
	c, err := m.UpdateTarget(ctx, g.ID, now.ID, edit, o, caller)
	if err == nil && c.Outcome == Updated && !then.StaticSchema {
		c.Next = strings.TrimPrefix(c.Next+"; the configuration is that of before, the tools are those that its server offers now", "; ")
	}
	return c, err
}

// RestoreGateway gives a gateway the configuration that was kept, by an update like any
// other.
func (m *Manager) RestoreGateway(ctx context.Context, k Kept, u GatewayUpdate, caller Caller) (GatewayChange, error) {
	then, err := aws.ParseGateway(k.Configuration)
	if err != nil || then.ID == "" {
		return GatewayChange{}, errors.Join(fmt.Errorf("what was kept of gateway %s is no gateway in AWS's JSON", quote(k.Name)), err)
	}
	now, err := m.Gateway(ctx, k.Gateway)
	if errors.Is(err, ErrUnknown) {
		return GatewayChange{}, fmt.Errorf("what was kept cannot be put back, its gateway has been deleted: create_gateway makes a new one from the settings in the file (%w)", err)
	}
	if err != nil {
		return GatewayChange{}, err
	}
	if now.ID != then.ID || now.Name != then.Name {
		return GatewayChange{}, fmt.Errorf("what was kept is of gateway %s (%s), and not of %s (%s): nothing was changed", quote(then.Name), quote(then.ID), now.Name, now.ID)
	}
	u.Edit = aws.GatewayEdit{Whole: &then}
	return m.UpdateGateway(ctx, now.ID, u, caller)
}

package gateway

import (
	"context"
	"errors"
	"fmt"

	"agentcore-gateway-mcp/aws"
)

// usedBy are the targets, as gateway/target, of the gateways that this manager may see
// which use something. Each is read whole.
func (m *Manager) usedBy(ctx context.Context, uses func(aws.Target) bool) (users []string, err error) {
	gateways, err := m.Gateways(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range gateways {
		targets, _, err := m.Targets(ctx, g, func(aws.Target) bool { return true }, true, nil)
		if err != nil {
			return users, err
		}
		for _, t := range targets {
			if uses(t) {
				users = append(users, g.Name+"/"+t.Name)
			}
		}
	}
	return users, nil
}

// unusedElsewhere refuses to delete something where a target uses it that usedBy does not
// tell of: one of a gateway that is not this manager's, or one that cannot be read. What
// is not this manager's is counted and not named.
func (m *Manager) unusedElsewhere(ctx context.Context, uses func(aws.Target) bool) error {
	others, unread := 0, 0
	for g, err := range m.Client.Gateways(ctx) {
		if err != nil {
			return fmt.Errorf("whether targets use it cannot be seen: %w", err)
		}
		listed, err := m.targets(ctx, g)
		switch {
		case errors.Is(err, aws.ErrNotFound): // since it was listed
			continue
		case ctx.Err() != nil:
			return fmt.Errorf("whether targets use it could not be seen in time: %w", err)
		case err != nil:
			unread++
			continue
		}
		m.whole(ctx, g, listed, nil)
		for _, t := range listed {
			switch {
			case uses(t):
				others++
			case t.JSON() == nil && t.Status != aws.TargetDeleting: // it was listed, and not read
				unread++
			}
		}
	}
	switch {
	case others > 0:
		return fmt.Errorf("%d targets use it that are not this server's (--gateway), and would fail: whoever manages them has to move them first", others)
	case unread > 0:
		return fmt.Errorf("%d targets or gateways could not be read, and may use it: allow bedrock-agentcore:ListGatewayTargets and GetGatewayTarget for the whole account and region, or delete it at AWS", unread)
	}
	return nil
}

package gateway

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/untrusted"
)

// Mentions reports whether text is in an endpoint, also as the ARN in a runtime's URL
// is written elsewhere, whatever the case.
func Mentions(endpoint, text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) }
	decoded, err := url.PathUnescape(endpoint)
	return has(endpoint) || err == nil && has(decoded)
}

// shows reports whether a text is in what anybody may see of a target's endpoint: an
// answer must not tell what is masked.
func shows(t aws.Target, text string) bool {
	shown, _ := untrusted.Endpoint(t.Endpoint)
	return Mentions(shown, text)
}

// Matches are the targets of one gateway that a caller means.
type Matches struct {
	Gateway aws.Gateway
	Targets []aws.Target // whole, failures first
}

// Match finds, in each of the gateways, the targets that ref means: the one with this id
// or name, else those with this text in their endpoint; all with an empty ref. Of these
// it keeps those with the status, "" for any. An error where ref means nothing in any of them.
func (m *Manager) Match(ctx context.Context, gateways []aws.Gateway, ref string, status aws.TargetStatus) (all []Matches, err error) {
	wants := func(s aws.TargetStatus) bool { return status == "" || s == status }
	found := false
	for _, g := range gateways {
		listed, err := m.targets(ctx, g)
		if err != nil {
			return nil, err
		}
		named := func(t aws.Target) bool { return ref == "" || t.ID == ref || t.Name == ref }
		byText := !slices.ContainsFunc(listed, named) && ref != "" && len(ref) <= maxRef
		found = found || !byText && (ref == "" || slices.ContainsFunc(listed, named))
		meant := slices.DeleteFunc(slices.Clone(listed), func(t aws.Target) bool { return !byText && (!named(t) || !wants(t.Status)) })
		byUrgency(meant)
		m.whole(ctx, g, meant, nil)
		if byText {
			meant = slices.DeleteFunc(meant, func(t aws.Target) bool { return !shows(t, ref) })
			found = found || len(meant) > 0
			meant = slices.DeleteFunc(meant, func(t aws.Target) bool { return !wants(t.Status) })
		}
		all = append(all, Matches{g, meant})
	}
	if found {
		return all, nil
	}
	if len(gateways) == 1 {
		if _, err := m.Target(ctx, gateways[0], ref); err != nil { // names the candidates
			return nil, err
		}
	}
	return nil, fmt.Errorf("no target of these %d gateways has the id or name %s, or that text in its endpoint: list_targets with gateway * shows all", len(gateways), asked(ref))
}

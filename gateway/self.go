package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/loopback"
)

// leadsHere reports whether a target's server is this very process, or another copy of
// it: by what Manager.Self names, or by the address at which the caller has reached it.
func (m *Manager) leadsHere(t aws.Target, reached string) bool {
	if reached != "" && sameAddress(t.Endpoint, "//"+reached) {
		return true
	}
	return slices.ContainsFunc(m.Self, func(self string) bool { return names(self, t) })
}

// names reports whether a target is one that an entry of Manager.Self names.
func names(self string, t aws.Target) bool {
	switch {
	case strings.Contains(self, "://"):
		return sameAddress(t.Endpoint, self)
	case strings.HasPrefix(self, "arn:"):
		return invokesAny(t, self)
	}
	return t.Name == self || t.ID == self || invokesNamed(t, self)
}

// Unfound are the entries of Self that name no target of any gateway which may be
// managed: a mistake, by which changes to the own target are not recognized. It reads
// every target until all are found; an error says that not all could be looked at, and
// nothing is known.
func (m *Manager) Unfound(ctx context.Context) ([]string, error) {
	left := slices.Clone(m.Self)
	if len(left) == 0 {
		return nil, nil
	}
	gateways, err := m.Gateways(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range gateways {
		if len(left) == 0 {
			break
		}
		targets, err := m.targets(ctx, g)
		if err != nil {
			return nil, err
		}
		if m.whole(ctx, g, targets, nil) > 0 {
			return nil, context.Cause(ctx)
		}
		left = slices.DeleteFunc(left, func(self string) bool {
			return slices.ContainsFunc(targets, func(t aws.Target) bool { return names(self, t) || t.Endpoint == "" && t.Type == aws.TargetMCPServer })
		})
	}
	return left, nil
}

// invokesNamed reports whether a target's endpoint is of a runtime of this name: AWS puts
// ten characters behind it.
func invokesNamed(t aws.Target, name string) bool {
	return regexp.MustCompile(`[:/]runtimes?/` + regexp.QuoteMeta(name) + `-[A-Za-z0-9]{10}(?:[^A-Za-z0-9_-]|$)`).MatchString(unescaped(t.Endpoint))
}

// invokesAny reports whether anything in a target's configuration is of the runtime with
// this ARN, however it is spelled: by its URL or its id. It is for refusing, and rather
// takes too much for it than too little.
func invokesAny(t aws.Target, runtimeARN string) bool {
	_, id, ok := strings.Cut(runtimeARN, ":runtime/")
	if !ok || id == "" {
		return false
	}
	text := unescaped(strings.ReplaceAll(t.Endpoint+" "+string(t.JSON()), `\/`, "/"))
	return regexp.MustCompile(`(?i)[:/]runtimes?/` + regexp.QuoteMeta(id) + `(?:[^A-Za-z0-9_-]|$)`).MatchString(text)
}

var escape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[0-9A-Fa-f]{2}`) })

// unescaped takes percent escapes off, as far as they are some.
func unescaped(text string) string {
	return escape().ReplaceAllStringFunc(text, func(escape string) string {
		plain, _ := url.PathUnescape(escape) // the pattern's escapes are valid
		return plain
	})
}

// sameAddress compares host, port and path: a proxy in front may speak another scheme,
// whose own port is then the other's, and a query chooses no other server. All names of
// this machine's loopback are one.
func sameAddress(a, b string) bool {
	at, ok := addressOf(a)
	to, ok2 := addressOf(b)
	return ok && ok2 && at == to
}

func addressOf(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "", false
	}
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	if loopback.Host(host) {
		host = "localhost"
	}
	if port == "443" || port == "80" {
		port = ""
	}
	return net.JoinHostPort(host, port) + path.Clean("/"+u.Path), true
}

// losesPassed reports whether something is not passed on any more of what a target's
// callers send.
func losesPassed(t aws.Target, headers, parameters *[]string) bool {
	hadHeaders, hadParameters := t.Passed()
	same := func(a, b string) bool { return strings.EqualFold(a, b) }
	return headers != nil && len(without(hadHeaders, *headers, same)) > 0 || parameters != nil && len(without(hadParameters, *parameters, same)) > 0
}

// wayBack is the tool without which a pin of this server's own tools cannot be ended by
// the one who made it.
const wayBack = "unpin_target_tools"

// cutsOff says what a caller, who may have come through it, would lose by an update of
// the target that leads to this server; "" where it leads elsewhere, or they keep it.
func cutsOff(here bool, t aws.Target, edit aws.Edit, gateway string) string {
	lose := fmt.Sprintf("%s leads to this very server: whoever works with it through gateway %s, you perhaps, ", t.Name, gateway)
	switch {
	case !here:
		return ""
	case edit.Endpoint != nil && *edit.Endpoint != t.Endpoint:
		return lose + "would reach another server instead, and lose these tools"
	case edit.ToolSchema != nil && *edit.ToolSchema != "" && !slices.ContainsFunc(schemaTools(*edit.ToolSchema), func(t catalog.Tool) bool { return t.Name == wayBack }):
		return lose + "would be left with a pinned list that lacks " + wayBack
	case losesPassed(t, edit.RequestHeaders, edit.QueryParameters):
		return lose + "would come without request headers or query parameters that this server may need to let them in"
	case edit.Whole != nil, edit.OAuthProviderARN != nil, edit.Scopes != nil:
		return lose + "would come with other credentials, which may not be let in, or not to all tools"
	}
	return ""
}

package gateway

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// leadsHere reports whether a target's server is this very process, or another copy of
// it: by what Manager.Self names, or by the address at which the caller has reached it.
func (m *Manager) leadsHere(t aws.Target, reached string) bool {
	if reached != "" && sameAddress(t.Endpoint, "http://"+reached) {
		return true
	}
	arn, _, _ := aws.InvokedRuntime(t.Endpoint)
	return slices.ContainsFunc(m.Self, func(self string) bool {
		switch {
		case strings.Contains(self, "://"):
			return sameAddress(t.Endpoint, self)
		case strings.HasPrefix(self, "arn:"):
			return arn == self
		}
		return t.Name == self || t.ID == self || runtimeNamed(arn, self)
	})
}

// runtimeNamed reports whether an ARN is that of a runtime of this name: AWS puts ten
// characters behind it.
func runtimeNamed(arn, name string) bool {
	_, id, ok := strings.Cut(arn, ":runtime/")
	return ok && regexp.MustCompile(`^`+regexp.QuoteMeta(name)+`-[A-Za-z0-9]{10}$`).MatchString(id)
}

// sameAddress compares host, port and path: a proxy in front may speak another scheme,
// and a query chooses no other server.
func sameAddress(a, b string) bool {
	address := func(s string) (string, bool) {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return "", false
		}
		host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
		if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
			port = ""
		}
		return net.JoinHostPort(host, port) + strings.TrimSuffix(u.EscapedPath(), "/"), true
	}
	at, ok := address(a)
	to, ok2 := address(b)
	return ok && ok2 && at == to
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
	case edit.Whole != nil, edit.OAuthProviderARN != nil, edit.Scopes != nil:
		return lose + "would come with other credentials, which may not be let in, or not to all tools"
	}
	return ""
}

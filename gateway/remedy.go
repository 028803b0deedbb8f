package gateway

import (
	"fmt"
	"strings"

	"agentcore-gateway-mcp/aws"
)

// remedies pair what AWS says of a failed target with its usual cause. The texts
// are those that users have reported; AWS documents none of them.
var remedies = [...]struct {
	reason string
	mend   func(aws.Target) string
}{
	{"Error parsing ClientCredentials response", func(t aws.Target) string {
		return fmt.Sprintf("AgentCore got no token from credential provider %s: check that its client's secret is current, that the client may ask for scope %s by client credentials, and that the issuer's token endpoint exists (a Cognito pool needs a domain)",
			orUnknown(t.Outbound().Provider), orUnknown(strings.Join(t.Outbound().Scopes, " ")))
	}},
	{"Could not access Provider Token Endpoint", func(t aws.Target) string {
		return fmt.Sprintf("AgentCore cannot reach the token endpoint of credential provider %s: check its discovery URL, DNS and TLS", orUnknown(t.Outbound().Provider))
	}},
	{"Authorization error when sending message", func(t aws.Target) string {
		return "the server refused the gateway's credential: check the client, scope or audience that its authorizer allows, or, with an IAM role, that the gateway's role may invoke it and has existed for a minute"
	}},
	{"Runtime initialization time exceeded", func(aws.Target) string {
		return "the server did not start within the platform's 30 s: look at its log, and whether it listens on 0.0.0.0:8000"
	}},
	{"Received error (400) from runtime", func(aws.Target) string {
		return "the server refused the handshake: AgentCore opens with initialize at protocol revision 2025-11-25"
	}},
	{"Unable to connect to the MCP server", func(aws.Target) string {
		return "AgentCore cannot reach the server: check the endpoint's path and qualifier, and that it is up; one on AgentCore Runtime must listen on 0.0.0.0:8000"
	}},
	{"Apache transport request failed", func(aws.Target) string {
		return "AgentCore cannot reach the endpoint's host: check its name in DNS and that it is public, or use a private endpoint"
	}},
	{"has no tools", func(aws.Target) string {
		return "the server answers and lists no tools: it may still be starting"
	}},
}

// remedy says what usually mends a target that failed for its statusReasons.
func remedy(t aws.Target) string {
	for _, r := range remedies {
		for _, reason := range t.StatusReasons {
			if strings.Contains(reason, r.reason) {
				return r.mend(t)
			}
		}
	}
	return "mend what statusReasons names"
}

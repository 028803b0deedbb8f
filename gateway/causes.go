package gateway

import (
	"fmt"
	"strings"

	"agentcore-gateway-mcp/aws"
)

// Cause is why a target does not work, or how it works.
type Cause string

// The causes that a diagnosis tells apart.
const (
	Healthy              Cause = "healthy"
	OutOfDate            Cause = "drifted"
	Filtered             Cause = "filtered"
	Unseen               Cause = "not_visible"
	AtWork               Cause = "in_progress"
	CallFails            Cause = "call_fails"
	PendingAuthorization Cause = "pending_authorization"
	NotMCPServer         Cause = "not_an_mcp_server"
	ProviderMissing      Cause = "provider_missing"
	ProviderNotReady     Cause = "provider_not_ready"
	TokenEndpointDown    Cause = "token_endpoint_down"
	TokenRefused         Cause = "token_refused"
	SecretUnreadable     Cause = "secret_unreadable"
	IAMIncomplete        Cause = "iam_incomplete"
	EndpointForm         Cause = "endpoint_form"
	RuntimeMissing       Cause = "runtime_missing"
	RuntimeNotReady      Cause = "runtime_not_ready"
	AddressRefused       Cause = "address_refused"
	NotResolved          Cause = "dns"
	NotListening         Cause = "unreachable"
	TLSFailed            Cause = "tls"
	NoAnswer             Cause = "timeout"
	ColdStart            Cause = "cold_start"
	Unauthorized         Cause = "http_401"
	Forbidden            Cause = "http_403"
	PathNotFound         Cause = "http_404"
	ServerError          Cause = "http_5xx"
	OtherStatus          Cause = "http_other"
	NotMCP               Cause = "not_mcp"
	OtherRevision        Cause = "mcp_revision"
	BrokenMCP            Cause = "mcp_broken"
	NoTools              Cause = "no_tools"
	TooManyTools         Cause = "too_many_tools"
	ToolName             Cause = "tool_name"
	TooLarge             Cause = "too_large"
	SchemaInvalid        Cause = "static_schema"
	RoleNotYet           Cause = "role_not_propagated"
	Recovered            Cause = "recovered"
	NotKnown             Cause = "unknown"
)

// KnownCause is what there is to say about a cause.
type KnownCause struct {
	Cause   Cause
	Means   string                  // one sentence
	Reasons []string                // texts in AWS's statusReasons that name it, as users have reported them: AWS documents none
	Remedy  func(aws.Target) string // what to do, "" for nothing
}

// Causes are all that a diagnosis knows, from the most certain word of AWS's on.
func Causes() []KnownCause {
	say := func(text string) func(aws.Target) string { return func(aws.Target) string { return text } }
	return []KnownCause{
		{Healthy, "the target works: its server answers, and the gateway serves what it offers", nil, say("")},
		{OutOfDate, "the target works, and the gateway serves another copy of its tools than its server offers", nil, say("synchronize_target makes the gateway read them again; check_drift shows the differences")},
		{Filtered, "the target works, and the gateway does not show us all of its tools", nil, say("no synchronization changes that: look at the gateway's policies or interceptor")},
		{CallFails, "the gateway serves the tool, and the call of it fails", nil, say("check the arguments, then look at the server's log for that call")},
		{Unseen, "AWS says that the target works, and its server, or what the gateway serves, cannot be looked at from here", nil, say("the checks say what keeps us from it")},
		{AtWork, "AWS is working on the target", nil, say("look again in a minute; get_target shows the status")},
		{PendingAuthorization, "the target waits for a person's consent", nil, say("a person must open authorizationUrl within 10 minutes of the request; until then AWS changes nothing")},
		{NotMCPServer, "the target is no MCP server: it has no tools that are read from one", nil, say("")},
		{ProviderMissing, "the target's credential provider does not exist", []string{"The credential provider "}, func(t aws.Target) string {
			return fmt.Sprintf("give the target another provider, or make %s again with the same name, and synchronize_target", providerOf(t))
		}},
		{ProviderNotReady, "the target's credential provider is not READY", nil, say("wait for it, or look at its reasons at AWS, then synchronize_target")},
		{SecretUnreadable, "the client secret of the target's credential provider cannot be read", []string{"cannot be read"}, func(t aws.Target) string {
			return fmt.Sprintf("check the secret that %s refers to: its ARN, the key in its JSON (get_credential_provider shows both), and that AgentCore may read it; a provider is not changed from here, a second one with update_target takes its place", providerOf(t))
		}},
		{TokenRefused, "the issuer refuses the credential provider's client: its secret is not current, or it may not ask for the target's scopes by client credentials", []string{"Error parsing ClientCredentials response"}, func(t aws.Target) string {
			return fmt.Sprintf("check that the secret of %s is current, that its client may ask for scope %s by client credentials, and that the issuer's token endpoint exists (a Cognito pool needs a domain); then synchronize_target, or update_target with other scopes",
				providerOf(t), orNoneOf(t.Outbound().Scopes))
		}},
		{TokenEndpointDown, "the token endpoint of the target's credential provider cannot be reached", []string{"Could not access Provider Token Endpoint"}, func(t aws.Target) string {
			return fmt.Sprintf("check the discovery URL of %s, and DNS and TLS of the issuer's token endpoint; then synchronize_target", providerOf(t))
		}},
		{IAMIncomplete, "the target signs in with IAM and has no service to sign for", []string{"IamCredentialProvider is required"}, say("update the target's credential configuration with iamCredentialProvider.service (bedrock-agentcore for a runtime) and its region")},
		{EndpointForm, "the target's endpoint is not the URL of a runtime in the form that AWS takes", nil, say("update_target_endpoint with runtimeArn and qualifier writes it: the ARN percent-encoded, in the region's own host")},
		{RuntimeMissing, "the runtime that the endpoint names, or its endpoint, does not exist", nil, say("point the target at a runtime that exists: update_target_endpoint with runtimeArn and qualifier")},
		{RuntimeNotReady, "the runtime that the endpoint names is not READY", nil, say("wait for the runtime, or look at its logs, then synchronize_target")},
		{AddressRefused, "the endpoint's address is one that must not be reached, such as a private one", []string{"is not allowed"}, say("give the server a public address, or the target a private endpoint")},
		{NotResolved, "the endpoint's host name does not resolve", []string{"Apache transport request failed"}, say("check the name's spelling, and that it exists in public DNS; then synchronize_target")},
		{NotListening, "nothing answers at the endpoint: the connection is refused, or closed before an answer", nil, say("start the server, or point the target at one that runs: update_target_endpoint; one on AgentCore Runtime must listen on 0.0.0.0:8000")},
		{TLSFailed, "the server's TLS is not accepted", nil, say("renew or correct the server's certificate, then synchronize_target")},
		{NoAnswer, "the server does not answer in time", nil, say("look at the server's log: it is up and does not answer; then synchronize_target")},
		{ColdStart, "the server was not started yet when AWS asked it, and answers now", []string{"Runtime initialization time exceeded"}, say("synchronize_target: the server is warm now")},
		{Unauthorized, "the server wants a credential that it does not get (HTTP 401)", nil, say("check the target's outbound authorization: which client, scope and audience the server's authorizer takes; then synchronize_target")},
		{Forbidden, "the server refuses who asks (HTTP 403)", nil, say("check that the gateway's role, or the client of the credential provider, may invoke the server; then synchronize_target")},
		{PathNotFound, "there is nothing at the endpoint's path (HTTP 404)", nil, say("correct the path with update_target_endpoint; most MCP servers are at /mcp")},
		{ServerError, "the server fails (HTTP 5xx)", nil, say("look at the server's log; synchronize_target once it works")},
		{OtherRevision, "the server does not take revision 2025-11-25 of MCP, with which AgentCore opens", []string{"Received error (400) from runtime"}, say("let the server take initialize at 2025-11-25 beside newer revisions")},
		{OtherStatus, "the server answers with a status that is no MCP", []string{"Received error ("}, say("correct the endpoint with update_target_endpoint: redirects are not followed")},
		{NotMCP, "something answers at the endpoint that is no MCP server", nil, say("correct the URL with update_target_endpoint; most MCP servers are at /mcp")},
		{BrokenMCP, "the server does not speak MCP as expected", []string{"could not be understood"}, say("look at the server's log, and try it with MCP Inspector")},
		{NoTools, "the server answers and lists no tools", []string{"has no tools"}, say("it may still be starting: synchronize_target once it lists some")},
		{TooManyTools, "the server offers more tools than a target may have", []string{"exceeds the limit"}, say("split the server, or have the account's quota of tools per target raised; then synchronize_target")},
		{ToolName, "a tool's name, with the target's in front of it, is longer than AWS takes", []string{"is longer than"}, say("shorten the tool's or the target's name, then synchronize_target")},
		{TooLarge, "the server's tools are larger than can be read", []string{"larger than allowed"}, say("shorten descriptions and schemas, or split the server")},
		{SchemaInvalid, "the target's own list of tools (mcpToolSchema) cannot be read", []string{"static tool schema"}, say("unpin_target_tools, or correct the schema")},
		{RoleNotYet, "AWS was refused at the server, which takes the same kind of credential from here", []string{"Authorization error when sending message"}, say("the gateway's role may be too new, or may not invoke the server: wait a minute, check the role's policy, then synchronize_target")},
		{Recovered, "what made the target fail is gone: its server answers from here", []string{"Unable to connect to the MCP server"}, say("synchronize_target: AWS does not try again by itself")},
		{NotKnown, "the cause is not among those that are known here", nil, say("show statusReasons and the checks to a person")},
	}
}

func knownCause(c Cause) KnownCause {
	for _, k := range Causes() {
		if k.Cause == c {
			return k
		}
	}
	panic("gateway: no such cause: " + string(c)) // a mistake in this package, which its tests meet
}

// causeOf is the cause that AWS's reasons name, NotKnown for none.
func causeOf(reasons []string) Cause {
	for _, k := range Causes() {
		for _, text := range k.Reasons {
			for _, reason := range reasons {
				if strings.Contains(reason, text) {
					return k.Cause
				}
			}
		}
	}
	return NotKnown
}

// WhyFailed is the first word on a failed target, by AWS's reasons alone; "" for one that
// has not failed.
func WhyFailed(t aws.Target) string {
	if aws.PhaseOf(t.Status) != aws.PhaseFailed {
		return ""
	}
	const closer = "diagnose_target looks at endpoint, credential and server"
	c := causeOf(t.StatusReasons)
	if c == NotKnown || c == Recovered || c == ColdStart || c == RoleNotYet { // what these mean, the reasons alone do not say
		return closer
	}
	return knownCause(c).Means + "; " + closer
}

func providerOf(t aws.Target) string {
	if name := t.Outbound().Provider; name != "" {
		return "credential provider " + name
	}
	return "the target's credential provider"
}

func orNoneOf(scopes []string) string {
	if len(scopes) == 0 {
		return "(none)"
	}
	return strings.Join(scopes, " ")
}

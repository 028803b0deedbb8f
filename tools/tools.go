// Package tools is what a model sees: the tools, prompts and resources of the
// MCP server, their descriptions and schemas. What they do is package gateway's.
package tools

import "slices"

// Toolset is a group of tools that a server offers or not.
type Toolset string

const (
	Targets  Toolset = "targets" // with what finds a gateway: the default
	Gateways Toolset = "gateways"
	Identity Toolset = "identity" // credential providers
	Runtimes Toolset = "runtimes"
)

// Toolsets are all of them.
func Toolsets() []Toolset { return []Toolset{Targets, Gateways, Identity, Runtimes} }

// All lists every tool, in the order in which they are documented. A tool is a
// line here, an In and an Out type, and a function.
func All() []Tool {
	return slices.Concat(targetTools(), gatewayTools(), identityTools(), runtimeTools())
}

func gatewayTools() []Tool {
	return of(Gateways,
		beyondGateways(tool(write, "create_gateway", "Create gateway",
			"Creates an MCP gateway and waits until it is READY. One that is there already is not doubled.", createGateway)),
		tool(replace, "update_gateway", "Update gateway",
			"Changes settings of a gateway and keeps the rest; waits, and says what AWS did not take.", updateGateway),
		tool(destroy, "delete_gateway", "Delete gateway",
			"Deletes a gateway with its targets, for good; waits.", deleteGateway),
	)
}

func identityTools() []Tool {
	return of(Identity,
		tool(read, "list_credential_providers", "List credential providers",
			"Lists AgentCore Identity's credential providers.", listProviders),
		tool(read, "get_credential_provider", "Get credential provider",
			"Shows a credential provider and the targets that sign in with it; no secret.", getProvider),
		tool(write, "create_credential_provider", "Create credential provider",
			"Creates an OAuth2 credential provider whose client secret stays in Secrets Manager; needs --credential-secrets and --trusted-issuers.", createProvider),
		tool(destroy, "delete_credential_provider", "Delete credential provider",
			"Deletes a credential provider that no target uses.", deleteProvider),
	)
}

func runtimeTools() []Tool {
	return of(Runtimes,
		tool(read, "list_runtimes", "List runtimes",
			"Lists the agent runtimes.", listRuntimes),
		tool(read, "get_runtime", "Get runtime",
			"Shows a runtime: endpoints, invocation URLs, the targets that use it.", getRuntime),
		tool(destroy, "delete_runtime", "Delete runtime",
			"Deletes a runtime that no target uses, for good; waits.", deleteRuntime),
	)
}

func targetTools() []Tool {
	return of(Targets,
		tool(read, "list_gateways", "List gateways",
			"Lists the AgentCore gateways that can be managed.", listGateways),
		tool(read, "get_gateway", "Get gateway",
			"Shows one gateway: status, MCP URL, who may call it.", getGateway),
		tool(read, "list_targets", "List targets",
			"Lists a gateway's targets, failures first, with status, reasons and endpoint.", listTargets),
		tool(read, "get_target", "Get target",
			"Shows one target with its whole configuration.", getTarget),
		tool(read, "list_tools", "List served tools",
			"Lists the tools that a gateway serves now, by target.", listTools),
		tool(read, "check_drift", "Check drift",
			"Compares what MCP servers offer now with the copy that the gateway serves, and judges each difference; changes nothing.", checkDrift),
		tool(read, "diagnose_target", "Diagnose target",
			"Finds out why targets do not work, step by step; names cause and remedy, changes nothing.", diagnoseTarget),
		tool(write, "synchronize_target", "Synchronize target",
			"Makes the gateway read an MCP server target's tools again, waits, and reports which were added, removed or changed. Use after a server's tools changed at the same URL.", synchronizeTarget),
		tool(write, "synchronize_targets", "Synchronize targets",
			"Synchronizes many targets, of one or all gateways, and reports failures and changed tools.", synchronizeTargets),
		tool(replace, "update_target_endpoint", "Update target endpoint",
			"Points a target at another MCP server URL or AgentCore runtime, keeping all other settings; waits, reports what changed in its tools, and goes back if the new one fails.", updateTargetEndpoint),
		tool(replace, "update_target", "Update target",
			"Changes other settings of an MCP server target and keeps the rest; waits, goes back if it fails.", updateTarget),
		tool(write, "create_target", "Create target",
			"Creates a target for an MCP server: asks the server first, waits, and reports the tools that the gateway then serves. One that is there already is not doubled.", createTarget),
		tool(destroy, "delete_target", "Delete target",
			"Deletes a target and its tools from a gateway, for good; waits.", deleteTarget),
		tool(replace, "pin_target_tools", "Pin target tools",
			"Freezes the tools that the gateway serves for a target now: no synchronization changes them until unpinned.", pinTargetTools),
		tool(replace, "unpin_target_tools", "Unpin target tools",
			"Ends a pin: the gateway reads the server's tools again.", unpinTargetTools),
	)
}

// beyondGateways is a tool that works on no gateway which is there.
func beyondGateways(t Tool) Tool {
	t.unbound = true
	return t
}

// of puts tools into a toolset.
func of(set Toolset, tools ...Tool) []Tool {
	for i := range tools {
		tools[i].Toolset = set
	}
	return tools
}

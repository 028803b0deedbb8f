package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/untrusted"
)

// prompt is one prompt. Which there are, and what they say, depends on the tools that
// the server has: none names another.
type prompt struct {
	name, title, description string
	arguments                []string // names in promptArguments; all may be left out
	text                     func(given) string
}

// given are the arguments that somebody gave to a prompt.
type given map[string]string

func promptArguments() map[string]string {
	return map[string]string{
		"gateway":  "id, name or ARN of the gateway",
		"target":   "id or name of one target",
		"name":     "name of the new target",
		"endpoint": "https URL of the MCP server",
		"runtime":  "the AgentCore runtime that is the MCP server: id, name or ARN",
		"provider": "name or ARN of the credential provider",
	}
}

func addPrompts(s *mcp.Server, has toolbox) {
	about := promptArguments()
	for _, p := range prompts(has) {
		definition := &mcp.Prompt{Name: p.name, Title: p.title, Description: p.description}
		for _, name := range p.arguments {
			definition.Arguments = append(definition.Arguments, &mcp.PromptArgument{Name: name, Description: about[name]})
		}
		s.AddPrompt(definition, func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: p.text(req.Params.Arguments)}}}}, nil
		})
	}
}

// prompts are those whose tools the server has.
func prompts(has toolbox) (all []prompt) {
	if has.all("check_drift", "synchronize_target", "synchronize_targets") {
		all = append(all, prompt{
			"resync_tools", "Resync my tools", "Bring a gateway's tools in step with the MCP servers behind it.",
			[]string{"gateway", "target"}, resyncTools,
		})
	} else if has.all("list_targets", "check_drift", "list_tools") {
		all = append(all, prompt{
			"review_tools", "Review my tools", "Look at what a gateway serves and what the MCP servers behind it offer by now.",
			[]string{"gateway"}, reviewTools,
		})
	}
	if has.all("list_targets", "diagnose_target") {
		all = append(all, prompt{
			"triage_gateway", "Triage a gateway", "Find out why a gateway's targets do not work, and what to do.",
			[]string{"gateway"}, triageGateway,
		})
	}
	if has.all("list_targets", "update_target_endpoint") {
		all = append(all, prompt{
			"move_target", "Move a target", "Point a target at another runtime or endpoint, after a dry run.",
			[]string{"gateway", "target", "runtime", "endpoint"}, has.moveTarget,
		})
	}
	if has.all("create_target") {
		all = append(all, prompt{
			"set_up_target", "Set up a target", "Put an MCP server behind a gateway.",
			[]string{"gateway", "name", "endpoint", "runtime", "provider"}, has.setUpTarget,
		})
	}
	if arguments := has.deletable(); len(arguments) > 0 {
		all = append(all, prompt{
			"clean_up", "Clean up", "Delete what is not needed any more, in the right order, each after you agreed.",
			arguments, has.cleanUp,
		})
	}
	return all
}

func resyncTools(a given) string {
	last := "At the end say which tools were added, removed or changed, breaking changes first, and for each failure its statusReasons and what to do."
	const first = ", which changes nothing. Say what it found, breaking changes first. "
	if target := a.naming("target"); target != "" {
		return inSteps("Resync the tools of "+target+" of "+a.gateway()+".",
			"Call check_drift for "+target+first+"Ask me before you go on with breaking ones.",
			"If it drifted, call synchronize_target for "+target+". If its state is unknown, say why, and ask me whether to call it all the same.",
			"When the outcome is in_progress, make the same call again to go on waiting.",
			last)
	}
	return inSteps("Resync the tools of "+a.gateway()+".",
		"Call check_drift"+first+"Ask me before you go on with targets that have breaking ones.",
		"Call synchronize_targets for those that drifted, by their names in targets; for a single one call synchronize_target. Where the state is unknown, say why, and ask me whether to synchronize that target all the same.",
		"When the outcome is in_progress, make the same call again, with notSyncedSince where next says so.",
		last)
}

func reviewTools(a given) string {
	return inSteps("Review the tools of "+a.gateway()+". Change nothing.",
		"Call list_targets. Say which targets are not READY, and why.",
		"Call check_drift. Say what a synchronization would change, breaking changes first, and where it could not be found out.",
		"Call list_tools and sum up what is served now.")
}

func triageGateway(a given) string {
	return inSteps("Find out what is wrong with "+a.gateway()+". Change nothing.",
		"Call list_targets: failures come first.",
		"Call diagnose_target without target: it looks at those that are not READY.",
		"Say for each target its status, the cause and the remedy, the worst first. If all are READY, say so.")
}

func (has toolbox) moveTarget(a given) string {
	target, to := a.naming("target"), a.to()
	first := ""
	if target == "" {
		target, first = "a target", "Call list_targets and ask me which target is meant. "
	}
	if to == "" {
		first += "Ask me where it shall point: the https URL of an MCP server, or a runtime. " + has.when("list_runtimes shows those. ", "list_runtimes")
	}
	return inSteps("Move "+target+" of "+a.gateway()+to+".",
		first,
		has.runtimeStep(a),
		"Call update_target_endpoint with dryRun. Say what would change, tools that are lost or break first, and whether a credential would go to a new host. Ask me before you go on.",
		"Make the same call with the plan that was answered, without dryRun. Give confirm only if it is asked for and I agreed.",
		"Read outcome and next. When the outcome is in_progress, make the same call again. When it is reverted, say why: the target points where it did before.")
}

func (has toolbox) setUpTarget(a given) string {
	target := "a target"
	var missing []string
	if a["name"] != "" {
		target = "target " + a.quoted("name")
	} else {
		missing = append(missing, "the name that it shall have")
	}
	choices := ""
	if a["gateway"] == "" {
		choices = has.when("list_gateways shows the gateways. ", "list_gateways")
	}
	if a.to() == "" {
		missing = append(missing, "the https URL of its MCP server or the runtime that is one")
		choices += has.when("list_runtimes shows the runtimes. ", "list_runtimes")
	}
	missing = append(missing, "how AgentCore signs in there (auth)")
	provider := "ask me for its name or ARN. "
	if a["provider"] != "" {
		provider = "it is " + a.quoted("provider") + ". "
	}
	return inSteps("Set up "+target+" behind "+a.gateway()+where(", with the MCP server", a.server())+".",
		"Ask me for what you do not know: "+strings.Join(missing, ", ")+". "+choices,
		has.runtimeStep(a),
		"If signing in there needs a credential provider, "+provider+has.when("list_credential_providers shows them. ", "list_credential_providers")+
			has.when("create_credential_provider makes one of a secret that is in Secrets Manager. ", "create_credential_provider")+"Never ask me for a secret.",
		"Call create_target with dryRun: it asks the server for its tools. Say what would be served.",
		"When I agree, make the same call without dryRun. Give confirm only if it is asked for and I agreed.",
		"Read outcome and next. When the outcome is in_progress, make the same call again. "+has.when("When it failed, call diagnose_target.", "diagnose_target"))
}

// runtimeStep says how a runtime becomes the ARN that calls take.
func (has toolbox) runtimeStep(a given) string {
	switch {
	case a["runtime"] == "" || strings.HasPrefix(a["runtime"], "arn:"):
		return ""
	case has.all("get_runtime"):
		return "Call get_runtime for " + a.naming("runtime") + ": its ARN goes as runtimeArn."
	}
	return "Ask me for the ARN of " + a.naming("runtime") + ", which goes as runtimeArn."
}

// deletable are the arguments that say what can be deleted, or where.
func (has toolbox) deletable() (arguments []string) {
	if has.of("delete_target", "delete_gateway") != "" {
		arguments = append(arguments, "gateway")
	}
	for _, a := range []struct{ name, tool string }{{"target", "delete_target"}, {"provider", "delete_credential_provider"}, {"runtime", "delete_runtime"}} {
		if has.all(a.tool) {
			arguments = append(arguments, a.name)
		}
	}
	return arguments
}

func (has toolbox) cleanUp(a given) string {
	var what []string
	for _, name := range has.deletable() {
		switch {
		case a[name] == "", name == "gateway" && a["target"] != "" && has.all("delete_target"):
		case name == "target":
			what = append(what, a.naming(name)+" of "+a.gateway())
		case name == "gateway" && has.all("delete_gateway"):
			what = append(what, a.gateway()+" with its targets")
		case name == "gateway":
			what = append(what, "targets of "+a.gateway())
		default:
			what = append(what, a.naming(name))
		}
	}
	wish := "Help me to delete what is not needed any more."
	if len(what) > 0 {
		wish = "Delete " + strings.Join(what, ", ") + "."
	}
	look := ""
	if lists := has.of("list_gateways", "list_targets", "list_credential_providers", "list_runtimes"); lists != "" {
		look = "See what there is: " + lists + ". "
	}
	order := slices.DeleteFunc([]string{
		has.when("targets with delete_target", "delete_target"),
		has.when("gateways with delete_gateway, which takes their targets along", "delete_gateway"),
		has.when("credential providers with delete_credential_provider", "delete_credential_provider"),
		has.when("runtimes with delete_runtime", "delete_runtime"),
	}, func(s string) bool { return s == "" })
	return inSteps(wish,
		look+"Say what would go and what would be lost by it, and ask me for each thing: what is deleted does not come back.",
		"Delete in this order, because what is in use is not deleted: "+strings.Join(order, "; ")+".",
		"A call without confirm asks me through the client, or deletes nothing and says what would be lost. Give confirm, the name, only after I agreed to that very thing.",
		"When the outcome is in_progress, make the same call again. At the end say what is gone and what is left.")
}

// inSteps is what a prompt says: a wish, and how to fulfil it. Empty steps are left out.
func inSteps(wish string, steps ...string) string {
	var b strings.Builder
	b.WriteString(wish)
	n := 0
	for _, step := range steps {
		if step = strings.TrimSpace(step); step != "" {
			n++
			fmt.Fprintf(&b, "\n%d. %s", n, step)
		}
	}
	return b.String()
}

// naming is a thing by its kind and name, "" where no name was given.
func (a given) naming(kind string) string {
	if a[kind] == "" {
		return ""
	}
	about := kind
	if kind == "provider" {
		about = "credential provider"
	}
	return about + " " + a.quoted(kind)
}

// quoted is an argument as data: it may come from anywhere.
func (a given) quoted(name string) string {
	most := 200 // characters
	if name == "endpoint" {
		most = 2000
	}
	return untrusted.Quote(a[name], most)
}

func (a given) gateway() string {
	if name := a.naming("gateway"); name != "" {
		return "the AgentCore " + name
	}
	return "the AgentCore gateway"
}

// server is the MCP server that was given, "" for none.
func (a given) server() string {
	switch {
	case a["endpoint"] == "":
		return a.naming("runtime")
	case a["runtime"] == "":
		return a.quoted("endpoint")
	}
	return a.naming("runtime") + " or " + a.quoted("endpoint") + ", ask me which of the two"
}

func (a given) to() string { return where(" to", a.server()) }

func where(before, what string) string {
	if what == "" {
		return ""
	}
	return before + " " + what
}

package command

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"agentcore-gateway-mcp/terminal"
)

const program = "agentcore-gateway-mcp"

const description = `An MCP server whose tools manage Amazon Bedrock AgentCore gateways.

Every flag can also be set by the environment variable beside it. AWS's own
variables work as everywhere: AWS_REGION, AWS_PROFILE, and
AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, which leads to another control
plane, such as the one of "agentcore-gateway-mcp local".
`

// help prints what the program can do, or one command.
func help(w io.Writer, all []*command, one *command) {
	if one == nil {
		fmt.Fprintf(w, "Usage: %s [command] [flags]\n\n%s\nCommands:\n", program, description)
		for _, c := range all {
			fmt.Fprintf(w, "  %-7s %s\n", c.name, strings.SplitAfter(c.about, ".")[0])
		}
		fmt.Fprintf(w, "\nFlags of every command:\n")
		printFlags(w, all[0].flags, func(name string) bool { return !slices.Contains(all[0].own, name) })
		fmt.Fprintf(w, "\n%s COMMAND --help shows the flags of a command.\n", program)
		return
	}
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", strings.TrimSpace(strings.Join([]string{program, one.name, "[flags]", one.usage}, " ")), strings.Join(terminal.Wrap(one.about, 90), "\n"))
	if len(one.own) > 0 {
		fmt.Fprintf(w, "\nFlags:\n")
		printFlags(w, one.flags, func(name string) bool { return slices.Contains(one.own, name) })
	}
	fmt.Fprintf(w, "\nFlags of every command:\n")
	printFlags(w, one.flags, func(name string) bool { return !slices.Contains(one.own, name) })
}

func printFlags(w io.Writer, flags *flag.FlagSet, show func(name string) bool) {
	flags.VisitAll(func(f *flag.Flag) {
		if !show(f.Name) {
			return
		}
		placeholder, about := flag.UnquoteUsage(f)
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			placeholder = ""
		} else {
			about = strings.TrimPrefix(about, placeholder+" ")
		}
		if f.DefValue != "" && f.DefValue != "false" {
			about += " Default: " + f.DefValue + "."
		}
		fmt.Fprintf(w, "  %-42s $%s\n", strings.TrimSpace("--"+f.Name+" "+placeholder), variableOf(f.Name))
		for _, line := range terminal.Wrap(about, 90) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	})
}

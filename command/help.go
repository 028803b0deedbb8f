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

Every flag can also be set by an environment variable: --read-only by
$AGENTCORE_GATEWAY_MCP_READ_ONLY. AWS's own variables work as everywhere:
AWS_REGION, AWS_PROFILE, and AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, which
leads to another control plane, such as the one of "agentcore-gateway-mcp local".
`

// helpWidth is how long a line of help is: a terminal has 80 columns or more.
const helpWidth = 78

// topic is what help is asked for; the zero value is the whole program. As an error it
// ends the parsing of flags.
type topic struct{ name string }

func (t topic) Error() string { return "help is asked for" }

// topicOf is the topic that words after help mean: the last one, since help call TOOL is
// help TOOL.
func topicOf(words []string) topic {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasPrefix(word, "-") })
	if len(words) == 0 {
		return topic{}
	}
	if words[0] == "call" && len(words) > 1 {
		return topic{words[1]}
	}
	return topic{words[0]}
}

// flagsTopic is the topic of the flags of every command.
const flagsTopic = "flags"

// tell prints help, as JSON where call is to print that.
func (t topic) tell(p *process, all []*command, chosen *command) error {
	call := commandNamed(all, "call").runner.(*callCommand)
	text := new(strings.Builder)
	switch one := commandNamed(all, t.name); {
	case t.name == "":
		programHelp(text, all)
	case one != nil:
		commandHelp(text, one)
	case t.name == flagsTopic:
		fmt.Fprintf(text, "Flags of every command, and the variables that set them:\n")
		printFlags(text, all[0].flags, func(name string) bool { return !slices.Contains(all[0].own, name) })
	case t.name == "restore":
		fmt.Fprintf(text, "Usage: %s call %s\n\n%s\n", program, restoreUsage, strings.Join(terminal.Wrap(restoreAbout, helpWidth), "\n"))
	default:
		if err := call.know(p.ctx); err != nil {
			return err
		}
		tool := named(call.all, t.name)
		switch {
		case tool == nil:
			return fmt.Errorf("there is no help on %q: it is on a command (%s), on flags, or on a tool, which call shows", t.name, commandNames(all))
		case call.JSON:
			return encode(p.stdout, tool.Tool)
		}
		printArguments(terminal.NewPrinter(p.stdout, p.getenv), tool)
		return nil
	}
	if chosen != nil && call.JSON {
		return encode(p.stdout, map[string]string{"help": text.String()})
	}
	_, err := io.WriteString(p.stdout, text.String())
	return err
}

// programHelp is what the program can do.
func programHelp(w io.Writer, all []*command) {
	fmt.Fprintf(w, "Usage: %s [command] [flags]\n\n%s\nCommands:\n", program, description)
	for _, c := range all {
		fmt.Fprintf(w, "  %-10s  %s\n", c.name, strings.SplitAfter(c.about, ".")[0])
	}
	fmt.Fprintf(w, "\n%s help COMMAND, help TOOL and help flags show the rest; call shows the tools.\n", program)
}

// commandHelp is one command: its own flags, and where the others are.
func commandHelp(w io.Writer, one *command) {
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", strings.TrimSpace(strings.Join([]string{program, one.name, "[flags]", one.usage}, " ")), strings.Join(terminal.Wrap(one.about, helpWidth), "\n"))
	if len(one.own) > 0 {
		fmt.Fprintf(w, "\nFlags:\n")
		printFlags(w, one.flags, func(name string) bool { return slices.Contains(one.own, name) })
	}
	fmt.Fprintf(w, "\nFlags of every command (--region, --gateway …): %s help %s\n", program, flagsTopic)
}

func printFlags(w io.Writer, flags *flag.FlagSet, show func(name string) bool) {
	flags.VisitAll(func(f *flag.Flag) {
		if !show(f.Name) {
			return
		}
		placeholder, about := flag.UnquoteUsage(f)
		if isSwitch(f) {
			placeholder = ""
		} else {
			about = strings.TrimPrefix(about, placeholder+" ")
		}
		if f.DefValue != "" && f.DefValue != "false" {
			about += " Default: " + f.DefValue + "."
		}
		fmt.Fprintf(w, "  %-42s $%s\n", strings.TrimSpace("--"+f.Name+" "+placeholder), variableOf(f.Name))
		for _, line := range terminal.Wrap(about, helpWidth-6) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	})
}

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

var description = []string{
	"An MCP server whose tools manage Amazon Bedrock AgentCore gateways.",
	"Flags can also be set by environment variables: --read-only by $AGENTCORE_GATEWAY_MCP_READ_ONLY. AWS's own variables work as everywhere: AWS_REGION, AWS_PROFILE, and AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, which leads to another control plane, such as the one of agentcore-gateway-mcp local.",
}

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
	var w io.Writer = p.stdout
	text := new(strings.Builder)
	if chosen != nil && call.JSON {
		w = text
	}
	page := terminal.NewPage(w, p.getenv)
	switch one := commandNamed(all, t.name); {
	case t.name == "":
		programHelp(page, all)
	case one != nil:
		commandHelp(page, one)
	case t.name == flagsTopic:
		page.Linef("Flags of every command, and the variables that set them:")
		printFlags(page, all[0], func(name string) bool { return !slices.Contains(all[0].own, name) })
	case t.name == "restore":
		page.Say(0, "Usage: %s call %s", program, restoreUsage)
		page.Linef("")
		page.Paragraph(0, restoreAbout)
	default:
		if err := call.know(p.ctx); err != nil {
			return err
		}
		tool := named(call.all, t.name)
		switch {
		case tool == nil:
			question := didYouMean(t.name, "", slices.Concat(commandNames(all), toolNames(call.all), []string{flagsTopic, "restore"}))
			return fmt.Errorf("there is no help on %q: %sit is on a command (%s), on flags, or on a tool, which call shows", t.name, question, strings.Join(commandNames(all), ", "))
		case call.JSON:
			return encode(p.stdout, tool.Tool)
		}
		printArguments(page, tool)
		return nil
	}
	if chosen != nil && call.JSON {
		return encode(p.stdout, map[string]string{"help": text.String()})
	}
	return nil
}

// programHelp is what the program can do.
func programHelp(p *terminal.Printer, all []*command) {
	p.Linef("Usage: %s [command] [flags]", program)
	for _, text := range description {
		p.Linef("")
		p.Paragraph(0, text)
	}
	p.Linef("\nCommands:")
	table := p.Table()
	for _, c := range all {
		table.Row("  "+c.name, strings.SplitAfter(c.about, ".")[0])
	}
	table.Print()
	p.Linef("")
	p.Paragraph(0, program+" help COMMAND, help TOOL and help flags show the rest; call shows the tools.")
}

// commandHelp is one command: its own flags, and where the others are.
func commandHelp(p *terminal.Printer, one *command) {
	p.Say(0, "Usage: %s", strings.TrimSpace(strings.Join([]string{program, one.name, "[flags]", one.usage}, " ")))
	p.Linef("")
	p.Paragraph(0, one.about)
	if len(one.own) > 0 {
		p.Linef("\nFlags:")
		printFlags(p, one, func(name string) bool { return slices.Contains(one.own, name) })
	}
	p.Linef("")
	p.Paragraph(0, "Flags of every command (--region, --gateway …): "+program+" help "+flagsTopic)
}

func printFlags(p *terminal.Printer, of *command, show func(name string) bool) {
	of.flags.VisitAll(func(f *flag.Flag) {
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
		name, variable := strings.TrimSpace("--"+f.Name+" "+placeholder), ""
		if v := of.variable(f.Name); v != "" {
			variable = "$" + v
		}
		if line := fmt.Sprintf("  %-32s %s", name, variable); p.Fits(0, line) || variable == "" {
			p.Linef("%s", strings.TrimRight(line, " "))
		} else {
			p.Linef("  %s\n      %s", name, variable)
		}
		p.Paragraph(6, about)
	})
}

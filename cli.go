package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3"
)

const (
	envPrefix   = "AGENTCORE_GATEWAY_MCP"
	programName = "agentcore-gateway-mcp"
)

const description = `An MCP server whose tools manage Amazon Bedrock AgentCore gateways.

Every flag can also be set by the environment variable beside it. AWS's own
variables work as everywhere: AWS_REGION, AWS_PROFILE, and
AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, which leads to another control
plane, such as the one of "agentcore-gateway-mcp local".
`

// command is one way to use the program.
type command struct {
	name, usage, about string
	flags              *flag.FlagSet
	own                []string // names of the flags that are not of every command
	run                func(process, *globals) error
}

// runner is what a command is made of: flags of its own, and what it does.
type runner interface {
	register(*flag.FlagSet)
	Run(process, *globals) error
}

// commands is the whole command line; the first is the default. All of them
// share g.
func commands(g *globals) []*command {
	return []*command{
		newCommand(g, "stdio", "", "Serve MCP over stdio (the default command).", &stdioCommand{}),
		newCommand(g, "serve", "", "Serve MCP over streamable HTTP at /mcp.", &serveCommand{}),
		newCommand(g, "call", "[TOOL [--name value …]]", "Call one tool from a shell or a pipeline. Flags stand before TOOL, what stands after it are the tool's arguments, nested values as JSON. Without TOOL: all tools; TOOL --help: its arguments.", &callCommand{}),
		newCommand(g, "local", "", "Run a local AgentCore for boto3, the AWS CLI and this program.", &localCommand{}),
		newCommand(g, "demo", "", "Play the AgentCore tutorial on a local AgentCore, from start to end.", &demoCommand{}),
	}
}

func newCommand(g *globals, name, usage, about string, r runner) *command {
	c := &command{name: name, usage: usage, about: about, flags: flag.NewFlagSet(name, flag.ContinueOnError), run: r.Run}
	c.flags.SetOutput(io.Discard) // errors are told by whoever gets them
	r.register(c.flags)
	c.flags.VisitAll(func(f *flag.Flag) { c.own = append(c.own, f.Name) })
	g.register(c.flags)
	return c
}

// given reports whether a flag was set, on the command line or by its variable.
func (c *command) given(name string) bool {
	found := false
	c.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// parse chooses the command and sets its flags: from args, else from the
// environment, else to their defaults. Flags of every command may stand before
// the command's name too. It returns flag.ErrHelp, and the command to help with
// or nil for all, when help is asked for.
func parse(all []*command, args []string) (*command, error) {
	// The default command knows the flags of every command: parsing with it
	// finds where the command's name stands.
	find := flag.NewFlagSet("", flag.ContinueOnError)
	find.SetOutput(io.Discard)
	new(globals).register(find)
	if err := find.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%w; see --help", err)
	}
	chosen, before, after := all[0], args, []string(nil)
	if rest := find.Args(); len(rest) > 0 {
		if rest[0] == "help" {
			return nil, flag.ErrHelp
		}
		i := slices.IndexFunc(all, func(c *command) bool { return c.name == rest[0] })
		if i < 0 {
			return nil, fmt.Errorf("there is no command %q: it is one of %s; see --help", rest[0], commandNames(all))
		}
		chosen, before, after = all[i], args[:len(args)-len(rest)], rest[1:]
	}
	err := ff.Parse(chosen.flags, slices.Concat(before, after), ff.WithEnvVarPrefix(envPrefix))
	switch {
	case errors.Is(err, flag.ErrHelp):
		return chosen, flag.ErrHelp
	case err != nil:
		return nil, fmt.Errorf("%s; see %s --help", strings.TrimPrefix(err.Error(), "error parsing commandline arguments: "), chosen.name)
	case chosen.name != "call" && chosen.flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %s; see %s --help", chosen.flags.Arg(0), chosen.name)
	}
	return chosen, nil
}

func commandNames(all []*command) string {
	var list []string
	for _, c := range all {
		list = append(list, c.name)
	}
	return strings.Join(list, ", ")
}

// help prints what the program can do, or one command.
func help(w io.Writer, all []*command, one *command) {
	if one == nil {
		fmt.Fprintf(w, "Usage: %s [command] [flags]\n\n%s\nCommands:\n", programName, description)
		for _, c := range all {
			fmt.Fprintf(w, "  %-7s %s\n", c.name, strings.SplitAfter(c.about, ".")[0])
		}
		fmt.Fprintf(w, "\nFlags of every command:\n")
		printFlags(w, all[0].flags, func(name string) bool { return !slices.Contains(all[0].own, name) })
		fmt.Fprintf(w, "\n%s COMMAND --help shows the flags of a command.\n", programName)
		return
	}
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", strings.TrimSpace(strings.Join([]string{programName, one.name, "[flags]", one.usage}, " ")), strings.Join(wrap(one.about, 90), "\n"))
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
		fmt.Fprintf(w, "  %-42s $%s_%s\n", strings.TrimSpace("--"+f.Name+" "+placeholder), envPrefix, strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
		for _, line := range wrap(about, 90) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	})
}

// wrap breaks text into lines of at most width characters, where words allow.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// list is a flag that may be repeated and whose values may be separated by
// commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(values string) error {
	for value := range strings.SplitSeq(values, ",") {
		if value = strings.TrimSpace(value); value != "" {
			*l = append(*l, value)
		}
	}
	return nil
}

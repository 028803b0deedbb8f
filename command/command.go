// Package command is what a person or a client starts: a file for each command,
// the flags, and the wiring of a server from them. How answers look to a person
// is package terminal's, what the tools say package tools'.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

// ExitStatus ends the process with this status, after everything there is to
// say has been said.
type ExitStatus int

func (s ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// process is what a command may use of the process it runs in.
type process struct {
	ctx            context.Context
	args           []string               // what stands after the flags
	given          func(flag string) bool // whether a flag was set, on the command line or by its variable
	byVariable     func(flag string) bool // whether it was the variable
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	sdkLog         *slog.Logger       // for the MCP SDK, which tells each session's life at level info
	secrets        *untrusted.Secrets // the credentials that were sent or received: no answer and no log has them
}

// Run is the program, called with args. It returns when the command has ended:
// nil, an [ExitStatus] after a command that has said itself what is wrong, or an
// error to print.
func Run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == candidatesCommand {
		tellCandidates(ctx, args[1:], getenv, stdout)
		return nil
	}
	var g globals
	all := commands(&g)
	getenv = filled(getenv)
	if slices.Contains(args, "--version") && !slices.Contains(args, "call") {
		return new(versionCommand).Run(&process{stdout: stdout}, nil)
	}
	chosen, err := parse(ctx, all, args, getenv)
	p := &process{ctx: ctx, getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr, secrets: new(untrusted.Secrets)}
	if !wantsJSON(all, chosen, args, getenv, err) {
		return p.run(all, chosen, &g, err)
	}
	commandNamed(all, "call").runner.(*callCommand).JSON = true // which what is wrong may have left unread
	out := &document{Writer: stdout}
	p.stdout = out
	return out.end(p.run(all, chosen, &g, err))
}

// PrintError prints an error that Run has returned: on a terminal broken to its width,
// elsewhere each of its lines as one.
func PrintError(w io.Writer, getenv func(string) string, err error) {
	p := terminal.NewPrinter(w, getenv)
	for line := range strings.SplitSeq("error: "+untrusted.Escape(err.Error()), "\n") {
		p.Say(0, "%s", line)
	}
}

// wantsJSON reports whether stdout is to be one JSON document, whatever happens: where it
// is call that is run, or was meant where err has left that open, with --json, whatever its
// value, unless that is false.
func wantsJSON(all []*command, chosen *command, args []string, getenv func(string) string, err error) bool {
	call := commandNamed(all, "call")
	switch {
	case chosen == nil && (errors.As(err, new(topic)) || !meansCall(all, args)), chosen != nil && chosen != call:
		return false
	case err == nil:
		return call.runner.(*callCommand).JSON
	}
	given := getenv(variableOf("json"))
	for _, arg := range args {
		if name, has, ok := flagName(arg); ok && name == "json" {
			_, value, _ := strings.Cut(arg, "=")
			if given = value; !has {
				given = "true"
			}
		}
	}
	on, wrong := strconv.ParseBool(given)
	return on || wrong != nil && given != ""
}

// meansCall reports whether it is call that a line means whose command was not found: by
// its name, a flag of its own, or a tool.
func meansCall(all []*command, args []string) bool {
	call := commandNamed(all, "call")
	for _, arg := range args {
		if name, _, ok := flagName(arg); ok && slices.Contains(call.own, name) || arg == "restore" {
			return true
		}
		if named := commandNamed(all, arg); named != nil {
			return named == call
		}
		if slices.ContainsFunc(tools.All(), func(t tools.Tool) bool { return t.Name == arg }) {
			return true
		}
	}
	return false
}

// run runs the command that was chosen; wrong is what was wrong with that, or a topic.
func (p *process) run(all []*command, chosen *command, g *globals, wrong error) error {
	if t := (topic{}); errors.As(wrong, &t) {
		return t.tell(p, all, chosen)
	}
	if wrong != nil {
		return wrong
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.LogLevel)); err != nil {
		return fmt.Errorf("--log-level %q is none of debug, info, warn, error", g.LogLevel)
	}
	logger := func(level slog.Level) *slog.Logger {
		return slog.New(slog.NewTextHandler(p.secrets.Writer(p.stderr), &slog.HandlerOptions{Level: level}))
	}
	p.args, p.given, p.log, p.sdkLog = chosen.args, chosen.given, logger(level), logger(level)
	p.byVariable = func(flag string) bool { return slices.Contains(chosen.byVariable, flag) }
	if level == slog.LevelInfo {
		p.sdkLog = logger(slog.LevelWarn)
	}
	return chosen.runner.Run(p, g)
}

// command is one way to use the program.
type command struct {
	name, usage, about string
	flags              *flag.FlagSet
	own                []string // names of the flags that are not of every command
	unset              []string // those of them that no variable sets: it is another flag's of that name
	byVariable         []string // flags that a variable has set
	args               []string // what stands after the flags
	runner
}

// runner is what a command is made of: flags of its own, and what it does.
type runner interface {
	register(*flag.FlagSet)
	Run(*process, *globals) error
}

// commands is the whole command line; the first is the default. All of them
// share g.
func commands(g *globals) []*command {
	all := []*command{
		newCommand(g, "stdio", "", "Serve MCP over stdio (the default command).", &stdioCommand{}),
		newCommand(g, "serve", "", "Serve MCP over streamable HTTP at /mcp.", &serveCommand{}),
		newCommand(g, "call", "[TOOL [--name value …] | restore FILE]", "Call one tool from a shell or a pipeline. Without TOOL: all tools. What stands after TOOL are its arguments, which TOOL --help shows: lists with commas or repeated, nested values as JSON; flags may stand there, too. restore puts back what a change kept. call itself may be left out.", &callCommand{}),
		newCommand(g, "local", "", "Run a local AgentCore for boto3, the AWS CLI and this program.", &localCommand{}),
		newCommand(g, "demo", "", "Play the AgentCore tutorial on a local AgentCore, from start to end.", &demoCommand{}),
		newCommand(g, "completion", "bash|zsh|fish", completionAbout, &completionCommand{}),
		newCommand(g, "version", "", "Print the version, and the commit that it was built from.", &versionCommand{}),
	}
	owners := map[string]bool{}
	for _, c := range all {
		for _, name := range c.own {
			if owners[name] {
				c.unset = append(c.unset, name)
			}
			owners[name] = true
		}
	}
	return all
}

func newCommand(g *globals, name, usage, about string, r runner) *command {
	c := &command{name: name, usage: usage, about: about, flags: newFlagSet(name), runner: r}
	r.register(c.flags)
	c.flags.VisitAll(func(f *flag.Flag) { c.own = append(c.own, f.Name) })
	all := newFlagSet("")
	g.register(all)
	all.VisitAll(func(f *flag.Flag) {
		if c.flags.Lookup(f.Name) != nil { // demo has a --self of its own
			c.unset = append(c.unset, f.Name)
			return
		}
		c.flags.Var(f.Value, f.Name, f.Usage)
	})
	return c
}

// newFlagSet is one that prints nothing: errors are told by whoever gets them.
func newFlagSet(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

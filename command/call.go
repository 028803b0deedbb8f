package command

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

type callCommand struct {
	JSON     bool
	Expect   string
	ExitCode bool
	Look     terminal.Look

	all []definition // of the tools that there are, whatever the flags say
}

func (c *callCommand) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.JSON, "json", false, "Print the tool's JSON instead of a table: one document, also where something is wrong, {\"error\": \"…\"}.")
	fs.BoolVar(&c.Look.Wide, "wide", false, "Cut and break nothing to fit the screen; endpoints as URLs.")
	c.Look.Colour = terminal.Auto
	fs.Var(&c.Look.Colour, "color", "`WHEN` auto, always or never; auto: on a terminal, unless NO_COLOR is set or TERM is dumb.")
	fs.StringVar(&c.Expect, "expect", "", "`FILE` With check_drift: hold what the server offers against the hashes in this file, an earlier answer of pin_target_tools or check_drift. Exit status 0 as approved, 10 other, 11 breaking, 20 unknown.")
	fs.BoolVar(&c.ExitCode, "exit-code", false, "With check_drift, or a dry run: exit status 0 where nothing differs from what the gateway serves now, 10 where something does, 11 where that is breaking or cannot be judged, 20 where it is unknown. An error stays 1.")
}

// Run calls one tool as an MCP client would. It ends with exit status 1 when
// the tool reports an error.
func (c *callCommand) Run(p *process, g *globals) (err error) {
	defer func() {
		if err != nil && p.ctx.Err() != nil {
			i := new(interrupted)
			if !errors.As(err, &i) {
				err = i
			}
			i.tell(p, g)
		}
	}()
	screen := c.Look.Printer(p.stdout, p.getenv)
	if len(p.args) == 0 {
		return c.list(screen, g)
	}
	bar := terminal.NewProgress(p.stderr, p.getenv)
	if p.args[0] == "restore" {
		return c.restore(p, g, screen, bar)
	}
	tool, err := c.chosen(g, p.args[0])
	if err != nil {
		return err
	}
	arguments, err := parseArguments(tool, p.args[1:])
	if err != nil {
		return err
	}
	expected, err := c.expects(tool, arguments)
	if err != nil {
		return err
	}
	s, files, err := c.wire(p, g)
	if err != nil {
		return err
	}
	defer s.Close()
	defer files.tell(p.stderr, again(p, g))
	if _, given := arguments["waitSeconds"]; !given && tool.schema.Properties["waitSeconds"] != nil {
		arguments["waitSeconds"] = int(gateway.MaxWait.Seconds()) // nobody but this process goes on
	}
	session, end, err := s.Connect(p.ctx, func(n *mcp.ProgressNotificationParams) { bar.Show(n.Progress, n.Total, n.Message) })
	if err != nil {
		return err
	}
	params := &mcp.CallToolParams{Name: tool.Name, Arguments: arguments}
	params.SetProgressToken("call")
	result, err := session.CallTool(p.ctx, params)
	bar.Clear()
	ended, left := s.leave(p, g)
	if p.ctx.Err() != nil {
		return &interrupted{tool: tool.Name, left: left} // and nobody waits for what still runs here
	}
	end()
	if err == nil {
		err = limited(c.tell(screen, tool.Name, result, expected, c.speech(p, g, arguments)), p, g)
	}
	tellLeft(p, ended, left)
	return err
}

// limited is a tool's error that, where it speaks of the gateways that may be managed, says
// what has limited them: a tool has an argument of the same name.
func limited(err error, p *process, g *globals) error {
	switch {
	case err == nil || len(g.Gateway) == 0 || !strings.Contains(err.Error(), "(--gateway)"):
		return err
	case p.byVariable("gateway"):
		return fmt.Errorf("%w; here that limit is $%s", err, variableOf("gateway"))
	}
	return fmt.Errorf("%w; here that limit is the --gateway of call, which stands before the tool's name", err)
}

// list prints all tools that there are with these flags.
func (c *callCommand) list(screen *terminal.Printer, g *globals) error {
	sets, err := g.toolsets()
	if err != nil {
		return err
	}
	there := slices.DeleteFunc(slices.Clone(c.all), func(d definition) bool { return missing(g, sets, d.Name) != nil })
	if c.JSON {
		return encode(screen, map[string]any{"tools": there})
	}
	printTools(screen, there)
	return nil
}

// chosen is the tool of that name, if there is one with these flags.
func (c *callCommand) chosen(g *globals, name string) (*definition, error) {
	sets, err := g.toolsets()
	if err != nil {
		return nil, err
	}
	if err := missing(g, sets, name); err != nil {
		return nil, err
	}
	if tool := named(c.all, name); tool != nil {
		return tool, nil
	}
	question := didYouMean(name, "", append(toolNames(c.all), "restore"))
	return nil, fmt.Errorf("no tool named %q: %s%s call shows them all", name, question, program)
}

// missing says why a tool is not there with these flags, nil where it is.
func missing(g *globals, sets []tools.Toolset, name string) error {
	if g.ReadOnly && tools.Writes(name) {
		return fmt.Errorf("%s changes something, and --read-only leaves only tools that change nothing", name)
	}
	if len(g.Gateway) > 0 && tools.Unbound(name) {
		return fmt.Errorf("%s is not there where --gateway names the gateways that may be managed: leave that out, in the environment too (env -u %s -u %s %s call …)", name, variableOf("gateway"), variableOf("gateway-client-id"), program)
	}
	for _, t := range tools.All() {
		if t.Name == name && len(sets) > 0 && !slices.Contains(sets, t.Toolset) {
			return fmt.Errorf("%s is in the toolset %s, which --toolsets leaves out", name, t.Toolset)
		}
	}
	return nil
}

// wire makes the server that is called, and the files in which it keeps what is changed.
func (c *callCommand) wire(p *process, g *globals) (*Server, *shelf, error) {
	files := newShelf(g, p.getenv, true)
	s, err := p.wire(g, func(w *Wiring) {
		if w.Whole = true; len(w.Toolsets) == 0 {
			w.Toolsets = tools.Toolsets() // no model reads their definitions
		}
		if g.AuditLog == "" {
			w.Audit = nil
		}
		if w.shelf = files; g.Local && !p.given("log-level") {
			w.Log = p.sdkLog // nothing outlives this process that could be put back
		}
	})
	return s, files, err
}

func text(result *mcp.CallToolResult) string {
	var parts []string
	for _, c := range result.Content {
		if t, ok := c.(*mcp.TextContent); ok {
			parts = append(parts, t.Text)
		}
	}
	return strings.Join(parts, "\n")
}

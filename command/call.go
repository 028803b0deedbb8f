package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

type callCommand struct {
	JSON   bool
	Expect string
	Look   terminal.Look
}

func (c *callCommand) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.JSON, "json", false, "Print the tool's JSON instead of a table.")
	fs.BoolVar(&c.Look.Wide, "wide", false, "Cut and break nothing to fit the screen; endpoints as URLs.")
	c.Look.Colour = terminal.Auto
	fs.Var(&c.Look.Colour, "color", "`WHEN` auto, always or never; auto: on a terminal, unless NO_COLOR is set or TERM is dumb.")
	fs.StringVar(&c.Expect, "expect", "", "`FILE` With check_drift: hold what the server offers against the hashes in this file, an earlier answer of pin_target_tools or check_drift. Exit status 0 as approved, 10 other, 11 breaking, 20 unknown.")
}

// Run calls one tool as an MCP client would. It ends with exit status 1 when
// the tool reports an error.
func (c *callCommand) Run(p *process, g *globals) (err error) {
	defer func() {
		if err != nil && p.ctx.Err() != nil {
			err = ExitStatus(130) // as a shell has it for SIGINT
		}
	}()
	s, files, err := c.wire(p, g)
	if err != nil {
		return err
	}
	defer s.Close()
	defer files.tell(p.stderr)
	bar, screen := terminal.NewProgress(p.stderr, p.getenv), c.Look.Printer(p.stdout, p.getenv)
	if len(p.args) > 0 && p.args[0] == "restore" {
		return c.restore(p, g, s, screen, bar)
	}
	session, end, err := s.Connect(p.ctx, func(n *mcp.ProgressNotificationParams) { bar.Show(n.Progress, n.Total, n.Message) })
	if err != nil {
		return err
	}
	defer end()
	list, err := session.ListTools(p.ctx, nil)
	if err != nil {
		return err
	}
	if len(p.args) == 0 {
		printTools(screen, list.Tools)
		return nil
	}
	i := slices.IndexFunc(list.Tools, func(t *mcp.Tool) bool { return t.Name == p.args[0] })
	if i < 0 {
		return s.noTool(g, p.args[0])
	}
	tool := list.Tools[i]
	schema, err := inputSchema(tool)
	if err != nil {
		return err
	}
	if slices.Contains(p.args[1:], "--help") {
		printArguments(screen, tool, schema)
		return nil
	}
	arguments, err := parseArguments(tool.Name, schema, p.args[1:])
	if err != nil {
		return err
	}
	approved, err := c.approved(tool.Name, arguments)
	if err != nil {
		return err
	}
	if _, given := arguments["waitSeconds"]; !given && schema.Properties["waitSeconds"] != nil {
		arguments["waitSeconds"] = int(gateway.MaxWait.Seconds()) // nobody but this process goes on
	}
	params := &mcp.CallToolParams{Name: tool.Name, Arguments: arguments}
	params.SetProgressToken("call")
	result, err := session.CallTool(p.ctx, params)
	bar.Clear()
	defer c.leave(p, s)()
	if p.ctx.Err() != nil && tool.Name == "synchronize_targets" {
		fmt.Fprintf(p.stderr, "what was begun goes on at AWS, and this process, which ends now, does not see how it ends: look with %s call list_targets; the same call again synchronizes the rest\n", program)
	}
	if err == nil {
		err = p.ctx.Err()
	}
	if err != nil {
		return err
	}
	return c.tell(screen, tool.Name, result, approved)
}

// noTool says why there is no tool of that name.
func (s *Server) noTool(g *globals, name string) error {
	if g.ReadOnly && tools.Writes(name) {
		return fmt.Errorf("%s changes something, and --read-only leaves only tools that change nothing", name)
	}
	if len(g.Gateway) > 0 && tools.Unbound(name) {
		return fmt.Errorf("%s is not there where --gateway names the gateways that may be managed: leave that out, in the environment too (env -u %s -u %s %s call …)", name, variableOf("gateway"), variableOf("gateway-client-id"), program)
	}
	for _, t := range tools.All() {
		if t.Name == name && len(s.wiring.Toolsets) > 0 && !slices.Contains(s.wiring.Toolsets, t.Toolset) {
			return fmt.Errorf("%s is in the toolset %s, which --toolsets leaves out", t.Name, t.Toolset)
		}
	}
	return fmt.Errorf("no tool named %q: agentcore-gateway-mcp call shows them all", name)
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

// leave stops the operations of this process; what it returns says what became of those
// that ended after the answer, and what becomes of those that it leaves.
func (c *callCommand) leave(p *process, s *Server) (tell func()) {
	ended := s.manager.Unheard(gateway.Caller{})
	left := s.manager.Stop(0)
	return func() {
		for _, e := range ended {
			fmt.Fprintf(p.stderr, "%s: meanwhile it has ended: %s, %s\n", e.Target, e.Outcome, e.Status)
		}
		for _, change := range left {
			fmt.Fprintln(p.stderr, leftBehind(change))
		}
	}
}

// leftBehind says what becomes of a change that this process does not see end, and
// how to go back.
func leftBehind(c gateway.Change) string {
	text := fmt.Sprintf("%s is %s, and this process, which ends now, does not see how that ends", c.Target, c.Status)
	look := fmt.Sprintf("%s call get_target --gateway %s --target %s", program, c.Gateway, c.Target)
	if len(c.Configuration) == 0 {
		return text + ": look with " + look
	}
	text += "; it is not put back if it fails: look with " + look
	if c.PreviousEndpoint == c.Endpoint || c.EndpointMasked {
		return text + "; call restore puts the configuration from before back"
	}
	back := fmt.Sprintf("; to go back from %s: %s call update_target_endpoint --gateway %s --target %s --endpoint %s", c.Endpoint, program, c.Gateway, c.Target, quoted(c.PreviousEndpoint))
	if strings.Contains(c.Next, "and confirm set to") {
		back += " --confirm " + c.Target
	}
	return text + back
}

// quoted is an argument as a shell takes it.
func quoted(argument string) string {
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// approved reads what --expect names, nil without it.
func (c *callCommand) approved(tool string, arguments map[string]any) (gateway.Approved, error) {
	if c.Expect == "" {
		return nil, nil
	}
	if arguments["target"] == nil || tool != "check_drift" {
		return nil, errors.New("--expect goes with check_drift and one --target: their answer has the hashes to compare")
	}
	data, err := os.ReadFile(c.Expect)
	if err != nil {
		return nil, fmt.Errorf("--expect: %w", err)
	}
	approved, err := gateway.ParseApproved(data)
	if err != nil {
		return nil, fmt.Errorf("--expect: %s %w: save the answer of call --json pin_target_tools, or of check_drift with one target", c.Expect, err)
	}
	return approved, nil
}

// tell prints an answer, and ends with the exit status that it means. As JSON it is
// one document, with what --expect found under expected.
func (c *callCommand) tell(screen *terminal.Printer, tool string, result *mcp.CallToolResult, approved gateway.Approved) error {
	if result.StructuredContent == nil {
		return errors.New(text(result))
	}
	answer, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return err
	}
	var status ExitStatus
	differences := []string{}
	if approved != nil && !result.IsError {
		var report tools.DriftReport
		if err := json.Unmarshal(answer, &report); err != nil {
			return err
		}
		judged, found := approved.Judge(report.Targets)
		status, differences = exitStatusOf(judged), append(differences, found...)
	}
	if c.JSON {
		document := result.StructuredContent
		if all, ok := document.(map[string]any); ok && approved != nil {
			all["expected"] = map[string]any{"exitStatus": int(status), "differences": differences}
		}
		if answer, err = json.Marshal(document); err == nil {
			err = c.show(screen, tool, answer)
		}
	} else if err = tools.Show(screen, tool, answer); err == nil {
		for _, difference := range differences {
			screen.Linef("%s", difference)
		}
	}
	switch {
	case err != nil:
		return err
	case result.IsError:
		return ExitStatus(1)
	case status != 0:
		return status
	}
	return nil
}

// exitStatusOf is the exit status of call --expect FILE check_drift.
func exitStatusOf(a gateway.Approval) ExitStatus {
	switch a {
	case gateway.AsApproved:
		return 0
	case gateway.NotAsApproved:
		return 10
	case gateway.BreaksApproved:
		return 11
	}
	return 20
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

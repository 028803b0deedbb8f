package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

// restore puts a configuration back that was kept before a change: call restore FILE.
func (c *callCommand) restore(p *process, g *globals, s *Server, screen *terminal.Printer, bar *terminal.Progress) error {
	var (
		dryRun  bool
		confirm string
	)
	fs := flag.NewFlagSet("restore", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&dryRun, "dry-run", false, "")
	fs.BoolVar(&dryRun, "dryRun", false, "")
	fs.StringVar(&confirm, "confirm", "", "")
	file, rest := "", p.args[1:]
	for len(rest) > 0 { // flags stand before the file or after it
		switch err := fs.Parse(rest); {
		case errors.Is(err, flag.ErrHelp):
			screen.Linef("%s call restore FILE [--dry-run] [--confirm NAME]", program)
			screen.Linef("Puts back what a target or gateway was before a change: FILE is what the change named in its line before:. It is an update like any other: planned with --dry-run, followed, compared, undone if it fails; where it asks for a person's word, --confirm gives the name.")
			return nil
		case err != nil:
			return fmt.Errorf("call restore FILE [--dry-run] [--confirm NAME]: %w", err)
		}
		if rest = fs.Args(); len(rest) > 0 {
			if file != "" {
				return fmt.Errorf("call restore takes one file, and not %q as well", rest[0])
			}
			file, rest = rest[0], rest[1:]
		}
	}
	switch {
	case file == "":
		return errors.New("call restore needs the FILE that a change has named")
	case g.ReadOnly:
		return errors.New("restore changes something, and --read-only leaves only what changes nothing")
	}
	k, err := readKept(file)
	if err != nil {
		return err
	}
	caller := gateway.Caller{Call: "restore " + file, Program: true, Sent: new(aws.Requests), Progress: bar.Show}
	var (
		tool   = "update_target"
		answer any
		failed bool
	)
	switch k.Kind {
	case gateway.KeptTarget:
		var change gateway.Change
		change, err = s.manager.RestoreTarget(p.ctx, k, gateway.UpdateOptions{DryRun: dryRun, Confirm: gateway.Word{Name: confirm}, OnFailure: gateway.Revert, Wait: gateway.MaxWait}, caller)
		answer, failed = change, change.Outcome == gateway.Failed || change.Outcome == gateway.Reverted
	case gateway.KeptGateway:
		tool = "update_gateway"
		var change gateway.GatewayChange
		change, err = s.manager.RestoreGateway(p.ctx, k, gateway.GatewayUpdate{DryRun: dryRun, Confirm: gateway.Word{Name: confirm}, Wait: gateway.MaxWait}, caller)
		answer, failed = change, change.Outcome == gateway.Failed
	default:
		err = fmt.Errorf("%s is of kind %q, which this release does not know: install a newer one", file, k.Kind)
	}
	bar.Clear()
	defer c.leave(p, s)()
	audit := tools.Options{Secrets: p.secrets, Audit: s.wiring.Audit}
	if err != nil {
		audit.RecordRestore(caller, file, nil, err)
		return errors.New(p.secrets.Mask(err.Error()))
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	if !dryRun {
		audit.RecordRestore(caller, file, p.secrets.MaskJSON(data), nil)
	}
	if err := c.show(screen, tool, p.secrets.MaskJSON(data)); err != nil {
		return err
	}
	if failed {
		return ExitStatus(1)
	}
	return nil
}

// show prints an answer for a person, or as JSON.
func (c *callCommand) show(screen *terminal.Printer, tool string, answer []byte) error {
	if !c.JSON {
		return tools.Show(screen, tool, answer)
	}
	encoder := json.NewEncoder(screen)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(json.RawMessage(answer))
}

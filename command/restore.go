package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

// restoreArguments are those of call restore.
type restoreArguments struct {
	file    string
	dryRun  bool
	confirm string
	plan    string
}

func (a *restoreArguments) flags() *flag.FlagSet {
	flags := newFlagSet("restore")
	flags.BoolVar(&a.dryRun, "dry-run", false, "")
	flags.BoolVar(&a.dryRun, "dryRun", false, "")
	flags.StringVar(&a.confirm, "confirm", "", "")
	flags.StringVar(&a.plan, "plan", "", "")
	return flags
}

const (
	restoreUsage = "restore FILE [--dry-run] [--plan PLAN] [--confirm NAME]"
	restoreAbout = "Puts back what a target or gateway was before a change: FILE is what the change named in its line before:. It is an update like any other: planned with --dry-run (and held to it by --plan, of a target), followed, compared, undone if it fails; where it asks for a person's word, --confirm gives the name."
)

// parse reads what stands after restore: flags stand before the file or after it.
func (a *restoreArguments) parse(args []string) error {
	flags := a.flags()
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			said, _ := dashed(err)
			return fmt.Errorf("call %s: %s", restoreUsage, said)
		}
		if args = flags.Args(); len(args) > 0 {
			if a.file != "" {
				return fmt.Errorf("call restore takes one file, and not %q as well", args[0])
			}
			a.file, args = args[0], args[1:]
		}
	}
	if a.file == "" {
		return errors.New("call restore needs the FILE that a change has named")
	}
	return nil
}

// restore puts a configuration back that was kept before a change: call restore FILE.
func (c *callCommand) restore(p *process, g *globals, screen *terminal.Printer, bar *terminal.Progress) error {
	var a restoreArguments
	switch err := a.parse(p.args[1:]); {
	case err != nil:
		return err
	case g.ReadOnly:
		return errors.New("restore changes something, and --read-only leaves only what changes nothing")
	case c.Expect != "":
		return errors.New("--expect goes with check_drift and one --target: leave it out")
	case c.ExitCode && !a.dryRun:
		return errors.New("--exit-code goes with check_drift and dry runs: give restore --dry-run, or leave --exit-code out")
	}
	k, err := readKept(a.file)
	if wrong := (*fs.PathError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s cannot be read (%w): restore takes the file that a change has named as the one from before", a.file, wrong.Err)
	}
	if err != nil {
		return err
	}
	s, files, err := c.wire(p, g)
	if err != nil {
		return err
	}
	defer s.Close()
	defer files.tell(p.stderr, again(p, g))
	speech := c.speech(p, g, map[string]any{"file": a.file, "confirm": a.confirm, "gateway": k.Gateway, "name": k.Name})
	caller := gateway.Caller{Call: "restore " + a.file, Program: true, Sent: new(aws.Requests), Progress: bar.Show}
	tool, answer, err := s.restored(p, k, a, caller)
	bar.Clear()
	ended, left := s.leave(p, g)
	audit := tools.Options{Secrets: p.secrets, Audit: s.wiring.Audit}
	if err != nil {
		audit.RecordRestore(caller, a.file, nil, err)
	}
	if p.ctx.Err() != nil {
		return &interrupted{tool: tool, left: left}
	}
	defer tellLeft(p, ended, left)
	if err != nil {
		return limited(errors.New(speech.words(p.secrets.Mask(err.Error()))), p, g)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	if !a.dryRun {
		audit.RecordRestore(caller, a.file, p.secrets.MaskJSON(data), nil)
	}
	if err := c.show(screen, tool, p.secrets.MaskJSON(data), speech); err != nil {
		return err
	}
	if answer.IsFailure() {
		return ExitStatus(1)
	}
	if status := exitStatusOf(answer.Differs()); c.ExitCode && status != 0 {
		return status
	}
	return nil
}

// restoration is what came of putting something back.
type restoration interface {
	IsFailure() bool
	Differs() gateway.Approval
}

// restored puts back what was kept. tool is the one whose answer that is.
func (s *Server) restored(p *process, k gateway.Kept, a restoreArguments, caller gateway.Caller) (tool string, _ restoration, err error) {
	switch k.Kind {
	case gateway.KeptTarget:
		change, err := s.manager.RestoreTarget(p.ctx, k, gateway.UpdateOptions{DryRun: a.dryRun, Plan: a.plan, Confirm: gateway.Word{Name: a.confirm}, OnFailure: gateway.Revert, Wait: gateway.MaxWait}, caller)
		return "update_target", change, err
	case gateway.KeptGateway:
		if a.plan != "" {
			return "update_gateway", nil, errors.New("--plan is of a target's dry run, and a gateway's has none: leave it out")
		}
		change, err := s.manager.RestoreGateway(p.ctx, k, gateway.GatewayUpdate{DryRun: a.dryRun, Confirm: gateway.Word{Name: a.confirm}, Wait: gateway.MaxWait}, caller)
		return "update_gateway", change, err
	}
	return "update_target", nil, fmt.Errorf("%s is of kind %q, which this release does not know: install a newer one", a.file, k.Kind)
}

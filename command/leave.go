package command

import (
	"fmt"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

// leftover is a change that goes on at AWS, and that this process does not see end.
type leftover struct {
	Gateway          string           `json:"gateway"`
	Target           string           `json:"target"`
	Status           aws.TargetStatus `json:"status"`
	Endpoint         string           `json:"endpoint,omitempty"`
	PreviousEndpoint string           `json:"previousEndpoint,omitempty"`
	Reverted         bool             `json:"reverted"`         // always false
	Look             string           `json:"look"`             // a command
	GoBack           string           `json:"goBack,omitempty"` // a command, or why there is none
}

// leave stops the operations of this process: what became of those that ended after the
// answer, and what it leaves.
func (s *Server) leave(p *process, g *globals) (ended []gateway.End, left []leftover) {
	ended = s.manager.Unheard(gateway.Caller{})
	for _, change := range s.manager.Stop(0) {
		left = append(left, leftBehind(change, again(p, g), s.wiring.shelf.latest()))
	}
	return ended, left
}

// again is how a shell calls tools as this process was told to.
func again(p *process, g *globals) string {
	command := program + " call"
	if p.given("profile") {
		command += " --profile " + quoted(g.Profile)
	}
	if p.given("region") {
		command += " --region " + quoted(g.Region)
	}
	return command
}

// leftBehind says what becomes of a change that this process does not see end, and
// how to go back. call is how tools are called, file what was kept before the change, "" for
// none.
func leftBehind(c gateway.Change, call, file string) leftover {
	l := leftover{Gateway: c.Gateway, Target: c.Target, Status: c.Status, Look: fmt.Sprintf("%s get_target --gateway %s --target %s", call, quoted(c.Gateway), quoted(c.Target))}
	if len(c.Configuration) == 0 {
		return l
	}
	if l.Endpoint, l.PreviousEndpoint = c.Endpoint, c.PreviousEndpoint; c.PreviousEndpoint == c.Endpoint {
		l.Endpoint, l.PreviousEndpoint = "", ""
	}
	switch {
	case l.PreviousEndpoint != "" && !c.EndpointMasked:
	case file != "":
		l.GoBack = call + " restore " + quoted(file)
		return l
	default:
		l.GoBack = "by update_target: what it was before is kept nowhere"
		return l
	}
	l.GoBack = fmt.Sprintf("%s update_target_endpoint --gateway %s --target %s --endpoint %s", call, quoted(c.Gateway), quoted(c.Target), quoted(c.PreviousEndpoint))
	if strings.Contains(c.Next, "with endpoint set to previousEndpoint and confirm set to") {
		l.GoBack += " --confirm " + quoted(c.Target)
	}
	return l
}

// show tells a person.
func (l leftover) show(p *terminal.Printer) {
	p.Linef("%s", p.Paint(terminal.Bold, fmt.Sprintf("%s is %s, and this process, which ends now, does not see how that ends", l.Target, l.Status)))
	line := func(label, text string) {
		p.Linef("  %s %s", p.Paint(terminal.Faint, fmt.Sprintf("%-8s", label)), text)
	}
	if l.PreviousEndpoint != "" {
		line("before", l.PreviousEndpoint)
		line("now", l.Endpoint)
	}
	if l.GoBack != "" {
		line("reverted", "no: it is not put back if it fails")
	}
	line("look", l.Look)
	if l.GoBack != "" {
		line("go back", l.GoBack)
	}
}

// tellLeft tells of changes that end without this process, or ended after its answer.
func tellLeft(p *process, ended []gateway.End, left []leftover) {
	for _, e := range ended {
		fmt.Fprintf(p.stderr, "%s: meanwhile it has ended: %s, %s\n", e.Target, e.Outcome, e.Status)
	}
	screen := terminal.NewPrinter(p.stderr, p.getenv)
	for _, l := range left {
		l.show(screen)
	}
}

// interrupted ends a call by Ctrl-C, or another signal.
type interrupted struct {
	tool string // that was called, "" for none
	left []leftover
}

func (*interrupted) Error() string { return "interrupted" }

// Unwrap has the process end as a shell has it for SIGINT.
func (*interrupted) Unwrap() error { return ExitStatus(130) }

// tell tells a person what was going on.
func (i *interrupted) tell(p *process, g *globals) {
	fmt.Fprintln(p.stderr, "interrupted")
	tellLeft(p, nil, i.left)
	switch {
	case g.Local:
		fmt.Fprintln(p.stderr, "the local AgentCore of this process ends with it")
	case i.tool == "synchronize_targets":
		fmt.Fprintf(p.stderr, "what was begun goes on at AWS, and this process, which ends now, does not see how it ends: look with %s list_targets; the same call again synchronizes the rest\n", again(p, g))
	case len(i.left) == 0 && tools.Writes(i.tool):
		fmt.Fprintf(p.stderr, "what %s had sent by then, if anything, goes on at AWS, and this process does not see how it ends: look with %s %s\n", i.tool, again(p, g), lookWith(i.tool))
	}
}

// lookWith is the tool that shows what another one changes.
func lookWith(tool string) string {
	switch {
	case strings.Contains(tool, "_gateway"):
		return "list_gateways"
	case strings.Contains(tool, "_credential_provider"):
		return "list_credential_providers"
	case strings.Contains(tool, "_runtime"):
		return "list_runtimes"
	}
	return "list_targets"
}

// quoted is an argument as a shell takes it.
func quoted(argument string) string {
	if safe(argument) {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// safe reports whether an argument means the same to any shell, quoted or not, and is no
// flag: AWS's names are like that.
func safe(argument string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return argument != "" && strings.Trim(argument, letters+"-_.") == "" && strings.ContainsAny(argument[:1], letters)
}

package command

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/untrusted"
)

// candidatesTime is how long the account may take to answer: somebody is typing.
const candidatesTime = 2 * time.Second

// namesIn are gateways, or targets of one, in the account to which the flags lead; none
// where they cannot be had in time. open says that those of --gateway are not the only
// ones. A name with anything in it that a shell could take for
// more than a name is left out: AWS has none.
func namesIn(ctx context.Context, t *typing, argument, of string, open bool, getenv func(string) string) []string {
	command := t.command
	if command == nil {
		command = commandNamed(t.all, "call")
	}
	if command.fromEnvironment(filled(getenv)) != nil { // the call itself will say so
		return nil
	}
	g := *t.globals
	if open {
		g.Gateway = nil
	}
	ctx, cancel := context.WithTimeout(ctx, candidatesTime)
	defer cancel()
	found := make(chan []string, 1)
	go func() {
		values, _ := lookUp(ctx, g, argument, of)
		found <- values
	}()
	select {
	case values := <-found:
		return slices.DeleteFunc(values, func(v string) bool { return !safe(v) })
	case <-time.After(candidatesTime + 100*time.Millisecond): // something does not heed the context
		return nil
	}
}

// lookUp asks a server that only reads, and neither keeps nor logs anything.
func lookUp(ctx context.Context, g globals, argument, of string) ([]string, error) {
	quiet := slog.New(slog.DiscardHandler)
	p := &process{ctx: ctx, getenv: func(string) string { return "" }, log: quiet, sdkLog: quiet, secrets: new(untrusted.Secrets)}
	g.ReadOnly, g.AuditLog, g.StateDir, g.Outbound, g.Toolsets, g.Trusted = true, "", "", outbound.Settings{}, nil, nil
	s, err := p.wire(&g, nil)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	session, end, err := s.Connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer end()
	result, err := session.Complete(ctx, &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: "agentcore://gateways/{gateway}/targets/{target}"},
		Argument: mcp.CompleteParamsArgument{Name: argument},
		Context:  &mcp.CompleteContext{Arguments: map[string]string{"gateway": of}},
	})
	if err != nil {
		return nil, err
	}
	return result.Completion.Values, nil
}

package command

import (
	"crypto/rand"
	"flag"
	"io"
	"os"

	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
)

type stdioCommand struct{}

func (*stdioCommand) register(*flag.FlagSet) {}

// Run serves one client until stdin ends or a signal comes.
func (*stdioCommand) Run(p *process, g *globals) error {
	s, err := p.wire(g, func(w *Wiring) {
		w.Lasting = true // a client would show nothing but that the connection was closed
		w.SealKey = make([]byte, 32)
		_, _ = rand.Read(w.SealKey) // it never fails; what is asked comes back to this process
	})
	if err != nil {
		return err
	}
	defer s.Close()
	p.log.Debug("serving MCP on stdin and stdout")
	if f, ok := p.stdin.(*os.File); ok && terminal.NewPrinter(f, p.getenv).Brief() { // a person types there
		terminal.NewPrinter(p.stderr, p.getenv).Say(0, "serving MCP over stdio to a client; %s help shows what else", program)
	}
	// Not Run of the SDK, which logs as an error that it was asked to end.
	session, err := s.MCP.Connect(p.ctx, tools.Stdio(io.NopCloser(p.stdin), nopWriteCloser{p.stdout}, p.log), nil)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	select {
	case <-p.ctx.Done():
		session.Close()
		<-ended
		return nil
	case err := <-ended:
		if p.ctx.Err() != nil {
			return nil
		}
		return err
	}
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

package command

import (
	"crypto/rand"
	"flag"
	"io"

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
	err = s.MCP.Run(p.ctx, tools.Stdio(io.NopCloser(p.stdin), nopWriteCloser{p.stdout}, p.log))
	if p.ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

package command

import (
	"flag"
	"fmt"
	"net"
	"strings"

	"agentcore-gateway-mcp/inbound"
)

type serveCommand struct {
	Addr    string
	SealKey string
	Policy  inbound.Policy
}

func (c *serveCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8000", "`HOST:PORT` Address to listen on.")
	fs.StringVar(&c.SealKey, "seal-key", "", "`KEY` What seals the questions that a person is asked through their client before something is deleted or cut off: 32 bytes or more in base64 (openssl rand -base64 32), the same for all copies of this server, or @FILE. A command line can be read by others on the machine: use the variable or a file. Without it, the argument confirm is a person's word.")
	registerInbound(fs, &c.Policy)
}

// Run serves any number of clients until a signal comes.
func (c *serveCommand) Run(p *process, g *globals) error {
	if err := c.Policy.Check(c.Addr); err != nil {
		return err
	}
	if c.Policy.Auth == "platform" && !p.given("read-only") {
		g.ReadOnly = true // who comes from the platform is not known here
	}
	var key []byte
	if c.SealKey != "" {
		var err error
		if key, err = sealKey(c.SealKey); err != nil {
			return err
		}
		p.secrets.Add(c.SealKey)
	}
	s, err := p.wire(g, func(w *Wiring) {
		w.SealKey = key
		w.Named = c.Policy.Auth == "jwt"
	})
	if err != nil {
		return err
	}
	defer s.Close()
	listener, err := new(net.ListenConfig).Listen(p.ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Addr, err)
	}
	door := inbound.NewDoor(inbound.DefaultLimits())
	h, err := c.Policy.Handler(door, s.Endpoints(), listener.Addr().String(), p.log)
	if err != nil {
		listener.Close()
		return err
	}
	p.log.Info("serving MCP", "url", "http://"+listener.Addr().String()+"/mcp", "auth", c.Policy.Auth)
	c.warn(p, s)
	defer s.watchSelf(p.ctx)()
	return door.Serve(p.ctx, listener, h)
}

// warn says who can do what where nobody is checked here.
func (c *serveCommand) warn(p *process, s *Server) {
	if !s.wiring.ReadOnly && len(s.wiring.SealKey) == 0 {
		p.log.Info("no --seal-key: nobody is asked through their client before something is deleted or cut off; the argument confirm, which a model can fill in, is a person's word")
	}
	if c.Policy.Auth != "platform" {
		return
	}
	power, gateways := "everything that the AWS credentials allow", "all gateways of the account and region"
	if s.wiring.ReadOnly {
		power = "everything that changes nothing (--read-only=false for the rest)"
	}
	if len(s.wiring.Gateways) > 0 {
		gateways = strings.Join(s.wiring.Gateways, ", ")
	}
	p.log.Warn("callers are not checked here: whoever reaches this address may call", "address", c.Addr, "may", power, "gateways", gateways)
}

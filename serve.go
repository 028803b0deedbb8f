package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/tools"
)

type serveCommand struct {
	Addr string
	inboundFlags
}

func (c *serveCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8000", "`HOST:PORT` Address to listen on.")
	c.inboundFlags.register(fs)
}

// Run serves any number of clients until a signal comes.
func (c *serveCommand) Run(p process, g *globals) error {
	if err := c.check(c.Addr); err != nil {
		return err
	}
	if c.Auth == "platform" && !p.given("read-only") {
		g.ReadOnly = true // who comes from the platform is not known here
	}
	full, close, err := newServer(p, g)
	if err != nil {
		return err
	}
	defer close()
	listener, err := new(net.ListenConfig).Listen(p.ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Addr, err)
	}
	door := inbound.NewDoor(inbound.DefaultLimits())
	h, err := c.handler(p, full, door, listener.Addr().String())
	if err != nil {
		listener.Close()
		return err
	}
	p.log.Info("serving MCP", "url", "http://"+listener.Addr().String()+"/mcp", "auth", c.Auth)
	c.warn(p, g)
	return door.Serve(p.ctx, listener, h)
}

// handler is the server's HTTP face for callers who are checked as the flags
// say: /mcp, /ping for the platform, and the resource's metadata.
func (c *serveCommand) handler(p process, s servers, door *inbound.Door, addr string) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"Healthy"}`)
	})
	endpoint := door.AdmitAnswered(door.WholeBody(streamable(s.full, p)))
	if c.Auth == "jwt" {
		verifier, err := c.verifier(p.log)
		if err != nil {
			return nil, err
		}
		resource := auth.Resource{URL: c.ResourceURL, Name: "agentcore-gateway-mcp"}
		if resource.URL == "" {
			resource.URL = "http://" + addr + "/mcp"
		}
		for _, scope := range []string{c.ReadScope, c.WriteScope} {
			if scope != "" {
				resource.Scopes = append(resource.Scopes, scope)
			}
		}
		if _, err := resource.MetadataURL(); err != nil {
			return nil, fmt.Errorf("--resource-url: %w", err)
		}
		for _, path := range resource.MetadataPaths() {
			mux.Handle(path, verifier.Metadata(resource))
		}
		g := &guarded{flags: &c.inboundFlags, resource: resource, door: door, full: streamable(s.full, p), reading: streamable(s.reading(), p)}
		endpoint = verifier.Protect(resource, g.serve)
	}
	mux.Handle("/mcp", c.refuseBrowsers(endpoint))
	return c.allowHosts(c.Addr, mux), nil
}

// warn says who can do what where nobody is checked here.
func (c *serveCommand) warn(p process, g *globals) {
	if c.Auth != "platform" {
		return
	}
	power, gateways := "everything that the AWS credentials allow", "all gateways of the account and region"
	if g.ReadOnly {
		power = "everything that changes nothing (--read-only=false for the rest)"
	}
	if len(g.Gateway) > 0 {
		gateways = strings.Join(g.Gateway, ", ")
	}
	p.log.Warn("callers are not checked here: whoever reaches this address may call", "address", c.Addr, "may", power, "gateways", gateways)
}

// refuseBrowsers keeps web pages out: of other origins always, and with --auth
// platform all, because there the names of hosts prove nothing.
func (c *serveCommand) refuseBrowsers(next http.Handler) http.Handler {
	if c.Auth != "platform" {
		return http.NewCrossOriginProtection().Handler(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Values("Origin") != nil {
			http.Error(w, "web pages are not served here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// streamable serves MCP over HTTP without a session: any copy can answer any
// request.
func streamable(server *mcp.Server, p process) http.Handler {
	return tools.PlainErrorsHTTP(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                    true,
		Logger:                       p.sdkLog,
		PropagateRequestCancellation: true,
		DisableLocalhostProtection:   true, // allowHosts decides, also behind a platform's proxy on loopback
	}))
}

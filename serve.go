package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
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

// maxBody bounds a request; arguments are small.
const maxBody = 1 << 20

// Run serves any number of clients until a signal comes.
func (c *serveCommand) Run(p process, g *globals) error {
	if err := c.check(c.Addr); err != nil {
		return err
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
	h, err := c.handler(p, full, listener.Addr().String())
	if err != nil {
		listener.Close()
		return err
	}
	p.log.Info("serving MCP", "url", "http://"+listener.Addr().String()+"/mcp", "auth", c.Auth)
	return serveUntilDone(p.ctx, listener, h)
}

// handler is the server's HTTP face for callers who are checked as the flags
// say: /mcp, /ping for the platform, and the resource's metadata.
func (c *serveCommand) handler(p process, s servers, addr string) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"Healthy"}`)
	})
	endpoint := streamable(s.full, p)
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
		g := &guarded{flags: &c.inboundFlags, resource: resource, full: endpoint, reading: streamable(s.reading(), p)}
		endpoint = verifier.Protect(resource, g.serve)
	}
	mux.Handle("/mcp", http.NewCrossOriginProtection().Handler(promptBody(endpoint)))
	return c.allowHosts(c.Addr, mux), nil
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

// promptBody reads a request's body, as far as it may go, before next is asked
// for anything, so that a slow sender holds nothing but its connection.
func promptBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(20 * time.Second)) // HTTP/1 and 2 can
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		_ = control.SetReadDeadline(time.Time{})
		switch {
		case err != nil:
			http.Error(w, "the request's body did not arrive in time", http.StatusRequestTimeout)
			return
		case len(body) > maxBody:
			http.Error(w, fmt.Sprintf("the request's body is over %d KiB", maxBody>>10), http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// serveUntilDone serves until ctx ends, then lets requests under way finish for
// a while.
func serveUntilDone(ctx context.Context, listener net.Listener, h http.Handler) error {
	// No write timeout: a call may wait for AWS for minutes, and streams its
	// progress meanwhile. No read timeout either: it would end such calls too,
	// so bodies have one of their own.
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	<-ended
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type serveCommand struct {
	Addr string `help:"Address to listen on; loopback only." default:"127.0.0.1:8000" placeholder:"HOST:PORT"`
}

// Run serves any number of clients until a signal comes.
func (c *serveCommand) Run(p process, g *globals) error {
	if err := requireLoopback(c.Addr); err != nil {
		return err
	}
	server, close, err := newServer(p, g)
	if err != nil {
		return err
	}
	defer close()
	return listenAndServe(p.ctx, c.Addr, handler(server, p), func(addr string) {
		p.log.Info("serving MCP", "url", "http://"+addr+"/mcp")
	})
}

// requireLoopback refuses an address that others could reach: nobody asks the
// callers who they are.
func requireLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr %q is not host:port: give one such as 127.0.0.1:8000", addr)
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("--addr %s is not a loopback address: without authentication every caller who reaches it would have your AWS rights; give 127.0.0.1", addr)
	}
	return nil
}

// handler is the HTTP face of an MCP server: /mcp, and /ping for the platform.
func handler(server *mcp.Server, p process) http.Handler {
	streamable := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                    true, // any copy can answer any request
		Logger:                       p.sdkLog,
		MaxRequestBodyBytes:          1 << 20,
		PropagateRequestCancellation: true,
	})
	mux := http.NewServeMux()
	mux.Handle("/mcp", http.NewCrossOriginProtection().Handler(streamable))
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"Healthy"}`)
	})
	return mux
}

// listenAndServe serves until ctx ends, then lets requests under way finish
// for a while. ready is told the address once it is listening.
func listenAndServe(ctx context.Context, addr string, h http.Handler, ready func(addr string)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	// No write timeout: a call may wait for AWS for minutes, and streams its
	// progress meanwhile.
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ready(listener.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	<-ended
	return err
}

// Command cmd serves the tutorial's orders over MCP at http://ADDR/mcp.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"agentcore-gateway-mcp/agent-examples/orders"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	offered := 2
	if value := getenv("ORDERS_TOOLS"); value != "" {
		var err error
		if offered, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("ORDERS_TOOLS is %q: give a number from 1 to 4", value)
		}
	}
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8000", "address to listen on")
	tools := flags.Int("tools", offered, "how many tools to offer, 1 to 4: getOrder, updateOrder, cancelOrder, deleteOrder; also $ORDERS_TOOLS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler, err := orders.NewHandler(*tools)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "orders with %d tools at http://%s/mcp\n", *tools, listener.Addr())

	server := &http.Server{Handler: behind(listener.Addr(), handler), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close() // connections that were opened but never used count as busy
}

// behind serves h at an address. On all addresses it is behind a platform, which names a
// host of its own, and may come over loopback: any host will do there.
func behind(addr net.Addr, h http.Handler) http.Handler {
	if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsUnspecified() {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "localhost"
		h.ServeHTTP(w, r)
	})
}

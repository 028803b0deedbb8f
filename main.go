// Command agentcore-gateway-mcp is an MCP server whose tools manage Amazon
// Bedrock AgentCore gateways.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/remote"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if exit := exitStatus(0); errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", untrusted.Escape(err.Error()))
		os.Exit(1)
	}
}

// exitStatus ends the process with this status, after everything there is to
// say has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// globals are the flags of every command.
type globals struct {
	Region   string
	Profile  string
	Gateway  list
	ReadOnly bool
	Local    bool
	LogLevel string
	outboundFlags
}

func (g *globals) register(fs *flag.FlagSet) {
	fs.StringVar(&g.Region, "region", "", "`NAME` AWS region; default: AWS_REGION, then the profile's.")
	fs.StringVar(&g.Profile, "profile", "", "`NAME` AWS profile; default: AWS_PROFILE.")
	fs.Var(&g.Gateway, "gateway", "`REF` The only gateways that exist for this server, by id, name or ARN; a single one is also the default. Repeatable or comma-separated.")
	fs.BoolVar(&g.ReadOnly, "read-only", false, "Offer only tools that change nothing.")
	fs.BoolVar(&g.Local, "local", false, "Work on a local AgentCore in this process, with the tutorial's gateway in it: no AWS account needed.")
	fs.StringVar(&g.LogLevel, "log-level", "info", "`LEVEL` Least level of log lines on stderr: debug, info, warn, error.")
	g.outboundFlags.register(fs)
}

// process is what a command may use of the process it runs in.
type process struct {
	ctx            context.Context
	args           []string               // what stands after the flags
	given          func(flag string) bool // whether a flag was set, on the command line or by its variable
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	sdkLog         *slog.Logger       // for the MCP SDK, which tells each session's life at level info
	secrets        *untrusted.Secrets // the credentials that were sent or received: no answer and no log has them
	whole          bool               // answers of any length: nobody who gets them is a model
}

// run is the program. It returns when the command has ended: nil, an
// exitStatus after a command that has said itself what is wrong, or an error
// to print.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	var g globals
	all := commands(&g)
	if slices.Contains(args, "--version") && !slices.Contains(args, "call") {
		fmt.Fprintln(stdout, version())
		return nil
	}
	chosen, err := parse(all, args)
	if errors.Is(err, flag.ErrHelp) {
		help(stdout, all, chosen)
		return nil
	}
	if err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.LogLevel)); err != nil {
		return fmt.Errorf("--log-level %q is none of debug, info, warn, error", g.LogLevel)
	}
	secrets := new(untrusted.Secrets)
	logger := func(level slog.Level) *slog.Logger {
		return slog.New(slog.NewTextHandler(secrets.Writer(stderr), &slog.HandlerOptions{Level: level}))
	}
	p := process{ctx: ctx, args: chosen.flags.Args(), given: chosen.given, getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr, log: logger(level), sdkLog: logger(level), secrets: secrets}
	if level == slog.LevelInfo {
		p.sdkLog = logger(slog.LevelWarn)
	}
	return chosen.run(p, &g)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// servers are the MCP servers that one process can be to its callers.
type servers struct {
	full    *mcp.Server
	reading func() *mcp.Server // with only the tools that change nothing
}

// newServer wires an MCP server to AWS, or to a local AgentCore of its own.
// close ends the latter.
func newServer(p process, g *globals) (s servers, close func(), err error) {
	if !g.Local {
		return newServerFor(p, g, aws.Options{Region: g.Region, Profile: g.Profile})
	}
	w, err := startWorld(p.ctx, worldOptions{addr: "127.0.0.1:0", log: p.sdkLog})
	if err != nil {
		return s, nil, err
	}
	if err := w.seed(p.ctx, true); err != nil {
		w.close()
		return s, nil, err
	}
	w.configure(g, &p)
	s, closeServer, err := newServerFor(p, g, w.awsOptions())
	if err != nil {
		w.close()
		return s, nil, err
	}
	return s, func() { closeServer(); w.close() }, nil
}

func newServerFor(p process, g *globals, o aws.Options) (s servers, close func(), err error) {
	secret := p.getenv(secretVariable)
	if err := g.check(g.Gateway, secret); err != nil {
		return s, nil, err
	}
	client, err := aws.New(p.ctx, o)
	if err != nil {
		return s, nil, err
	}
	trusted, err := gateway.ParseTrustedEndpoints(p.ctx, client, g.TrustedEndpoints)
	if err != nil {
		return s, nil, fmt.Errorf("--trusted-endpoints: %w", err)
	}
	transport := remote.Guard{AnyPort: true, Loopback: client.Local()}.Transport()
	out := &outbound{flags: g.outboundFlags, secret: secret, client: client, base: transport, heard: p.secrets, tokens: map[string]*auth.Cache{}}
	m := &gateway.Manager{Client: client, Allowed: g.Gateway, Log: p.log, Transport: out.gateway, Upstream: out.upstream, Trusted: trusted, Secrets: p.secrets}
	offer := func(readOnly bool) *mcp.Server {
		return tools.NewServer(m, tools.Options{Version: version(), ReadOnly: readOnly, Log: p.log, SDKLog: p.sdkLog, Secrets: p.secrets, Whole: p.whole})
	}
	return servers{full: offer(g.ReadOnly), reading: func() *mcp.Server { return offer(true) }}, transport.CloseIdleConnections, nil
}

type stdioCommand struct{}

func (*stdioCommand) register(*flag.FlagSet) {}

// Run serves one client until stdin ends or a signal comes.
func (*stdioCommand) Run(p process, g *globals) error {
	s, close, err := newServer(p, g)
	if err != nil {
		return err
	}
	defer close()
	p.log.Debug("serving MCP on stdin and stdout")
	err = s.full.Run(p.ctx, tools.PlainErrors(&mcp.IOTransport{Reader: io.NopCloser(p.stdin), Writer: nopWriteCloser{p.stdout}}))
	if p.ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

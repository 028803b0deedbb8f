// Command agentcore-gateway-mcp is an MCP server whose tools manage Amazon
// Bedrock AgentCore gateways.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/auth"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	if exit := exitStatus(0); errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

// exitStatus ends the process with this status, after everything there is to
// say has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// globals are the flags of every command.
type globals struct {
	Region   string   `help:"AWS region; default: the profile's." env:"AWS_REGION" placeholder:"NAME"`
	Profile  string   `help:"AWS profile; default: the SDK's." env:"AWS_PROFILE" placeholder:"NAME"`
	Gateway  []string `help:"The only gateways that exist for this server, by id, name or ARN; a single one is also the default. Repeatable or comma-separated." placeholder:"REF"`
	ReadOnly bool     `help:"Offer only tools that change nothing."`
	Local    bool     `help:"Work on a local AgentCore in this process, with the tutorial's gateway in it: no AWS account needed."`
	outboundFlags
	LogLevel string `help:"Least level of log lines on stderr: ${enum}." enum:"debug,info,warn,error" default:"info"`
}

// commands is the whole command line, as its help shows it.
type commands struct {
	globals
	Version kong.VersionFlag `help:"Print the version and exit." env:"-"`

	Stdio stdioCommand `cmd:"" default:"withargs" help:"Serve MCP over stdio (the default command)."`
	Serve serveCommand `cmd:"" help:"Serve MCP over streamable HTTP at /mcp."`
	Call  callCommand  `cmd:"" help:"Call one tool from a shell or a pipeline."`
	World localCommand `cmd:"" name:"local" help:"Run a local AgentCore for boto3, the AWS CLI and this program."`
	Demo  demoCommand  `cmd:"" help:"Play the AgentCore tutorial on a local AgentCore, from start to end."`
}

const description = `An MCP server whose tools manage Amazon Bedrock AgentCore gateways.

Every flag can also be set by the environment variable beside it. AWS's own
variables work as everywhere; AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL leads
to another control plane, such as the one of "agentcore-gateway-mcp local".`

// process is what a command may use of the process it runs in.
type process struct {
	ctx            context.Context
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	sdkLog         *slog.Logger // for the MCP SDK, which tells each session's life at level info
}

// run is the program. It returns when the command has ended: nil, an
// exitStatus after a command that has said itself what is wrong, or an error
// to print.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("agentcore-gateway-mcp"), kong.Description(description),
		kong.DefaultEnvars("AGENTCORE_GATEWAY_MCP"),
		kong.Writers(stdout, stderr),
		kong.Vars{"version": version()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Exit(func(status int) { panic(exitStatus(status)) }), // --help and --version: unwound below
	)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			status, ok := p.(exitStatus)
			if !ok {
				panic(p)
			}
			if err = nil; status != 0 {
				err = status
			}
		}
	}()
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w; see --help", err)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cli.LogLevel)); err != nil {
		return err
	}
	logger := func(level slog.Level) *slog.Logger {
		return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	}
	p := process{ctx: ctx, getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr, log: logger(level), sdkLog: logger(level)}
	if level == slog.LevelInfo {
		p.sdkLog = logger(slog.LevelWarn)
	}
	return command.Run(p, &cli.globals)
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
	transport := catalog.Guard{AnyPort: true, Loopback: client.Local()}.Transport()
	out := &outbound{flags: g.outboundFlags, secret: secret, client: client, base: transport, tokens: map[string]*auth.Cache{}}
	m := &gateway.Manager{Client: client, Allowed: g.Gateway, Log: p.log, Transport: out.gateway, Upstream: out.upstream}
	offer := func(readOnly bool) *mcp.Server {
		return tools.NewServer(m, tools.Options{Version: version(), ReadOnly: readOnly, Log: p.log, SDKLog: p.sdkLog})
	}
	return servers{full: offer(g.ReadOnly), reading: func() *mcp.Server { return offer(true) }}, transport.CloseIdleConnections, nil
}

type stdioCommand struct{}

// Run serves one client until stdin ends or a signal comes.
func (stdioCommand) Run(p process, g *globals) error {
	s, close, err := newServer(p, g)
	if err != nil {
		return err
	}
	defer close()
	p.log.Debug("serving MCP on stdin and stdout")
	err = s.full.Run(p.ctx, &mcp.IOTransport{Reader: io.NopCloser(p.stdin), Writer: nopWriteCloser{p.stdout}})
	if p.ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

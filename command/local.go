package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"agentcore-gateway-mcp/loopback"
	"agentcore-gateway-mcp/tutorial"
)

type localCommand struct {
	Addr           string
	Empty          bool
	Seed           string
	EnvFile        string
	Runtimes       list
	Clients        list
	ToolsPerTarget int
}

const localPort = "8042"

// runtimeName is what AWS takes as the name of an agent runtime (the service model).
var runtimeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,47}$`) })

func (c *localCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:"+localPort, "`HOST:PORT` Address to listen on, or its port; loopback only.")
	fs.BoolVar(&c.Empty, "empty", false, "Start without the tutorial's gateway.")
	fs.StringVar(&c.Seed, "seed", "local", "`TEXT` Makes the ids and secrets: the same at each start from the same text, others from \"\".")
	fs.StringVar(&c.EnvFile, "env-file", "", "`FILE` Write the variables that are printed into this file, too, as NAME=value.")
	fs.Var(&c.Runtimes, "runtime", "`NAME=URL` The MCP server on this machine that serves the agent runtime of this name, such as orders=http://127.0.0.1:8000/mcp, once it is created. Repeatable or comma-separated.")
	fs.Var(&c.Clients, "client", "`ID:SECRET:SCOPE` A client of the issuer of gateways' callers, with one scope or several, joined by +. Repeatable or comma-separated.")
	fs.IntVar(&c.ToolsPerTarget, "tools-per-target", 1000, "`N` How many tools a target may have: AWS's default is 1000, and 10000 the most.")
}

// Run serves a local AgentCore until a signal comes.
func (c *localCommand) Run(p *process, _ *globals) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	clients, err := c.clients()
	if err != nil {
		return err
	}
	options.Log = p.sdkLog
	w, err := tutorial.Start(p.ctx, options)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another program has this port, perhaps a local AgentCore that runs already; end it, or give --addr another port", err)
	}
	if err != nil {
		return err
	}
	defer w.Close()
	if !c.Empty {
		if err := w.Seed(p.ctx, true); err != nil {
			return err
		}
	}
	for _, client := range clients {
		w.Issuer().AddClient(client[0], client[1], client[2:]...)
	}
	variables := localVariables(w, c.Empty)
	if c.EnvFile != "" {
		if err := writeVariables(c.EnvFile, variables); err != nil {
			return fmt.Errorf("--env-file: %w", err)
		}
	}
	fmt.Fprintf(p.stdout, "A local AgentCore listens on %s\n\nIn another shell:\n\n", w.URL)
	for _, v := range variables {
		fmt.Fprintf(p.stdout, "export %s=%s\n", v[0], v[1])
	}
	c.tell(p.stdout, w)
	<-p.ctx.Done()
	return nil
}

// options are those of the world; the error says which flag cannot be.
func (c *localCommand) options() (tutorial.Options, error) {
	o := tutorial.Options{Addr: c.Addr, Seed: c.Seed, Processes: map[string]string{}, ToolsPerTarget: c.ToolsPerTarget}
	if _, err := strconv.ParseUint(c.Addr, 10, 16); err == nil {
		o.Addr = net.JoinHostPort("127.0.0.1", c.Addr)
	}
	if host, _, err := net.SplitHostPort(o.Addr); err != nil || !loopback.Host(host) {
		return o, fmt.Errorf("--addr %q is not on loopback: the local AgentCore takes any credentials, so only this machine may reach it; give 127.0.0.1:%s, or a port", c.Addr, localPort)
	}
	if c.ToolsPerTarget < 1 || c.ToolsPerTarget > 10_000 {
		return o, fmt.Errorf("--tools-per-target %d: give 1 to 10000", c.ToolsPerTarget)
	}
	for _, r := range c.Runtimes {
		name, address, ok := strings.Cut(r, "=")
		if !ok || name == "" || address == "" {
			return o, fmt.Errorf("--runtime %q is not NAME=URL, such as orders=http://127.0.0.1:8000/mcp", r)
		}
		if !runtimeName().MatchString(name) {
			return o, fmt.Errorf("--runtime %q: no runtime can be named %q, AWS takes a letter and up to 47 letters, digits and underscores", r, name)
		}
		o.Processes[name] = address
	}
	return o, nil
}

// clients are the given ones: id, secret, scopes.
func (c *localCommand) clients() (clients [][]string, err error) {
	for _, given := range c.Clients {
		parts := strings.SplitN(given, ":", 3)
		if len(parts) != 3 || slices.Contains(parts, "") {
			return nil, errors.New("--client is not ID:SECRET:SCOPE, such as agent:a-secret:gateway/invoke")
		}
		if !c.Empty && parts[0] == tutorial.GatewayClient {
			return nil, fmt.Errorf("--client: the tutorial's gateway has a client %s already, whose secret is printed; give yours another name, or --empty", parts[0])
		}
		clients = append(clients, append(parts[:2:2], strings.Split(parts[2], "+")...))
	}
	return clients, nil
}

// localVariables lead AWS's SDKs and this program to a local AgentCore.
func localVariables(w *tutorial.World, empty bool) [][2]string {
	variables := [][2]string{
		{"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", w.URL},
		{"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", w.URL},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", w.URL},
		{"AWS_REGION", "us-east-1"},
		{"AWS_DEFAULT_REGION", "us-east-1"},
		{"AWS_ACCESS_KEY_ID", "local"},
		{"AWS_SECRET_ACCESS_KEY", "local"},
	}
	if !empty {
		variables = append(variables, w.Settings()...)
	}
	return variables
}

// writeVariables writes them for nobody else to read: one is a secret.
func writeVariables(path string, variables [][2]string) error {
	var text strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&text, "%s=%s\n", v[0], v[1])
	}
	// A new file takes the place of what is there, whose mode may let others read.
	f, err := os.CreateTemp(filepath.Dir(path), ".env-*")
	if err != nil {
		return fmt.Errorf("nothing can be written beside %s: %w", path, errors.Unwrap(err))
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text.String())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// tell says what is there, and what can be done with it.
func (c *localCommand) tell(out io.Writer, w *tutorial.World) {
	issuer := w.Issuer()
	if c.Empty {
		io.WriteString(out, "\nIt is empty: aws bedrock-agentcore-control create-gateway … makes the first gateway.\n")
		fmt.Fprintf(out, "\nAn issuer for its callers\n  discovery URL  %s\n  tokens         %s\n", issuer.DiscoveryURL(w.URL), issuer.TokenURL(w.URL))
		if len(c.Clients) == 0 {
			fmt.Fprintf(out, "  a client       curl %s -H 'Content-Type: application/json' -d '{\"clientId\":\"agent\",\"clientSecret\":\"a-secret\",\"scopes\":[\"gateway/invoke\"]}'\n", issuer.ClientsURL(w.URL))
		}
	} else {
		fmt.Fprintf(out, "\nGateway %s (%s) has target %s (%s),\nwhose MCP server has just got a third tool that the gateway does not know of:\n\n", tutorial.Gateway, w.GatewayID, tutorial.Target, w.TargetID)
		fmt.Fprintf(out, "agentcore-gateway-mcp call synchronize_target --target %s\n", tutorial.Target)
		fmt.Fprintf(out, "agentcore-gateway-mcp call update_target_endpoint --target %s --runtimeArn %s\n", tutorial.Target, w.NewRuntimeARN)
		fmt.Fprintf(out, "\nIts MCP endpoint %s\ntakes tokens of %s\n", w.GatewayURL(), issuer.TokenURL(w.URL))
		fmt.Fprintf(out, "whose discovery URL is %s\n", issuer.DiscoveryURL(w.URL))
		fmt.Fprintf(out, "(client %s, the secret above, scope %s; %s makes further clients)\n", tutorial.GatewayClient, tutorial.GatewayScope, issuer.ClientsURL(w.URL))
	}
	fmt.Fprintf(out, "\nThe MCP servers behind the runtimes, which ask for no token: %s and %s\n", w.OrdersURL, w.NewURL)
	io.WriteString(out, "\nEverything is gone when it ends (Ctrl-C).\n")
}

package command

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/outbound"
	"agentcore-gateway-mcp/tools"
)

const envPrefix = "AGENTCORE_GATEWAY_MCP"

// globals are the flags of every command.
type globals struct {
	Region   string
	Profile  string
	Gateway  list
	ReadOnly bool
	Toolsets list
	Local    bool
	LogLevel string
	StateDir string
	AuditLog string

	ReadRate, WriteRate float64 // of AWS operations, a second

	Outbound outbound.Settings
	Trusted  list // endpoints
	Self     list // names, ARNs or URLs
	Secrets  list // for credential providers
	Issuers  list // for credential providers
}

func (g *globals) register(fs *flag.FlagSet) {
	fs.StringVar(&g.Region, "region", "", "`NAME` AWS region; default: AWS_REGION, then the profile's.")
	fs.StringVar(&g.Profile, "profile", "", "`NAME` AWS profile; default: AWS_PROFILE.")
	fs.Var(&g.Gateway, "gateway", "`REF` The only gateways that exist for this server, by id, name or ARN; a single one is also the default. Repeatable or comma-separated.")
	fs.BoolVar(&g.ReadOnly, "read-only", false, "Offer only tools that change nothing.")
	fs.Var(&g.Toolsets, "toolsets", "`NAME` Which groups of tools exist: targets (with what finds a gateway), gateways, identity, runtimes, or all; default targets, and all for call. Repeatable or comma-separated.")
	fs.BoolVar(&g.Local, "local", false, "Work on a local AgentCore in this process, with the tutorial's gateway in it: no AWS account needed.")
	fs.StringVar(&g.LogLevel, "log-level", "info", "`LEVEL` Least level of log lines on stderr: debug, info, warn, error.")
	fs.StringVar(&g.AuditLog, "audit-log", "", "`FILE` Where each call that may change something leaves a line of JSON: who, what, from what to what, the outcome, AWS's request ids. Default: the log on stderr, and nowhere for call.")
	fs.StringVar(&g.StateDir, "state-dir", "", "`DIR` Where the configuration of a target or gateway is kept before it is changed, a file each, for call restore. Default of call: $XDG_STATE_HOME/agentcore-gateway-mcp, or ~/.local/state/agentcore-gateway-mcp; other commands write it to the log instead.")
	fs.Float64Var(&g.ReadRate, "aws-read-rate", aws.DefaultReadRate, "`N` How often a second each AWS operation that reads may be called, for accounts whose quotas were raised.")
	fs.Float64Var(&g.WriteRate, "aws-write-rate", aws.DefaultWriteRate, "`N` The same for operations that change something.")
	registerOutbound(fs, &g.Outbound)
	fs.Var(&g.Secrets, "credential-secrets", "`SECRET` Secrets Manager secrets that create_credential_provider may refer to: ARNs or names, in the form in which secretArn will have them, also with * at the end; it needs --trusted-issuers, too. Repeatable or comma-separated.")
	fs.Var(&g.Issuers, "trusted-issuers", "`URL` Issuers to which those secrets may be sent, by origin (https://issuer.example.com) or discovery document. Repeatable or comma-separated.")
	fs.Var(&g.Self, "self", "`REF` What this server is itself a target by: the name or ARN of its agent runtime, the target's name, or the endpoint's URL. Changes that would cut its callers off then need confirmation. Over HTTP the address that callers reach is known without it, on AgentCore Runtime not. Repeatable or comma-separated.")
	fs.Var(&g.Trusted, "trusted-endpoints", "`HOST` Hosts to which targets' credentials may be moved without confirmation, such as tools.example.com, tools.example.com:8443 or *.tools.example.com. Repeatable or comma-separated.")
}

// sealKey reads what --seal-key says: a key in base64, or @ and a file with it.
func sealKey(given string) ([]byte, error) {
	if file, ok := strings.CutPrefix(given, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--seal-key: %w", err)
		}
		given = string(data)
	}
	given = strings.TrimRight(strings.TrimSpace(given), "=")
	key, err := base64.RawStdEncoding.DecodeString(given)
	if err != nil || len(key) < 32 {
		return nil, errors.New("--seal-key is not 32 bytes or more in base64: make one with openssl rand -base64 32")
	}
	return key, nil
}

// toolsets are those that the flag names, none for the default.
func (g *globals) toolsets() (sets []tools.Toolset, err error) {
	for _, name := range g.Toolsets {
		switch set := tools.Toolset(name); {
		case name == "all":
			return tools.Toolsets(), nil
		case slices.Contains(tools.Toolsets(), set):
			sets = append(sets, set)
		default:
			return nil, fmt.Errorf("--toolsets %q is none of %s, all", name, strings.Trim(fmt.Sprint(tools.Toolsets()), "[]"))
		}
	}
	return sets, nil
}

// registerInbound adds the flags that say who may call over HTTP.
func registerInbound(fs *flag.FlagSet, p *inbound.Policy) {
	fs.StringVar(&p.Auth, "auth", "none", "`WHO` Who checks the callers: none (loopback only), jwt (this server), platform (AgentCore Runtime has done it; only reading tools, unless --read-only=false).")
	fs.StringVar(&p.DiscoveryURL, "discovery-url", "", "`URL` Discovery document of the issuer of the callers' tokens, …/.well-known/openid-configuration (jwt).")
	fs.Var((*list)(&p.AllowedAudience), "allowed-audience", "`AUD` Audience that a token must be for (jwt). Lists are repeatable or comma-separated.")
	fs.Var((*list)(&p.AllowedClients), "allowed-clients", "`ID` Client that a token must be of (jwt).")
	fs.Var((*list)(&p.AllowedScopes), "allowed-scopes", "`SCOPE` Scope that a token must have (jwt); one of them is enough.")
	fs.StringVar(&p.CustomClaims, "custom-claims", "", "`JSON` Further claims to match, in AWS's JSON (jwt).")
	fs.Var((*list)(&p.Algorithms), "algorithms", "`ALG` Signature algorithms to accept (jwt); default RS256, ES256.")
	fs.StringVar(&p.ReadScope, "read-scope", "", "`SCOPE` Scope without which a caller sees nothing (jwt).")
	fs.StringVar(&p.WriteScope, "write-scope", "", "`SCOPE` Scope without which a caller has only tools that change nothing (jwt).")
	fs.StringVar(&p.ResourceURL, "resource-url", "", "`URL` The URL of /mcp as clients write it; default http://ADDR/mcp on loopback (jwt).")
	fs.Var((*list)(&p.AllowedHosts), "allowed-hosts", "`HOST` Host names that requests may name; default: loopback names when listening on loopback, else any.")
}

// registerOutbound adds the flags that say as whom to call.
func registerOutbound(fs *flag.FlagSet, s *outbound.Settings) {
	fs.StringVar(&s.ClientID, "gateway-client-id", "", "`ID` OAuth client to call the gateways' own MCP endpoints as (client credentials); needs --gateway, and the secret in $AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET or --gateway-client-secret-arn.")
	fs.StringVar(&s.ClientSecretARN, "gateway-client-secret-arn", "", "`ARN` Secrets Manager secret that holds the client's secret as a string.")
	fs.Var((*list)(&s.Scopes), "gateway-scope", "`SCOPE` Scope to ask for at a gateway. Repeatable or comma-separated.")
	fs.StringVar(&s.CredentialProvider, "gateway-credential-provider", "", "`NAME` Instead of a client: AgentCore Identity's OAuth2 credential provider for the gateways; needs --workload-identity.")
	fs.StringVar(&s.WorkloadIdentity, "workload-identity", "", "`NAME` Workload identity to act as at AgentCore Identity.")
}

// given reports whether a flag was set, on the command line or by its variable.
func (c *command) given(name string) bool {
	found := false
	c.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// fromEnvironment sets the flags that are not on the command line.
func (c *command) fromEnvironment(getenv func(string) string) (err error) {
	c.flags.VisitAll(func(f *flag.Flag) {
		variable := c.variable(f.Name)
		if variable == "" || err != nil || c.given(f.Name) {
			return
		}
		if value := getenv(variable); value != "" {
			if err = unfilled(variable, value); err != nil {
				return
			}
			if wrong := c.flags.Set(f.Name, value); wrong != nil {
				err = fmt.Errorf("$%s is %q: %w", variable, value, wrong)
			}
			c.byVariable = append(c.byVariable, f.Name)
		}
	})
	return err
}

// variable is the environment variable that sets a flag of the command, "" for none.
func (c *command) variable(flag string) string {
	if slices.Contains(c.unset, flag) {
		return ""
	}
	return variableOf(flag)
}

// placeholder begins what a client that installs bundles leaves where its user has entered
// nothing, "${user_config.region}".
const placeholder = "${user_config."

// filled is getenv without the places that nobody has filled: a placeholder as the whole
// value.
func filled(getenv func(string) string) func(string) string {
	return func(name string) string {
		value := getenv(name)
		inner, begins := strings.CutPrefix(value, placeholder)
		inner, ends := strings.CutSuffix(inner, "}")
		if begins && ends && !strings.ContainsAny(inner, "${}") {
			return ""
		}
		return value
	}
}

// unfilled refuses a variable with a placeholder in its value, which may be a secret: what
// the rest of it would mean is not known, and may be more than was to be allowed.
func unfilled(variable, value string) error {
	if strings.Contains(value, placeholder) {
		return fmt.Errorf("$%s contains a placeholder, ${user_config.…}, that nobody has filled, beside something else: give the value itself, or nothing", variable)
	}
	return nil
}

// variableOf is the environment variable of a flag.
func variableOf(flag string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// parse chooses the command and sets its flags: from args, else from the
// environment, else to their defaults. Flags of every command may stand before
// the command's name too, those of call after the tool's; a tool is a command as well.
// It returns a topic where help is asked for; the command that it returns may be nil
// with an error.
func parse(ctx context.Context, all []*command, args []string, getenv func(string) string) (*command, error) {
	// A set with the flags of every command, and of call, finds where the command's name
	// stands.
	asked := new(callCommand)
	find := callFlags(asked)
	if err := find.Parse(args); errors.Is(err, flag.ErrHelp) {
		return helper(all, args, asked), topic{}
	} else if err != nil {
		return nil, wrongFlag(ctx, err, args, all, nil)
	}
	chosen, before, after := all[0], args, []string(nil)
	if rest := find.Args(); len(rest) > 0 {
		if rest[0] == "help" {
			return helper(all, args, asked), topicOf(rest[1:])
		}
		chosen, before, after = commandNamed(all, rest[0]), args[:len(args)-len(rest)], rest[1:]
		if chosen == nil { // a tool, perhaps, whose arguments stand as after call
			chosen, after = commandNamed(all, "call"), rest
			if err := chosen.runner.(*callCommand).know(ctx); err != nil {
				return chosen, err
			}
			if call := chosen.runner.(*callCommand); rest[0] != "restore" && named(call.all, rest[0]) == nil {
				return chosen, fmt.Errorf("there is no command %q, and no tool: %s see --help, and call for all tools", rest[0], whichOne(rest[0], all, call.all))
			}
		}
	}
	err := chosen.flags.Parse(slices.Concat(before, after))
	chosen.args = chosen.flags.Args()
	if call, ok := chosen.runner.(*callCommand); ok && err == nil {
		if err = call.know(ctx); err == nil {
			err = chosen.arrange(call.all)
		}
	}
	if err == nil {
		err = chosen.fromEnvironment(getenv)
	}
	switch t := (topic{}); {
	case errors.Is(err, flag.ErrHelp):
		return chosen, topicOf(append([]string{chosen.name}, chosen.args...))
	case errors.As(err, &t):
		return chosen, t
	case err != nil:
		return chosen, wrongFlag(ctx, err, args, all, chosen)
	case chosen.name != "call" && chosen.name != "completion" && len(chosen.args) > 0:
		return chosen, fmt.Errorf("unexpected argument %s; see %s --help", chosen.args[0], chosen.name)
	}
	return chosen, nil
}

// commandNamed is the command of that name, nil for none.
func commandNamed(all []*command, name string) *command {
	if i := slices.IndexFunc(all, func(c *command) bool { return c.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

func commandNames(all []*command) (names []string) {
	for _, c := range all {
		names = append(names, c.name)
	}
	return names
}

// helper is the command that help is printed as if for: call where that is to be JSON,
// else none.
func helper(all []*command, args []string, asked *callCommand) *command {
	if !asked.JSON && !slices.Contains(args, "--json") {
		return nil
	}
	call := commandNamed(all, "call")
	call.runner.(*callCommand).JSON = true
	return call
}

// whichOne says what a word that is neither a command nor a tool may have been meant as,
// else which commands there are.
func whichOne(word string, all []*command, tools []definition) string {
	if question := didYouMean(word, "", slices.Concat(commandNames(all), toolNames(tools), []string{"help", "restore"})); question != "" {
		return strings.TrimSuffix(question, " ")
	}
	return "it is one of " + strings.Join(commandNames(all), ", ") + ";"
}

// wrongFlag is what is wrong with flags, in the words of who typed args. chosen is the
// command whose flags they are, nil before there is one.
func wrongFlag(ctx context.Context, err error, args []string, all []*command, chosen *command) error {
	said, undefined := dashed(err)
	if undefined == "" {
		if chosen == nil {
			return fmt.Errorf("%s; see --help", said)
		}
		return fmt.Errorf("%s; see %s --help", said, chosen.name)
	}
	call := commandNamed(all, "call").runner.(*callCommand)
	if err := call.know(ctx); err != nil {
		return err
	}
	return errors.New(said + misplaced(undefined, args, all, chosen, call.all))
}

// list is a flag that may be repeated and whose values may be separated by
// commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(values string) error {
	for value := range strings.SplitSeq(values, ",") {
		if value = strings.TrimSpace(value); value != "" {
			*l = append(*l, value)
		}
	}
	return nil
}

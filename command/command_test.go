package command

import (
	"bytes"
	"strings"
	"testing"
)

// Flags come from the command line, else from the environment that the program is
// given, and from no other.
func TestEnvironment(t *testing.T) {
	t.Setenv("AGENTCORE_GATEWAY_MCP_LOG_LEVEL", "of the machine")
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want string // in the output or the error
	}{
		"from the environment":     {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "loud"}, `--log-level "loud" is none of`},
		"the line goes first":      {[]string{"--log-level", "shrill", "call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "loud"}, `--log-level "shrill" is none of`},
		"after the command":        {[]string{"call", "--log-level", "shrill"}, nil, `--log-level "shrill" is none of`},
		"a value that cannot be":   {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_READ_ONLY": "maybe"}, `$AGENTCORE_GATEWAY_MCP_READ_ONLY is "maybe": parse error; see call --help`},
		"of the command":           {[]string{"serve"}, map[string]string{"AGENTCORE_GATEWAY_MCP_AUTH": "basic"}, `--auth "basic" is none of`},
		"an empty one is none":     {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": ""}, `--auth "x" is none of`},
		"an unfilled one is none":  {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${user_config.level}", "AGENTCORE_GATEWAY_MCP_READ_ONLY": "${user_config.read_only}"}, `--auth "x" is none of`},
		"another $ is a value":     {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${LEVEL}"}, `--log-level "${LEVEL}" is none of`},
		"lists":                    {[]string{"serve", "--auth", "none"}, map[string]string{"AGENTCORE_GATEWAY_MCP_ALLOWED_CLIENTS": "a, b"}, "--allowed-clients has no effect"},
		"help":                     {[]string{"serve", "--help"}, nil, "$AGENTCORE_GATEWAY_MCP_ALLOWED_CLIENTS"},
		"no command":               {[]string{"surf"}, nil, `there is no command "surf"`},
		"no flag":                  {[]string{"serve", "--surf"}, nil, "flag provided but not defined: --surf; see serve --help"},
		"another's variable":       {[]string{"local", "--tools-per-target", "0"}, map[string]string{"AGENTCORE_GATEWAY_MCP_ADDR": "0.0.0.0:8000", "AGENTCORE_GATEWAY_MCP_SELF": "orders_v1"}, "--tools-per-target 0: give 1"},
		"its own variable":         {[]string{"serve", "--auth", "none"}, map[string]string{"AGENTCORE_GATEWAY_MCP_ADDR": "0.0.0.0:8000"}, "0.0.0.0:8000"},
		"a variable that is not":   {[]string{"demo", "--help"}, nil, "\n  --self\n"},
		"nor is another command's": {[]string{"local", "--help"}, nil, "\n  --addr HOST:PORT\n"},
		"the variable of serve":    {[]string{"serve", "--help"}, nil, "$AGENTCORE_GATEWAY_MCP_ADDR"},
		"the variable of self":     {[]string{"help", "flags"}, nil, "$AGENTCORE_GATEWAY_MCP_SELF"},
		"two dashes, no value":     {[]string{"call", "--region"}, nil, "flag needs an argument: --region; see call --help"},
		"two dashes, a value":      {[]string{"local", "--tools-per-target", "a for flag -x: b"}, nil, `invalid value "a for flag -x: b" for flag --tools-per-target: parse error`},
		"two dashes, a switch":     {[]string{"demo", "--self=orders"}, nil, `invalid boolean value "orders" for --self: parse error`},
		"a tool's argument":        {[]string{"call", "--dryRun", "synchronize_target", "--target", "x"}, nil, "flag provided but not defined: --dryRun: it is an argument of a tool, and stands after the tool's name: agentcore-gateway-mcp call synchronize_target --dryRun"},
		"before the command":       {[]string{"--dry-run", "call", "update_target"}, nil, "call update_target --dry-run"},
		"not that tool's":          {[]string{"call", "--dry-run", "delete_target"}, nil, "flag provided but not defined: --dry-run; see call --help"},
		"any tool's":               {[]string{"call", "--targets", "x"}, nil, "it is an argument of a tool, and stands after the tool's name: agentcore-gateway-mcp call synchronize_targets --targets"},
		"another command's flag":   {[]string{"--allowed-hosts", "x", "serve"}, nil, "--allowed-hosts: it is a flag of serve, and stands after its name; see serve --help"},
		"nearly a flag":            {[]string{"serve", "--addres", "x"}, nil, "--addres: did you mean --addr? see serve --help"},
		"letters that swapped":     {[]string{"call", "--jsno"}, nil, "did you mean --json?"},
		"nearly a command":         {[]string{"lcoal"}, nil, `there is no command "lcoal", and no tool: did you mean local? see --help`},
		"nearly a tool":            {[]string{"list-target"}, nil, `"list-target", and no tool: did you mean list_targets? see --help`},
		"a part of a tool":         {[]string{"sync"}, nil, "did you mean synchronize_target, synchronize_targets?"},
		"nearly a tool of call":    {[]string{"call", "list-targets"}, nil, `no tool named "list-targets": did you mean list_targets?`},
		"nearly a topic":           {[]string{"help", "list_targts"}, nil, `no help on "list_targts": did you mean list_targets?`},
		"nearly an argument":       {[]string{"call", "get_target", "--taget", "x"}, nil, "has no argument --taget, and call no such flag: did you mean --target? it has --target, --gateway"},
		"nearly with hyphens":      {[]string{"call", "synchronize_targets", "--not-synced-sinc", "x"}, nil, "did you mean --notSyncedSince?"},
		"restore's flags":          {[]string{"call", "restore", "f", "--surf"}, nil, "not defined: --surf"},
		"no file to restore":       {[]string{"call", "restore", "/nope"}, nil, "/nope cannot be read (no such file or directory): restore takes the file that a change has named"},
		"version, a command":       {[]string{"version"}, nil, "agentcore-gateway-mcp (devel)"},
		"version, a flag":          {[]string{"--version"}, nil, "agentcore-gateway-mcp (devel)"},
		"too much":                 {[]string{"serve", "surf"}, nil, "unexpected argument surf; see serve --help"},
		"a part of a value":        {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${user_config.level}s"}, `$AGENTCORE_GATEWAY_MCP_LOG_LEVEL contains a placeholder`},
		"between two of them":      {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.first},shop,${user_config.second}"}, "$AGENTCORE_GATEWAY_MCP_GATEWAY contains a placeholder"},
		"a switch between them":    {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_READ_ONLY": "${user_config.a} or true or ${user_config.b}"}, "contains a placeholder"},
		"two of them":              {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.a}${user_config.b}"}, "contains a placeholder"},
		"one in another":           {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.${user_config.b}}"}, "contains a placeholder"},
		"one that does not end":    {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.b,shop"}, "contains a placeholder"},
		"in a secret":              {[]string{"call", "--local", "list_targets"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET": "hush${user_config.b}"}, "$AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET contains a placeholder"},
		"in a key":                 {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_SEAL_KEY": "hush${user_config.b}"}, "$AGENTCORE_GATEWAY_MCP_SEAL_KEY contains a placeholder"},
		"the line goes before it":  {[]string{"serve", "--auth", "x", "--gateway", "shop"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.a},b"}, `--auth "x" is none of`},
	} {
		var out bytes.Buffer
		err := Run(t.Context(), c.args, func(name string) string { return c.env[name] }, strings.NewReader(""), &out, &out)
		if err != nil {
			out.WriteString(err.Error())
		}
		if !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "hush") {
			t.Errorf("%s: %s, want %q", name, out.String(), c.want)
		}
	}
}

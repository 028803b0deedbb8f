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
		"from the environment":    {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "loud"}, `--log-level "loud" is none of`},
		"the line goes first":     {[]string{"--log-level", "shrill", "call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "loud"}, `--log-level "shrill" is none of`},
		"after the command":       {[]string{"call", "--log-level", "shrill"}, nil, `--log-level "shrill" is none of`},
		"a value that cannot be":  {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_READ_ONLY": "maybe"}, `$AGENTCORE_GATEWAY_MCP_READ_ONLY is "maybe": parse error; see call --help`},
		"of the command":          {[]string{"serve"}, map[string]string{"AGENTCORE_GATEWAY_MCP_AUTH": "basic"}, `--auth "basic" is none of`},
		"an empty one is none":    {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": ""}, `--auth "x" is none of`},
		"an unfilled one is none": {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${user_config.level}", "AGENTCORE_GATEWAY_MCP_READ_ONLY": "${user_config.read_only}"}, `--auth "x" is none of`},
		"another $ is a value":    {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${LEVEL}"}, `--log-level "${LEVEL}" is none of`},
		"a part of a value":       {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_LOG_LEVEL": "${user_config.level}s"}, `$AGENTCORE_GATEWAY_MCP_LOG_LEVEL contains a placeholder`},
		"between two of them":     {[]string{"call"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.first},shop,${user_config.second}"}, "$AGENTCORE_GATEWAY_MCP_GATEWAY contains a placeholder"},
		"a switch between them":   {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_READ_ONLY": "${user_config.a} or true or ${user_config.b}"}, "contains a placeholder"},
		"two of them":             {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.a}${user_config.b}"}, "contains a placeholder"},
		"one in another":          {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.${user_config.b}}"}, "contains a placeholder"},
		"one that does not end":   {[]string{"stdio"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.b,shop"}, "contains a placeholder"},
		"in a secret":             {[]string{"call", "--local", "list_targets"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET": "hush${user_config.b}"}, "$AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET contains a placeholder"},
		"in a key":                {[]string{"serve", "--auth", "x"}, map[string]string{"AGENTCORE_GATEWAY_MCP_SEAL_KEY": "hush${user_config.b}"}, "$AGENTCORE_GATEWAY_MCP_SEAL_KEY contains a placeholder"},
		"the line goes before it": {[]string{"serve", "--auth", "x", "--gateway", "shop"}, map[string]string{"AGENTCORE_GATEWAY_MCP_GATEWAY": "${user_config.a},b"}, `--auth "x" is none of`},
		"lists":                   {[]string{"serve", "--auth", "none"}, map[string]string{"AGENTCORE_GATEWAY_MCP_ALLOWED_CLIENTS": "a, b"}, "--allowed-clients has no effect"},
		"help":                    {[]string{"serve", "--help"}, nil, "$AGENTCORE_GATEWAY_MCP_ALLOWED_CLIENTS"},
		"no command":              {[]string{"surf"}, nil, `there is no command "surf"`},
		"no flag":                 {[]string{"serve", "--surf"}, nil, "flag provided but not defined: -surf; see serve --help"},
		"too much":                {[]string{"serve", "surf"}, nil, "unexpected argument surf; see serve --help"},
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

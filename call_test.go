package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/tutorial"
)

// What people type works, wherever flags and arguments stand, or it is said what to type.
func TestCallAsTyped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args           []string
		status         int
		stdout, stderr []string
	}{
		"a flag after the tool":      {[]string{"call", "get_target", "--target", "mcp-server-target", "--json", "--local"}, 0, []string{`"name": "mcp-server-target"`}, nil},
		"a tool as a command":        {[]string{"--local", "--json", "list_gateways"}, 0, []string{`"gateways": [`}, nil},
		"its flags behind it":        {[]string{"list_gateways", "-local", "--log-level", "error"}, 0, []string{"ac-gateway-mcp-server"}, nil},
		"gateway is the tool's":      {[]string{"list_targets", "--local", "--gateway", "nobody"}, 1, nil, []string{`no gateway named "nobody"`}},
		"gateway is the program's":   {[]string{"create_gateway", "--local", "--gateway", "ac-gateway-mcp-server"}, 1, nil, []string{"create_gateway is not there where --gateway names"}},
		"a boolean before a flag":    {[]string{"synchronize_target", "--local", "--target", "mcp-server-target", "--dryRun", "--json"}, 0, []string{`"outcome": "planned"`}, nil},
		"hyphens":                    {[]string{"synchronize_target", "--local", "--target", "mcp-server-target", "--dry-run", "--wait-seconds", "9", "--json"}, 0, []string{`"outcome": "planned"`}, nil},
		"commas":                     {[]string{"synchronize_targets", "--local", "--targets", "mcp-server-target, nobody"}, 1, nil, []string{`no target named "nobody"`}},
		"commas and repetition":      {[]string{"synchronize_targets", "--local", "--targets", "mcp-server-target", "--targets", "mcp-server-target,nobody"}, 1, nil, []string{`no target named "nobody"`}},
		"a list as JSON":             {[]string{"synchronize_targets", "--local", "--targets", `["mcp-server-target","a,b"]`}, 1, nil, []string{`no target named "a,b"`}},
		"an empty value in a list":   {[]string{"synchronize_targets", "--local", "--targets", ""}, 1, nil, []string{"[] is the empty list"}},
		"a flag is no value":         {[]string{"get_target", "--local", "--target", "--json"}, 1, []string{`"error": "--target has no value`}, []string{"--target has no value"}},
		"a value that looks like it": {[]string{"get_target", "--local", "--target=--json"}, 1, nil, []string{`no target named "--json"`}},
		"-h of a tool":               {[]string{"call", "list_tools", "-h"}, 0, []string{"Lists the tools that a gateway serves now", "--page"}, nil},
		"how to write arguments":     {[]string{"help", "synchronize_targets"}, 0, []string{"A list is --targets a,b or repeated.", "--notSyncedSince may be --not-synced-since."}, nil},
		"needed first":               {[]string{"help", "create_gateway"}, 0, []string{"\n\n  --authorizer", "(required); one of CUSTOM_JWT"}, nil},
		"help before a tool":         {[]string{"call", "--help", "list_tools"}, 0, []string{"Lists the tools that a gateway serves now"}, nil},
		"help call TOOL":             {[]string{"help", "call", "list_tools"}, 0, []string{"Lists the tools that a gateway serves now"}, nil},
		"help TOOL":                  {[]string{"help", "list_tools"}, 0, []string{"Lists the tools that a gateway serves now"}, nil},
		"help of a command":          {[]string{"help", "serve"}, 0, []string{"Flags:\n  --addr HOST:PORT", "help flags"}, nil},
		"help of call":               {[]string{"call", "--help"}, 0, []string{"Flags:\n  --color", "Exit status", "help flags"}, nil},
		"help flags":                 {[]string{"help", "flags"}, 0, []string{"--read-only", "$AGENTCORE_GATEWAY_MCP_READ_ONLY"}, nil},
		"help restore":               {[]string{"call", "restore", "-h"}, 0, []string{"call restore FILE [--dry-run]"}, nil},
		"help of nothing":            {[]string{"help", "surf"}, 1, nil, []string{`no help on "surf"`}},
		"tools without a region":     {[]string{"call"}, 0, []string{"synchronize_target", "create_gateway"}, nil},
		"tools that only read":       {[]string{"call", "--read-only", "--toolsets", "targets"}, 0, []string{"list_targets"}, nil},
		"a plan's next":              {[]string{"synchronize_target", "--local", "--target", "mcp-server-target", "--dry-run"}, 0, []string{"run it again without --dryRun"}, nil},
		"a refusal":                  {[]string{"delete_target", "--local", "--target", "mcp-server-target"}, 1, nil, []string{"run it again with --confirm mcp-server-target"}},
		"no memory":                  {[]string{"update_target_endpoint", "--local", "--target", "x", "--previous"}, 1, nil, []string{"call restore FILE goes back"}},
		"no command":                 {[]string{"sync"}, 1, nil, []string{`there is no command "sync", and no tool`, "call for all tools"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, status := output(t, program(t, c.args...))
			if status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			for _, want := range c.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, stdout)
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, stderr)
				}
			}
			if c.stderr == nil && stderr != "" {
				t.Errorf("stderr: %s", stderr)
			}
			if c.stdout == nil && stdout != "" {
				t.Errorf("stdout: %s", stdout)
			}
			if strings.HasPrefix(name, "help of") && strings.Contains(stdout, "READ_ONLY") {
				t.Errorf("it has the flags of every command:\n%s", stdout)
			}
			if name == "tools that only read" && (strings.Contains(stdout, "synchronize_target") || strings.Contains(stdout, "list_runtimes")) {
				t.Errorf("it has more:\n%s", stdout)
			}
			if !slices.Contains(c.args, "--json") && strings.Contains(stdout+stderr, "call again") {
				t.Errorf("it speaks of calls:\n%s%s", stdout, stderr)
			}
		})
	}
}

// With --json, stdout is one JSON document, whatever is wrong.
func TestCallJSONAlways(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		status int
		error  string // "" for an answer
	}{
		"an answer":        {[]string{"call", "--local", "--json", "list_targets"}, 0, ""},
		"all tools":        {[]string{"call", "--json"}, 0, ""},
		"a tool's help":    {[]string{"call", "list_tools", "--help", "--json"}, 0, ""},
		"help":             {[]string{"call", "--json", "--help"}, 0, ""},
		"help on restore":  {[]string{"call", "restore", "--json", "--help"}, 0, ""},
		"a tool's error":   {[]string{"call", "--local", "--json", "get_target", "--target", "mcp-server"}, 1, "did you mean mcp-server-target"},
		"a failed change":  {[]string{"call", "--local", "--json", "update_target_endpoint", "--target", "mcp-server-target", "--endpoint", "http://127.0.0.1:1/mcp", "--confirm", "mcp-server-target"}, 1, ""},
		"help on a tool":   {[]string{"--json", "help", "list_tools"}, 0, ""},
		"help, the flag":   {[]string{"help", "list_tools", "--json"}, 0, ""},
		"all help":         {[]string{"--json", "--help"}, 0, ""},
		"help, a value":    {[]string{"--json=true", "help", "list_tools"}, 0, ""},
		"no such help":     {[]string{"--json", "help", "surf"}, 1, `no help on "surf"`},
		"no such tool":     {[]string{"call", "--json", "resync"}, 1, `no tool named "resync"`},
		"not a command":    {[]string{"--json", "resync"}, 1, `no command "resync"`},
		"not there":        {[]string{"call", "--json", "--read-only", "synchronize_target", "--target", "x"}, 1, "--read-only leaves only"},
		"no such argument": {[]string{"call", "list_tools", "--targte", "x", "--json"}, 1, "has no argument --targte"},
		"no such flag":     {[]string{"call", "--json", "--surf", "list_tools"}, 1, "flag provided but not defined: --surf"},
		"a wrong value":    {[]string{"call", "--json", "list_tools", "--page", "first"}, 1, `"first" is not a number`},
		"a wrong schema":   {[]string{"call", "--json", "--local", "synchronize_target"}, 1, "target"},
		"no region":        {[]string{"call", "--json", "list_gateways"}, 1, "no AWS region is set"},
		"no credentials":   {[]string{"call", "--json", "--region", "us-east-1", "list_gateways"}, 1, "no usable AWS credentials"},
		"wiring":           {[]string{"call", "--json", "--region", "us-east-1", "--trusted-endpoints", "*.com", "list_gateways"}, 1, "--trusted-endpoints"},
		"a log level":      {[]string{"call", "--json", "--log-level", "loud", "list_gateways"}, 1, `--log-level "loud"`},
		"a toolset":        {[]string{"call", "--json", "--toolsets", "loud", "list_gateways"}, 1, `--toolsets "loud"`},
		"restore":          {[]string{"call", "--json", "restore"}, 1, "needs the FILE"},
		"expect":           {[]string{"call", "--json", "--expect", "/nowhere", "check_drift", "--target", "x"}, 1, "--expect"},
		"exit-code":        {[]string{"call", "--json", "--exit-code", "list_targets"}, 1, "list_targets has none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, status := output(t, program(t, c.args...))
			if status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			var said struct{ Error *string }
			decoder := json.NewDecoder(strings.NewReader(stdout))
			if err := decoder.Decode(&said); err != nil || decoder.More() {
				t.Fatalf("no JSON document, or several: %v\n%s", err, stdout)
			}
			switch {
			case c.error == "" && said.Error != nil:
				t.Errorf("an error: %s", *said.Error)
			case c.error != "" && (said.Error == nil || !strings.Contains(*said.Error, c.error)):
				t.Errorf("lacks %q: %s", c.error, stdout)
			case c.error != "" && strings.TrimSuffix(stderr, "\n") != "error: "+*said.Error:
				t.Errorf("a person reads %s", stderr)
			}
		})
	}
}

// It is one document, too, where it is not read far enough to see --json, or where that
// is in the environment; and none where another command is meant, whose stdout it is not.
func TestCallJSONUnread(t *testing.T) {
	t.Parallel()
	const on, off = "AGENTCORE_GATEWAY_MCP_JSON=true", "AGENTCORE_GATEWAY_MCP_JSON=false"
	for name, c := range map[string]struct {
		args  []string
		env   []string
		error string // "" for no document
	}{
		"no such value":             {[]string{"call", "--json=maybe", "list_targets"}, nil, `invalid boolean value "maybe"`},
		"before the command":        {[]string{"--json=maybe", "call", "list_targets"}, nil, `invalid boolean value "maybe"`},
		"before a tool":             {[]string{"--json=maybe", "list_targets"}, nil, `invalid boolean value "maybe"`},
		"nothing else":              {[]string{"-json=maybe"}, nil, `invalid boolean value "maybe"`},
		"a wrong flag before":       {[]string{"--surf", "--json", "nosuch"}, nil, "flag provided but not defined: --surf"},
		"the variable":              {[]string{"call", "list_targets"}, []string{"AGENTCORE_GATEWAY_MCP_JSON=maybe"}, "$AGENTCORE_GATEWAY_MCP_JSON is"},
		"a wrong colour":            {[]string{"call", "--color", "x", "list_targets"}, []string{on}, `invalid value "x" for flag --color`},
		"a wrong colour in front":   {[]string{"--color", "x", "nosuch"}, []string{on}, `invalid value "x" for flag --color`},
		"a wrong rate in front":     {[]string{"--aws-read-rate", "x", "list_targets"}, []string{on}, `invalid value "x" for flag --aws-read-rate`},
		"restore":                   {[]string{"--aws-read-rate", "x", "restore", "f"}, []string{on}, `invalid value "x" for flag --aws-read-rate`},
		"call":                      {[]string{"--aws-read-rate", "x", "call"}, []string{on}, `invalid value "x" for flag --aws-read-rate`},
		"a wrong colour, as well":   {[]string{"call", "list_targets"}, []string{on, "AGENTCORE_GATEWAY_MCP_COLOR=q"}, "$AGENTCORE_GATEWAY_MCP_COLOR is"},
		"no such tool":              {[]string{"nosuch"}, []string{on}, `there is no command "nosuch"`},
		"the line over it":          {[]string{"nosuch", "--json"}, []string{off}, `there is no command "nosuch"`},
		"off":                       {[]string{"call", "--json=false", "--surf"}, []string{on}, ""},
		"the last one":              {[]string{"call", "--json", "--json=0", "--surf"}, nil, ""},
		"off, in the environment":   {[]string{"nosuch"}, []string{off}, ""},
		"not filled":                {[]string{"nosuch"}, []string{"AGENTCORE_GATEWAY_MCP_JSON=${user_config.json}"}, ""},
		"not asked for":             {[]string{"nosuch"}, nil, ""},
		"MCP":                       {[]string{"--aws-read-rate", "x"}, []string{on}, ""},
		"another command":           {[]string{"serve", "--auth", "basic"}, []string{on}, ""},
		"another command's mistake": {[]string{"--aws-read-rate", "x", "serve"}, []string{on}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := program(t, c.args...)
			cmd.Env = append(cmd.Env, c.env...)
			stdout, stderr, status := output(t, cmd)
			if status != 1 || stderr == "" {
				t.Errorf("exit status %d, %s", status, stderr)
			}
			if c.error == "" {
				if stdout != "" {
					t.Errorf("stdout: %s", stdout)
				}
				return
			}
			var said struct{ Error string }
			decoder := json.NewDecoder(strings.NewReader(stdout))
			if err := decoder.Decode(&said); err != nil || decoder.More() || !strings.Contains(said.Error, c.error) || "error: "+said.Error+"\n" != stderr {
				t.Errorf("%v: %s%s", err, stdout, stderr)
			}
		})
	}
	help := program(t, "call", "--help")
	help.Env = append(help.Env, on)
	if stdout, stderr, status := output(t, help); status != 0 || !strings.HasPrefix(stdout, "{") {
		t.Errorf("help: %d %s%s", status, stdout, stderr)
	}
	help = program(t, "help", "list_tools") // which is no call
	help.Env = append(help.Env, on)
	if stdout, stderr, status := output(t, help); status != 0 || !strings.HasPrefix(stdout, "list_tools") {
		t.Errorf("help: %d %s%s", status, stdout, stderr)
	}
}

// --exit-code says what differs where nothing was approved.
func TestCallExitCode(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, true)
	run := func(want int, says string, args ...string) {
		t.Helper()
		cmd := program(t, append([]string{"call"}, args...)...)
		into(cmd, w)
		if stdout, stderr, status := output(t, cmd); status != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("%v: status %d, want %d and %q:\n%s%s", args, status, want, says, stdout, stderr)
		}
	}
	run(0, "1 drifted", "check_drift")
	run(10, "1 drifted", "--exit-code", "check_drift")
	run(10, "+ cancelOrder", "synchronize_target", "--target", tutorial.Target, "--dry-run", "--exit-code")
	run(1, "give synchronize_target --dryRun", "synchronize_target", "--target", tutorial.Target, "--exit-code")
	run(0, "synchronized", "synchronize_target", "--target", tutorial.Target)
	run(0, "1 in sync", "--exit-code", "check_drift")
	run(0, "planned", "--exit-code", "synchronize_target", "--target", tutorial.Target, "--dryRun")
	run(10, "description", "--exit-code", "update_target", "--target", tutorial.Target, "--description", "another", "--dry-run")
	run(20, "not checked", "--exit-code", "update_target_endpoint", "--target", tutorial.Target, "--endpoint", newLister(t, []string{"x"}), "--dry-run")

	run(0, "created", "create_target", "--name", "open", "--endpoint", newLister(t, []string{"x", "y"}))
	run(11, "- y", "--exit-code", "update_target_endpoint", "--target", "open", "--endpoint", newLister(t, []string{"x"}), "--dry-run")
	run(0, "updated", "update_target", "--target", "open", "--listing-mode", "DYNAMIC")
	run(0, "unchanged", "--exit-code", "update_target", "--target", "open", "--listing-mode", "DYNAMIC", "--dry-run")
	run(20, "1 unknown", "--exit-code", "check_drift")
	run(1, "did you mean", "--exit-code", "check_drift", "--target", "mcp-server-targ")
}

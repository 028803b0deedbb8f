package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"agentcore-gateway-mcp/tutorial"
)

// What is wrong is told in lines that fit a terminal, in one where it is piped.
func TestErrorsFit(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"surf"},
		{"help", "surf"},
		{"call", "--gateway", "orders", "create_gateway"},
		{"restore", "--help"},
		{"call", "--help"},
	} {
		for _, width := range []int{60, 80} {
			written, _ := onTerminal(t, program(t, args...), width)
			screen, err := shown(written, width)
			if err != nil || len(screen.wrapped) > 0 {
				t.Errorf("%v at %d columns: %v, rows %v are broken by the terminal:\n%s", args, width, err, screen.wrapped, screen)
			}
		}
		if _, stderr, status := output(t, program(t, args...)); status != 0 && (strings.Count(stderr, "\n") != 1 || len(stderr) < 80) {
			t.Errorf("%v, piped: %q", args, stderr)
		}
	}
}

// The demo fits a terminal, whatever is set for the user's own gateways.
func TestDemoFits(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"demo"}, {"demo", "--self"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			cmd := program(t, args...)
			cmd.Env = append(cmd.Env, "AGENTCORE_GATEWAY_MCP_SELF=orders_v1", "AGENTCORE_GATEWAY_MCP_READ_ONLY=true", "AGENTCORE_GATEWAY_MCP_TRUSTED_ENDPOINTS=*.com")
			written, status := onTerminal(t, cmd, 80)
			screen, err := shown(written, 80)
			for _, row := range screen.wrapped { // what is to be copied stays in one piece
				if line := strings.Join(screen.rows[row-1], ""); !strings.Contains(line, "arn:aws") {
					t.Errorf("the terminal breaks %q", line)
				}
			}
			if err != nil || status != 0 || !strings.Contains(screen.String(), "All 5 steps") {
				t.Errorf("status %d, %v:\n%s", status, err, screen)
			}
		})
	}
}

// A person who starts the program alone is told what it waits for, in one line; a client
// is not, and a signal is no error to either.
func TestAloneOnTerminal(t *testing.T) {
	t.Parallel()
	near, far, err := openTerminal(80)
	if err != nil {
		t.Skipf("no terminal here: %v", err)
	}
	defer near.Close()
	cmd := program(t)
	cmd.Env = append(cmd.Env, "AWS_REGION=us-east-1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
	err = cmd.Start()
	far.Close()
	if err != nil {
		t.Fatal(err)
	}
	said := &printed{more: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(said, near) // until the program has ended
	}()
	said.until(t, "\r\n")
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("at Ctrl-C: %v", err)
	}
	<-read
	text := said.text()
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "MCP over stdio") || !strings.Contains(text, "agentcore-gateway-mcp help") || len(text) > 82 {
		t.Errorf("the terminal shows %q", text)
	}
}

// The limit of --gateway is told with where it comes from: tools have an argument of that
// name.
func TestWhoseLimit(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	ask := []string{"list_targets", "--gateway", "nope"}
	for name, c := range map[string]struct {
		args     []string
		variable bool
		want     string
	}{
		"the variable": {append([]string{"call"}, ask...), true, "here that limit is $AGENTCORE_GATEWAY_MCP_GATEWAY"},
		"the flag":     {append([]string{"call", "--gateway", tutorial.Gateway}, ask...), true, "here that limit is the --gateway of call, which stands before the tool's name"},
		"no limit":     {append([]string{"call"}, ask...), false, "no gateway named"},
	} {
		cmd := program(t, c.args...)
		into(cmd, w)
		if !c.variable {
			cmd.Env = append(cmd.Env, "AGENTCORE_GATEWAY_MCP_GATEWAY=", "AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_ID=", "AGENTCORE_GATEWAY_MCP_GATEWAY_SCOPE=")
		}
		_, stderr, status := output(t, cmd)
		if status != 1 || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "here that limit") != c.variable {
			t.Errorf("%s: status %d, %s", name, status, stderr)
		}
	}
}

package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

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

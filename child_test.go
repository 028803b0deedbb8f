package main

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"agentcore-gateway-mcp/tutorial"
)

// start runs the program until the test ends, asks it to end then, and fails
// the test if it does not end well. What it prints, on either stream, can be
// read meanwhile.
func start(t *testing.T, cmd *exec.Cmd) *printed {
	t.Helper()
	p := &printed{more: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := <-ended; err != nil { // the end of the test's context has asked it to end
			t.Errorf("%v: %v\n%s", cmd.Args, err, p.text())
		}
	})
	return p
}

type printed struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{}
}

func (p *printed) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return p.b.Write(data)
}

func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func (p *printed) until(t *testing.T, want string) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(p.text(), want) {
		select {
		case <-p.more:
		case <-deadline:
			t.Fatalf("%q is not printed: %s", want, p.text())
		}
	}
	return p.text()
}

// quickWorld is the tutorial's world, seeded, on a local AgentCore of the test's own; stale
// as [tutorial.World.Seed] has it.
func quickWorld(t *testing.T, stale bool) *tutorial.World {
	t.Helper()
	w, err := tutorial.Start(t.Context(), tutorial.Options{Log: discard(), Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Seed(t.Context(), stale); err != nil {
		t.Fatal(err)
	}
	return w
}

// into leads a program to a world.
func into(cmd *exec.Cmd, w *tutorial.World) {
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+w.URL)
	for _, setting := range w.Settings() {
		cmd.Env = append(cmd.Env, setting[0]+"="+setting[1])
	}
}

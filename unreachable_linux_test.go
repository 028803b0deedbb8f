package main

import (
	"strings"
	"testing"
)

// Who calls from a shell learns why an endpoint cannot be reached, and no log line is
// between that and the answer.
func TestCallSaysWhyUnreachable(t *testing.T) {
	s := newStudio(t)
	_, url := s.server(orderTools)
	s.target("orders", url)
	closed := closedAddress(t)
	for _, args := range [][]string{
		{"create_target", "--name", "returns", "--endpoint", closed},
		{"create_target", "--name", "returns", "--endpoint", closed, "--dryRun"},
		{"update_target_endpoint", "--target", "orders", "--endpoint", closed, "--dryRun"},
	} {
		stdout, stderr, _ := output(t, s.call(args...))
		if all := stdout + stderr; !strings.Contains(all, "the connection was refused") || strings.Contains(all, "log") || strings.Contains(all, "cause=") {
			t.Errorf("%v: %s%s", args, stdout, stderr)
		}
	}
}

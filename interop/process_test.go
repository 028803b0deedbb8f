package interop_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// longest is more than any process here may take, on a busy machine.
	longest = 2 * time.Minute
	// lifetime bounds a process in the background: tests that run in parallel
	// wait for their turn while it lives.
	lifetime = 10 * time.Minute
)

// result is what a finished process left.
type result struct {
	stdout, stderr []byte
	status         int
}

// run runs a process to its end, whatever its exit status.
func run(t *testing.T, env []string, name string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = env, &stdout, &stderr, 5*time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); ctx.Err() != nil || (err != nil && !errors.As(err, &exit)) {
		t.Fatalf("%s %q: %v, %v\n%s%s", filepath.Base(name), args, err, ctx.Err(), &stdout, &stderr)
	}
	return result{stdout.Bytes(), stderr.Bytes(), cmd.ProcessState.ExitCode()}
}

// succeed runs a process that has to end with exit status 0.
func succeed(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	r := run(t, env, name, args...)
	if r.status != 0 {
		t.Fatalf("%s %q: exit status %d\n%s%s", filepath.Base(name), args, r.status, r.stdout, r.stderr)
	}
	return r.stdout
}

// start starts the program, returns what it printed up to the first line that
// matches ready, and ends it gracefully with the test.
func start(t *testing.T, ready *regexp.Regexp, args ...string) string {
	t.Helper()
	printed, _ := background(t, ready, environment(t.TempDir()), program, args...)
	return printed
}

// background is start for any process. later is what it printed since, which is
// complete once the process has ended.
func background(t *testing.T, ready *regexp.Regexp, env []string, name string, args ...string) (printed string, later func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), lifetime) // t's own ends before the clean-up
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.WaitDelay = env, 5*time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var (
		before strings.Builder
		mu     sync.Mutex
		after  strings.Builder
	)
	later = func() string {
		mu.Lock()
		defer mu.Unlock()
		return after.String()
	}
	begun, ended := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(ended)
		waiting := true
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if !waiting {
				mu.Lock()
				after.WriteString(lines.Text() + "\n")
				mu.Unlock()
				continue
			}
			before.WriteString(lines.Text() + "\n")
			if ready.MatchString(lines.Text()) {
				waiting = false
				begun <- true
			}
		}
		if waiting {
			begun <- false
		}
	}()
	t.Cleanup(func() {
		defer cancel()
		cmd.Process.Signal(os.Interrupt)
		<-ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("%q after an interrupt: %v", args, err)
		}
		if t.Failed() {
			t.Logf("%q printed meanwhile:\n%s", args, later())
		}
	})
	if !<-begun {
		t.Fatalf("%q ended too early:\n%s", args, before.String())
	}
	return before.String(), later
}

// serving is how the program, and the orders server, say where they listen.
var serving = regexp.MustCompile(`(?:msg="serving MCP" url=|orders with \d tools at )(\S+)`)

// serve starts the program over HTTP, with a local AgentCore whose gateway does
// not know of the third tool of its MCP server, and returns its MCP URL.
func serve(t *testing.T) string {
	t.Helper()
	return serving.FindStringSubmatch(start(t, serving, "serve", "--local", "--addr", "127.0.0.1:0"))[1]
}

// environment is that of a process in which nothing comes from the user's own
// AWS or MCP configuration. home may be the real one.
func environment(home string, more ...string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + os.TempDir(), "NO_PROXY=*", "NO_COLOR=1",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", // the AWS CLI's first major version knows the second only
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	}
	return append(env, more...) // of two settings of a variable the last counts
}

// missing skips a test whose client is not on this machine, or fails it where
// REQUIRE_INTEROP=1 says that all of them are.
func missing(t *testing.T, what, remedy string) {
	t.Helper()
	if os.Getenv("REQUIRE_INTEROP") == "1" {
		t.Fatalf("%s: %s", what, remedy)
	}
	t.Skipf("%s: %s", what, remedy)
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The commands that a change prints are those that lead back, with the same flags, and
// no more than that: a server's URL does not have another one run.
func TestWayBackIsACommand(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "agentcore-gateway-mcp"), []byte("#!/bin/sh\nprintf '%s\\0' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ran := func(command string) []string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
		out, _, status := output(t, cmd)
		if made, err := os.ReadDir(dir); status != 0 || err != nil || len(made) > 0 {
			t.Errorf("%s: status %d, it has made %v, %v", command, status, made, err)
		}
		return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := program(t, append([]string{"call", "--region", "us-east-1"}, args...)...)
		cmd.Env = append(cmd.Env, "HOME="+t.TempDir())
		into(cmd, w)
		stdout, stderr, _ := output(t, cmd)
		return stdout + stderr
	}
	lister := newLister(t, []string{"x"})
	for target, path := range map[string]string{
		"evil":   `/mcp/confirm set to "$(touch${IFS}pwned)"`,
		"dryRun": "/mcp/runtimeArn/statusReasons",
		"quotes": `/mcp/a'b;touch pwned;'`,
	} {
		if said := run("create_target", "--name", target, "--endpoint", lister+path, "--confirm", target); !strings.Contains(said, "created") {
			t.Fatal(said)
		}
		said := run("update_target_endpoint", "--target", target, "--endpoint", "http://127.0.0.1:9/mcp", "--onFailure", "keep", "--confirm", target)
		back := regexp.MustCompile(`to go back, (.*)`).FindStringSubmatch(said)
		before := regexp.MustCompile(`(?m)^before: (\S+) \((.*) puts it back\)$`).FindStringSubmatch(said)
		if back == nil || before == nil {
			t.Fatalf("no way back:\n%s", said)
		}
		if got, want := ran(back[1]), []string{"call", "--region", "us-east-1", "update_target_endpoint", "--gateway", "ac-gateway-mcp-server", "--target", target, "--endpoint", lister + path}; !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", back[1], got, want)
		}
		if got, want := ran(before[2]), []string{"call", "--region", "us-east-1", "restore", before[1]}; !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", before[2], got, want)
		}
		if said := run("delete_target", "--target", target); !strings.Contains(said, "target "+target+" was not deleted") || !strings.HasSuffix(said, "run it again with --confirm "+target+"\n") {
			t.Error(said)
		}
	}
}

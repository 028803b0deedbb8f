package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/tutorial"
)

// What a call changes is kept first, in a file of its user's, whose path it says; call
// restore puts it back, the same way as any change.
func TestRestore(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	home := t.TempDir()
	run := func(args ...string) (stdout, stderr string, status int) {
		t.Helper()
		cmd := program(t, append([]string{"call", "--gateway", tutorial.Gateway}, args...)...)
		cmd.Env = append(cmd.Env, "HOME="+home)
		into(cmd, w)
		return output(t, cmd)
	}
	client, err := aws.New(t.Context(), w.AWS())
	if err != nil {
		t.Fatal(err)
	}
	settings := func() string {
		t.Helper()
		target, err := client.Target(t.Context(), w.GatewayID, w.TargetID)
		if err != nil {
			t.Fatal(err)
		}
		text, err := target.Edited(aws.Edit{})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	named := regexp.MustCompile(`(?m)^before: (\S+) \(agentcore-gateway-mcp call restore '(\S+)' puts it back\)$`)
	kept := func(stderr string) string {
		t.Helper()
		found := named.FindStringSubmatch(stderr)
		if found == nil || found[1] != found[2] {
			t.Fatalf("no file is named: %s", stderr)
		}
		if strings.Contains(stderr, "{") {
			t.Errorf("the configuration is on the terminal: %s", stderr)
		}
		if !strings.HasPrefix(found[1], filepath.Join(home, ".local", "state", "agentcore-gateway-mcp")) {
			t.Errorf("it is kept in %s", found[1])
		}
		return found[1]
	}

	before := settings()
	_, stderr, status := run("update_target", "--target", tutorial.Target, "--description", "another", "--requestHeaders", "[]")
	file := kept(stderr)
	if status != 0 || settings() == before {
		t.Fatalf("nothing was changed: %d %s", status, stderr)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v %v", info, err)
	}
	plan, _, status := run("restore", file, "--dry-run")
	if status != 0 || !strings.Contains(plan, "description") || !strings.Contains(plan, "planned") {
		t.Errorf("the plan: %d %s", status, plan)
	}
	if _, stderr, status = run("restore", file); status != 1 || !strings.Contains(stderr, "X-Correlation-Id") || !strings.Contains(stderr, "--confirm ") {
		t.Errorf("headers go to the server again, and nobody was asked: %d %s", status, stderr)
	}
	if _, stderr, status = run("restore", file, "--confirm", tutorial.Target, "--plan", "000000000000-000000000000-000000000000"); status != 1 || !strings.Contains(stderr, "the plan is not true any more") {
		t.Errorf("held to another plan: %d %s", status, stderr)
	}
	stdout, stderr, status := run("restore", file, "--confirm", tutorial.Target, "--plan", regexp.MustCompile(`plan (\S+):`).FindStringSubmatch(plan)[1])
	if status != 0 || settings() != before || !strings.Contains(stdout, "updated, READY") || !strings.Contains(stdout, "the tools are those that its server offers now") {
		t.Errorf("restored: %d\n got %s\nwant %s\n%s%s", status, settings(), before, stdout, stderr)
	}
	if again := kept(stderr); again == file {
		t.Error("what restore replaced is not kept")
	}
	if stdout, _, status = run("--json", "restore", file); status != 0 || !strings.Contains(stdout, `"outcome": "unchanged"`) {
		t.Errorf("restored twice: %d %s", status, stdout)
	}

	// A gateway likewise; with a role that is put back a person is asked.
	_, stderr, status = run("update_gateway", "--roleArn", "arn:aws:iam::123456789012:role/another", "--confirm", tutorial.Gateway)
	file = kept(stderr)
	if status != 0 {
		t.Fatalf("the gateway was not updated: %s", stderr)
	}
	if _, stderr, status = run("restore", file); status != 1 || !strings.Contains(stderr, "roleArn") || !strings.Contains(stderr, "--confirm ") {
		t.Errorf("without confirmation: %d %s", status, stderr)
	}
	if stdout, stderr, status = run("restore", "--confirm", tutorial.Gateway, file); status != 0 || !strings.Contains(stdout, "updated") {
		t.Errorf("the gateway was not restored: %d %s %s", status, stdout, stderr)
	}
	g, err := client.Gateway(t.Context(), w.GatewayID)
	if err != nil || strings.HasSuffix(g.RoleARN, "another") {
		t.Errorf("the gateway's role is %s, %v", g.RoleARN, err)
	}

	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no file":      {[]string{"restore"}, "needs the FILE"},
		"two files":    {[]string{"restore", file, file}, "takes one file"},
		"not there":    {[]string{"restore", file + "x"}, "no such file"},
		"another file": {[]string{"restore", "/proc/self/status"}, "no configuration that was kept"},
		"read-only":    {[]string{"--read-only", "restore", file}, "--read-only"},
	} {
		if _, stderr, status := run(c.args...); status != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: %d %s", name, status, stderr)
		}
	}

	// A pin that is restored serves what was pinned.
	_, _, _ = run("pin_target_tools", "--target", tutorial.Target)
	_, stderr, _ = run("unpin_target_tools", "--target", tutorial.Target)
	if stdout, stderr, status := run("restore", kept(stderr), "--confirm", tutorial.Target); status != 0 || !strings.Contains(stdout, "updated") || strings.Contains(stdout, "that its server offers now") {
		t.Errorf("a pin restored: %d %s %s", status, stdout, stderr)
	}

	// What was deleted is not made anew.
	_, stderr, _ = run("delete_target", "--target", tutorial.Target, "--confirm", tutorial.Target)
	found := regexp.MustCompile(`(?m)^before: (\S+) \(its settings, for making it anew: what is deleted is not restored\)$`).FindStringSubmatch(stderr)
	if found == nil {
		t.Fatalf("no file is named: %s", stderr)
	}
	file = found[1]
	if _, stderr, status = run("restore", file); status != 1 || !strings.Contains(stderr, "has been deleted") {
		t.Errorf("of a deleted target: %d %s", status, stderr)
	}
	_, stderr, _ = run("delete_gateway", "--confirm", tutorial.Gateway)
	if found = regexp.MustCompile(`(?m)^before: (\S+-gateway-\S+) \(its settings`).FindStringSubmatch(stderr); found == nil {
		t.Fatalf("no file is named: %s", stderr)
	}
	if _, stderr, status = run("restore", found[1]); status != 1 || !strings.Contains(stderr, "its gateway has been deleted") {
		t.Errorf("of a deleted gateway: %d %s", status, stderr)
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/tutorial"
)

// A kept file may be forged, or old: it takes a word for all that a change takes one for,
// and leaves its line.
func TestRestoreOfAForgedFile(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	home := t.TempDir()
	log := filepath.Join(home, "audit")
	run := func(args ...string) (stdout, stderr string, status int) {
		t.Helper()
		cmd := program(t, append([]string{"call", "--audit-log", log, "--gateway", tutorial.Gateway}, args...)...)
		cmd.Env = append(cmd.Env, "HOME="+home)
		into(cmd, w)
		return output(t, cmd)
	}
	named := regexp.MustCompile(`(?m)^before: (\S+) `)
	_, stderr, _ := run("update_target", "--target", tutorial.Target, "--description", "another")
	file := named.FindStringSubmatch(stderr)[1]
	lines := func() int {
		data, _ := os.ReadFile(log)
		return strings.Count(string(data), "\n")
	}
	n := lines()
	if n != 1 {
		t.Fatalf("%d lines of an update", n)
	}
	if _, stderr, status := run("restore", file); status != 0 {
		t.Fatal(stderr)
	}
	if lines() != n+1 {
		t.Errorf("a restoration left %d lines in the audit log", lines()-n)
	}
	forge := func(from string, change func(kept, configuration map[string]any)) string {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		var kept map[string]any
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		change(kept, kept["configuration"].(map[string]any))
		data, _ = json.Marshal(kept)
		to := filepath.Join(t.TempDir(), "forged.json")
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return to
	}
	client, err := aws.New(t.Context(), w.AWS())
	if err != nil {
		t.Fatal(err)
	}
	oauth := func(c map[string]any) map[string]any {
		return c["credentialProviderConfigurations"].([]any)[0].(map[string]any)["credentialProvider"].(map[string]any)["oauthCredentialProvider"].(map[string]any)
	}
	for name, change := range map[string]func(kept, c map[string]any){
		"customParameters": func(_, c map[string]any) {
			oauth(c)["customParameters"] = map[string]any{"audience": "https://elsewhere.example"}
		},
		"privateEndpoint": func(_, c map[string]any) {
			c["privateEndpoint"] = map[string]any{"selfManagedLatticeResource": map[string]any{"resourceConfigurationIdentifier": "rcfg-0123456789abcdef0"}}
		},
	} {
		before, _ := client.Target(t.Context(), w.GatewayID, w.TargetID)
		stdout, stderr, status := run("restore", forge(file, change))
		now, _ := client.Target(t.Context(), w.GatewayID, w.TargetID)
		if !strings.Contains(stderr, "--confirm ") {
			t.Errorf("%s: nobody was asked: %d %s %s (changed: %t)", name, status, stdout, stderr, !now.UpdatedAt.Equal(before.UpdatedAt))
		}
	}
	for name, change := range map[string]func(kept, c map[string]any){
		"another gateway": func(kept, _ map[string]any) {
			kept["gateway"] = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/other-abcdefghij"
		},
		"unknown":      func(_, c map[string]any) { c["unheardOf"] = 1 },
		"another name": func(_, c map[string]any) { c["name"] = "other" },
		"id is a name": func(_, c map[string]any) { c["targetId"] = tutorial.Target },
		"null":         func(kept, _ map[string]any) { kept["configuration"] = nil },
		"a list":       func(kept, _ map[string]any) { kept["configuration"] = []any{} },
		"kind":         func(kept, _ map[string]any) { kept["kind"] = "\x1b[31mx" },
		"kind gateway": func(kept, _ map[string]any) { kept["kind"] = "gateway" },
		"huge name":    func(kept, c map[string]any) { c["name"] = strings.Repeat("\x1b[2J", 1<<20/4); kept["name"] = c["name"] },
	} {
		stdout, stderr, status := run("restore", forge(file, change))
		if name != "id is a name" && (status != 1 || strings.Contains(stdout, "updated")) || len(stderr) > 10_000 || strings.Contains(stderr, "\x1b") {
			t.Errorf("%s: %d %.300q %.300q (%d bytes)", name, status, stdout, stderr, len(stderr))
		}
	}
	_, stderr, _ = run("update_gateway", "--description", "x")
	file = named.FindStringSubmatch(stderr)[1]
	for name, change := range map[string]func(kept, c map[string]any){
		"name":           func(_, c map[string]any) { c["name"] = "renamed" },
		"another's file": func(_, c map[string]any) { c["gatewayId"] = "other-abcdefghij" },
		"exceptionLevel": func(_, c map[string]any) { c["exceptionLevel"] = "DEBUG" },
		"waf":            func(_, c map[string]any) { c["wafConfiguration"] = map[string]any{"failureMode": "FAIL_OPEN"} },
	} {
		stdout, stderr, status := run("restore", forge(file, change))
		if status != 1 || strings.Contains(stdout, "updated") {
			t.Errorf("gateway %s: %d %.600q %.300q", name, status, stdout, stderr)
		}
	}
}

// Where neither file nor audit log can be written.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	run := func(args ...string) (stdout, stderr string, status int) {
		t.Helper()
		cmd := program(t, append([]string{"call", "--gateway", tutorial.Gateway}, args...)...)
		cmd.Env = append(cmd.Env, "HOME="+t.TempDir())
		into(cmd, w)
		return output(t, cmd)
	}
	if _, stderr, status := run("--audit-log", "/dev/full", "update_target", "--target", tutorial.Target, "--description", "one"); status == 0 && !strings.Contains(stderr, "audit") {
		t.Errorf("changed without a line, and nothing said of it: %d %s", status, stderr)
	}
	if stdout, stderr, _ := run("--state-dir", "/dev/null/x", "update_target", "--target", tutorial.Target, "--description", "two"); !strings.Contains(stderr, "targetConfiguration") {
		t.Errorf("the configuration is kept nowhere: %s\n%s", stderr, stdout)
	}
}

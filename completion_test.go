package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/tutorial"
)

// Commands, flags, tools, arguments, values and names from the account are completed.
func TestCandidates(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	for line, want := range map[string]string{
		"zsh|se":                                       "serve\tServe MCP over streamable HTTP at /mcp.",
		"zsh|list_ta":                                  "list_targets\tLists a gateway's targets, failures first, with status, reasons and endpoint.",
		"bash|list_ta":                                 "list_targets",
		"bash|call|list_ta":                            "list_targets",
		"bash|help|list_ta":                            "list_targets",
		"bash|help|call|list_ta":                       "list_targets",
		"bash|help|fl":                                 "flags",
		"bash|serve|list":                              "",
		"bash|completion|":                             "bash zsh fish",
		"bash|get_target|":                             "--target --gateway",
		"bash|get_target|--target|x|":                  "--gateway",
		"bash|get_target|--gateway|x|--js":             "--json",
		"bash|call|get_target|--target|x|--ta":         "",
		"bash|synchronize_target|--wait":               "--waitSeconds",
		"bash|synchronize_target|--wait-":              "--wait-seconds",
		"bash|synchronize_targets|--targets|x|--targe": "--targets",
		"bash|serve|--addr|x|--al":                     "--algorithms --allowed-audience --allowed-clients --allowed-hosts --allowed-scopes",
		"bash|serve|--auth|":                           "none jwt platform",
		"bash|call|--exit":                             "--exit-code",
		"bash|--log-level|w":                           "warn",
		"bash|--toolsets|targets,g":                    "targets,gateways",
		"bash|update_target|--onFailure|revert_":       "revert_on_loss revert_on_breaking",
		"bash|update_target|--on-failure|=|k":          "keep",
		"zsh|update_target|--on-failure=k":             "--on-failure=keep",
		"bash|get_target|--gateway|":                   tutorial.Gateway,
		"bash|--gateway|ac-":                           tutorial.Gateway,
		"bash|get_target|--target|":                    tutorial.Target,
		"bash|get_target|--target|'mcp":                tutorial.Target,
		"bash|get_target|--target|=":                   tutorial.Target,
		"bash|get_target|--target|=|mcp":               tutorial.Target,
		"fish|get_target|--target=mcp":                 "--target=" + tutorial.Target,
		"bash|get_target|--gateway|" + tutorial.Gateway + "|--target|":            tutorial.Target,
		"bash|get_target|--gateway|nobody|--target|":                              "",
		"bash|--gateway|nobody|get_target|--target|":                              "",
		"bash|get_target|--region|eu-west-1|--target|":                            "", // another world
		"bash|get_target|--log-level|info|--target|":                              "", // the environment names another gateway
		"bash|get_target|--target|n":                                              "",
		"bash|synchronize_targets|--targets|a,":                                   "a," + tutorial.Target,
		"bash|synchronize_targets|--targets|" + tutorial.Target + ",":             "", // the only one, given already
		"bash|synchronize_targets|--targets|" + tutorial.Target + "|--targets|":   "",
		"bash|synchronize_targets|--targets|=|" + tutorial.Target + "|--targets|": "",
		"bash|synchronize_targets|--targets|a|--targets|b,":                       "b," + tutorial.Target,
		"bash|--toolsets|targets,gateways,":                                       "targets,gateways,identity targets,gateways,runtimes targets,gateways,all",
		"bash|create_":                                                            "create_credential_provider create_target", // the environment names a gateway
		"bash|call|create_":                                                       "create_credential_provider create_target",
		"bash|help|create_g":                                                      "create_gateway",
		"bash|--read-only|call|synchron":                                          "",
		"bash|call|--read-only|rest":                                              "",
		"bash|call|rest":                                                          "restore",
		"bash|call|--toolsets|targets|list_r":                                     "",
		"bash|call|--toolsets|targets,runtimes|list_r":                            "list_runtimes",
		"bash|delete_target|--confirm|":                                           "", // a person's word
		"bash|call|restore|":                                                      ":files",
		"bash|call|--expect|":                                                     ":files",
		"bash|call|restore|f|--d":                                                 "--dry-run",
		"bash|get_target|--audit-log|" + filepath.Join(t.TempDir(), "no", "such") + "|--target|": tutorial.Target,
		"bash": "",
		"":     "",
	} {
		cmd := program(t, append([]string{"__complete"}, strings.Split(line, "|")...)...)
		into(cmd, w)
		if strings.Contains(line, "log-level") {
			cmd.Env = append(cmd.Env, "AGENTCORE_GATEWAY_MCP_GATEWAY=nobody")
		}
		stdout, stderr, status := output(t, cmd)
		got := strings.Join(strings.Split(strings.TrimSuffix(stdout, "\n"), "\n"), " ")
		if got != want || stderr != "" || status != 0 {
			t.Errorf("%s: status %d, %q, stderr %s, want %q", line, status, got, stderr, want)
		}
	}
}

// Nothing that an account answers gets to a shell but names; where it does not answer,
// nobody waits, and no error is seen.
func TestCandidatesOfAnAccount(t *testing.T) {
	t.Parallel()
	var items []string
	for i, name := range []string{"good-1", "$(touch pwned)", "`id`", "a b", "x;y", "-n", "--target", "a'b", "\\u001b[2J", "*", "a=b", "good_2.x", "日本"} {
		items = append(items, fmt.Sprintf(`{"gatewayId":"!%d","name":%q,"status":"READY","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","authorizerType":"NONE","protocolType":"MCP"}`, i, name))
	}
	methods := make(chan string, 100)
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods <- r.Method + " " + r.URL.Path
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"items":[%s]}`, strings.ReplaceAll(strings.Join(items, ","), `\\u`, `\u`))
	}))
	defer account.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, c := range map[string]struct{ url, want string }{
		"hostile": {account.URL, "good-1\ngood_2.x\n"},
		"silent":  {"http://" + silent.Addr().String(), ""},
		"none":    {"", ""},
	} {
		cmd := program(t, "__complete", "bash", "get_gateway", "--gateway", "")
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+c.url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
		start := time.Now()
		stdout, stderr, status := output(t, cmd)
		if stdout != c.want || stderr != "" || status != 0 {
			t.Errorf("%s: status %d, %q, stderr %s", name, status, stdout, stderr)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
	close(methods)
	for m := range methods {
		if !strings.HasSuffix(m, "/gateways/") && !strings.HasPrefix(m, "GET") {
			t.Errorf("it asked for more than a list: %s", m)
		}
	}
}

// The script of bash does in bash what the program says.
func TestBashCompletion(t *testing.T) {
	t.Parallel()
	w := quickWorld(t, false)
	script := scriptOf(t, "bash")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string][]string{
		"list_ta":                            {"list_targets"},
		"get_target|--target|":               {tutorial.Target},
		"get_target|--target|=|mc":           {tutorial.Target},
		"get_target|--target|zz":             {},
		"get_target|--target|$(touch pwned)": {},
		"call|--expect|a":                    {"a file"},
		"call|--expect|=":                    {"a file"},
		"call|restore|a":                     {"a file"},
	} {
		words := append([]string{"bash", "--norc", "--noprofile", "-c", `source "$1" && shift && complete -p agentcore-gateway-mcp >/dev/null && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _agentcore_gateway_mcp && for c in "${COMPREPLY[@]}"; do echo "$c"; done`, "bash", script, path}, strings.Split(line, "|")...)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		into(cmd, w)
		stdout, stderr, status := output(t, cmd)
		if got := strings.FieldsFunc(stdout, func(r rune) bool { return r == '\n' }); !slices.Equal(got, want) || stderr != "" {
			t.Errorf("%s: status %d, %q, stderr %s, want %q", line, status, got, stderr, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a word was run")
	}
}

// Each script is one for its shell, which says so where it is there.
func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := scriptOf(t, shell)
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(data); !strings.Contains(text, "__complete "+shell+" ") || !strings.Contains(text, "2>/dev/null </dev/null") || strings.Contains(text, "eval") {
			t.Errorf("the script of %s:\n%s", shell, text)
		}
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		if out, err := exec.CommandContext(t.Context(), shell, "-n", script).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s does not read its script: %v %s", shell, err, out)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "csh"}, {"completion", "bash", "zsh"}} {
		if stdout, stderr, status := output(t, program(t, args...)); status != 1 || stdout != "" || !strings.Contains(stderr, "fish") {
			t.Errorf("%v: status %d, %s %s", args, status, stdout, stderr)
		}
	}
}

func scriptOf(t *testing.T, shell string) (path string) {
	t.Helper()
	stdout, stderr, status := output(t, program(t, "completion", shell))
	if status != 0 || stderr != "" {
		t.Fatalf("completion %s: status %d, %s", shell, status, stderr)
	}
	path = filepath.Join(t.TempDir(), "completion."+shell)
	if err := os.WriteFile(path, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

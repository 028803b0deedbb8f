package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	own "agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/tutorial"
)

// newLister is an MCP server with tools of these names.
func newLister(t *testing.T, names []string) string {
	t.Helper()
	list := []map[string]any{}
	for _, name := range names {
		list = append(list, map[string]any{"name": name, "description": "about " + name[:min(len(name), 100)], "inputSchema": map[string]any{"type": "object"}})
	}
	listed := jsonOf(map[string]any{"tools": list})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		result := listed
		if m.Method == "initialize" {
			result = jsonOf(map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{"tools": map[string]any{}}, "serverInfo": map[string]any{"name": "s", "version": "1"}})
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// What servers call their tools neither holds a shell command up nor writes to
// the terminal what it likes; --json has all of it, for --expect.
func TestCallWithHostileNames(t *testing.T) {
	w, err := tutorial.Start(t.Context(), tutorial.Options{Log: discard(), Quick: true, ToolsPerTarget: 10_000, ToolName: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Seed(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	names := []string{"x\ny  synchronized, READY", "\x1b]52;c;cm0=\x07", "注文"}
	for i := range 2999 {
		names = append(names, fmt.Sprintf("tool%04d", i))
	}
	client, err := own.New(t.Context(), w.AWS())
	if err != nil {
		t.Fatal(err)
	}
	// The gateway keeps what was there first; then the server shows its face.
	created, err := client.CreateTarget(t.Context(), w.GatewayID, own.NewTarget{Name: "hostile", Endpoint: newLister(t, names[2:])})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitTarget(t.Context(), w.GatewayID, created, nil); err != nil {
		t.Fatal(err)
	}
	enormous := append(names, strings.Repeat("\u202e", 5<<20/3))
	other, err := client.CreateTarget(t.Context(), w.GatewayID, own.NewTarget{Name: "enormous", Endpoint: newLister(t, enormous)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitTarget(t.Context(), w.GatewayID, other, nil); err != nil {
		t.Fatal(err)
	}
	path, err := buildUnraced()
	if err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (string, int) {
		t.Helper()
		cmd := program(t, append([]string{"call"}, args...)...)
		cmd.Path, cmd.Args[0] = path, path // reading has 10 s, which megabytes need with the race detector
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+w.URL)
		for _, setting := range w.Settings() {
			cmd.Env = append(cmd.Env, setting[0]+"="+setting[1])
		}
		start := time.Now()
		stdout, stderr, status := output(t, cmd)
		if took := time.Since(start); took > 60*time.Second {
			t.Errorf("%v took %s", args, took)
		}
		for _, r := range stdout + stderr {
			if r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\u202e' {
				t.Errorf("%v prints U+%04X", args, r)
				break
			}
		}
		return stdout + stderr, status
	}
	out, _ := call("list_tools")
	for _, want := range []string{"hostile___注文", "enormous___x<U+000A>y  synchronized", "enormous___<U+001B>]52;c;cm0=<U+0007>", "enormous___<U+202E><U+202E>"} {
		if !strings.Contains(out, want) {
			t.Errorf("list_tools does not print %s", want)
		}
	}
	if len(out) > 2<<20 {
		t.Errorf("list_tools prints %d bytes", len(out))
	}
	out, status := call("check_drift")
	if status != 0 || !strings.Contains(out, "enormous  in_sync") || len(out) > 64<<10 {
		t.Errorf("check_drift: status %d, %d bytes: %.300s", status, len(out), out)
	}
	approved := filepath.Join(t.TempDir(), "approved.json")
	out, _ = call("--json", "check_drift", "--target", "enormous")
	var whole struct {
		Targets []struct{ Hashes map[string]string }
	}
	if !strings.Contains(out, "…(1747626 characters, sha256 ") {
		t.Errorf("--json does not name the long name: %.300s", out)
	}
	if err := json.Unmarshal([]byte(out), &whole); err != nil || len(whole.Targets) != 1 || len(whole.Targets[0].Hashes) != len(enormous) {
		t.Fatalf("--json does not have every hash: %v", err)
	}
	if err := os.WriteFile(approved, []byte(strings.Replace(out, `"hashes": {`, `"hashes": {"gone\u001b[8m": "00",`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status = call("--expect", approved, "check_drift", "--target", "enormous"); status != 11 || !strings.Contains(out, "gone<U+001B>[8m is not offered any more") {
		t.Errorf("--expect: status %d: %.300s", status, out)
	}
	var document struct {
		InSync   int
		Expected struct {
			ExitStatus  int
			Differences []string
		}
	}
	out, status = call("--json", "--expect", approved, "check_drift", "--target", "enormous")
	if err := json.Unmarshal([]byte(out), &document); err != nil || status != 11 || document.Expected.ExitStatus != 11 || len(document.Expected.Differences) == 0 || document.InSync != 1 {
		t.Errorf("--json --expect is one document: status %d, %v: %+v", status, err, document)
	}
}

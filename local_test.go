package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// runLocal starts `local` with these flags and returns what it prints.
func runLocal(t *testing.T, flags ...string) string {
	t.Helper()
	return start(t, program(t, append([]string{"local"}, flags...)...)).until(t, "Ctrl-C")
}

// A local AgentCore has the same ids and secrets at each start, so that what another
// terminal was told stays true; with another seed it has others.
func TestLocalIsTheSameAtEachStart(t *testing.T) {
	stable := regexp.MustCompile(`(?m)^(Gateway .*|export \S+SECRET=.*|.*--runtimeArn .*)$`)
	said := func(flags ...string) string {
		return strings.Join(stable.FindAllString(runLocal(t, append([]string{"--addr", "127.0.0.1:0"}, flags...)...), -1), "\n")
	}
	first := said()
	if strings.Count(first, "\n") != 2 || !strings.Contains(first, "SECRET=") {
		t.Fatalf("stable: %s", first)
	}
	if again := said(); again != first {
		t.Errorf("at the next start\n%s\nwant\n%s", again, first)
	}
	if other := said("--seed", "other"); other == first {
		t.Error("another seed makes no difference")
	}
	if random := said("--seed", ""); random == first || random == said("--seed", "") {
		t.Error("without a seed it is the same")
	}
}

// Everything that another program needs is printed, and written into a file.
func TestLocalTellsHowToReachIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	port := freePort(t)
	said := runLocal(t, "--addr", port, "--env-file", file)
	base := "http://127.0.0.1:" + port
	for _, want := range []string{
		"listens on " + base, "export AWS_ENDPOINT_URL_SECRETS_MANAGER=" + base + "\n", base + "/gateway/ac-gateway-mcp-server-", base + "/cognito/us-east-1_", "/oauth2/token",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	var exports strings.Builder
	for _, line := range regexp.MustCompile(`(?m)^export (.+)$`).FindAllStringSubmatch(said, -1) {
		exports.WriteString(line[1] + "\n")
	}
	written, err := os.ReadFile(file)
	if err != nil || string(written) != exports.String() {
		t.Errorf("the file has %s, %v; want %s", written, err, exports.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	_, stderr, status := output(t, program(t, "local", "--addr", port))
	if status != 1 || !strings.Contains(stderr, "another program has this port") || !strings.Contains(stderr, "--addr") {
		t.Errorf("a second one: exit status %d, %s", status, stderr)
	}
}

// An empty one has an issuer, whose clients come by flag or by the request that it
// prints.
func TestEmptyLocalHasAnIssuer(t *testing.T) {
	said := runLocal(t, "--addr", "127.0.0.1:0", "--empty", "--client", "agent:hush:gateway/invoke+gateway/read")
	tokens := regexp.MustCompile(`tokens +(\S+)`).FindStringSubmatch(said)
	if tokens == nil {
		t.Fatal(said)
	}
	resp, err := http.PostForm(tokens[1], url.Values{"grant_type": {"client_credentials"}, "client_id": {"agent"}, "client_secret": {"hush"}, "scope": {"gateway/read"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var token map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token["access_token"] == nil {
		t.Errorf("%d %v %v", resp.StatusCode, token, err)
	}
	if said := runLocal(t, "--addr", "127.0.0.1:0", "--empty"); !strings.Contains(said, "/clients -H 'Content-Type: application/json'") {
		t.Errorf("the request is not told: %s", said)
	}
}

func TestLocalRefusesFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"--addr=0.0.0.0:8042":                  "not on loopback",
		"--addr=99999":                         "not on loopback",
		"--runtime=orders":                     "is not NAME=URL",
		"--runtime=orders=http://10.0.0.1/mcp": "the process of runtime orders: ",
		"--client=agent:hush":                  "--client is not ID:SECRET:SCOPE",
		"--tools-per-target=10001":             "give 1 to 10000",
	} {
		_, stderr, status := output(t, program(t, "local", flag))
		if status != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "hush") {
			t.Errorf("%s: exit status %d, %s", flag, status, stderr)
		}
	}
}

// freePort is a port that nobody listens on, and below those that a system gives to who
// asks for any: another test does not take it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		if l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

package interop_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tutorial's cells, by boto3 alone, on `local`, empty or with the tutorial's own
// world beside: with its own form of a runtime's URL, processes as container URIs, and a
// client that a flag has made.
func TestTutorialFromBoto3(t *testing.T) {
	t.Parallel()
	python := fromPython(t, "python3")
	for name, flags := range map[string][]string{"empty": {"--empty"}, "seeded": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "env")
			said := start(t, regexp.MustCompile("Ctrl-C"), append([]string{"local", "--addr", "127.0.0.1:0", "--env-file", file, "--client", "tutorial:hush:gateway/invoke+runtime/invoke"}, flags...)...)
			issuer := regexp.MustCompile(`(http://\S+)/oauth2/token`).FindStringSubmatch(said)
			if issuer == nil {
				t.Fatalf("no issuer is printed: %s", said)
			}
			variables, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			settings := append(strings.Fields(string(variables)), "DISCOVERY_URL="+issuer[1]+"/.well-known/openid-configuration", "TOKEN_URL="+issuer[0], "CLIENT=tutorial", "SECRET=hush")
			if name == "seeded" {
				settings = append(settings, "SUFFIX=2")
			}
			for i, name := range []string{"V1", "V2", "V3"} {
				settings = append(settings, name+"="+strings.TrimPrefix(listen(t, ordersServer(t, i+2)), "http://")+"/mcp")
			}
			if out := succeed(t, pythonEnvironment(settings...), python, "aws/tutorial.py"); lastLine(out) != "the tutorial is played and cleaned up" {
				t.Errorf("it printed %s", out)
			}
		})
	}
}

// botocore calls every implemented operation that it knows, and every answer has the
// shape that its model says. MANAGED secrets are not readable, so GetSecretValue is
// called by nobody here.
func TestBotocoreKnowsEveryAnswer(t *testing.T) {
	t.Parallel()
	python := fromPython(t, "python3")
	file := filepath.Join(t.TempDir(), "env")
	said := start(t, regexp.MustCompile("Ctrl-C"), "local", "--empty", "--addr", "127.0.0.1:0", "--env-file", file, "--client", "tutorial:hush:gateway/invoke+runtime/invoke")
	issuer := regexp.MustCompile(`discovery URL +(\S+)`).FindStringSubmatch(said)
	variables, err := os.ReadFile(file)
	if err != nil || issuer == nil {
		t.Fatalf("%v %s", err, said)
	}
	ledger, err := os.ReadFile("../docs/evidence.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var implemented []string
	for line := range strings.Lines(string(ledger)) {
		if f := strings.Split(line, "\t"); f[0] == "operation" && f[2] != "absent" && f[1] != "GetSecretValue" {
			implemented = append(implemented, f[1])
		}
	}
	settings := append(strings.Fields(string(variables)), "DISCOVERY_URL="+issuer[1], "CLIENT=tutorial", "SECRET=hush",
		"OPERATIONS="+strings.Join(implemented, ","), "V1="+strings.TrimPrefix(listen(t, ordersServer(t, 2)), "http://")+"/mcp")
	t.Logf("%s", succeed(t, pythonEnvironment(settings...), python, "aws/operations.py"))
}

package interop_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
)

// awsCLI is the AWS CLI with the settings that "local" told its user to export.
type awsCLI struct {
	path string
	env  []string
}

func newAWSCLI(t *testing.T, exports []string) awsCLI {
	t.Helper()
	c := awsCLI{fromPython(t, "aws"), pythonEnvironment(append(exports, "AWS_PAGER=")...)}
	if r := c.run(t, "get-gateway-target", "--generate-cli-skeleton"); r.status != 0 {
		missing(t, "the AWS CLI is too old for AgentCore: "+lastLine(r.stderr), pythonRemedy)
	}
	return c
}

func (c awsCLI) run(t *testing.T, args ...string) result {
	t.Helper()
	return run(t, c.env, c.path, append([]string{"bedrock-agentcore-control"}, args...)...)
}

// answer is what is read of any command's JSON.
type answer struct {
	GatewayID, TargetID, Name, Status string
	LastSynchronizedAt                string // ISO 8601
	Items                             []answer
	Targets                           []answer
}

func (c awsCLI) succeed(t *testing.T, args ...string) answer {
	t.Helper()
	r := c.run(t, args...)
	var a answer
	if r.status == 0 && len(r.stdout) > 0 {
		if err := json.Unmarshal(r.stdout, &a); err != nil {
			t.Fatalf("aws %q: %v in %s", args, err, r.stdout)
		}
	}
	if r.status != 0 {
		t.Fatalf("aws %q: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
	}
	return a
}

// refused wants the CLI to tell an error of the service, for which its first
// major version has the exit status 255 and its second 254.
func (c awsCLI) refused(t *testing.T, code string, args ...string) {
	t.Helper()
	if r := c.run(t, args...); r.status < 254 || !strings.Contains(string(r.stderr), "An error occurred ("+code+")") {
		t.Errorf("aws %q: exit status %d, want %s\n%s%s", args, r.status, code, r.stdout, r.stderr)
	}
}

// until asks until done, which it has to be within a while.
func (c awsCLI) until(t *testing.T, done func(answer) bool, args ...string) answer {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		a := c.succeed(t, args...)
		if done(a) {
			return a
		}
		if time.Now().After(deadline) {
			t.Fatalf("aws %q: still %+v", args, a)
		}
	}
}

func ready(a answer) bool { return a.Status == "READY" }

var (
	exported = regexp.MustCompile(`(?m)\b(AWS_[A-Z_]+)=(\S+)`)
	newURL   = regexp.MustCompile(`no token: \S+ and (\S+)`)
)

// TestAWSCLI follows what "local" prints: its exports lead the AWS CLI to the
// tutorial's gateway, whose target is behind its MCP server.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	printed := start(t, regexp.MustCompile(`^Everything is gone`), "local", "--addr", "127.0.0.1:0")
	c := newAWSCLI(t, exported.FindAllString(printed, -1))

	gateways := c.succeed(t, "list-gateways").Items
	if len(gateways) != 1 || gateways[0].Name != "ac-gateway-mcp-server" || !ready(gateways[0]) {
		t.Fatalf("gateways: %+v", gateways)
	}
	of := func(gateway string, command ...string) []string {
		return append(command, "--gateway-identifier", gateway)
	}
	gateway := gateways[0].GatewayID
	targets := c.succeed(t, of(gateway, "list-gateway-targets")...).Items
	if len(targets) != 1 || targets[0].Name != "mcp-server-target" || !ready(targets[0]) {
		t.Fatalf("targets: %+v", targets)
	}
	target := targets[0].TargetID
	get := of(gateway, "get-gateway-target", "--target-id", target)

	t.Run("synchronize", func(t *testing.T) {
		t.Parallel()
		before := c.succeed(t, get...).LastSynchronizedAt
		asked := c.succeed(t, of(gateway, "synchronize-gateway-targets", "--target-id-list", target)...).Targets
		if len(asked) != 1 || asked[0].Status != "SYNCHRONIZING" {
			t.Errorf("synchronize: %+v", asked)
		}
		if after := c.until(t, ready, get...).LastSynchronizedAt; before == "" || after <= before {
			t.Errorf("last synchronized %s, before %s", after, before)
		}
		c.refused(t, "ValidationException", of(gateway, "synchronize-gateway-targets", "--target-id-list", target, "0123456789")...)
		c.refused(t, "ResourceNotFoundException", of(gateway, "synchronize-gateway-targets", "--target-id-list", "0123456789")...)
	})
	t.Run("create, update, delete", func(t *testing.T) {
		t.Parallel()
		g := c.succeed(t, "create-gateway", "--name", "cli", "--role-arn", "arn:aws:iam::123456789012:role/r", "--protocol-type", "MCP", "--authorizer-type", "NONE").GatewayID
		c.until(t, ready, of(g, "get-gateway")...)
		configuration := `{"mcp":{"mcpServer":{"endpoint":"` + newURL.FindStringSubmatch(printed)[1] + `"}}}`
		created := c.succeed(t, of(g, "create-gateway-target", "--name", "orders", "--target-configuration", configuration)...).TargetID
		get := of(g, "get-gateway-target", "--target-id", created)
		c.until(t, ready, get...)
		c.succeed(t, of(g, "update-gateway-target", "--target-id", created, "--name", "renamed", "--target-configuration", configuration)...)
		if updated := c.until(t, ready, get...); updated.Name != "renamed" {
			t.Errorf("updated: %+v", updated)
		}
		c.refused(t, "ConflictException", of(g, "delete-gateway")...)
		c.succeed(t, of(g, "delete-gateway-target", "--target-id", created)...)
		c.until(t, func(a answer) bool { return len(a.Items) == 0 }, of(g, "list-gateway-targets")...)
		c.succeed(t, of(g, "delete-gateway")...)
	})
}

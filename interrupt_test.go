package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/tutorial"
)

// Ctrl-C says in one screen what is left at AWS and the way back, as JSON too, and
// never in Go's words.
func TestCallInterrupted(t *testing.T) {
	t.Parallel()
	move := []string{"update_target_endpoint", "--target", tutorial.Target, "--runtimeArn", "SUCCESSOR"}
	for name, c := range map[string]struct {
		args      []string
		operation string // after which it is interrupted
		left      bool   // an operation
		says      []string
	}{
		"an update":         {move, "UpdateGatewayTarget", true, []string{tutorial.Target + " is UPDATING", "before   PREVIOUS", "now      ", "reverted no: it is not put back if it fails", "look     agentcore-gateway-mcp call --region us-east-1 get_target --gateway " + tutorial.Gateway, "go back  agentcore-gateway-mcp call --region us-east-1 update_target_endpoint --gateway " + tutorial.Gateway + " --target " + tutorial.Target + " --endpoint 'PREVIOUS'"}},
		"a setting":         {[]string{"update_target", "--target", tutorial.Target, "--description", "other"}, "UpdateGatewayTarget", true, []string{tutorial.Target + " is UPDATING", "go back  agentcore-gateway-mcp call --region us-east-1 restore '/", "before: /"}},
		"a synchronization": {[]string{"synchronize_target", "--target", tutorial.Target}, "SynchronizeGatewayTargets", true, []string{tutorial.Target + " is SYNCHRONIZING", "look     agentcore-gateway-mcp call --region us-east-1 get_target"}},
		"many":              {[]string{"synchronize_targets"}, "SynchronizeGatewayTargets", true, []string{tutorial.Target + " is SYNCHRONIZING", "the same call again synchronizes the rest"}},
		"a deletion":        {[]string{"delete_target", "--target", tutorial.Target, "--confirm", tutorial.Target}, "DeleteGatewayTarget", true, []string{tutorial.Target + " is DELETING", "look     "}},
		"a creation":        {[]string{"create_target", "--name", "another", "--endpoint", "LISTER"}, "CreateGatewayTarget", true, []string{"another is CREATING", "look     "}},
		"a gateway":         {[]string{"update_gateway", "--description", "other"}, "UpdateGateway", false, []string{"what update_gateway had sent by then, if anything, goes on at AWS", "look with agentcore-gateway-mcp call --region us-east-1 list_gateways"}},
		"reading":           {[]string{"list_runtimes"}, "ListAgentRuntimes", false, []string{"interrupted"}},
	} {
		for _, format := range []string{"text", "json"} {
			t.Run(name+", "+format, func(t *testing.T) {
				t.Parallel()
				w := quickWorld(t, false)
				for _, status := range []types.TargetStatus{types.TargetStatusUpdating, types.TargetStatusSynchronizing, types.TargetStatusDeleting, types.TargetStatusCreating} {
					defer w.Cloud.Hold(status)()
				}
				args := []string{"call", "--region", "us-east-1"}
				for _, arg := range c.args {
					args = append(args, strings.NewReplacer("SUCCESSOR", w.NewRuntimeARN, "LISTER", newLister(t, []string{"x"})).Replace(arg))
				}
				if format == "json" {
					args = append(args, "--json")
				}
				sent := w.Cloud.Calls(c.operation)
				defer w.Cloud.Inject(emulator.Fault{Operation: "UpdateGateway", Delay: time.Minute})()
				defer w.Cloud.Inject(emulator.Fault{Operation: "ListAgentRuntimes", Delay: time.Minute})()
				cmd := program(t, args...)
				into(cmd, w)
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				within(t, 20*time.Second, c.operation+" was sent", func() bool { return w.Cloud.Calls(c.operation) > sent })
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_ = cmd.Wait() // its status says how it ended
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it took %s to end", took)
				}
				said := stderr.String()
				if cmd.ProcessState.ExitCode() != 130 || strings.Contains(said, "error:") || strings.Contains(said, "context canceled") || strings.Contains(said, "level=") || !strings.Contains("\n"+said, "\ninterrupted\n") {
					t.Errorf("status %d, %s", cmd.ProcessState.ExitCode(), said)
				}
				for _, want := range c.says {
					if want = strings.ReplaceAll(want, "PREVIOUS", w.Endpoint); !strings.Contains(said, want) {
						t.Errorf("stderr lacks %q:\n%s", want, said)
					}
				}
				if lines := strings.Count(said, "\n"); lines > 20 {
					t.Errorf("%d lines", lines)
				}
				var document struct {
					Error string
					Left  []struct{ Target string }
				}
				switch {
				case format == "text" && stdout.Len() > 0:
					t.Errorf("stdout: %s", stdout.String())
				case format == "json":
					if err := json.Unmarshal(stdout.Bytes(), &document); err != nil || document.Error != "interrupted" || (len(document.Left) == 1) != c.left {
						t.Errorf("%v: %s", err, stdout.String())
					}
				}
			})
		}
	}
}

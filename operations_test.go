package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/inbound"
	"agentcore-gateway-mcp/tutorial"
)

const endedAlone = "an operation ended for which nobody waited"

// answers calls a tool over HTTP and returns its answer.
func answers[Out any](t *testing.T, url, token, tool, arguments string) (out Out) {
	t.Helper()
	authorization := ""
	if token != "" {
		authorization = "Bearer " + token
	}
	_, body := bearing(t, url, authorization, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, arguments))
	_, event, _ := strings.Cut(body, "data: ")
	var message struct {
		Result struct{ StructuredContent json.RawMessage }
	}
	if err := json.Unmarshal([]byte(event), &message); err != nil {
		t.Fatalf("%s: %v: %s", tool, err, body)
	}
	if err := json.Unmarshal(message.Result.StructuredContent, &out); err != nil {
		t.Fatalf("%s: %v: %s", tool, err, body)
	}
	return out
}

type unheard struct {
	Outcome string
	Earlier []struct{ Outcome, Target string }
}

// Callers are told apart by their tokens: the end of an operation is its caller's.
func TestEndsAreTheirCallers(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	url, out := startServe(t, i.flags()...)
	writer, reader := i.token(t, "writer"), i.token(t, "reader")
	if first := answers[unheard](t, url, writer, "synchronize_target", `{"target":"mcp-server-target","waitSeconds":0}`); first.Outcome != "in_progress" {
		t.Fatalf("%+v", first)
	}
	out.until(t, endedAlone)
	if other := answers[unheard](t, url, reader, "list_targets", `{}`); len(other.Earlier) != 0 {
		t.Errorf("another caller is told: %+v", other)
	}
	if own := answers[unheard](t, url, writer, "list_targets", `{}`); len(own.Earlier) != 1 || own.Earlier[0].Outcome != "synchronized" {
		t.Errorf("the caller is not told: %+v", own)
	}
}

// A caller cannot name another one.
func TestCallerHeaderIsOurs(t *testing.T) {
	i := newIssuer(t)
	url, out := startServe(t, i.flags()...)
	answers[unheard](t, url, i.token(t, "writer"), "synchronize_target", `{"target":"mcp-server-target","waitSeconds":0}`)
	out.until(t, endedAlone)
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(readRequest))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "writer"} {
		req.Header.Set(inbound.CallerHeader, name)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		req.Header.Set("Authorization", "Bearer "+i.token(t, "reader"))
		req.Body = io.NopCloser(strings.NewReader(readRequest))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || strings.Contains(string(body), `"earlier"`) {
			t.Errorf("%s %s %v", resp.Status, body, err)
		}
	}
}

// A closed connection is a client that left: the work goes on, and the platform is
// told that it does.
func TestWorkGoesOnWithoutItsConnection(t *testing.T) {
	t.Parallel()
	url, out := startServe(t)
	ping := func() string {
		resp, err := http.Get(strings.TrimSuffix(url, "/mcp") + "/ping")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := ping(); got != `{"status":"Healthy"}` {
		t.Errorf("at rest: %s", got)
	}
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(writeRequest))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}()
	within(t, 10*time.Second, "the work has begun", func() bool { return ping() == `{"status":"HealthyBusy"}` })
	leave()
	<-gone
	out.until(t, endedAlone)
	within(t, 10*time.Second, "the work has ended", func() bool { return ping() == `{"status":"Healthy"}` })
	if later := answers[unheard](t, url, "", "list_targets", `{}`); len(later.Earlier) != 1 || later.Earlier[0].Target != "mcp-server-target" {
		t.Errorf("a later call is not told: %+v", later)
	}
}

// call is a process of its own: interrupted, or told not to wait, it says what it
// leaves and how to go back.
func TestCallLeavesAnUpdate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arguments []string
		interrupt bool
		status    int
	}{
		"interrupted":      {nil, true, 130},
		"told not to wait": {[]string{"--waitSeconds", "0"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quickWorld(t, false)
			release := w.Cloud.Hold(types.TargetStatusUpdating)
			defer release()
			cmd := program(t, append([]string{"call", "update_target_endpoint", "--target", tutorial.Target, "--runtimeArn", w.NewRuntimeARN}, c.arguments...)...)
			into(cmd, w)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if c.interrupt {
				within(t, 20*time.Second, "the update was sent", func() bool { return w.Cloud.Calls("UpdateGatewayTarget") > 0 })
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // its status says how it ended
			stderr, status := said.String(), cmd.ProcessState.ExitCode()
			back := "agentcore-gateway-mcp call update_target_endpoint --gateway " + tutorial.Gateway + " --target " + tutorial.Target + " --endpoint '" + w.Endpoint + "'"
			if status != c.status || !strings.Contains(stderr, tutorial.Target+" is UPDATING") || !strings.Contains(stderr, "it is not put back if it fails") || !strings.Contains(stderr, back) || strings.Contains(stderr, "level=") {
				t.Errorf("status %d, %s", status, stderr)
			}
		})
	}
}

// Without usable AWS settings a server over stdio stays, and answers each call with
// what to do: its client would show a closed connection and nothing else.
func TestStdioWithoutAWS(t *testing.T) {
	t.Parallel()
	session := overStdio(t, []string{"AWS_PROFILE=nowhere"})
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) < 12 {
		t.Fatalf("%v %v", list, err)
	}
	for _, tool := range []string{"list_gateways", "synchronize_target"} {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{}})
		if err != nil || !result.IsError || !strings.Contains(text(result), "nowhere") || !strings.Contains(text(result), "check --profile") {
			t.Errorf("%s: %+v %v", tool, result, err)
		}
	}
	if _, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways"}); err == nil || !strings.Contains(err.Error(), "check --profile") {
		t.Errorf("a resource: %v", err)
	}
	if _, stderr, status := output(t, program(t, "call", "--profile", "nowhere", "list_gateways")); status != 1 || !strings.Contains(stderr, "check --profile") {
		t.Errorf("call: status %d, %s", status, stderr)
	}
}

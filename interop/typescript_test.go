package interop_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// seen is what mcp/session.mjs reports.
type seen struct {
	ProtocolVersion               string
	Server                        string
	Tools                         []struct{ Name string }
	Prompts, Resources, Templates []string

	ListTargets, Synchronize, ListTools toolResult
	UnknownTarget, BadArguments         toolResult
	UnknownTool, UnknownResource        rpcError

	Progress []struct {
		Progress, Total float64
		Message         string
	}
	Prompt struct {
		Messages []struct {
			Role    string
			Content content
		}
	}
	Resource struct {
		Contents []struct{ URI, MimeType, Text string }
	}
}

type toolResult struct {
	Content           []content
	StructuredContent map[string]any
	IsError           bool
}

type content struct{ Type, Text string }

type rpcError struct {
	Code    int
	Message string
}

// TestTypeScriptClients has each of the two TypeScript SDKs drive the server,
// as a child process and over HTTP. Both check every structuredContent against
// the tool's output schema.
func TestTypeScriptClients(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, sdk := range []struct{ script, protocolVersion string }{
		{"mcp/v1.mjs", "2025-11-25"},
		{"mcp/v2.mjs", "2026-07-28"},
	} {
		session := func(transport ...string) func(*testing.T) {
			return func(t *testing.T) {
				t.Parallel()
				if transport[0] == "http" {
					transport = []string{"http", serve(t)}
				}
				var s seen
				if err := json.Unmarshal(n.script(t, nil, sdk.script, transport...), &s); err != nil {
					t.Fatal(err)
				}
				if s.ProtocolVersion != sdk.protocolVersion {
					t.Errorf("negotiated %q, want %q", s.ProtocolVersion, sdk.protocolVersion)
				}
				checkSession(t, s)
			}
		}
		t.Run(sdk.protocolVersion+"/stdio", session("stdio", program, "--local"))
		t.Run(sdk.protocolVersion+"/http", session("http"))
	}
}

func checkSession(t *testing.T, s seen) {
	t.Helper()
	if s.Server != "agentcore-gateway-mcp" {
		t.Errorf("server is %q", s.Server)
	}
	for _, name := range []string{"list_gateways", "get_gateway", "list_targets", "get_target", "list_tools", "synchronize_target", "update_target_endpoint"} {
		if !slices.ContainsFunc(s.Tools, func(tool struct{ Name string }) bool { return tool.Name == name }) {
			t.Errorf("no tool %s in %v", name, s.Tools)
		}
	}
	if !slices.Contains(s.Prompts, "resync_tools") || len(s.Resources) == 0 || len(s.Templates) == 0 {
		t.Errorf("prompts %q, resources %q, templates %q", s.Prompts, s.Resources, s.Templates)
	}

	checkResult(t, "list_targets", s.ListTargets)
	if targets := list(s.ListTargets.StructuredContent["targets"]); len(targets) != 1 || targets[0]["name"] != "mcp-server-target" || targets[0]["status"] != "READY" {
		t.Errorf("list_targets: %v", targets)
	}
	checkResult(t, "synchronize_target", s.Synchronize)
	tools, _ := s.Synchronize.StructuredContent["tools"].(map[string]any)
	if added := list(tools["added"]); s.Synchronize.StructuredContent["outcome"] != "synchronized" || len(added) != 1 || added[0]["name"] != "cancelOrder" {
		t.Errorf("synchronize_target: %v", s.Synchronize.StructuredContent)
	}
	checkProgress(t, s)
	checkResult(t, "list_tools", s.ListTools)
	if count := s.ListTools.StructuredContent["count"]; count != 3.0 {
		t.Errorf("list_tools counts %v tools after the synchronization, want 3", count)
	}

	checkError(t, "a target that is not there", s.UnknownTarget, `no target named "nowhere"`, "mcp-server-target")
	checkError(t, "bad arguments", s.BadArguments, "arguments", "colour")
	const invalidParams = -32602
	if s.UnknownTool.Code != invalidParams || !strings.Contains(s.UnknownTool.Message, "no_such_tool") {
		t.Errorf("a tool that is not there: %+v", s.UnknownTool)
	}
	if s.UnknownResource.Code != invalidParams || s.UnknownResource.Message == "" {
		t.Errorf("a resource that is not there: %+v", s.UnknownResource)
	}

	if m := s.Prompt.Messages; len(m) != 1 || m[0].Role != "user" || !strings.Contains(m[0].Content.Text, `synchronize_target for target "mcp-server-target"`) {
		t.Errorf("prompt: %+v", s.Prompt)
	}
	var configuration struct{ Name, Status string }
	if c := s.Resource.Contents; len(c) != 1 || c[0].MimeType != "application/json" || json.Unmarshal([]byte(c[0].Text), &configuration) != nil ||
		configuration.Name != "mcp-server-target" || configuration.Status != "READY" {
		t.Errorf("resource: %+v", s.Resource)
	}
}

// checkResult wants a success whose text is the JSON of its structuredContent.
func checkResult(t *testing.T, tool string, r toolResult) {
	t.Helper()
	var fromText map[string]any
	if r.IsError || len(r.Content) != 1 || r.Content[0].Type != "text" || json.Unmarshal([]byte(r.Content[0].Text), &fromText) != nil {
		t.Errorf("%s: %+v", tool, r)
		return
	}
	if !reflect.DeepEqual(fromText, r.StructuredContent) {
		t.Errorf("%s: text and structuredContent tell different stories:\n%v\n%v", tool, fromText, r.StructuredContent)
	}
}

func checkError(t *testing.T, what string, r toolResult, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !r.IsError || len(r.Content) != 1 || !strings.Contains(r.Content[0].Text, want) {
			t.Errorf("%s: %+v, want an error that says %s", what, r, want)
		}
	}
}

// checkProgress wants notifications that rise, as the protocol asks, and tell
// the target's state.
func checkProgress(t *testing.T, s seen) {
	t.Helper()
	if len(s.Progress) == 0 || !strings.Contains(s.Progress[0].Message, "mcp-server-target") {
		t.Errorf("progress: %+v", s.Progress)
	}
	for i, p := range s.Progress {
		if p.Total != 0 || (i > 0 && p.Progress <= s.Progress[i-1].Progress) { // how long it takes nobody knows
			t.Errorf("progress does not rise, or has a total: %+v", s.Progress)
		}
	}
}

func list(v any) []map[string]any {
	var out []map[string]any
	items, _ := v.([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

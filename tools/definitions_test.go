package tools_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tiktoken-go/tokenizer"

	"agentcore-gateway-mcp/tools"
)

// The definitions go to the model with every request, of every user.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{empty: true, tools: tools.Options{Toolsets: tools.Toolsets()}})
	list, err := b.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]tools.Toolset{}
	for _, tool := range tools.All() {
		sets[tool.Name] = tool.Toolset
	}
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	core := []string{"list_gateways", "get_gateway", "list_targets", "get_target", "list_tools", "synchronize_target", "update_target_endpoint"}
	total, ofCore, ofDefault, readOnly := 0, 0, 0, 0
	for _, tool := range list.Tools {
		a := tool.Annotations
		if a == nil || a.DestructiveHint == nil || a.OpenWorldHint == nil || a.Title == "" || tool.Title != a.Title {
			t.Errorf("%s: annotations are not all set: %+v", tool.Name, a)
		} else if a.ReadOnlyHint && *a.DestructiveHint {
			t.Errorf("%s: read-only and destructive", tool.Name)
		}
		if tool.OutputSchema == nil {
			t.Errorf("%s: no output schema", tool.Name)
		}
		schemas := string(encode(t, tool.InputSchema)) + string(encode(t, tool.OutputSchema))
		for _, bad := range []string{`"null"`, `"$ref"`, `"$defs"`, `"anyOf"`, `"oneOf"`} {
			if strings.Contains(schemas, bad) {
				t.Errorf("%s: a schema holds %s, which some clients or AgentCore refuse", tool.Name, bad)
			}
		}
		n, err := codec.Count(string(encode(t, map[string]any{"name": tool.Name, "description": tool.Description, "inputSchema": tool.InputSchema})))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-24s %4d tokens", tool.Name, n)
		total += n
		if slices.Contains(core, tool.Name) {
			ofCore += n
		}
		if sets[tool.Name] == tools.Targets {
			ofDefault += n
			if tool.Annotations.ReadOnlyHint {
				readOnly += n
			}
		}
	}
	t.Logf("%-24s %4d tokens", "the seven that everybody needs", ofCore)
	t.Logf("%-24s %4d tokens", "the default", ofDefault)
	t.Logf("%-24s %4d tokens", "the default, read-only", readOnly)
	t.Logf("%-24s %4d tokens", "all", total)
	if ofCore > 900 || ofDefault > 2500 || readOnly > 1200 || total > 3700 {
		t.Errorf("the definitions take %d tokens, %d of them those of the default, %d with --read-only, %d the seven core tools: at most 3700, 2500, 1200 and 900 are allowed", total, ofDefault, readOnly, ofCore)
	}

	// The whole list, answers' schemas included, goes to every client.
	inDefault := newBench(t, benchOptions{empty: true})
	byDefault, err := inDefault.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(encode(t, byDefault.Tools)); whole > 30_000 {
		t.Errorf("tools/list takes %d bytes, at most 30,000 are allowed", whole)
	}

	golden(t, "tools.json", list.Tools)
	// A client of the other revision sees the same.
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), b.transportTo(tools.NewServer(b.manager, tools.Options{Toolsets: tools.Toolsets(), Log: b.manager.Log})), &mcp.ClientSessionOptions{ProtocolVersion: revision})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		other, err := session.ListTools(t.Context(), nil)
		if err != nil || !bytes.Equal(encode(t, other.Tools), encode(t, list.Tools)) {
			t.Errorf("at %s tools/list is another: %v", revision, err)
		}
	}
}

// golden holds what a client sees to a file in testdata.
func golden(t *testing.T, name string, seen any) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got, err := json.MarshalIndent(seen, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("a client sees something else than %s has; if that is meant: go test ./tools -update", path)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// One predicate decides which tools exist: over either wire and at either revision the
// same are listed, and one that is not cannot be called, reads included.
func TestWhichToolsExist(t *testing.T) {
	t.Parallel()
	reading := map[tools.Toolset][]string{
		tools.Targets:  {"list_gateways", "get_gateway", "list_targets", "get_target", "list_tools", "check_drift", "diagnose_target"},
		tools.Identity: {"list_credential_providers", "get_credential_provider"},
		tools.Runtimes: {"list_runtimes", "get_runtime"},
	}
	writing := map[tools.Toolset][]string{
		tools.Targets: {"synchronize_target", "synchronize_targets", "update_target_endpoint", "update_target", "create_target", "delete_target", "pin_target_tools", "unpin_target_tools"},
		// create_gateway is added below
		tools.Gateways: {"update_gateway", "delete_gateway"},
		tools.Identity: {"create_credential_provider", "delete_credential_provider"},
		tools.Runtimes: {"delete_runtime"},
	}
	var everything []string
	for _, tool := range tools.All() {
		everything = append(everything, tool.Name)
	}
	for _, sets := range [][]tools.Toolset{nil, {tools.Targets}, {tools.Gateways}, {tools.Identity}, {tools.Runtimes}, {tools.Gateways, tools.Runtimes}, tools.Toolsets()} {
		for _, readOnly := range []bool{false, true} {
			for _, allowed := range [][]string{nil, {"shop"}} {
				t.Run(fmt.Sprintf("%q read-only=%t gateways=%q", sets, readOnly, allowed), func(t *testing.T) {
					t.Parallel()
					var want []string
					for _, set := range tools.Toolsets() {
						if len(sets) == 0 && set != tools.Targets || len(sets) > 0 && !slices.Contains(sets, set) {
							continue
						}
						want = append(want, reading[set]...)
						if !readOnly {
							want = append(want, writing[set]...)
							if set == tools.Gateways && allowed == nil {
								want = append(want, "create_gateway")
							}
						}
					}
					slices.Sort(want)
					b := newBench(t, benchOptions{})
					m := &gateway.Manager{Client: b.client, Allowed: allowed, Log: b.manager.Log, Transport: b.manager.Transport, Upstream: b.manager.Upstream}
					stopAfter(t, m)
					server := tools.NewServer(m, tools.Options{Toolsets: sets, ReadOnly: readOnly, Log: b.manager.Log})
					for _, overHTTP := range []bool{false, true} {
						for _, revision := range []string{"2025-11-25", "2026-07-28"} {
							b.offers(server, overHTTP, revision, want, everything)
						}
					}
				})
			}
		}
	}
}

func (b *bench) offers(server *mcp.Server, overHTTP bool, revision string, want, everything []string) {
	b.t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(b.t.Context(), b.transportOver(server, overHTTP), &mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		b.t.Fatal(err)
	}
	defer session.Close()
	list, err := session.ListTools(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, tool := range list.Tools {
		got = append(got, tool.Name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		b.t.Errorf("over HTTP %t at %s:\n got %q\nwant %q", overHTTP, revision, got, want)
	}
	for _, name := range everything {
		if slices.Contains(want, name) {
			continue
		}
		if result, err := session.CallTool(b.t.Context(), &mcp.CallToolParams{Name: name, Arguments: map[string]any{}}); err == nil || !strings.Contains(err.Error(), "unknown tool") {
			b.t.Errorf("%s over HTTP %t at %s: %+v, %v", name, overHTTP, revision, result, err)
		}
	}
}

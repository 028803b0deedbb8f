package tools_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

func prompted(name string) *mcp.CompleteReference {
	return &mcp.CompleteReference{Type: "ref/prompt", Name: name}
}

func addressed(path string) *mcp.CompleteReference {
	return &mcp.CompleteReference{Type: "ref/resource", URI: "agentcore://gateways" + path}
}

func completed(t *testing.T, session *mcp.ClientSession, ref *mcp.CompleteReference, argument, typed, of string) mcp.CompletionResultDetails {
	t.Helper()
	params := &mcp.CompleteParams{Ref: ref, Argument: mcp.CompleteParamsArgument{Name: argument, Value: typed}}
	if of != "" {
		params.Context = &mcp.CompleteContext{Arguments: map[string]string{"gateway": of}}
	}
	result, err := session.Complete(t.Context(), params)
	if err != nil {
		t.Fatalf("%+v, %s: %v", ref, argument, err)
	}
	if result.Completion.Values == nil {
		t.Errorf("%+v, %s: values are null", ref, argument)
	}
	return result.Completion
}

// What can be typed is what the account has now, by name or else by id.
func TestCompletions(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	other := b.newGateway("store")
	b.newTarget(other, "Orders-new", b.url)
	server := tools.NewServer(b.manager, tools.Options{})
	for _, era := range eras() {
		session := b.speaking(era, server)
		for _, c := range []struct {
			ref                 *mcp.CompleteReference
			argument, typed, of string
			want                string
		}{
			{prompted("triage_gateway"), "gateway", "s", "", "shop store"},
			{prompted("triage_gateway"), "gateway", "shop-", "", b.gatewayID},
			{prompted("triage_gateway"), "gateway", "STO", "", "store"},
			{prompted("triage_gateway"), "gateway", "tore", "", ""},
			{prompted("triage_gateway"), "gateway", other, "", other},
			{addressed("/{gateway}"), "gateway", "sto", "", "store"},
			{addressed("/{gateway}/targets/{target}"), "gateway", "sto", "", "store"},
			{addressed("/{gateway}/targets/{target}/tools"), "target", "", "shop", "orders"},
			{prompted("move_target"), "target", "ord", "shop", "orders"},
			{prompted("move_target"), "target", "ord", "store", "Orders-new"},
			{prompted("move_target"), "target", "ord", other, "Orders-new"},
			{prompted("move_target"), "target", b.targetID[:9], "shop", b.targetID},
			{prompted("move_target"), "target", "", "none", ""},
			{prompted("move_target"), "target", "", "", ""}, // which of the two gateways is not known
			{prompted("move_target"), "target", strings.Repeat("o", 100<<10), "shop", ""},
			{prompted("move_target"), "endpoint", "", "", ""},
			{prompted("move_target"), "runtime", "", "", ""}, // list_runtimes does not exist
			{prompted("set_up_target"), "provider", "", "", ""},
			{prompted("set_up_target"), "name", "", "", ""},
			{prompted("triage_gateway"), "target", "", "shop", ""}, // no argument of it
			{prompted("none"), "gateway", "", "", ""},
			{addressed("/{gateway}"), "target", "", "shop", ""},
			{addressed("/shop"), "gateway", "", "", ""},
		} {
			got := completed(t, session, c.ref, c.argument, c.typed, c.of)
			if values := strings.Join(got.Values, " "); values != c.want || got.Total != len(got.Values) || got.HasMore {
				t.Errorf("%s, %+v %s=%.50s of %q: %+v, want %s", era, *c.ref, c.argument, c.typed, c.of, got, c.want)
			}
		}
		// A server with one gateway, be it the only one that it may manage.
		one := &gateway.Manager{Client: b.client, Allowed: []string{other}}
		session = b.speaking(era, tools.NewServer(one, tools.Options{ReadOnly: true}))
		if got := completed(t, session, prompted("review_tools"), "gateway", "", ""); !slices.Equal(got.Values, []string{"store"}) {
			t.Errorf("%s, one gateway allowed: %+v", era, got)
		}
		if got := completed(t, session, addressed("/{gateway}/targets/{target}"), "target", "", ""); !slices.Equal(got.Values, []string{"Orders-new"}) {
			t.Errorf("%s, targets of the only one: %+v", era, got)
		}
		if got := completed(t, session, addressed("/{gateway}/targets/{target}"), "target", "", "shop"); len(got.Values) != 0 {
			t.Errorf("%s, targets of a gateway that may not be managed: %+v", era, got)
		}
		session = b.speaking(era, tools.NewServer(b.manager, tools.Options{Toolsets: []tools.Toolset{tools.Gateways}}))
		if got := completed(t, session, prompted("clean_up"), "gateway", "", ""); len(got.Values) != 0 {
			t.Errorf("%s, without list_gateways: %+v", era, got)
		}
	}
}

func TestCompletionsOfProvidersAndRuntimes(t *testing.T) {
	t.Parallel()
	s := newLifeScene(t)
	p := must[tools.ProviderList](s.bench, "list_credential_providers", nil).Providers[0]
	runtimes := must[tools.RuntimeList](s.bench, "list_runtimes", nil).Runtimes
	var names []string
	for _, r := range runtimes {
		names = append(names, r.Name)
	}
	r := runtimes[0]
	for _, c := range []struct{ prompt, argument, typed, want string }{
		{"set_up_target", "provider", "", p.Name},
		{"set_up_target", "provider", p.Name[:4], p.Name},
		{"clean_up", "provider", "arn:", p.ARN},
		{"move_target", "runtime", "", strings.Join(names, " ")},
		{"clean_up", "runtime", r.Name, r.Name},
		{"clean_up", "runtime", r.ID[:len(r.ID)-1], r.ID},
		{"set_up_target", "runtime", r.ARN, r.ARN},
		{"set_up_target", "runtime", "x-none", ""},
	} {
		if got := completed(t, s.session, prompted(c.prompt), c.argument, c.typed, ""); strings.Join(got.Values, " ") != c.want {
			t.Errorf("%s, %s=%s: %v, want %s", c.prompt, c.argument, c.typed, got.Values, c.want)
		}
	}
	// Where the tools that list them do not exist, nothing else does either.
	byDefault := s.newSession(tools.NewServer(s.manager, tools.Options{}))
	for prompt, argument := range map[string]string{"move_target": "runtime", "set_up_target": "provider"} {
		if got := completed(t, byDefault, prompted(prompt), argument, "", ""); len(got.Values) != 0 {
			t.Errorf("%s, %s by default: %v", prompt, argument, got.Values)
		}
	}
}

// More than the protocol takes is counted.
func TestManyCompletions(t *testing.T) {
	t.Parallel()
	var (
		all   strings.Builder
		asked atomic.Int32
	)
	for i := range 130 {
		fmt.Fprintf(&all, `,{"gatewayId":"g%03d-abcdefghij","name":"g%03d","status":"READY","authorizerType":"NONE","protocolType":"MCP","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}`, i, i)
	}
	b := newBench(t, benchOptions{empty: true, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Path == "/gateways/" {
				asked.Add(1)
				fmt.Fprintf(w, `{"items":[%s]}`, all.String()[1:])
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	for _, c := range []struct {
		typed        string
		total, shown int
		more         bool
	}{{"", 130, 100, true}, {"g0", 100, 100, false}, {"g12", 10, 10, false}} {
		got := completed(t, b.session, prompted("triage_gateway"), "gateway", c.typed, "")
		if got.Total != c.total || len(got.Values) != c.shown || got.HasMore != c.more {
			t.Errorf("%q: %d of %d, more %t", c.typed, len(got.Values), got.Total, got.HasMore)
		}
	}
	// Nothing has so long a name: that needs no question.
	before := asked.Load()
	if got := completed(t, b.session, prompted("triage_gateway"), "gateway", strings.Repeat("g", 301), ""); len(got.Values) != 0 || asked.Load() != before {
		t.Errorf("%+v, %d questions", got, asked.Load()-before)
	}
}

// Whoever is typing is not told what is wrong, and does not wait for it.
func TestCompletionsNeverFail(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for _, f := range []emulator.Fault{
		{Operation: "ListGateways", Code: "AccessDeniedException"},
		{Operation: "ListGatewayTargets", Code: "ThrottlingException"},
		{Operation: "GetGateway", Reset: true},
		{Operation: "ListGatewayTargets", Delay: time.Minute},
		{Operation: "ListGateways", Delay: time.Minute},
	} {
		remove := b.cloud.Inject(f)
		argument := "gateway"
		if f.Operation != "ListGateways" {
			argument = "target"
		}
		start := time.Now()
		if got := completed(t, b.session, prompted("move_target"), argument, "", ""); len(got.Values) != 0 || got.HasMore || got.Total != 0 {
			t.Errorf("%+v: %+v", f, got)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%+v: took %s", f, took)
		}
		remove()
	}
	if got := completed(t, b.session, prompted("move_target"), "target", "", ""); !slices.Equal(got.Values, []string{"orders"}) {
		t.Errorf("afterwards: %+v", got)
	}
	broken := b.newSession(tools.NewServer(&gateway.Manager{}, tools.Options{Broken: fmt.Errorf("no region is set")}))
	if got := completed(t, broken, prompted("move_target"), "gateway", "", ""); len(got.Values) != 0 {
		t.Errorf("a server that cannot work: %+v", got)
	}
}

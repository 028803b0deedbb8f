package tools_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

// auditLine is a line of the audit log.
type auditLine struct {
	Msg, Tool, Trace, Outcome, Gateway, Target, Status string
	PreviousEndpoint, Endpoint, Operation, Error       string
	Caller, Arguments, Configuration, Deleted, Tools   asJSON
	Confirmed, Question, GatewayARN                    string
	Requests                                           []string
	Total, Synchronized                                int
}

// asJSON is a member as it is written.
type asJSON string

func (a *asJSON) UnmarshalJSON(data []byte) error { *a = asJSON(data); return nil }

func (a asJSON) has(text string) bool { return strings.Contains(string(a), text) }

func auditOf(t *testing.T, log *syncBuffer) (lines []auditLine) {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line auditLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

// Each call that may change something leaves one line, and so does the end of what a call
// did not wait for; reads leave none, and no line has a secret.
func TestAudit(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	o := tools.Options{Toolsets: tools.Toolsets(), Audit: slog.New(slog.NewJSONHandler(log, nil))}
	b := newBench(t, benchOptions{tools: o, manager: func(m *gateway.Manager) { m.Ended = o.RecordEnd }})
	for _, tool := range []string{"list_gateways", "list_targets", "list_tools", "check_drift"} {
		_ = must[any](b, tool, nil)
	}
	if lines := auditOf(t, log); len(lines) != 0 {
		t.Fatalf("reads are in it: %+v", lines)
	}
	const secret = "s3cret-of-a-url"
	broken := b.url + "/2?key=" + secret
	steps := []struct {
		tool      string
		arguments map[string]any
		check     func(auditLine) bool
	}{
		{"synchronize_target", map[string]any{"target": "orders"}, func(l auditLine) bool {
			return l.Outcome == "synchronized" && l.Gateway == "shop" && l.Target == "orders" && l.Status == "READY" && len(l.Requests) == 1 && l.Arguments == `{"target":"orders"}` && l.Tools == `{"before":2,"after":3,"added":["cancelOrder"]}`
		}},
		{"synchronize_targets", nil, func(l auditLine) bool {
			return l.Outcome == "synchronized" && l.Total == 2 && l.Synchronized == 2 && len(l.Requests) == 2
		}},
		{"update_target", map[string]any{"target": "orders", "description": "new"}, func(l auditLine) bool {
			return l.Outcome == "updated" && l.Configuration == `[{"path":"description","before":"a target","after":"new"}]` && len(l.Requests) == 1
		}},
		{"update_target_endpoint", map[string]any{"target": "orders", "endpoint": broken, "confirm": "orders"}, func(l auditLine) bool {
			return l.Outcome == "reverted" && l.PreviousEndpoint == b.url && len(l.Requests) == 2 && l.Requests[0] != l.Requests[1]
		}},
		{"update_target_endpoint", map[string]any{"target": "nobody", "endpoint": b.url}, func(l auditLine) bool {
			return l.Outcome == "refused" && l.Target == "nobody" && strings.Contains(l.Error, "nobody") && l.Requests == nil
		}},
		{"synchronize_target", map[string]any{"target": "denied"}, func(l auditLine) bool {
			return l.Outcome == "refused" && strings.Contains(l.Error, "access denied") && len(l.Requests) == 1
		}},
		{"delete_target", map[string]any{"gateway": "shop", "target": "denied"}, func(l auditLine) bool {
			return l.Outcome == "refused" && l.Gateway == "shop" && strings.Contains(l.GatewayARN, ":gateway/shop-") && l.Target == "denied" && l.Deleted == "" && strings.Contains(l.Error, "confirm set to")
		}},
		{"delete_target", map[string]any{"target": "denied", "confirm": "denied"}, func(l auditLine) bool {
			return l.Outcome == "deleted" && strings.HasPrefix(string(l.Deleted), "{") && l.Deleted.has(`"description":"a target"`) && l.Deleted.has("key=")
		}},
		{"update_gateway", map[string]any{"description": "of the shop"}, func(l auditLine) bool { return l.Outcome == "updated" && len(l.Requests) == 1 }},
		{"delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"}, func(l auditLine) bool {
			return l.Outcome == "deleted" && len(l.Requests) == 2 && l.Deleted.has(`"description":"of the shop"`)
		}},
	}
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	b.newTarget(b.gatewayID, "denied", b.url+"?key="+secret)
	for i, step := range steps {
		if step.arguments["target"] == "denied" {
			defer b.cloud.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Code: "AccessDeniedException"})()
		}
		call[any](b, step.tool, step.arguments)
		lines := auditOf(t, log)
		if len(lines) != i+1 {
			t.Fatalf("after %s: %d lines, want %d", step.tool, len(lines), i+1)
		}
		if l := lines[i]; l.Msg != "audit" || l.Tool != step.tool || !step.check(l) {
			t.Errorf("%s: %s", step.tool, indented(l))
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("a secret is in it: %s", log.String())
	}
}

// Neither a credential nor more than a line can hold gets into it, and JSON stays JSON.
func TestAuditLineIsMaskedAndBounded(t *testing.T) {
	t.Parallel()
	const secret = `a "quoted" credential, 0123456789`
	var (
		log     = &syncBuffer{}
		secrets untrusted.Secrets
		kept    []gateway.KeptKind
		many    []string
	)
	secrets.Add(secret)
	for range 100 {
		many = append(many, strings.Repeat("x", 200))
	}
	o := tools.Options{Toolsets: tools.Toolsets(), Secrets: &secrets, Audit: slog.New(slog.NewJSONHandler(log, nil))}
	b := newBench(t, benchOptions{tools: o, manager: func(m *gateway.Manager) {
		m.Ended = o.RecordEnd
		m.Keep = func(k gateway.Kept) error { kept = append(kept, k.Kind); return nil }
	}})
	must[gateway.Change](b, "update_target", map[string]any{"target": "orders", "description": secret})
	call[any](b, "synchronize_targets", map[string]any{"targets": many})
	release := b.cloud.Hold(types.TargetStatusDeleting)
	defer release()
	must[gateway.Change](b, "delete_target", map[string]any{"target": "orders", "confirm": "orders", "waitSeconds": 0})
	lines := auditOf(t, log)
	if len(lines) != 3 || strings.Contains(log.String(), "quoted") {
		t.Fatalf("%d lines: %s", len(lines), log)
	}
	for _, shown := range []asJSON{lines[0].Arguments, lines[0].Configuration, lines[2].Deleted} {
		if !strings.ContainsAny(string(shown[:min(1, len(shown))]), "{[") || !shown.has("description") {
			t.Errorf("what was masked: %s", shown)
		}
	}
	if long := lines[1].Arguments; !strings.HasPrefix(string(long), `"`) || len(long) > 20<<10 {
		t.Errorf("long arguments: %d bytes, %.50s", len(long), long)
	}
	if lines[2].Outcome != "in_progress" {
		t.Errorf("the deletion: %+v", lines[2])
	}
	release()
	must[any](b, "delete_gateway", map[string]any{"gateway": "shop", "confirm": "shop"})
	if !slices.Equal(kept, []gateway.KeptKind{gateway.KeptTarget, gateway.KeptTarget, gateway.KeptGateway}) {
		t.Errorf("kept were %v", kept)
	}
}

// A question, what was said to it, and what came of it are told from each other, and go
// together.
func TestAuditOfQuestions(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	b := newBench(t, benchOptions{})
	a := newAsking(b, clientOptions{revision: "2026-07-28", elicits: true, key: sealedWith, audit: slog.New(slog.NewJSONHandler(log, nil))})
	for _, action := range []string{"decline", "cancel", "accept"} {
		a.says(action)
		a.call("delete_target", map[string]any{"target": "orders"})
	}
	lines := auditOf(t, log)
	if len(lines) != 6 {
		t.Fatalf("%d lines: %s", len(lines), log)
	}
	questions := map[string]bool{}
	for i, outcome := range []string{"declined", "question closed", "deleted"} {
		asked, answered := lines[2*i], lines[2*i+1]
		questions[asked.Question] = true
		if asked.Outcome != "asked" || asked.Confirmed != "" || !strings.HasPrefix(asked.Error, "gateway shop serves 2 tools of it") || strings.Contains(asked.Error, "confirm set to") || asked.GatewayARN == "" {
			t.Errorf("asked: %s", indented(asked))
		}
		if answered.Outcome != outcome || answered.Question == "" || answered.Question != asked.Question || (answered.Confirmed == "asked through the client") != (outcome == "deleted") {
			t.Errorf("answered: %s", indented(answered))
		}
	}
	declined := lines[0].Question
	for _, state := range []string{*a.state.Load(), "made up"} {
		a.callWith(&mcp.CallToolParams{Name: "synchronize_targets", Arguments: map[string]any{}, RequestState: state})
	}
	for _, l := range auditOf(t, log)[6:] {
		if l.Question != "" {
			t.Errorf("%s answers question %q, and %q was declined", l.Tool, l.Question, declined)
		}
	}
	if len(questions) != 3 {
		t.Errorf("three questions have the names %v", questions)
	}
}

// Who is let in is in the line, however long the lists are; so are a server's removed and
// breaking tools, however many it adds; a word counts only where it was needed, and a
// question only in a call that answers it.
func TestAuditMisleadsNobody(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	o := tools.Options{Toolsets: tools.Toolsets(), Audit: slog.New(slog.NewJSONHandler(log, nil))}
	b := newBench(t, benchOptions{tools: o, manager: func(m *gateway.Manager) { m.Allowed = nil }})
	var clients []string
	for i := range 80 {
		clients = append(clients, fmt.Sprintf("a-client-with-a-name-that-is-rather-long-%03d", i))
	}
	discovery := map[string]any{"name": "open", "roleArn": "arn:aws:iam::123456789012:role/gateway", "authorizer": "CUSTOM_JWT", "discoveryUrl": "https://login.example.com/.well-known/openid-configuration"}
	discovery["allowedClients"] = clients
	made := answered[gateway.GatewayChange](b, "create_gateway", discovery)
	if made.Outcome != gateway.Created {
		t.Fatalf("created: %+v", made)
	}
	call[any](b, "update_gateway", map[string]any{"gateway": "open", "allowedClients": append(clients[1:], "intruder"), "confirm": "open"})
	call[any](b, "update_target", map[string]any{"gateway": "shop", "target": "orders", "description": "new", "confirm": "whatever"})
	call[any](b, "delete_target", map[string]any{"gateway": "shop", "target": "orders", "confirm": "ordres"})
	call[any](b, "update_target", map[string]any{"gateway": "shop", "target ": "forged", "target": "orders"})
	call[any](b, "delete_target", map[string]any{"gateway": "shop", "target": "orders", "confirm": "orders"})
	lines := auditOf(t, log)
	if len(lines) != 6 {
		t.Fatalf("%d lines: %s", len(lines), log)
	}
	if a := lines[0].Arguments; !a.has(clients[79]) || !strings.HasPrefix(string(a), "{") {
		t.Errorf("the clients of a new gateway: %s", a)
	}
	if c := lines[1].Configuration; !c.has(`"added":["intruder"],"removed":["` + clients[0] + `"]`) {
		t.Errorf("who was let in, and who was not any more: %s", c)
	}
	for i, want := range []string{"", "by the argument confirm", "", "", "", "by the argument confirm"} {
		if i > 0 && lines[i].Confirmed != want {
			t.Errorf("%s: confirmed %q, want %q", lines[i].Tool, lines[i].Confirmed, want)
		}
	}
	if a := lines[4].Arguments; !a.has(`"target":"orders"`) || !a.has(`"target*":"forged"`) {
		t.Errorf("two names that look alike: %s", a)
	}
}

// What a hostile server adds does not hide what it takes away.
func TestAuditOfManyTools(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	good, err := orders.NewHandler(2)
	if err != nil {
		t.Fatal(err)
	}
	many := &turncoat{good: good, bad: rpc(func(w http.ResponseWriter, id json.RawMessage) {
		var list []string
		for i := range 300 {
			list = append(list, definition(fmt.Sprintf("%s%03d", strings.Repeat("x", 120), i), "more"))
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[%s]}}`, id, strings.Join(list, ","))
	})}
	b := newBench(t, benchOptions{tools: tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}})
	b.newTarget(b.gatewayID, "many", serve(t, many).URL+"/mcp")
	many.turned.Store(true)
	must[gateway.Change](b, "synchronize_target", map[string]any{"target": "many"})
	if l := auditOf(t, log)[0]; !l.Tools.has(`{"before":2,"after":300,"breaking":true,"removed":["getOrder","updateOrder"],"added":["xxx`) || !l.Tools.has("and 280 more") {
		t.Errorf("the line: %s", l.Tools)
	}
}

func TestAuditOfWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	o := tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}
	b := newBench(t, benchOptions{tools: o, manager: func(m *gateway.Manager) { m.Ended = o.RecordEnd }})
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0})
	if lines := auditOf(t, log); len(lines) != 1 || lines[0].Outcome != "in_progress" || lines[0].Operation != c.Operation.ID || len(lines[0].Requests) != 1 {
		t.Fatalf("while it runs: %s", indented(lines))
	}
	release()
	b.ended(1)
	eventually(t, "its end is in it", func() bool { return len(auditOf(t, log)) == 2 })
	if l := auditOf(t, log)[1]; l.Tool != "end of operation" || l.Outcome != "synchronized" || l.Operation != c.Operation.ID || l.Target != "orders" || len(l.Requests) != 1 {
		t.Errorf("its end: %s", indented(l))
	}
}

// A line has the id of the client's trace, where it is one.
func TestAuditHasTheTrace(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	b := newBench(t, benchOptions{tools: tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}})
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for i, c := range []struct{ given, want string }{
		{"00-" + id + "-00f067aa0ba902b7-01", id},
		{"01-" + id + "-00f067aa0ba902b7-01-more", id},
		{"00-" + id + "-00f067aa0ba902b7-01more", ""},
		{"ff-" + id + "-00f067aa0ba902b7-01", ""},
		{"00-00000000000000000000000000000000-00f067aa0ba902b7-01", ""},
		{"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01", ""},
		{"00-" + id + "-00f067aa0ba902b7-01-" + strings.Repeat("x", 600), ""},
		{"", ""},
	} {
		params := &mcp.CallToolParams{Name: "synchronize_target", Arguments: map[string]any{"target": "nobody"}}
		if c.given != "" {
			params.Meta = mcp.Meta{"traceparent": c.given}
		}
		if _, err := b.session.CallTool(t.Context(), params); err != nil {
			t.Fatal(err)
		}
		if lines := auditOf(t, log); len(lines) != i+1 || lines[i].Trace != c.want {
			t.Errorf("%q: %s", c.given, indented(lines[len(lines)-1]))
		}
	}
}

// People are told apart by their claims, whatever these look like.
func TestAuditOfCallers(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	o := tools.Options{Audit: slog.New(slog.NewJSONHandler(log, nil))}
	for _, subject := range []string{"https://idp.example.com/u?id=ann", "https://idp.example.com/u?id=bob", strings.Repeat("x", 100<<10) + "ann", strings.Repeat("x", 100<<10) + "bob"} {
		name, err := json.Marshal(map[string]string{"issuer": "https://idp.example.com", "subject": subject, "client": "agents"})
		if err != nil {
			t.Fatal(err)
		}
		o.RecordRefused(string(name), "delete_target", nil, 1)
	}
	seen := map[asJSON]bool{}
	for _, l := range auditOf(t, log) {
		if seen[l.Caller] = true; !l.Caller.has(`"client":"agents"`) || len(l.Caller) > 1000 {
			t.Errorf("a caller: %.200s", l.Caller)
		}
	}
	if len(seen) != 4 {
		t.Errorf("four people look like %d", len(seen))
	}
}

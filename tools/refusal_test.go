package tools_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	before := b.configuration("orders")
	type args = map[string]any
	for _, c := range []struct {
		tool      string
		arguments args
		want      []string
	}{
		{"get_gateway", args{"gateway": "shpo"}, []string{`no gateway named "shpo"`, "did you mean shop", b.gatewayID}},
		{"get_gateway", args{"gateway": "quite-another"}, []string{"there is shop", b.gatewayID}},
		{"get_gateway", args{"gateway": "none-0123456789"}, []string{`no gateway named "none-0123456789"`, "shop"}},
		{"get_gateway", args{"gateway": "arn:aws:s3:::bucket"}, []string{"not the ARN of a gateway", "arn:aws:bedrock-agentcore:"}},
		{"get_gateway", args{"gateway": "arn:aws:bedrock-agentcore:eu-west-1:123456789012:gateway/" + b.gatewayID}, []string{"is in eu-west-1", "--region eu-west-1"}},
		{"get_gateway", args{"gateway": "arn:aws:bedrock-agentcore:us-east-1:210987654321:gateway/" + b.gatewayID}, []string{"of account 210987654321 was asked for", "are of account 123456789012"}},
		{"get_gateway", args{"gateway": "arn:aws:bedrock-agentcore:us-east-1:210987654321:gateway/none-0123456789"}, []string{"the ARN is of account 210987654321"}},
		{"get_target", args{"target": "order"}, []string{`no target named "order"`, "did you mean orders (" + b.targetID + ")"}},
		{"get_target", args{}, []string{"target"}},
		{"synchronize_target", args{"target": "orders", "waitSeconds": 901}, []string{"waitSeconds", "900"}},
		{"synchronize_target", args{"target": "orders", "waitSeconds": -1}, []string{"waitSeconds"}},
		{"synchronize_target", args{"target": "orders", "waitseconds": 1}, []string{"waitseconds"}},
		{"update_target_endpoint", args{"target": "orders"}, []string{"neither endpoint nor runtimeArn"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "https://example.com/mcp", "runtimeArn": "arn"}, []string{"both given"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "https://example.com/mcp", "qualifier": "prod"}, []string{"qualifier goes with runtimeArn"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "orders"}, []string{"https"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "http://example.com/mcp"}, []string{"plain http", "https"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "https://user:hunter2@example.com/mcp"}, []string{"example.com"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": "https://169.254.169.254/latest"}, []string{"169.254.169.254"}},
		{"update_target_endpoint", args{"target": "orders", "runtimeArn": "arn:aws:bedrock-agentcore:us-east-1:1:runtime/x"}, []string{"not the ARN of a runtime", "runtime/orders-"}},
		{"update_target_endpoint", args{"target": "orders", "endpoint": b.url, "onFailure": "shrug"}, []string{"onFailure"}},
	} {
		refused(b, c.tool, c.arguments, c.want...)
		if out, _, failed := call[any](b, c.tool, c.arguments); strings.Contains(failed+fmt.Sprint(out), "hunter2") {
			t.Errorf("%s %v: a secret is in %s", c.tool, c.arguments, failed)
		}
	}
	if n := b.cloud.Calls("UpdateGatewayTarget") + b.cloud.Calls("SynchronizeGatewayTargets"); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
	if got := b.configuration("orders"); got != before {
		t.Errorf("the target changed:\n got %s\nwant %s", got, before)
	}
}

func TestSeveralGateways(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	other := b.newGateway("warehouse")
	refused(b, "list_targets", nil, "2 gateways, say which", "shop", "warehouse", other)
	if out := must[tools.TargetList](b, "list_targets", map[string]any{"gateway": "warehouse"}); out.Gateway != "warehouse" || len(out.Targets) != 0 {
		t.Errorf("got %+v", out)
	}
	refused(b, "get_target", map[string]any{"gateway": "warehouse", "target": "orders"}, "there is no target at all")
	arn := must[gateway.GatewayView](b, "get_gateway", map[string]any{"gateway": other}).ARN
	if out := must[gateway.GatewayView](b, "get_gateway", map[string]any{"gateway": arn}); out.ID != other {
		t.Errorf("by ARN: got %+v", out)
	}
}

func TestAllowedGateways(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{allowed: []string{"shop"}})
	other := b.newGateway("warehouse")
	if all := must[tools.GatewayList](b, "list_gateways", nil).Gateways; len(all) != 1 || all[0].Name != "shop" {
		t.Errorf("got %+v", all)
	}
	must[tools.TargetList](b, "list_targets", nil) // the only one allowed is the default
	refused(b, "get_gateway", map[string]any{"gateway": other}, "not among those that this server may manage")
	refused(b, "get_gateway", map[string]any{"gateway": "warehouse"}, `no gateway named "warehouse"`, "this server may manage only", "others are not looked at")
	refused(b, "get_gateway", map[string]any{"gateway": "warehouse"}, "no gateway named")
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{tools: tools.Options{ReadOnly: true}})
	list, err := b.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		if !tool.Annotations.ReadOnlyHint {
			t.Errorf("%s is there", tool.Name)
		}
	}
	want := 0
	for _, tool := range tools.All() {
		if tool.ReadOnly && tool.Toolset == tools.Targets {
			want++
		}
	}
	if len(list.Tools) != want || want < 6 {
		t.Errorf("%d tools, want %d", len(list.Tools), want)
	}
}

// A server that is not fit to be synchronized: a clear answer, and the target
// and its catalogue as before.
func TestBadServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server http.Handler
		reason string
	}{
		"refuses":    {nil, "Unable to connect to the MCP server"},
		"hangs":      {http.HandlerFunc(hang), "Unable to connect"},
		"HTML":       {http.HandlerFunc(html), "Failed to connect and fetch tools"},
		"forbids":    {http.HandlerFunc(forbid), "Authorization error"},
		"too many":   {manyTools(1001), "limit of 1000 tools"},
		"breaks off": {breakingOff(t), "Failed to connect and fetch tools"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			if name == "hangs" { // long enough for the way back, whose server answers
				b.cloud.SetSyncTimeout(5 * time.Second)
			}
			url := closedPort(t)
			if c.server != nil {
				url = serve(t, c.server).URL
			}
			url += "/mcp"
			before := b.configuration("orders")

			change, isError, failed := call[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": url})
			if !isError || change.Outcome != gateway.Reverted || change.Status != aws.TargetReady || !strings.Contains(strings.Join(change.StatusReasons, " "), c.reason) || change.PreviousEndpoint != b.url {
				t.Errorf("update: got %+v %s", change, failed)
			}
			if got := b.configuration("orders"); got != before {
				t.Errorf("the target changed:\n got %s\nwant %s", got, before)
			}
			if got := b.served("orders"); got != "getOrder updateOrder" {
				t.Errorf("the gateway serves %q", got)
			}

			change, isError, _ = call[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": url, "onFailure": "keep"})
			if !isError || change.Outcome != gateway.Failed || change.Status != types.TargetStatusUpdateUnsuccessful || !strings.Contains(change.Next, `previousEndpoint and confirm set to "orders"`) {
				t.Errorf("update, keep: got %+v", change)
			}
			change, isError, _ = call[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
			if !isError || change.Outcome != gateway.Failed || change.Status != types.TargetStatusSynchronizeUnsuccessful || !strings.Contains(strings.Join(change.StatusReasons, " "), c.reason) {
				t.Errorf("synchronize: got %+v", change)
			}
			if got := b.served("orders"); got != "getOrder updateOrder" {
				t.Errorf("after all that the gateway serves %q", got)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func hang(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
	<-r.Context().Done()
}

func html(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, "<html><body>It works!</body></html>")
}

func forbid(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }

// manyTools answers n tools in one page.
func manyTools(n int) http.Handler {
	return rpc(func(w http.ResponseWriter, id json.RawMessage) {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[`, id)
		for i := range n {
			if i > 0 {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"name":"t%d","inputSchema":{"type":"object"}}`, i)
		}
		io.WriteString(w, "]}}")
	})
}

// breakingOff answers the handshake, and breaks the connection in the middle
// of the first page of tools.
func breakingOff(t *testing.T) http.Handler {
	return rpc(func(w http.ResponseWriter, id json.RawMessage) {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"t1",`, id)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
}

// rpc is a server that speaks just enough MCP to be asked for its tools.
func rpc(list func(w http.ResponseWriter, id json.RawMessage)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch m.Method {
		case "initialize":
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}`, m.ID)
		case "tools/list":
			list(w, m.ID)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
}

func TestTargetsThatAreNotSynchronized(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	set := func(change func(*types.McpTargetConfigurationMemberMcpServer, *bedrockagentcorecontrol.GetGatewayTargetOutput)) {
		t.Helper()
		if err := b.cloud.SetTarget(b.gatewayID, b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			change(o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer), o)
		}); err != nil {
			t.Fatal(err)
		}
	}
	set(func(s *types.McpTargetConfigurationMemberMcpServer, _ *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		s.Value.McpToolSchema = &types.McpToolSchemaConfigurationMemberInlinePayload{Value: `{"tools":[]}`}
	})
	refused(b, "synchronize_target", map[string]any{"target": "orders"}, "static schema", "mcpToolSchema")
	set(func(s *types.McpTargetConfigurationMemberMcpServer, _ *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		s.Value.McpToolSchema, s.Value.ListingMode = nil, types.ListingModeDynamic
	})
	refused(b, "synchronize_target", map[string]any{"target": "orders"}, "DYNAMIC")
	set(func(_ *types.McpTargetConfigurationMemberMcpServer, o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.TargetConfiguration = &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberLambda{Value: types.McpLambdaTargetConfiguration{
			LambdaArn: ptr("arn:aws:lambda:us-east-1:123456789012:function:f"), ToolSchema: &types.ToolSchemaMemberInlinePayload{},
		}}}
	})
	refused(b, "synchronize_target", map[string]any{"target": "orders"}, "LAMBDA", "only MCP servers")
	refused(b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": b.url + "2"}, "LAMBDA", "endpoint")
	if n := b.cloud.Calls("UpdateGatewayTarget") + b.cloud.Calls("SynchronizeGatewayTargets"); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// AWS may answer with settings that are newer than this program. The SDK drops
// them, so sending the target back would delete them.
func TestSettingsNewerThanThisProgram(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string][2]string{
		"member":       {`"resourcePriority":7`, `"resourcePriority":7,"retryPolicy":{"attempts":2}`},
		"union member": {`"oauthCredentialProvider":`, `"quantumCredentialProvider":`},
		"inner union":  {`"mcpServer":`, `"mcpRobot":`},
		"top level":    {`"name":"orders"`, `"name":"orders","rateLimit":5`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					answer := &editedAnswer{ResponseWriter: w, edit: edit}
					next.ServeHTTP(answer, r)
					answer.flush()
				})
			}})
			must[tools.TargetList](b, "list_targets", nil)
			want := map[string]string{"member": "retryPolicy", "union member": "quantumCredentialProvider", "inner union": "targetConfiguration.mcp.mcpRobot", "top level": "rateLimit"}[name]
			refused(b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": b.url + "2"}, want, "newer release", "nothing was sent")
			if n := b.cloud.Calls("UpdateGatewayTarget"); n != 0 {
				t.Errorf("%d updates were sent", n)
			}
			if name != "inner union" { // of which nobody knows how it lists its tools
				must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"}) // loses nothing
			}
		})
	}
}

// editedAnswer replaces a text in an answer's body.
type editedAnswer struct {
	http.ResponseWriter
	edit   [2]string
	body   bytes.Buffer
	status int
}

func (e *editedAnswer) WriteHeader(status int)      { e.status = status }
func (e *editedAnswer) Write(p []byte) (int, error) { return e.body.Write(p) }

func (e *editedAnswer) flush() {
	e.Header().Del("Content-Length")
	if e.status != 0 {
		e.ResponseWriter.WriteHeader(e.status)
	}
	io.WriteString(e.ResponseWriter, strings.ReplaceAll(e.body.String(), e.edit[0], e.edit[1]))
}

// One target that may not be read is told in its row, and hides no other.
func TestOneTargetMayNotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "second", b.url)
	remove := b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException", Times: 1})
	out := must[tools.TargetList](b, "list_targets", nil)
	remove()
	told := 0
	for _, target := range out.Targets {
		if len(target.StatusReasons) == 1 && strings.HasPrefix(target.StatusReasons[0], "its configuration could not be read: GetGatewayTarget: access denied") && target.Endpoint == "" {
			told++
		} else if target.Endpoint == "" {
			t.Errorf("%+v", target)
		}
	}
	if len(out.Targets) != 2 || told != 1 {
		t.Errorf("%+v", out)
	}
	remove = b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "ResourceNotFoundException", Times: 1})
	out = must[tools.TargetList](b, "list_targets", nil)
	remove()
	if gone := slices.IndexFunc(out.Targets, func(t gateway.TargetView) bool { return t.Status == aws.TargetDeleting }); gone < 0 || len(out.Targets[gone].StatusReasons) != 0 {
		t.Errorf("deleted between list and read: %+v", out.Targets)
	}
	defer b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "AccessDeniedException", Times: 1})()
	drift := must[tools.DriftReport](b, "check_drift", nil)
	if drift.Unknown != 1 || drift.InSync != 1 || !strings.Contains(drift.Targets[0].Reason, "access denied") {
		t.Errorf("%+v", drift)
	}
}

// A list of gateways says where it was asked for, and what it leaves out.
func TestListsSayWhatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options benchOptions
		want    string
	}{
		"all":            {benchOptions{}, ""},
		"an empty one":   {benchOptions{empty: true}, "no gateway in region us-east-1"},
		"some":           {benchOptions{allowed: []string{"shop"}}, "others may exist"},
		"none of theirs": {benchOptions{allowed: []string{"other"}}, "may manage only other"},
	} {
		b := newBench(t, c.options)
		out := must[tools.GatewayList](b, "list_gateways", nil)
		if out.Region != "us-east-1" || !strings.Contains(out.Next, c.want) || c.want == "" && out.Next != "" {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

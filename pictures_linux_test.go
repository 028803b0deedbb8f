package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	own "agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
)

var updatePictures = flag.Bool("update", false, "take the pictures in testdata/pictures anew")

// studio is a local AgentCore whose ids are the same each time, and whose clock is years
// behind, so that times are dates.
type studio struct {
	*testing.T
	cloud   *emulator.Server
	url     string
	client  *own.Client
	gateway string // its id
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	began, day := time.Now(), time.Date(2020, 2, 2, 12, 0, 0, 0, time.UTC)
	s := &studio{T: t, cloud: emulator.New(emulator.Options{
		Seed: "pictures", Quotas: emulator.Quotas{Write: -1, Read: -1, Synchronize: -1, Concurrent: -1}, Now: func() time.Time { return day.Add(time.Since(began)) },
	})}
	t.Cleanup(s.cloud.Close)
	front := httptest.NewServer(s.cloud)
	t.Cleanup(front.Close)
	s.url = front.URL
	var err error
	if s.client, err = own.New(t.Context(), own.Options{Endpoint: s.url, Region: "us-east-1", ReadRate: 1000, WriteRate: 1000}); err != nil {
		t.Fatal(err)
	}
	if s.gateway, err = s.client.CreateGateway(t.Context(), own.NewGateway{Name: "shop", RoleARN: "arn:aws:iam::123456789012:role/gateway"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.WaitGateway(t.Context(), s.gateway, own.GatewayReady); err != nil {
		t.Fatal(err)
	}
	return s
}

// target makes a target that is READY, and returns its id.
func (s *studio) target(name, endpoint string) string {
	s.Helper()
	created, err := s.client.CreateTarget(s.Context(), s.gateway, own.NewTarget{Name: name, Endpoint: endpoint})
	if err != nil {
		s.Fatal(err)
	}
	if t, err := s.client.WaitTarget(s.Context(), s.gateway, created, nil); err != nil || t.Status != own.TargetReady {
		s.Fatalf("target %s is %s %q, %v", name, t.Status, t.StatusReasons, err)
	}
	return created.ID
}

// change changes a target behind everybody's back.
func (s *studio) change(id string, change func(*bedrockagentcorecontrol.GetGatewayTargetOutput)) {
	s.Helper()
	if err := s.cloud.SetTarget(s.gateway, id, change); err != nil {
		s.Fatal(err)
	}
}

// call is the program with call and these arguments, in the studio.
func (s *studio) call(args ...string) *exec.Cmd {
	return s.in(program(s, append([]string{"call", "--aws-read-rate", "1000", "--aws-write-rate", "1000"}, args...)...))
}

// in leads a program to the studio.
func (s *studio) in(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+s.url, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE="+s.url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
	return cmd
}

// offers is an MCP server whose tools, a list in JSON, can be changed; with none it is
// broken.
type offers struct{ list atomic.Value }

func (s *studio) server(list string) (*offers, string) {
	o := &offers{}
	o.list.Store(list)
	front := httptest.NewServer(o)
	s.Cleanup(front.Close)
	return o, front.URL + "/mcp"
}

func (o *offers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage
		Method string
	}
	list := o.list.Load().(string)
	switch {
	case list == "":
		http.Error(w, "out of order", http.StatusInternalServerError)
	case json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "initialize":
		o.answer(w, m.ID, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}`)
	default:
		o.answer(w, m.ID, `{"tools":`+list+`}`)
	}
}

func (o *offers) answer(w http.ResponseWriter, id json.RawMessage, result string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
}

const (
	orderTools = `[
		{"name":"getOrder","description":"get an existing order","inputSchema":{"type":"object","properties":{"orderId":{"type":"integer"},"currency":{"type":"string","enum":["EUR","JPY","USD"]}},"required":["orderId"]}},
		{"name":"findOrders","description":"find orders","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}},
		{"name":"updateOrder","description":"update existing order","inputSchema":{"type":"object","properties":{"orderId":{"type":"integer"}},"required":["orderId"]}}]`
	otherTools = `[
		{"name":"getOrder","description":"get an existing order","inputSchema":{"type":"object","properties":{"orderId":{"type":"string"},"currency":{"type":"string","enum":["EUR","USD"]},"reason":{"type":"string"}},"required":["orderId","reason"]}},
		{"name":"findOrders","description":"find orders of the last twelve months","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"page":{"type":"integer"}}}},
		{"name":"cancelOrder","description":"注文を取り消します。取り消した注文は元に戻せませんので、ご注意ください。","inputSchema":{"type":"object"}}]`
)

// varying is what is another each time: ports, and how long something took. It is
// replaced when all is laid out.
var varying = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PPPPP"},
	{regexp.MustCompile(`\b\d+\.\d s\b`), "N.N s"},
	{regexp.MustCompile(`2020-02-02T12:[0-9:.]+Z`), "2020-02-02T12:MM:SSZ"},
	{regexp.MustCompile(`plan [0-9a-f-]{38}`), "plan HHHHHHHHHHHH-HHHHHHHHHHHH-HHHHHHHHHHHH"},
	{regexp.MustCompile(`(?s)\nbefore: .*`), "\nbefore: FILE …\n"}, // to the end: a path of any length
}

// picture holds what a terminal of 80 columns shows against testdata/pictures.
func picture(t *testing.T, name string, cmd *exec.Cmd, wantStatus int) (written string) {
	t.Helper()
	const width = 80
	written, status := onTerminal(t, cmd, width)
	if status != wantStatus {
		t.Errorf("exit status %d, want %d", status, wantStatus)
	}
	screen, err := shown(written, width)
	if err != nil {
		t.Error(err)
	}
	got := screen.String()
	for _, v := range varying {
		got = v.what.ReplaceAllString(got, v.with)
	}
	path := filepath.Join("testdata", "pictures", name+".txt")
	if *updatePictures {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the terminal shows\n%s\n%s has\n%s\nif that is meant: go test . -run Pictures -update", got, path, want)
	}
	return written
}

func TestPictures(t *testing.T) {
	for name, take := range map[string]func(*studio, string){
		"help": func(s *studio, name string) { picture(s.T, name, program(s, "--help"), 0) },
		"targets": func(s *studio, name string) {
			s.listed()
			picture(s.T, name, s.call("list_targets"), 0)
		},
		"plan": func(s *studio, name string) {
			server, url := s.server(orderTools)
			s.target("orders", url)
			server.list.Store(otherTools)
			written := picture(s.T, name, s.call("synchronize_target", "--target", "orders", "--dryRun"), 0)
			for _, want := range []string{"\x1b[31m! getOrder  breaking\x1b[0m", "\x1b[32m+ cancelOrder\x1b[0m", "\x1b[31m- updateOrder\x1b[0m"} {
				if !strings.Contains(written, want) {
					t.Errorf("%q is missing: %q", want, written)
				}
			}
		},
		"gateway": func(s *studio, name string) {
			id, err := s.client.CreateGateway(s.Context(), own.NewGateway{
				Name: "returns", Description: "what customers send back", RoleARN: "arn:aws:iam::123456789012:role/gateway", Authorizer: own.AuthorizerJWT,
				DiscoveryURL: "https://login.example.com/.well-known/openid-configuration", AllowedClients: []string{"returns-agent", "desk"}, AllowedScopes: []string{"returns/call"},
			})
			if err == nil {
				_, err = s.client.WaitGateway(s.Context(), id, own.GatewayReady)
			}
			if err != nil {
				s.Fatal(err)
			}
			picture(s.T, name, s.call("get_gateway", "--gateway", "returns"), 0)
		},
		"gateways": func(s *studio, name string) { picture(s.T, name, s.call("list_gateways"), 0) },
		"target": func(s *studio, name string) {
			_, url := s.server(orderTools)
			s.change(s.target("orders", url), func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
				description := "orders\nfake  READY"
				out.Description, out.MetadataConfiguration = &description, &types.MetadataConfiguration{AllowedRequestHeaders: []string{"X-Correlation-Id", "X-Shop"}}
			})
			picture(s.T, name, s.call("get_target", "--target", "orders"), 0)
		},
		"deleted": func(s *studio, name string) {
			_, url := s.server(orderTools)
			s.target("orders", url)
			picture(s.T, name, s.call("delete_target", "--target", "orders", "--confirm", "orders"), 0)
		},
		"diagnoses": func(s *studio, name string) {
			for _, name := range []string{"orders", "returns"} {
				server, url := s.server(orderTools)
				s.change(s.target(name, url), func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
					out.Status, out.StatusReasons = types.TargetStatusSynchronizeUnsuccessful, []string{"Failed to connect and fetch tools from the provided MCP target server"}
				})
				if name == "orders" {
					server.list.Store("")
				}
			}
			picture(s.T, name, s.call("diagnose_target"), 0)
		},
		"update": func(s *studio, name string) {
			_, url := s.server(orderTools)
			s.target("orders", url)
			picture(s.T, name, s.call("update_target", "--target", "orders", "--description", "orders of the shop", "--requestHeaders", "X-Correlation-Id", "--dryRun"), 0)
		},
		"failed": func(s *studio, name string) {
			s.tutored()
			picture(s.T, name, s.call("list_targets"), 0)
		},
		"pinned": func(s *studio, name string) {
			_, url := s.server(orderTools)
			s.target("orders", url)
			picture(s.T, name, s.call("pin_target_tools", "--target", "orders"), 0)
		},
		"unpinned": func(s *studio, name string) {
			_, url := s.server(orderTools)
			s.target("orders", url)
			if _, stderr, status := output(s.T, s.call("pin_target_tools", "--target", "orders")); status != 0 {
				s.Fatal(stderr)
			}
			picture(s.T, name, s.call("unpin_target_tools", "--target", "orders", "--dryRun"), 0)
		},
		"create": func(s *studio, name string) {
			_, url := s.server(orderTools)
			picture(s.T, name, s.call("create_target", "--name", "orders", "--endpoint", url, "--dryRun"), 0)
		},
		"fleet": func(s *studio, name string) {
			s.fleet()
			picture(s.T, name, s.call("synchronize_targets"), 1)
		},
		"revert": func(s *studio, name string) {
			_, url := s.server(orderTools)
			_, other := s.server("")
			s.target("orders", url)
			picture(s.T, name, s.call("update_target_endpoint", "--target", "orders", "--endpoint", other), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			take(newStudio(t), name)
		})
	}
}

// listed has targets with long and Japanese names, and endpoints of any kind.
func (s *studio) listed() {
	_, url := s.server(orderTools)
	for i, t := range []struct {
		name, endpoint, reason string
		status                 types.TargetStatus
	}{
		{"orders", "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Forders-Ab3dE6gH9k/invocations?qualifier=DEFAULT", "", types.TargetStatusReady},
		{"customer-relations-and-complaints-of-the-northern-region", "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fcustomer_relations_and_complaints-Ab3dE6gH9k/invocations?qualifier=production", "", types.TargetStatusReady},
		{"注文管理サーバー", "https://tools.example.com/mcp", "", types.TargetStatusReady},
		// A path can look like a runtime's anywhere, and a runtime be somebody else's.
		{"looks-alike", "https://bedrock-agentcore.us-east-1.example.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Forders-Ab3dE6gH9k/invocations?qualifier=DEFAULT", "", types.TargetStatusReady},
		{"foreign", "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A210987654321%3Aruntime%2Forders-Ab3dE6gH9k/invocations", "", types.TargetStatusReady},
		{"お客様相談窓口と苦情処理のためのツール一式", "https://tools.example.com/departments/customer-relations/complaints/mcp", "Failed to connect to the MCP server: 接続がタイムアウトしました。サーバーの状態を確認してください。 The server has not answered within 30 seconds", types.TargetStatusFailed},
	} {
		s.change(s.target(fmt.Sprintf("t%d", i), url), func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			out.Name, out.Status = &t.name, t.status
			if t.reason != "" {
				out.StatusReasons = []string{t.reason}
			}
			if mcp, ok := out.TargetConfiguration.(*types.TargetConfigurationMemberMcp); ok {
				mcp.Value = &types.McpTargetConfigurationMemberMcpServer{Value: types.McpServerTargetConfiguration{Endpoint: &t.endpoint}}
			}
		})
	}
}

// fleet has 30 targets: the servers of three are broken since, those of two have other
// tools.
func (s *studio) fleet() {
	for i := range 30 {
		server, url := s.server(orderTools)
		s.target(fmt.Sprintf("orders-%02d", i), url)
		switch i {
		case 4, 11, 23:
			server.list.Store("")
		case 7, 8:
			server.list.Store(otherTools)
		}
	}
}

// The bar is one line, at any width, and gone before the answer.
func TestProgressIsGone(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			s := newStudio(t)
			server, url := s.server(orderTools)
			name := "customer-relations-and-complaints-of-the-northern-and-the-southern-region"
			s.target(name, url)
			s.cloud.SetStateDelay(200 * time.Millisecond)
			bars := 0
			for i := range 6 {
				server.list.Store([]string{otherTools, orderTools}[i%2])
				written, status := onTerminal(t, s.call("synchronize_targets"), width)
				if status != 0 {
					t.Fatalf("exit status %d: %s", status, written)
				}
				drawn, _, _ := strings.Cut(written, "\r\n")
				if strings.ContainsAny(drawn, "█░") {
					bars++
				}
				first, err := shown(drawn[:strings.LastIndex(drawn, "\r")+1], width)
				if err != nil {
					t.Error(err)
				}
				if len(first.wrapped) > 0 || strings.TrimSpace(first.String()) != "" {
					t.Errorf("before the answer the terminal shows\n%s", first)
				}
				whole, err := shown(written, width)
				if err != nil {
					t.Error(err)
				}
				if text := whole.String(); strings.ContainsAny(text, "█░%\r") || !strings.HasPrefix(text, "shop/"+name[:30]) {
					t.Errorf("the terminal shows\n%s", text)
				}
			}
			if bars == 0 { // notifications may be late, and not all of them
				t.Error("there was never a bar")
			}
		})
	}
}

// Where colours are not wanted, or nothing understands them, there is no escape at all.
func TestEscapes(t *testing.T) {
	s := newStudio(t)
	server, url := s.server(orderTools)
	s.target("returns", url)
	s.listed()
	server.list.Store(otherTools)
	for name, c := range map[string]struct {
		env, flag           string
		piped, colour, dumb bool // dumb: no bar either
	}{
		"terminal":       {colour: true},
		"NO_COLOR":       {env: "NO_COLOR=1"},
		"dumb":           {env: "TERM=dumb", dumb: true},
		"never":          {flag: "--color=never"},
		"always":         {flag: "--color=always", env: "NO_COLOR=1", colour: true},
		"piped":          {piped: true, dumb: true},
		"piped, always":  {piped: true, flag: "--color=always", colour: true},
		"by environment": {piped: true, env: "AGENTCORE_GATEWAY_MCP_COLOR=always", colour: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, args := range [][]string{{"list_targets"}, {"synchronize_target", "--target", "returns", "--dryRun"}, {"diagnose_target", "--target", "returns"}} {
				if c.flag != "" {
					args = append([]string{c.flag}, args...)
				}
				cmd := s.call(args...)
				if c.env != "" {
					cmd.Env = append(cmd.Env, c.env)
				}
				var written string
				if c.piped {
					written, _, _ = output(t, cmd)
				} else {
					written, _ = onTerminal(t, cmd, 80)
				}
				if got := strings.Contains(written, "\x1b"); got != c.colour {
					t.Errorf("%v: escapes %v, want %v: %q", args, got, c.colour, written)
				}
				if c.dumb && strings.ContainsAny(strings.ReplaceAll(written, "\r\n", ""), "█░\r") {
					t.Errorf("%v: a bar: %q", args, written)
				}
			}
		})
	}
	if _, stderr, status := output(t, s.call("--color", "sometimes", "list_targets")); status == 0 || !strings.Contains(stderr, "none of auto, always, never") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
}

// Nothing is cut that is piped, or with --wide; on a screen each line fits.
func TestWide(t *testing.T) {
	s := newStudio(t)
	s.listed()
	const endpoint = "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fcustomer_relations_and_complaints-Ab3dE6gH9k/invocations?qualifier=production"
	piped, _, _ := output(t, s.call("list_targets"))
	wide, _ := onTerminal(t, s.call("--color=never", "--wide", "list_targets"), 60)
	for what, text := range map[string]string{"piped": piped, "wide": wide} {
		if !strings.Contains(text, endpoint) || !strings.Contains(text, "  MCP_SERVER  ") || !strings.Contains(text, "\ncustomer-relations-and-complaints-of-the-northern-region  ") {
			t.Errorf("%s: %s", what, text)
		}
	}
	for _, width := range []int{40, 60, 80, 100} {
		for _, cmd := range []*exec.Cmd{s.call("list_targets"), s.call()} {
			written, _ := onTerminal(t, cmd, width)
			screen, err := shown(written, width)
			// A name that is longer than a line is still whole, to be copied.
			screen.wrapped = slices.DeleteFunc(screen.wrapped, func(row int) bool {
				return strings.Join(append(slices.Clone(screen.rows[row-1]), screen.rows[row]...), "") == "customer-relations-and-complaints-of-the-northern-region"
			})
			if err != nil || len(screen.wrapped) > 0 {
				t.Errorf("%v at %d columns: %v, rows %v are wrapped:\n%s", cmd.Args[1:], width, err, screen.wrapped, screen)
			}
		}
	}
}

// However narrow a screen is, what was added is told from what was removed.
func TestMarksStay(t *testing.T) {
	t.Parallel()
	sign := regexp.MustCompile(`(?m)^ {0,2}([+-])[^-]`)
	for name, description := range map[string]string{"names alone": "", "with a text beside them": "about it"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStudio(t)
			list := func(name string) string {
				return fmt.Sprintf(`[{"name":%q,"description":%q,"inputSchema":{"type":"object"}}]`, name, description)
			}
			orders, url := s.server(list("getOrder"))
			s.target("orders", url)
			orders.list.Store(list("cancelOrder"))
			for width := 1; width <= 8; width++ {
				written, status := onTerminal(t, s.call("check_drift", "--color", "never"), width)
				signs := ""
				for _, found := range sign.FindAllStringSubmatch(written, -1) {
					signs += found[1]
				}
				if status != 0 || signs != "-+" {
					t.Errorf("at %d columns: exit status %d, signs %q in\n%s", width, status, signs, written)
				}
			}
		})
	}
}

// What only a person on a terminal reads, or a program, is in no answer to a model.
func TestModelsReadNoMore(t *testing.T) {
	s := newStudio(t)
	server, url := s.server(orderTools)
	s.target("orders", url)
	server.list.Store(otherTools)
	arguments := map[string]any{"target": "orders", "dryRun": true}
	asked, _, _ := output(t, s.call("--json", "synchronize_target", "--target", "orders", "--dryRun"))
	if !strings.Contains(asked, `"differences"`) || !strings.Contains(asked, `"inputSchema.required"`) {
		t.Errorf("call --json lacks the differences: %s", asked)
	}
	session := connectTo(t, &mcp.CommandTransport{Command: s.in(program(t))})
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "synchronize_target", Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(result); strings.Contains(got, "differences") || !strings.Contains(got, `argument \"reason\" is new and required`) {
		t.Errorf("a model gets %s", got)
	}
}

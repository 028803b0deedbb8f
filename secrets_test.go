package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/command"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/tutorial"
	"agentcore-gateway-mcp/untrusted"
)

// scene is the tutorial's world, our server in this process, and everything that
// it says to anybody.
type scene struct {
	t       *testing.T
	world   *tutorial.World
	session *mcp.ClientSession
	said    *said
}

// said collects logs and answers.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, said: &said{}}
	secrets := new(untrusted.Secrets)
	log := slog.New(slog.NewTextHandler(secrets.Writer(s.said), &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if s.world, err = tutorial.Start(t.Context(), tutorial.Options{Log: log, Quick: true, ToolName: -1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.world.Close)
	if err := s.world.Seed(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	served, err := command.Wiring{Log: log, SDKLog: log, Secrets: secrets}.In(s.world).Wire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.Close)
	session, end, err := served.Connect(t.Context(), func(n *mcp.ProgressNotificationParams) { s.said.Write([]byte(n.Message + "\n")) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	s.session = session
	return s
}

// call calls a tool, keeps what it says, and returns the change it tells of.
func (s *scene) call(tool string, arguments map[string]any) (change gateway.Change) {
	s.t.Helper()
	params := &mcp.CallToolParams{Name: tool, Arguments: arguments}
	params.SetProgressToken("p")
	result, err := s.session.CallTool(s.t.Context(), params)
	if err != nil {
		s.said.Write([]byte(err.Error() + "\n"))
		return change
	}
	s.said.Write([]byte(text(result) + "\n"))
	if result.StructuredContent != nil {
		answer, err := json.Marshal(result.StructuredContent)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = json.Unmarshal(answer, &change) // not every tool answers with a change
		if err := tools.Show(terminal.NewPrinter(s.said, func(string) string { return "" }), tool, answer); err != nil {
			s.t.Fatal(err)
		}
	}
	return change
}

// refusal calls a tool that has to fail without an answer, and returns why.
func (s *scene) refusal(tool string, arguments map[string]any) string {
	s.t.Helper()
	result, err := s.session.CallTool(s.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		s.t.Fatal(err)
	}
	s.said.Write([]byte(text(result) + "\n"))
	if !result.IsError || result.StructuredContent != nil {
		s.t.Errorf("%s %v: want a refusal, got %s", tool, arguments, text(result))
	}
	return text(result)
}

// The credential provider's client secret is stale: the answer names cause and
// remedy, the gateway goes on serving; with the secret corrected, all is well.
func TestStaleSecretAtTheCredentialProvider(t *testing.T) {
	s := newScene(t)
	if err := s.world.Orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	good := s.world.RuntimeSecret
	s.world.Runtimes.AddClient(tutorial.RuntimeClient, "another-secret", tutorial.RuntimeScope)
	change := s.call("synchronize_target", map[string]any{"target": tutorial.Target})
	if change.Outcome != gateway.Failed || change.Status != "FAILED" || !strings.Contains(strings.Join(change.StatusReasons, " "), "Error parsing ClientCredentials response") {
		t.Fatalf("got %+v", change)
	}
	for _, want := range []string{tutorial.Provider, tutorial.RuntimeScope, "secret is current", "synchronize_target again"} {
		if !strings.Contains(change.Next, want) {
			t.Errorf("the remedy lacks %q: %s", want, change.Next)
		}
	}
	if change.Tools.After != 2 {
		t.Errorf("the gateway serves %d tools meanwhile, want the 2 it had", change.Tools.After)
	}
	s.world.Runtimes.AddClient(tutorial.RuntimeClient, good, tutorial.RuntimeScope)
	if change = s.call("synchronize_target", map[string]any{"target": tutorial.Target}); change.Outcome != gateway.Synchronized || change.Tools.After != 3 {
		t.Errorf("mended: got %+v", change)
	}
}

// Secrets that are planted everywhere come out nowhere.
func TestCanarySecrets(t *testing.T) {
	s := newScene(t)
	client, err := aws.New(t.Context(), s.world.AWS())
	if err != nil {
		t.Fatal(err)
	}
	const canary = "c4n4ry"
	created, err := client.CreateTarget(t.Context(), s.world.GatewayID, aws.NewTarget{Name: "secretive", Endpoint: s.world.OrdersURL + "?key=" + canary + "-query"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitTarget(t.Context(), s.world.GatewayID, created, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tool      string
		arguments map[string]any
	}{
		{"list_gateways", nil}, {"get_gateway", nil}, {"list_targets", nil}, {"list_tools", nil}, {"check_drift", nil},
		{"get_target", map[string]any{"target": "secretive"}},
		{"get_target", map[string]any{"target": tutorial.Target}},
		{"synchronize_target", map[string]any{"target": "secretive"}},
		{"synchronize_target", map[string]any{"target": "secretive", "dryRun": true}},
		{"update_target", map[string]any{"target": "secretive", "description": "x"}},
		{"update_target_endpoint", map[string]any{"target": "secretive", "endpoint": "http://127.0.0.1:1/mcp?key=" + canary + "-refused", "waitSeconds": 20}},
		{"update_target_endpoint", map[string]any{"target": "secretive", "endpoint": "http://user:" + canary + "-userinfo@127.0.0.1/mcp"}},
		{"update_target_endpoint", map[string]any{"target": "secretive", "endpoint": s.world.OrdersURL + "?key=" + canary + "-new", "dryRun": true}},
		{"pin_target_tools", map[string]any{"target": "secretive"}},
		{"synchronize_targets", nil},
	} {
		if c.arguments == nil {
			c.arguments = map[string]any{}
		}
		s.call(c.tool, c.arguments)
	}
	if r, err := s.session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways/" + tutorial.Gateway + "/targets/secretive"}); err != nil {
		t.Error(err)
	} else {
		s.said.Write([]byte(r.Contents[0].Text))
	}
	all := s.said.text()
	if !strings.Contains(all, "secretive") || !strings.Contains(all, "***") || len(all) < 10_000 {
		t.Fatalf("little was said (%d bytes): this test would see nothing", len(all))
	}
	for name, secret := range map[string]string{
		"a URL's secret": canary, "the gateway client's secret": s.world.Secret, "the runtime client's secret": s.world.RuntimeSecret,
		"a token": "eyJ", "an Authorization header": "Bearer ey",
	} {
		if i := strings.Index(all, secret); i >= 0 {
			t.Errorf("%s comes out: …%s…", name, all[max(0, i-200):min(len(all), i+60)])
		}
	}
}

// Authorization by a person is pending: the answer gives the URL and what to do.
func TestPendingAuthorizationIsExplained(t *testing.T) {
	s := newScene(t)
	client, err := aws.New(t.Context(), s.world.AWS())
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateTarget(t.Context(), s.world.GatewayID, aws.NewTarget{
		Name: "of-a-person", Endpoint: s.world.Endpoint, ProviderARN: s.world.ProviderARN, Scopes: []string{tutorial.RuntimeScope}, NeedsConsent: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := client.WaitTarget(t.Context(), s.world.GatewayID, created, nil)
	if err != nil || pending.Status != "CREATE_PENDING_AUTH" || pending.AuthorizationURL == "" {
		t.Fatalf("got %+v, %v", pending, err)
	}
	s.call("synchronize_target", map[string]any{"target": "of-a-person"})
	said := s.said.text()
	for _, want := range []string{"CREATE_PENDING_AUTH", pending.AuthorizationURL, "until a person has given consent", "valid for 10 minutes"} {
		if !strings.Contains(said, want) {
			t.Errorf("the answer lacks %q", want)
		}
	}
}

package tools_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// What the MCP SDK refuses by itself is told in plain words, short, over both
// transports.
func TestPlainProtocolErrors(t *testing.T) {
	server := tools.NewServer(&gateway.Manager{}, tools.Options{})
	web := serve(t, tools.PlainErrorsHTTP(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})))
	long := strings.Repeat("x", 100<<10)
	for _, c := range []struct{ message, want string }{
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":7}}`, "tools/call takes name, a string, and arguments, an object"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":["` + long + `"]}`, "tools/call takes name, a string"},
		{`{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":{"a":"https://u:hunter2@h/"}}}`, "do not have the form"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + long + `"}}`, "unknown tool"},
		{`{"jsonrpc":"2.0","id":2,"method":"` + long + `","params":{}}`, "xxx…"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}`, "synchronize_target"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_target"}}`, "the argument target is missing"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_target","arguments":null}}`, "the argument target is missing"},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_target","arguments":{"target":null}}}`, "leave it out instead"},
	} {
		for transport, said := range map[string]string{"stdio": overStdio(t, server, c.message), "http": overHTTP(t, web, c.message)} {
			if !strings.Contains(said, c.want) {
				t.Errorf("%s, %.80s: %.400s lacks %s", transport, c.message, said, c.want)
			}
			for _, bad := range []string{"Go value", "Go struct", "*mcp.", "hunter2", "unmarshal"} {
				if strings.Contains(said, bad) {
					t.Errorf("%s, %.80s: %s in %.400s", transport, c.message, bad, said)
				}
			}
			if strings.Contains(said, `"error"`) && len(said) > 1500 {
				t.Errorf("%s, %.80s: %d bytes", transport, c.message, len(said))
			}
		}
	}
}

// Answers depend on who asks: no cache between may keep one for others, which the
// protocol's default allows. What a process never changes may be kept for a while.
func TestAnswersArePrivate(t *testing.T) {
	t.Parallel()
	for _, era := range eras() {
		session := in(t, era, tools.NewServer(&gateway.Manager{}, tools.Options{}))
		settled := func(what string, c mcp.Cacheable, err error, most int) {
			t.Helper()
			if err != nil || c.CacheScope != "private" || c.TTLMs != most {
				t.Errorf("%s, %s: %+v, %v", era, what, c, err)
			}
		}
		const fiveMinutes = 300_000
		list, err := session.ListTools(t.Context(), nil)
		settled("tools", list.Cacheable, err, fiveMinutes)
		prompts, err := session.ListPrompts(t.Context(), nil)
		settled("prompts", prompts.Cacheable, err, fiveMinutes)
		templates, err := session.ListResourceTemplates(t.Context(), nil)
		settled("resource templates", templates.Cacheable, err, fiveMinutes)
		resources, err := session.ListResources(t.Context(), nil)
		settled("resources", resources.Cacheable, err, 0)
	}
}

// overStdio sends a message after the handshake and returns the line that answers.
func overStdio(t *testing.T, server *mcp.Server, message string) string {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Run(ctx, tools.Stdio(in, out, slog.New(slog.DiscardHandler)))
	}()
	defer func() { toServer.Close(); cancel(); in.Close(); fromServer.Close(); <-ended }()
	go func() {
		for _, m := range []string{
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`,
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`, message,
		} {
			if _, err := io.WriteString(toServer, m+"\n"); err != nil {
				return
			}
		}
	}()
	var all strings.Builder
	piece := make([]byte, 64<<10)
	for !strings.Contains(all.String(), `"id":2`) || !strings.HasSuffix(all.String(), "\n") {
		n, err := fromServer.Read(piece)
		all.Write(piece[:n])
		if err != nil {
			t.Fatalf("%v after %s", err, all.String())
		}
	}
	lines := strings.Split(strings.TrimSpace(all.String()), "\n")
	return lines[len(lines)-1]
}

func overHTTP(t *testing.T, web *httptest.Server, message string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	resp, err := web.Client().Do(req)
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

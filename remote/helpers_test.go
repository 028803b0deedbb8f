package remote_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gatewayVersion is the revision at which a gateway speaks to its targets.
const gatewayVersion = "2025-11-25"

// localReader reads as a gateway does, in local mode.
func localReader(t testing.TB) remote.Reader {
	transport := remote.Guard{Loopback: true}.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	return remote.Reader{Transport: transport, ProtocolVersion: gatewayVersion}
}

func serve(t testing.TB, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

// serveHanging serves a handler that may wait for over, which comes at the end
// of the test, before the server closes.
func serveHanging(t testing.TB, handler func(over <-chan struct{}) http.Handler) string {
	over := make(chan struct{})
	endpoint := serve(t, handler(over))
	t.Cleanup(func() { close(over) })
	return endpoint
}

// scripted is a legacy MCP server whose answers to tools/list are written by
// hand, so that they can be wrong.
func scripted(list func(w http.ResponseWriter, id json.RawMessage, cursor string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var msg struct {
			ID     json.RawMessage
			Method string
			Params struct{ Cursor string }
		}
		if err := json.NewDecoder(req.Body).Decode(&msg); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case msg.Method == "initialize":
			answer(w, msg.ID, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"scripted","version":"1"}}`)
		case msg.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case req.Header.Get("Mcp-Protocol-Version") != gatewayVersion:
			http.Error(w, "the protocol version header is missing", http.StatusBadRequest)
		case msg.Method == "tools/list":
			list(w, msg.ID, msg.Params.Cursor)
		default:
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, msg.ID)
		}
	})
}

func answer(w io.Writer, id json.RawMessage, result string) {
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
}

// lists is a scripted server with one page of tools.
func lists(entries ...string) http.Handler {
	return scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
		answer(w, id, `{"tools":[`+strings.Join(entries, ",")+`]}`)
	})
}

func definition(name string) string {
	return fmt.Sprintf(`{"name":%q,"inputSchema":{"type":"object"}}`, name)
}

func names(tools []catalog.Tool) string {
	var all []string
	for _, tool := range tools {
		all = append(all, tool.Name)
	}
	return strings.Join(all, " ")
}

// wantError checks the kind of a failed read, and that the text is fit to show.
func wantError(t *testing.T, err error, kind remote.Kind, contains string) *remote.Error {
	t.Helper()
	var e *remote.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want a remote.Error of kind %s", err, kind)
	}
	if e.Kind != kind || !strings.Contains(err.Error(), contains) {
		t.Errorf("error is %s: %v\nwant %s with %q", e.Kind, err, kind, contains)
	}
	if len([]rune(err.Error())) > 600 || strings.ContainsAny(err.Error(), "\n\r\x1b\u202e") {
		t.Errorf("error is too long or has control characters: %q", err)
	}
	return e
}

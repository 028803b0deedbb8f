package interop_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/emulator"
)

// agentCore starts a local AgentCore and two MCP servers, one with two tools,
// which a PUT of /tools/{n} changes, and one with four. It returns the settings
// that lead a client there.
func agentCore(t *testing.T) []string {
	t.Helper()
	core := emulator.New(emulator.Options{
		StateDelay: 300 * time.Millisecond, // a client has to see the working states
		Quotas:     emulator.Quotas{Read: -1, Write: -1, Synchronize: -1},
	})
	t.Cleanup(core.Close)
	return []string{
		"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=" + listen(t, core),
		"ORDERS_URL=" + listen(t, ordersServer(t, 2)),
		"NEW_ORDERS_URL=" + listen(t, ordersServer(t, 4)),
	}
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func ordersServer(t *testing.T, tools int) http.Handler {
	t.Helper()
	h, err := orders.NewHandler(tools)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", h)
	mux.HandleFunc("PUT /tools/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err == nil {
			err = h.SetTools(n)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	return mux
}

func TestBoto3(t *testing.T) {
	t.Parallel()
	python := fromPython(t, "python3")
	const operation = "import boto3; boto3.client('bedrock-agentcore-control').synchronize_gateway_targets"
	if r := run(t, pythonEnvironment(), python, "-c", operation); r.status != 0 {
		missing(t, "boto3 is not there, or too old for AgentCore: "+lastLine(r.stderr), pythonRemedy)
	}
	succeed(t, pythonEnvironment(agentCore(t)...), python, "aws/lifecycle.py", "--verbose")
}

func TestJavaScriptSDK(t *testing.T) {
	t.Parallel()
	newNode(t).script(t, agentCore(t), "aws/lifecycle.mjs")
}

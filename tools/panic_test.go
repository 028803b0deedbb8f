package tools

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

func TestPanicInAHandlerIsAnError(t *testing.T) {
	var log strings.Builder
	s := NewServer(&gateway.Manager{}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	tool(read, "boom", "Boom", "panics", func(context.Context, *gateway.Manager, struct{}, gateway.Caller) (struct{}, error) {
		panic("boom")
	}).add(s, &gateway.Manager{}, newSchemas(), gate{})
	near, far := mcp.NewInMemoryTransports()
	serving, err := s.Connect(t.Context(), far, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CallTool(t.Context(), &mcp.CallToolParams{Name: "boom", Arguments: map[string]any{}})
	if err == nil || !strings.Contains(err.Error(), "failed inside the server") {
		t.Errorf("got %v", err)
	}
	if err := client.Ping(t.Context(), nil); err != nil {
		t.Errorf("the server does not live on: %v", err)
	}
	client.Close()
	serving.Wait()
	if !strings.Contains(log.String(), "panic_test.go") {
		t.Errorf("the log lacks the stack: %s", log.String())
	}
}

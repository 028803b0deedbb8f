package emulator

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// forward asks a target's MCP server in a session of its own, which ends with the
// inbound request.
func forward[Result any](inbound context.Context, s *Server, target *served, ask func(context.Context, *mcp.ClientSession) (Result, error)) (result Result, err error) {
	ctx, cancel := s.outbound(inbound)
	defer cancel()
	session, err := s.connect(ctx, target)
	if err != nil {
		return result, err
	}
	defer session.Close()
	return ask(ctx, session)
}

// connect opens a session with a target's MCP server.
func (s *Server) connect(ctx context.Context, target *served) (*mcp.ClientSession, error) {
	client := mcp.NewClient(
		&mcp.Implementation{Name: "agentcore-gateway", Version: "1.0.0"},
		&mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}},
	)
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: target.endpoint,
		HTTPClient: &http.Client{
			Transport:     target.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		MaxRetries:           -1,
		DisableStandaloneSSE: true,
	}, &mcp.ClientSessionOptions{ProtocolVersion: gatewayProtocolVersion})
}

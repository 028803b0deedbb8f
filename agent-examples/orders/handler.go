package orders

import (
	"net/http"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Handler serves one orders server over stateless streamable HTTP at /mcp, to
// clients of the initialize handshake and of the stateless revision alike. It
// answers only requests that name a loopback host when they come over loopback,
// and none that a browser sends from another site.
type Handler struct {
	http.Handler
	server *mcp.Server

	mu    sync.Mutex // serializes SetTools
	tools []tool
	count int
}

// NewHandler is a handler whose server has the first n (1 to 4) tools; any
// other n is an error.
func NewHandler(n int) (*Handler, error) {
	if err := checkCount(n); err != nil {
		return nil, err
	}
	h := new(Handler)
	h.server, h.tools = newDesk()
	if err := h.SetTools(n); err != nil {
		return nil, err
	}
	streamable := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return h.server },
		&mcp.StreamableHTTPOptions{Stateless: true},
	)
	mux := http.NewServeMux()
	mux.Handle("/mcp", http.NewCrossOriginProtection().Handler(streamable))
	h.Handler = mux
	return h, nil
}

// SetTools makes the running server offer the first n (1 to 4) tools, as a
// redeployment behind the same URL would; the orders stay. Any other n is an
// error and changes nothing.
func (h *Handler) SetTools(n int) error {
	if err := checkCount(n); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for ; h.count < n; h.count++ {
		h.tools[h.count].add(h.server)
	}
	for ; h.count > n; h.count-- {
		h.server.RemoveTools(h.tools[h.count-1].name)
	}
	return nil
}

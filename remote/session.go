package remote

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// recorder is a transport whose connection keeps the raw answers to tools/list.
type recorder struct {
	mcp.Transport
	conn recordedConn
}

func (t *recorder) Connect(ctx context.Context) (mcp.Connection, error) {
	conn, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	t.conn.Connection = conn
	return &t.conn, nil
}

type recordedConn struct {
	mcp.Connection
	wire *wire

	mu      sync.Mutex
	methods map[jsonrpc.ID]string // of the calls that are not answered
	limit   int                   // entries that the next page may have
	page    recordedPage
}

type recordedPage struct {
	entries []entry
	probed  []int // the entries that the SDK judges
	next    string
	err     error
}

func (c *recordedConn) Write(ctx context.Context, msg jsonrpc.Message) error {
	if req, ok := msg.(*jsonrpc.Request); ok && req.IsCall() {
		c.mu.Lock()
		c.methods[req.ID] = req.Method
		c.mu.Unlock()
	}
	return c.Connection.Write(ctx, msg)
}

func (c *recordedConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	msg, err := c.Connection.Read(ctx)
	resp, ok := msg.(*jsonrpc.Response)
	if err != nil || !ok || resp.Error != nil {
		return msg, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	method := c.methods[resp.ID]
	delete(c.methods, resp.ID)
	switch method {
	case "initialize":
		var result struct {
			ProtocolVersion string `json:"protocolVersion"`
		}
		if json.Unmarshal(resp.Result, &result) == nil {
			c.wire.setVersion(result.ProtocolVersion)
		}
	case "tools/list":
		resp.Result = c.record(resp.Result)
	}
	return resp, nil
}

// record keeps the page and answers what the SDK shall see of it.
func (c *recordedConn) record(result json.RawMessage) json.RawMessage {
	p, err := parsePage(result, c.limit)
	c.page = recordedPage{next: p.next, err: err, entries: make([]entry, len(p.entries))}
	for i, raw := range p.entries {
		c.page.entries[i] = parseEntry(raw)
	}
	result, c.page.probed = headerProbe(c.page.entries)
	return result
}

// list asks for one page of at most limit entries.
func (c *recordedConn) list(ctx context.Context, session *mcp.ClientSession, cursor string, limit int) ([]entry, string, error) {
	c.mu.Lock()
	c.limit, c.page = limit, recordedPage{}
	c.mu.Unlock()

	verdict, err := session.ListTools(ctx, &mcp.ListToolsParams{Cursor: cursor})
	if err != nil {
		return nil, "", err
	}
	c.mu.Lock()
	p := c.page
	c.mu.Unlock()
	if p.err != nil {
		return nil, "", p.err
	}
	accepted := make(map[string]bool, len(verdict.Tools))
	for _, tool := range verdict.Tools {
		accepted[tool.Name] = true
	}
	for _, i := range p.probed {
		p.entries[i].ok = accepted[strconv.Itoa(i)]
	}
	return p.entries, p.next, nil
}

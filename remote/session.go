package remote

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// recorder is a transport whose connection keeps the raw answers to
// listings.
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
	raw  bool // see [Reader.Raw]

	mu      sync.Mutex
	methods map[jsonrpc.ID]string // of the calls that are not answered
	asking  listing               // of the next page
	limit   int                   // entries that it may have
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
	case c.asking.method:
		resp.Result = c.record(resp.Result)
	}
	return resp, nil
}

// record keeps the page and answers what the SDK shall see of it.
func (c *recordedConn) record(result json.RawMessage) json.RawMessage {
	p, err := parsePage(c.asking, result, c.limit)
	c.page = recordedPage{next: p.next, err: err, entries: make([]entry, len(p.entries))}
	for i, raw := range p.entries {
		if c.asking.by == "" {
			c.page.entries[i] = parseEntry(raw)
		} else {
			c.page.entries[i] = parseItem(raw, c.asking.by)
		}
	}
	if c.asking.by != "" { // the SDK has nothing to say about them
		return json.RawMessage(`{"` + c.asking.member + `":[]}`)
	}
	result, c.page.probed = headerProbe(c.page.entries)
	return result
}

// list asks for one page of at most limit entries.
func (c *recordedConn) list(ctx context.Context, session *mcp.ClientSession, l listing, cursor string, limit int) ([]entry, string, error) {
	c.mu.Lock()
	c.asking, c.limit, c.page = l, limit, recordedPage{}
	c.mu.Unlock()

	var verdict []*mcp.Tool
	var err error
	switch l {
	case toolsListing:
		var answer *mcp.ListToolsResult
		if answer, err = session.ListTools(ctx, &mcp.ListToolsParams{Cursor: cursor}); err == nil {
			verdict = answer.Tools
		}
	case promptsListing:
		_, err = session.ListPrompts(ctx, &mcp.ListPromptsParams{Cursor: cursor})
	case resourcesListing:
		_, err = session.ListResources(ctx, &mcp.ListResourcesParams{Cursor: cursor})
	default:
		_, err = session.ListResourceTemplates(ctx, &mcp.ListResourceTemplatesParams{Cursor: cursor})
	}
	if err != nil {
		return nil, "", err
	}
	c.mu.Lock()
	p := c.page
	c.mu.Unlock()
	if p.err != nil {
		return nil, "", p.err
	}
	accepted := make(map[string]bool, len(verdict))
	for _, tool := range verdict {
		accepted[tool.Name] = true
	}
	for _, i := range p.probed {
		p.entries[i].ok = c.raw || accepted[strconv.Itoa(i)]
	}
	return p.entries, p.next, nil
}

// Package remote reads the tools, prompts and resources of remote MCP servers, a
// gateway's own endpoint among them: a session through a dialer that guards which addresses are
// reached, all pages, bounded in time and bytes, its errors sorted by the step
// that failed. What the tools mean is package catalog's.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

const (
	defaultMaxTools = 10_000 // AgentCore's limit of tools per target
	defaultMaxBytes = 64 << 20
	defaultTimeout  = 30 * time.Second

	// othersTimeout bounds reading prompts and resources, without which most is known.
	othersTimeout = 10 * time.Second

	// maxEmptyPages bounds a paging that brings no tools. A gateway pages per
	// target and has at most 100 of them, any of which may be empty.
	maxEmptyPages = 200
)

// Reader reads what an MCP endpoint lists. Limits that are not
// positive mean the defaults. It holds no state: use it from many goroutines.
type Reader struct {
	Transport       http.RoundTripper // required: Guard.Transport() or an authorizing wrapper around it
	ProtocolVersion string            // "" newest the SDK speaks with fallback; "2025-11-25" does what a gateway does (initialize handshake)
	MaxTools        int               // default 10,000; more is an error
	MaxBytes        int64             // response bytes over the whole read, default 64 MiB
	Timeout         time.Duration     // the whole read, default 30 s
	Budget          *Budget           // of all readers that share it; nil for one of this read's own
	// Raw keeps tools whose x-mcp-header annotation makes a client of 2026-07-28 drop
	// them: the endpoint lists them all the same.
	Raw bool
	// Secrets learns the credentials that are sent, by Transport too, and is
	// masked in everything that comes back. Without it, the tools come as they
	// are, and errors lack the credentials of the same read.
	Secrets *untrusted.Secrets
}

// Revision is the revision of MCP at which to read an endpoint that accepts those
// listed: the one that AgentCore itself speaks to MCP servers where it can be, else
// the newest that both sides know. None listed means all.
func Revision(accepted []string) (string, error) {
	const usual = "2025-11-25"
	if len(accepted) == 0 || slices.Contains(accepted, usual) {
		return usual, nil
	}
	for _, known := range mcp.SupportedProtocolVersions() { // the newest first
		if slices.Contains(accepted, known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("it accepts only MCP revisions that this program does not speak (%s): install a newer release", untrusted.Text(strings.Join(accepted, ", "), 100))
}

// List is what one read found.
type List struct {
	// In the order of the server, duplicates included; Tools is never nil. Prompts
	// and resources are none where the server says that it has none.
	catalog.List
	Pages int // answers to tools/list

	// Dropped names the entries that a strict client does not accept and that
	// Tools therefore lacks: not an object, no name, a description that is not
	// a string, an inputSchema that is not a schema of type "object", a bad
	// x-mcp-header annotation. An entry without a name stands as its position
	// over all pages, the first being "#1". Never nil.
	Dropped []string
}

// Read lists the tools of the MCP endpoint in a session of its own, over all
// pages, and then its prompts, resources and resource templates, whose failure
// only [catalog.List.Unlisted] tells. It follows no redirect and ends the session
// before it returns. Every
// error is an [*Error], save that of a caller who cancelled ctx, which
// satisfies errors.Is(err, context.Canceled). A failed read returns no tools.
func (r Reader) Read(ctx context.Context, endpoint string) (list List, err error) {
	err = r.in(ctx, endpoint, func(ctx context.Context, r Reader, w *wire, conn *recordedConn, session *mcp.ClientSession) (err error) {
		if list, err = r.tools(ctx, conn, session); err == nil {
			r.others(ctx, w, conn, session, &list.List)
		}
		return err
	})
	if err != nil {
		return List{}, err
	}
	return list, nil
}

// Call calls a tool of the MCP endpoint in a session of its own, and returns the text
// that it answers, masked and as long as the server made it, and whether that is an
// error of the tool. Errors as Read's.
func (r Reader) Call(ctx context.Context, endpoint, tool string, arguments map[string]any) (text string, isError bool, err error) {
	err = r.in(ctx, endpoint, func(ctx context.Context, r Reader, _ *wire, _ *recordedConn, session *mcp.ClientSession) error {
		result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil {
			return err
		}
		var texts []string
		for _, c := range result.Content {
			if c, ok := c.(*mcp.TextContent); ok {
				texts = append(texts, c.Text)
			}
		}
		text, isError = r.Secrets.Mask(strings.Join(texts, " ")), result.IsError
		return nil
	})
	return text, isError, err
}

// in opens a session with the endpoint, has something done in it, with what is left of
// the reader's limits, and ends it.
func (r Reader) in(ctx context.Context, endpoint string, do func(context.Context, Reader, *wire, *recordedConn, *mcp.ClientSession) error) error {
	shown, _ := untrusted.Endpoint(endpoint)
	if r.MaxTools <= 0 {
		r.MaxTools = defaultMaxTools
	}
	if r.MaxBytes <= 0 {
		r.MaxBytes = defaultMaxBytes
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	if deadline, ok := ctx.Deadline(); ok {
		if r.Timeout = min(r.Timeout, time.Until(deadline).Round(time.Millisecond)); r.Timeout <= 0 {
			return &Error{Kind: KindTimeout, Endpoint: shown, Err: errors.New("no time was left to read its tools: give the call more time, or try again")}
		}
	}
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return &Error{Kind: KindAddress, Endpoint: shown, Err: err}
	}
	if r.Transport == nil {
		return &Error{Kind: KindConnect, Endpoint: shown, Err: errors.New("the reader was given no transport")}
	}

	// Nothing of ctx is passed on but its end: a caller that serves MCP itself
	// has the revision of the request it answers in there, and the SDK's client
	// would take that for this session's.
	bounded, cancel := context.WithTimeout(context.Background(), r.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	w := &wire{base: r.Transport, ctx: bounded, secrets: r.Secrets, held: share{of: r.Budget}}
	if w.held.of == nil {
		w.held.of = new(Budget)
	}
	defer w.held.end()
	if w.secrets == nil {
		w.secrets = new(untrusted.Secrets)
	}
	for _, secret := range untrusted.QuerySecrets(u) {
		w.secrets.Add(secret)
	}
	w.left.Store(r.MaxBytes)

	if err = r.session(bounded, w, endpoint, do); err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("endpoint %s: reading its tools was cancelled: %w", shown, context.Canceled)
	}
	r.Secrets = w.secrets
	failure := r.explain(w, err, bounded.Err() != nil)
	failure.Endpoint = shown
	return failure
}

func (r Reader) session(ctx context.Context, w *wire, endpoint string, do func(context.Context, Reader, *wire, *recordedConn, *mcp.ClientSession) error) error {
	transport := &recorder{
		Transport: &mcp.StreamableClientTransport{
			Endpoint: endpoint,
			HTTPClient: &http.Client{
				Transport:     w,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
			MaxRetries:           -1, // a retry would multiply the time
			MaxEventSize:         -1, // the wire counts
			DisableStandaloneSSE: true,
		},
		conn: recordedConn{wire: w, raw: r.Raw, methods: map[jsonrpc.ID]string{}},
	}
	client := mcp.NewClient(
		&mcp.Implementation{Name: "agentcore-gateway-mcp", Title: "tool catalogue reader", Version: "1"},
		&mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}},
	)
	session, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: r.ProtocolVersion})
	if err != nil {
		return err
	}
	defer session.Close()
	return do(ctx, r, w, &transport.conn, session)
}

func (r Reader) tools(ctx context.Context, conn *recordedConn, session *mcp.ClientSession) (List, error) {
	list := List{List: catalog.List{Tools: []catalog.Tool{}}, Dropped: []string{}}
	entries := 0
	pages, err := r.pages(ctx, conn, session, toolsListing, func(e entry) {
		entries++
		switch {
		case e.ok:
			list.Tools = append(list.Tools, r.masked(e.tool))
		case e.tool.Name != "":
			list.Dropped = append(list.Dropped, untrusted.Name(r.Secrets.Mask(e.tool.Name)))
		default:
			list.Dropped = append(list.Dropped, "#"+strconv.Itoa(entries))
		}
	})
	list.Pages = pages
	return list, err
}

// others reads prompts and resources, of a server that says it has them.
func (r Reader) others(ctx context.Context, w *wire, conn *recordedConn, session *mcp.ClientSession, list *catalog.List) {
	answer := session.InitializeResult()
	if answer == nil || answer.Capabilities == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, othersTimeout)
	defer cancel()
	read := func(l listing, into *[]catalog.Tool) {
		if list.Unlisted != "" {
			return
		}
		_, err := r.pages(ctx, conn, session, l, func(e entry) {
			if e.ok {
				*into = append(*into, r.masked(e.tool))
			}
		})
		var rpc *jsonrpc.Error
		if err == nil || errors.As(err, &rpc) && rpc.Code == jsonrpc.CodeMethodNotFound {
			return
		}
		r.Secrets = w.secrets
		list.Unlisted = l.method + ": " + r.explain(w, err, ctx.Err() != nil).Err.Error()
	}
	if answer.Capabilities.Prompts != nil {
		read(promptsListing, &list.Prompts)
	}
	if answer.Capabilities.Resources != nil {
		read(resourcesListing, &list.Resources)
		read(templatesListing, &list.Resources)
	}
}

// pages reads a listing to its end, and returns how many pages it took.
func (r Reader) pages(ctx context.Context, conn *recordedConn, session *mcp.ClientSession, l listing, keep func(entry)) (pages int, err error) {
	seen := map[string]bool{}
	cursor, entries, empty := "", 0, 0
	for {
		conn.wire.paged.Store(cursor != "")
		page, next, err := conn.list(ctx, session, l, cursor, r.MaxTools-entries)
		if errors.Is(err, errTooMany) {
			return pages, &Error{Kind: KindTooMany, Err: fmt.Errorf("it lists more than %d %s: split the server, or raise the limit", r.MaxTools, l.member)}
		}
		if err != nil {
			return pages, err
		}
		pages++
		entries += len(page)
		for _, e := range page {
			keep(e)
		}
		if len(page) == 0 {
			empty++
		}
		switch {
		case next == "":
			return pages, nil
		case seen[next]:
			return pages, pagingError("its paging never ends: a cursor came twice, after %d pages", pages)
		case empty > maxEmptyPages:
			return pages, pagingError("its paging never ends: %d pages brought no %s", empty, l.member)
		}
		seen[next] = true
		cursor = next
	}
}

// masked is a tool whose server does not get what it was sent into an answer.
func (r Reader) masked(t catalog.Tool) catalog.Tool {
	if r.Secrets == nil {
		return t
	}
	definition := r.Secrets.MaskJSON(t.Definition)
	if len(definition) == len(t.Definition) && &definition[0] == &t.Definition[0] {
		return t // nothing was
	}
	return catalog.Tool{Name: r.Secrets.Mask(t.Name), Description: r.Secrets.Mask(t.Description), Definition: definition}
}

func pagingError(format string, args ...any) error {
	return &Error{Kind: KindProtocol, Err: fmt.Errorf(format+": this is a fault of the server", args...)}
}

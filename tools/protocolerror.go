package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/untrusted"
)

// plainMessage says in plain words what the MCP SDK refuses before any handler
// sees it: the SDK's own words hold Go types, and repeat whatever was sent.
func plainMessage(message string) string {
	const (
		most     = 1000 // characters
		mostEcho = 200  // of what was sent
	)
	before, _, found := strings.Cut(message, "unmarshaling ")
	if !found && !strings.Contains(message, "Go value") && !strings.Contains(message, "Go struct") {
		if len(message) > mostEcho {
			message = regexp.MustCompile(`"(?:[^"\\]|\\.){200,}"?`).ReplaceAllStringFunc(message, func(echo string) string {
				return untrusted.Quote(strings.Trim(echo, `"`), mostEcho)
			})
		}
		return untrusted.Text(message, most)
	}
	_, method, _ := strings.Cut(before, "handling '")
	if method, _, found = strings.Cut(method, "'"); found && method == "tools/call" {
		return "invalid params: tools/call takes name, a string, and arguments, an object"
	}
	return "invalid params: they do not have the form that MCP gives this method's params"
}

// PlainErrors is a transport whose protocol errors are short and in plain words.
func PlainErrors(t mcp.Transport) mcp.Transport { return plainTransport{t} }

type plainTransport struct{ mcp.Transport }

func (t plainTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	c, err := t.Transport.Connect(ctx)
	return plainConnection{c}, err
}

type plainConnection struct{ mcp.Connection }

func (c plainConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	if response, ok := message.(*jsonrpc.Response); ok && response.Error != nil {
		plain := jsonrpc.Error{Code: jsonrpc.CodeInternalError}
		if known := (*jsonrpc.Error)(nil); errors.As(response.Error, &known) {
			plain = *known
		}
		plain.Message = plainMessage(response.Error.Error())
		copied := *response
		copied.Error = &plain
		message = &copied
	}
	return c.Connection.Write(ctx, message)
}

// PlainErrorsHTTP is PlainErrors for a handler that serves MCP over HTTP.
func PlainErrorsHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&plainWriter{ResponseWriter: w, status: http.StatusOK}, r)
	})
}

// plainWriter looks at what is written in one piece, as the SDK writes an event
// or a refusal.
type plainWriter struct {
	http.ResponseWriter
	status int
}

// Unwrap lets an [http.ResponseController] flush.
func (w *plainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *plainWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *plainWriter) Write(p []byte) (int, error) {
	out := p
	switch head, data, event := bytes.Cut(p, []byte("data: ")); {
	case event && bytes.Contains(data, []byte(`"error":`)):
		if plain, ok := plainResponse(bytes.TrimSpace(data)); ok {
			out = append(append(append(bytes.Clone(head), "data: "...), plain...), "\n\n"...)
		}
	case event || w.status < http.StatusBadRequest:
	default:
		plain, ok := plainResponse(p)
		if !ok {
			plain = []byte(plainMessage(string(p)) + "\n")
		}
		out = plain
	}
	if _, err := w.ResponseWriter.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainResponse is a JSON-RPC response with a plain error; ok is false for
// anything else.
func plainResponse(data []byte) (plain []byte, ok bool) {
	message, err := jsonrpc.DecodeMessage(data)
	if err != nil {
		return nil, false
	}
	response, ok := message.(*jsonrpc.Response)
	if !ok || response.Error == nil {
		return nil, false
	}
	var raw struct {
		Error jsonrpc.Error `json:"error"`
	}
	if json.Unmarshal(data, &raw) != nil {
		return nil, false
	}
	raw.Error.Message = plainMessage(raw.Error.Message)
	response.Error = &raw.Error
	plain, err = jsonrpc.EncodeMessage(response)
	return plain, err == nil
}

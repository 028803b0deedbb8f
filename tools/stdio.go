package tools

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/untrusted"
)

// Stdio is the transport of a server that hears its client on in and answers on
// out, a message a line. A line that is no message is refused where it has an id,
// logged where it has none, and the session goes on: the SDK would end it, and the
// process, for a blank after a message or for arguments that are nested too deep.
// Protocol errors are as those of [PlainErrors].
func Stdio(in io.ReadCloser, out io.WriteCloser, log *slog.Logger) mcp.Transport {
	lines := &lineWriter{WriteCloser: out}
	return PlainErrors(&mcp.IOTransport{Reader: &messages{Closer: in, in: bufio.NewReader(in), out: lines, log: log}, Writer: lines})
}

// lineWriter takes one line a Write, from several writers.
type lineWriter struct {
	mu sync.Mutex
	io.WriteCloser
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.WriteCloser.Write(p)
}

// mostLine is how long a message may be, in bytes. A body over HTTP has 1 MiB.
const mostLine = 4 << 20

// messages reads only what the SDK takes for a message.
type messages struct {
	io.Closer
	in   *bufio.Reader
	out  io.Writer
	log  *slog.Logger
	rest []byte // of the message that is being read
}

func (m *messages) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		line, whole, err := m.line()
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case !whole:
			m.refuse(line, errTooLong)
		default:
			if wrong := understand(line); wrong != nil {
				m.refuse(line, wrong)
			} else {
				m.rest = append(line, '\n')
			}
		}
		if err != nil && len(m.rest) == 0 {
			return 0, err
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// line reads one; of one that is too long its beginning and its end.
func (m *messages) line() (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := m.in.ReadSlice('\n')
		if whole = whole && len(line)+len(part) <= mostLine; !whole {
			line = line[:min(len(line), mostLine)]
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, whole, err
		}
	}
}

var (
	errTooLong = errors.New("the message is over 4 MiB: send less at once")
	errNoSense = errors.New("the line is not a JSON-RPC message: send one JSON object a line, nested less than 10,000 deep")
)

// understand is what the SDK does with a message, at the price of whose failure it
// ends the session.
func understand(line []byte) error {
	if !json.Valid(line) {
		return errNoSense
	}
	batch := []json.RawMessage{line} // the revision of 2025-03-26 has batches
	if line[0] == '[' && (json.Unmarshal(line, &batch) != nil || len(batch) == 0) {
		return errNoSense
	}
	for _, message := range batch {
		if _, err := jsonrpc.DecodeMessage(message); err != nil {
			return errNoSense
		}
	}
	return nil
}

func (m *messages) refuse(line []byte, wrong error) {
	id := idOf(line)
	if id == nil {
		m.log.Warn("a line on stdin is no message and was left out", "cause", wrong, "line", untrusted.Text(string(line), 80))
		return
	}
	answer, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": jsonrpc.Error{Code: jsonrpc.CodeParseError, Message: wrong.Error()}})
	if err == nil {
		_, _ = m.out.Write(append(answer, '\n')) // a client that is gone ends the reading too
	}
}

var lastID = regexp.MustCompile(`"id"\s*:\s*([0-9]{1,15}|"[^"\\]{0,100}")\s*\}$`)

// idOf finds the id of a message that cannot be read as a whole; nil for none. A
// decoder of values would fail at its depth or its end, one of tokens need not.
func idOf(line []byte) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	depth, name, isName := 0, "", true // of the outermost object's member, and whether it comes next
	for {
		token, err := decoder.Token()
		switch delimiter, _ := token.(json.Delim); {
		case err != nil:
			if found := lastID.FindSubmatch(line[max(0, len(line)-200):]); found != nil {
				return found[1]
			}
			return nil
		case delimiter == '{' || delimiter == '[':
			depth++
		case delimiter == '}' || delimiter == ']':
			depth--
			isName = isName || depth == 1
		case depth == 1 && isName:
			name, _ = token.(string)
			isName = false
		case depth == 1 && name == "id":
			if _, is := token.(bool); is || token == nil {
				return nil
			}
			id, _ := json.Marshal(token) // a number or a string
			return id
		case depth == 1:
			isName = true
		}
	}
}

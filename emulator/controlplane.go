package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"
)

// maxBody leaves room for AWS's largest inline schema (1 MB) in JSON's escapes.
const maxBody = 8 << 20

// request is a valid request of an operation: its body, and the members that
// travel in path and query.
type request struct {
	origin string // scheme and host that the client used

	listener string // scheme and address at which it reached us
	body     json.RawMessage
	members  map[string]any // every member, by its name in the model
	most     int            // the greatest page of a list; 0: not a list
}

// str returns a member that is a string, "" when it was not sent.
func (r *request) str(member string) string {
	value, _ := r.members[member].(string)
	return value
}

// optional is str for a member that stays absent when it was not sent.
func (r *request) optional(member string) *string {
	value, ok := r.members[member].(string)
	if !ok {
		return nil
	}
	return &value
}

func (s *Server) serveControlPlane(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-RequestId", requestID())
	op, labels := route(s.operations, r.Method, r.URL.EscapedPath())
	if op == nil {
		writeError(w, &apiError{code: unknownOperation, message: fmt.Sprintf("no operation of AgentCore has the method %s and this path", r.Method)})
		return
	}
	s.withFaults(w, r, op.name, func(w http.ResponseWriter) {
		body, err := s.operate(op, labels, r)
		var failure *apiError
		switch {
		case err == nil:
			writeJSON(w, op.status, body)
		case errors.As(err, &failure):
			writeError(w, failure)
		default:
			s.opts.Log.Error("operation failed", "operation", op.name, "error", err)
			writeError(w, &apiError{code: internalServer, message: "internal error of the local AgentCore"})
		}
	})
}

// operate checks the request and carries the operation out.
func (s *Server) operate(op *operation, labels map[string]string, r *http.Request) (json.RawMessage, error) {
	if !s.allow(op) {
		return nil, &apiError{code: throttling, message: "Rate exceeded"}
	}
	if op.handle == nil && op.ask == nil {
		return nil, &apiError{
			code: unknownOperation, status: http.StatusNotImplemented,
			message: op.name + " is not implemented by the local AgentCore",
		}
	}
	req, err := s.parse(op, labels, r)
	if err != nil {
		return nil, err
	}
	if op.ask != nil {
		return op.ask(s, r.Context(), req)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	return op.handle(s, req)
}

// parse reads body, path and query and checks them against the model.
func (s *Server) parse(op *operation, labels map[string]string, r *http.Request) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, cannotParse("the body could not be read, or is larger than %d bytes", maxBody)
	}
	members := map[string]any{}
	if body = bytes.TrimSpace(body); len(body) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, cannotParse("the body is not valid JSON")
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return nil, cannotParse("the body holds more than one JSON value")
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil, cannotParse("the body is not a JSON object")
		}
		members = object
	}
	found := misplaced(op.input, members)
	for name, value := range labels {
		members[name] = value
	}
	query(op.input, r.URL.Query(), members)
	if found = append(found, check(s.rules, op.input, members)...); len(found) > 0 {
		return nil, invalid(found)
	}
	return &request{origin: origin(r), listener: listener(r), body: body, members: members, most: s.rules[op.input.ID().Name+"$maxResults"].max}, nil
}

// listener is where a request has come in: where we are reached from here, whatever
// Host the client has named.
func listener(r *http.Request) string {
	if address, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return "http://" + address.String()
	}
	return origin(r)
}

// origin is the scheme and host by which the client reached us.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// query adds the members that travel in the query string.
func query(schema *smithy.Schema, values url.Values, members map[string]any) {
	for name, member := range schema.Members() {
		key := queryName(member)
		if key == "" || !values.Has(key) {
			continue
		}
		if member.Type() == smithy.ShapeTypeInteger {
			members[name] = json.Number(values.Get(key))
			continue
		}
		if member.Type() == smithy.ShapeTypeList {
			list := []any{}
			for _, value := range values[key] {
				list = append(list, value)
			}
			members[name] = list
			continue
		}
		members[name] = values.Get(key)
	}
}

func cannotParse(format string, args ...any) *apiError {
	return &apiError{
		code:    validation,
		message: fmt.Sprintf(format, args...),
		reason:  types.ValidationExceptionReasonCannotParse,
	}
}

// allow takes a token from the operation's bucket.
func (s *Server) allow(op *operation) bool {
	var limit float64
	switch {
	case op.name == "SynchronizeGatewayTargets":
		limit = s.opts.Quotas.Synchronize
	case strings.HasPrefix(op.name, "Get"), strings.HasPrefix(op.name, "List"):
		limit = s.opts.Quotas.Read
	default:
		limit = s.opts.Quotas.Write
	}
	if limit < 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.limiters[op.name]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Limit(limit), max(1, int(limit)))
		s.limiters[op.name] = limiter
	}
	return limiter.AllowN(s.opts.Now(), 1)
}

// requestID has the form of a UUID, as AWS's request ids have.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// pageSize is the maxResults of a list; when it was not sent, 100 or what the
// list allows, if that is less.
func (r *request) pageSize() int {
	number, _ := r.members["maxResults"].(json.Number)
	if n, err := strconv.Atoi(number.String()); err == nil {
		return n
	}
	if r.most > 0 {
		return min(r.most, 100)
	}
	return 100
}

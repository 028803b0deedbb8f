package tools

import (
	"regexp"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// traceparent is the form that W3C gives it; version ff is not allowed.
var traceparent = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)`)
})

// traceOf is the W3C trace id that a client sent along, in _meta or in a header, by which
// lines of the log are found from a trace; "" for none.
func traceOf(req *mcp.CallToolRequest) string {
	given, _ := req.Params.Meta["traceparent"].(string)
	if given == "" && req.Extra != nil && req.Extra.Header != nil {
		given = req.Extra.Header.Get("Traceparent")
	}
	const longest = 512 // bytes
	if len(given) > longest {
		return ""
	}
	parts := traceparent().FindStringSubmatch(given)
	if parts == nil || strings.HasPrefix(given, "ff") || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return parts[1]
}

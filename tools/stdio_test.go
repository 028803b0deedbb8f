package tools_test

import (
	"bufio"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// Whatever line comes on stdin, the next request is answered, and one with an id
// that cannot be understood is refused under that id.
func TestStdioOutlivesAnyLine(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	long := strings.Repeat("x", 5<<20)
	for name, c := range map[string]struct{ line, want string }{
		"a blank at the end":     {`{"jsonrpc":"2.0","id":1,"method":"ping"} `, `"id":1,"result":`},
		"carriage return":        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r", `"id":1,"result":`},
		"an empty line":          {" ", ""},
		"no JSON":                {"hello", ""},
		"half a message":         {`{"jsonrpc":"2.0","id":1,"method":"pi`, `"id":1`},
		"two messages":           {`{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}`, `"id":1`},
		"nesting":                {`{"jsonrpc":"2.0","method":"ping","params":{"id":5,"a":` + deep + `,"b":[{"id":6}]},"id":"one"}`, `"id":"one"`},
		"nesting without an id":  {`{"jsonrpc":"2.0","method":"ping","params":{"id":5,"a":` + deep + `}}`, ""},
		"another protocol":       {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, `"id":1`},
		"an id that is a list":   {`{"jsonrpc":"2.0","id":[1],"method":"ping"}`, ""},
		"an id that is true":     {`{"jsonrpc":"2.0","id":true,"method":"ping"}`, ""},
		"an empty batch":         {`[]`, ""},
		"a batch of no messages": {`[7]`, ""},
		"a number":               {`7`, ""},
		"a long line":            {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"` + long + `"}}`, `"id":1,`},
		"a long line, id last":   {`{"method":"ping","params":{"a":"` + long + `"},"jsonrpc":"2.0","id": 1}`, `"id":1,`},
		"a long line without id": {long, ""},
		"no UTF-8":               {"\xff\xfe\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, toServer := io.Pipe()
			fromServer, out := io.Pipe()
			log := &syncBuffer{}
			ended := make(chan error, 1)
			go func() {
				ended <- tools.NewServer(&gateway.Manager{}, tools.Options{}).Run(t.Context(), tools.Stdio(in, out, slog.New(slog.NewTextHandler(log, nil))))
				out.Close()
			}()
			go io.WriteString(toServer, c.line+"\n"+`{"jsonrpc":"2.0","id":"next","method":"ping"}`+"\n")
			late := time.AfterFunc(30*time.Second, func() { out.Close() })
			defer late.Stop()
			read := bufio.NewReader(fromServer)
			var besides strings.Builder
			for answered := false; !answered || !strings.Contains(besides.String(), c.want); {
				line, err := read.ReadString('\n')
				if err != nil {
					t.Fatalf("no more after %q", besides.String())
				}
				if strings.Contains(line, `"next"`) {
					answered = true
				} else {
					besides.WriteString(line)
				}
			}
			if said := besides.String(); !strings.Contains(said, c.want) || c.want == "" && said != "" || len(said) > 1000 {
				t.Errorf("said %.1000q, want %s", said, c.want)
			}
			if wants := c.want == "" && strings.TrimSpace(c.line) != ""; wants != strings.Contains(log.String(), "left out") || len(log.String()) > 1000 {
				t.Errorf("log: %.1000s", log.String())
			}
			toServer.Close()
			if err := <-ended; err != nil {
				t.Errorf("at the end of stdin: %v", err)
			}
		})
	}
}

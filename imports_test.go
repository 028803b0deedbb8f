package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "agentcore-gateway-mcp"

// rooms says which of our packages each package may import, outside tests.
var rooms = map[string][]string{
	".":                         {"command", "untrusted"},
	"command":                   {"tools", "gateway", "tutorial", "inbound", "outbound", "remote", "aws", "terminal", "loopback", "untrusted"},
	"tutorial":                  {"emulator", "outbound", "aws", "agent-examples/orders"},
	"tools":                     {"gateway", "aws", "terminal", "untrusted"},
	"gateway":                   {"aws", "remote", "catalog", "loopback", "untrusted"},
	"emulator":                  {"aws", "auth", "remote", "catalog", "loopback", "untrusted"},
	"outbound":                  {"aws", "auth", "untrusted"},
	"inbound":                   {"auth", "loopback"},
	"remote":                    {"catalog", "loopback", "untrusted"},
	"aws":                       {"loopback", "untrusted"},
	"auth":                      {"loopback", "untrusted"},
	"catalog":                   {"untrusted"},
	"terminal":                  {},
	"loopback":                  {},
	"untrusted":                 {},
	"agent-examples/orders":     {},
	"agent-examples/orders/cmd": {"agent-examples/orders"},
	"interop":                   {"tools", "gateway", "aws", "auth", "catalog", "remote", "emulator", "agent-examples/orders"},
}

// sdks are the foreign packages that only some rooms may know.
var sdks = map[string][]string{
	"github.com/aws/": {"aws", "emulator", "tutorial"},
	"github.com/modelcontextprotocol/go-sdk/mcp": {"command", "tools", "remote", "emulator", "agent-examples/orders", "agent-examples/orders/cmd", "interop"},
	"github.com/golang-jwt/":                     {"auth"},
	"github.com/go-json-experiment/json":         {"auth", "catalog"},
	"github.com/peterbourgon/ff/":                {"command"},
	"github.com/schollz/progressbar/":            {"terminal"},
	"github.com/rivo/uniseg":                     {"terminal"},
	"golang.org/x/term":                          {"terminal"},
	"code.dny.dev/ssrf":                          {"remote"},
	"golang.org/x/net/publicsuffix":              {"gateway"},
	"github.com/google/jsonschema-go":            {"command", "tools"},
}

// Imports run one way: main, tools, gateway, and below it aws, auth, catalog.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		room := filepath.ToSlash(filepath.Dir(path))
		seen[room] = true
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: package %s has no rule: add one to rooms", path, room)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			own, isOwn := strings.CutPrefix(name, module+"/")
			switch {
			case isOwn && !test && !slices.Contains(allowed, own):
				t.Errorf("%s: %s may not import %s", path, room, own)
			case !isOwn && !test:
				for prefix, users := range sdks {
					if strings.HasPrefix(name, prefix) && !slices.Contains(users, room) {
						t.Errorf("%s: %s may not import %s", path, room, name)
					}
				}
			}
		}
		for _, bad := range []string{"util", "utils", "common", "helpers", "types"} {
			if file.Name.Name == bad {
				t.Errorf("%s: a package is not called %s", path, bad)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("there is a rule for %s, and no such package", room)
		}
	}
}

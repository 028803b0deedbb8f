package main

import (
	"go/ast"
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
	"mcpb":                      {},
	"interop":                   {"tools", "gateway", "aws", "auth", "catalog", "remote", "emulator", "agent-examples/orders"},
}

// sdks are the foreign packages that only some rooms may know.
var sdks = map[string][]string{
	"github.com/aws/": {"aws", "emulator", "tutorial"},
	"github.com/modelcontextprotocol/go-sdk/mcp": {"command", "tools", "remote", "emulator", "agent-examples/orders", "agent-examples/orders/cmd", "interop"},
	"github.com/golang-jwt/":                     {"auth"},
	"github.com/go-json-experiment/json":         {"auth", "catalog"},
	"github.com/rivo/uniseg":                     {"terminal"},
	"golang.org/x/term":                          {"terminal"},
	"github.com/cedar-policy/":                   {"emulator"},
	"code.dny.dev/ssrf":                          {"remote"},
	"golang.org/x/net/publicsuffix":              {"gateway"},
	"github.com/google/jsonschema-go":            {"command", "tools"},
}

// Imports run one way: main, command, tools, gateway, and below it aws, remote,
// auth, catalog.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(path string) {
		room := filepath.ToSlash(filepath.Dir(path))
		seen[room] = true
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: package %s has no rule: add one to rooms", path, room)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
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
	})
	for room := range rooms {
		if !seen[room] {
			t.Errorf("there is a rule for %s, and no such package", room)
		}
	}
}

// A file that grows past this usually holds two rooms, a function two functions.
const (
	mostFileLines     = 350
	mostFunctionLines = 80
)

func TestSizes(t *testing.T) {
	root, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range root {
		if name != "main.go" && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s: the root has main.go and the tests of the whole binary, nothing else", name)
		}
	}
	eachFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if n := files.File(file.Pos()).LineCount(); n > mostFileLines {
			t.Errorf("%s has %d lines, more than %d", path, n, mostFileLines)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				if n := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1; n > mostFunctionLines {
					t.Errorf("%s: %s has %d lines, more than %d", path, f.Name.Name, n, mostFunctionLines)
				}
			}
		}
	})
}

// aging are the rooms, or files of a room, in which things age: what was restored from a
// snapshot goes on where its timers stood, and the wall clock has gone on.
var aging = []string{"auth/", "gateway/operations.go", "gateway/remembered.go", "tools/seal.go"}

// Ages are by the wall clock: no monotonic reading gets into them.
func TestAges(t *testing.T) {
	seen := 0
	eachFile(t, func(path string) {
		path = filepath.ToSlash(path)
		if strings.HasSuffix(path, "_test.go") || !slices.ContainsFunc(aging, func(room string) bool { return strings.HasPrefix(path, room) }) {
			return
		}
		seen++
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		rounded := map[ast.Expr]bool{} // X in X.Round(0)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if f.Sel.Name == "Round" {
				rounded[f.X] = true
			}
			if of, ok := f.X.(*ast.Ident); ok && of.Name == "time" && (f.Sel.Name == "Since" || f.Sel.Name == "Until" || f.Sel.Name == "Now" && !rounded[call]) {
				t.Errorf("%s: time.%s has a monotonic reading, which stands still in a snapshot: round it, or hand a clock in", files.Position(call.Pos()), f.Sel.Name)
			}
			return true
		})
	})
	if seen < len(aging) {
		t.Errorf("%d files were looked at", seen)
	}
}

// eachFile calls visit for every Go file of the module.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

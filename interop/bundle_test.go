package interop_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What the bundle of the tests says it is.
const bundled, bundledFrom = "1.2.3", "0123456789abcdef"

// endpoint is a line of what local prints for other terminals.
var endpoint = regexp.MustCompile(`AWS_ENDPOINT_URL_\w+=\S+`)

// TestBundle makes the bundle for this machine and installs it as Claude Desktop does:
// mcpb's own code checks it, unpacks it and says how the server in it is started.
func TestBundle(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	dir := t.TempDir()
	bundle := makeBundle(t, dir)
	mcpb := func(args ...string) {
		t.Helper()
		succeed(t, n.env, n.command("mcpb"), args...)
	}
	installed := filepath.Join(dir, "installed")
	mcpb("validate", filepath.Join("..", "mcpb", "manifest.json"))
	mcpb("unpack", bundle, installed)
	mcpb("validate", installed)
	mcpb("pack", installed, filepath.Join(dir, "again.mcpb"))
	if ours, theirs := contents(t, bundle), contents(t, filepath.Join(dir, "again.mcpb")); !maps.Equal(ours, theirs) {
		t.Errorf("mcpb packs something else:\n%v\nthan we do:\n%v", theirs, ours)
	}

	manifest := readManifest(t, installed)
	program := filepath.Join(installed, filepath.FromSlash(manifest.Server.Entry))
	if said, want := string(succeed(t, n.env, program, "--version")), "agentcore-gateway-mcp "+bundled+" (commit "+bundledFrom+")\n"; said != want {
		t.Errorf("--version says %q, want %q", said, want)
	}
	if manifest.Version != bundled || len(manifest.Tools) == 0 {
		t.Fatalf("the manifest is of version %q, with %d tools", manifest.Version, len(manifest.Tools))
	}
	endpoints := endpoint.FindAllString(start(t, regexp.MustCompile(`^Everything is gone`), "local", "--addr", "127.0.0.1:0"), -1)
	for name, c := range map[string]struct {
		settings    string
		undefaulted string
		less        bool   // the server has less tools than the manifest
		tool        string // that is called
		failed      bool
		want        string // in the answer
	}{
		"with defaults": {settings: `{}`, tool: "list_gateways", want: "us-east-1"},
		"left empty":    {settings: `{"profile":"","region":"","gateways":""}`, tool: "list_gateways", want: "us-east-1"},
		"placeholders":  {settings: `{}`, undefaulted: "undefaulted", tool: "list_gateways", want: "us-east-1"},
		"local":         {settings: `{"local":true}`, tool: "list_targets", want: "mcp-server-target"},
		"only look":     {settings: `{"local":true,"read_only":true}`, less: true, tool: "list_targets", want: "mcp-server-target"},
		"a profile":     {settings: `{"profile":"nobody","region":"us-east-1"}`, tool: "list_gateways", failed: true, want: "nobody"},
		"a region":      {settings: `{"region":"eu-west-1"}`, tool: "list_gateways", want: "no gateway in region eu-west-1"},
		"gateways":      {settings: `{"local":true,"gateways":"one, two"}`, tool: "list_targets", failed: true, want: "two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var config struct {
				Command string
				Args    []string
				Env     map[string]string
			}
			resolved := n.script(t, nil, filepath.Join("mcpb", "resolve.mjs"), installed, c.settings, c.undefaulted)
			if err := json.Unmarshal(resolved, &config); err != nil {
				t.Fatalf("%v\n%s", err, resolved)
			}
			if left := strings.Contains(string(resolved), "${user_config."); left != (c.undefaulted != "") {
				t.Errorf("placeholders in what is started: %v\n%s", left, resolved)
			}
			// Neither region nor profile but by the bundle's settings.
			env := slices.Concat(environment(t.TempDir(), "AWS_REGION=", "AWS_DEFAULT_REGION="), endpoints)
			for variable, value := range config.Env {
				env = append(env, variable+"="+value)
			}
			cmd := exec.CommandContext(t.Context(), config.Command, config.Args...)
			cmd.Env = env
			session, err := mcp.NewClient(&mcp.Implementation{Name: "desktop", Version: "1"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			if got := session.InitializeResult().ServerInfo.Version; got != bundled {
				t.Errorf("the server says it is of version %q", got)
			}
			checkListed(t, session, manifest.Tools, c.less)
			called, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: c.tool})
			if err != nil {
				t.Fatal(err)
			}
			answer, _ := json.Marshal(called.Content) // of plain types
			if called.IsError != c.failed || !strings.Contains(string(answer), c.want) {
				t.Errorf("%s: want %q in %s", c.tool, c.want, answer)
			}
		})
	}
}

// makeBundle makes a bundle for this machine in dir, by the command that mcpb/README.md has, and
// checks the sum beside it.
func makeBundle(t *testing.T, dir string) string {
	t.Helper()
	platform := map[string]string{"windows": "win32"}[runtime.GOOS]
	if platform == "" {
		platform = runtime.GOOS
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "./mcpb", "-o", dir, "-version", bundled, "-commit", bundledFrom, "-platforms", platform, "-linux", runtime.GOARCH)
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "GOFLAGS=") // no -race: it is for tests, and needs C
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go run ./mcpb: %v\n%s", err, out)
	}
	bundle := filepath.Join(dir, "agentcore-gateway-mcp.mcpb")
	data, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(bundle + ".sha256")
	sum := sha256.Sum256(data)
	if want := hex.EncodeToString(sum[:]) + "  agentcore-gateway-mcp.mcpb\n"; string(said) != want || err != nil {
		t.Errorf("the sum beside the bundle is %q, %v, want %q", said, err, want)
	}
	t.Logf("the bundle for %s has %.1f MB", platform, float64(len(data))/1e6)
	return bundle
}

// contents is what an archive has: by name a file's rights and the sum of its bytes.
func contents(t *testing.T, archive string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, r); err != nil {
			t.Fatal(err)
		}
		r.Close()
		all[f.Name] = fmt.Sprintf("%o %x", f.Mode().Perm(), hash.Sum(nil))
	}
	return all
}

type bundleManifest struct {
	Version string
	Server  struct {
		Entry string `json:"entry_point"`
	}
	Tools []struct{ Name, Description string }
}

func readManifest(t *testing.T, dir string) (m bundleManifest) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkListed wants the server to list the manifest's tools, or only some of them.
func checkListed(t *testing.T, session *mcp.ClientSession, manifest []struct{ Name, Description string }, less bool) {
	t.Helper()
	var seen []struct{ Name, Description string }
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, struct{ Name, Description string }{tool.Name, tool.Description})
		if !slices.Contains(manifest, seen[len(seen)-1]) {
			t.Errorf("%s is not in the manifest", tool.Name)
		}
	}
	if fewer := len(seen) < len(manifest); fewer != less || len(seen) == 0 {
		t.Errorf("the server lists %d tools, the manifest %d", len(seen), len(manifest))
	}
}

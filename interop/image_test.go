package interop_test

import (
	"crypto/x509"
	"debug/elf"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What AgentCore Runtime asks of an image, and what we do.
const (
	imageUser = "65532"
	imagePort = "8000"
	imageMost = 20_000_000 // bytes, unpacked
)

// TestImage builds the Dockerfile for both platforms and has the server in each
// image answer as it has to on AgentCore Runtime: as nobody in particular, with
// a read-only root and no capability, to a caller that names an internal host
// and brings a session of the platform's.
func TestImage(t *testing.T) {
	t.Parallel()
	w := newImageWorkshop(t)
	w.buildBase(t)
	for _, architecture := range []struct {
		name     string
		machine  elf.Machine
		emulator string // that runs it where the machine is another
		stamps   []string
		version  string
		commit   string
	}{
		{"amd64", elf.EM_X86_64, "qemu-x86_64-static", []string{"--build-arg", "VERSION=1.2.3", "--build-arg", "COMMIT=0123456789abcdef"}, "1.2.3", "0123456789abcdef"},
		{"arm64", elf.EM_AARCH64, "qemu-aarch64-static", nil, "0.0.0-unreleased", "unknown"},
	} {
		t.Run(architecture.name, func(t *testing.T) {
			image := w.build(t, architecture.name, architecture.stamps...)
			config := w.inspect(t, image)
			checkConfig(t, config, architecture.name)
			if v, c := config.Config.Labels["org.opencontainers.image.version"], config.Config.Labels["org.opencontainers.image.revision"]; v != architecture.version || c != architecture.commit {
				t.Errorf("the labels say version %q of %q", v, c)
			}
			w.checkFiles(t, image, architecture.machine)
			w.checkSize(t, image)

			cloud := exported.FindAllString(start(t, regexp.MustCompile(`^Everything is gone`), "local", "--addr", "127.0.0.1:0"), -1)
			emulator := ""
			if architecture.name != runtime.GOARCH {
				emulator = w.find(t, architecture.emulator)
			}
			// As docs/runtime.md has it, for the tools that change something.
			begun := time.Now()
			base := w.serve(t, image, config, emulator, append(cloud, "AGENTCORE_GATEWAY_MCP_READ_ONLY=false"))
			t.Logf("%s: serves %.2f s after podman run", image, time.Since(begun).Seconds())
			checkServer(t, base, architecture.version)
			w.checkVersion(t, image, emulator, fmt.Sprintf("%s (commit %s)\n", architecture.version, architecture.commit))
			if architecture.name == runtime.GOARCH {
				w.compareStart(t, image)
			}
		})
	}
}

func checkConfig(t *testing.T, c imageConfig, architecture string) {
	t.Helper()
	if c.OS != "linux" || c.Architecture != architecture {
		t.Errorf("the image is for %s/%s", c.OS, c.Architecture)
	}
	if c.Config.User != imageUser+":"+imageUser {
		t.Errorf("user %q", c.Config.User)
	}
	if _, exposed := c.Config.ExposedPorts[imagePort+"/tcp"]; !exposed || len(c.Config.ExposedPorts) != 1 {
		t.Errorf("exposed ports %v", c.Config.ExposedPorts)
	}
	if !slices.Equal(c.Config.Cmd, []string{"serve", "--addr", "0.0.0.0:" + imagePort, "--auth", "platform"}) {
		t.Errorf("command %q", c.Config.Cmd)
	}
	for _, label := range []string{"org.opencontainers.image.title", "org.opencontainers.image.description", "org.opencontainers.image.licenses", "io.modelcontextprotocol.server.name"} {
		if c.Config.Labels[label] == "" {
			t.Errorf("no label %s in %v", label, c.Config.Labels)
		}
	}
	for _, variable := range c.Config.Env {
		if !strings.HasPrefix(variable, "PATH=") { // the builder's own
			t.Errorf("the image sets %s", variable)
		}
	}
}

// checkFiles wants the server for this machine and certificate authorities, and
// nothing else: no shell above all.
func (w *imageWorkshop) checkFiles(t *testing.T, image string, machine elf.Machine) {
	t.Helper()
	root := strings.TrimSpace(string(succeed(t, w.env, w.podman, "image", "mount", image)))
	defer succeed(t, w.env, w.podman, "image", "unmount", image)
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	const server, bundle = "agentcore-gateway-mcp", "etc/ssl/certs/ca-certificates.crt"
	if err != nil || !slices.Equal(files, []string{server, bundle}) {
		t.Fatalf("files %q, %v", files, err)
	}
	binary, err := elf.Open(filepath.Join(root, server))
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	if libraries, err := binary.ImportedLibraries(); binary.Machine != machine || len(libraries) != 0 || err != nil {
		t.Errorf("%s is for %v and needs %q, %v", server, binary.Machine, libraries, err)
	}
	authorities, err := os.ReadFile(filepath.Join(root, bundle))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(authorities) {
		t.Errorf("%s is of no use: %v", bundle, err)
	}
}

// checkVersion wants the server to say what it was built from.
func (w *imageWorkshop) checkVersion(t *testing.T, image, emulator, want string) {
	t.Helper()
	root := strings.TrimSpace(string(succeed(t, w.env, w.podman, "image", "mount", image)))
	defer succeed(t, w.env, w.podman, "image", "unmount", image)
	command := []string{filepath.Join(root, "agentcore-gateway-mcp"), "--version"}
	if emulator != "" {
		command = append([]string{emulator}, command...)
	}
	if got := string(succeed(t, w.env, command[0], command[1:]...)); got != "agentcore-gateway-mcp "+want {
		t.Errorf("--version says %q, want %q after the name", got, want)
	}
}

func (w *imageWorkshop) checkSize(t *testing.T, image string) {
	t.Helper()
	archive := filepath.Join(w.dir, strings.ReplaceAll(image, ":", "-")+".tar")
	succeed(t, w.env, w.buildah, "push", image, "oci-archive:"+archive)
	info, err := os.Stat(archive)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := strconv.ParseInt(strings.TrimSpace(string(succeed(t, w.env, w.podman, "image", "inspect", "--format", "{{.Size}}", image))), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %.1f MB compressed, %.1f MB unpacked", image, float64(info.Size())/1e6, float64(unpacked)/1e6)
	if unpacked > imageMost {
		t.Errorf("the image has %d bytes, want at most %d", unpacked, imageMost)
	}
}

// checkProcess wants the server to run as the image's user and without any
// capability.
func (w *imageWorkshop) checkProcess(t *testing.T, container string) {
	t.Helper()
	pid := strings.TrimSpace(string(succeed(t, w.env, w.podman, "inspect", "--format", "{{.State.Pid}}", container)))
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t" + imageUser + "\t" + imageUser, "Gid:\t" + imageUser + "\t" + imageUser, "CapEff:\t0000000000000000", "NoNewPrivs:\t1"} {
		if !strings.Contains(string(status), "\n"+want) {
			t.Errorf("no %q in the process's status:\n%s", want, status)
		}
	}
}

// onPlatform sends requests as AgentCore Runtime does: to an internal host name
// and in a session of the platform's, of which the server knows nothing.
type onPlatform struct{ http.Transport }

func (p *onPlatform) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = "cell-1.internal.example:8000"
	r.Header.Set("Mcp-Session-Id", "session-of-the-platform-0123456789abcdef")
	r.Header.Set("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", "session-of-the-platform-0123456789abcdef")
	return p.Transport.RoundTrip(r)
}

func checkServer(t *testing.T, base, version string) {
	t.Helper()
	platform := &onPlatform{}
	t.Cleanup(platform.CloseIdleConnections)
	client := &http.Client{Transport: platform, Timeout: longest}
	response, err := client.Get(base + "/ping")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("GET /ping: %s", response.Status)
	}

	const spokenByGateways = "2025-11-25"
	session, err := mcp.NewClient(&mcp.Implementation{Name: "platform", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: base + "/mcp", HTTPClient: client, DisableStandaloneSSE: true},
		&mcp.ClientSessionOptions{ProtocolVersion: spokenByGateways})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if got := session.InitializeResult(); got.ProtocolVersion != spokenByGateways || got.ServerInfo.Name != "agentcore-gateway-mcp" || got.ServerInfo.Version != version {
		t.Errorf("initialize: %+v", got)
	}
	listed, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(listed.Tools, func(tool *mcp.Tool) bool { return tool.Name == "synchronize_target" }) {
		t.Errorf("tools/list: no synchronize_target among %d tools", len(listed.Tools))
	}
	called, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_targets"})
	if err != nil {
		t.Fatal(err)
	}
	structured, _ := called.StructuredContent.(map[string]any)
	if targets := list(structured["targets"]); called.IsError || len(targets) != 1 || targets[0]["name"] != "mcp-server-target" || targets[0]["status"] != "READY" {
		t.Errorf("list_targets: %+v", called)
	}
}

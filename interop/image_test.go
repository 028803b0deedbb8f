package interop_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The names that AgentCore Runtime and AWS's registry measure an image by.
const (
	imageUser = "65532"
	imagePort = "8000"
	imageMost = 20 << 20 // bytes, as an image is stored and pulled: compressed
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
	}{
		{"amd64", elf.EM_X86_64, "qemu-x86_64-static"},
		{"arm64", elf.EM_AARCH64, "qemu-aarch64-static"},
	} {
		t.Run(architecture.name, func(t *testing.T) {
			image := w.build(t, architecture.name)
			config := w.inspect(t, image)
			checkConfig(t, config, architecture.name)
			w.checkFiles(t, image, architecture.machine)
			w.checkSize(t, image)

			cloud := exported.FindAllString(start(t, regexp.MustCompile(`^Everything is gone`), "local", "--addr", "127.0.0.1:0"), -1)
			emulator := ""
			if architecture.name != runtime.GOARCH {
				emulator = w.find(t, architecture.emulator)
			}
			checkServer(t, w.serve(t, image, config, emulator, cloud))
		})
	}
}

const imageRemedy = "apt-get install buildah podman runc qemu-user-static"

// imageWorkshop has everything that makes and runs images, in a directory that
// goes with the test.
type imageWorkshop struct {
	dir             string
	env             []string
	buildah, podman string
}

func newImageWorkshop(t *testing.T) *imageWorkshop {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "building images takes root's rights here", "run the tests as root")
	}
	w := &imageWorkshop{dir: t.TempDir()}
	w.buildah, w.podman = w.find(t, "buildah"), w.find(t, "podman")
	w.find(t, "runc")
	for name, text := range map[string]string{
		"storage.conf": "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + w.dir + "/store\"\nrunroot = \"" + w.dir + "/run\"\n",
		// As little as possible of the machine: neither systemd nor the journal,
		// and limits that a container may have inside another.
		"containers.conf": `[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "` + w.dir + `/libpod"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`,
	} {
		write(t, filepath.Join(w.dir, name), text)
	}
	w.env = environment(w.dir, "TMPDIR="+w.dir, "BUILDAH_ISOLATION=chroot",
		"CONTAINERS_STORAGE_CONF="+w.dir+"/storage.conf", "CONTAINERS_CONF="+w.dir+"/containers.conf")
	return w
}

func (w *imageWorkshop) find(t *testing.T, command string) string {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		missing(t, "there is no "+command, imageRemedy)
	}
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// buildBase makes the image that stands in for golang:1.26: this machine's
// programs and Go, mounted by build, and its certificate authorities.
func (w *imageWorkshop) buildBase(t *testing.T) {
	t.Helper()
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	authorities, err := os.ReadFile(bundle)
	if err != nil {
		missing(t, "there are no certificate authorities", "apt-get install ca-certificates")
	}
	root := filepath.Join(w.dir, "base", "root")
	for _, dir := range []string{"dev", "etc/ssl/certs", "proc", "sys", "tmp", "usr"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{"bin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+link, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, bundle), string(authorities))
	write(t, filepath.Join(w.dir, "base", "Containerfile"), `FROM scratch
COPY root /
ENV PATH=/goroot/bin:/usr/bin:/bin HOME=/tmp GOCACHE=/gocache GOMODCACHE=/gomodcache GOPROXY=off GOTOOLCHAIN=local
`)
	succeed(t, w.env, w.buildah, "build", "--tag", "golang:1.26", filepath.Join(w.dir, "base"))
}

// build builds the Dockerfile as it is, with this machine's Go and its caches
// and nothing from elsewhere.
func (w *imageWorkshop) build(t *testing.T, architecture string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // the first time compiles everything
	defer cancel()
	download := exec.CommandContext(ctx, "go", "mod", "download")
	download.Dir = ".."
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	locations, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Fields(string(locations))
	image := "server:" + architecture
	build := exec.CommandContext(ctx, w.buildah, "build", "--pull-never", "--tag", image,
		"--platform", "linux/"+architecture, "--build-arg", "BUILDPLATFORM=linux/"+runtime.GOARCH,
		"--volume", "/usr:/usr:ro", "--volume", at[0]+":/goroot:ro", "--volume", at[1]+":/gocache", "--volume", at[2]+":/gomodcache", "..")
	build.Env, build.WaitDelay = w.env, 5*time.Second
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("buildah: %v, %v\n%s", err, ctx.Err(), out)
	}
	return image
}

// imageConfig is what is read of an image's configuration.
type imageConfig struct {
	Architecture, OS string
	Config           struct {
		User            string
		ExposedPorts    map[string]any
		Entrypoint, Cmd []string
		Env             []string
		Labels          map[string]string
	}
}

func (w *imageWorkshop) inspect(t *testing.T, image string) imageConfig {
	t.Helper()
	var inspected struct{ OCIv1 imageConfig }
	if err := json.Unmarshal(succeed(t, w.env, w.buildah, "inspect", "--type", "image", image), &inspected); err != nil {
		t.Fatal(err)
	}
	return inspected.OCIv1
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

func (w *imageWorkshop) checkSize(t *testing.T, image string) {
	t.Helper()
	archive := filepath.Join(w.dir, strings.ReplaceAll(image, ":", "-")+".tar")
	succeed(t, w.env, w.buildah, "push", image, "oci-archive:"+archive)
	info, err := os.Stat(archive)
	if err != nil {
		t.Fatal(err)
	}
	unpacked := strings.TrimSpace(string(succeed(t, w.env, w.podman, "image", "inspect", "--format", "{{.Size}}", image)))
	t.Logf("%s: %.1f MB compressed, %s bytes unpacked", image, float64(info.Size())/1e6, unpacked)
	if info.Size() > imageMost {
		t.Errorf("the image has %d bytes, want at most %d", info.Size(), imageMost)
	}
}

// serve runs an image's own command, on a port that is free here, ends it
// gracefully with the test, and returns the server's base URL.
func (w *imageWorkshop) serve(t *testing.T, image string, config imageConfig, emulator string, settings []string) string {
	t.Helper()
	const name = "server"
	args := []string{"run", "--rm", "--name", name, "--network", "host", "--pull", "never", "--platform", "linux/" + config.Architecture,
		"--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"}
	for _, setting := range settings {
		args = append(args, "--env", setting)
	}
	entrypoint := config.Config.Entrypoint
	if emulator != "" {
		args = append(args, "--volume", emulator+":/emulator:ro")
		entrypoint = append([]string{"/emulator"}, entrypoint...)
	}
	inJSON, _ := json.Marshal(entrypoint) // strings only
	args = append(args, "--entrypoint", string(inJSON), image)
	for _, arg := range config.Config.Cmd {
		args = append(args, strings.Replace(arg, ":"+imagePort, ":0", 1))
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), longest)
	cmd := exec.CommandContext(ctx, w.podman, args...)
	cmd.Env, cmd.WaitDelay = w.env, 5*time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, ended := make(chan string, 1), make(chan struct{})
	var printed bytes.Buffer
	go func() {
		defer close(ended)
		defer close(url)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(&printed, lines.Text())
			if found := serving.FindStringSubmatch(lines.Text()); found != nil {
				url <- found[1]
			}
		}
	}()
	t.Cleanup(func() {
		defer cancel()
		stop := exec.CommandContext(ctx, w.podman, "stop", "--time", "10", name)
		stop.Env = w.env
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("podman stop: %v\n%s", err, out)
		}
		<-ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("the container after it was told to stop: %v", err)
		}
		if t.Failed() {
			t.Logf("the container printed:\n%s", &printed)
		}
	})
	endpoint := <-url
	if endpoint == "" {
		t.Fatal("the container does not serve")
	}
	w.checkProcess(t, name)
	// It says [::], as it listens on every address.
	return strings.TrimSuffix(strings.Replace(endpoint, "[::]", "127.0.0.1", 1), "/mcp")
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

func checkServer(t *testing.T, base string) {
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
	if got := session.InitializeResult(); got.ProtocolVersion != spokenByGateways || got.ServerInfo.Name != "agentcore-gateway-mcp" {
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

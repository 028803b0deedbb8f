package interop_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

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
// and nothing from elsewhere. more are flags of the build.
func (w *imageWorkshop) build(t *testing.T, architecture string, more ...string) string {
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
	build := exec.CommandContext(ctx, w.buildah, append(append([]string{"build"}, more...), "--pull-never", "--tag", image,
		"--platform", "linux/"+architecture, "--build-arg", "BUILDPLATFORM=linux/"+runtime.GOARCH,
		"--volume", "/usr:/usr:ro", "--volume", at[0]+":/goroot:ro", "--volume", at[1]+":/gocache", "--volume", at[2]+":/gomodcache", "..")...)
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

	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), lifetime)
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

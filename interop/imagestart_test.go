package interop_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// compareStart tells, of an image and of a server on the TypeScript SDK in a container of
// the same kind, in turn: how long it takes from podman run to the answer to initialize,
// and what the process then holds. Figures only: they decide nothing.
func (w *imageWorkshop) compareStart(t *testing.T, image string) {
	t.Helper()
	const script, runs = "node_modules/@modelcontextprotocol/server-memory/dist/index.js", 5
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	servers := map[string][]string{
		"the image":            {image, "stdio"},
		"TypeScript's, beside": {"--volume", "/usr:/usr:ro", "--volume", here + ":/app:ro", "golang:1.26", "node", "/app/" + script},
	}
	if _, err := os.Stat(script); err != nil {
		delete(servers, "TypeScript's, beside")
	}
	took, memory := map[string][]time.Duration{}, map[string][]float64{}
	for range runs {
		for name, args := range servers {
			d, mib := w.startsIn(t, args)
			took[name], memory[name] = append(took[name], d), append(memory[name], mib)
		}
	}
	for name := range servers {
		slices.Sort(took[name])
		slices.Sort(memory[name])
		t.Logf("%s: %.2f s from podman run to the first answer, %.1f MiB resident (medians of %d)", name, took[name][runs/2].Seconds(), memory[name][runs/2], runs)
	}
}

// startsIn starts a server over stdio in a container.
func (w *imageWorkshop) startsIn(t *testing.T, args []string) (time.Duration, float64) {
	t.Helper()
	const name = "started"
	cmd := exec.CommandContext(t.Context(), w.podman, append([]string{"run", "--rm", "-i", "--name", name, "--network", "host", "--pull", "never", "--env", "AWS_REGION=us-east-1"}, args...)...)
	cmd.Env, cmd.WaitDelay = w.env, 5*time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	took := time.Since(begun)
	pid := strings.TrimSpace(string(succeed(t, w.env, w.podman, "inspect", "--format", "{{.State.Pid}}", name)))
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(after + " 0")[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		t.Logf("%q ended with %v", args, err) // when its input ends is its own matter
	}
	return took, kib / 1024
}

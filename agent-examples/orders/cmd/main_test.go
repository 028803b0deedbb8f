package main_test

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestServeAndTerminate(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "orders")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-addr", "127.0.0.1:0", "-tools", "3")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+`).FindString(line)

	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).
		Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 3 {
		t.Fatalf("tools: %v, %v", tools, err)
	}
	session.Close()

	watchdog := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer watchdog.Stop()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

func TestRefusesWrongCount(t *testing.T) {
	out, err := exec.Command("go", "run", ".", "-addr", "127.0.0.1:0", "-tools", "9").CombinedOutput()
	if err == nil || !regexp.MustCompile(`1 to 4 tools, not 9`).Match(out) {
		t.Errorf("error %v, output %s", err, out)
	}
}

// elsewhere names another host than the one that it reaches, as a platform does.
type elsewhere struct{ http.Transport }

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = "cell-1.internal.example:8000"
	return e.Transport.RoundTrip(r)
}

// On all addresses it is behind a platform, which names its own host and sets variables;
// on loopback a foreign host is refused.
func TestBehindAPlatform(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "orders")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for addr, want := range map[string]int{"0.0.0.0:0": 4, "127.0.0.1:0": 0} {
		cmd := exec.CommandContext(t.Context(), binary, "-addr", addr)
		cmd.Env = append(os.Environ(), "ORDERS_TOOLS=4")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stderr).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		port := regexp.MustCompile(`:(\d+)/mcp`).FindStringSubmatch(line)[1]
		platform := &elsewhere{}
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
			&mcp.StreamableClientTransport{Endpoint: "http://127.0.0.1:" + port + "/mcp", HTTPClient: &http.Client{Transport: platform}, DisableStandaloneSSE: true}, nil)
		switch {
		case want == 0 && err == nil:
			t.Errorf("%s: a foreign host is served", addr)
		case want > 0 && err != nil:
			t.Errorf("%s: %v", addr, err)
		case want > 0:
			if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != want {
				t.Errorf("%s: tools %v, %v", addr, list, err)
			}
		}
		if err == nil {
			session.Close()
		}
		platform.CloseIdleConnections()
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	}
}

func TestRefusesWrongVariable(t *testing.T) {
	cmd := exec.Command("go", "run", ".", "-addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "ORDERS_TOOLS=many")
	out, err := cmd.CombinedOutput()
	if err == nil || !regexp.MustCompile(`ORDERS_TOOLS is "many": give a number`).Match(out) {
		t.Errorf("error %v, output %s", err, out)
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Strangers hold thousands of connections and half-sent bodies: callers with
// tokens go on being answered, memory stays bounded, and afterwards everything is
// as before.
func TestStrangersDoNotKeepCallersOut(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc, which only Linux has")
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const connections, bodies, mostMemory = 5000, 2000, 150
	raiseFileLimit(t, connections+bodies+1000)
	i := newIssuer(t)
	path, err := buildUnraced()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--region", "us-east-1"}, i.flags()...)...)
	cmd.Path, cmd.Args[0] = path, path
	out := start(t, cmd)
	url := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(out.until(t, "/mcp"))[1]
	token := i.token(t, "writer")
	f := &flood{address: strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/mcp")}

	quiet := askHonestly(t, url, token, 3*time.Second)
	before := openFiles(t, cmd.Process.Pid)
	ctx, end := context.WithCancel(t.Context())
	var strangers sync.WaitGroup
	for n := range 64 {
		strangers.Go(func() { f.hold(ctx, connections/64, n, "") })
		strangers.Go(func() { f.hold(ctx, bodies/64, n, strings.Repeat("x", 512<<10)) })
	}
	within(t, time.Minute, "the connections are opened", func() bool { return f.opened.Load() >= connections && f.halves.Load() >= bodies })
	flooded := askHonestly(t, url, token, 8*time.Second)
	memory := peakMemory(t, cmd.Process.Pid)
	end()
	strangers.Wait()
	t.Logf("%d connections, %d half-sent bodies opened; honest requests/s: %.0f without, %.0f with strangers, ratio %.2f; peak memory %.1f MiB",
		f.opened.Load(), f.halves.Load(), quiet, flooded, flooded/quiet, memory)
	if memory > mostMemory {
		t.Errorf("peak memory %.1f MiB, want at most %d", memory, mostMemory)
	}
	within(t, 30*time.Second, "the strangers' connections are gone", func() bool { return openFiles(t, cmd.Process.Pid) <= before+5 })
	if resp, body := bearing(t, url, "Bearer "+token, listToolsRequest); resp.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d %s", resp.StatusCode, body)
	}
}

// flood is what strangers do.
type flood struct {
	address string
	opened  atomic.Int64
	halves  atomic.Int64
}

// within polls until ok.
func within(t *testing.T, most time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(most)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not within %s: %s", most, what)
		case <-tick.C:
		}
	}
}

// hold keeps so many connections, silent or with half of a body, and opens
// another when one is closed.
func (f *flood) hold(ctx context.Context, many, seed int, half string) {
	held := make([]net.Conn, many)
	defer func() {
		for _, conn := range held {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	for round := 0; ctx.Err() == nil; round++ {
		i := (round + seed) % many
		if held[i] != nil {
			held[i].Close()
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", f.address)
		if err != nil {
			continue
		}
		held[i] = conn
		f.opened.Add(1)
		if half != "" {
			f.halves.Add(1)
			fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", 1<<20)
			conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			io.WriteString(conn, half)
		}
		if round >= many { // the first ones as fast as they go, then a steady rate
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
}

// askHonestly sends requests with a token, four at a time, and returns how many were
// answered a second. Every one has to be.
func askHonestly(t *testing.T, url, token string, length time.Duration) float64 {
	t.Helper()
	var answered atomic.Int64
	var callers sync.WaitGroup
	start := time.Now()
	for range 4 {
		callers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for time.Since(start) < length {
				req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(listToolsRequest))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
				resp, err := client.Do(req)
				if err != nil {
					t.Errorf("an honest caller: %v", err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("an honest caller gets %d", resp.StatusCode)
					return
				}
				answered.Add(1)
			}
		})
	}
	callers.Wait()
	return float64(answered.Load()) / time.Since(start).Seconds()
}

func raiseFileLimit(t *testing.T, need uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= need {
		return
	}
	limit.Cur = min(need, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < need {
		t.Skipf("this process may open %d files and needs %d: raise ulimit -n", limit.Cur, need)
	}
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// peakMemory is the most that a process was resident, in MiB.
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kB, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return kB / 1024
}

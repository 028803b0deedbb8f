package main

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

// BenchmarkStartup measures, beside a bare server on the same SDKs, and beside one on the
// TypeScript SDK where npm ci has put it, the time from spawn to the answer to initialize,
// the resident memory then, and the size of what is run (of the last one: of Node.js). Only
// the ratios mean something on another machine.
func BenchmarkStartup(b *testing.B) {
	ours, err := build()
	if err != nil {
		b.Fatal(err)
	}
	bare, err := goBuild("bare", "./testdata/bare")
	if err != nil {
		b.Fatal(err)
	}
	servers := [][]string{{ours}, {bare}}
	names := []string{"", "bare-", "typescript-"}
	script := filepath.FromSlash("interop/node_modules/@modelcontextprotocol/server-memory/dist/index.js")
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(script); err == nil && missing == nil {
		servers = append(servers, []string{node, script})
	}
	times, memory := make([][]time.Duration, len(servers)), make([][]float64, len(servers))
	for b.Loop() {
		for i, command := range servers { // in turn, so that noise hits all
			took, rss := spawn(b, command...)
			times[i], memory[i] = append(times[i], took), append(memory[i], rss)
		}
	}
	for i, command := range servers {
		slices.Sort(times[i])
		slices.Sort(memory[i])
		b.ReportMetric(float64(times[i][len(times[i])/2].Microseconds())/1000, names[i]+"ms")
		b.ReportMetric(memory[i][len(memory[i])/2], names[i]+"MiB-resident")
		b.ReportMetric(float64(size(b, command[0]))/(1<<20), names[i]+"MiB-binary")
	}
	b.ReportMetric(float64(times[0][len(times[0])/2])/float64(times[1][len(times[1])/2]), "time-ratio")
	b.ReportMetric(0, "ns/op")
}

// spawn starts a server, waits for its answer to initialize, and returns how
// long that took and its resident memory in MiB.
func spawn(b *testing.B, command ...string) (time.Duration, float64) {
	cmd := exec.CommandContext(b.Context(), command[0], command[1:]...)
	cmd.Env = []string{"AWS_REGION=us-east-1", "HOME=" + os.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"b","version":"1"}}}`+"\n")
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	rss := resident(cmd.Process.Pid)
	stdin.Close()
	cmd.Wait()
	return took, rss
}

func resident(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // none but Linux has it
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseFloat(strings.Fields(kib)[0], 64)
			return n / 1024
		}
	}
	return 0
}

func size(b *testing.B, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

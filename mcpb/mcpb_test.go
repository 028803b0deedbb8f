package main

import (
	"bytes"
	"debug/macho"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"agentcore-gateway-mcp/command"
)

var update = flag.Bool("update", false, "write the manifest's tools")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The manifest has the tools that the server lists, and is one that pack writes.
func TestManifest(t *testing.T) {
	m, err := parse(template)
	if err != nil {
		t.Fatal(err)
	}
	m.narrow(m.ServerVersion, platforms("amd64"))
	m.Tools = listed(t)
	want, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("manifest.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(template, want) {
		t.Errorf("mcpb/manifest.json does not have what the server lists; if that is meant: go test ./mcpb -update\nwant:\n%s", want)
	}
}

// listed are the tools of the server as a bundle's user has it who has entered nothing.
func listed(t *testing.T) (tools []tool) {
	t.Helper()
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- command.Run(t.Context(), nil, func(string) string { return "" }, toServer, fromServer, io.Discard)
		fromServer.Close()
	}()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.IOTransport{Reader: toClient, Writer: fromClient}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for each, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		tools = append(tools, tool{each.Name, each.Description})
	}
	session.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return tools
}

// A setting that a user leaves empty must not reach the server as a placeholder: each
// has a default, each is used, and only as a whole variable.
func TestSettings(t *testing.T) {
	m, err := parse(template)
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]struct{ Default any }
	if err := json.Unmarshal(m.UserConfig, &settings); err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for name, s := range settings {
		unused["${user_config."+name+"}"] = true
		if s.Default == nil {
			t.Errorf("%s has no default", name)
		}
	}
	for variable, value := range m.Server.Started.Env {
		if !unused[value] {
			t.Errorf("%s is %s, which is no setting, or that of another variable, too", variable, value)
		}
		delete(unused, value)
	}
	if len(unused) > 0 || len(m.Server.Started.Args) > 0 {
		t.Errorf("no variable has %v; arguments %q", unused, m.Server.Started.Args)
	}
}

// A universal program holds each processor's as the linker made it, with the signature
// without which macOS starts none on arm64.
func TestUniversal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var programs []string
	for _, processor := range []string{"amd64", "arm64"} {
		program := filepath.Join(dir, processor)
		compile := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, "main.go")
		compile.Dir, compile.Env = dir, append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOOS=darwin", "GOARCH="+processor)
		if said, err := compile.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		programs = append(programs, program)
	}
	universal := filepath.Join(dir, "universal")
	if err := join(universal, programs); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(universal)
	if err != nil {
		t.Fatal(err)
	}
	fat, err := macho.OpenFat(universal)
	if err != nil {
		t.Fatal(err)
	}
	defer fat.Close()
	if len(fat.Arches) != 2 || fat.Arches[0].Cpu != macho.CpuAmd64 || fat.Arches[1].Cpu != macho.CpuArm64 {
		t.Fatalf("%+v", fat.Arches)
	}
	for i, slice := range fat.Arches {
		want, err := os.ReadFile(programs[i])
		if err != nil {
			t.Fatal(err)
		}
		if slice.Align != 14 || slice.Offset%16384 != 0 || slice.SubCpu != slice.File.SubCpu || !bytes.Equal(whole[slice.Offset:slice.Offset+slice.Size], want) {
			t.Errorf("%v at %d, alignment 2^%d, is not the program that was joined", slice.Cpu, slice.Offset, slice.Align)
		}
	}
	const codeSignature = 0x1d
	if !slices.ContainsFunc(fat.Arches[1].Loads, func(l macho.Load) bool {
		return fat.Arches[1].ByteOrder.Uint32(l.Raw()) == codeSignature
	}) {
		t.Error("the program for arm64 is not signed")
	}

	if err := join(universal, []string{filepath.Join(dir, "main.go")}); err == nil || !strings.Contains(err.Error(), "no program of macOS") {
		t.Errorf("a text joined: %v", err)
	}
}

// A name that is none stops everything before it is built.
func TestChoose(t *testing.T) {
	if err := run(t.Context(), []string{"-platforms", "linux,beos"}); err == nil || !strings.Contains(err.Error(), `"beos" is none of`) {
		t.Error(err)
	}
	chosen, err := choose("win32,linux", "arm64")
	if err != nil || len(chosen) != 2 || chosen[0].os != "windows" || !slices.Equal(chosen[1].processors, []string{"arm64"}) {
		t.Errorf("%+v, %v", chosen, err)
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A release is built as the image is, and the image of a release from all of its source.
func TestRelease(t *testing.T) {
	release := read(t, "../.goreleaser.yaml")
	options, err := compilerOptions("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for i := range options {
		options[i] = strings.TrimPrefix(options[i], "-gcflags=")
	}
	if theirs := items(t, release, "gcflags"); len(theirs) == 0 || !slices.Equal(theirs, options) {
		t.Errorf("the release's gcflags are\n%q, the Dockerfile's\n%q", theirs, options)
	}
	// A variable that is not there is stamped without a word.
	stamped := regexp.MustCompile(`-X agentcore-gateway-mcp/command\.(\w+)=`)
	declared := read(t, "../command/version.go")
	for _, path := range []string{"../.goreleaser.yaml", "../Dockerfile", "main.go"} {
		found := stamped.FindAllStringSubmatch(read(t, path), -1)
		names := map[string]bool{}
		for _, variable := range found {
			names[variable[1]] = true
			if !regexp.MustCompile(`(?m)^var .*\b` + variable[1] + `\b.* string$`).MatchString(declared) {
				t.Errorf("%s stamps %s, which command/version.go does not have", path, variable[1])
			}
		}
		if len(names) != 2 {
			t.Errorf("%s stamps %q", path, found)
		}
	}

	sources, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "agentcore-gateway-mcp").Output()
	if err != nil {
		t.Fatal(err)
	}
	copied := items(t, release, "extra_files")
	for _, name := range copied {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Error(err)
		}
	}
	for source := range strings.FieldsSeq(string(sources)) {
		if own, ok := strings.CutPrefix(source, "agentcore-gateway-mcp/"); ok && !slices.Contains(copied, own) {
			t.Errorf("the image of a release is built without %s", own)
		}
	}
}

// items are those of the last list in a YAML text that has this name and holds strings.
func items(t *testing.T, text, name string) (list []string) {
	t.Helper()
	for _, found := range regexp.MustCompile(`(?m)^ +`+name+`:\n((?: +- [^\s:]+\n)+)`).FindAllStringSubmatch(text, -1) {
		list = nil
		for item := range strings.FieldsSeq(found[1]) {
			if item != "-" {
				list = append(list, item)
			}
		}
	}
	return list
}

// What goreleaser itself says of the file, where it is installed.
func TestGoreleaser(t *testing.T) {
	goreleaser, err := exec.LookPath("goreleaser")
	if err != nil {
		t.Skip("there is no goreleaser: go install github.com/goreleaser/goreleaser/v2@v2.16.0")
	}
	check := exec.CommandContext(t.Context(), goreleaser, "check")
	check.Dir = ".."
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("goreleaser check: %v\n%s", err, said)
	}
}

// Command mcpb makes the bundle with which Claude Desktop and other clients install
// this server: an agentcore-gateway-mcp.mcpb for all platforms, its SHA-256 beside it,
// and the server.json that lists this release of the server.
//
//	go run ./mcpb
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

const bundleName = "agentcore-gateway-mcp.mcpb"

// platform is an operating system that a bundle is for. A client picks a program by
// it alone, never by the processor.
type platform struct {
	node       string // Node's name, and so the manifest's
	os         string // Go's name
	processors []string
	program    string // in the bundle
}

// platforms are all that a bundle can be for.
func platforms(linux string) []platform {
	return []platform{
		{"darwin", "darwin", []string{"amd64", "arm64"}, "server/darwin/agentcore-gateway-mcp"}, // one file for both
		{"win32", "windows", []string{"amd64"}, "server/windows/agentcore-gateway-mcp.exe"},     // which Windows on arm64 runs, too
		{"linux", "linux", []string{linux}, "server/linux/agentcore-gateway-mcp"},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("mcpb", flag.ContinueOnError)
	out := flags.String("o", "bundles", "`DIR` Where the bundle goes.")
	version := flags.String("version", "0.0.0-unreleased", "`VERSION` What the bundle and the server in it are.")
	commit := flags.String("commit", "", "`HASH` What they are built from; default: git's HEAD.")
	only := flags.String("platforms", "darwin,win32,linux", "`NAMES` The systems that the bundle is for.")
	linux := flags.String("linux", "amd64", "`ARCH` The processor that it is for on Linux.")
	image := flags.String("image", "", "`NAME` Of the image of this release, without a tag: for server.json.")
	url := flags.String("url", "", "`URL` The folder in which the bundle will lie: for server.json.")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	chosen, err := choose(*only, *linux)
	if err != nil {
		return err
	}
	if *commit == "" {
		*commit = head(ctx)
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mcpb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	programs := map[string]string{}
	for _, p := range chosen {
		if programs[p.program], err = p.build(ctx, scratch, *version, *commit); err != nil {
			return err
		}
	}
	bundle := filepath.Join(*out, bundleName)
	sum, err := pack(bundle, *version, chosen, programs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(bundle+".sha256", fmt.Appendf(nil, "%s  %s\n", sum, bundleName), 0o644); err != nil {
		return err
	}
	listed, err := list("server.json", *version, *image, *url, sum)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*out, "server.json"), listed, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %s %s for %s\n", bundle, sum, *version, *only)
	return nil
}

// choose finds the platforms of a list of names.
func choose(names, linux string) (chosen []platform, err error) {
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, p := range platforms(linux) {
			if p.node == name {
				chosen, found = append(chosen, p), true
			}
		}
		if !found {
			return nil, fmt.Errorf("-platforms: %q is none of darwin, win32, linux", name)
		}
	}
	return chosen, nil
}

// head is the commit that is checked out, "unknown" where git does not say.
func head(ctx context.Context) string {
	hash, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(hash))
}

// build compiles the server for a platform, in dir, and returns where it is.
func (p platform) build(ctx context.Context, dir, version, commit string) (string, error) {
	options, err := compilerOptions("Dockerfile")
	if err != nil {
		return "", err
	}
	var built []string
	for _, processor := range p.processors {
		to := filepath.Join(dir, p.os+"-"+processor)
		args := append([]string{"build", "-trimpath", "-ldflags", "-s -w -X agentcore-gateway-mcp/command.stampedVersion=" + version + " -X agentcore-gateway-mcp/command.stampedCommit=" + commit, "-o", to}, options...)
		compile := exec.CommandContext(ctx, "go", append(args, "agentcore-gateway-mcp")...)
		compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+processor)
		if said, err := compile.CombinedOutput(); err != nil {
			return "", fmt.Errorf("cannot build for %s/%s: %w\n%s", p.os, processor, err, said)
		}
		built = append(built, to)
	}
	if len(built) == 1 {
		return built[0], nil
	}
	universal := filepath.Join(dir, p.os)
	return universal, join(universal, built)
}

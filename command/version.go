package command

import (
	"cmp"
	"flag"
	"fmt"
	"runtime/debug"
)

// The linker sets them where a release or an image is built, and nothing else does:
//
//	go build -ldflags "-X agentcore-gateway-mcp/command.stampedVersion=1.2.3 -X agentcore-gateway-mcp/command.stampedCommit=…"
var stampedVersion, stampedCommit string

// version is what clients are told of the server, and servers of our client.
func version() string {
	v, _ := identity(stampedVersion, stampedCommit, debug.ReadBuildInfo)
	return v
}

type versionCommand struct{}

func (*versionCommand) register(*flag.FlagSet) {}

// Run says what this program was built from, as --version does.
func (*versionCommand) Run(p *process, _ *globals) error {
	v, commit := identity(stampedVersion, stampedCommit, debug.ReadBuildInfo)
	if commit != "" {
		v += " (commit " + commit + ")"
	}
	_, err := fmt.Fprintln(p.stdout, program, v)
	return err
}

// identity is the version and, where it is known, the commit: those that the linker
// was given, else what Go itself has put into the program.
func identity(version, commit string, read func() (*debug.BuildInfo, bool)) (v, c string) {
	if version != "" {
		return version, commit
	}
	info, ok := read()
	if !ok {
		return "(devel)", commit
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = cmp.Or(commit, s.Value)
		}
	}
	return cmp.Or(info.Main.Version, "(devel)"), commit
}

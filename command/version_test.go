package command

import (
	"runtime/debug"
	"testing"
)

// What the linker was given goes before what Go knows; nothing is made up.
func TestIdentity(t *testing.T) {
	cloned := &debug.BuildInfo{Main: debug.Module{Version: "v0.1.1-0.20260102030405-0123456789ab+dirty"}, Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123456789abcdef"}}}
	for name, c := range map[string]struct {
		version, commit string // the linker's
		info            *debug.BuildInfo
		wantVersion     string
		wantCommit      string
	}{
		"a release":               {"1.2.3", "fedcba", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "1.2.3", "fedcba"},
		"a release of a clone":    {"1.2.3", "fedcba", cloned, "1.2.3", "fedcba"},
		"no commit given":         {"1.2.3", "", cloned, "1.2.3", ""}, // Go's may be another one's
		"go build in a clone":     {"", "", cloned, "v0.1.1-0.20260102030405-0123456789ab+dirty", "0123456789abcdef"},
		"go install with version": {"", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3", ""},
		"without a repository":    {"", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "(devel)", ""},
		"a test":                  {"", "", &debug.BuildInfo{}, "(devel)", ""},
		"without modules":         {"", "", nil, "(devel)", ""},
	} {
		v, commit := identity(c.version, c.commit, func() (*debug.BuildInfo, bool) { return c.info, c.info != nil })
		if v != c.wantVersion || commit != c.wantCommit {
			t.Errorf("%s: %q, %q, want %q, %q", name, v, commit, c.wantVersion, c.wantCommit)
		}
	}
}

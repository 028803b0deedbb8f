package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"agentcore-gateway-mcp/gateway"
)

// shelf keeps configurations from before changes as files.
type shelf struct {
	dir string

	mu   sync.Mutex
	kept []keptFile // that nobody was told of
}

// mostKept is how many files a shelf holds; the oldest go.
const mostKept = 500

// newShelf is the shelf that --state-dir names. byDefault says that there is one
// without it; nil for none.
func newShelf(g *globals, getenv func(string) string, byDefault bool) *shelf {
	dir := g.StateDir
	switch home := getenv("HOME"); {
	case dir != "":
	case !byDefault || g.Local:
		return nil
	case filepath.IsAbs(getenv("XDG_STATE_HOME")): // a relative one is to be ignored (XDG Base Directory Specification)
		dir = filepath.Join(getenv("XDG_STATE_HOME"), program)
	case home != "":
		dir = filepath.Join(home, ".local", "state", program)
	default:
		return nil
	}
	return &shelf{dir: filepath.Join(dir, "previous")}
}

// keep writes a file that only this user reads: its URLs may hold secrets.
func (s *shelf) keep(k gateway.Kept) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(k); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s-%s-*.json", k.KeptAt.Format("20060102T150405.000"), k.Kind, fileName(k.Name))
	f, err := os.CreateTemp(s.dir, name) // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, keptFile{f.Name(), k.Before == gateway.BeforeDeletion})
	s.prune()
	return nil
}

// fileName is a resource's name as part of a file's: AWS's own rules allow less.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '_'
	}, name[:min(len(name), 100)])
}

// prune removes the oldest files beyond mostKept.
func (s *shelf) prune() {
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) <= mostKept {
		return
	}
	type file struct {
		path string
		at   time.Time
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), ".json") {
			files = append(files, file{filepath.Join(s.dir, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return a.at.Compare(b.at) })
	for _, f := range files[:max(0, len(files)-mostKept)] {
		if !slices.ContainsFunc(s.kept, func(k keptFile) bool { return k.path == f.path }) {
			_ = os.Remove(f.path) // the next time, then
		}
	}
}

// keptFile is a file that was kept.
type keptFile struct {
	path    string
	deleted bool // what was kept is no more
}

// told are the files that were kept since it was last called.
func (s *shelf) told() []keptFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.kept
	s.kept = nil
	return kept
}

// latest is the last file that was kept and not told of, "" for none.
func (s *shelf) latest() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return ""
	}
	return s.kept[len(s.kept)-1].path
}

// tell says where the configurations from before are, and how to put them back. call is
// how a shell calls tools as this process was told to.
func (s *shelf) tell(w io.Writer, call string) {
	if s == nil {
		return
	}
	for _, f := range s.told() {
		what := fmt.Sprintf("%s restore %s puts it back", call, quoted(f.path))
		if f.deleted {
			what = "its settings, for making it anew: what is deleted is not restored"
		}
		fmt.Fprintf(w, "before: %s (%s)\n", f.path, what)
	}
}

// mostFile is larger than any configuration with an inline schema of 1 MB, which JSON
// may write six times as long, twice.
const mostFile = 40 << 20

func readKept(path string) (k gateway.Kept, err error) {
	if info, err := os.Stat(path); err != nil {
		return k, err
	} else if info.Mode().IsDir() || info.Mode()&(os.ModeNamedPipe|os.ModeSocket|os.ModeDevice) != 0 {
		return k, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return k, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostFile))
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(data, &k); err != nil || len(k.Configuration) == 0 || k.Gateway == "" {
		return k, fmt.Errorf("%s is no configuration that was kept before a change: those are named in the line before: of a call, and below --state-dir", path)
	}
	return k, nil
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// documents are the Markdown files of the project, but for those that npm installed.
func documents(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == ".venv"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// prose is a document's lines outside its fenced blocks.
func prose(t *testing.T, path string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fenced := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	if fenced {
		t.Errorf("%s: a fenced block does not end", path)
	}
	return lines
}

// anchors are the fragments that GitHub gives to the headings of a document.
func anchors(t *testing.T, path string) (all []string) {
	t.Helper()
	for _, line := range prose(t, path) {
		heading, found := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !found || !strings.HasPrefix(line, "#") {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, heading)
		first := anchor
		for n := 1; slices.Contains(all, anchor); n++ {
			anchor = first + "-" + strconv.Itoa(n)
		}
		all = append(all, anchor)
	}
	return all
}

var markdownLink = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)`)

// Each link within the project leads to a file that is there, and to a heading of it.
func TestLinks(t *testing.T) {
	t.Parallel()
	links := 0
	for _, path := range documents(t) {
		for i, line := range prose(t, path) {
			for _, found := range markdownLink.FindAllStringSubmatch(line, -1) {
				target, anchor, _ := strings.Cut(found[1], "#")
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				links++
				file := path
				if target != "" {
					file = filepath.Join(filepath.Dir(path), target)
				}
				info, err := os.Stat(file)
				switch {
				case err != nil:
					t.Errorf("%s, line %d of its text: %s is not there", path, i+1, found[1])
				case anchor != "" && (info.IsDir() || !slices.Contains(anchors(t, file), anchor)):
					t.Errorf("%s, line %d of its text: %s has no heading for %s", path, i+1, file, anchor)
				}
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

var (
	fencedBlock = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	comment     = regexp.MustCompile(` +# .*$`)
)

// pasted is what somebody copies out of a document: the lines of its fenced blocks,
// without the comments.
func pasted(t *testing.T, path string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range fencedBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(found[2]) {
			lines = append(lines, comment.ReplaceAllString(strings.TrimRight(line, "\n"), ""))
		}
	}
	return lines
}

// The README in Japanese has no command, no entry and no output that README.md, whose
// own are run, does not have.
func TestReadmeInJapanese(t *testing.T) {
	t.Parallel()
	english, japanese := pasted(t, "README.md"), pasted(t, "README.ja.md")
	if len(japanese) < 15 {
		t.Fatalf("only %d lines in blocks", len(japanese))
	}
	rest := english
	for _, line := range japanese {
		i := slices.Index(rest, line)
		if i < 0 {
			t.Fatalf("README.md does not have, or has earlier: %s", line)
		}
		rest = rest[i+1:]
	}
	for _, code := range regexp.MustCompile("`(docker [^`]+)`").FindAllString(strings.Join(prose(t, "README.ja.md"), "\n"), -1) {
		if !strings.Contains(strings.Join(prose(t, "README.md"), "\n"), code) {
			t.Errorf("README.md does not have %s", code)
		}
	}
}

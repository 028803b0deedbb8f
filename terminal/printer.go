// Package terminal is how text looks to a person: tables, width, colour, the
// progress bar. What an answer says is the answer's own: see [Form].
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Form is an answer that a person can read.
type Form interface{ Show(*Printer) }

// Printer writes for a person, or for a program that reads what is piped to it.
// Errors of writing are the writer's to remember.
type Printer struct {
	io.Writer
	most   int // columns of the screen that a cell may take, but for a row's last
	colour bool
}

// NewPrinter returns a printer on w. Where w is a terminal, cells are cut to it,
// and colours are used unless NO_COLOR is set.
func NewPrinter(w io.Writer, getenv func(string) string) *Printer {
	if !isTerminal(w) {
		return &Printer{Writer: w, most: mostElsewhere}
	}
	return &Printer{Writer: w, most: mostOnTerminal, colour: getenv("NO_COLOR") == ""}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Linef prints one line.
func (p *Printer) Linef(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// Table starts a table; print it when its rows are in.
func (p *Printer) Table() *Table { return &Table{printer: p} }

// Colour is an SGR parameter.
type Colour string

// The colours that are used.
const (
	Bold  Colour = "1"
	Faint Colour = "2"
	Red   Colour = "31"
	Green Colour = "32"
	Cyan  Colour = "36"
)

// Paint is text in a colour, or text where there are none.
func (p *Printer) Paint(c Colour, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Count is a number of things, "1 tool" or "2 tools".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Dash is s, or "-" where there is nothing.
func Dash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}

// Ago is how long ago a time was, its date after two days, "never" for none.
func Ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if d := time.Since(t); d < 48*time.Hour {
		return d.Round(time.Second).String() + " ago"
	}
	return t.Format(time.DateOnly)
}

// Wrap breaks text into lines of at most width characters, where words allow.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

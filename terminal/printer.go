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

// Look is how a person wants it. The zero value is what fits where it is printed.
type Look struct {
	Wide   bool // nothing is cut or broken to fit the screen
	Colour When
}

// When says when colours are used. It is a flag's value.
type When string

const (
	Auto   When = "auto" // also "": on a terminal, unless NO_COLOR is set or TERM is dumb
	Always When = "always"
	Never  When = "never"
)

// Set takes a flag's value, and refuses one that is none.
func (w *When) Set(value string) error {
	switch v := When(value); v {
	case Auto, Always, Never:
		*w = v
		return nil
	}
	return fmt.Errorf("%q is none of auto, always, never", value)
}

// String is the flag's value.
func (w *When) String() string { return string(*w) }

// Printer writes for a person, or for a program that reads what is piped to it.
// Errors of writing are the writer's to remember.
type Printer struct {
	io.Writer
	width  int // columns of the screen; 0 where nothing is to be cut or broken
	colour bool
}

// NewPrinter returns a printer on w that looks as fits there.
func NewPrinter(w io.Writer, getenv func(string) string) *Printer { return Look{}.Printer(w, getenv) }

// NewPage returns a printer of help: its lines have at most 80 columns also where w is no
// terminal, and at most 100 where it is a wide one.
func NewPage(w io.Writer, getenv func(string) string) *Printer {
	p := NewPrinter(w, getenv)
	if p.width = min(p.width, 100); p.width == 0 {
		p.width = 80
	}
	return p
}

// Printer returns a printer on w. What it prints fits the width of a terminal; elsewhere
// all is whole.
func (l Look) Printer(w io.Writer, getenv func(string) string) *Printer {
	p := &Printer{Writer: w, colour: l.Colour == Always}
	if !isTerminal(w) {
		return p
	}
	if l.Colour == Auto || l.Colour == "" {
		p.colour = getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
	if !l.Wide {
		p.width = max(columns(w), narrowest)
	}
	return p
}

// narrowest is the screen for which lines are laid out where there is still less: cut for
// one of fewer columns, a line would lose the mark that begins it, "  + " or "  - ".
const narrowest = 6

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is how wide the terminal w is, 80 where it does not say.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// Brief reports whether what is long is to be told in short: on a screen that is not
// as wide as it takes.
func (p *Printer) Brief() bool { return p.width > 0 }

// Linef prints one line as it is.
func (p *Printer) Linef(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// Say prints a sentence, so many columns from the left. Where the screen is too narrow
// for it, it is broken between words and goes on two columns further.
func (p *Printer) Say(indent int, format string, args ...any) {
	text := oneLine(fmt.Sprintf(format, args...))
	margin := strings.Repeat(" ", indent)
	if p.width == 0 || indent+width(text) <= p.width {
		p.Linef("%s", strings.TrimRight(margin+text, " "))
		return
	}
	for i, line := range Wrap(text, max(p.width-indent-2, 10)) {
		if i == 1 {
			margin += "  "
		}
		p.Linef("%s%s", margin, line)
	}
}

// Paragraph prints a text that is broken between words, all of it so many columns from the
// left.
func (p *Printer) Paragraph(indent int, text string) {
	lines := []string{oneLine(text)}
	if p.width > 0 {
		lines = Wrap(lines[0], max(p.width-indent, 10))
	}
	for _, line := range lines {
		p.Linef("%s%s", strings.Repeat(" ", indent), line)
	}
}

// Fits reports whether a text of so many columns from the left is one line of the screen.
func (p *Printer) Fits(indent int, text string) bool {
	return p.width == 0 || indent+width(text) <= p.width
}

// Fields prints names and values, one a line, without those that have no value.
func (p *Printer) Fields(indent int, pairs ...[2]string) {
	table := p.Table(Column{Fit: Whole}, Column{Fit: Prose})
	for _, pair := range pairs {
		if strings.TrimSpace(pair[1]) != "" {
			table.Row(strings.Repeat(" ", indent)+pair[0], pair[1])
		}
	}
	table.Print()
}

// Colour is an SGR parameter.
type Colour string

// The colours that are used.
const (
	Bold   Colour = "1"
	Faint  Colour = "2"
	Red    Colour = "31"
	Green  Colour = "32"
	Yellow Colour = "33"
	Cyan   Colour = "36"
)

// Paint is text in a colour, or text where there are none.
func (p *Printer) Paint(c Colour, text string) string {
	if !p.colour || c == "" || text == "" {
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

// Ago is how long ago a time was in its largest unit, its date after two days, "never"
// for none.
func Ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	switch d := max(time.Since(t), 0).Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", d/time.Hour)
	}
	return t.Format(time.DateOnly)
}

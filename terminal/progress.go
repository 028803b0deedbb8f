package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Progress shows on a terminal how far something is, in one line that is gone before
// anything else is printed, and nothing elsewhere. It is safe for concurrent use.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer // nil where nothing is shown
	drawn int       // columns that the line takes
}

// NewProgress returns a bar on w. A terminal that is dumb has none.
func NewProgress(w io.Writer, getenv func(string) string) *Progress {
	if !isTerminal(w) || getenv("TERM") == "dumb" {
		return &Progress{}
	}
	return &Progress{w: w}
}

// Show draws how much of total is done, and what is being done; only that where total is 0.
func (p *Progress) Show(done, total float64, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil {
		return
	}
	most := columns(p.w) - 1 // the last stays free: a line that fills it would begin another one
	line := cut(oneLine(message), most)
	if total > 0 {
		line = bar(done/total, message, most)
	}
	taken := width(line)
	// Spaces instead of an escape: some want none, and every terminal knows them.
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(p.drawn-taken, 0)))
	p.drawn = max(p.drawn, taken)
}

// Clear takes the bar away for good: what is reported later, as an answer overtakes its
// last notifications, does not bring it back.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil && p.drawn > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.drawn))
	}
	p.w = nil
}

// bar is a line of at most so many columns.
func bar(part float64, message string, most int) string {
	const length = 20
	size := min(length, max(most/4, 1))
	full := min(max(int(part*float64(size)), 0), size)
	line := fmt.Sprintf("%s%s %2d%% ", strings.Repeat("█", full), strings.Repeat("░", size-full), min(max(int(100*part), 0), 99))
	if most -= width(line); most < 1 {
		return ""
	}
	return line + cut(oneLine(message), most)
}

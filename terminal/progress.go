package terminal

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// Progress shows a bar on a terminal, and nothing elsewhere.
type Progress struct{ bar *progressbar.ProgressBar }

// NewProgress returns a bar on w.
func NewProgress(w io.Writer) *Progress {
	if !isTerminal(w) {
		return &Progress{}
	}
	return &Progress{progressbar.NewOptions(100, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetWidth(20), progressbar.OptionSetRenderBlankState(false))}
}

// Show draws how much of total is done, and what is being done.
func (p *Progress) Show(done, total float64, message string) {
	if p.bar == nil || total <= 0 {
		return
	}
	p.bar.Describe(message)
	_ = p.bar.Set(int(min(99, 100*done/total)))
}

// Clear takes the bar away.
func (p *Progress) Clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

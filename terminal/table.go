package terminal

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// Table prints rows in columns that are as wide as their widest cell, which is
// cut before anything is padded to it: one long name must not widen every row.
type Table struct {
	printer *Printer
	rows    [][]string
}

const (
	mostOnTerminal = 60
	mostElsewhere  = 260 // of what is piped to a program: any name whole
)

// Row adds a row. Its last cell may have any width.
func (t *Table) Row(cells ...string) {
	for i := range cells[:len(cells)-1] {
		cells[i] = cutWidth(cells[i], t.printer.most)
	}
	t.rows = append(t.rows, cells)
}

// Print writes the rows.
func (t *Table) Print() {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row[:len(row)-1] {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
		}
		line.WriteString(row[len(row)-1])
		fmt.Fprintln(t.printer, strings.TrimRight(line.String(), " "))
	}
}

// cutWidth cuts a text to so many columns of the screen, of which Japanese and
// emoji take two a character.
func cutWidth(s string, most int) string {
	if len(s) <= most || uniseg.StringWidth(s) <= most {
		return s
	}
	var out strings.Builder
	width := 0
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		if width += graphemes.Width(); width > most-1 {
			break
		}
		out.WriteString(graphemes.Str())
	}
	return out.String() + "…"
}

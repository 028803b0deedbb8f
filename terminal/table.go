package terminal

import (
	"fmt"
	"strings"
)

// Table prints rows in columns that fit the screen. A column without anything in it is
// not there.
type Table struct {
	printer *Printer
	columns []Column
	rows    [][]string
}

// Column is a column of a table.
type Column struct {
	Title string // "" in a table without titles
	Fit   Fit
}

// Fit is what becomes of a column for which the screen is too narrow.
type Fit int

const (
	Cut   Fit = iota // the middle of its cells goes
	Whole            // nothing: others give way
	Prose            // the last column's cells are broken into lines
)

const (
	gap     = 2   // columns of the screen between two of a table
	longest = 260 // of a cell that others are padded to: any name whole
)

// Table starts a table; print it when its rows are in. Without columns it has no titles,
// and the last cell of a row is a text.
func (p *Printer) Table(columns ...Column) *Table { return &Table{printer: p, columns: columns} }

// Row adds a row.
func (t *Table) Row(cells ...string) {
	for i := range cells {
		cells[i] = oneLine(cells[i])
		if i < len(cells)-1 { // one long name must not widen every row
			cells[i] = cut(cells[i], longest)
		}
	}
	t.rows = append(t.rows, cells)
}

// Print writes the rows.
func (t *Table) Print() {
	if len(t.rows) == 0 {
		return
	}
	columns, rows := t.filled()
	natural := make([]int, len(columns))
	for _, row := range rows {
		for i, cell := range row {
			natural[i] = max(natural[i], width(cell))
		}
	}
	widths := natural
	if most := t.printer.width; most > 0 {
		var ok bool
		if widths, ok = fit(columns, natural, most); !ok {
			t.records(columns, rows)
			return
		}
	}
	for _, row := range rows {
		t.line(columns, widths, row)
	}
}

// filled is what is to be printed, the titles as a row, without the columns that are
// empty.
func (t *Table) filled() (columns []Column, rows [][]string) {
	most := len(t.columns)
	for _, row := range t.rows {
		most = max(most, len(row))
	}
	for i := len(t.columns); i < most; i++ {
		c := Column{}
		if i == most-1 {
			c.Fit = Prose
		}
		t.columns = append(t.columns, c)
	}
	titled := false
	var kept []int
	for i, c := range t.columns {
		titled = titled || c.Title != ""
		for _, row := range t.rows {
			if i < len(row) && strings.TrimSpace(row[i]) != "" {
				kept = append(kept, i)
				break
			}
		}
	}
	all := t.rows
	if titled {
		titles := make([]string, len(t.columns))
		for i, c := range t.columns {
			titles[i] = t.printer.Paint(Bold, c.Title)
		}
		all = append([][]string{titles}, all...)
	}
	for _, i := range kept {
		columns = append(columns, t.columns[i])
	}
	for _, row := range all {
		var cells []string
		for _, i := range kept {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	return columns, rows
}

// fit makes columns narrower until they are together as wide as the screen, texts first.
// ok is false where that would leave nothing to read.
func fit(columns []Column, natural []int, most int) (widths []int, ok bool) {
	least, floor, total := make([]int, len(columns)), 0, 0
	widths = make([]int, len(columns))
	for i, c := range columns {
		widths[i] = min(natural[i], most)
		switch c.Fit {
		case Whole:
			least[i] = natural[i]
		case Cut:
			least[i] = min(widths[i], 12)
		case Prose:
			least[i] = min(widths[i], 20)
		}
		floor += least[i] + gap
		total += widths[i] + gap
	}
	if floor-gap > most {
		return nil, false
	}
	for total -= gap; total > most; total-- {
		widest := -1
		for i, c := range columns {
			narrower := widths[i] > least[i]
			if narrower && (widest < 0 || c.Fit == Prose && columns[widest].Fit != Prose || c.Fit == columns[widest].Fit && widths[i] > widths[widest]) {
				widest = i
			}
		}
		widths[widest]--
	}
	return widths, true
}

// line prints a row, of which a text may take several lines.
func (t *Table) line(columns []Column, widths []int, row []string) {
	var line strings.Builder
	at := 0 // columns of the screen
	for i, cell := range row {
		last := i == len(row)-1
		if last && columns[i].Fit == Prose && t.printer.width > 0 {
			line.WriteString(strings.Join(Wrap(cell, widths[i]), "\n"+strings.Repeat(" ", at)))
			continue
		}
		if !last || t.printer.width > 0 {
			cell = cut(cell, widths[i])
		}
		line.WriteString(cell)
		if !last {
			line.WriteString(strings.Repeat(" ", max(widths[i]-width(cell), 0)+gap))
			at += widths[i] + gap
		}
	}
	fmt.Fprintln(t.printer, strings.TrimRight(line.String(), " "))
}

// records prints each row as lines of their own, for a screen that is too narrow for
// columns.
func (t *Table) records(columns []Column, rows [][]string) {
	for n, row := range rows {
		if n == 0 && columns[0].Title != "" {
			continue // the titles stand before each value
		}
		for i, cell := range row {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			indent, title := 0, ""
			if i > 0 {
				indent = 4
				if title = columns[i].Title; title != "" {
					title += " "
				}
			}
			if columns[i].Fit == Cut {
				cell = cut(cell, max(t.printer.width-indent-width(title), 1))
			}
			t.printer.Say(indent, "%s%s", title, cell)
		}
	}
}

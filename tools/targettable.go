package tools

import (
	"slices"
	"unicode/utf8"

	"agentcore-gateway-mcp/terminal"
)

// The columns of a list of targets that may give way on a screen, behind name, id and
// status, which are typed again or are why somebody looks.
const (
	statusColumn = iota + 2
	typeColumn
	syncedColumn
	authColumn
	endpointColumn
	targetColumns
)

// targetRow has a cell for each column of a list of targets.
type targetRow [targetColumns]string

func targetTitles() targetRow {
	return targetRow{"NAME", "ID", "STATUS", "TYPE", "SYNCED", "AUTH", "ENDPOINT"}
}

// showTargets prints a list of targets. Where the screen is too narrow for all of it, the
// endpoints are cut, then columns go, those that say least first. Where that is not
// enough, each target has lines of its own, with all that is known.
func showTargets(p *terminal.Printer, rows []targetRow) {
	narrow := slices.Clone(rows)
	for _, column := range []int{authColumn, syncedColumn} {
		if targetsFit(p, narrow) {
			break
		}
		for i := range narrow {
			narrow[i][column] = ""
		}
	}
	if !targetsFit(p, narrow) {
		showTargetRecords(p, rows)
		return
	}
	var columns []terminal.Column
	for i, title := range targetTitles() {
		column := terminal.Column{Title: title, Fit: terminal.Whole}
		if i == endpointColumn {
			column.Fit = terminal.Cut
		}
		columns = append(columns, column)
	}
	table := p.Table(columns...)
	for _, row := range narrow {
		row[statusColumn] = painted(p, row[statusColumn])
		table.Row(row[:]...)
	}
	table.Print()
}

// targetsFit reports whether rows have room on the screen, with as much of the endpoints
// as can still be told apart.
func targetsFit(p *terminal.Printer, rows []targetRow) bool {
	const leastEndpoint, gap = 20, 2
	taken := 0 // by all columns but the names, of which some take two a character
	for column, title := range targetTitles() {
		widest := 0
		for _, row := range rows {
			widest = max(widest, utf8.RuneCountInString(row[column]))
		}
		switch {
		case column == 0 || widest == 0: // an empty column is not printed
			continue
		case column == endpointColumn:
			widest = min(widest, leastEndpoint)
		}
		taken += gap + max(widest, len(title))
	}
	return !slices.ContainsFunc(rows, func(row targetRow) bool { return !p.Fits(taken, row[0]) })
}

// showTargetRecords prints each target as lines of its own.
func showTargetRecords(p *terminal.Printer, rows []targetRow) {
	for _, row := range rows {
		p.Say(0, "%s", row[0])
		row[statusColumn] = painted(p, row[statusColumn])
		table := p.Table(terminal.Column{Fit: terminal.Whole}, terminal.Column{Fit: terminal.Cut})
		for column, title := range targetTitles() {
			if column > 0 && row[column] != "" {
				table.Row("    "+title, row[column])
			}
		}
		table.Print()
	}
}

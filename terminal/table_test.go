package terminal

import (
	"strings"
	"testing"
)

func TestTableCutsBeforeItPads(t *testing.T) {
	var out strings.Builder
	table := NewPrinter(&out, func(string) string { return "" }).Table()
	table.printer.most = 10
	table.Row("NAME", "WHAT")
	table.Row(strings.Repeat("x", 5<<20), "long")
	table.Row("日本語日本語", "wide")
	table.Row("ab", "")
	table.Print()
	if want := "NAME        WHAT\nxxxxxxxxx…  long\n日本語日…   wide\nab\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

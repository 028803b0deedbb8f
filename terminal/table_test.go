package terminal

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// screen prints on a screen of so many columns, 0 for a pipe.
func screen(width int, colour bool, print func(*Printer)) string {
	var out strings.Builder
	print(&Printer{Writer: &out, width: width, colour: colour})
	return out.String()
}

// A column is as wide as its widest cell, and one long cell widens no other row.
func TestTableCutsBeforeItPads(t *testing.T) {
	got := screen(0, false, func(p *Printer) {
		table := p.Table(Column{Title: "NAME"}, Column{Title: "WHAT"})
		table.Row(strings.Repeat("x", 5<<20)+"y", "long")
		table.Row("日本語", "wide")
		table.Row("ab", "")
		table.Print()
	})
	pad := func(s string, columns int) string { return s + strings.Repeat(" ", longest+gap-columns) }
	want := pad("NAME", 4) + "WHAT\n" + pad(strings.Repeat("x", longest/2)+"…"+strings.Repeat("x", longest/2-2)+"y", longest) + "long\n" + pad("日本語", 6) + "wide\nab\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTableFits(t *testing.T) {
	targets := func(p *Printer) {
		table := p.Table(Column{Title: "NAME"}, Column{Title: "ID", Fit: Whole}, Column{Title: "GONE"}, Column{Title: "ENDPOINT"})
		table.Row("注文サーバーのターゲット", "AAAAAAAAAA", "", "https://orders.example.com/mcp")
		table.Row("orders", "BBBBBBBBBB", " ", "runtime orders (DEFAULT)")
		table.Print()
	}
	tools := func(p *Printer) {
		table := p.Table()
		table.Row(p.Paint(Red, "- getOrder"), "gets an order of this shop or of another one")
		table.Row("+ 取消", "一 二 三 四 五 六 七 八 九 十 一 二 三")
		table.Print()
	}
	for name, c := range map[string]struct {
		width  int
		colour bool
		print  func(*Printer)
		want   string
	}{
		"whole": {0, false, targets, "" +
			"NAME                      ID          ENDPOINT\n" +
			"注文サーバーのターゲット  AAAAAAAAAA  https://orders.example.com/mcp\n" +
			"orders                    BBBBBBBBBB  runtime orders (DEFAULT)\n"},
		"cut in the middle, the widest first": {50, false, targets, "" +
			"NAME                ID          ENDPOINT\n" +
			"注文サー…ーゲット   AAAAAAAAAA  https://o….com/mcp\n" +
			"orders              BBBBBBBBBB  runtime o…DEFAULT)\n"},
		"too narrow for columns": {30, false, targets, "" +
			"注文サーバーのターゲット\n    ID AAAAAAAAAA\n    ENDPOINT https://….com/mcp\n" +
			"orders\n    ID BBBBBBBBBB\n    ENDPOINT runtime …DEFAULT)\n"},
		"texts are broken": {34, false, tools, "" +
			"- getOrder  gets an order of this\n            shop or of another one\n" +
			"+ 取消      一 二 三 四 五 六 七\n            八 九 十 一 二 三\n"},
		"colour takes no room": {34, true, tools, "" +
			"\x1b[31m- getOrder\x1b[0m  gets an order of this\n            shop or of another one\n" +
			"+ 取消      一 二 三 四 五 六 七\n            八 九 十 一 二 三\n"},
		"nothing": {20, false, func(p *Printer) { p.Table(Column{Title: "NAME"}).Print() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := screen(c.width, c.colour, c.print)
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// Whatever is in a row, no line is wider than the screen, and breaks in it make no rows.
func TestTableNeverOverflows(t *testing.T) {
	words := []string{"", "a", "日本語", "👩‍👩‍👧‍👦 family", "line\nbreak\ttab", strings.Repeat("long ", 60), strings.Repeat("界", 90), "e\u0301\u0301\u0301"}
	for width := 20; width < 120; width += 7 {
		for i, first := range words {
			for j, second := range words {
				got := screen(width, false, func(p *Printer) {
					table := p.Table(Column{Title: "ONE"}, Column{Title: "TWO"})
					table.Row(first, second)
					table.Print()
				})
				for _, line := range strings.Split(got, "\n") {
					if w := columnsOf(line); w > width && strings.ContainsRune(strings.TrimSpace(line), ' ') {
						t.Errorf("width %d, cells %d and %d: %d columns: %q", width, i, j, w, line)
					}
				}
				if !utf8.ValidString(got) {
					t.Errorf("%q is not UTF-8", got)
				}
			}
		}
	}
}

func TestSay(t *testing.T) {
	say := func(p *Printer) { p.Say(2, "next: %s", "look  at https://example.com/a/b/c\nand try again") }
	for width, want := range map[int]string{
		0:  "  next: look  at https://example.com/a/b/c and try again\n",
		60: "  next: look  at https://example.com/a/b/c and try again\n",
		20: "  next: look at\n    https://example.com/a/b/c\n    and try again\n",
	} {
		if got := screen(width, false, say); got != want {
			t.Errorf("at %d: got\n%swant\n%s", width, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"one two three":       "one\ntwo\nthree",
		"a  b\nc":             "a b c",
		"一二三、四":               "一二\n三、四",
		"https://example.com": "https://example.com",
		"ab 一二三四":             "ab\n一二三\n四",
	} {
		if got := strings.Join(Wrap(text, 6), "\n"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Each character of a long text takes as long as one of a short text: measured anew for
// each line, a text of wide characters would take minutes, not a tenth of a second.
func TestLongTexts(t *testing.T) {
	const size = 1 << 20
	for name, text := range map[string]string{
		"words":           strings.Repeat("word ", size/5),
		"wide characters": strings.Repeat("界", size/3),
		"in colour":       "\x1b[31m" + strings.Repeat("界", size/3) + "\x1b[0m",
		"stacked marks":   strings.Repeat("界"+strings.Repeat("\u0301", 200), size/403),
		"no width":        strings.Repeat("a界\u200b\u200b\u200b", size/13),
		"one word":        strings.Repeat("x", size),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan string, 1)
			go func() { done <- screen(40, false, func(p *Printer) { told(p, text) }) }()
			select {
			case got := <-done:
				compact := func(s string) string { return strings.Join(strings.Fields(s), "") }
				if want := compact(text) + "+a" + compact(text); compact(got) != want {
					t.Errorf("%d bytes became %d", len(want), len(got))
				}
			case <-time.After(time.Minute):
				t.Fatal("it takes too long")
			}
		})
	}
}

// told prints a text as a sentence and in a table.
func told(p *Printer, text string) {
	p.Say(0, "%s", text)
	table := p.Table()
	table.Row("+ a", text)
	table.Print()
}

// Four times the text takes four times the memory, all that was let go again included,
// and not sixteen times.
func TestLongTextsAreNotCopied(t *testing.T) {
	took := func(text string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		screen(40, false, func(p *Printer) { told(p, text) })
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, character := range []string{"word ", "界"} {
		if short, long := took(strings.Repeat(character, 25_000)), took(strings.Repeat(character, 100_000)); long > 7*short {
			t.Errorf("%q: %d bytes, and %d for a text that is 4 times as long", character, short, long)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abc…fg"}, {"abcdefg", 1, "…"}, {"日本語日本語", 8, "日本…語"}, {"a日本語z", 6, "a日…z"},
		{strings.Repeat("e\u0301", 7), 6, strings.Repeat("e\u0301", 3) + "…" + strings.Repeat("e\u0301", 2)}, {"\x1b[31mabcdefg\x1b[0m", 6, "\x1b[31mabc…fg\x1b[0m"},
	} {
		if got := cut(c.text, c.most); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func TestLook(t *testing.T) {
	none := func(string) string { return "" }
	for when, colour := range map[When]bool{"": false, Auto: false, Always: true, Never: false} {
		if p := (Look{Colour: when}).Printer(new(strings.Builder), none); p.colour != colour || p.Brief() {
			t.Errorf("%q in a pipe: got colours %v, brief %v", when, p.colour, p.Brief())
		}
	}
	var w When
	if err := w.Set("sometimes"); err == nil || w != "" {
		t.Errorf("got %v, %q", err, w)
	}
	if err := w.Set("always"); err != nil || w != Always {
		t.Errorf("got %v, %q", err, w)
	}
}

// columnsOf is the width of a line, where a variable hides the function.
func columnsOf(s string) int { return width(s) }

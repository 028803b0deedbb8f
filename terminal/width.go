package terminal

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
)

// painted are the escapes of [Printer.Paint], which take no room. What strangers wrote
// has none: it was escaped.
var painted = regexp.MustCompile("\x1b\\[[0-9]+m")

// width is how many columns of the screen a text takes: Japanese and emoji take two a
// character.
func width(s string) int {
	if strings.ContainsRune(s, '\x1b') {
		s = painted.ReplaceAllString(s, "")
	}
	return uniseg.StringWidth(s)
}

// oneLine takes the breaks out of a text.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t") {
		return s
	}
	return strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s)
}

// Wrap breaks text into lines of at most so many columns, between words, and between
// Japanese or Chinese characters, where a line may end anywhere. A longer word, such as a
// URL, stays in one piece, so that it can be copied.
func Wrap(text string, most int) []string {
	var lines []string
	line, taken := "", 0
	for _, word := range strings.Fields(text) {
		wide := width(word)
		if line != "" && taken+1+wide > most {
			lines, line, taken = append(lines, line), "", 0
		}
		if line != "" {
			line, taken = line+" ", taken+1
		}
		for wide > most {
			head, rest := ahead(word, most)
			if rest == "" {
				break
			}
			lines, word, wide = append(lines, head), rest, wide-width(head) // to measure the rest anew takes for ever
		}
		line, taken = line+word, taken+wide
	}
	return append(lines, line)
}

// ahead is the beginning of a word that takes at most so many columns and ends before a
// wide character, and what follows; all and nothing where there is none.
func ahead(word string, most int) (head, rest string) {
	const never = "、。，．・：；！？）］｝」』】〉》ー々…" // at the beginning of a line
	at, end, taken := 0, 0, 0
	for graphemes := uniseg.NewGraphemes(word); graphemes.Next(); {
		wide := graphemes.Width()
		if wide == 2 && at > 0 && !strings.Contains(never, graphemes.Str()) {
			end = at
		}
		if taken += wide; taken > most {
			break
		}
		at += len(graphemes.Str())
	}
	if end == 0 {
		return word, ""
	}
	return word[:end], word[end:]
}

// cut takes out the middle of a text, whose beginning and end tell it apart from others,
// until it takes at most so many columns.
func cut(s string, most int) string {
	if len(s) <= most || len(s) <= longestCharacter*most && width(s) <= most {
		return s
	}
	if colour := painted.FindString(s); colour != "" {
		return colour + cut(painted.ReplaceAllString(s, ""), most) + "\x1b[0m"
	}
	var head strings.Builder
	taken := 0
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		wide := graphemes.Width()
		if taken+wide > most/2 || head.Len() > longestCharacter*most {
			break
		}
		head.WriteString(graphemes.Str())
		taken += wide
	}
	return head.String() + "…" + tail(s, most-1-taken)
}

// longestCharacter is how many bytes of a character are looked at, with all that is
// stacked on it.
const longestCharacter = 32

// tail is as much of a text's end as takes at most so many columns.
func tail(s string, most int) string {
	if from := len(s) - longestCharacter*(most+1); from > 0 {
		for from < len(s) && s[from]&0xC0 == 0x80 { // not inside of a character
			from++
		}
		s = s[from:]
	}
	var all []string
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		all = append(all, graphemes.Str())
	}
	at, taken := len(all), 0
	for at > 0 && taken+uniseg.StringWidth(all[at-1]) <= most {
		at--
		taken += uniseg.StringWidth(all[at])
	}
	return strings.Join(all[at:], "")
}

package catalog

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxShown   = 80  // runes of upstream text in a sentence
	leadShown  = 20  // of them before the first difference
	maxNamed   = 60  // runes of a name
	maxSubject = 200 // bytes of a path
	maxListed  = 5   // values in one sentence
)

// show quotes upstream text as data: shortened, URLs without userinfo and query,
// control and invisible characters as <U+202E>, quotation marks escaped.
func show(text string) string { return quoted("", redactURLs(text)) }

func quoted(prefix, redacted string) string {
	return `"` + prefix + escape(redacted, maxShown) + `"`
}

// showChange quotes two texts so that the difference is in what is shown.
func showChange(before, after string) (string, string) {
	before, after = redactURLs(before), redactURLs(after)
	if utf8.RuneCountInString(before) <= maxShown && utf8.RuneCountInString(after) <= maxShown {
		return quoted("", before), quoted("", after)
	}
	common := 0
	for common < min(len(before), len(after)) && before[common] == after[common] {
		common++
	}
	start := common
	for lead := 0; start > 0 && lead <= leadShown; {
		if start--; utf8.RuneStart(before[start]) {
			lead++
		}
	}
	if start == 0 || common < maxShown/2 {
		return quoted("", before), quoted("", after)
	}
	return quoted("…", before[start:]), quoted("…", after[start:])
}

// showName is a name of upstream's inside quotation marks of ours.
func showName(name string) string { return escape(name, maxNamed) }

// escape makes text fit for one line between quotation marks, limit runes long.
func escape(text string, limit int) string {
	var out strings.Builder
	runes, space := 0, false
	previous := rune(0)
	for _, r := range text {
		if unicode.IsSpace(r) && r != '\u0085' && r != '\u2028' && r != '\u2029' {
			space, previous = runes > 0, r
			continue
		}
		if runes >= limit {
			out.WriteString("…")
			break
		}
		if space {
			out.WriteByte(' ')
			runes, space = runes+1, false
		}
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case hiding(r, previous) != "" || !unicode.IsGraphic(r):
			fmt.Fprintf(&out, "<U+%04X>", r)
		default:
			out.WriteRune(r)
		}
		runes, previous = runes+1, r
	}
	return out.String()
}

// urlsIn finds the absolute URLs of a text, as from and to in bytes.
func urlsIn(text string) []span {
	var found []span
	for from := 0; ; {
		at := strings.Index(text[from:], "://")
		if at < 0 {
			return found
		}
		at += from
		start := at
		for start > from && isSchemeByte(text[start-1]) {
			start--
		}
		end := at + len("://")
		if stop := strings.IndexFunc(text[end:], func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("\"'`<>", r)
		}); stop >= 0 {
			end += stop
		} else {
			end = len(text)
		}
		from = end
		if end = at + len(strings.TrimRight(text[at:end], ".,;:!?)]}*_")); start < at && end > at+len("://") {
			found = append(found, span{start, end})
		}
	}
}

func isSchemeByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

func redactURLs(text string) string {
	urls := urlsIn(text)
	if len(urls) == 0 {
		return text
	}
	var out strings.Builder
	from := 0
	for _, u := range urls {
		out.WriteString(text[from:u.start])
		out.WriteString(redactURL(text[u.start:u.end]))
		from = u.end
	}
	out.WriteString(text[from:])
	return out.String()
}

// redactURL shows a URL of any scheme: [RedactEndpoint] where it applies, else
// without query, fragment and userinfo.
func redactURL(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.RawQuery == "" && u.Fragment == "" && u.User == nil {
		return raw
	}
	if shown, _ := RedactEndpoint(raw); shown != notAURL {
		return shown
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	if at := strings.IndexAny(rest, "?#"); at >= 0 {
		rest = rest[:at]
	}
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = mask + host[at:]
	}
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// below is the path of what stands in path under name: "order.items[].sku".
func below(path, name string) string {
	if path != "" && !strings.HasPrefix(name, "[") {
		path += "."
	}
	path += name
	if len(path) > maxSubject {
		path = "…" + strings.ToValidUTF8(path[len(path)-maxSubject*3/4:], "")
	}
	return path
}

// listed shows values, a few of them.
func listed(values []string) string {
	var out strings.Builder
	for i, v := range values {
		if i == maxListed {
			fmt.Fprintf(&out, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(v)
	}
	return out.String()
}

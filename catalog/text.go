package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"agentcore-gateway-mcp/untrusted"
)

const (
	maxShown   = 80  // runes of upstream text in a sentence
	leadShown  = 20  // of them before the first difference
	maxNamed   = 60  // runes of a name
	maxSubject = 200 // bytes of a path
	maxListed  = 5   // values in one sentence
)

// show quotes upstream text as data, short.
func show(text string) string { return untrusted.Quote(text, maxShown) }

// showChange quotes two texts so that the difference is in what is shown.
func showChange(before, after string) (string, string) {
	before, after = untrusted.MaskURLs(before), untrusted.MaskURLs(after)
	if utf8.RuneCountInString(before) <= maxShown && utf8.RuneCountInString(after) <= maxShown {
		return show(before), show(after)
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
		return show(before), show(after)
	}
	return `"…` + untrusted.Within(before[start:], maxShown) + `"`, `"…` + untrusted.Within(after[start:], maxShown) + `"`
}

// showName is a name of upstream's inside quotation marks of ours.
func showName(name string) string { return untrusted.Within(name, maxNamed) }

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

// shorten cuts a text of ours, whose parts are escaped already.
func shorten(text string, limit int) string {
	runes := 0
	for i := range text {
		if runes == limit {
			return text[:i] + "…"
		}
		runes++
	}
	return text
}

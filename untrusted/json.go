package untrusted

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaskJSON is Mask over the names, strings and numbers of a JSON document, which
// stays one; other numbers keep their spelling. Where nothing is to be masked it
// returns data.
func (s *Secrets) MaskJSON(data []byte) []byte {
	// Without these escapes, a credential stands in the document as it is spelled.
	if text := string(data); !strings.Contains(text, `\u`) && !strings.Contains(text, `\/`) && !strings.Contains(text, "%") && s.Mask(text) == text {
		return data
	}
	return eachString(data, s.Mask)
}

// Clean is MaskJSON and [Escape] over the same: the last gate of an answer.
func (s *Secrets) Clean(data []byte) []byte {
	return eachString(data, func(text string) string { return Escape(s.MaskSplit(text)) })
}

func eachString(data []byte, change func(string) string) []byte {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		return []byte(change(string(data)))
	}
	changed := false
	document = walk(document, func(text string) string {
		now := change(text)
		changed = changed || now != text
		return now
	})
	if !changed {
		return data
	}
	out, err := json.Marshal(document)
	if err != nil { // not reached: it was JSON a moment ago
		return []byte("null")
	}
	return out
}

func walk(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case json.Number:
		if now := change(string(v)); now != string(v) {
			return now
		}
	case []any:
		for i := range v {
			v[i] = walk(v[i], change)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member := walk(v[name], change)
			now := change(name)
			if now != name {
				delete(v, name)
				for n, base := 2, now; ; n++ { // names that look alike once they are masked stay apart
					if _, taken := v[now]; !taken {
						break
					}
					now = fmt.Sprintf("%s (%d)", base, n)
				}
			}
			v[now] = member
		}
	}
	return v
}

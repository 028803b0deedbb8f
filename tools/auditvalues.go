package tools

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

// mostOfValue is how much of one argument a line has, so that a long one hides no other.
const mostOfValue = 200 // characters

// shownArguments are a call's arguments as they were read, which of two of one name takes
// the last, with each value masked and shortened.
func shownArguments(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		return []byte("no JSON")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(shownValue(given)); err != nil {
		return []byte("no JSON")
	}
	return bytes.TrimSpace(out.Bytes())
}

func shownValue(v any) any {
	const mostElements = 200
	switch v := v.(type) {
	case string:
		if _, err := url.Parse(v); err == nil && strings.Contains(v, "://") {
			v, _ = untrusted.Endpoint(v)
		}
		return untrusted.Text(untrusted.MaskURLs(v), mostOfValue)
	case []any:
		shown := make([]any, 0, min(len(v), mostElements))
		for _, element := range v[:min(len(v), mostElements)] {
			shown = append(shown, shownValue(element))
		}
		if left := len(v) - mostElements; left > 0 {
			shown = append(shown, fmt.Sprintf("and %d more", left))
		}
		return shown
	case map[string]any:
		shown := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v))[:min(len(v), mostElements)] {
			if text, ok := v[name].(string); ok && (name == "endpoint" || name == "discoveryUrl") { // whatever it is
				v[name], _ = untrusted.Endpoint(text)
			}
			key := untrusted.Text(name, mostOfValue)
			for shown[key] != nil { // another one's, for what makes them different is not shown
				key += "*"
			}
			shown[key] = shownValue(v[name])
		}
		if left := len(v) - mostElements; left > 0 {
			shown["…"] = fmt.Sprintf("and %d more", left)
		}
		return shown
	}
	return v
}

// complete fills in what an answer does not say of itself, and takes away what misleads.
func (a *audited) complete(e entry, only string) {
	switch {
	case e.answer == nil: // as the caller named them
		a.Gateway, a.Target = namedIn(e.arguments)
		if a.Gateway == "" {
			a.Gateway = only
		}
	case len(a.Targets) == 1 && e.tool == "diagnose_target":
		t := a.Targets[0]
		a.Gateway, a.Target, a.TargetID, a.Outcome = t.Gateway, t.Target, t.TargetID, "not called"
		for _, c := range t.Checks {
			if c.Name == "call" && c.Result != gateway.CheckSkipped {
				a.Outcome = "called: " + gateway.Outcome(c.Result)
			}
		}
	case a.Outcome == gateway.Deleted: // it has no status any more
		a.Status = ""
	}
}

// settingsShown is what was changed, with each value as JSON.
func settingsShown(settings []gateway.Setting) string {
	type setting struct {
		Path    string   `json:"path"`
		Added   []string `json:"added,omitempty"`
		Removed []string `json:"removed,omitempty"`
		Before  any      `json:"before,omitempty"`
		After   any      `json:"after,omitempty"`
	}
	value := func(s string) any {
		switch {
		case s == "":
			return nil
		case json.Valid([]byte(s)):
			return json.RawMessage(s)
		}
		return s
	}
	var shown []setting
	for _, s := range settings {
		shown = append(shown, setting{s.Path, s.Added, s.Removed, value(s.Before), value(s.After)})
	}
	text, _ := json.Marshal(shown) // strings and JSON have JSON
	return string(text)
}

// callerShown is a caller's name as it was given, with claims that are too long shortened
// to what tells them apart.
func callerShown(name string) string {
	const most = 300 // characters
	var claims map[string]string
	if json.Unmarshal([]byte(name), &claims) != nil {
		return name
	}
	for claim, text := range claims {
		if len(text) > most {
			sum := sha256.Sum256([]byte(text))
			claims[claim] = untrusted.Text(text, most) + " sha256:" + hex.EncodeToString(sum[:8])
		}
	}
	shown, _ := json.Marshal(claims) // strings have JSON
	return string(shown)
}

// toolsShown is which tools an answer says came, went and changed, a few names of each.
func (a audited) toolsShown() string {
	const most = 20
	names := func(list []struct{ Name string }) (names []string) {
		for _, t := range list[:min(len(list), most)] {
			names = append(names, untrusted.Text(t.Name, 100))
		}
		if left := len(list) - most; left > 0 {
			names = append(names, fmt.Sprintf("and %d more", left))
		}
		return names
	}
	if a.Tools.Source != gateway.FromGateway && a.Tools.Source != gateway.FromPlan {
		text, _ := json.Marshal(map[string]string{"unknown": untrusted.Text(a.Tools.Reason, mostOfValue)})
		return string(text)
	}
	text, _ := json.Marshal(struct { // strings and numbers have JSON
		Before   int      `json:"before"`
		After    int      `json:"after"`
		Breaking bool     `json:"breaking,omitempty"`
		Removed  []string `json:"removed,omitempty"`
		Changed  []string `json:"changed,omitempty"`
		Added    []string `json:"added,omitempty"`
	}{a.Tools.Before, a.Tools.After, a.Tools.Breaking, names(a.Tools.Removed), names(a.Tools.Changed), names(a.Tools.Added)})
	return string(text)
}

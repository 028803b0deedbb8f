package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// mutation writes arguments as text, so that they can be what no encoder writes.
type mutation struct {
	*rand.Rand
	pool map[string][]string
}

func (m *mutation) one(of []string) string { return of[m.IntN(len(of))] }

func (m *mutation) in(percent int) bool { return m.IntN(100) < percent }

// arguments are some for a tool: mostly near to what it takes, so that they come
// further than its first check.
func (m *mutation) arguments(s *jsonschema.Schema) string {
	wild := max(0, m.IntN(5)-1) // how much is wrong: in two of five calls nothing
	var members []string
	object := quote("shop") // what a confirmation names
	add := func(name, value string) {
		members = append(members, quote(name)+":"+value)
		if slices.Contains([]string{"target", "name", "runtime", "provider"}, name) {
			object = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		required := slices.Contains(s.Required, name)
		if name == "confirm" {
			continue
		}
		if !required && !(name == "gateway" && m.in(90)) && !m.in(20) || required && wild > 0 && m.in(3) {
			continue
		}
		switch {
		case wild > 0 && m.in(8*wild):
			add(name, m.hostile())
		default:
			add(name, m.fitting(name, s.Properties[name]))
		}
		if wild > 1 && m.in(5) { // twice
			add(name, m.fitting(name, s.Properties[name]))
		}
	}
	if s.Properties["confirm"] != nil && m.in(70) {
		right := object
		if wild > 0 && m.in(40) {
			right = m.fitting("confirm", s.Properties["confirm"])
		}
		add("confirm", right)
	}
	if wild > 0 && m.in(6) {
		add(m.one([]string{"extra", "Target", "target ", "__proto__", "", "earlier", canaryURL, "\x1b[31m", "ta\u202erget"}), m.hostile())
	}
	m.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	text := "{" + strings.Join(members, ",") + "}"
	if wild == 3 && m.in(8) {
		text = m.one([]string{"null", "[]", "[" + text + "]", `"x"`, "7", quote(text), "{}"})
	}
	return text
}

// fitting is a value of the right type.
func (m *mutation) fitting(name string, s *jsonschema.Schema) string {
	switch {
	case s == nil:
		return "null"
	case len(s.Enum) > 0:
		return quote(fmt.Sprint(s.Enum[m.IntN(len(s.Enum))]))
	}
	switch s.Type {
	case "boolean":
		return m.one([]string{"true", "false"})
	case "integer":
		if name == "waitSeconds" {
			return m.one([]string{"0", "1", "2", "5.0", "2e0"})
		}
		return m.one([]string{"0", "1", "7", "1000", "10000", "3.0"})
	case "array":
		var items []string
		for range m.IntN(4) {
			items = append(items, m.fitting(name, s.Items))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	if some := m.pool[name]; len(some) > 0 && m.in(50) {
		return quote(some[0]) // the likeliest
	} else if len(some) > 0 && m.in(80) {
		return quote(m.one(some))
	}
	return quote(m.text())
}

const canaryURL = "https://user:" + canary + "argument@127.0.0.1:1/a?token=" + canary + "argument"

// texts are strings that stand where a name, a URL or a word is meant.
var texts = []string{
	"", " ", "\x00", "orders\x00", "or\u202eders", "\x1b[2J\x1b[31mred\x1b[0m", "\x1b]52;c;cm0=\x07", "a\r\nb: c", "\u2028", "\ufeffshop", "zero\u200bwidth", "\U000e0041", "e\u0301" + "\u0301\u0301",
	"../../gateways", "..%2f..%2fgateways", "%2e%2e/", "%00", "%", "%zz", "a/b", "a\\b", "?x=1", "#f", "&", ";", "|ls", "$(id)", "`id`", "{{7*7}}", "' OR 1=1 --", "<script>", "${jndi:ldap://127.0.0.1/a}",
	canaryURL, "HTTPS://USER:" + canary + "argument@127.0.0.1/", "see " + canaryURL + " for more", "(" + canaryURL + ")", "ftp://u:" + canary + "argument@h/", "https://" + canary + "argument@h/", "https://h/?" + canary + "argument",
	"https://h/#" + canary + "argument", "http://[::1]:1/mcp?sig=" + canary + "argument",
	"arn:", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/../x", "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x:y/z", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
	"http://127.0.0.1:1/mcp", "https://name.invalid/mcp", "http://[fe80::1%25eth0]/mcp", "https://127.0.0.1:99999/", "https:///mcp", "//127.0.0.1/mcp", "https://127.0.0.1\x00/mcp", "javascript:alert(1)",
	"null", "true", "0", "NaN", "*", ",", ",,,", "a,b,c", "constructor", "注文", "👨‍👩‍👧", "Ω≈ç√",
}

func (m *mutation) text() string {
	switch m.IntN(8) {
	case 0:
		return strings.Repeat(m.one(texts), 1+m.IntN(40))
	case 1:
		return strings.Repeat(m.one([]string{"x", "\u202e", "%2f", "é", "<U+202E>", "https://h/?k=v "}), 1<<m.IntN(17))
	default:
		return m.one(texts)
	}
}

// hostile is a value of any type, as it may stand in JSON or just not.
func (m *mutation) hostile() string {
	switch m.IntN(14) {
	case 0:
		return "null"
	case 1:
		return m.one([]string{"1e999", "-1e999", "1e-999", "1e999999999", "-0", "0.1", "-1", "9223372036854775808", "1" + strings.Repeat("0", 5000), "0." + strings.Repeat("3", 5000), "18446744073709551616", "900", "901", "1E2"})
	case 2:
		return m.one([]string{"true", "false", `"true"`, `"7"`})
	case 3:
		n := m.depth()
		return strings.Repeat("[", n) + strings.Repeat("]", n)
	case 4:
		n := m.depth()
		return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)
	case 5:
		return "[" + strings.TrimSuffix(strings.Repeat(quote(m.one(texts))+",", 1+m.IntN(2000)), ",") + "]"
	case 6:
		return `{"` + m.one([]string{"a", "target", "__proto__"}) + `":` + quote(m.text()) + `,"a":[1,{}],"a":null}`
	case 7:
		return `"\ud800"`
	case 8:
		return "\"\xff\xfe\xc0\x80\""
	case 9:
		return "[" + strings.TrimSuffix(strings.Repeat("null,", 1+m.IntN(2000)), ",") + "]"
	case 10:
		return "{}"
	case 11:
		names := slices.Sorted(maps.Keys(m.pool))
		return quote(m.one(m.pool[m.one(names)])) // another argument's
	default:
		return quote(m.text())
	}
}

// depth is one that a decoder takes, or just not.
func (m *mutation) depth() int { return []int{3, 300, 9_990, 10_001, 30_000}[m.IntN(5)] }

func quote(s string) string {
	data, _ := json.Marshal(s)
	return string(data)
}

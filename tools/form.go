package tools

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/terminal"
)

// painted is a status in the colour of what it means.
func painted[S ~string](p *terminal.Printer, status S) string {
	switch word := string(status); {
	case word == "READY" || word == "ACTIVE":
		return p.Paint(terminal.Green, word)
	case strings.Contains(word, "FAILED") || strings.Contains(word, "UNSUCCESSFUL"):
		return p.Paint(terminal.Red, word)
	default:
		return p.Paint(terminal.Yellow, word)
	}
}

// placed says in which region and account something is, as far as that is known.
func placed(region, account string) string {
	if region == "" && account == "" {
		return ""
	}
	return " (" + strings.Trim(region+", "+account, ", ") + ")"
}

// at is when something was, and how long ago where that is not long; "" for never.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	text := t.UTC().Format(time.RFC3339)
	if ago := terminal.Ago(t); !strings.HasPrefix(text, ago) {
		text += ", " + ago
	}
	return text
}

// runtimeAt is the runtime that an endpoint invokes, and whether it is one of AWS's, or of
// a local AgentCore: a path can look like it anywhere.
func runtimeAt(endpoint string) (arn, qualifier string, ok bool) {
	u, err := url.Parse(endpoint)
	if err != nil || !aws.InvokesRuntime(u) {
		return "", "", false
	}
	host := u.Hostname()
	region, isAWS := strings.CutPrefix(host, "bedrock-agentcore.")
	region, domain, _ := strings.Cut(region, ".")
	isAWS = isAWS && region != "" && u.Scheme == "https" && u.Port() == "" && (domain == "amazonaws.com" || domain == "amazonaws.com.cn")
	if ip := net.ParseIP(host); !isAWS && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", "", false
	}
	arn = strings.TrimSuffix(strings.TrimPrefix(u.Path, "/runtimes/"), "/invocations")
	return arn, cmp.Or(u.Query().Get("qualifier"), "DEFAULT"), true
}

// endpoints says how the endpoints of a list are told on a screen: in short where they
// are runtimes', with region and account where those are not what most of them have.
func endpoints(p *terminal.Printer, all []string) func(endpoint string) string {
	if !p.Brief() {
		return func(endpoint string) string { return endpoint }
	}
	place := func(arn string) string { return strings.Join(strings.Split(arn, ":")[3:5], ", ") }
	places := map[string]int{}
	for _, endpoint := range all {
		if arn, _, ok := runtimeAt(endpoint); ok {
			places[place(arn)]++
		}
	}
	usual := ""
	for _, at := range slices.Sorted(maps.Keys(places)) {
		if places[at] > places[usual] {
			usual = at
		}
	}
	return func(endpoint string) string {
		arn, qualifier, ok := runtimeAt(endpoint)
		if !ok {
			return endpoint
		}
		_, id, _ := strings.Cut(arn, ":runtime/")
		if i := strings.LastIndexByte(id, '-'); i > 0 && len(id)-i == len("-0123456789") {
			id = id[:i] // the name without AWS's ending
		}
		text := fmt.Sprintf("runtime %s (%s)", id, qualifier)
		if at := place(arn); at != usual {
			text += " of " + at
		}
		return text
	}
}

// configured prints a configuration in AWS's JSON as an outline, without the members that
// are told elsewhere.
func configured(p *terminal.Printer, indent int, configuration map[string]any, told ...string) {
	for _, name := range slices.Sorted(maps.Keys(configuration)) {
		if slices.Contains(told, name) {
			continue
		}
		switch v := configuration[name].(type) {
		case map[string]any:
			p.Say(indent, "%s", name)
			configured(p, indent+2, v)
		case []any:
			outlined(p, indent, name, v)
		default:
			p.Say(indent, "%s: %s", name, scalar(v))
		}
	}
}

// outlined prints a list of a configuration: its values in one line, or an outline of each
// member.
func outlined(p *terminal.Printer, indent int, name string, list []any) {
	var words []string
	for i, v := range list {
		if object, ok := v.(map[string]any); ok {
			p.Say(indent, "%s[%d]", name, i)
			configured(p, indent+2, object)
			continue
		}
		words = append(words, scalar(v))
	}
	if len(words) > 0 {
		p.Say(indent, "%s: %s", name, strings.Join(words, ", "))
	}
}

// scalar is a value of a configuration, which may be as long as the tools of a pinned
// target.
func scalar(v any) string {
	const most = 300 // characters
	text, ok := v.(string)
	if !ok {
		data, _ := json.Marshal(v) // it came as JSON
		text = string(data)
	}
	if characters := []rune(text); len(characters) > most {
		return fmt.Sprintf("%s… (%d characters, whole with call --json)", string(characters[:most]), len(characters))
	}
	return text
}

// none says that a list is empty, be it that there is nothing or that nothing matches.
func none(p *terminal.Printer, n int, what, place string) {
	if n > 0 {
		return
	}
	if place != "" {
		place = " in " + place
	}
	p.Say(0, "no %s found%s", what, place)
}

// warn prints what a person should see first.
func warn(p *terminal.Printer, indent int, warnings []string) {
	for _, warning := range warnings {
		p.Say(indent, "%s %s", p.Paint(terminal.Yellow, "warning:"), warning)
	}
}

// next prints what to do now.
func next(p *terminal.Printer, indent int, text string) {
	if text != "" {
		p.Say(indent, "%s %s", p.Paint(terminal.Bold, "next:"), text)
	}
}

package command

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// speech puts what is said to models, who see an answer's JSON and call tools, into the
// words of somebody at a shell. Only our own sentences are put into other words: nothing
// in quotation marks, no URL, and no value.
type speech struct {
	call  string // how a shell calls tools as this process was told to, see again
	tools []definition
	// values are what gateways, targets and endpoints are called, and what was given as
	// arguments: in a sentence they stand for themselves, whatever they look like.
	values []string
}

// speech is how this process speaks of what was given as arguments.
func (c *callCommand) speech(p *process, g *globals, arguments map[string]any) speech {
	return speech{call: again(p, g), tools: c.all, values: stringsIn(arguments, true)}
}

// stringsIn are the strings in arguments or an answer: all of them, or those that a
// gateway, a target or an endpoint is called.
func stringsIn(v any, all bool) (found []string) {
	switch v := v.(type) {
	case string:
		if all {
			found = append(found, v)
		}
	case []any:
		for _, item := range v {
			found = append(found, stringsIn(item, all)...)
		}
	case map[string]any:
		for name, member := range v {
			called := slices.Contains([]string{"gateway", "target", "name", "endpoint", "previousEndpoint"}, name)
			found = append(found, stringsIn(member, all || called)...)
		}
	}
	return found
}

// spoken is an answer whose next speaks to somebody at a shell; whatever is not JSON stays
// as it is.
func (s speech) spoken(answer []byte) []byte {
	var members map[string]json.RawMessage
	var next string
	if json.Unmarshal(answer, &members) != nil || json.Unmarshal(members["next"], &next) != nil {
		return answer
	}
	var all any
	var way wayBack
	_ = json.Unmarshal(answer, &all) // it was JSON a moment ago
	_ = json.Unmarshal(answer, &way) // a gateway may be something else elsewhere
	s.values = append(stringsIn(all, false), s.values...)
	var err error
	if members["next"], err = json.Marshal(s.said(next, way)); err != nil {
		return answer
	}
	if rewritten, err := json.Marshal(members); err == nil {
		return rewritten
	}
	return answer
}

// words is a text in a shell's words.
func (s speech) words(text string) string { return s.said(text, wayBack{}) }

// said reads a text once, from left to right, and puts the pieces that it knows into other
// words. What it has written it never reads: a value that looks like a piece of a sentence
// cannot become one, and a quoted one stays whole.
func (s speech) said(text string, way wayBack) string {
	pieces := s.pieces(way)
	var out strings.Builder
read:
	for text != "" {
		if n := s.untouchable(text); n > 0 {
			out.WriteString(text[:n])
			text = text[n:]
			continue
		}
		for _, piece := range pieces {
			if found := piece.begins.FindStringSubmatch(text); found != nil {
				out.WriteString(piece.says(found))
				text = text[len(found[0]):]
				continue read
			}
		}
		_, size := utf8.DecodeRuneInString(text)
		out.WriteString(text[:size])
		text = text[size:]
	}
	return out.String()
}

const (
	quotation = `"(?:[^"\\]|\\.)*"`
	word      = `[-.\w]*\w`
)

// The patterns that are asked at each place of a text.
var (
	whole = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?s:` + quotation + `|(?:https?://|arn:)[^\s"]*)`)
	})
	wholeWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^` + word + `$`) })
)

// untouchable is how much of the beginning of a text is in quotation marks, a URL, an ARN
// or a value. A value that is a word like others is that only as a whole word, see pieces.
func (s speech) untouchable(text string) int {
	n := len(whole().FindString(text))
	for _, value := range s.values {
		if len(value) > n && strings.HasPrefix(text, value) && !isWord(value) {
			n = len(value)
		}
	}
	return n
}

// isWord reports whether a value is a word as sentences have them.
func isWord(value string) bool { return wholeWord().MatchString(value) }

// piece is a part of a sentence that a shell has other words for.
type piece struct {
	begins *regexp.Regexp
	says   func(found []string) string
}

// pieces are all that there are, the longer first where two begin alike; the last is any
// word, so that no other begins within one.
func (s speech) pieces(way wayBack) (all []piece) {
	add := func(pattern string, says func(found []string) string) {
		all = append(all, piece{regexp.MustCompile(`^(?s:` + pattern + `)`), says})
	}
	if way.PreviousEndpoint != "" {
		add(`call update_target_endpoint with endpoint set to previousEndpoint(?: and confirm set to (`+quotation+`))?`, func(found []string) string {
			command := fmt.Sprintf("%s update_target_endpoint --gateway %s --target %s --endpoint %s", s.call, quoted(way.Gateway), quoted(way.Target), quoted(way.PreviousEndpoint))
			if name, err := strconv.Unquote(found[1]); err == nil {
				command += " --confirm " + quoted(name)
			}
			return command
		})
	}
	add(`confirm set to (`+quotation+`)`, func(found []string) string {
		name, err := strconv.Unquote(found[1])
		if err != nil {
			return found[0]
		}
		return "--confirm " + quoted(name)
	})
	for _, says := range [][2]string{
		{`call(?: \w+)? again with the same arguments\b`, "run the same command again"},
		{` \((?:(?:tools|tried)\.[\w., ]*|statusReasons)\)`, ""},
		{`update_target_endpoint with previous set to true \(the endpoint has values that are not shown\)`, "restore with the file that is named after before:"},
		{`changed with breaking\b`, "marked !"},
		{`the values under configuration, before\b`, "the values from before"},
		{`open authorizationUrl\b`, "open the address above"},
		{`authorizationUrl\b`, "address above"},
		{`what statusReasons describes\b`, "what the reasons above describe"},
		{`statusReasons\b`, "the reasons above"},
	} {
		add(says[0], func([]string) string { return says[1] })
	}
	add(`call again with(out)?( dryRun\b)?`, func(found []string) string {
		return "run it again with" + found[1] + strings.Replace(found[2], " ", " --", 1)
	})
	add(word, func(found []string) string {
		if slices.Contains(s.values, found[0]) || !strings.ContainsFunc(found[0], unicode.IsUpper) || !s.isArgument(found[0]) {
			return found[0]
		}
		return "--" + found[0]
	})
	return all
}

// wayBack is what an answer has for going back.
type wayBack struct{ Gateway, Target, PreviousEndpoint string }

// isArgument reports whether a tool has an argument of that name.
func (s speech) isArgument(name string) bool {
	return slices.ContainsFunc(s.tools, func(d definition) bool { return d.schema.Properties[name] != nil })
}

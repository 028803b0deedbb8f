package command

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// spoken is an answer whose next speaks to somebody at a shell. It was written for models,
// who see the answer's JSON and call tools; whatever is not JSON stays as it is.
func (c *callCommand) spoken(answer []byte) []byte {
	var members map[string]json.RawMessage
	var next string
	if json.Unmarshal(answer, &members) != nil || json.Unmarshal(members["next"], &next) != nil {
		return answer
	}
	var of struct{ Gateway, Target, PreviousEndpoint string }
	_ = json.Unmarshal(answer, &of) // a gateway may be something else elsewhere
	if of.PreviousEndpoint != "" {
		back := regexp.MustCompile(`call update_target_endpoint with endpoint set to previousEndpoint(?: and (confirm set to "[^"]*"))?`)
		next = back.ReplaceAllStringFunc(next, func(found string) string {
			return strings.TrimSpace(fmt.Sprintf("%s call update_target_endpoint --gateway %s --target %s --endpoint %s %s", program, quoted(of.Gateway), quoted(of.Target), quoted(of.PreviousEndpoint), back.FindStringSubmatch(found)[1]))
		})
	}
	var err error
	if members["next"], err = json.Marshal(c.words(next)); err != nil {
		return answer
	}
	if rewritten, err := json.Marshal(members); err == nil {
		return rewritten
	}
	return answer
}

// words puts a sentence that speaks of JSON and of calls into a shell's words.
func (c *callCommand) words(text string) string {
	text = regexp.MustCompile(`confirm set to ("(?:[^"\\]|\\.)*")`).ReplaceAllStringFunc(text, func(found string) string {
		name, err := strconv.Unquote(strings.TrimPrefix(found, "confirm set to "))
		if err != nil {
			return found
		}
		return "--confirm " + quoted(name)
	})
	text = regexp.MustCompile(`call(?: \w+)? again with the same arguments`).ReplaceAllString(text, "run the same command again")
	text = regexp.MustCompile(` \((?:(?:tools|tried)\.[\w., ]*|statusReasons)\)`).ReplaceAllString(text, "")
	text = strings.NewReplacer(
		"update_target_endpoint with previous set to true (the endpoint has values that are not shown)", "restore with the file that is named after before:",
		"call again with", "run it again with",
		"changed with breaking", "marked !",
		"the values under configuration, before", "the values from before",
		"open authorizationUrl", "open the address above",
		"authorizationUrl", "address above",
		"what statusReasons describes", "what the reasons above describe",
		"statusReasons", "the reasons above",
	).Replace(text)
	return regexp.MustCompile(`[-.\w]*[\w]`).ReplaceAllStringFunc(text, func(word string) string {
		if !strings.ContainsFunc(word, unicode.IsUpper) || !c.isArgument(word) {
			return word
		}
		return "--" + word
	})
}

// isArgument reports whether a tool has an argument of that name.
func (c *callCommand) isArgument(name string) bool {
	for _, d := range c.all {
		if d.schema.Properties[name] != nil {
			return true
		}
	}
	return false
}

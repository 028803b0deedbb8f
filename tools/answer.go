package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

const (
	mostAnswer = 64 << 10 // bytes of an answer's JSON
	mostError  = 4 << 10  // bytes of an error
	longText   = 4 << 10  // bytes of one text in an answer that is too long
	truncated  = "truncated"
	earlier    = "earlier"
)

// forPrograms is what only call gets and prints, so that no schema need have it.
func forPrograms() []string {
	return []string{"definitions", "differences", "authorizerConfiguration"}
}

// gate is what every answer passes on its way out: what cannot be seen in it is
// escaped, credentials are masked, and it is as long as a model can read.
type gate struct {
	secrets *untrusted.Secrets
	whole   bool // answers of any length, for a caller that is no model
	caller  func(*mcp.CallToolRequest) (gateway.Caller, context.Context)
	broken  error        // why no call can be answered
	seal    *seal        // of what people are asked; nil where nobody can be
	only    string       // the only gateway that may be managed, "" where there are others
	audit   *slog.Logger // gets a line for each call that may change something; nil for none
}

// json is an answer's JSON, with the ends of earlier changes that nobody has
// heard. rest says how to get what was left out.
func (g gate) json(out any, unheard []gateway.End, rest string) (json.RawMessage, error) {
	data, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	if len(unheard) > 0 {
		ends, err := json.Marshal(unheard)
		if err != nil {
			return nil, err
		}
		data = fmt.Appendf(data[:len(data)-1], `,"%s":%s}`, earlier, ends)
	}
	data = g.secrets.Clean(data)
	if g.whole || len(data) <= mostAnswer {
		return data, nil
	}
	return shortened(data, rest)
}

// text is a sentence of ours with strangers' words in it.
func (g gate) text(s string) string {
	s = untrusted.Escape(g.secrets.MaskSplit(s))
	if len(s) > mostError {
		s = strings.ToValidUTF8(s[:mostError], "") + "…"
	}
	return s
}

func (g gate) failure(err error) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: g.text(err.Error())}}}
}

// shortened is a JSON object that is too long, with shorter lists and texts and a
// member that says so.
func shortened(data []byte, rest string) (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var all map[string]any
	if err := decoder.Decode(&all); err != nil {
		return nil, err
	}
	left := 0
	for most := 1024; ; most /= 2 {
		for name, member := range all {
			all[name] = cut(member, most, &left)
		}
		all[truncated] = "texts were shortened; " + rest
		if left > 0 {
			all[truncated] = fmt.Sprintf("%d entries were left out of the lists, the counts are of all; %s", left, rest)
		}
		short, err := json.Marshal(all)
		if err != nil || len(short) <= mostAnswer {
			return short, err
		}
		if most == 0 {
			return nil, fmt.Errorf("the answer is longer than %d KiB even without its lists: %s", mostAnswer>>10, rest)
		}
	}
}

// cut leaves at most so many entries of every list, and of every object that is
// one, and counts those that went.
func cut(v any, most int, left *int) any {
	const settings = 64 // an object with more members is a list by name
	switch v := v.(type) {
	case string:
		if len(v) > longText {
			return fmt.Sprintf("%s…(%d characters)", strings.ToValidUTF8(v[:longText/4], ""), utf8.RuneCountInString(v))
		}
	case []any:
		if len(v) > most {
			*left += len(v) - most
			v = v[:most]
		}
		for i := range v {
			v[i] = cut(v[i], most, left)
		}
		return v
	case map[string]any:
		if surplus := len(v) - max(most, settings); surplus > 0 {
			*left += surplus
			names := make([]string, 0, len(v))
			for name := range v {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names[len(names)-surplus:] {
				delete(v, name)
			}
		}
		for name, member := range v {
			v[name] = cut(member, most, left)
		}
	}
	return v
}

// rest says how to get what a tool's answer leaves out, by the arguments that the
// tool has.
func rest(input *jsonschema.Schema) string {
	var narrow []string
	for _, name := range []string{"target", "status", "filter"} {
		if input.Properties[name] != nil {
			narrow = append(narrow, name)
		}
	}
	say := "`agentcore-gateway-mcp call --json` prints all"
	if len(narrow) > 0 {
		say = "narrow with " + strings.Join(narrow, " or ") + ", or " + say
	}
	if input.Properties["page"] != nil {
		say = "page 1, 2, … has all of them in parts; " + say
	}
	return say
}

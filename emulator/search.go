package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// searchTool is the tool of gateways with the searchType SEMANTIC (AWS's developer
	// guide, "Search for tools in your AgentCore gateway with a natural language query").
	searchTool       = "x_amz_bedrock_agentcore_search"
	searchDefinition = `{"name":"` + searchTool + `","description":"A special tool that returns a trimmed down list of tools given a context. Use this tool only when there are many tools available and you want to get a subset that matches the provided context.","inputSchema":{"type":"object","properties":{"query":{"type":"string","description":"search query to use for finding tools"}},"required":["query"]}}`
	// mostFound is how many tools a search finds.
	mostFound = 10
)

// search finds tools by the words of a query: a stand-in for AWS's search by
// meaning.
func (s *Server) search(ctx context.Context, view endpointView, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var arguments struct {
		Query string `json:"query"`
	}
	if json.Unmarshal(r.Params.Arguments, &arguments) != nil || strings.TrimSpace(arguments.Query) == "" {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: searchTool + " wants a query"}
	}
	var all []json.RawMessage
	for _, t := range view.targets {
		all = append(all, s.definitions(ctx, view, t.served)...)
	}
	found := bestMatches(arguments.Query, all)
	answer, err := json.Marshal(map[string]any{"tools": found})
	if err != nil {
		return nil, err
	}
	return complete(r.Session, &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: string(answer)}},
		StructuredContent: json.RawMessage(answer),
	})
}

// bestMatches are the definitions that share words with a query, the most first;
// a word of a name counts for two of a description.
func bestMatches(query string, definitions []json.RawMessage) []json.RawMessage {
	type match struct {
		definition json.RawMessage
		score      int
	}
	var matches []match
	asked := words(query)
	for _, definition := range definitions {
		var tool struct{ Name, Description string }
		if json.Unmarshal(definition, &tool) != nil {
			continue
		}
		name, description := words(tool.Name), words(tool.Description)
		score := 0
		for word := range asked {
			if name[word] {
				score += 2
			}
			if description[word] {
				score++
			}
		}
		if score > 0 {
			matches = append(matches, match{definition, score})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(b.score, a.score) })
	found := []json.RawMessage{}
	for _, m := range matches[:min(len(matches), mostFound)] {
		found = append(found, m.definition)
	}
	return found
}

// words are a text's words in lower case, those of camelCase apart, without a
// plural's s.
func words(text string) map[string]bool {
	all := map[string]bool{}
	var word strings.Builder
	end := func() {
		if w := strings.TrimSuffix(word.String(), "s"); w != "" {
			all[w] = true
		}
		word.Reset()
	}
	lower := false
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.IsUpper(r) && lower {
			end()
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			word.WriteRune(unicode.ToLower(r))
		}
		lower = unicode.IsLower(r)
	}
	end()
	return all
}

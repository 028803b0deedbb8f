package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
)

const (
	mostCompletions = 100             // the protocol's
	completionTime  = 3 * time.Second // somebody is typing
	longestRef      = 300             // bytes; no name, id or ARN is longer
)

// completer completes the arguments of prompts and resource templates with what the
// account has now.
type completer struct {
	m   *gateway.Manager
	g   gate
	has toolbox
}

// complete answers with the names that begin with what was typed, or ids and ARNs where
// no name does. It never fails, because nobody typing can do anything about it: what it
// cannot find out, in the time that there is, has no completions.
func (c completer) complete(ctx context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	result := &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{}}}
	argument := req.Params.Argument
	if c.g.broken != nil || len(argument.Value) > longestRef || !c.takes(req.Params.Ref, argument.Name) {
		return result, nil
	}
	of := ""
	if req.Params.Context != nil {
		of = req.Params.Context.Arguments["gateway"]
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	refs, err := c.refs(ctx, argument.Name, of)
	if err != nil {
		return result, nil
	}
	values := matching(refs, argument.Value)
	result.Completion.Total = len(values)
	result.Completion.HasMore = len(values) > mostCompletions
	for _, v := range values[:min(len(values), mostCompletions)] {
		result.Completion.Values = append(result.Completion.Values, c.g.text(v))
	}
	return result, nil
}

// takes reports whether the server has a prompt or a resource template with that argument.
func (c completer) takes(ref *mcp.CompleteReference, argument string) bool {
	if ref.Type == "ref/resource" {
		return slices.ContainsFunc(templates(c.has), func(t template) bool {
			return t.uri == ref.URI && strings.Contains(t.uri, "{"+argument+"}")
		})
	}
	return slices.ContainsFunc(prompts(c.has), func(p prompt) bool {
		return p.name == ref.Name && slices.Contains(p.arguments, argument)
	})
}

// refs are, for each thing that an argument may mean, how it is called, the best first.
// There are none where the tool that lists such things does not exist. of is the gateway
// whose targets are meant.
func (c completer) refs(ctx context.Context, argument, of string) ([][]string, error) {
	switch {
	case argument == "gateway" && c.has.all("list_gateways"):
		all, err := c.m.Gateways(ctx)
		return refsOf(all, func(g aws.Gateway) []string { return []string{g.Name, g.ID} }), err
	case argument == "target" && c.has.all("list_targets"):
		g, err := c.m.Gateway(ctx, of)
		if err != nil {
			return nil, err
		}
		all, _, err := c.m.Targets(ctx, g, func(aws.Target) bool { return true }, false, nil)
		return refsOf(all, func(t aws.Target) []string { return []string{t.Name, t.ID} }), err
	case argument == "provider" && c.has.all("list_credential_providers"):
		all, err := c.m.Providers(ctx)
		return refsOf(all, func(p gateway.ProviderView) []string { return []string{p.Name, p.ARN} }), err
	case argument == "runtime" && c.has.all("list_runtimes"):
		all, err := c.m.Runtimes(ctx)
		return refsOf(all, func(r gateway.RuntimeView) []string { return []string{r.Name, r.ID, r.ARN} }), err
	}
	return nil, nil
}

func refsOf[T any](all []T, called func(T) []string) [][]string {
	refs := make([][]string, len(all))
	for i, v := range all {
		refs[i] = called(v)
	}
	return refs
}

// matching has for each thing the first of what it is called that begins with typed, in
// any case, and means nothing else.
func matching(refs [][]string, typed string) (values []string) {
	typed = strings.ToLower(typed)
	means := map[string]int{}
	for _, called := range refs {
		for i, ref := range called {
			if slices.Index(called, ref) == i {
				means[ref]++
			}
		}
	}
	for _, called := range refs {
		i := slices.IndexFunc(called, func(ref string) bool {
			return means[ref] == 1 && strings.HasPrefix(strings.ToLower(ref), typed)
		})
		if i >= 0 {
			values = append(values, called[i])
		}
	}
	return values
}

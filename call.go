package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"agentcore-gateway-mcp/tools"
)

type callCommand struct {
	JSON   bool
	Expect string
}

func (c *callCommand) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.JSON, "json", false, "Print the tool's JSON instead of a table.")
	fs.StringVar(&c.Expect, "expect", "", "`FILE` With check_drift: hold what the server offers against the hashes in this file, an earlier answer of pin_target_tools or check_drift. Exit status 0 as approved, 10 other, 11 breaking, 20 unknown.")
}

// Run calls one tool as an MCP client would. It ends with exit status 1 when
// the tool reports an error.
func (c *callCommand) Run(p process, g *globals) error {
	p.whole = true
	s, close, err := newServer(p, g)
	if err != nil {
		return err
	}
	defer close()
	bar := newProgress(p.stderr)
	session, end, err := connectInMemory(p.ctx, s.full, bar.show)
	if err != nil {
		return err
	}
	defer end()
	list, err := session.ListTools(p.ctx, nil)
	if err != nil {
		return err
	}
	if len(p.args) == 0 {
		printTools(p.stdout, list.Tools)
		return nil
	}
	i := slices.IndexFunc(list.Tools, func(t *mcp.Tool) bool { return t.Name == p.args[0] })
	if i < 0 {
		if g.ReadOnly && tools.Writes(p.args[0]) {
			return fmt.Errorf("%s changes something, and --read-only leaves only tools that change nothing", p.args[0])
		}
		return fmt.Errorf("no tool named %q: agentcore-gateway-mcp call shows them all", p.args[0])
	}
	tool := list.Tools[i]
	var approved map[string]map[string]string
	if c.Expect != "" {
		if tool.Name != "check_drift" {
			return errExpectTool
		}
		if approved, err = readApproved(c.Expect); err != nil {
			return err
		}
	}
	schema, err := inputSchema(tool)
	if err != nil {
		return err
	}
	if slices.Contains(p.args[1:], "--help") {
		printArguments(p.stdout, tool, schema)
		return nil
	}
	arguments, err := parseArguments(tool.Name, schema, p.args[1:])
	if err != nil {
		return err
	}
	if _, ok := arguments["target"]; approved != nil && !ok {
		return errExpectTool
	}
	params := &mcp.CallToolParams{Name: tool.Name, Arguments: arguments}
	params.SetProgressToken("call")
	result, err := session.CallTool(p.ctx, params)
	bar.clear()
	if err != nil {
		return err
	}
	if result.StructuredContent == nil {
		return errors.New(text(result))
	}
	if c.JSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(result.StructuredContent)
	} else {
		err = render(p.stdout, tool.Name, result)
	}
	switch {
	case err != nil:
		return err
	case result.IsError:
		return exitStatus(1)
	case approved != nil:
		return expect(p.stdout, approved, result)
	}
	return nil
}

// connectInMemory connects a client to server without leaving the process, and
// still through the protocol.
func connectInMemory(ctx context.Context, server *mcp.Server, progress func(*mcp.ProgressNotificationParams)) (*mcp.ClientSession, func(), error) {
	near, far := mcp.NewInMemoryTransports()
	serving, err := server.Connect(ctx, far, nil)
	if err != nil {
		return nil, nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "agentcore-gateway-mcp-call", Version: version()}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{},
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			if progress != nil {
				progress(req.Params)
			}
		},
	})
	session, err := client.Connect(ctx, near, nil)
	if err != nil {
		serving.Close()
		return nil, nil, err
	}
	return session, func() {
		session.Close()
		serving.Wait()
	}, nil
}

func text(result *mcp.CallToolResult) string {
	var parts []string
	for _, c := range result.Content {
		if t, ok := c.(*mcp.TextContent); ok {
			parts = append(parts, t.Text)
		}
	}
	return strings.Join(parts, "\n")
}

func inputSchema(tool *mcp.Tool) (*jsonschema.Schema, error) {
	data, err := json.Marshal(tool.InputSchema)
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(data, &s)
}

// parseArguments reads --name value and --name=value as the schema's types
// have it. A boolean may stand without a value; a list may be repeated or given
// as JSON; an object is JSON.
func parseArguments(tool string, schema *jsonschema.Schema, args []string) (map[string]any, error) {
	out := map[string]any{}
	for len(args) > 0 {
		name, ok := strings.CutPrefix(args[0], "--")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not an argument of %s: give --name value; agentcore-gateway-mcp call %s --help shows the names", args[0], tool, tool)
		}
		name, value, has := strings.Cut(name, "=")
		args = args[1:]
		property := schema.Properties[name]
		if property == nil {
			has := "it has none"
			if names := argumentNames(schema); len(names) > 0 {
				has = "it has --" + strings.Join(names, ", --")
			}
			return nil, fmt.Errorf("%s has no argument --%s: %s; flags of the program itself stand before the tool's name", tool, name, has)
		}
		if !has && property.Type == "boolean" && (len(args) == 0 || strings.HasPrefix(args[0], "--")) {
			value, has = "true", true
		}
		if !has {
			if len(args) == 0 {
				return nil, fmt.Errorf("--%s has no value", name)
			}
			value, args = args[0], args[1:]
		}
		parsed, err := parseValue(property, value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		if list, isList := parsed.([]any); isList {
			before, _ := out[name].([]any)
			parsed = append(append([]any{}, before...), list...)
		}
		out[name] = parsed
	}
	return out, nil
}

func parseValue(schema *jsonschema.Schema, value string) (any, error) {
	switch schema.Type {
	case "string":
		return value, nil
	case "boolean":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", value)
		}
		return b, nil
	case "integer", "number":
		n := json.Number(value)
		if _, err := n.Float64(); err != nil {
			return nil, fmt.Errorf("%q is not a number", value)
		}
		return n, nil
	case "array":
		if !strings.HasPrefix(strings.TrimSpace(value), "[") {
			item, err := parseValue(schema.Items, value)
			return []any{item}, err
		}
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return nil, fmt.Errorf("%q is not JSON", value)
	}
	return v, nil
}

func argumentNames(schema *jsonschema.Schema) []string {
	if len(schema.PropertyOrder) == len(schema.Properties) {
		return schema.PropertyOrder
	}
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func printTools(w io.Writer, all []*mcp.Tool) {
	table := newTable(w)
	for _, t := range all {
		table.row(t.Name, t.Description)
	}
	table.print()
}

func printArguments(w io.Writer, tool *mcp.Tool, schema *jsonschema.Schema) {
	fmt.Fprintf(w, "%s\n\n%s\n\n", tool.Name, tool.Description)
	table := newTable(w)
	for _, name := range argumentNames(schema) {
		p := schema.Properties[name]
		required := ""
		if slices.Contains(schema.Required, name) {
			required = " (required)"
		}
		table.row("  --"+name, p.Type, p.Description+required+oneOf(p.Enum))
	}
	table.print()
}

func oneOf(values []any) string {
	if len(values) == 0 {
		return ""
	}
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprint(v))
	}
	return "; one of " + strings.Join(list, ", ")
}

// progress shows a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions(100, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetWidth(20), progressbar.OptionSetRenderBlankState(false))}
}

func (p *progress) show(n *mcp.ProgressNotificationParams) {
	if p.bar == nil || n.Total <= 0 {
		return
	}
	p.bar.Describe(n.Message)
	_ = p.bar.Set(int(min(99, 100*n.Progress/n.Total)))
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

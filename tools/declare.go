package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// effect is what a tool does to the world. Its hints follow from it.
type effect int

const (
	read    effect = iota // changes nothing
	write                 // changes something, takes nothing away
	replace               // overwrites what was there
	destroy               // takes something away for good
)

func (e effect) annotations(title string) *mcp.ToolAnnotations {
	destructive, openWorld := e >= replace, true // all reach AWS and servers behind it
	return &mcp.ToolAnnotations{
		Title: title, ReadOnlyHint: e == read, DestructiveHint: &destructive,
		IdempotentHint: true, // repeating a call finds its work done
		OpenWorldHint:  &openWorld,
	}
}

// Tool is one tool: what a model sees of it, how it gets onto a server, and what
// its answer looks like to a person.
type Tool struct {
	Name     string
	ReadOnly bool // changes nothing
	Toolset  Toolset
	unbound  bool // is of no use where the gateways are named

	add  func(*mcp.Server, *gateway.Manager, *schemas, gate)
	show func(*terminal.Printer, []byte) error
}

// Writes reports whether name is a tool that changes something.
func Writes(name string) bool {
	return slices.ContainsFunc(All(), func(t Tool) bool { return t.Name == name && !t.ReadOnly })
}

// Show prints a tool's structured answer for a person: as its type has it
// ([terminal.Form]), else as JSON. The error says that it is no answer of the
// tool.
func Show(p *terminal.Printer, tool string, answer []byte) error {
	for _, t := range All() {
		if t.Name == tool {
			return t.show(p, answer)
		}
	}
	return show[any](p, answer)
}

func show[Out any](p *terminal.Printer, answer []byte) error {
	var out Out
	if err := json.Unmarshal(answer, &out); err != nil {
		return err
	}
	if form, ok := any(out).(terminal.Form); ok {
		form.Show(p)
		return nil
	}
	pretty, err := json.MarshalIndent(json.RawMessage(answer), "", "  ")
	p.Linef("%s", pretty)
	return err
}

// failure is an Out that may tell of a failure: the model then gets it as an
// error, filled.
type failure interface{ IsFailure() bool }

// detailed is an Out of which a program gets more than a model has to read.
type detailed interface{ detail() }

// tool declares a tool whose schemas follow from In and Out.
//
// It does what [mcp.AddTool] does but for two things, which make up most of
// that function's time, and a server starts often: the schema that checks
// arguments is made ready when the tool is first called, and answers, which
// cannot but fit the type that their schema follows from, are not checked.
func tool[In, Out any](does effect, name, title, description string, do func(context.Context, *gateway.Manager, In, gateway.Caller) (Out, error)) Tool {
	return Tool{Name: name, ReadOnly: does == read, show: show[Out], add: func(s *mcp.Server, m *gateway.Manager, known *schemas, g gate) {
		schema := inputSchema[In]()
		checked := sync.OnceValues(func() (*jsonschema.Resolved, error) { return schema.Resolve(nil) })
		definition := &mcp.Tool{
			Name: name, Title: title, Description: description, Annotations: does.annotations(title),
			InputSchema: written(schema), OutputSchema: written(outputSchema[Out](known, name)),
		}
		s.AddTool(definition, func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if g.broken != nil {
				return g.failure(g.broken), nil
			}
			ctx, caller, leave := g.enter(ctx, req, name, does)
			defer leave()
			line := entry{tool: name, caller: caller, arguments: req.Params.Arguments}
			in, err := arguments[In](checked, req.Params.Arguments)
			if err != nil {
				if does != read {
					g.record(line.refused(err))
				}
				return g.failure(fmt.Errorf("%s: %w", name, err)), nil
			}
			progress := progressTo(ctx, req, g)
			caller.Progress = progress.report()
			defer progress.keepTelling(m)()
			c, _ := any(&in).(confirmable) // nil for others
			asks, err := g.hear(req, c, &line)
			if err != nil {
				g.record(line.refused(err))
				return g.failure(fmt.Errorf("%s: %w", name, err)), nil
			}
			out, err := do(ctx, m, in, caller)
			if c != nil {
				line.agreed = c.agreed()
			}
			if u := (*gateway.Unconfirmed)(nil); asks && errors.As(err, &u) {
				result, err := g.ask(name, caller.Call, caller.Name, u)
				if err == nil {
					g.record(line.asked(u, result))
				}
				return result, err
			}
			if err != nil {
				if records(does, in) {
					g.record(line.refused(err))
				}
				return g.failure(err), nil
			}
			if d, ok := any(&out).(detailed); ok && caller.Program {
				d.detail()
			}
			var unheard []gateway.End
			if ctx.Err() == nil { // somebody hears it
				unheard = m.Unheard(caller)
			}
			text, err := g.json(out, unheard, rest(schema))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if records(does, in) {
				line.answer, line.deleted = text, deletedBy(out)
				g.record(line)
			}
			// The same JSON twice: some agents hand only the text to their model.
			result := &mcp.CallToolResult{StructuredContent: text, Content: []mcp.Content{&mcp.TextContent{Text: string(text)}}}
			result.Content = append(result.Content, linksIn(out, req)...)
			if f, ok := any(out).(failure); ok {
				result.IsError = f.IsFailure()
			}
			return result, nil
		})
	}}
}

// acting are arguments of a tool that changes nothing at AWS, and may do more than look.
type acting interface{ acts() bool }

// records reports whether a call leaves a line in the audit log.
func records(does effect, in any) bool {
	a, ok := in.(acting)
	return does != read || ok && a.acts()
}

// enter bounds a call, and says whose it is. leave ends it.
func (g gate) enter(ctx context.Context, req *mcp.CallToolRequest, name string, does effect) (_ context.Context, caller gateway.Caller, leave func()) {
	var ends []func()
	if does == read {
		// Changes bound their own waiting, and a call that AWS has
		// accepted must still be answered for.
		bounded, cancel := context.WithTimeoutCause(ctx, gateway.DefaultWait, errSlow)
		ctx, ends = bounded, append(ends, cancel)
	}
	if g.caller != nil {
		var connected context.Context
		caller, connected = g.caller(req)
		left, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(connected, cancel)
		ctx, ends = left, append(ends, cancel, func() { stop() })
	}
	caller.Call, caller.Program, caller.Sent, caller.Trace = callOf(name, req.Params.Arguments), g.whole, new(aws.Requests), traceOf(req)
	return ctx, caller, func() {
		for _, end := range slices.Backward(ends) {
			end()
		}
	}
}

// written is a schema as JSON: the MCP SDK would write every schema anew for each
// tools/list, which was two thirds of its time.
func written(schema any) any {
	data, err := json.Marshal(schema)
	if err != nil {
		return schema
	}
	return json.RawMessage(data)
}

// callOf is the same for two calls that ask for the same, however long they wait.
func callOf(tool string, arguments json.RawMessage) string {
	var given map[string]any
	if json.Unmarshal(arguments, &given) != nil {
		return tool
	}
	delete(given, "waitSeconds")
	same, _ := json.Marshal(given) // it was JSON a moment ago
	return tool + " " + string(same)
}

var errSlow = fmt.Errorf("no answer within %d s: AWS or the gateway is slow, or the account's request rate is used up; ask for less, or try again: %w", int(gateway.DefaultWait.Seconds()), context.DeadlineExceeded)

func nextForUndetailed(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d targets are shown without endpoint, auth and reasons: AWS allows 10 reads a second and the time was up; narrow with status, or read one with get_target", n)
}

// mustSchema panics on a type that has no schema: that is a mistake in this
// package, which every test that lists the tools meets.
func mustSchema[T any](o *jsonschema.ForOptions) *jsonschema.Schema {
	s, err := jsonschema.For[T](o)
	if err != nil {
		panic(fmt.Sprintf("no schema for %T: %v", *new(T), err))
	}
	return s
}

const maxWaitSeconds = int(gateway.MaxWait / time.Second)

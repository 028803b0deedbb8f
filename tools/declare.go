package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// Kind is what a tool does to the world. Its hints follow from it.
type Kind int

const (
	read    Kind = iota // changes nothing
	write               // changes something, takes nothing away
	replace             // overwrites what was there
)

// ReadOnly reports whether a tool of this kind changes nothing.
func (k Kind) ReadOnly() bool { return k == read }

func (k Kind) annotations(title string) *mcp.ToolAnnotations {
	destructive, openWorld := k == replace, true // all reach AWS and servers behind it
	return &mcp.ToolAnnotations{
		Title: title, ReadOnlyHint: k == read, DestructiveHint: &destructive,
		IdempotentHint: true, // repeating a call finds its work done
		OpenWorldHint:  &openWorld,
	}
}

// Tool is one tool: what a model sees of it, and how it gets onto a server.
type Tool struct {
	Name string
	Kind Kind
	add  func(*mcp.Server, *gateway.Manager, schemas)
}

// Writes reports whether name is a tool that changes something.
func Writes(name string) bool {
	return slices.ContainsFunc(All(), func(t Tool) bool { return t.Name == name && !t.Kind.ReadOnly() })
}

// failure is an Out that may tell of a failure: the model then gets it as an
// error, filled.
type failure interface{ IsFailure() bool }

// tool declares a tool whose schemas follow from In and Out.
//
// It does what [mcp.AddTool] does but for two things, which make up most of
// that function's time, and a server starts often: the schema that checks
// arguments is made ready when the tool is first called, and answers, which
// cannot but fit the type that their schema follows from, are not checked.
func tool[In, Out any](kind Kind, name, title, description string, do func(context.Context, *gateway.Manager, In, gateway.Progress) (Out, error)) Tool {
	return Tool{Name: name, Kind: kind, add: func(s *mcp.Server, m *gateway.Manager, known schemas) {
		schema := inputSchema[In]()
		checked := sync.OnceValues(func() (*jsonschema.Resolved, error) { return schema.Resolve(nil) })
		definition := &mcp.Tool{
			Name: name, Title: title, Description: description, Annotations: kind.annotations(title),
			InputSchema: schema, OutputSchema: outputSchema[Out](known),
		}
		s.AddTool(definition, func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			in, err := arguments[In](checked, req.Params.Arguments)
			if err != nil {
				return errorResult(fmt.Errorf("%s: %w", name, err)), nil
			}
			if kind.ReadOnly() {
				// Changes bound their own waiting, and a call that AWS has
				// accepted must still be answered for.
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, gateway.DefaultWait, errSlow)
				defer cancel()
			}
			out, err := do(ctx, m, in, progressTo(ctx, req))
			if err != nil {
				return errorResult(err), nil
			}
			text, err := json.Marshal(out)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			// The same JSON twice: some agents hand only the text to their model.
			result := &mcp.CallToolResult{StructuredContent: json.RawMessage(text), Content: []mcp.Content{&mcp.TextContent{Text: string(text)}}}
			if f, ok := any(out).(failure); ok {
				result.IsError = f.IsFailure()
			}
			return result, nil
		})
	}}
}

func errorResult(err error) *mcp.CallToolResult {
	r := &mcp.CallToolResult{}
	r.SetError(err)
	return r
}

// arguments checks a call's arguments against the schema and decodes them.
func arguments[In any](schema func() (*jsonschema.Resolved, error), raw json.RawMessage) (in In, err error) {
	check, err := schema()
	if err != nil {
		return in, err
	}
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	var instance map[string]any
	if err := json.Unmarshal(raw, &instance); err != nil {
		return in, fmt.Errorf("the arguments are not a JSON object: %w", err)
	}
	if err := fitting(check.Schema(), instance); err != nil {
		return in, err
	}
	if err := check.Validate(instance); err != nil {
		return in, fmt.Errorf("the arguments do not fit: %w", err)
	}
	return in, json.Unmarshal(raw, &in)
}

// fitting tells of the commonest mistakes in plainer words than the validator.
func fitting(s *jsonschema.Schema, arguments map[string]any) error {
	for name := range arguments {
		if s.Properties[name] == nil {
			return fmt.Errorf("there is no argument %s: the arguments are %s", name, strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", "))
		}
	}
	for _, name := range s.Required {
		if _, ok := arguments[name]; !ok {
			return fmt.Errorf("the argument %s is missing: %s", name, s.Properties[name].Description)
		}
	}
	for name, value := range arguments {
		p := s.Properties[name]
		number, isNumber := value.(float64)
		switch {
		case value == nil:
			return fmt.Errorf("the argument %s is null: leave it out instead", name)
		case len(p.Enum) > 0 && !slices.Contains(p.Enum, value):
			return fmt.Errorf("the argument %s is %v: it must be one of %v", name, value, p.Enum)
		case isNumber && p.Minimum != nil && p.Maximum != nil && (number < *p.Minimum || number > *p.Maximum):
			return fmt.Errorf("the argument %s is %v: it must be from %v to %v", name, number, *p.Minimum, *p.Maximum)
		case p.Format == "date-time":
			if _, err := time.Parse(time.RFC3339, fmt.Sprint(value)); err != nil {
				return fmt.Errorf("the argument %s is %q: it must be a time such as 2026-01-02T15:04:05Z", name, value)
			}
		}
	}
	return nil
}

var errSlow = fmt.Errorf("no answer within %d s: AWS or the gateway is slow, or the account's request rate is used up; ask for less, or try again: %w", int(gateway.DefaultWait.Seconds()), context.DeadlineExceeded)

// progressTo sends progress to a client that asked for it.
func progressTo(ctx context.Context, req *mcp.CallToolRequest) gateway.Progress {
	token := req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	last := -1.0
	return func(done, total float64, message string) {
		if done <= last { // the protocol wants it to rise
			done = last + 1e-3
		}
		last = done
		// Some transports cannot carry it, and a client may have gone: the
		// work goes on all the same.
		_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: done, Total: max(total, done), Message: message,
		})
	}
}

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

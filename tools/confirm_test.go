package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/tools"
)

// asking is a client of a server that may ask a person through it.
type asking struct {
	*bench
	session *mcp.ClientSession
	action  atomic.Pointer[string] // what the person answers
	asked   atomic.Pointer[string] // what they were asked last
	state   atomic.Pointer[string] // the seal that last came back
	then    func()                 // happens while the person thinks
}

const sealedWith = "a key of thirty-two bytes, or more"

type clientOptions struct {
	revision string
	overHTTP bool
	elicits  bool
	key      string
	audit    *slog.Logger
}

func newAsking(b *bench, o clientOptions) *asking {
	b.t.Helper()
	a := &asking{bench: b}
	a.says("accept")
	server := tools.NewServer(b.manager, tools.Options{Toolsets: tools.Toolsets(), Log: b.manager.Log, SealKey: []byte(o.key), Audit: o.audit})
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if p, ok := req.GetParams().(*mcp.CallToolParamsRaw); ok && p.RequestState != "" {
				a.state.Store(&p.RequestState)
			}
			return next(ctx, method, req)
		}
	})
	options := &mcp.ClientOptions{}
	if o.elicits {
		options.ElicitationHandler = func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			a.asked.Store(&req.Params.Message)
			if a.then != nil {
				a.then()
			}
			return &mcp.ElicitResult{Action: *a.action.Load()}, nil
		}
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, options).
		Connect(b.t.Context(), b.transportOver(server, o.overHTTP), &mcp.ClientSessionOptions{ProtocolVersion: o.revision})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { session.Close() })
	a.session = session
	return a
}

func (a *asking) says(action string) { a.action.Store(&action) }

// call returns the text of the answer, and whether it is an error.
func (a *asking) call(tool string, arguments map[string]any) (text string, isError bool) {
	a.t.Helper()
	return a.callWith(&mcp.CallToolParams{Name: tool, Arguments: arguments})
}

func (a *asking) callWith(params *mcp.CallToolParams) (text string, isError bool) {
	a.t.Helper()
	result, err := a.session.CallTool(a.t.Context(), params)
	if err != nil {
		a.t.Fatalf("%s: a protocol error: %v", params.Name, err)
	}
	if len(result.Content) == 0 {
		a.t.Fatalf("%s: no content: %+v", params.Name, result)
	}
	return result.Content[0].(*mcp.TextContent).Text, result.IsError
}

// there reports whether the first target exists, whatever its status.
func (a *asking) there() bool {
	_, err := a.client.Target(a.t.Context(), a.gatewayID, a.targetID)
	return err == nil
}

// Where a person can be asked through the client, their answer counts, and the argument
// confirm, which a model can fill in, does not; elsewhere the argument is their word.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	for _, revision := range []string{"2026-07-28", "2025-11-25"} {
		for _, overHTTP := range []bool{false, true} {
			for _, elicits := range []bool{true, false} {
				for _, key := range []string{sealedWith, ""} {
					t.Run(fmt.Sprintf("%s http=%t elicits=%t key=%t", revision, overHTTP, elicits, key != ""), func(t *testing.T) {
						t.Parallel()
						a := newAsking(newBench(t, benchOptions{}), clientOptions{revision: revision, overHTTP: overHTTP, elicits: elicits, key: key})
						// The server keeps no session over HTTP: it does not know what an older client can.
						asks := elicits && key != "" && (!overHTTP || revision == "2026-07-28")
						if asks {
							a.testAsked()
						} else {
							a.testArgument()
						}
					})
				}
			}
		}
	}
}

func (a *asking) testAsked() {
	for answer, says := range map[string]string{"decline": "has declined: nothing was changed", "cancel": "closed without an answer: nothing was changed"} {
		a.says(answer)
		for _, confirm := range []string{"", "orders"} {
			if text, isError := a.call("delete_target", map[string]any{"target": "orders", "confirm": confirm}); !isError || !strings.Contains(text, says) || !a.there() {
				a.t.Errorf("%s, confirm %q: %t %s", answer, confirm, isError, text)
			}
		}
	}
	if a.asked.Load() == nil || !strings.Contains(*a.asked.Load(), "delete_target orders: gateway shop serves 2 tools of it") {
		a.t.Errorf("asked %v", a.asked.Load())
	}
	a.says("accept")
	if text, isError := a.call("delete_target", map[string]any{"target": "orders"}); isError || !strings.Contains(text, `"outcome":"deleted"`) || a.there() {
		a.t.Errorf("accepted: %t %s", isError, text)
	}
}

func (a *asking) testArgument() {
	text, isError := a.call("delete_target", map[string]any{"target": "orders"})
	if !isError || !strings.Contains(text, `confirm set to "orders"`) || !a.there() {
		a.t.Errorf("without a word: %t %s", isError, text)
	}
	text, isError = a.call("delete_target", map[string]any{"target": "orders", "confirm": "orders"})
	if isError || !strings.Contains(text, `"outcome":"deleted"`) || a.there() {
		a.t.Errorf("with the argument: %t %s", isError, text)
	}
	if a.asked.Load() != nil {
		a.t.Errorf("a person was asked: %s", *a.asked.Load())
	}
}

// What a person agreed to is that: not another call, not another time, not a resource
// that has changed since.
func TestConfirmationIsForWhatWasAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	a := newAsking(b, clientOptions{revision: "2026-07-28", overHTTP: true, elicits: true, key: sealedWith})
	second := b.newTarget(b.gatewayID, "second", b.url)

	// The target changes while the person thinks: they are asked again about what it is now.
	questions := 0
	a.then = func() {
		if questions++; questions == 1 {
			b.setTarget(b.targetID, func(o *control.GetGatewayTargetOutput) { o.UpdatedAt = ptr(o.UpdatedAt.Add(1e9)) })
		} else {
			a.says("decline")
		}
	}
	if text, isError := a.call("delete_target", map[string]any{"target": "orders"}); !isError || !strings.Contains(text, "declined") || questions != 2 || !a.there() {
		t.Errorf("changed meanwhile: asked %d times, %s", questions, text)
	}
	a.then = nil
	a.says("accept")

	// The seal of one call is worth nothing in another, and altered it is worth nothing.
	state := *a.state.Load()
	accept := mcp.InputResponseMap{"confirm": &mcp.ElicitResult{Action: "accept"}}
	altered := []byte(state)
	altered[len(altered)/2] ^= 1
	for name, params := range map[string]*mcp.CallToolParams{
		"another target":       {Name: "delete_target", Arguments: map[string]any{"target": "second"}, RequestState: state, InputResponses: accept},
		"another tool":         {Name: "delete_gateway", Arguments: map[string]any{"gateway": "shop"}, RequestState: state, InputResponses: accept},
		"altered":              {Name: "delete_target", Arguments: map[string]any{"target": "orders"}, RequestState: string(altered), InputResponses: accept},
		"no seal":              {Name: "delete_target", Arguments: map[string]any{"target": "orders"}, InputResponses: accept},
		"no seal, and confirm": {Name: "delete_target", Arguments: map[string]any{"target": "orders", "confirm": "orders"}, InputResponses: accept},
	} {
		text, isError := a.callWith(params)
		if !isError || !strings.Contains(text, "the confirmation is not valid") {
			t.Errorf("%s: %t %s", name, isError, text)
		}
	}
	if _, err := b.client.Target(t.Context(), b.gatewayID, second); err != nil || !a.there() {
		t.Fatalf("something was deleted: %v", err)
	}

	// A replay after the change is refused or harmless.
	if text, isError := a.call("delete_target", map[string]any{"target": "second"}); isError {
		t.Fatalf("accepted: %s", text)
	}
	replay := &mcp.CallToolParams{Name: "delete_target", Arguments: map[string]any{"target": "second"}, RequestState: *a.state.Load(), InputResponses: accept}
	b.newTarget(b.gatewayID, "second", b.url) // another one of the same name
	a.says("decline")
	if text, isError := a.callWith(replay); !isError || !strings.Contains(text, "declined") {
		t.Errorf("replayed: %t %s", isError, text)
	}
}

// No schema requires the word: a client that can ask never fills it in.
func TestConfirmIsNeverRequired(t *testing.T) {
	t.Parallel()
	a := newAsking(newBench(t, benchOptions{}), clientOptions{revision: "2025-11-25", key: sealedWith})
	list, err := a.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	confirmable := 0
	for _, tool := range list.Tools {
		data, _ := json.Marshal(tool.InputSchema)
		var schema struct {
			Properties map[string]any `json:"properties"`
			Required   []string       `json:"required"`
		}
		if err := json.Unmarshal(data, &schema); err != nil {
			t.Fatal(err)
		}
		if _, has := schema.Properties["confirm"]; has {
			confirmable++
		}
		for _, name := range schema.Required {
			if name == "confirm" {
				t.Errorf("%s requires confirm", tool.Name)
			}
		}
	}
	if confirmable < 8 {
		t.Errorf("%d tools take confirm", confirmable)
	}
}

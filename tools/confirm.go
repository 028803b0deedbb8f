package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// ConfirmArgument is a person's word for what cannot be brought back, or sends a
// credential to a new place. No schema requires it.
type ConfirmArgument struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"its name, once a person has agreed"`

	asked gateway.Word // what a person was asked by us, and has agreed to
	used  *atomic.Bool // the word was needed, and was the right one; shared with the copy that a tool gets
}

func (c *ConfirmArgument) give(w gateway.Word) { c.Confirm, c.asked = "", w }

func (c *ConfirmArgument) watch() { c.used = new(atomic.Bool) }

func (c *ConfirmArgument) word() gateway.Word {
	w := c.asked
	if w.Name == "" {
		w = gateway.Word{Name: c.Confirm}
	}
	w.Used = c.used
	return w
}

// agreed says how a person's word came, "" where none was needed.
func (c *ConfirmArgument) agreed() string {
	switch {
	case c.used == nil || !c.used.Load():
		return ""
	case c.asked.Name == "":
		return "by the argument confirm"
	}
	return "asked through the client"
}

// confirmable are the arguments of a tool that may ask for a person's word.
type confirmable interface {
	give(gateway.Word)
	watch()
	agreed() string
}

// consentKey names the question in a client's answers.
const consentKey = "confirm"

// canAsk reports whether a person can be asked through the client: what they say is
// then their word, and the argument confirm, which a model can fill in, is not.
//
// A client of an older revision over HTTP cannot be asked: the server keeps no session,
// and so does not know its capabilities.
func (g gate) canAsk(req *mcp.CallToolRequest) bool {
	if g.seal == nil || g.whole {
		return false
	}
	c := req.ClientCapabilities()
	return c != nil && c.Elicitation != nil && (c.Elicitation.Form != nil || c.Elicitation.URL == nil) // {} means forms, from before there was another mode
}

var (
	errDeclined = errors.New("the person who was asked has declined: nothing was changed. Do not ask again unless they say so")
	errClosed   = errors.New("the question was closed without an answer: nothing was changed; call again to ask anew")
)

// consent takes the word from what the person has answered: none yet, theirs, or an
// error where they do not agree.
//
// question stands for what was asked, where the answer is to a question of this call.
func (g gate) consent(req *mcp.CallToolRequest, call, caller string) (word gateway.Word, question string, err error) {
	word, err = g.seal.open(req.Params.RequestState, call, caller)
	if err == nil {
		question = questionOf(req.Params.RequestState)
	}
	answer, answered := req.Params.InputResponses[consentKey].(*mcp.ElicitResult)
	switch {
	case !answered || answer == nil:
		return gateway.Word{}, "", nil
	case answer.Action == "accept":
		return word, question, err
	case answer.Action == "decline":
		return gateway.Word{}, question, errDeclined
	}
	return gateway.Word{}, question, errClosed
}

// hear gives a tool's arguments the word of the person who was asked, if they were. asks
// says that the client can ask. An error says that they do not agree.
func (g gate) hear(req *mcp.CallToolRequest, c confirmable, line *entry) (asks bool, err error) {
	if c == nil {
		return false, nil
	}
	c.watch()
	if !g.canAsk(req) {
		return false, nil
	}
	var word gateway.Word
	if word, line.question, err = g.consent(req, line.caller.Call, line.caller.Name); err != nil {
		return false, err
	}
	c.give(word)
	return true, nil
}

// ask is the result that has the client ask a person, and call again with the answer.
func (g gate) ask(tool, call, caller string, u *gateway.Unconfirmed) (*mcp.CallToolResult, error) {
	question := fmt.Sprintf("%s %s: %s. Shall it be done?", tool, u.Name, u.Would)
	if len(question) > mostError/2 { // nobody agrees to what they have not read to its end
		return g.failure(fmt.Errorf("%s: nothing was changed: what a person would have to be asked is too long; call with fewer or shorter values", tool)), nil
	}
	state, err := g.seal.close(call, caller, u)
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{
		RequestState: state,
		InputRequests: mcp.InputRequestMap{consentKey: &mcp.ElicitParams{
			Mode: "form", Message: g.text(question),
			RequestedSchema: json.RawMessage(`{"type":"object","properties":{}}`),
		}},
	}, nil
}

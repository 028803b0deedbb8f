package tools

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// ConfirmArgument is a person's word for what cannot be brought back, or sends a
// credential to a new place. No schema requires it.
type ConfirmArgument struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"its name, once a person has agreed"`

	asked gateway.Word // what a person was asked by us, and has agreed to
}

func (c *ConfirmArgument) give(w gateway.Word) { c.Confirm, c.asked = "", w }

func (c *ConfirmArgument) word() gateway.Word {
	if c.asked.Name != "" {
		return c.asked
	}
	return gateway.Word{Name: c.Confirm}
}

// confirmable are the arguments of a tool that may ask for a person's word.
type confirmable interface {
	give(gateway.Word)
	word() gateway.Word
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
func (g gate) consent(req *mcp.CallToolRequest, call, caller string) (gateway.Word, error) {
	answer, answered := req.Params.InputResponses[consentKey].(*mcp.ElicitResult)
	if !answered || answer == nil {
		return gateway.Word{}, nil
	}
	switch answer.Action {
	case "accept":
		return g.seal.open(req.Params.RequestState, call, caller)
	case "decline":
		return gateway.Word{}, errDeclined
	}
	return gateway.Word{}, errClosed
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

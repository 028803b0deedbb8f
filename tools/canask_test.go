package tools

import (
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
)

// A person is asked only where the client has forms and the answer can be trusted to be
// for this question, and only what they can read to its end.
func TestCanAsk(t *testing.T) {
	key, err := newSeal([]byte(strings.Repeat("k", 32)), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		gate         gate
		capabilities map[string]any
		want         bool
	}{
		"forms":          {gate{seal: key}, map[string]any{"elicitation": map[string]any{"form": map[string]any{}}}, true},
		"forms, unnamed": {gate{seal: key}, map[string]any{"elicitation": map[string]any{}}, true},
		"URLs alone":     {gate{seal: key}, map[string]any{"elicitation": map[string]any{"url": map[string]any{}}}, false},
		"nothing":        {gate{seal: key}, map[string]any{}, false},
		"without a key":  {gate{}, map[string]any{"elicitation": map[string]any{}}, false},
		"of a program":   {gate{seal: key, whole: true}, map[string]any{"elicitation": map[string]any{}}, false},
	} {
		req := &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Meta: mcp.Meta{mcp.MetaKeyClientCapabilities: c.capabilities}}}
		if got := c.gate.canAsk(req); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	g := gate{seal: key}
	if r, err := g.ask("delete_target", "call", "", &gateway.Unconfirmed{Name: "orders", Would: "it goes"}); err != nil || r.IsError || r.RequestState == "" {
		t.Errorf("a question: %+v %v", r, err)
	}
	if r, err := g.ask("delete_target", "call", "", &gateway.Unconfirmed{Name: "orders", Would: strings.Repeat("long ", 1000)}); err != nil || !r.IsError || r.RequestState != "" {
		t.Errorf("a question that is too long: %+v %v", r, err)
	}
}

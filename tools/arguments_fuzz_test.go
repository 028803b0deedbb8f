package tools_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/loopback"
)

var (
	fuzzCalls = flag.Int("fuzz.calls", 300, "so many calls with mutated arguments")
	fuzzSeed  = flag.Uint64("fuzz.seed", 1, "what their arguments are made from")
)

// Whatever the arguments are, each tool answers in time, within its bound and its
// schema, and says no secret; and what reads, refuses or plans changes nothing.
func TestMutatedArguments(t *testing.T) {
	t.Parallel()
	const each = 50 // calls to a world, which they wear out
	var refused, answered, changed, unread atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d answered, %d of them with a change, %d refused, %d refused by the protocol", answered.Load(), changed.Load(), refused.Load(), unread.Load())
		if all := int64(*fuzzCalls); all >= 300 && (answered.Load() < all/5 || changed.Load() < all/100 || refused.Load() < all/5) {
			t.Error("too few of one kind: this test sees little")
		}
	})
	for round := range (*fuzzCalls + each - 1) / each {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Parallel()
			a := newAbused(t)
			m := &mutation{rand.New(rand.NewPCG(*fuzzSeed, uint64(round))), a.pool}
			before := a.settle()
			for i := range min(each, *fuzzCalls-round*each) {
				tool := m.one(a.names)
				arguments := m.arguments(a.tools[tool].input)
				said := a.judged(tool, arguments)
				after := a.settle()
				switch {
				case said.protocol != "":
					unread.Add(1)
				case said.structured == nil:
					refused.Add(1)
				default:
					answered.Add(1)
				}
				if after != before {
					changed.Add(1)
				}
				if after != before && (a.tools[tool].readOnly || said.changesNothing()) {
					t.Errorf("call %d: %s %.2000s\nhas changed something, and says %.2000s\nbefore: %s\nafter:  %s", i, tool, arguments, said.text, before, after)
				}
				if after != before && strings.HasPrefix(tool, "delete_") && !confirmed(arguments, before) {
					t.Errorf("call %d: %s %.2000s\nhas deleted something without its name as confirm", i, tool, arguments)
				}
				before = after
			}
			a.keepsQuiet("the log", a.secrets.Mask(a.log.String()))
			if strings.Contains(a.log.String(), "panic in a handler") {
				t.Errorf("a handler panicked: %s", a.log.String())
			}
		})
	}
}

// FuzzArguments calls tools of a local AgentCore that refuses every change, for
// arguments that lead nowhere else.
func FuzzArguments(f *testing.F) {
	a := newAbused(f)
	for _, operation := range []string{"Gateway", "GatewayTarget", "Oauth2CredentialProvider", "ApiKeyCredentialProvider", "AgentRuntime"} {
		for _, does := range []string{"Create", "Update", "Delete"} {
			a.cloud.Inject(emulator.Fault{Operation: does + operation, Code: "ValidationException"})
		}
	}
	a.cloud.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Code: "ValidationException"})
	for _, tool := range a.names {
		f.Add(tool, []byte(`{"gateway":"shop"}`))
	}
	before := a.settle()
	f.Fuzz(func(t *testing.T, tool string, arguments []byte) {
		if a.tools[tool] == nil || !json.Valid(arguments) || leadsOut(arguments) || has(arguments, canary) {
			t.Skip() // what is a caller's own, and no secret where it stands, is repeated
		}
		a.t = t
		said := len(a.log.String())
		a.judged(tool, strings.ReplaceAll(string(arguments), "\n", " "))
		if log := a.log.String()[said:]; strings.Contains(log, "panic in a handler") {
			t.Errorf("%s %s: %s", tool, arguments, log)
		}
		if after := a.settle(); after != before {
			t.Errorf("%s %s has changed something:\n%s\n%s", tool, arguments, before, after)
		}
	})
}

// leadsOut tells of arguments by which a server elsewhere would be asked.
func leadsOut(arguments []byte) bool {
	var given any
	if json.Unmarshal(arguments, &given) != nil {
		return false
	}
	out := false
	strs(given, func(s string) {
		if !strings.Contains(s, "//") {
			return
		}
		u, err := url.Parse(s)
		out = out || err == nil && u.Host != "" && !loopback.Host(u.Hostname())
	})
	return out
}

// confirmed tells whether arguments have the name of something that there was.
func confirmed(arguments, state string) bool {
	var given struct{ Confirm string }
	return json.Unmarshal([]byte(arguments), &given) == nil && given.Confirm != "" && strings.Contains(state, `Name":`+quote(given.Confirm))
}

// has tells whether a text is somewhere in the arguments, however it is written.
func has(arguments []byte, text string) bool {
	var given any
	if json.Unmarshal(arguments, &given) != nil {
		return false
	}
	found := false
	strs(given, func(s string) { found = found || strings.Contains(strings.ToLower(s), text) })
	return found
}

// said is what a call was answered.
type said struct {
	text       string
	structured json.RawMessage
	isError    bool
	protocol   string // an error of the protocol, instead
}

// changesNothing tells of an answer that says so: a refusal, a plan, nothing to do.
func (s said) changesNothing() bool {
	if s.protocol != "" || s.structured == nil {
		return true
	}
	var change struct{ Outcome string }
	_ = json.Unmarshal(s.structured, &change)
	return slices.Contains([]string{"planned", "unchanged", "skipped"}, change.Outcome)
}

// judged makes a call and holds its answer to what is promised of every answer.
func (a *abused) judged(tool, arguments string) (s said) {
	a.t.Helper()
	bad := func(format string, values ...any) {
		a.t.Helper()
		a.t.Errorf("%s %.3000s\n%s", tool, arguments, fmt.Sprintf(format, values...))
	}
	began := time.Now()
	answer := a.ask(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, askedID, tool, arguments))
	if took := time.Since(began); took > callBound {
		bad("is answered after %s", took)
	}
	a.keepsQuiet(tool+" "+arguments, answer)
	var response struct {
		Error  *struct{ Message string }
		Result *struct {
			Content           []struct{ Text string }
			StructuredContent json.RawMessage
			IsError           bool
		}
	}
	if err := json.Unmarshal([]byte(answer), &response); err != nil || response.Error != nil || response.Result == nil {
		s.protocol = answer
		if len(answer) > mostProtocolError || strings.Contains(answer, "Go value") {
			bad("is answered with %d bytes: %.500s", len(answer), answer)
		}
		return s
	}
	result := response.Result
	s = said{text: result.Content[0].Text, structured: result.StructuredContent, isError: result.IsError}
	switch {
	case s.structured == nil && !s.isError:
		bad("is answered with neither an error nor a result: %.500s", answer)
	case s.structured == nil && len(s.text) > mostRefusal:
		bad("is refused with %d bytes: %.500s", len(s.text), s.text)
	case s.structured == nil:
	case len(s.text) > mostAnswer:
		bad("is answered with %d bytes", len(s.text))
	default:
		var value, same any
		if json.Unmarshal(s.structured, &value) != nil || json.Unmarshal([]byte(s.text), &same) != nil || !jsonEqual(value, same) {
			bad("text and structured content differ: %s %s", s.text, s.structured)
		} else if err := a.tools[tool].answers.Validate(value); err != nil {
			bad("the answer does not fit its schema: %v: %s", err, s.structured)
		}
	}
	a.seen(tool, arguments, s)
	return s
}

const (
	mostRefusal       = 4<<10 + len("…")
	mostProtocolError = 8 << 10
)

// keepsQuiet holds a text against every secret there is.
func (a *abused) keepsQuiet(of, text string) {
	a.t.Helper()
	for _, secret := range []string{canary, strings.ToUpper(canary)} {
		if i := strings.Index(text, secret); i >= 0 {
			a.t.Errorf("%.3000s\nsays a secret: …%s…", of, text[max(0, i-300):min(len(text), i+60)])
		}
	}
}

// seen looks for what would do something to a terminal or hide from a reader.
func (a *abused) seen(tool, arguments string, s said) {
	a.t.Helper()
	var shown any = s.text
	if s.structured != nil {
		_ = json.Unmarshal(s.structured, &shown)
	}
	strs(shown, func(text string) {
		if i := strings.IndexFunc(text, hides); i >= 0 {
			a.t.Errorf("%s %.3000s\nan answer has %.20q", tool, arguments, text[i:])
		}
	})
}

package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

// mostAudited is how much of a call's arguments, or of what a change did to a
// configuration, a line of the audit log has.
const mostAudited = 16 << 10 // bytes

// audited is what a line of the audit log takes from an answer.
type audited struct {
	Outcome          gateway.Outcome
	Gateway          string
	Target           string
	TargetID         string `json:"targetId"`
	Name, ID         string
	Status           string
	PreviousEndpoint string
	Endpoint         string
	Configuration    []gateway.Setting
	Tools            *struct {
		Source                  gateway.Source
		Reason                  string
		Added, Removed, Changed []struct{ Name string }
		Before, After           int
		Breaking                bool
	}
	Targets []struct {
		Gateway, Target, TargetID string
		Checks                    []gateway.Check
	}
	Operation       struct{ ID string }
	Account, Region string
	Total           int
	Synchronized    int
	Changed         int
	Failed          int
}

// entry is what a line of the audit log is made from.
type entry struct {
	tool      string
	caller    gateway.Caller
	arguments json.RawMessage
	agreed    string          // how a person's word came
	question  string          // stands for what a person was asked
	gateway   string          // ARN, where a question names it
	answer    json.RawMessage // nil where there is none; then err says why
	deleted   string          // the configuration that goes, see deletedBy
	outcome   gateway.Outcome // where the answer has none
	err       error
}

// refused is the line of a call that ended in an error.
func (e entry) refused(err error) entry {
	e.err = err
	switch u := (*gateway.Unconfirmed)(nil); {
	case e.caller.Sent.Accepted(): // nil has accepted nothing
		e.outcome = "sent, end not known"
	case errors.Is(err, errDeclined):
		e.outcome = "declined"
	case errors.Is(err, errClosed):
		e.outcome = "question closed"
	case errors.As(err, &u):
		e.outcome, e.gateway = "refused", u.Gateway()
	default:
		e.outcome = "refused"
	}
	return e
}

// asked is the line of a call to which the answer is a question to a person.
func (e entry) asked(u *gateway.Unconfirmed, result *mcp.CallToolResult) entry {
	e.outcome, e.gateway, e.question, e.agreed = "asked", u.Gateway(), questionOf(result.RequestState), ""
	if e.question == "" {
		e.outcome = "refused" // it could not be asked
	}
	e.err = errors.New(u.Would)
	return e
}

// questionOf stands for a question, by the sealed state that comes back with its answer.
func questionOf(state string) string {
	if state == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:6])
}

// record writes one line on a call that may change something: who, what, where, from
// what to what, what came of it, and by which ids AWS knows the requests.
func (g gate) record(e entry) {
	if g.audit == nil {
		return
	}
	caller := e.caller
	line := []slog.Attr{slog.String("tool", e.tool)}
	add := func(name, value string) {
		if value != "" && value != "null" {
			line = append(line, slog.String(name, untrusted.Text(g.secrets.Mask(untrusted.MaskURLs(value)), mostAudited)))
		}
	}
	addJSON := func(name, value string) { // as JSON within the line's, where it is whole
		if name != "caller" { // whose claims tell people apart, also by a URL's query
			value = untrusted.MaskURLs(value)
		}
		if shown := g.secrets.Clean([]byte(value)); len(shown) <= mostAudited && value != "null" && json.Valid(shown) {
			line = append(line, slog.Any(name, json.RawMessage(shown)))
			return
		}
		add(name, value)
	}
	var of audited
	if e.answer != nil {
		_ = json.Unmarshal(e.answer, &of) // it was made here
	}
	addJSON("caller", callerShown(caller.Name))
	add("trace", caller.Trace)
	add("question", e.question)
	add("confirmed", e.agreed)
	addJSON("arguments", string(shownArguments(e.arguments)))
	if of.Outcome == "" {
		of.Outcome = e.outcome
	}
	of.complete(e, g.only)
	add("outcome", string(of.Outcome))
	for _, field := range []struct{ name, value string }{
		{"gateway", of.Gateway}, {"target", of.Target}, {"targetId", of.TargetID}, {"name", of.Name}, {"id", of.ID}, {"status", of.Status},
		{"previousEndpoint", of.PreviousEndpoint}, {"endpoint", of.Endpoint},
		{"operation", of.Operation.ID}, {"account", of.Account}, {"region", of.Region},
	} {
		add(field.name, field.value)
	}
	add("gatewayArn", e.gateway)
	addJSON("configuration", settingsShown(of.Configuration))
	if of.Tools != nil {
		addJSON("tools", of.toolsShown())
	}
	addJSON("deleted", e.deleted)
	if of.Total > 0 {
		line = append(line, slog.Int("total", of.Total), slog.Int("synchronized", of.Synchronized), slog.Int("changed", of.Changed), slog.Int("failed", of.Failed))
	}
	if e.err != nil {
		add("error", e.err.Error())
	}
	if ids := caller.Sent.IDs(); len(ids) > 0 {
		line = append(line, slog.Any("requests", ids))
	}
	g.audit.LogAttrs(context.Background(), slog.LevelInfo, "audit", line...)
}

// namedIn are the gateway and the target that a call's arguments name, unread.
func namedIn(arguments json.RawMessage) (gateway, target string) {
	var given map[string]any
	if json.Unmarshal(arguments, &given) == nil {
		gateway, _ = given["gateway"].(string)
		target, _ = given["target"].(string)
	}
	return gateway, target
}

// deletedBy is the configuration that an answer's deletion takes away.
func deletedBy(out any) string {
	if d, ok := out.(interface{ Was() string }); ok {
		return d.Was()
	}
	return ""
}

// RecordRestore writes a line on what call restore has come to.
func (o Options) RecordRestore(caller gateway.Caller, file string, answer json.RawMessage, err error) {
	arguments, _ := json.Marshal(map[string]string{"file": file})
	line := entry{tool: "restore", caller: caller, arguments: arguments, answer: answer}
	if err != nil {
		line = line.refused(err)
	}
	gate{secrets: o.Secrets, audit: o.Audit}.record(line)
}

// RecordRefused writes a line on a call that its caller's token did not allow.
// calls is how many such calls the request had: there is one line for all of them.
func (o Options) RecordRefused(caller, tool string, arguments json.RawMessage, calls int) {
	line := entry{tool: tool, caller: gateway.Caller{Name: caller}, arguments: arguments}
	gate{secrets: o.Secrets, audit: o.Audit}.record(line.refused(fmt.Errorf("the caller's token does not have the scope for changes; the request had %d such calls", calls)))
}

// RecordEnd writes a line on an operation that ended when no call waited for it: it is
// for [gateway.Manager.Ended].
func (o Options) RecordEnd(caller gateway.Caller, operation string, c gateway.Change) {
	g := gate{secrets: o.Secrets, audit: o.Audit}
	c.Operation = &gateway.Operation{ID: operation}
	if answer, err := json.Marshal(c); err == nil {
		g.record(entry{tool: "end of operation", caller: caller, answer: g.secrets.MaskJSON(answer), deleted: c.Was(), outcome: c.Outcome})
	}
}

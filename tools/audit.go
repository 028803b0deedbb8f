package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/untrusted"
)

// mostAudited is how much of a call's arguments, or of what a change did to a
// configuration, a line of the audit log has.
const mostAudited = 2000 // characters

// audited is what a line of the audit log takes from an answer.
type audited struct {
	Outcome          gateway.Outcome
	Gateway          string
	Target           string
	TargetID         string `json:"targetId"`
	Name             string
	Status           string
	PreviousEndpoint string
	Endpoint         string
	Configuration    json.RawMessage // before and after, by setting
	Operation        struct{ ID string }
	Account, Region  string
	Total            int
	Synchronized     int
	Changed          int
	Failed           int
}

// mostOfValue is how much of one argument a line has, so that a long one hides no other.
const mostOfValue = 200 // characters

// shownArguments are a call's arguments as they were read, which of two of one name takes
// the last, with each value masked and shortened.
func shownArguments(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		return []byte("no JSON")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(shownValue(given)); err != nil {
		return []byte("no JSON")
	}
	return bytes.TrimSpace(out.Bytes())
}

func shownValue(v any) any {
	const mostElements = 20
	switch v := v.(type) {
	case string:
		if _, err := url.Parse(v); err == nil && strings.Contains(v, "://") {
			v, _ = untrusted.Endpoint(v)
		}
		return untrusted.Text(untrusted.MaskURLs(v), mostOfValue)
	case []any:
		shown := make([]any, 0, min(len(v), mostElements))
		for _, element := range v[:min(len(v), mostElements)] {
			shown = append(shown, shownValue(element))
		}
		return shown
	case map[string]any:
		shown := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v))[:min(len(v), mostElements)] {
			if text, ok := v[name].(string); ok && (name == "endpoint" || name == "discoveryUrl") { // whatever it is
				v[name], _ = untrusted.Endpoint(text)
			}
			shown[untrusted.Text(name, mostOfValue)] = shownValue(v[name])
		}
		return shown
	}
	return v
}

// refusal is the word for a call that ended in an error: nothing was sent, or it is not
// known what came of it.
func refusal(caller gateway.Caller) gateway.Outcome {
	if caller.Sent.Accepted() {
		return "sent, end not known"
	}
	return "refused"
}

// entry is what a line of the audit log is made from.
type entry struct {
	tool      string
	caller    gateway.Caller
	arguments json.RawMessage
	answer    json.RawMessage // nil where there is none; then err says why
	deleted   string          // the configuration that goes, see deletedBy
	outcome   gateway.Outcome // where the answer has none
	err       error
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
		if shown := g.secrets.Clean([]byte(untrusted.MaskURLs(value))); len(shown) <= mostAudited && value != "null" && json.Valid(shown) {
			line = append(line, slog.Any(name, json.RawMessage(shown)))
			return
		}
		add(name, value)
	}
	var of audited
	if e.answer != nil {
		_ = json.Unmarshal(e.answer, &of) // it was made here
	}
	add("caller", caller.Name)
	add("trace", caller.Trace)
	add("confirmed", caller.Agreed)
	addJSON("arguments", string(shownArguments(e.arguments)))
	if of.Outcome == "" {
		of.Outcome = e.outcome
	}
	if e.answer == nil { // as the caller named them
		of.Gateway, of.Target = namedIn(e.arguments)
	}
	add("outcome", string(of.Outcome))
	for _, field := range []struct{ name, value string }{
		{"gateway", of.Gateway}, {"target", of.Target}, {"targetId", of.TargetID}, {"name", of.Name}, {"status", of.Status},
		{"previousEndpoint", of.PreviousEndpoint}, {"endpoint", of.Endpoint},
		{"operation", of.Operation.ID}, {"account", of.Account}, {"region", of.Region},
	} {
		add(field.name, field.value)
	}
	addJSON("configuration", string(of.Configuration))
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
	gate{secrets: o.Secrets, audit: o.Audit}.record(entry{tool: "restore", caller: caller, arguments: arguments, answer: answer, outcome: refusal(caller), err: err})
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

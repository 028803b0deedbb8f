package gateway

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestParseApproved(t *testing.T) {
	for answer, want := range map[string]string{
		`{`:                                 "is not JSON",
		`{}`:                                "has no hashes",
		`{"target":"a","hashes":{}}`:        "has no hashes",
		`{"target":"a","hashes":{"x":"1"}}`: "",
		`{"targets":[{"target":"a","hashes":{"x":"1"},"definitions":{"x":{}}},{"target":"b"}]}`: "",
	} {
		approved, err := ParseApproved([]byte(answer))
		if got := errorText(err); got != want || want == "" && (len(approved) != 1 || approved["a"].Hashes["x"] != "1") {
			t.Errorf("%s: %v, %q", answer, approved, got)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestJudgeApproved(t *testing.T) {
	approved := map[string]string{"x": "1", "y": "2"}
	offers := func(hashes map[string]string, breaking ...string) Drift {
		d := Drift{Target: "a", State: InSync, Hashes: hashes, Tools: &ToolChange{}}
		for _, tool := range breaking {
			d.Tools.Changed = append(d.Tools.Changed, ChangedTool{Name: tool, Breaking: true})
		}
		d.Tools.Changed = append(d.Tools.Changed, ChangedTool{Name: "y"})
		return d
	}
	for name, c := range map[string]struct {
		drifts []Drift
		want   Approval
		says   []string
	}{
		"the same":              {[]Drift{offers(approved)}, AsApproved, nil},
		"one more":              {[]Drift{offers(map[string]string{"x": "1", "y": "2", "z": "3"})}, NotAsApproved, []string{"a: z is new"}},
		"another":               {[]Drift{offers(map[string]string{"x": "1", "y": "3"})}, NotAsApproved, []string{"a: y is not as approved"}},
		"another that breaks":   {[]Drift{offers(map[string]string{"x": "0", "y": "2"}, "x")}, BreaksApproved, []string{"a: x is not as approved"}},
		"another, others break": {[]Drift{offers(map[string]string{"x": "1", "y": "3"}, "x")}, NotAsApproved, []string{"a: y is not as approved"}},
		"gone":                  {[]Drift{offers(map[string]string{"x": "1"})}, BreaksApproved, []string{"a: y is not offered any more"}},
		"gone before new":       {[]Drift{offers(map[string]string{"x": "1", "w": "4"})}, BreaksApproved, []string{"a: y is not offered any more", "a: w is new"}},
		"not compared":          {[]Drift{{Target: "a", State: Unknown, Reason: "down"}}, ApprovalUnknown, []string{"a: unknown: down"}},
		"another target":        {[]Drift{{Target: "b", Hashes: approved}}, ApprovalUnknown, []string{"a: not in the answer"}},
		"none":                  {nil, ApprovalUnknown, []string{"a: not in the answer"}},
	} {
		got, says := Approved{"a": {Hashes: approved}}.Judge(c.drifts)
		if got != c.want || !slices.Equal(says, c.says) {
			t.Errorf("%s: %d %q, want %d %q", name, got, says, c.want, c.says)
		}
	}
	two := Approved{"a": {Hashes: map[string]string{"x": "1"}}, "b": {Hashes: map[string]string{"x": "1"}}}
	if got, _ := two.Judge([]Drift{{Target: "a", Hashes: map[string]string{}}, {Target: "b", Hashes: map[string]string{"x": "1"}}}); got != BreaksApproved {
		t.Errorf("the worst of two targets is %d", got)
	}
}

// What was approved is what counts, also when it has been synchronized since.
func TestJudgeApprovedDefinitions(t *testing.T) {
	definition := func(arguments string) json.RawMessage {
		return json.RawMessage(`{"name":"x","inputSchema":{"type":"object","properties":{"id":{"type":"string"}},"required":[` + arguments + `]}}`)
	}
	approved := ApprovedTools{Hashes: map[string]string{"x": "1"}, Definitions: map[string]json.RawMessage{"x": definition("")}}
	drift := func(d json.RawMessage, changed ...ChangedTool) Drift {
		return Drift{State: InSync, Hashes: map[string]string{"x": "2"}, Definitions: Definitions{"x": d}, Tools: &ToolChange{Changed: changed}}
	}
	for name, c := range map[string]struct {
		approved ApprovedTools
		drift    Drift
		want     Approval
		says     string
	}{
		"breaks, synchronized since":   {approved, drift(definition(`"id"`)), BreaksApproved, `x is not as approved: argument "id" is now required`},
		"other, synchronized since":    {approved, drift(json.RawMessage(`{"name":"x","description":"d","inputSchema":{"type":"object","properties":{"id":{"type":"string"}}}}`)), NotAsApproved, "x is not as approved: the description was added"},
		"breaks what is served only":   {approved, drift(json.RawMessage(`{"name":"x","description":"d","inputSchema":{"type":"object","properties":{"id":{"type":"string"}}}}`), ChangedTool{Name: "x", Breaking: true}), NotAsApproved, "x is not as approved: the description was added"},
		"hash alone, synchronized":     {ApprovedTools{Hashes: approved.Hashes}, drift(definition(`"id"`)), BreaksApproved, "x is not as approved, and hashes alone do not tell"},
		"hash alone, drifted":          {ApprovedTools{Hashes: approved.Hashes}, drift(definition(`"id"`), ChangedTool{Name: "x"}), NotAsApproved, "x is not as approved"},
		"hash alone, another drifted":  {ApprovedTools{Hashes: approved.Hashes}, drift(definition(`"id"`), ChangedTool{Name: "y"}), BreaksApproved, "x is not as approved, and hashes alone do not tell"},
		"the hash of an older program": {approved, drift(definition("")), BreaksApproved, "hashes alone do not tell"},
	} {
		got, says := judgeApproval(c.drift, c.approved)
		if got != c.want || len(says) != 1 || !strings.Contains(says[0], c.says) {
			t.Errorf("%s: %d %q, want %d %q", name, got, says, c.want, c.says)
		}
	}
}

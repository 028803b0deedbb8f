package gateway

import (
	"slices"
	"testing"
)

func TestParseApproved(t *testing.T) {
	for answer, want := range map[string]string{
		`{`:                                 "is not JSON",
		`{}`:                                "has no hashes",
		`{"target":"a","hashes":{}}`:        "has no hashes",
		`{"target":"a","hashes":{"x":"1"}}`: "",
		`{"targets":[{"target":"a","hashes":{"x":"1"}},{"target":"b"}]}`: "",
	} {
		approved, err := ParseApproved([]byte(answer))
		if got := errorText(err); got != want || want == "" && (len(approved) != 1 || approved["a"]["x"] != "1") {
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
		got, says := Approved{"a": approved}.Judge(c.drifts)
		if got != c.want || !slices.Equal(says, c.says) {
			t.Errorf("%s: %d %q, want %d %q", name, got, says, c.want, c.says)
		}
	}
	two := Approved{"a": {"x": "1"}, "b": {"x": "1"}}
	if got, _ := two.Judge([]Drift{{Target: "a", Hashes: map[string]string{}}, {Target: "b", Hashes: map[string]string{"x": "1"}}}); got != BreaksApproved {
		t.Errorf("the worst of two targets is %d", got)
	}
}

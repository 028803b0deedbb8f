package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"agentcore-gateway-mcp/untrusted"
)

// Approved are the hashes of approved tools, by target and by tool.
type Approved map[string]map[string]string

// ParseApproved reads the hashes from an answer of pin_target_tools, or of
// check_drift with one target. The error says that there are none.
func ParseApproved(answer []byte) (Approved, error) {
	var file struct {
		Target  string
		Hashes  map[string]string
		Targets []struct {
			Target string
			Hashes map[string]string
		}
	}
	if err := json.Unmarshal(answer, &file); err != nil {
		return nil, errors.New("is not JSON")
	}
	approved := Approved{}
	if len(file.Hashes) > 0 {
		approved[file.Target] = file.Hashes
	}
	for _, t := range file.Targets {
		if len(t.Hashes) > 0 {
			approved[t.Target] = t.Hashes
		}
	}
	if len(approved) == 0 {
		return nil, errors.New("has no hashes")
	}
	return approved, nil
}

// Approval is how what servers offer stands to what was approved.
type Approval int

// The approvals, the worst last.
const (
	AsApproved      Approval = iota
	NotAsApproved            // a tool is new or another
	BreaksApproved           // a tool is gone, or calls that worked may fail
	ApprovalUnknown          // a server's tools could not be compared
)

// Judge holds what servers offer against what was approved: the worst of all
// targets, and a sentence for each difference.
func (a Approved) Judge(targets []Drift) (worst Approval, differences []string) {
	for _, target := range slices.Sorted(maps.Keys(a)) {
		judged, found := ApprovalUnknown, []string{"not in the answer"}
		if i := slices.IndexFunc(targets, func(d Drift) bool { return d.Target == target }); i >= 0 {
			judged, found = judgeApproval(targets[i], a[target])
		}
		worst = max(worst, judged)
		for _, text := range found {
			differences = append(differences, untrusted.Name(target)+": "+text)
		}
	}
	return worst, differences
}

func judgeApproval(d Drift, approved map[string]string) (worst Approval, differences []string) {
	if d.State == Unknown {
		return ApprovalUnknown, []string{"unknown: " + d.Reason}
	}
	differ := func(a Approval, tool, how string) {
		worst = max(worst, a)
		differences = append(differences, fmt.Sprintf("%s is %s", untrusted.Name(tool), how))
	}
	breaks := func(tool string) bool {
		return d.Tools != nil && slices.ContainsFunc(d.Tools.Changed, func(c ChangedTool) bool { return c.Name == tool && c.Breaking })
	}
	for _, tool := range slices.Sorted(maps.Keys(approved)) {
		switch offered, ok := d.Hashes[tool]; {
		case !ok:
			differ(BreaksApproved, tool, "not offered any more")
		case offered != approved[tool] && breaks(tool):
			differ(BreaksApproved, tool, "not as approved")
		case offered != approved[tool]:
			differ(NotAsApproved, tool, "not as approved")
		}
	}
	for _, tool := range slices.Sorted(maps.Keys(d.Hashes)) {
		if _, ok := approved[tool]; !ok {
			differ(NotAsApproved, tool, "new")
		}
	}
	return worst, differences
}

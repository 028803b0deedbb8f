package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

// Approved are the approved tools, by target.
type Approved map[string]ApprovedTools

// ApprovedTools are a target's, by name. Hashes tell that one is another,
// Definitions how: they may be missing.
type ApprovedTools struct {
	Hashes      map[string]string
	Definitions map[string]json.RawMessage
}

// ParseApproved reads approved tools from an answer of pin_target_tools, or of
// check_drift with one target. The error says that there are no hashes.
func ParseApproved(answer []byte) (Approved, error) {
	var file struct {
		Target string
		ApprovedTools
		Targets []struct {
			Target string
			ApprovedTools
		}
	}
	if err := json.Unmarshal(answer, &file); err != nil {
		return nil, errors.New("is not JSON")
	}
	approved := Approved{}
	if len(file.Hashes) > 0 {
		approved[file.Target] = file.ApprovedTools
	}
	for _, t := range file.Targets {
		if len(t.Hashes) > 0 {
			approved[t.Target] = t.ApprovedTools
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
	BreaksApproved           // a tool is gone, or calls that worked may fail, or it cannot be told
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

func judgeApproval(d Drift, approved ApprovedTools) (worst Approval, differences []string) {
	if d.State == Unknown {
		return ApprovalUnknown, []string{"unknown: " + d.Reason}
	}
	differ := func(a Approval, tool, how string) {
		worst = max(worst, a)
		differences = append(differences, fmt.Sprintf("%s is %s", untrusted.Name(tool), how))
	}
	for _, tool := range slices.Sorted(maps.Keys(approved.Hashes)) {
		switch offered, ok := d.Hashes[tool]; {
		case !ok:
			differ(BreaksApproved, tool, "not offered any more")
		case offered != approved.Hashes[tool]:
			how, what := howItDiffers(d, approved, tool)
			differ(how, tool, "not as approved"+what)
		}
	}
	for _, tool := range slices.Sorted(maps.Keys(d.Hashes)) {
		if _, ok := approved.Hashes[tool]; !ok {
			differ(NotAsApproved, tool, "new")
		}
	}
	return worst, differences
}

// howItDiffers judges a tool that is not as approved: against its approved
// definition, else by how it differs from what the gateway serves. What has been
// synchronized meanwhile does not differ from that, and then nothing but the hash
// is known.
func howItDiffers(d Drift, approved ApprovedTools, tool string) (how Approval, what string) {
	was, is := approved.Definitions[tool], d.Definitions[tool]
	if was != nil && is != nil {
		changes := catalog.Compare([]catalog.Tool{{Name: tool, Definition: was}}, []catalog.Tool{{Name: tool, Definition: is}}).Changed
		if list := changed(changes); len(list) > 0 {
			how, what = NotAsApproved, ": "+strings.Join(list[0].Details, "; ")
			if list[0].Breaking {
				how = BreaksApproved
			}
			return how, what
		}
	}
	if d.Tools != nil {
		for _, c := range d.Tools.Changed {
			switch {
			case c.Name == tool && c.Breaking:
				return BreaksApproved, ""
			case c.Name == tool:
				return NotAsApproved, ""
			}
		}
	}
	return BreaksApproved, ", and hashes alone do not tell whether that breaks: approve with the answer of a newer call --json, which has definitions"
}

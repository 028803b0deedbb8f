package gateway

import (
	"encoding/json"
	"testing"
)

// An answer is judged by what it has as JSON.
func TestDiffers(t *testing.T) {
	for answer, want := range map[string]Approval{
		`{"outcome":"planned","tools":{"source":"plan"}}`:                                                          AsApproved,
		`{"outcome":"planned","tools":{"source":"plan","added":[{"name":"x"}]}}`:                                   NotAsApproved,
		`{"outcome":"planned","tools":{"source":"plan","changed":[{"name":"x"}]}}`:                                 NotAsApproved,
		`{"outcome":"planned","tools":{"source":"plan","prompts":{"added":[{"name":"x"}]}}}`:                       NotAsApproved,
		`{"outcome":"planned","tools":{"source":"plan","removed":[{"name":"x"}],"breaking":true}}`:                 BreaksApproved,
		`{"outcome":"planned","tools":{"source":"plan","notShown":["x"]}}`:                                         ApprovalUnknown,
		`{"outcome":"planned","tools":{"source":"plan","notShown":["x"],"added":[{"name":"y"}]}}`:                  NotAsApproved,
		`{"outcome":"planned","tools":{"source":"unavailable"}}`:                                                   ApprovalUnknown,
		`{"outcome":"planned","tools":{"source":"upstream"}}`:                                                      ApprovalUnknown,
		`{"outcome":"planned","configuration":[{"path":"description"}],"tools":{"source":"plan"}}`:                 NotAsApproved,
		`{"outcome":"planned","configuration":[{"path":"description"}],"tools":{"source":"plan","breaking":true}}`: BreaksApproved,
		`{"outcome":"planned","unchecked":["credentials"],"tools":{"source":"plan","breaking":true}}`:              ApprovalUnknown,
		`{"outcome":"unchanged","tools":{"source":"unavailable"}}`:                                                 AsApproved,
	} {
		var c Change
		if err := json.Unmarshal([]byte(answer), &c); err != nil {
			t.Fatal(err)
		}
		if got := c.Differs(); got != want {
			t.Errorf("%s: %d, want %d", answer, got, want)
		}
	}
	for answer, want := range map[string]Approval{
		`{"state":"in_sync","tools":{"source":"plan","breaking":true}}`:                          AsApproved, // the state was judged with what AWS shares out
		`{"state":"drifted","tools":{"source":"plan","added":[{"name":"x"}]}}`:                   NotAsApproved,
		`{"state":"drifted","tools":{"source":"plan","removed":[{"name":"x"}],"breaking":true}}`: BreaksApproved,
		`{"state":"drifted","tools":{"source":"plan"}}`:                                          NotAsApproved,
		`{"state":"drifted"}`: ApprovalUnknown,
		`{"state":"unknown"}`: ApprovalUnknown,
	} {
		var d Drift
		if err := json.Unmarshal([]byte(answer), &d); err != nil {
			t.Fatal(err)
		}
		if got := d.Differs(); got != want {
			t.Errorf("%s: %d, want %d", answer, got, want)
		}
	}
	if got := (GatewayChange{}).Differs(); got != AsApproved {
		t.Errorf("a gateway that stays: %d", got)
	}
	if got := (GatewayChange{Configuration: []Setting{{Path: "roleArn"}}}).Differs(); got != BreaksApproved {
		t.Errorf("a gateway that changes: %d", got)
	}
}

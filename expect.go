package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

// The exit statuses of call --expect FILE check_drift.
const (
	exitInSync   exitStatus = 0
	exitDrift    exitStatus = 10
	exitBreaking exitStatus = 11
	exitUnknown  exitStatus = 20
)

// approved are the hashes of approved tools by target. They come from an answer
// of pin_target_tools, or of check_drift with one target.
func readApproved(path string) (map[string]map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--expect: %w", err)
	}
	var file struct {
		Target  string
		Hashes  map[string]string
		Targets []struct {
			Target string
			Hashes map[string]string
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("--expect: %s is not JSON: save the answer of call --json pin_target_tools, or of check_drift with one target", path)
	}
	approved := map[string]map[string]string{}
	if len(file.Hashes) > 0 {
		approved[file.Target] = file.Hashes
	}
	for _, t := range file.Targets {
		if len(t.Hashes) > 0 {
			approved[t.Target] = t.Hashes
		}
	}
	if len(approved) == 0 {
		return nil, fmt.Errorf("--expect: %s has no hashes: save the answer of call --json pin_target_tools, or of check_drift with one target", path)
	}
	return approved, nil
}

// expect holds an answer of check_drift against the approved hashes and says on
// w what differs.
func expect(w io.Writer, approved map[string]map[string]string, result *mcp.CallToolResult) error {
	var out tools.OutDrift
	if err := rendering(io.Discard, result, func(_ io.Writer, v tools.OutDrift) { out = v }); err != nil {
		return err
	}
	worst := exitInSync
	for _, target := range slices.Sorted(maps.Keys(approved)) {
		i := slices.IndexFunc(out.Targets, func(d gateway.Drift) bool { return d.Target == target })
		if i < 0 {
			fmt.Fprintf(w, "%s: not in the answer\n", untrusted.Name(target))
			worst = max(worst, exitUnknown)
			continue
		}
		worst = max(worst, expectTarget(w, out.Targets[i], approved[target]))
	}
	if worst == exitInSync {
		return nil
	}
	return worst
}

func expectTarget(w io.Writer, d gateway.Drift, approved map[string]string) exitStatus {
	if d.State == gateway.Unknown {
		fmt.Fprintf(w, "%s: unknown: %s\n", d.Target, d.Reason)
		return exitUnknown
	}
	status := exitInSync
	for _, tool := range slices.Sorted(maps.Keys(approved)) {
		switch offered, ok := d.Hashes[tool]; {
		case !ok:
			fmt.Fprintf(w, "%s: %s is not offered any more\n", d.Target, untrusted.Name(tool))
			status = exitBreaking
		case offered != approved[tool]:
			fmt.Fprintf(w, "%s: %s is not as approved\n", d.Target, untrusted.Name(tool))
			status = max(status, exitDrift)
			if d.Tools != nil && slices.ContainsFunc(d.Tools.Changed, func(c gateway.ChangedTool) bool { return c.Name == tool && c.Breaking }) {
				status = exitBreaking
			}
		}
	}
	for _, tool := range slices.Sorted(maps.Keys(d.Hashes)) {
		if _, ok := approved[tool]; !ok {
			fmt.Fprintf(w, "%s: %s is new\n", d.Target, tool)
			status = max(status, exitDrift)
		}
	}
	return status
}

var errExpectTool = errors.New("--expect goes with check_drift and one --target: their answer has the hashes to compare")

package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
	"agentcore-gateway-mcp/tools"
	"agentcore-gateway-mcp/untrusted"
)

// expected is what the exit status is decided by, where that is asked for.
type expected struct {
	approved gateway.Approved // of --expect
	drift    bool             // --exit-code of check_drift
	plan     bool             // --exit-code of a dry run
}

// expects reads what --expect names, and what --exit-code goes with.
func (c *callCommand) expects(tool *definition, arguments map[string]any) (e expected, err error) {
	if c.ExitCode {
		e.drift, e.plan = tool.Name == "check_drift", arguments["dryRun"] == true
		switch {
		case e.drift || e.plan:
		case tool.schema.Properties["dryRun"] != nil:
			return e, fmt.Errorf("--exit-code goes with check_drift and dry runs: give %s --dryRun, or leave --exit-code out", tool.Name)
		default:
			return e, fmt.Errorf("--exit-code goes with check_drift and dry runs, and %s has none: leave it out", tool.Name)
		}
	}
	if c.Expect == "" {
		return e, nil
	}
	if arguments["target"] == nil || tool.Name != "check_drift" {
		return e, errors.New("--expect goes with check_drift and one --target: their answer has the hashes to compare")
	}
	data, err := os.ReadFile(c.Expect)
	if err != nil {
		return e, fmt.Errorf("--expect: %w", err)
	}
	if e.approved, err = gateway.ParseApproved(data); err != nil {
		return e, fmt.Errorf("--expect: %s %w: save the answer of call --json pin_target_tools, or of check_drift with one target", c.Expect, err)
	}
	return e, nil
}

// judge holds an answer against what was approved, else against what the gateway serves.
func (e expected) judge(answer []byte) (worst gateway.Approval, differences []string, err error) {
	switch {
	case e.approved != nil:
		var report tools.DriftReport
		if err := json.Unmarshal(answer, &report); err != nil {
			return 0, nil, err
		}
		worst, differences = e.approved.Judge(report.Targets)
	case e.drift:
		var report tools.DriftReport
		if err := json.Unmarshal(answer, &report); err != nil {
			return 0, nil, err
		}
		for _, d := range report.Targets { // what is not among them is in sync
			worst = max(worst, d.Differs())
		}
	case e.plan:
		var change gateway.Change
		if err := json.Unmarshal(answer, &change); err != nil {
			return 0, nil, err
		}
		worst = change.Differs()
	}
	return worst, differences, nil
}

// tell prints an answer, and ends with the exit status that it means. As JSON it is
// one document, with what --expect found under expected.
func (c *callCommand) tell(screen *terminal.Printer, tool string, result *mcp.CallToolResult, e expected, speech speech) error {
	if result.StructuredContent == nil {
		return errors.New(speech.words(text(result)))
	}
	answer, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return err
	}
	var status ExitStatus
	differences := []string{}
	if !result.IsError {
		judged, found, err := e.judge(answer)
		if err != nil {
			return err
		}
		status, differences = exitStatusOf(judged), append(differences, found...)
	}
	if all, ok := result.StructuredContent.(map[string]any); ok && c.JSON && e.approved != nil && !result.IsError {
		all["expected"] = map[string]any{"exitStatus": int(status), "differences": differences}
		if answer, err = json.Marshal(all); err != nil {
			return err
		}
	}
	if err := c.show(screen, tool, answer, speech); err != nil {
		return err
	}
	if !c.JSON {
		for _, difference := range differences {
			screen.Linef("%s", difference)
		}
	}
	switch {
	case result.IsError:
		return ExitStatus(1)
	case status != 0:
		return status
	}
	return nil
}

// show prints an answer for a person, or as JSON.
func (c *callCommand) show(screen *terminal.Printer, tool string, answer []byte, speech speech) error {
	if !c.JSON {
		return tools.Show(screen, tool, speech.spoken(answer))
	}
	return encode(screen, json.RawMessage(answer))
}

// exitStatusOf is the exit status of a judgement that was asked for.
func exitStatusOf(a gateway.Approval) ExitStatus {
	switch a {
	case gateway.AsApproved:
		return 0
	case gateway.NotAsApproved:
		return 10
	case gateway.BreaksApproved:
		return 11
	}
	return 20
}

func encode(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// document is where one JSON document goes.
type document struct {
	io.Writer
	begun bool
}

func (d *document) Write(data []byte) (int, error) {
	d.begun = d.begun || len(data) > 0
	return d.Writer.Write(data)
}

// end writes the document of a call that has none of its own, and returns its error.
func (d *document) end(err error) error {
	if err == nil || d.begun {
		return err
	}
	answer := map[string]any{"error": untrusted.Escape(err.Error())}
	if i := (*interrupted)(nil); errors.As(err, &i) && len(i.left) > 0 {
		answer["left"] = i.left
	}
	return errors.Join(err, encode(d.Writer, answer))
}

package command

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/terminal"
)

// stage is where the demo is played: plain text, with colours on a terminal.
type stage struct {
	*terminal.Printer
	steps int
}

func newStage(w io.Writer, getenv func(string) string, title string) *stage {
	s := &stage{Printer: terminal.NewPrinter(w, getenv)}
	s.Say(0, "%s", s.Paint(terminal.Faint, title+", on a local AgentCore: no AWS account, nothing leaves this machine."))
	return s
}

func (s *stage) step(title string) {
	s.steps++
	s.Linef("")
	s.Say(0, "%s", s.Paint(terminal.Bold, fmt.Sprintf("%d. %s", s.steps, title)))
}

func (s *stage) asked(question, tool string, arguments map[string]any) {
	comma := ","
	if s.Brief() {
		comma = ", " // where a line may end
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		value, _ := json.Marshal(arguments[name]) // strings and numbers only
		pairs = append(pairs, fmt.Sprintf("%q:%s", name, value))
	}
	shown := "{" + strings.Join(pairs, comma) + "}"
	s.Say(3, "%s %q", s.Paint(terminal.Faint, "asked "), question)
	s.Say(3, "%s %s %s", s.Paint(terminal.Faint, "called"), s.Paint(terminal.Cyan, tool), shown)
}

func (s *stage) answer(format string, args ...any) {
	s.Say(3, "%s %s", s.Paint(terminal.Faint, "answer"), fmt.Sprintf(format, args...))
}

func (s *stage) change(c gateway.Change) {
	s.answer("%s, %s after %.1f s, %d tools before and %d now", c.Outcome, c.Status, c.Seconds, c.Tools.Before, c.Tools.After)
	s.tools(c.Tools)
	if c.PreviousEndpoint != "" {
		s.Say(10, "%s -> %s", shortEndpoint(c.PreviousEndpoint), shortEndpoint(c.Endpoint))
	}
}

// tools tells which tools are there on one side only.
func (s *stage) tools(c *gateway.ToolChange) {
	for _, t := range c.Added {
		s.Say(10, "%s  %s", s.Paint(terminal.Green, "+ "+t.Name), t.Description)
	}
	for _, t := range c.Removed {
		s.Say(10, "%s  %s", s.Paint(terminal.Red, "- "+t.Name), t.Description)
	}
}

func (s *stage) kept(key string, value any) {
	const indent, least = 10, 20
	most := 80
	for most > least && !s.Fits(indent+len(key)+1+most, "") {
		most--
	}
	shown, _ := json.Marshal(value) // it came as JSON
	if len(shown) > most {
		shown = append(shown[:most-3], "..."...)
	}
	s.Say(indent, "%s %s", key, s.Paint(terminal.Faint, string(shown)))
}

// shortEndpoint names the runtime in an invocation URL, which is mostly its ARN.
func shortEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	if _, rest, ok := strings.Cut(u.Path, ":runtime/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return fmt.Sprintf("runtime %s (%s)", name, u.Query().Get("qualifier"))
	}
	return endpoint
}

func (s *stage) note(format string, args ...any) {
	s.Say(3, format, args...)
}

func (s *stage) checked(format string, args ...any) {
	s.Say(3, "%s %s", s.Paint(terminal.Green, "✓"), fmt.Sprintf(format, args...))
}

func (s *stage) failed(err error) {
	s.Say(3, "%s %v", s.Paint(terminal.Red, "✗"), err)
}

func (s *stage) done(verdict string, took time.Duration) {
	s.Linef("")
	s.Say(0, "%s", s.Paint(terminal.Green, fmt.Sprintf("All %d steps %s, in %.1f s.", s.steps, verdict, took.Seconds())))
}

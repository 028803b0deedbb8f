package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"agentcore-gateway-mcp/gateway"
)

// stage is where the demo is played: plain text, with colours on a terminal.
type stage struct {
	w      io.Writer
	colour bool
	steps  int
}

const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func newStage(w io.Writer) *stage {
	f, ok := w.(*os.File)
	s := &stage{w: w, colour: ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""}
	fmt.Fprintf(w, "%s\n", s.paint(faint, "The AgentCore Gateway tutorial, on a local AgentCore: no AWS account, nothing leaves this machine."))
	return s
}

func (s *stage) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *stage) step(title string) {
	s.steps++
	fmt.Fprintf(s.w, "\n%s\n", s.paint(bold, fmt.Sprintf("%d. %s", s.steps, title)))
}

func (s *stage) asked(question, tool string, arguments map[string]any) {
	shown, _ := json.Marshal(arguments) // strings and numbers only
	fmt.Fprintf(s.w, "   %s %q\n   %s %s %s\n", s.paint(faint, "asked "), question, s.paint(faint, "called"), s.paint(cyan, tool), shown)
}

func (s *stage) answer(format string, args ...any) {
	fmt.Fprintf(s.w, "   %s %s\n", s.paint(faint, "answer"), fmt.Sprintf(format, args...))
}

func (s *stage) change(c gateway.Change) {
	s.answer("%s, %s after %.1f s, %d tools before and %d now", c.Outcome, c.Status, c.Seconds, c.Tools.Before, c.Tools.After)
	for _, t := range c.Tools.Added {
		fmt.Fprintf(s.w, "          %s  %s\n", s.paint(green, "+ "+t.Name), t.Description)
	}
	for _, t := range c.Tools.Removed {
		fmt.Fprintf(s.w, "          %s  %s\n", s.paint(red, "- "+t.Name), t.Description)
	}
	if c.PreviousEndpoint != "" {
		fmt.Fprintf(s.w, "          %s -> %s\n", shortEndpoint(c.PreviousEndpoint), shortEndpoint(c.Endpoint))
	}
}

func (s *stage) kept(key string, value any) {
	const most = 80
	shown, _ := json.Marshal(value) // it came as JSON
	if len(shown) > most {
		shown = append(shown[:most-3], "..."...)
	}
	fmt.Fprintf(s.w, "          %s %s\n", key, s.paint(faint, string(shown)))
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
	fmt.Fprintf(s.w, "   %s\n", fmt.Sprintf(format, args...))
}

func (s *stage) checked(format string, args ...any) {
	fmt.Fprintf(s.w, "   %s %s\n", s.paint(green, "✓"), fmt.Sprintf(format, args...))
}

func (s *stage) failed(err error) {
	fmt.Fprintf(s.w, "   %s %v\n", s.paint(red, "✗"), err)
}

func (s *stage) done(took time.Duration) {
	fmt.Fprintf(s.w, "\n%s\n", s.paint(green, fmt.Sprintf("All %d steps as in the tutorial, in %.1f s.", s.steps, took.Seconds())))
}

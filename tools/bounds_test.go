package tools

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestErrorsAreBounded(t *testing.T) {
	short := strings.Repeat("x", mostError)
	if got := (gate{}).text(short); got != short {
		t.Errorf("a text of %d bytes became one of %d", len(short), len(got))
	}
	if got := (gate{}).text(short + "é"); got != short+"…" {
		t.Errorf("a text of %d bytes became one of %d", len(short)+2, len(got))
	}
}

// What is left out is counted, in lists, and in objects that are lists by name.
func TestCut(t *testing.T) {
	named := func(n int) map[string]any {
		all := map[string]any{}
		for i := range n {
			all[fmt.Sprintf("%03d", i)] = i
		}
		return all
	}
	for name, c := range map[string]struct {
		value any
		most  int
		left  int
		kept  int
	}{
		"list":         {make([]any, 10), 4, 6, 4},
		"short list":   {make([]any, 4), 4, 0, 4},
		"object":       {named(70), 0, 6, 64},
		"small object": {named(64), 0, 0, 64},
		"long object":  {named(70), 66, 4, 66},
	} {
		left, kept := 0, 0
		switch v := cut(c.value, c.most, &left).(type) {
		case []any:
			kept = len(v)
		case map[string]any:
			kept = len(v)
		}
		if left != c.left || kept != c.kept {
			t.Errorf("%s: %d left out, %d kept; want %d and %d", name, left, kept, c.left, c.kept)
		}
	}
}

func TestWaitArgument(t *testing.T) {
	if got := (WaitArgument{}).duration(); got != 45*time.Second {
		t.Errorf("the default is %s", got)
	}
	if got := (WaitArgument{ptr(0)}).duration(); got != 0 {
		t.Errorf("0 is %s", got)
	}
	if got := (WaitArgument{ptr(7)}).duration(); got != 7*time.Second {
		t.Errorf("7 is %s", got)
	}
}

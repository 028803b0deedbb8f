package tools

import (
	"strings"
	"testing"
)

// A name that several things have is no answer, their ids are.
func TestMatching(t *testing.T) {
	refs := [][]string{{"orders", "A1"}, {"orders", "A2"}, {"stock", "B1", "arn:B1"}, {"C1", "C1"}, {"B1x", "D1"}}
	for typed, want := range map[string]string{
		"": "A1 A2 stock C1 B1x", "o": "", "a": "A1 A2 arn:B1", "st": "stock", "b1": "B1 B1x", "ARN": "arn:B1", "c": "C1", "D": "D1", "stockx": "",
	} {
		if got := strings.Join(matching(refs, typed), " "); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}

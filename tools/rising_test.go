package tools

import "testing"

// The protocol wants progress to rise, whatever the work reports.
func TestProgressRises(t *testing.T) {
	last := -1.0
	p := &progress{done: -1, send: func(done, total float64, message string) {
		if done <= last || total < done && total != 0 || (total == 0) != (message == "who knows") {
			t.Errorf("%s: %v of %v after %v", message, done, total, last)
		}
		last = done
	}}
	for _, r := range []struct {
		done, total float64
		message     string
	}{{0, 0, "who knows"}, {0, 0, "who knows"}, {0, 45, "begins"}, {0, 45, "goes on"}, {10, 45, "half"}, {3, 7, "another count"}, {45, 45, "ends"}, {45, 45, "ends again"}, {59, 45, "too much"}, {60, 0, "who knows"}} {
		p.tell(r.done, r.total, r.message)
	}
	if last != 60 {
		t.Errorf("the last is %v", last)
	}
}

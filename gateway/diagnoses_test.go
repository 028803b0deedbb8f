package gateway

import (
	"io"
	"log/slog"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// What needs somebody comes first, with the checks that failed; one that panics hides no
// other.
func TestSeveralDiagnoses(t *testing.T) {
	of := func(target string, c Cause) func(Progress) Diagnosis {
		return func(Progress) Diagnosis {
			return Diagnosis{Target: target, Cause: c, Checks: []Check{{Result: CheckOK}, {Result: CheckFailed}, {Result: CheckDiffers}, {Result: CheckSkipped}}}
		}
	}
	m := &Manager{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	told := 0
	got := m.several([]func(Progress) Diagnosis{
		of("healthy", Healthy), of("filtered", Filtered), of("drifted", OutOfDate), of("unseen", Unseen), func(Progress) Diagnosis { panic("a mistake") }, of("refused", TokenRefused),
	}, func(float64, float64, string) { told++ })
	var order []string
	for _, d := range got {
		order = append(order, d.Target)
		if d.Cause != NotKnown && (len(d.Checks) != 2 || d.Checks[0].Result != CheckFailed || d.Checks[1].Result != CheckDiffers) {
			t.Errorf("%s: checks %+v", d.Target, d.Checks)
		}
	}
	want := []string{"", "refused", "drifted", "unseen", "healthy", "filtered"}
	if len(order) != len(want) || told != 5 {
		t.Fatalf("got %q, told %d times", order, told)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Errorf("got %q, want %q", order, want)
			break
		}
	}
}

// A text that is asked for is found in what is shown of an endpoint, and nowhere else.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		endpoint, text string
		want           bool
	}{
		{"https://tools.example.com/mcp", "TOOLS.example", true},
		{"https://tools.example.com/mcp?key=s3cret", "s3cret", false},
		{"https://user:s3cret@tools.example.com/mcp", "s3cret", false},
		{"https://h/runtimes/arn%3Aaws%3Aruntime%2Forders-1/invocations?qualifier=DEFAULT", "arn:aws:runtime/orders-1", true},
		{"https://h/runtimes/arn%3Aaws%3Aruntime%2Forders-1/invocations?qualifier=DEFAULT", "orders-2", false},
		{"", "x", false},
	} {
		if got := shows(aws.Target{Endpoint: c.endpoint}, c.text); got != c.want {
			t.Errorf("%q in %s: %t", c.text, c.endpoint, got)
		}
	}
}

// What another client takes for a tool that changes something is not called.
func TestReadsOnlySpelling(t *testing.T) {
	for _, definition := range []string{
		`{"name":"x","annotations":{"readOnlyHint":false,"READONLYHINT":true}}`,
		`{"name":"x","annotations":{"readOnlyHint":false},"Annotations":{"readonlyhint":true}}`,
		`{"name":"x","annotations":{"readOnlyHint":true,"destructiveHint":true}}`,
	} {
		if readsOnly(catalog.Tool{Definition: []byte(definition)}) {
			t.Errorf("called: %s", definition)
		}
	}
	if !readsOnly(catalog.Tool{Definition: []byte(`{"name":"x","annotations":{"readOnlyHint":true}}`)}) {
		t.Error("one that only reads is not called")
	}
}

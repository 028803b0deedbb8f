package interop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements is a set of the conformance suite and what of it does not fit a
// server that is not the suite's own example.
type requirements struct {
	revision string
	// fits are the scenarios of which every check has to succeed.
	fits []string
	// partly are the checks of otherwise fitting scenarios that call tools of
	// the suite's example.
	partly map[string][]string
	// unfit are the scenarios that are about something we do not have, by what
	// that is. Even there every message has to be valid by the protocol's
	// schema.
	unfit map[string][]string
}

const (
	exampleTools     = "tools named test_…, of the suite's example server"
	examplePrompts   = "prompts named test_…, of the suite's example server"
	exampleResources = "resources test://…, of the suite's example server"
	subscriptions    = "resources/subscribe: no resource announces its changes"
	sessions         = "sessions over HTTP: the server keeps none, so that any copy can answer"
	headerArguments  = "a tool with x-mcp-header annotations"
	tasks            = "the Tasks extension"
)

var requirementSets = []requirements{{
	revision: "2025-11-25",
	fits: []string{
		"server-initialize", "logging-set-level", "ping", "tools-list", "resources-list", "prompts-list",
		"dns-rebinding-protection", "completion-complete",
	},
	unfit: map[string][]string{
		exampleTools: {
			"tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource",
			"tools-call-mixed-content", "tools-call-with-logging", "tools-call-error", "tools-call-with-progress",
			"tools-call-sampling", "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums",
			"json-schema-2020-12",
		},
		examplePrompts:   {"prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image"},
		exampleResources: {"resources-read-text", "resources-read-binary", "resources-templates-read"},
		subscriptions:    {"resources-subscribe", "resources-unsubscribe"},
		sessions:         {"server-session-lifecycle", "server-sse-multiple-streams", "server-sse-polling"},
	},
}, {
	revision: "2026-07-28",
	fits: []string{
		"server-stateless", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection", "caching",
		"http-header-validation", "completion-complete", "sep-2164-resource-not-found", "server-sse-multiple-streams",
		"input-required-result-unsupported-methods", "input-required-result-validate-input",
	},
	partly: map[string][]string{"server-stateless": {
		"sep-2575-server-rejects-undeclared-capability",
		"sep-2575-missing-capability-http-400",
		"sep-2575-http-server-no-independent-requests-on-stream",
		"sep-2575-server-no-log-without-loglevel",
	}},
	unfit: map[string][]string{
		exampleTools: {
			"tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource",
			"tools-call-mixed-content", "tools-call-error", "tools-call-with-progress", "json-schema-2020-12",
			"input-required-result-basic-elicitation", "input-required-result-basic-sampling",
			"input-required-result-basic-list-roots", "input-required-result-request-state",
			"input-required-result-multiple-input-requests", "input-required-result-multi-round",
			"input-required-result-missing-input-response", "input-required-result-result-type",
			"input-required-result-tampered-state", "input-required-result-capability-check",
			"input-required-result-ignore-extra-params",
		},
		examplePrompts: {
			"prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image",
			"input-required-result-non-tool-request",
		},
		exampleResources: {"resources-read-text", "resources-read-binary", "resources-templates-read"},
		headerArguments:  {"http-custom-header-server-validation"},
		tasks: {
			"tasks-lifecycle", "tasks-capability-negotiation", "tasks-wire-fields", "tasks-request-state-removal",
			"tasks-mrtr-input", "tasks-request-headers", "tasks-dispatch-and-envelope", "tasks-status-notifications",
			"tasks-required-task-error", "tasks-mrtr-composition",
		},
	},
}}

// check is one finding of a scenario.
type check struct{ ID, Status, ErrorMessage string }

// passed counts a warning as a failure, as the suite's own scoring does.
func (c check) passed() bool {
	return slices.Contains([]string{"SUCCESS", "INFO", "SKIPPED"}, c.Status)
}

// wireSchema is the check that every message was valid.
const wireSchema = "wire-schema-valid"

// TestConformance runs both requirement sets of the conformance suite over
// HTTP. One process runs a whole set; what fits is told apart here, because the
// suite's own list of expected failures would hide whole scenarios.
func TestConformance(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, set := range requirementSets {
		t.Run(set.revision, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// Its exit status is 1: there is always something that does not fit.
			r := run(t, n.env, n.command("conformance"), "server", "--url", serve(t), "--requirements", set.revision, "--output-dir", dir)
			set.judge(t, checksByScenario(t, dir))
			if t.Failed() {
				t.Logf("the suite says:\n%s%s", r.stdout, r.stderr)
			}
		})
	}
}

func (set requirements) judge(t *testing.T, ran map[string][]check) {
	for _, scenario := range set.fits {
		succeeded := false
		for _, c := range ran[scenario] {
			excused := slices.Contains(set.partly[scenario], c.ID)
			if c.passed() == excused {
				t.Errorf("%s, %s: %s %s (left out: %t)", scenario, c.ID, c.Status, c.ErrorMessage, excused)
			}
			succeeded = succeeded || c.Status == "SUCCESS"
		}
		if !succeeded {
			t.Errorf("%s did not run", scenario)
		}
		delete(ran, scenario)
	}
	for what, scenarios := range set.unfit {
		for _, scenario := range scenarios {
			checks, ok := ran[scenario]
			if !ok {
				t.Errorf("%s is left out, but did not run", scenario)
			}
			if slices.ContainsFunc(checks, func(c check) bool { return c.ID == wireSchema && !c.passed() }) {
				t.Errorf("%s: a message is not valid by the protocol's schema", scenario)
			}
			if !slices.ContainsFunc(checks, func(c check) bool { return c.Status != "SUCCESS" }) {
				t.Errorf("%s succeeds: it need not be left out for %s", scenario, what)
			}
			delete(ran, scenario)
		}
	}
	for scenario := range ran {
		t.Errorf("%s is new: say whether it fits", scenario)
	}
}

var scenarioDir = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)

func checksByScenario(t *testing.T, dir string) map[string][]check {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]check{}
	for _, file := range files {
		name := scenarioDir.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
		if name == nil {
			t.Fatalf("the suite has another layout of results now: %s", strings.TrimPrefix(file, dir))
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var checks []check
		if err := json.Unmarshal(text, &checks); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[name[1]] = append(all[name[1]], checks...)
	}
	return all
}

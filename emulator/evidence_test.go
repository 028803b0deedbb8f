package emulator

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

var update = flag.Bool("update", false, "write the table in docs/emulator.md anew")

// evidence is what a claim of the local AgentCore rests on.
type evidence struct {
	kind, name, class, source string
	line                      int
}

// classes of evidence, the strongest first. A row may have several; ours is what only
// the local AgentCore has, absent what it has not.
var classes = []string{"recording", "model", "documented", "reported", "foreign client", "guess", "ours", "absent"}

func readEvidence(t *testing.T) map[string]evidence {
	t.Helper()
	data, err := os.ReadFile("../docs/evidence.tsv")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]evidence{}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		fields := strings.Split(line, "\t")
		if i == 0 {
			continue
		}
		if len(fields) != 4 || slices.Contains(fields, "") {
			t.Errorf("line %d has not four fields: %q", i+1, line)
			continue
		}
		e := evidence{fields[0], fields[1], fields[2], fields[3], i}
		key := e.kind + " " + e.name
		if _, twice := all[key]; twice {
			t.Errorf("%s is there twice", key)
		}
		for _, class := range strings.Split(e.class, "+") {
			if !slices.Contains(classes, class) {
				t.Errorf("%s is of class %q, none of %q", key, class, classes)
			}
		}
		all[key] = e
	}
	return all
}

// families are the operations that the local AgentCore is for: a new one in the SDK's
// model must be named, as there or as absent.
var families = regexp.MustCompile(`Gateway|AgentRuntime|RuntimeSession|Polic|Oauth2|ApiKey|Workload|TokenVault|TagResource|UntagResource|TagsForResource|TokenAuth`)

// Every operation, status and limit has its evidence, and nothing has evidence that is
// not there.
func TestEvidence(t *testing.T) {
	all := readEvidence(t)
	named := map[string]bool{}
	claim := func(key string, there bool) {
		t.Helper()
		named[key] = true
		switch e, ok := all[key]; {
		case !ok:
			t.Errorf("docs/evidence.tsv does not have %s", key)
		case there == (e.class == "absent"):
			t.Errorf("docs/evidence.tsv has %s as %s, which is implemented: %t", key, e.class, there)
		}
	}
	for _, op := range operations() {
		if there := op.handle != nil || op.ask != nil; there || families.MatchString(op.name) {
			claim("operation "+op.name, there)
		}
	}
	claim("operation InvokeAgentRuntime", true) // by their paths alone
	claim("operation GetSecretValue", true)
	for _, name := range statuses() {
		key := "status " + name
		claim(key, all[key].class != "absent")
	}
	for _, name := range append(limits(reflect.TypeFor[Options](), ""), "maxInlineSchema", "mostTags") {
		claim("limit "+name, true)
	}
	for message := range refusals(t) {
		claim("refusal "+message, true)
	}
	for key, e := range all {
		if e.kind == "point" {
			named[key] = true
		}
	}
	for _, name := range possible(all) {
		claim("transition "+name, true)
	}
	left := map[string]bool{} // statuses that some transition leads to
	for key, e := range all {
		if e.kind != "transition" {
			continue
		}
		named[key] = true
		from, to, ok := strings.Cut(e.name, " -> ")
		for _, status := range []string{from, to} {
			if status != "none" && !slices.Contains(statuses(), status) {
				t.Errorf("%s: %s is no status", key, status)
			}
		}
		if left[to] = true; !ok {
			t.Errorf("%s is no transition", key)
		}
	}
	for _, name := range statuses() {
		if there := all["status "+name].class != "absent"; there != left[name] {
			t.Errorf("status %s is there: %t, and a transition leads to it: %t", name, there, left[name])
		}
	}
	for key := range all {
		if !named[key] {
			t.Errorf("docs/evidence.tsv has %s, which is nowhere", key)
		}
	}
}

// possible are the transitions into work that are possible from every state in which
// a resource rests.
func possible(all map[string]evidence) (names []string) {
	working := []string{"UPDATING", "SYNCHRONIZING", "DELETING"}
	for _, from := range statuses() {
		kind, name, _ := strings.Cut(from, ".")
		if all["status "+from].class == "absent" || name == "CREATING" || slices.Contains(working, name) || strings.HasSuffix(name, "_PENDING_AUTH") {
			continue
		}
		for _, to := range working {
			if to = kind + "." + to; slices.Contains(statuses(), to) && all["status "+to].class != "absent" {
				names = append(names, from+" -> "+to)
			}
		}
	}
	return names
}

// refusals are the messages with which the local AgentCore refuses, as its source has
// them.
func refusals(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]bool{}
	// add takes the longest literal of an expression: a message may be put together.
	add := func(expr ast.Expr) {
		longest := ""
		ast.Inspect(expr, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if literal, err := strconv.Unquote(lit.Value); err == nil && len(literal) > len(longest) {
					longest = literal
				}
			}
			return true
		})
		if longest = strings.TrimSpace(longest); longest != "" && longest != "%s" {
			messages[longest] = true
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch v := n.(type) {
			case *ast.CallExpr:
				if f, ok := v.Fun.(*ast.Ident); ok && slices.Contains([]string{"conflicting", "refused", "cannotParse"}, f.Name) {
					add(v.Args[0])
				}
			case *ast.KeyValueExpr:
				if key, ok := v.Key.(*ast.Ident); ok && key.Name == "message" {
					add(v.Value)
				}
			}
			return true
		})
	}
	return messages
}

// statuses are those of all resources, as the model has them.
func statuses() (names []string) {
	names = append(names, named(types.TargetStatus("").Values())...)
	names = append(names, named(types.GatewayStatus("").Values())...)
	names = append(names, named(types.AgentRuntimeStatus("").Values())...)
	names = append(names, named(types.AgentRuntimeEndpointStatus("").Values())...)
	names = append(names, named(types.PolicyEngineStatus("").Values())...)
	names = append(names, named(types.PolicyStatus("").Values())...)
	return append(names, named(types.GatewayRuleStatus("").Values())...)
}

func named[T ~string](values []T) (names []string) {
	for _, v := range values {
		names = append(names, fmt.Sprintf("%s.%s", reflect.TypeFor[T]().Name(), v))
	}
	return names
}

// limits are the numbers among the options: durations are none of AWS's.
func limits(options reflect.Type, prefix string) (names []string) {
	for field := range options.Fields() {
		switch field.Type.Kind() {
		case reflect.Struct:
			if field.Type == reflect.TypeFor[Quotas]() {
				names = append(names, limits(field.Type, field.Name+".")...)
			}
		case reflect.Int, reflect.Float64:
			names = append(names, prefix+field.Name)
		}
	}
	return names
}

// The tables in docs/emulator.md are made from the ledger.
func TestEvidenceTables(t *testing.T) {
	const path = "../docs/emulator.md"
	all := readEvidence(t)
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := document
	for name, table := range map[string]string{"points": points(t, all), "evidence": counts(all)} {
		begin, end := fmt.Sprintf("<!-- %s: go test ./emulator -update -->\n", name), fmt.Sprintf("<!-- end of %s -->", name)
		before, rest, found := bytes.Cut(want, []byte(begin))
		_, after, ended := bytes.Cut(rest, []byte(end))
		if !found || !ended {
			t.Fatalf("%s has no place for the table of %s", path, name)
		}
		want = slices.Concat(before, []byte(begin), []byte(table), []byte(end), after)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(document, want) {
		t.Errorf("%s has other tables than docs/evidence.tsv gives: go test ./emulator -update", path)
	}
}

// points are where the local AgentCore deviates from AWS, or where AWS's way is not
// known, in the order of the ledger.
func points(t *testing.T, all map[string]evidence) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| point | here | at AWS | known by |\n|---|---|---|---|\n")
	list := slices.DeleteFunc(slices.Collect(maps.Values(all)), func(e evidence) bool { return e.kind != "point" })
	slices.SortFunc(list, func(a, b evidence) int { return cmp.Compare(a.line, b.line) })
	for _, e := range list {
		here, there, ok := strings.Cut(e.source, " ‖ ")
		if !ok {
			t.Errorf("point %s does not say both, here and at AWS", e.name)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", e.name, here, there, strings.ReplaceAll(e.class, "+", ", "))
	}
	return table.String()
}

// counts are how many rows of each kind rest on each class.
func counts(all map[string]evidence) string {
	var table strings.Builder
	fmt.Fprintf(&table, "| | %s |\n|---|%s\n", strings.Join(classes, " | "), strings.Repeat("---|", len(classes)))
	for _, kind := range []string{"operation", "status", "transition", "refusal", "limit", "point"} {
		fmt.Fprintf(&table, "| %s |", map[string]string{"operation": "operations", "status": "statuses", "transition": "transitions", "refusal": "refusals", "limit": "limits", "point": "points"}[kind])
		for _, class := range classes {
			n := 0
			for _, e := range all {
				if e.kind == kind && slices.Contains(strings.Split(e.class, "+"), class) {
					n++
				}
			}
			fmt.Fprintf(&table, " %d |", n)
		}
		table.WriteString("\n")
	}
	return table.String()
}

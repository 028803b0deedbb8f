package tools_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"agentcore-gateway-mcp/tools"
)

// policy is one of the IAM policies of agent-examples/runtime, each of which allows what
// the one before it does: all that the tools of a server call.
type policy struct {
	name   string
	server tools.Options
}

func policies() []policy {
	return []policy{
		{"read-only", tools.Options{ReadOnly: true}},
		{"managing", tools.Options{}},
		{"life-cycle", tools.Options{Toolsets: tools.Toolsets()}},
	}
}

// has reports whether the policy's server has a tool.
func (p policy) has(t tools.Tool) bool {
	return (t.ReadOnly || !p.server.ReadOnly) && (t.Toolset == tools.Targets || slices.Contains(p.server.Toolsets, t.Toolset))
}

// wantedBeside are rights that AWS wants of the caller of an operation, besides its own:
// what the service authorization reference and the guide's page on MCP server targets
// name. No local AgentCore can show them.
func wantedBeside() map[string][]string {
	signsIn := []string{"GetWorkloadAccessToken", "GetResourceOauth2Token", "GetResourceApiKey", "GetSecretValue of AgentCore Identity"}
	return map[string][]string{
		"CreateGateway": {"PassRole", "CreateWorkloadIdentity"}, "UpdateGateway": {"PassRole"},
		"CreateGatewayTarget": signsIn, "UpdateGatewayTarget": signsIn, "SynchronizeGatewayTargets": signsIn,
	}
}

// document is a policy as IAM reads it.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

const (
	agentcore = "arn:aws:bedrock-agentcore:*:*:"
	secretARN = "arn:aws:secretsmanager:*:*:secret:"
)

// ground is what rights are about: the resources that IAM can name for them, by the
// service authorization reference of Amazon Bedrock AgentCore.
type ground struct {
	sid       string
	rights    []string
	resources []string
}

func grounds() []ground {
	vault := []string{agentcore + "token-vault/default", agentcore + "token-vault/default/oauth2credentialprovider/*", agentcore + "token-vault/default/apikeycredentialprovider/*"}
	identity := []string{agentcore + "workload-identity-directory/default", agentcore + "workload-identity-directory/default/workload-identity/*"}
	return []ground{
		{"Account", []string{"ListGateways", "CreateGateway", "ListAgentRuntimes", "ListAgentRuntimeEndpoints"}, []string{"*"}}, // IAM knows no resource for them
		{"Gateways", []string{"GetGateway", "UpdateGateway", "DeleteGateway", "ListGatewayTargets", "GetGatewayTarget",
			"CreateGatewayTarget", "UpdateGatewayTarget", "DeleteGatewayTarget", "SynchronizeGatewayTargets"}, []string{agentcore + "gateway/*"}},
		{"Runtimes", []string{"GetAgentRuntime", "GetAgentRuntimeEndpoint", "DeleteAgentRuntime"}, []string{agentcore + "runtime/*"}},
		{"CredentialProviders", []string{"ListOauth2CredentialProviders", "GetOauth2CredentialProvider", "CreateOauth2CredentialProvider", "DeleteOauth2CredentialProvider",
			"ListApiKeyCredentialProviders", "GetApiKeyCredentialProvider", "DeleteApiKeyCredentialProvider"}, vault},
		{"Tokens", []string{"GetWorkloadAccessToken", "GetResourceOauth2Token", "GetResourceApiKey"}, append(slices.Clone(identity), vault...)},
		{"SignedCalls", []string{"InvokeGateway", "InvokeAgentRuntime"}, []string{agentcore + "gateway/*", agentcore + "runtime/*"}},
		{"ClientSecret", []string{"GetSecretValue"}, []string{secretARN + "agentcore-gateway-mcp*"}},
		{"ProviderSecrets", []string{"GetSecretValue of AgentCore Identity"}, []string{secretARN + "bedrock-agentcore-identity!default/*"}},
		{"WorkloadIdentities", []string{"CreateWorkloadIdentity"}, identity},
		{"PassGatewayRole", []string{"PassRole"}, []string{"arn:aws:iam::*:role/*"}},
	}
}

// action is a right as IAM names it.
func action(right string) string {
	name, _, _ := strings.Cut(right, " ")
	switch name {
	case "GetSecretValue":
		return "secretsmanager:" + name
	case "PassRole":
		return "iam:" + name
	}
	return "bedrock-agentcore:" + name
}

// statements allow rights, and nothing else. The error names a right without a ground.
func statements(rights []string) (all []statement, err error) {
	left := slices.Clone(rights)
	for _, g := range grounds() {
		s := statement{Sid: g.sid, Effect: "Allow", Resource: g.resources}
		for _, right := range g.rights {
			if i := slices.Index(left, right); i >= 0 {
				left = slices.Delete(left, i, i+1)
				s.Action = append(s.Action, action(right))
			}
		}
		if g.sid == "PassGatewayRole" {
			s.Condition = map[string]map[string]string{"StringEquals": {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}}
		}
		if len(s.Action) > 0 {
			all = append(all, s)
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("no statement is about %q: give them a ground", left)
	}
	return all, nil
}

// allowed are the rights that a policy gives: what its server's tools, resources and
// completions called, and what AWS wants beside.
func (o *observed) allowed(p policy) (rights []string) {
	rights = slices.Concat(o.rights["resources of "+p.name], o.rights["completions of "+p.name])
	for _, t := range tools.All() {
		if p.has(t) {
			rights = append(rights, o.rights[t.Name]...)
		}
	}
	for _, right := range slices.Clone(rights) {
		rights = append(rights, wantedBeside()[right]...)
	}
	slices.Sort(rights)
	return slices.Compact(rights)
}

// callable are the operations that the code in package aws calls on the SDK's clients.
func callable(t *testing.T) (operations []string) {
	t.Helper()
	paths, err := filepath.Glob("../aws/*.go")
	if err != nil {
		t.Fatal(err)
	}
	known := operationsOfAWS()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			name := selector.Sel.Name
			switch on := selector.X.(type) {
			case *ast.SelectorExpr: // c.control.GetGateway
				if !slices.Contains([]string{"control", "data", "secrets"}, on.Sel.Name) {
					return true
				}
			case *ast.Ident: // control.NewListGatewaysPaginator
				inner, isPaginator := strings.CutPrefix(name, "New")
				if name, ok = strings.CutSuffix(inner, "Paginator"); !isPaginator || !ok {
					return true
				}
			default:
				return true
			}
			if slices.Contains(known, name) && name != "Options" && !slices.Contains(operations, name) {
				operations = append(operations, name)
			}
			return true
		})
	}
	slices.Sort(operations)
	return operations
}

const runtimeExample = "../agent-examples/runtime/"

func policyFile(name string) string { return runtimeExample + "policies/" + name + ".json" }

// written holds a file to what the tests know, or writes it.
func written(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the tools call (%v); if that is meant: go test ./tools -run TestRights -update", path, err)
	}
}

// between is text with what is between two lines of it put in place of what is there.
func between(t *testing.T, text, first, last, want string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, first+"\n")
	_, after, ended := strings.Cut(rest, last+"\n")
	if !ok || !ended {
		t.Fatalf("there are no lines %q and %q", first, last)
	}
	return before + first + "\n" + want + last + "\n" + after
}

// The policies of agent-examples/runtime, and what README says of them, are what the
// tools call, no less and no more.
func TestRights(t *testing.T) {
	t.Parallel()
	o := newObserved(t)
	o.observe()
	var seen []string
	for _, rights := range o.rights {
		seen = append(seen, rights...)
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	want := append(callable(t), "InvokeGateway", "InvokeAgentRuntime")
	slices.Sort(want)
	if !slices.Equal(seen, want) {
		t.Errorf("the tools called\n%q, and the code has\n%q", seen, want)
	}
	for _, tool := range tools.All() {
		if len(o.rights[tool.Name]) == 0 {
			t.Errorf("%s called nothing", tool.Name)
		}
	}
	template, err := os.ReadFile(runtimeExample + "template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies() {
		all, err := statements(o.allowed(p))
		if err != nil {
			t.Fatal(err)
		}
		if p.name != "life-cycle" { // the template's server has no such tools
			needed, err := statements(templateNeeds(o.allowed(p)))
			if err != nil {
				t.Fatal(err)
			}
			const deep = "                # "
			template = []byte(between(t, string(template), deep+p.name+": written by a test from policies/"+p.name+".json", deep+"/"+p.name, inTemplate(t, p, needed)))
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(document{"2012-10-17", all}); err != nil {
			t.Fatal(err)
		}
		written(t, policyFile(p.name), text.Bytes())
	}
	written(t, runtimeExample+"template.yaml", template)
	written(t, runtimeExample+"policies/README.md", o.reference(t))
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	written(t, "../README.md", []byte(between(t, string(readme), "<!-- rights: written by a test -->", "<!-- /rights -->", o.summary())))
}

// templateNeeds are those of the rights that the template's server has a use for: no
// target there signs with IAM or has an API key, and its gateway's callers bring tokens.
func templateNeeds(rights []string) []string {
	needless := []string{"InvokeGateway", "InvokeAgentRuntime", "GetResourceApiKey", "GetApiKeyCredentialProvider"}
	return slices.DeleteFunc(slices.Clone(rights), func(right string) bool { return slices.Contains(needless, right) })
}

// templateResources are the template's own of the resources that a policy allows.
func templateResources(p policy) map[string][]string {
	sub := func(service, resource string) string {
		return "!Sub arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" + resource
	}
	const name, identity = "bedrock-agentcore", "workload-identity-directory/default"
	identities := []string{"!GetAtt Identity.WorkloadIdentityArn"}
	if !p.server.ReadOnly { // AWS wants rights of whoever synchronizes: presumably those for the identity as which the gateway does it
		identities = append(identities, sub(name, identity+"/workload-identity/${GatewayName}-*"))
	}
	return map[string][]string{
		"*":                               {`"*"`},
		agentcore + "gateway/*":           {"!GetAtt Gateway.GatewayArn"},
		agentcore + "runtime/*":           {sub(name, "runtime/${OrdersRuntimeName}-*"), sub(name, "runtime/${ServerRuntimeName}-*")}, // its own ARN would be a circle
		agentcore + "token-vault/default": {sub(name, "token-vault/default")},
		agentcore + "token-vault/default/oauth2credentialprovider/*": {"!GetAtt Provider.CredentialProviderArn"},
		agentcore + "token-vault/default/apikeycredentialprovider/*": {}, // it has none
		agentcore + identity:                          {sub(name, identity)},
		agentcore + identity + "/workload-identity/*": identities,
		secretARN + "agentcore-gateway-mcp*":          {"!Ref CallersSecret"},
		// CloudFormation's schema of the provider gives out no ARN of its secret.
		secretARN + "bedrock-agentcore-identity!default/*": {sub("secretsmanager", "secret:bedrock-agentcore-identity!default/oauth2/${GatewayName}-identity-*")},
	}
}

// inTemplate writes a policy's statements as the template has them, as deep as they are
// there.
func inTemplate(t *testing.T, p policy, all []statement) string {
	t.Helper()
	const deep = "                "
	var text strings.Builder
	for _, s := range all {
		fmt.Fprintf(&text, deep+"- Sid: %s\n"+deep+"  Effect: %s\n"+deep+"  Action:\n", s.Sid, s.Effect)
		for _, a := range s.Action {
			fmt.Fprintf(&text, deep+"    - %s\n", a)
		}
		text.WriteString(deep + "  Resource:\n")
		for _, r := range s.Resource {
			known, ok := templateResources(p)[r]
			if !ok {
				t.Errorf("which of %s are the template's? templateResources does not say", r)
			}
			for _, resource := range known {
				fmt.Fprintf(&text, deep+"    - %s\n", resource)
			}
		}
		for operator, keys := range s.Condition {
			t.Errorf("the template has no server that needs the condition %s %v", operator, keys)
		}
	}
	return text.String()
}

// summary is README's list of what each policy adds to the one before it.
func (o *observed) summary() string {
	var text strings.Builder
	var before []string
	for _, p := range policies() {
		added := slices.DeleteFunc(o.allowed(p), func(right string) bool { return slices.Contains(before, right) })
		before = append(before, added...)
		fmt.Fprintf(&text, "- [%s](agent-examples/runtime/policies/%s.json)%s: %s\n", p.name, p.name, map[bool]string{true: " adds"}[p.name != "read-only"], quoted(added))
	}
	return text.String()
}

// quoted names rights as IAM does, those of AgentCore without its prefix.
func quoted(rights []string) string {
	var names []string
	for _, right := range rights {
		name := "`" + strings.TrimPrefix(action(right), "bedrock-agentcore:") + "`"
		if _, what, ok := strings.Cut(right, " "); ok {
			name += " " + what
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// reference writes the calls of each tool into the policies' README.
func (o *observed) reference(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(runtimeExample + "policies/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| tool | calls | AWS wants besides |\n|---|---|---|\n")
	row := func(name string, rights []string) {
		var besides []string
		for _, right := range rights {
			besides = append(besides, wantedBeside()[right]...)
		}
		slices.Sort(besides)
		besides = slices.DeleteFunc(slices.Compact(besides), func(right string) bool { return slices.Contains(rights, right) })
		fmt.Fprintf(&table, "| %s | %s | %s |\n", name, quoted(rights), quoted(besides))
	}
	for _, tool := range tools.All() {
		row("`"+tool.Name+"`", o.rights[tool.Name])
	}
	for _, p := range policies() {
		row("resources, "+p.name, o.rights["resources of "+p.name])
		row("completions, "+p.name, o.rights["completions of "+p.name])
	}
	return []byte(between(t, string(data), "<!-- calls: written by a test -->", "<!-- /calls -->", table.String()))
}

// calledNoMore reports each call since before that the policy of a server which only
// reads does not allow.
func (o *onlooker) calledNoMore(t *testing.T, before map[string]int) {
	t.Helper()
	data, err := os.ReadFile(policyFile("read-only"))
	if err != nil {
		t.Fatal(err)
	}
	var readOnly document
	if err := json.Unmarshal(data, &readOnly); err != nil {
		t.Fatal(err)
	}
	called := o.called(before)
	if !slices.Contains(called, "GetGatewayTarget") {
		t.Errorf("it called only %q", called)
	}
	for _, right := range called {
		if !slices.ContainsFunc(readOnly.Statement, func(s statement) bool { return slices.Contains(s.Action, action(right)) }) {
			t.Errorf("%s was called, which read-only.json does not allow", right)
		}
	}
}

package interop_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const runtimeExample = "../agent-examples/runtime"

// The orders server's image for AgentCore Runtime, as it is started there.
func TestOrdersImage(t *testing.T) {
	t.Parallel()
	w := newImageWorkshop(t)
	w.buildBase(t)
	image := w.build(t, "arm64", "--target", "orders")
	config := w.inspect(t, image)
	if config.Architecture != "arm64" || config.Config.User != imageUser+":"+imageUser || !slices.Equal(config.Config.Entrypoint, []string{"/orders"}) {
		t.Errorf("the image is %+v", config)
	}
	root := strings.TrimSpace(string(succeed(t, w.env, w.podman, "image", "mount", image)))
	defer succeed(t, w.env, w.podman, "image", "unmount", image)
	binary, err := elf.Open(filepath.Join(root, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	if libraries, err := binary.ImportedLibraries(); binary.Machine != elf.EM_AARCH64 || len(libraries) != 0 || err != nil {
		t.Errorf("orders is for %v and needs %q, %v", binary.Machine, libraries, err)
	}
	emulator := ""
	if runtime.GOARCH != "arm64" {
		emulator = w.find(t, "qemu-aarch64-static")
	}
	platform := &onPlatform{}
	t.Cleanup(platform.CloseIdleConnections)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "platform", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: w.serve(t, image, config, emulator, []string{"ORDERS_TOOLS=3"}) + "/mcp", HTTPClient: &http.Client{Transport: platform}, DisableStandaloneSSE: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if listed, err := session.ListTools(t.Context(), nil); err != nil || len(listed.Tools) != 3 {
		t.Errorf("tools %+v, %v", listed, err)
	}
}

const template = runtimeExample + "/template.yaml"

// misspelt is a copy of the template with a property that no resource has.
func misspelt(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	write(t, path, strings.Replace(string(text), "NetworkMode: PUBLIC", "NetworkMode: PUBLIC\n        Netwrk: PUBLIC", 1))
	return path
}

// policyTemplate is a template whose resources are the policies, each text of which is
// changed first.
func policyTemplate(t *testing.T, change func(string) string) string {
	t.Helper()
	paths, err := filepath.Glob(runtimeExample + "/policies/*.json")
	if err != nil || len(paths) != 3 {
		t.Fatalf("policies %q, %v", paths, err)
	}
	resources := map[string]any{}
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		resources[fmt.Sprint("Policy", i)] = map[string]any{"Type": "AWS::IAM::ManagedPolicy", "Properties": map[string]any{"PolicyDocument": json.RawMessage(change(string(text)))}}
	}
	text, err := json.Marshal(map[string]any{"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "policies.json")
	write(t, path, string(text))
	return path
}

// The linter of CloudFormation templates knows the resources' schemas, and IAM's actions.
func TestTemplateLint(t *testing.T) {
	t.Parallel()
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("there is no cfn-lint, which only pip has: pip install cfn-lint") // not for REQUIRE_INTEROP: no package of Debian or npm has it
	}
	check := func(paths ...string) result {
		return run(t, pythonEnvironment(), lint, append([]string{"--format", "parseable", "--regions", "us-east-1", "--"}, paths...)...)
	}
	if r := check(template, policyTemplate(t, func(text string) string { return text })); r.status != 0 {
		t.Errorf("cfn-lint: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	wrong := policyTemplate(t, func(text string) string { return strings.Replace(text, ":GetGateway\"", ":GetGatwayy\"", 1) })
	if r := check(misspelt(t), wrong); r.status == 0 || !bytes.Contains(r.stdout, []byte("Netwrk")) || bytes.Count(r.stdout, []byte("'getgatwayy'")) != 3 {
		t.Errorf("cfn-lint does not find what is misspelt: %d %s", r.status, r.stdout)
	}
}

// included is what cdk/include.mjs reports.
type included struct {
	Resources map[string]struct {
		Type, Class string
		Overrides   map[string]any
	}
	Template map[string]any // as JSON
	Reports  any
}

func includeTemplate(t *testing.T, path string) (f included) {
	t.Helper()
	dir := t.TempDir()
	newNode(t).script(t, []string{"HOME=" + dir}, "cdk/include.mjs", path, dir)
	data, err := os.ReadFile(filepath.Join(dir, "found.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// The CDK has a class for each resource, and that class knows each property.
func TestTemplateCDK(t *testing.T) {
	t.Parallel()
	f := includeTemplate(t, template)
	for id, r := range f.Resources {
		name := r.Type[strings.LastIndex(r.Type, ":")+1:]
		if r.Class != "Cfn"+name || len(r.Overrides) > 0 {
			t.Errorf("%s is a %s by class %s, which does not know %v", id, r.Type, r.Class, r.Overrides)
		}
	}
	if len(f.Resources) < 19 {
		t.Errorf("there are only %d resources", len(f.Resources))
	}
	if data, _ := json.Marshal(f.Reports); bytes.Contains(data, []byte(`"severity"`)) {
		t.Errorf("the CDK's validation: %s", data)
	}
	bad := includeTemplate(t, misspelt(t))
	if data, _ := json.Marshal(bad.Reports); len(bad.Resources["OrdersRuntime"].Overrides) == 0 || !bytes.Contains(data, []byte(`"severity"`)) {
		t.Errorf("the CDK knows a misspelt property: %+v, %s", bad.Resources["OrdersRuntime"], data)
	}
	// The guide reads no output that is not there.
	guide, err := os.ReadFile(runtimeExample + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	read := regexp.MustCompile(`\$\(output (\w+)\)`).FindAllSubmatch(guide, -1)
	for _, name := range read {
		if outputs := f.Template["Outputs"].(map[string]any); outputs[string(name[1])] == nil {
			t.Errorf("README.md reads the output %s", name[1])
		}
	}
	if len(read) < 4 {
		t.Errorf("README.md reads only %d outputs", len(read))
	}
}

// What a role of the template may do is about the template's own resources: these are all
// that a wildcard names, by the role.
func TestTemplateRoles(t *testing.T) {
	t.Parallel()
	const arn = "arn:${AWS::Partition}:"
	const here = ":${AWS::Region}:${AWS::AccountId}:"
	image := func(runtime string) []string {
		logs := arn + "logs" + here + "log-group:/aws/bedrock-agentcore/runtimes/${" + runtime + "}-*"
		return []string{"ecr:GetAuthorizationToken *", "logs:DescribeLogGroups " + arn + "logs" + here + "log-group:*", logs, logs + ":log-stream:*"}
	}
	identities := arn + "bedrock-agentcore" + here + "workload-identity-directory/default/workload-identity/${GatewayName}-*"
	secrets := arn + "secretsmanager" + here + "secret:bedrock-agentcore-identity!default/oauth2/${GatewayName}-identity-*"
	reading := append(image("ServerRuntimeName"), "bedrock-agentcore:ListGateways *",
		arn+"bedrock-agentcore"+here+"runtime/${OrdersRuntimeName}-*", arn+"bedrock-agentcore"+here+"runtime/${ServerRuntimeName}-*")
	want := map[string][]string{
		"GatewayRole":           {identities, secrets},
		"OrdersRole":            image("OrdersRuntimeName"),
		"ServerRole, read-only": reading,
		"ServerRole, managing":  append(slices.Clone(reading), identities, secrets),
	}
	got := map[string][]string{}
	wild := func(name string, policies ...any) {
		for _, p := range policies {
			for _, s := range p.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				got[name] = append(got[name], wildcards(s.(map[string]any))...)
			}
		}
	}
	for name, r := range includeTemplate(t, template).Template["Resources"].(map[string]any) {
		if r := r.(map[string]any); r["Type"] == "AWS::IAM::Role" {
			for _, p := range r["Properties"].(map[string]any)["Policies"].([]any) {
				switch either, ok := p.(map[string]any)["Fn::If"].([]any); {
				case ok:
					wild(name+", managing", either[1])
					wild(name+", read-only", either[2])
				case name == "ServerRole":
					wild(name+", managing", p)
					wild(name+", read-only", p)
				default:
					wild(name, p)
				}
			}
		}
	}
	for name := range got {
		slices.Sort(got[name])
		slices.Sort(want[name])
		if got[name] = slices.Compact(got[name]); !slices.Equal(got[name], want[name]) {
			t.Errorf("%s may use\n%s, not\n%s", name, strings.Join(got[name], "\n"), strings.Join(want[name], "\n"))
		}
	}
	if len(got) != len(want) {
		t.Errorf("the template has %d roles, not %d", len(got), len(want))
	}
}

// wildcards are the resources that a statement names with one, those of a whole kind with
// the actions that know no narrower one.
func wildcards(statement map[string]any) (all []string) {
	list := func(v any) []any {
		if several, ok := v.([]any); ok {
			return several
		}
		return []any{v}
	}
	for _, r := range list(statement["Resource"]) {
		text, _ := r.(string)
		if sub, ok := r.(map[string]any); ok {
			text, _ = sub["Fn::Sub"].(string)
		}
		switch {
		case text == "*" || strings.HasSuffix(text, ":*") && !strings.Contains(text, "-*"):
			for _, a := range list(statement["Action"]) {
				all = append(all, a.(string)+" "+text)
			}
		case strings.ContainsAny(text, "*?"):
			all = append(all, text)
		}
	}
	return all
}

// The guide's commands that need no AWS, from the token on, against a local AgentCore
// with a server behind its gateway.
func TestGuideRuntimeExample(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "jq")
	blocks := commandsIn(t, runtimeExample+"/README.md")
	var free []string
	for _, block := range blocks {
		if !strings.Contains(block, "aws ") {
			free = append(free, block)
		} else if r := run(t, environment(t.TempDir()), "bash", "-n", "-c", block); r.status != 0 {
			t.Errorf("%s\n%s", block, r.stderr)
		}
	}
	if len(free) != 2 {
		t.Fatalf("%d blocks need no AWS: %q", len(free), free)
	}
	file := filepath.Join(t.TempDir(), "env")
	printed := start(t, regexp.MustCompile(`^Everything is gone`), "local", "--addr", "127.0.0.1:0", "--env-file", file)
	settings, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env := append(environment(t.TempDir()), strings.Fields(string(settings))...)
	served, _ := background(t, serving, env, program, "serve", "--addr", "127.0.0.1:0")
	succeed(t, env, program, "call", "create_target", "--name", "gateway-tools", "--endpoint", serving.FindStringSubmatch(served)[1])
	found := regexp.MustCompile(`Its MCP endpoint (\S+)\s+takes tokens of (\S+)`).FindStringSubmatch(printed)
	if found == nil {
		t.Fatalf("local printed %s", printed)
	}
	setting := func(name string) string {
		return regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(string(settings))[1]
	}
	env = append(env, "MCP_URL="+found[1], "MCP_TOKEN_URL="+found[2], "MCP_CLIENT_ID="+setting("AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_ID"),
		"MCP_CLIENT_SECRET="+setting("AGENTCORE_GATEWAY_MCP_GATEWAY_CLIENT_SECRET"), "MCP_SCOPES="+setting("AGENTCORE_GATEWAY_MCP_GATEWAY_SCOPE"))
	said := shell(t, env, free...)
	for _, want := range []string{"mcp-server-target___getOrder\n", "mcp-server-target___updateOrder\n", "gateway-tools___synchronize_target\n",
		`"drifted":1`, `{"outcome":"synchronized","added":["cancelOrder"]}`, "\nmcp-server-target___cancelOrder\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not come:\n%s", want, said)
		}
	}
}

// cliRules are what the agentcore CLI (0.30.0) wants of agentcore.json, of the parts that
// ours has: a reduced copy of its published schemas/agentcore.schema.v1.json.
const cliRules = `{
  "type": "object", "required": ["name", "version"], "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string"},
    "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9]{0,22}$"},
    "version": {"type": "integer", "minimum": 1},
    "managedBy": {"type": "string", "enum": ["CDK"]},
    "runtimes": {"type": "array", "items": {
      "type": "object", "required": ["name", "build", "entrypoint", "codeLocation"], "additionalProperties": false,
      "properties": {
        "name": {"type": "string", "pattern": "^[a-zA-Z][a-zA-Z0-9_]{0,47}$"},
        "description": {"type": "string", "maxLength": 200},
        "build": {"type": "string", "enum": ["CodeZip", "Container"]},
        "entrypoint": {"type": "string", "pattern": "^[a-zA-Z0-9_][a-zA-Z0-9_/.-]*\\.(py|ts|js)(:[a-zA-Z_][a-zA-Z0-9_]*)?$"},
        "codeLocation": {"type": "string", "minLength": 1},
        "dockerfile": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9._-][A-Za-z0-9._/-]*$"},
        "buildContextPath": {"type": "string", "minLength": 1},
        "protocol": {"type": "string", "enum": ["HTTP", "MCP", "A2A", "AGUI"]},
        "networkMode": {"type": "string", "enum": ["PUBLIC", "VPC"]},
        "instrumentation": {"type": "object", "additionalProperties": false, "properties": {"enableOtel": {"type": "boolean"}}},
        "additionalPolicies": {"type": "array", "items": {"type": "string", "minLength": 1}},
        "envVars": {"type": "array", "items": {
          "type": "object", "required": ["name", "value"], "additionalProperties": false,
          "properties": {"name": {"type": "string", "maxLength": 255, "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}, "value": {"type": "string"}}
        }}
      }
    }}
  }
}`

// agentcore.json is one that the CLI takes, names files that are there, and variables
// that the server knows, as the template does.
func TestAgentCoreCLIProject(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(runtimeExample + "/agentcore/agentcore.json")
	if err != nil {
		t.Fatal(err)
	}
	var rules jsonschema.Schema
	if err := json.Unmarshal([]byte(cliRules), &rules); err != nil {
		t.Fatal(err)
	}
	resolved, err := rules.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return err
		}
		return resolved.Validate(v)
	}
	if err := valid(string(data)); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{{`"unused.py"`, `"/orders"`}, {`"MCP"`, `"mcp"`}, {`"build"`, `"built"`}} {
		if wrong := strings.Replace(string(data), change[0], change[1], 1); wrong == string(data) || valid(wrong) == nil {
			t.Errorf("with %s it is as good", change[1])
		}
	}
	var project struct {
		Runtimes []struct {
			CodeLocation, BuildContextPath, Dockerfile string
			AdditionalPolicies                         []string
		}
	}
	if err := json.Unmarshal(data, &project); err != nil || len(project.Runtimes) != 1 {
		t.Fatalf("%+v, %v", project, err)
	}
	r := project.Runtimes[0]
	for _, path := range append([]string{filepath.Join(r.BuildContextPath, r.Dockerfile)}, r.AdditionalPolicies...) {
		if _, err := os.Stat(filepath.Join(runtimeExample, r.CodeLocation, path)); err != nil {
			t.Error(err)
		}
	}
	help := string(succeed(t, environment(t.TempDir()), program, "help", "serve")) + string(succeed(t, environment(t.TempDir()), program, "help", "flags"))
	text, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	variables := regexp.MustCompile(`AGENTCORE_GATEWAY_MCP_\w+`).FindAllString(string(data)+string(text), -1)
	for _, name := range variables {
		if !regexp.MustCompile(`(?m)\$` + name + `$`).MatchString(help) {
			t.Errorf("the server does not know %s", name)
		}
	}
	if len(variables) < 10 {
		t.Errorf("only %d variables are set", len(variables))
	}
}

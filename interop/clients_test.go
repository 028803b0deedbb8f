package interop_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/emulator"
)

// block is a fenced part of a guide.
type block struct{ language, text string }

var fences = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocksOf are the fenced parts of a file that name their language.
func blocksOf(t *testing.T, path string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range fences.FindAllSubmatch(text, -1) {
		blocks = append(blocks, block{string(found[1]), string(found[2])})
	}
	return blocks
}

// parsed is what a block of JSON, TOML or YAML holds; Python reads what Go's own
// library does not.
func (b block) parsed(t *testing.T) (value map[string]any) {
	t.Helper()
	data := []byte(b.text)
	if module := map[string]string{"toml": "tomllib", "yaml": "yaml"}[b.language]; module != "" {
		read := map[string]string{"toml": "tomllib.loads", "yaml": "yaml.safe_load"}[b.language]
		python := fromPython(t, "python3")
		if run(t, pythonEnvironment(), python, "-c", "import "+module).status != 0 {
			missing(t, "python3 has no "+module, "tomllib comes with Python 3.11, yaml with the AWS CLI: "+pythonRemedy)
		}
		data = succeed(t, pythonEnvironment(), python, "-c", "import json, sys, "+module+"\njson.dump("+read+"(sys.argv[1]), sys.stdout)", b.text)
	}
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v in\n%s", err, b.text)
	}
	return value
}

// entry is a client's entry for the server.
type entry struct {
	Type, Command, URL string
	Args               []string
	Env, Headers       map[string]string
	Bearer             string `json:"bearer_token_env_var"`
}

// transport says which kind of entry it is.
func (e entry) transport() string {
	if e.URL != "" {
		return "http"
	}
	return "stdio"
}

// entryIn is the server's entry below the key that the client reads.
func entryIn(t *testing.T, config map[string]any, key string) entry {
	t.Helper()
	data, err := json.Marshal(config[key])
	if err != nil {
		t.Fatal(err)
	}
	var servers map[string]entry
	if err := json.Unmarshal(data, &servers); err != nil || len(servers) != 1 || servers["agentcore-gateway"].URL+servers["agentcore-gateway"].Command == "" {
		t.Fatalf("%v, no entry for agentcore-gateway below %s in %v", err, key, config)
	}
	return servers["agentcore-gateway"]
}

// entryFrom is what `claude mcp add` and `codex mcp add` make of their arguments. An
// option whose name is in greedy takes all words up to the next option, which is why
// the name must not follow it.
func entryFrom(t *testing.T, words []string, greedy ...string) (e entry) {
	t.Helper()
	e.Env, e.Headers = map[string]string{}, map[string]string{}
	var names []string
	for i := 0; i < len(words); i++ {
		option := words[i]
		if option == "--" {
			e.Command, e.Args = words[i+1], words[i+2:]
			break
		}
		if !strings.HasPrefix(option, "-") {
			names = append(names, option)
			continue
		}
		for i++; ; i++ {
			switch name, value, _ := strings.Cut(words[i], "="); option {
			case "-e", "--env":
				e.Env[name] = value
			case "--header":
				header, value, _ := strings.Cut(words[i], ": ")
				e.Headers[header] = value
			case "--url":
				e.URL = words[i]
			case "--bearer-token-env-var":
				e.Bearer = words[i]
			case "--transport":
				e.Type = words[i]
			default:
				t.Fatalf("option %s in %q", option, words)
			}
			if !slices.Contains(greedy, option) || i+1 == len(words) || strings.HasPrefix(words[i+1], "-") {
				break
			}
		}
	}
	if len(names) == 2 && e.Type == "http" {
		e.URL = names[1]
	}
	if len(names) == 0 || names[0] != "agentcore-gateway" || e.URL+e.Command == "" {
		t.Fatalf("%q is for no server: %+v", words, e)
	}
	return e
}

// clientPage is a page of docs/clients, or another place with a client's entry.
type clientPage struct {
	page    string
	key     string   // the object with the entries
	adds    string   // the command that makes one
	greedy  []string // its options that take several words
	entries []string // the entries of the page, by language and transport
}

var clients = []clientPage{
	{page: "claude-desktop.md", key: "mcpServers", entries: []string{"json stdio"}},
	{page: "claude-code.md", key: "mcpServers", adds: "claude mcp add", greedy: []string{"-e", "--env", "--header"}, entries: []string{"sh stdio", "json stdio", "sh stdio", "sh http"}},
	{page: "cursor.md", key: "mcpServers", entries: []string{"json stdio", "json http"}},
	{page: "vscode.md", key: "servers", entries: []string{"json stdio", "json http"}},
	{page: "codex.md", key: "mcp_servers", adds: "codex mcp add", entries: []string{"sh stdio", "toml stdio", "sh http", "toml http"}},
	{page: "inspector.md", key: "mcpServers", entries: []string{"json stdio"}}, // its commands are run as they stand, by TestClientInspector
	{page: "../../README.md", key: "mcpServers", entries: []string{"json stdio"}},
	{page: "../../README.ja.md", key: "mcpServers", entries: []string{"json stdio"}},
}

// TestClients does with each entry in the guides what its client does: it reads it,
// starts the server or connects to it, and lists the tools.
func TestClients(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl", "jq")
	url, token := withToken(t)
	written, err := filepath.Glob("../docs/clients/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range written {
		if !slices.ContainsFunc(clients, func(c clientPage) bool { return c.page == filepath.Base(path) }) {
			t.Errorf("%s is not tested", path)
		}
	}
	for _, c := range clients {
		t.Run(filepath.Base(c.page), func(t *testing.T) {
			t.Parallel()
			var kinds []string
			for _, b := range blocksOf(t, filepath.Join("../docs/clients", c.page)) {
				for _, e := range c.read(t, b) {
					kinds = append(kinds, b.language+" "+e.transport())
					checkEntry(t, e, url, token)
				}
			}
			if !slices.Equal(kinds, c.entries) {
				t.Errorf("it has %q, want %q", kinds, c.entries)
			}
		})
	}
}

// read is the entries that a block holds: one, or one for each command.
func (c clientPage) read(t *testing.T, b block) (entries []entry) {
	t.Helper()
	if b.language != "sh" {
		return []entry{entryIn(t, b.parsed(t), c.key)}
	}
	if c.adds == "" {
		return nil
	}
	for line := range strings.Lines(b.text) {
		rest, found := strings.CutPrefix(strings.TrimSpace(line), c.adds+" ")
		if !found {
			t.Errorf("%q is not %q", line, c.adds)
			continue
		}
		words := strings.Split(shell(t, environment(t.TempDir()), "printf '%s\\n' "+rest), "\n")
		entries = append(entries, entryFrom(t, words[:len(words)-1], c.greedy...))
	}
	return entries
}

// withToken starts a server that asks for a token, and fetches one with the command in
// docs/clients.md.
func withToken(t *testing.T) (url, token string) {
	t.Helper()
	const id, secret, scope = "a-client", "its-secret", "gateways/write"
	core := emulator.New(emulator.Options{})
	t.Cleanup(core.Close)
	pool := core.NewUserPool("clients")
	pool.AddClient(id, secret, scope)
	discovery := pool.DiscoveryURL(listen(t, core))
	url = serving.FindStringSubmatch(start(t, serving, "serve", "--local", "--addr", "127.0.0.1:0", "--auth", "jwt",
		"--discovery-url", discovery, "--allowed-clients", id, "--write-scope", scope))[1]
	tokens := strings.Replace(discovery, ".well-known/openid-configuration", "oauth2/token", 1)
	i := slices.IndexFunc(commandsOf(t, "clients.md"), func(b string) bool { return strings.HasPrefix(b, "export MCP_TOKEN=") })
	if i < 0 {
		t.Fatal("docs/clients.md does not fetch a token")
	}
	token = shell(t, environment(t.TempDir(), "MCP_CLIENT_ID="+id, "MCP_CLIENT_SECRET="+secret, "MCP_SCOPES="+scope, "MCP_TOKEN_URL="+tokens),
		commandsOf(t, "clients.md")[i], `printf %s "$MCP_TOKEN"`)
	return url, token
}

// checkEntry connects as the entry says, on the local AgentCore, and wants the tools.
func checkEntry(t *testing.T, e entry, url, token string) {
	t.Helper()
	var transport mcp.Transport
	if e.transport() == "http" {
		if e.URL != "http://127.0.0.1:8000/mcp" {
			t.Errorf("URL %q", e.URL)
		}
		authorization := e.Headers["Authorization"]
		if e.Bearer == "MCP_TOKEN" {
			authorization = "Bearer ${MCP_TOKEN}"
		}
		authorization = strings.NewReplacer("${MCP_TOKEN}", token, "${env:MCP_TOKEN}", token, "${input:mcp-token}", token).Replace(authorization)
		base := &http.Transport{}
		defer base.CloseIdleConnections()
		transport = &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: header{base, authorization}}, DisableStandaloneSSE: true}
	} else {
		if e.Command != "/path/to/agentcore-gateway-mcp" {
			t.Errorf("command %q", e.Command)
		}
		cmd := exec.Command(program, append(slices.Clone(e.Args), "--local")...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		for name, value := range e.Env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		if profile := e.Env["AWS_PROFILE"]; profile != "" {
			path := filepath.Join(t.TempDir(), "config")
			write(t, path, "[profile "+profile+"]\naws_access_key_id = local\naws_secret_access_key = local\n")
			cmd.Env = append(cmd.Env, "AWS_CONFIG_FILE="+path)
		}
		transport = &mcp.CommandTransport{Command: cmd, TerminateDuration: 10 * time.Second}
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	defer session.Close()
	listed, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	if !slices.ContainsFunc(listed.Tools, func(tool *mcp.Tool) bool { return tool.Name == "synchronize_target" }) {
		t.Errorf("%+v: no synchronize_target among %d tools", e, len(listed.Tools))
	}
}

// header sends an Authorization header with each request.
type header struct {
	base          *http.Transport
	authorization string
}

func (h header) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", h.authorization)
	return h.base.RoundTrip(r)
}

// TestClientInspector runs the Inspector's page as it stands, with the binary's path and
// the server's address.
func TestClientInspector(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	needs(t, "bash", "curl", "jq")
	url, token := withToken(t)
	var said []string
	for _, b := range blocksOf(t, "../docs/clients/inspector.md") {
		if b.language != "sh" {
			continue
		}
		for line := range strings.Lines(b.text) {
			command, found := strings.CutPrefix(line, "npx @modelcontextprotocol/inspector ")
			if !found {
				t.Fatalf("%q is no command of the Inspector", line)
			}
			command = strings.NewReplacer("/path/to/agentcore-gateway-mcp", program, "http://127.0.0.1:8000/mcp", url).Replace(command)
			said = append(said, shell(t, slices.Concat(n.env, []string{"MCP_TOKEN=" + token}), n.command("mcp-inspector")+" "+command))
		}
	}
	wants := []string{`"synchronize_target"`, `cancelOrder`, `"synchronize_target"`}
	if len(said) != len(wants) {
		t.Fatalf("%d commands", len(said))
	}
	for i, want := range wants {
		if !strings.Contains(said[i], want) {
			t.Errorf("command %d does not say %s:\n%s", i, want, said[i])
		}
	}
}

// TestGuideParses reads the pipelines' files in docs/clients.md.
func TestGuideParses(t *testing.T) {
	t.Parallel()
	var steps []string
	for _, b := range blocksOf(t, "../docs/clients.md") {
		if b.language != "yaml" {
			continue
		}
		value := b.parsed(t)
		for _, key := range []string{"steps", "phases"} {
			if value[key] != nil {
				steps = append(steps, key)
			}
		}
	}
	if !slices.Equal(steps, []string{"steps", "phases"}) {
		t.Errorf("a workflow and a buildspec are %q", steps)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"agentcore-gateway-mcp/command"
)

const listingPath = "../server.json"

// server.json is valid, as it is in the source and as a release fills it in.
func TestListing(t *testing.T) {
	source, err := os.ReadFile(listingPath)
	if err != nil {
		t.Fatal(err)
	}
	sum := strings.Repeat("0123456789abcdef", 4)
	released, err := list(listingPath, "1.2.3", "images.example.com/team/agentcore-gateway-mcp", "https://downloads.example.com/v1.2.3/", sum)
	if err != nil {
		t.Fatal(err)
	}
	unplaced, err := list(listingPath, "1.2.3", "", "", sum)
	if err != nil {
		t.Fatal(err)
	}
	schema := readSchema(t)
	for name, text := range map[string][]byte{"in the source": source, "of a release": released, "of a release without places": unplaced} {
		if err := valid(schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, broken := range map[string]string{
		"two slashes":    strings.Replace(string(released), "agentcore-gateway-mcp/", "a/b/", 1),
		"no sum":         strings.Replace(string(released), sum, "none", 1),
		"another way in": strings.Replace(string(released), `"stdio"`, `"pipe"`, 1),
		"no identifier":  strings.Replace(string(released), `"identifier"`, `"name"`, 1),
		"too long":       strings.Replace(string(released), `"description": "`, `"description": "`+strings.Repeat("x", 100), 1),
		"latest":         strings.Replace(string(released), `"1.2.3"`, `"latest"`, 2),
	} {
		if broken == string(released) || valid(schema, []byte(broken)) == nil {
			t.Errorf("%s: valid, too", name)
		}
	}

	var l listing
	if err := json.Unmarshal(released, &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Packages) != 2 || l.Version != "1.2.3" {
		t.Fatalf("%s", released)
	}
	// An image's version stands in its identifier only, and a bundle needs a sum: the
	// registry refuses what is otherwise, the schema does not.
	if image := l.Packages[0]; image.Identifier != "images.example.com/team/agentcore-gateway-mcp:1.2.3" || image.Version != "" || image.SHA256 != "" {
		t.Errorf("the image: %+v", image)
	}
	if bundle := l.Packages[1]; bundle.Identifier != "https://downloads.example.com/v1.2.3/agentcore-gateway-mcp.mcpb" || bundle.Version != "1.2.3" || bundle.SHA256 != sum {
		t.Errorf("the bundle: %+v", bundle)
	}
	if strings.Contains(string(unplaced), "packages") {
		t.Errorf("a place is made up: %s", unplaced)
	}
	// The registry looks for the name in the image's labels.
	if label := `io.modelcontextprotocol.server.name="` + l.Name + `"`; !strings.Contains(read(t, "../Dockerfile"), label) {
		t.Errorf("the Dockerfile has no label %s", label)
	}
}

// The variables that the manifest and server.json set are the program's.
func TestVariables(t *testing.T) {
	var help bytes.Buffer
	for _, topic := range []string{"stdio", "serve", "flags"} {
		if err := command.Run(t.Context(), []string{"help", topic}, func(string) string { return "" }, strings.NewReader(""), &help, &help); err != nil {
			t.Fatal(err)
		}
	}
	found := regexp.MustCompile(`AGENTCORE_GATEWAY_MCP_\w+`).FindAllString(string(template)+read(t, listingPath), -1)
	if len(found) == 0 {
		t.Fatal("there is none")
	}
	for _, variable := range found {
		if !regexp.MustCompile(regexp.QuoteMeta("$"+variable) + `\b`).Match(help.Bytes()) {
			t.Errorf("help does not know %s", variable)
		}
	}
}

func readSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(read(t, "testdata/server.schema.json")), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func valid(schema *jsonschema.Resolved, text []byte) error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	return schema.Validate(v)
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

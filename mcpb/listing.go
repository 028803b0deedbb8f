package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// listing is a server.json, by which the MCP registry lists a server.
type listing struct {
	Schema      string        `json:"$schema"`
	Name        string        `json:"name"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	Version     string        `json:"version"`
	Packages    []distributed `json:"packages,omitempty"`
}

// distributed is a form in which a server can be had.
type distributed struct {
	Type       string `json:"registryType"`
	Identifier string `json:"identifier"`
	Version    string `json:"version,omitempty"` // an image's is in its identifier
	SHA256     string `json:"fileSha256,omitempty"`
	Hint       string `json:"runtimeHint,omitempty"`
	Transport  struct {
		Type string `json:"type"`
	} `json:"transport"`
	Arguments   json.RawMessage `json:"packageArguments,omitempty"`
	Environment json.RawMessage `json:"environmentVariables,omitempty"`
}

// list reads the server.json of the source, in which version and places are not known
// yet, and returns that of a release: the image is named image:version, the bundle with
// this SHA-256 lies under url. What has no place is left out.
func list(path, version, image, url, sum string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("run it where go.mod is: %w", err)
	}
	var l listing
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields() // it would be lost
	if err := decoder.Decode(&l); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l.Version = version
	known := l.Packages
	l.Packages = nil
	for _, p := range known {
		if p.Type == "oci" && image != "" {
			p.Identifier = image + ":" + version
			l.Packages = append(l.Packages, p)
		}
	}
	if url != "" {
		p := distributed{Type: "mcpb", Identifier: strings.TrimSuffix(url, "/") + "/" + bundleName, Version: version, SHA256: sum}
		p.Transport.Type = "stdio"
		l.Packages = append(l.Packages, p)
	}
	text, err := json.MarshalIndent(l, "", "  ")
	return append(text, '\n'), err
}

package main

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
)

// template is the manifest of a bundle for all platforms. Its tools are what the server
// lists: go test ./mcpb -update writes them.
//
//go:embed manifest.json
var template []byte

// manifest is a bundle's, as far as it is written here; the rest of it stays as it is.
type manifest struct {
	Version       string          `json:"manifest_version"`
	Name          string          `json:"name"`
	DisplayName   string          `json:"display_name"`
	ServerVersion string          `json:"version"`
	Description   string          `json:"description"`
	Long          string          `json:"long_description"`
	Author        json.RawMessage `json:"author"`
	License       string          `json:"license"`
	Keywords      []string        `json:"keywords"`
	Compatibility struct {
		Platforms []string `json:"platforms"`
	} `json:"compatibility"`
	Server struct {
		Type    string        `json:"type"`
		Entry   string        `json:"entry_point"`
		Started configuration `json:"mcp_config"`
	} `json:"server"`
	UserConfig json.RawMessage `json:"user_config"` // in the order in which it is shown
	Prompts    bool            `json:"prompts_generated"`
	Tools      []tool          `json:"tools"`
}

// configuration is how a client starts the server.
type configuration struct {
	Command   string                   `json:"command"`
	Args      []string                 `json:"args,omitempty"`
	Env       map[string]string        `json:"env,omitempty"`
	Overrides map[string]configuration `json:"platform_overrides,omitempty"`
}

type tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func parse(data []byte) (m manifest, err error) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields() // it would be lost
	return m, decoder.Decode(&m)
}

// encode is the manifest's text.
func (m manifest) encode() ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(m)
	return []byte(text.String()), err
}

// narrow makes m the manifest of a bundle of this version for these platforms, the
// first of which is started where no other one is meant.
func (m *manifest) narrow(version string, chosen []platform) {
	m.ServerVersion = version
	m.Compatibility.Platforms = nil
	m.Server.Entry = chosen[0].program
	m.Server.Started.Command = "${__dirname}/" + chosen[0].program
	m.Server.Started.Overrides = map[string]configuration{}
	for i, p := range chosen {
		m.Compatibility.Platforms = append(m.Compatibility.Platforms, p.node)
		if i > 0 {
			m.Server.Started.Overrides[p.node] = configuration{Command: "${__dirname}/" + p.program}
		}
	}
}

// pack writes a bundle: the manifest, and the programs by the name that each has in it.
// It returns the bundle's SHA-256.
func pack(to, version string, chosen []platform, programs map[string]string) (sum string, err error) {
	m, err := parse(template)
	if err != nil {
		return "", fmt.Errorf("mcpb/manifest.json: %w", err)
	}
	m.narrow(version, chosen)
	text, err := m.encode()
	if err != nil {
		return "", err
	}
	f, err := os.Create(to)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	z := zip.NewWriter(io.MultiWriter(f, hash))
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	if err := add(z, "manifest.json", 0o644, text); err != nil {
		return "", err
	}
	for _, p := range chosen {
		program, err := os.ReadFile(programs[p.program])
		if err != nil {
			return "", err
		}
		if err := add(z, p.program, 0o755, program); err != nil {
			return "", err
		}
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// add adds a file to an archive. Its time is always the same, so that the same programs
// make the same bundle.
func add(z *zip.Writer, name string, mode os.FileMode, content []byte) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(mode)
	w, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

var gcflags = regexp.MustCompile(`-gcflags="([^"]+)"`)

// compilerOptions are those with which the image's server is built, so that they stand
// in one place.
func compilerOptions(dockerfile string) (options []string, err error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return nil, fmt.Errorf("run it where go.mod is: %w", err)
	}
	// The image may have other programs in other instructions.
	before, _, found := strings.Cut(string(text), "-o /agentcore-gateway-mcp ")
	begin := strings.LastIndex(before, "\nRUN ")
	if !found || begin < 0 {
		return nil, fmt.Errorf("%s has no RUN that builds /agentcore-gateway-mcp", dockerfile)
	}
	for _, found := range gcflags.FindAllStringSubmatch(before[begin:], -1) {
		options = append(options, "-gcflags="+found[1])
	}
	return options, nil
}

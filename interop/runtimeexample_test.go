package interop_test

import (
	"debug/elf"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

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

package tools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

// speaking connects a client of one revision of the protocol to the bench's server.
func (b *bench) speaking(revision string, server *mcp.Server) *mcp.ClientSession {
	b.t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(b.t.Context(), b.transportTo(server), &mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { session.Close() })
	return session
}

// escapedWhole percent-encodes every byte.
func escapedWhole(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		out.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
	}
	return out.String()
}

func TestResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	g, err := b.client.Gateway(t.Context(), b.gatewayID)
	if err != nil {
		t.Fatal(err)
	}
	server := tools.NewServer(b.manager, tools.Options{})
	for _, era := range eras() {
		session := b.speaking(era, server)
		read := func(path string, into any) string {
			t.Helper()
			uri := "agentcore://gateways" + path
			r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
			if err != nil {
				t.Errorf("%s, %s: %v", era, uri, err)
				return ""
			}
			if len(r.Contents) != 1 || r.Contents[0].URI != uri || r.Contents[0].MIMEType != "application/json" || json.Unmarshal([]byte(r.Contents[0].Text), into) != nil {
				t.Errorf("%s, %s: %+v", era, uri, r.Contents)
			}
			if r.TTLMs != 0 || r.CacheScope != "private" {
				t.Errorf("%s, %s may be kept: %+v", era, uri, r.Cacheable)
			}
			return r.Contents[0].Text
		}
		var list tools.GatewayList
		if read("", &list); len(list.Gateways) != 1 || list.Gateways[0].ID != b.gatewayID {
			t.Errorf("%s: %+v", era, list)
		}
		for _, ref := range []string{"shop", b.gatewayID, escapedWhole("shop"), escapedWhole(g.ARN)} {
			var view gateway.GatewayView
			if read("/"+ref, &view); view.ID != b.gatewayID || view.URL == "" {
				t.Errorf("%s, %s: %+v", era, ref, view)
			}
			for _, target := range []string{"orders", b.targetID, escapedWhole("orders")} {
				var configuration struct{ TargetID, Name string }
				if text := read("/"+ref+"/targets/"+target, &configuration); configuration.TargetID != b.targetID || !strings.Contains(text, provider) {
					t.Errorf("%s, %s/%s: %s", era, ref, target, text)
				}
				var served tools.ToolList
				if read("/"+ref+"/targets/"+target+"/tools", &served); served.Gateway != "shop" || served.Count != 2 || len(served.Targets) != 1 || served.Targets[0].Target != "orders" {
					t.Errorf("%s, %s/%s: %+v", era, ref, target, served)
				}
			}
		}
	}
}

// What is not there is the protocol's own error, with the URI that was asked for.
func TestUnknownResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	other := b.newGateway("other") // which has no targets
	all, shopOnly := tools.NewServer(b.manager, tools.Options{}), newBench(t, benchOptions{empty: true}).manager
	shopOnly.Client, shopOnly.Allowed = b.client, []string{"shop"}
	for _, c := range []struct {
		server *mcp.Server
		paths  []string
	}{
		{all, []string{
			"/none", "/none-abcdefghij", "/shop/targets/none", "/other/targets/orders", "/shop-other", "/none/targets/orders", "/shop/targets/none/tools", "/shop/targets/orders/prompts",
			"/", "/shop/", "/shop/targets", "/shop/targets/", "//targets/orders", "/shop/targets//tools", "/shop/targets/orders/", "/shop/targets/orders%2Ftools",
			"/*", "/shop,other", "/%", "/%zz", "/%00", "/arn%3Aaws", "/a\x01b", "/caf\u00e9", "/\U000e0041", `/"`, "/" + strings.Repeat("x", 100<<10), "?x", "#x",
			"/arn%3Aaws%3Abedrock-agentcore%3Aeu-west-1%3A123456789012%3Agateway%2Fshop-abcdefghij",
		}},
		{tools.NewServer(shopOnly, tools.Options{}), []string{"/other", "/other/targets/orders", "/" + other}},
		{tools.NewServer(b.manager, tools.Options{Toolsets: []tools.Toolset{tools.Identity}}), []string{"", "/shop", "/shop/targets/orders", "/shop/targets/orders/tools"}},
	} {
		for _, era := range eras() {
			session := b.speaking(era, c.server)
			for _, path := range c.paths {
				if strings.Contains(path, "\x01") && era == eras()[1] && speaksHTTP(t.Name()) {
					continue // it is in a header, which cannot have it
				}
				uri := "agentcore://gateways" + path
				_, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
				var refused *jsonrpc.Error
				if !errors.As(err, &refused) || refused.Code != jsonrpc.CodeInvalidParams || !strings.Contains(refused.Message, "Resource not found") {
					t.Errorf("%s, %.100q: %v", era, uri, err)
					continue
				}
				var data struct{ URI string }
				if err := json.Unmarshal(refused.Data, &data); err != nil || data.URI != uri && len(uri) < 1000 || len(data.URI) > 4000 {
					t.Errorf("%s, %.100q: %.200s, %v", era, uri, refused.Data, err)
				}
			}
		}
	}
	// What is unknown is answered with the candidates, as by the tools.
	for path, candidate := range map[string]string{"/none": "shop", "/shop/targets/none": "orders"} {
		if _, err := b.speaking(eras()[1], all).ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways" + path}); err == nil || !strings.Contains(err.Error(), "there is "+candidate) && !strings.Contains(err.Error(), candidate+" (") {
			t.Errorf("%s: %v", path, err)
		}
	}
	// A target that goes while it is looked for.
	b.cloud.Inject(emulator.Fault{Operation: "GetGatewayTarget", Code: "ResourceNotFoundException", Times: 1})
	_, err := b.speaking(eras()[0], all).ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways/shop/targets/orders"})
	if refused := (*jsonrpc.Error)(nil); !errors.As(err, &refused) || refused.Code != jsonrpc.CodeInvalidParams || len(refused.Data) == 0 {
		t.Errorf("a target that has gone: %v", err)
	}
	// The gateway that may be managed can be read beside one that may not.
	if _, err := b.speaking(eras()[1], tools.NewServer(shopOnly, tools.Options{})).ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways/shop"}); err != nil {
		t.Error(err)
	}
}

// That something could not be found out is no word about whether it exists.
func TestFailuresToReadAResourceAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{empty: true})
	for _, c := range []struct {
		status     int
		code, want string
		path       string
	}{
		{http.StatusForbidden, "AccessDeniedException", "access denied", ""},
		{http.StatusForbidden, "AccessDeniedException", "access denied", "/shop"},
		{http.StatusForbidden, "AccessDeniedException", "access denied", "/shop-abcdefghij/targets/orders"},
		{http.StatusForbidden, "AccessDeniedException", "access denied", "/shop/targets/orders/tools"},
		{http.StatusNotFound, "", "not offered", "/shop-abcdefghij"}, // it is not AWS at all
	} {
		front := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.code != "" {
				w.Header().Set("X-Amzn-ErrorType", c.code)
			}
			w.WriteHeader(c.status)
			w.Write([]byte(`{"message":"because"}`))
		}))
		client, err := aws.New(t.Context(), aws.Options{Endpoint: front.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		b.fails(tools.NewServer(&gateway.Manager{Client: client}, tools.Options{}), c.path, c.want)
	}
	b.fails(tools.NewServer(&gateway.Manager{}, tools.Options{Broken: errors.New("no region is set")}), "/shop", "no region is set")
}

// A gateway whose endpoint cannot be read still exists, even where what is missing is a
// thing of AWS's.
func TestServedToolsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{manager: func(m *gateway.Manager) {
		m.Transport = func(aws.Gateway) (http.RoundTripper, error) {
			return nil, fmt.Errorf("no token for it: %w", aws.ErrNotFound)
		}
	}})
	b.fails(tools.NewServer(b.manager, tools.Options{}), "/shop/targets/orders/tools", "no token for it")
}

// fails reads a resource, which has to fail for a reason other than that it is unknown.
func (b *bench) fails(server *mcp.Server, path, want string) {
	b.t.Helper()
	for _, era := range eras() {
		_, err := b.speaking(era, server).ReadResource(b.t.Context(), &mcp.ReadResourceParams{URI: "agentcore://gateways" + path})
		var refused *jsonrpc.Error
		if !errors.As(err, &refused) || refused.Code == jsonrpc.CodeInvalidParams || !strings.Contains(refused.Message, want) {
			b.t.Errorf("%s, %s: %v, want %s", era, path, err, want)
		}
	}
}

// An answer about a target says where the tools are that the gateway serves of it, to
// clients whose protocol has links, and after the text that is the whole answer.
func TestResourceLinks(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	server := tools.NewServer(b.manager, tools.Options{ReadOnly: true})
	for revision, links := range map[string]int{"2024-11-05": 0, "2025-03-26": 0, "2025-06-18": 1, "2025-11-25": 1, "2026-07-28": 1} {
		session := b.speaking(revision, server)
		for tool, links := range map[string]int{"get_target": links, "list_targets": 0, "get_gateway": 0, "list_tools": 0} {
			arguments := map[string]any{}
			if tool == "get_target" {
				arguments["target"] = "orders"
			}
			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Content) != 1+links {
				t.Fatalf("%s, %s: %d contents, want %d links", revision, tool, len(result.Content), links)
			}
			var whole any
			if text, ok := result.Content[0].(*mcp.TextContent); !ok || json.Unmarshal([]byte(text.Text), &whole) != nil || !jsonEqual(whole, result.StructuredContent) {
				t.Errorf("%s, %s: the first content is %+v", revision, tool, result.Content[0])
			}
			for _, c := range result.Content[1:] {
				link := c.(*mcp.ResourceLink)
				r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: link.URI})
				var served tools.ToolList
				if err != nil || json.Unmarshal([]byte(r.Contents[0].Text), &served) != nil || served.Count != 2 || r.Contents[0].MIMEType != link.MIMEType {
					t.Errorf("%s, %s: %+v leads to %+v, %v", revision, tool, link, r, err)
				}
			}
		}
	}
}

package remote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestReadOrdersInBothEras(t *testing.T) {
	desk, err := orders.NewHandler(2)
	if err != nil {
		t.Fatal(err)
	}
	var last atomic.Value // the protocol version of the last request
	endpoint := serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		last.Store(req.Header.Get("Mcp-Protocol-Version"))
		desk.ServeHTTP(w, req)
	}))
	for version, spoken := range map[string]string{"": "2026-07-28", gatewayVersion: gatewayVersion} {
		t.Run(spoken, func(t *testing.T) {
			r := localReader(t)
			r.ProtocolVersion = version
			if err := desk.SetTools(2); err != nil {
				t.Fatal(err)
			}
			before, err := r.Read(t.Context(), endpoint)
			if err != nil {
				t.Fatal(err)
			}
			if last.Load() != spoken {
				t.Errorf("the read spoke %v", last.Load())
			}
			if err := desk.SetTools(3); err != nil {
				t.Fatal(err)
			}
			after, err := r.Read(t.Context(), endpoint)
			if err != nil {
				t.Fatal(err)
			}
			diff := catalog.Compare(before.Tools, after.Tools)
			if len(before.Tools) != 2 || names(diff.Added) != "cancelOrder" || len(diff.Removed)+len(diff.Changed) != 0 {
				t.Errorf("before %s, after %s, diff %+v", names(before.Tools), names(after.Tools), diff)
			}
			if diff.Added[0].Description != "cancel existing order" || !strings.Contains(string(diff.Added[0].Definition), `"destructiveHint":true`) {
				t.Errorf("cancelOrder is %+v", diff.Added[0])
			}
		})
	}
}

func TestReadAllPages(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "big", Version: "1"}, &mcp.ServerOptions{PageSize: 100})
	for i := range 1050 {
		mcp.AddTool(server, &mcp.Tool{Name: fmt.Sprintf("tool%04d", i)}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return nil, nil, nil
		})
	}
	for _, stateless := range []bool{true, false} {
		for _, version := range []string{"", gatewayVersion} {
			t.Run(fmt.Sprintf("stateless=%t version=%s", stateless, version), func(t *testing.T) {
				var deleted atomic.Int32
				h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: stateless})
				r := localReader(t)
				r.ProtocolVersion = version
				list, err := r.Read(t.Context(), serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.Method == http.MethodDelete {
						deleted.Add(1)
					}
					if req.Method == http.MethodGet {
						t.Error("the reader asked for a standalone stream")
					}
					h.ServeHTTP(w, req)
				})))
				if err != nil {
					t.Fatal(err)
				}
				if len(list.Tools) != 1050 || list.Pages != 11 || len(list.Dropped) != 0 {
					t.Errorf("%d tools on %d pages, dropped %v", len(list.Tools), list.Pages, list.Dropped)
				}
				if list.Tools[0].Name != "tool0000" || list.Tools[1049].Name != "tool1049" {
					t.Errorf("first %s, last %s", list.Tools[0].Name, list.Tools[1049].Name)
				}
				if !stateless && deleted.Load() != 1 {
					t.Errorf("the session was ended %d times", deleted.Load())
				}
			})
		}
	}
}

func TestReadKeepsBytesAndReportsWhatItDrops(t *testing.T) {
	odd := `{ "inputSchema":{"type" :"object"},"x":1.50, "name":"odd","description":"an \u00e9" }`
	list, err := localReader(t).Read(t.Context(), serve(t, lists(
		odd,
		definition("twice"), definition("twice"),
		`{"name":"badHeader","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"not a token"}}}}`,
		`{"name":"goodHeader","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"Region"}}}}`,
		`{"name":"badHeader2","inputSchema":{"type":"object","properties":{"a":{"type":"object","x\u002dmcp-header":"A"}}}}`,
		`{"inputSchema":{"type":"object"}}`,
		`42`, `null`,
		`{"name":"","inputSchema":{"type":"object"}}`,
		`{"Name":"wrongCase","inputSchema":{"type":"object"}}`,
		`{"name":"noSchema"}`,
		`{"name":"array\u001b[31m","inputSchema":{"type":"array"}}`,
		`{"name":"description","description":5,"inputSchema":{"type":"object"}}`,
	)))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(list.Tools); got != "odd twice twice goodHeader" {
		t.Errorf("tools: %s", got)
	}
	want := []string{"badHeader", "badHeader2", "#7", "#8", "#9", "#10", "#11", "noSchema", "array<U+001B>[31m", "description"}
	if !reflect.DeepEqual(list.Dropped, want) {
		t.Errorf("dropped %q\nwant    %q", list.Dropped, want)
	}
	if string(list.Tools[0].Definition) != odd || list.Tools[0].Description != "an é" {
		t.Errorf("definition %s, description %q", list.Tools[0].Definition, list.Tools[0].Description)
	}
}

// What a client of 2026-07-28 drops, the endpoint lists all the same.
func TestReadRaw(t *testing.T) {
	endpoint := serve(t, lists(
		definition("one"),
		`{"name":"badHeader","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"not a token"}}}}`,
		`{"name":"noSchema"}`,
	))
	r := localReader(t)
	r.Raw = true
	list, err := r.Read(t.Context(), endpoint)
	if err != nil || names(list.Tools) != "one badHeader" || !reflect.DeepEqual(list.Dropped, []string{"noSchema"}) {
		t.Errorf("tools %s, dropped %q, error %v", names(list.Tools), list.Dropped, err)
	}
}

// Prompts and resources are those of a server that says it has them; what goes
// wrong with them costs no tool.
func TestReadPromptsAndResources(t *testing.T) {
	answers := map[string]string{
		"tools/list":               `{"tools":[` + definition("one") + `]}`,
		"prompts/list":             `{"prompts":[{"name":"ask","description":"asks"},{"title":"no name"}]}`,
		"resources/list":           `{"resources":[{"uri":"x:1","name":"first"}]}`,
		"resources/templates/list": `{"resourceTemplates":[{"uriTemplate":"x:{n}","name":"each"}]}`,
	}
	capabilities := `{"tools":{},"prompts":{},"resources":{}}`
	endpoint := serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var msg struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.NewDecoder(req.Body).Decode(&msg)
		w.Header().Set("Content-Type", "application/json")
		switch result := answers[msg.Method]; {
		case msg.Method == "initialize":
			answer(w, msg.ID, `{"protocolVersion":"2025-11-25","capabilities":`+capabilities+`,"serverInfo":{"name":"scripted","version":"1"}}`)
		case msg.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case result == "":
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, msg.ID)
		case result[0] != '{':
			http.Error(w, result, http.StatusInternalServerError)
		default:
			answer(w, msg.ID, result)
		}
	}))
	read := func() string {
		list, err := localReader(t).Read(t.Context(), endpoint)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s|%s|%s|%s", names(list.Tools), names(list.Prompts), names(list.Resources), list.Unlisted)
	}
	if got := read(); got != "one|ask|x:1 x:{n}|" {
		t.Error(got)
	}
	delete(answers, "resources/templates/list") // not every server has them
	if got := read(); got != "one|ask|x:1|" {
		t.Error(got)
	}
	answers["resources/list"] = "broken"
	if got := read(); !strings.HasPrefix(got, "one|ask||resources/list: it answered HTTP 500") {
		t.Error(got)
	}
	answers["prompts/list"] = `{"tools":[]}`
	if got := read(); !strings.HasPrefix(got, "one|||prompts/list: ") || !strings.Contains(got, "its answer to prompts/list has no prompts") {
		t.Error(got)
	}
	capabilities = `{"tools":{}}`
	if got := read(); got != "one|||" {
		t.Error(got)
	}
}

func TestRevision(t *testing.T) {
	for accepted, want := range map[string]string{
		"":                                 "2025-11-25",
		"2025-06-18 2025-11-25 2026-07-28": "2025-11-25",
		"2025-03-26 2026-07-28":            "2026-07-28",
		"2025-03-26 2025-06-18 2031-01-01": "2025-06-18",
		"2031-01-01":                       "",
	} {
		if got, err := remote.Revision(strings.Fields(accepted)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v; want %s", accepted, got, err, want)
		}
	}
}

func TestReadEventStream(t *testing.T) {
	list, err := localReader(t).Read(t.Context(), serve(t, scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"x\"}}\n\n")
		fmt.Fprint(w, "event: message\ndata: ")
		answer(w, id, `{"tools":[`+definition("one")+`]}`)
		fmt.Fprint(w, "\n\n")
	})))
	if err != nil || names(list.Tools) != "one" {
		t.Errorf("tools %v, error %v", list.Tools, err)
	}
}

func TestReadAcceptsEmptyPagesAndLists(t *testing.T) {
	pages := map[string]string{
		"":  `{"tools":[],"nextCursor":"a"}`,
		"a": `{"nextCursor":"b","tools":[` + definition("one") + `]}`,
		"b": `{"tools":[],"nextCursor":null}`,
	}
	list, err := localReader(t).Read(t.Context(), serve(t, scripted(func(w http.ResponseWriter, id json.RawMessage, cursor string) {
		answer(w, id, pages[cursor])
	})))
	if err != nil || names(list.Tools) != "one" || list.Pages != 3 {
		t.Errorf("list %+v, error %v", list, err)
	}
	list, err = localReader(t).Read(t.Context(), serve(t, lists()))
	if err != nil || list.Tools == nil || list.Dropped == nil || len(list.Tools) != 0 {
		t.Errorf("empty list %+v, error %v", list, err)
	}
}

func TestReadFallsBackToInitialize(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"unknown method": func(h http.Handler) http.Handler { return h },
		"plain 400": func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.Header.Get("Mcp-Protocol-Version") == "2026-07-28" {
					http.Error(w, "unsupported protocol version", http.StatusBadRequest)
					return
				}
				h.ServeHTTP(w, req)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := localReader(t)
			r.ProtocolVersion = ""
			list, err := r.Read(t.Context(), serve(t, wrap(scripted(func(w http.ResponseWriter, id json.RawMessage, _ string) {
				answer(w, id, `{"tools":[`+definition("old")+`]}`)
			}))))
			if err != nil || names(list.Tools) != "old" {
				t.Errorf("tools %v, error %v", list.Tools, err)
			}
		})
	}
}

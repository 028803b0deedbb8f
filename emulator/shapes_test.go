package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func (w *world) request(method, path string) *http.Request {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader("{}"))
	w.check(err)
	return req
}

// shape compares an answer with the JSON that AWS was recorded to send, in
// which strings like <TIME> stand for values of that form.
func (w *world) shape(got map[string]any, want string) {
	w.Helper()
	forms := map[string]*regexp.Regexp{
		"<GATEWAY-ARN>": regexp.MustCompile(`^arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/fixture-[0-9a-z]{10}$`),
		"<IDENTITY>":    regexp.MustCompile(`^arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default/workload-identity/fixture-[0-9a-z]{10}$`),
		"<GATEWAY>":     regexp.MustCompile(`^fixture-[0-9a-z]{10}$`),
		"<TARGET>":      regexp.MustCompile(`^[0-9A-Z]{10}$`),
		"<TIME>":        regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$`),
		"<URL>":         regexp.MustCompile(`^` + regexp.QuoteMeta(w.url) + `/gateway/fixture-[0-9a-z]{10}$`),
	}
	var wanted any
	w.check(json.Unmarshal([]byte(want), &wanted))
	var differ func(path string, want, got any)
	differ = func(path string, want, got any) {
		switch value := want.(type) {
		case map[string]any:
			object, ok := got.(map[string]any)
			if !ok {
				w.Errorf("%s is %v, want an object", path, got)
				return
			}
			for key := range object {
				if _, ok := value[key]; !ok {
					w.Errorf("%s.%s is there: %v", path, key, object[key])
				}
			}
			for key, element := range value {
				differ(path+"."+key, element, object[key])
			}
		case []any:
			list, ok := got.([]any)
			if !ok || len(list) != len(value) {
				w.Errorf("%s is %v, want %v", path, got, want)
				return
			}
			for i := range value {
				differ(fmt.Sprintf("%s[%d]", path, i), value[i], list[i])
			}
		default:
			if form := forms[fmt.Sprint(want)]; form != nil {
				if !form.MatchString(fmt.Sprint(got)) {
					w.Errorf("%s is %v, want %v", path, got, want)
				}
			} else if !reflect.DeepEqual(want, got) {
				w.Errorf("%s is %v, want %v", path, got, want)
			}
		}
	}
	differ("answer", wanted, got)
}

func TestRecordedShapes(t *testing.T) {
	w := start(t, emulator.Options{})
	status, header, created := w.raw("POST", "/gateways/", `{"name":"fixture","description":"d","roleArn":"`+roleARN+`","authorizerType":"NONE"}`)
	if status != 202 || header.Get("Content-Type") != "application/json" || header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("create answered %d %v", status, header)
	}
	w.shape(created, `{"gatewayArn":"<GATEWAY-ARN>","gatewayId":"<GATEWAY>","createdAt":"<TIME>","updatedAt":"<TIME>","status":"CREATING",
		"name":"fixture","authorizerType":"NONE","gatewayUrl":"<URL>","description":"d","roleArn":"`+roleARN+`","workloadIdentityDetails":{}}`)
	path := fmt.Sprintf("/gateways/%s/", created["gatewayId"])
	var got map[string]any
	w.until("the gateway is READY", func() bool {
		_, _, got = w.raw("GET", path, "")
		return got["status"] == "READY"
	})
	w.shape(got, `{"gatewayArn":"<GATEWAY-ARN>","gatewayId":"<GATEWAY>","createdAt":"<TIME>","updatedAt":"<TIME>","status":"READY",
		"name":"fixture","authorizerType":"NONE","gatewayUrl":"<URL>","description":"d","roleArn":"`+roleARN+`","workloadIdentityDetails":{"workloadIdentityArn":"<IDENTITY>"}}`)

	const web = `{"mcp":{"connector":{"source":{"connectorId":"web-search"},"configurations":[{"name":"WebSearch","parameterValues":{"maxResults":10}}]}}}`
	_, _, target := w.raw("POST", path+"targets/", `{"name":"web","description":"d","targetConfiguration":`+web+`,"credentialProviderConfigurations":[{"credentialProviderType":"GATEWAY_IAM_ROLE"}]}`)
	w.shape(target, `{"gatewayArn":"<GATEWAY-ARN>","targetId":"<TARGET>","createdAt":"<TIME>","updatedAt":"<TIME>","status":"CREATING","name":"web",
		"targetConfiguration":`+web+`,"credentialProviderConfigurations":[{"credentialProviderType":"GATEWAY_IAM_ROLE"}],"description":"d"}`)
	gw, id := fmt.Sprint(created["gatewayId"]), fmt.Sprint(target["targetId"])
	w.settles(gw, id, types.TargetStatusReady)

	const http = `{"http":{"passthrough":{"endpoint":"https://example.com","protocolType":"CUSTOM"}}}`
	status, _, updated := w.raw("PUT", path+"targets/"+id, `{"name":"web","description":"u","targetConfiguration":`+http+`}`)
	if status != 202 {
		t.Errorf("update answered %d", status)
	}
	w.shape(updated, `{"gatewayArn":"<GATEWAY-ARN>","targetId":"<TARGET>","createdAt":"<TIME>","updatedAt":"<TIME>","status":"UPDATING","name":"web",
		"targetConfiguration":`+http+`,"description":"u"}`)
	if updated["updatedAt"] == target["updatedAt"] || updated["createdAt"] != target["createdAt"] {
		t.Errorf("times before %v, after %v", target, updated)
	}
	w.settles(gw, id, types.TargetStatusReady)

	inference := w.created(path, `{"name":"openai","targetConfiguration":{"inference":{"connector":{"source":{"connectorId":"openai"}}}}}`)
	w.settles(gw, inference, types.TargetStatusReady)
	failing := w.created(path, `{"name":"down","targetConfiguration":{"mcp":{"mcpServer":{"endpoint":"http://127.0.0.1:1/mcp","listingMode":"DEFAULT","resourcePriority":3}}}}`)
	w.settles(gw, failing, types.TargetStatusFailed)
	_, _, list := w.raw("GET", path+"targets", "")
	w.shape(list, `{"items":[
		{"targetId":"<TARGET>","name":"web","status":"READY","createdAt":"<TIME>","updatedAt":"<TIME>","description":"u","targetType":"PASSTHROUGH"},
		{"targetId":"<TARGET>","name":"openai","status":"READY","createdAt":"<TIME>","updatedAt":"<TIME>","targetType":"CONNECTOR"},
		{"targetId":"<TARGET>","name":"down","status":"FAILED","createdAt":"<TIME>","updatedAt":"<TIME>","targetType":"MCP_SERVER","listingMode":"DEFAULT","resourcePriority":3}]}`)

	status, _, sync := w.raw("PUT", path+"synchronizeTargets", `{"targetIdList":["`+failing+`"]}`)
	if status != 202 {
		t.Errorf("synchronize answered %d", status)
	}
	w.shape(sync, `{"targets":[{"gatewayArn":"<GATEWAY-ARN>","targetId":"<TARGET>","createdAt":"<TIME>","updatedAt":"<TIME>","status":"SYNCHRONIZING","name":"down",
		"targetConfiguration":{"mcp":{"mcpServer":{"endpoint":"http://127.0.0.1:1/mcp","listingMode":"DEFAULT","resourcePriority":3}}}}]}`)
	w.settles(gw, failing, types.TargetStatusSynchronizeUnsuccessful)

	status, _, deleted := w.raw("DELETE", path+"targets/"+id, "")
	if status != 202 {
		t.Errorf("delete answered %d", status)
	}
	w.shape(deleted, `{"gatewayArn":"<GATEWAY-ARN>","targetId":"<TARGET>","status":"DELETING"}`)
	status, header, missing := w.raw("GET", path+"targets/0123456789", "")
	if status != 404 || header.Get("X-Amzn-ErrorType") != "ResourceNotFoundException" {
		t.Errorf("a missing target answered %d %v", status, header)
	}
	if len(missing) != 1 || missing["message"] == "" {
		t.Errorf("a missing target answered %v", missing)
	}
}

func (w *world) created(gatewayPath, body string) string {
	w.Helper()
	status, _, answer := w.raw("POST", gatewayPath+"targets/", body)
	if status != 202 {
		w.Fatalf("create answered %d %v", status, answer)
	}
	return fmt.Sprint(answer["targetId"])
}

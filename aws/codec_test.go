package aws

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
)

func TestCodecRoundTrip(t *testing.T) {
	const body = `{"gatewayArn":"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/g-0123456789","targetId":"8U0ZVM6TPN",
	"createdAt":"2026-08-06T20:33:23.059Z","updatedAt":"2026-08-06T20:33:23.059Z","status":"CREATING","name":"orders",
	"targetConfiguration":{"mcp":{"mcpServer":{"endpoint":"https://example.com/mcp","listingMode":"DEFAULT","resourcePriority":7,
	  "mcpToolSchema":{"inlinePayload":"{}"}}}},
	"credentialProviderConfigurations":[{"credentialProviderType":"OAUTH","credentialProvider":{"oauthCredentialProvider":{
	  "providerArn":"arn:aws:x:y:z:123456789012:p","scopes":["a/b"],"customParameters":{"k":"v"}}}}],
	"privateEndpoint":{"selfManagedLatticeResource":{"resourceConfigurationIdentifier":"rcfg-0123456789abcdefg"}},
	"metadataConfiguration":{"allowedRequestHeaders":["x-a"]},"description":"d"}`
	var out bedrockagentcorecontrol.GetGatewayTargetOutput
	if err := DecodeJSON([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	got, err := EncodeJSON(&out)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("round trip changed the target:\n got %s\nwant %s", got, body)
	}
}

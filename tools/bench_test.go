package tools_test

import (
	"fmt"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/tools"
)

// crowd makes n targets without our client, whose rate would make that slow.
func crowd(b *bench, n int) {
	b.t.Helper()
	sdk := control.New(control.Options{Region: "us-east-1", BaseEndpoint: &b.front.URL, Credentials: awssdk.AnonymousCredentials{}})
	for i := range n {
		_, err := sdk.CreateGatewayTarget(b.t.Context(), &control.CreateGatewayTargetInput{
			GatewayIdentifier: &b.gatewayID, Name: ptr(fmt.Sprintf("target-%03d", i)),
			TargetConfiguration: &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{
				Value: types.McpServerTargetConfiguration{Endpoint: &b.url, McpToolSchema: &types.McpToolSchemaConfigurationMemberInlinePayload{Value: `{"tools":[]}`}},
			}},
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// AWS's rates for reading stay on; those for writing are off, to set the scene.
var readQuotaOnly = emulator.Options{Quotas: emulator.Quotas{Write: -1, Synchronize: -1, Concurrent: -1}}

// The details of many targets are read inside AWS's rate: none is refused.
func TestManyTargetsInsideTheQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{emulator: readQuotaOnly})
	crowd(b, 30)
	before := b.cloud.Calls("GetGatewayTarget")
	all := must[tools.TargetList](b, "list_targets", nil)
	if len(all.Targets) != 31 || all.Next != "" || all.Targets[30].Endpoint == "" {
		t.Errorf("%d targets, next %q, last %+v", len(all.Targets), all.Next, all.Targets[len(all.Targets)-1])
	}
	if n := b.cloud.Calls("GetGatewayTarget") - before; n != 31 {
		t.Errorf("%d reads for 31 targets: some were refused and sent again", n)
	}
}

func BenchmarkListTargets(b *testing.B) {
	bench := newBench(b, benchOptions{emulator: readQuotaOnly})
	crowd(bench, 99)
	for name, details := range map[string]bool{"details": true, "without": false} {
		b.Run(name, func(b *testing.B) {
			before := bench.cloud.Calls("GetGatewayTarget") + bench.cloud.Calls("ListGatewayTargets")
			n := 0
			for b.Loop() {
				n++
				if all := must[tools.TargetList](bench, "list_targets", map[string]any{"details": details}); len(all.Targets) != 100 || all.Next != "" {
					b.Fatalf("%d targets, next %q", len(all.Targets), all.Next)
				}
			}
			calls := bench.cloud.Calls("GetGatewayTarget") + bench.cloud.Calls("ListGatewayTargets") - before
			b.ReportMetric(float64(calls)/float64(n), "AWS-calls/op")
			b.ReportMetric(b.Elapsed().Seconds()/float64(n), "s/op")
		})
	}
}

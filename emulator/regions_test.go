package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// in is the same world seen by a client of another region.
func (w *world) in(region string) *world {
	options := w.client.Options()
	options.Region = region
	other := *w
	other.client = control.New(options)
	return &other
}

// A region is a world of its own, in one process: by the signature's scope, and then
// by what a path names.
func TestRegionsAreWorlds(t *testing.T) {
	w := start(t, emulator.Options{Seed: "s"})
	dublin := w.in("eu-west-1")
	here, there := w.gateway("g"), dublin.gateway("g")
	w.target(here, "orders", server(w.serve(listing(1))))
	dublin.target(there, "orders", server(w.serve(listing(2))))
	if here == there {
		t.Errorf("both gateways are %s", here)
	}
	for region, c := range map[string]struct {
		world *world
		id    string
		tools int
	}{"us-east-1": {w, here, 1}, "eu-west-1": {dublin, there, 2}} {
		list, err := c.world.client.ListGateways(t.Context(), &control.ListGatewaysInput{})
		w.check(err)
		got, err := c.world.client.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &c.id})
		w.check(err)
		if len(list.Items) != 1 || *list.Items[0].GatewayId != c.id || !strings.HasPrefix(*got.GatewayArn, "arn:aws:bedrock-agentcore:"+region+":") {
			t.Errorf("%s: %d gateways, %s", region, len(list.Items), *got.GatewayArn)
		}
		if tools := c.world.tools(c.id); len(tools) != c.tools {
			t.Errorf("%s serves %q", region, tools)
		}
	}
	_, err := dublin.client.GetGateway(t.Context(), &control.GetGatewayInput{GatewayIdentifier: &here})
	w.refusal(err, "ResourceNotFoundException", "Failed to retrieve gateway")
	created, err := dublin.client.CreateAgentRuntime(t.Context(), &control.CreateAgentRuntimeInput{AgentRuntimeName: aws.String("r"), AgentRuntimeArtifact: container(local(w.serve(listing(1)))), RoleArn: aws.String(roleARN)})
	w.check(err)
	(&tutorial{world: dublin}).runtimeReady(*created.AgentRuntimeId)
	resp, err := w.http.Get((&tutorial{world: w}).invocations(*created.AgentRuntimeArn))
	w.check(err)
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		t.Errorf("the runtime of eu-west-1 is not at its path: %s", resp.Status)
	}
}

// What is no region has no world, and there are not more than AWS could have.
func TestRegionsAreBounded(t *testing.T) {
	w := start(t, emulator.Options{})
	w.gateway("g")
	gateways := func(region string) int {
		list, err := w.in(region).client.ListGateways(t.Context(), &control.ListGatewaysInput{})
		w.check(err)
		return len(list.Items)
	}
	for _, none := range []string{"nowhere", "EU-WEST-1", "mars-1-x"} {
		_, err := w.in(none).client.ListGateways(t.Context(), &control.ListGatewaysInput{})
		w.refusal(err, "ServiceQuotaExceededException", none)
	}
	for i := range 64 {
		if gateways(fmt.Sprintf("eu-west-%d", i)) != 0 {
			t.Errorf("eu-west-%d has another region's gateway", i)
		}
	}
	_, err := w.in("eu-west-64").client.ListGateways(t.Context(), &control.ListGatewaysInput{})
	w.refusal(err, "ServiceQuotaExceededException", "64 regions")
	w.core.Close()
	_, err = w.in("eu-west-1").client.CreateGateway(t.Context(), &control.CreateGatewayInput{Name: aws.String("late"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp})
	w.refusal(err, "InternalServerException", "closed")
}

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
)

// replay is one run of a script of calls: a line for each, of what came back without
// its values.
type replay struct {
	t      *testing.T
	client *control.Client
	role   string
	server string // an MCP server's endpoint
	lines  []string
}

// TestReplay runs the same script of calls on the local AgentCore and, where somebody
// lends an account, on AWS, and prints where shapes, states and errors differ: what was
// a guess becomes a recording. On AWS it creates and deletes one gateway with a target.
func TestReplay(t *testing.T) {
	core := emulator.New(emulator.Options{StateDelay: 500 * time.Millisecond, Quotas: emulator.Quotas{Read: -1, Write: -1, Synchronize: -1}})
	t.Cleanup(core.Close)
	url := listen(t, core)
	here := &replay{t: t, role: "arn:aws:iam::123456789012:role/gateway", server: listen(t, ordersServer(t, 2)) + "/mcp",
		client: control.New(control.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: sdk.AnonymousCredentials{}})}
	here.play()
	if len(here.lines) < 20 {
		t.Errorf("the script is short: %q", here.lines)
	}
	t.Logf("the local AgentCore:\n%s", strings.Join(here.lines, "\n"))
	t.Run("AWS", func(t *testing.T) {
		if os.Getenv("AGENTCORE_REPLAY") != "aws" {
			t.Skip("set AGENTCORE_REPLAY=aws, AGENTCORE_REPLAY_ROLE to a gateway's role and AGENTCORE_REPLAY_MCP to the endpoint of an MCP server without sign-in")
		}
		loaded, err := config.LoadDefaultConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		there := &replay{t: t, client: control.NewFromConfig(loaded), role: os.Getenv("AGENTCORE_REPLAY_ROLE"), server: os.Getenv("AGENTCORE_REPLAY_MCP")}
		if there.role == "" || there.server == "" {
			t.Fatal("AGENTCORE_REPLAY_ROLE and AGENTCORE_REPLAY_MCP are not both set")
		}
		there.play()
		for i := range max(len(here.lines), len(there.lines)) {
			if a, b := lineOf(here.lines, i), lineOf(there.lines, i); a != b {
				t.Errorf("step %d\n here %s\n  AWS %s", i+1, a, b)
			}
		}
	})
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// saw adds a line for an answer or an error.
func saw[Out smithy.Serializable](r *replay, call string, out Out, err error) {
	if api := smithy.APIError(nil); errors.As(err, &api) {
		r.lines = append(r.lines, call+": "+api.ErrorCode())
		return
	}
	if err != nil {
		r.lines = append(r.lines, call+": no answer")
		r.t.Logf("%s: %v", call, err)
		return
	}
	data, err := aws.EncodeJSON(out)
	var value any
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	if err != nil {
		r.t.Errorf("%s: %v", call, err)
	}
	members := map[string]bool{}
	shapeOf(value, "", members)
	r.lines = append(r.lines, call+": "+strings.Join(slices.Sorted(maps.Keys(members)), " "))
}

// shapeOf collects the paths of a value's members; a status stays what it is.
func shapeOf(value any, at string, members map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			shapeOf(member, strings.TrimPrefix(at+"."+name, "."), members)
		}
	case []any:
		members[at+"[]"] = true
		for _, item := range v {
			shapeOf(item, at+"[]", members)
		}
	case string:
		if strings.HasSuffix(at, "status") {
			at += "=" + v
		}
		members[at] = true
	default:
		members[at] = true
	}
}

// settles adds the states that a status goes through until it is none of those that
// work.
func (r *replay) settles(what string, status func(context.Context) (string, error)) {
	var states []string
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); <-tick.C {
		now, err := status(r.t.Context())
		if api := smithy.APIError(nil); errors.As(err, &api) {
			now = api.ErrorCode()
		} else if err != nil {
			now = "no answer"
		}
		if len(states) == 0 || states[len(states)-1] != now {
			states = append(states, now)
		}
		if !strings.HasSuffix(now, "ING") {
			break
		}
	}
	r.lines = append(r.lines, what+": "+strings.Join(states, " "))
}

func (r *replay) play() {
	ctx, c := r.t.Context(), r.client
	none, noTarget := "none-0123456789", "AAAAAAAAAA"
	name := fmt.Sprintf("replay-%d", time.Now().Unix())
	gateway := &control.CreateGatewayInput{Name: &name, RoleArn: &r.role, AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp}
	unknown, err := c.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: &none})
	saw(r, "GetGateway, unknown", unknown, err)
	unlisted, err := c.ListGatewayTargets(ctx, &control.ListGatewayTargetsInput{GatewayIdentifier: &none})
	saw(r, "ListGatewayTargets, unknown", unlisted, err)
	created, err := c.CreateGateway(ctx, gateway)
	saw(r, "CreateGateway", created, err)
	if err != nil {
		return
	}
	id := created.GatewayId
	r.settles("the gateway", func(ctx context.Context) (string, error) {
		out, err := c.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: id})
		if err != nil {
			return "", err
		}
		return string(out.Status), nil
	})
	got, err := c.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: id})
	saw(r, "GetGateway", got, err)
	again, err := c.CreateGateway(ctx, gateway)
	saw(r, "CreateGateway, the same name", again, err)
	configuration := &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: types.McpServerTargetConfiguration{Endpoint: &r.server}}}
	target, err := c.CreateGatewayTarget(ctx, &control.CreateGatewayTargetInput{GatewayIdentifier: id, Name: sdk.String("orders"), TargetConfiguration: configuration})
	saw(r, "CreateGatewayTarget", target, err)
	if err == nil {
		r.playTarget(id, target.TargetId, configuration)
	}
	synchronized, err := c.SynchronizeGatewayTargets(ctx, &control.SynchronizeGatewayTargetsInput{GatewayIdentifier: id, TargetIdList: []string{noTarget}})
	saw(r, "SynchronizeGatewayTargets, unknown", synchronized, err)
	deleted, err := c.DeleteGateway(ctx, &control.DeleteGatewayInput{GatewayIdentifier: id})
	saw(r, "DeleteGateway", deleted, err)
	r.settles("the gateway", func(ctx context.Context) (string, error) {
		out, err := c.GetGateway(ctx, &control.GetGatewayInput{GatewayIdentifier: id})
		if err != nil {
			return "", err
		}
		return string(out.Status), nil
	})
}

func (r *replay) playTarget(gateway, id *string, configuration types.TargetConfiguration) {
	ctx, c := r.t.Context(), r.client
	status := func(ctx context.Context) (string, error) {
		out, err := c.GetGatewayTarget(ctx, &control.GetGatewayTargetInput{GatewayIdentifier: gateway, TargetId: id})
		if err != nil {
			return "", err
		}
		return string(out.Status), nil
	}
	early, err := c.DeleteGatewayTarget(ctx, &control.DeleteGatewayTargetInput{GatewayIdentifier: gateway, TargetId: id})
	saw(r, "DeleteGatewayTarget, while it is created", early, err)
	r.settles("the target", status)
	list, err := c.ListGatewayTargets(ctx, &control.ListGatewayTargetsInput{GatewayIdentifier: gateway})
	saw(r, "ListGatewayTargets", list, err)
	twice, err := c.CreateGatewayTarget(ctx, &control.CreateGatewayTargetInput{GatewayIdentifier: gateway, Name: sdk.String("orders"), TargetConfiguration: configuration})
	saw(r, "CreateGatewayTarget, the same name", twice, err)
	for _, what := range []string{"SynchronizeGatewayTargets", "SynchronizeGatewayTargets, while it is synchronized"} {
		out, err := c.SynchronizeGatewayTargets(ctx, &control.SynchronizeGatewayTargetsInput{GatewayIdentifier: gateway, TargetIdList: []string{*id}})
		saw(r, what, out, err)
	}
	r.settles("the target", status)
	update := func(what, endpoint string) {
		c2 := &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: types.McpServerTargetConfiguration{Endpoint: &endpoint}}}
		out, err := c.UpdateGatewayTarget(ctx, &control.UpdateGatewayTargetInput{GatewayIdentifier: gateway, TargetId: id, Name: sdk.String("orders"), Description: &what, TargetConfiguration: c2})
		saw(r, "UpdateGatewayTarget, "+what, out, err)
		r.settles("the target", status)
	}
	update("another description", r.server)
	update("a server that is not there", "https://replay.invalid/mcp")
	failed, err := c.GetGatewayTarget(ctx, &control.GetGatewayTargetInput{GatewayIdentifier: gateway, TargetId: id})
	saw(r, "GetGatewayTarget", failed, err)
	occupied, err := c.DeleteGateway(ctx, &control.DeleteGatewayInput{GatewayIdentifier: gateway})
	saw(r, "DeleteGateway, with a target", occupied, err)
	deleted, err := c.DeleteGatewayTarget(ctx, &control.DeleteGatewayTargetInput{GatewayIdentifier: gateway, TargetId: id})
	saw(r, "DeleteGatewayTarget", deleted, err)
	r.settles("the target", status)
}

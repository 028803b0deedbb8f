package emulator_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"

	"agentcore-gateway-mcp/emulator"
)

func TestFaults(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	id := w.target(gw, "orders", server(u.url))
	last := func() time.Time { return *w.settles(gw, id, types.TargetStatusReady).LastSynchronizedAt }

	// Instead of the operation: nothing happens.
	before := last()
	w.core.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Code: "ThrottlingException", Times: 1})
	err := w.synchronize(gw, id)
	var throttled *types.ThrottlingException
	if !errors.As(err, &throttled) {
		t.Fatalf("got %v, want a ThrottlingException", err)
	}
	if !last().Equal(before) {
		t.Error("a fault before the operation let it through")
	}
	// After it: the operation takes effect.
	w.core.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", After: true, Code: "InternalServerException", Times: 1})
	w.refusal(w.synchronize(gw, id), "InternalServerException", "")
	if !last().After(before) {
		t.Error("a fault after the operation kept it from taking effect")
	}
	before = last()
	w.core.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", After: true, Reset: true, Times: 1})
	err = w.synchronize(gw, id)
	if api := (smithy.APIError)(nil); errors.As(err, &api) || !(errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)) {
		t.Fatalf("got %v, want a reset connection", err)
	}
	if !last().After(before) {
		t.Error("a reset after the operation kept it from taking effect")
	}
	before = last()
	remove := w.core.Inject(emulator.Fault{Operation: "SynchronizeGatewayTargets", Reset: true})
	for range 2 {
		if w.synchronize(gw, id) == nil {
			t.Error("not reset")
		}
	}
	remove()
	remove()
	if !last().Equal(before) {
		t.Error("a reset before the operation let it through")
	}
	w.check(w.synchronize(gw, id))
	w.settles(gw, id, types.TargetStatusReady)
	if n := w.core.Calls("SynchronizeGatewayTargets"); n != 6 {
		t.Errorf("%d calls of SynchronizeGatewayTargets, want 6", n)
	}

	// Faults hit in the order of their injection, whatever the operation.
	w.core.Inject(emulator.Fault{Code: "AccessDeniedException", Times: 1})
	w.core.Inject(emulator.Fault{Code: "ServiceQuotaExceededException", Times: 1})
	for _, want := range []int{403, 402} {
		if status, _, _ := w.raw("GET", "/gateways/", ""); status != want {
			t.Errorf("status %d, want %d", status, want)
		}
	}
	const delay = 50 * time.Millisecond
	w.core.Inject(emulator.Fault{Operation: "ListGateways", Delay: delay, Times: 1})
	began := time.Now()
	if status, _, _ := w.raw("GET", "/gateways/", ""); status != 200 || time.Since(began) < delay {
		t.Errorf("a delayed call answered %d after %v", status, time.Since(began))
	}
}

func TestHold(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	first := w.core.Hold(types.TargetStatusCreating)
	second := w.core.Hold(types.TargetStatusCreating)
	id := w.create(gw, "orders", server(u.url))
	first()
	first()
	if got := w.get(gw, id).Status; got != types.TargetStatusCreating || u.asked.Load() != 0 {
		t.Errorf("held by the second hold, but %s and asked %d times", got, u.asked.Load())
	}
	second()
	w.settles(gw, id, types.TargetStatusReady)

	// Closing ends what is held and leaves it as it is.
	w.core.Hold(types.TargetStatusSynchronizing)
	w.check(w.synchronize(gw, id))
	w.core.Close()
	w.core.Close()
	if got := w.get(gw, id).Status; got != types.TargetStatusSynchronizing {
		t.Errorf("closing made it %s", got)
	}
	_, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
		GatewayIdentifier: &gw, Name: aws.String("late"), TargetConfiguration: configuration(server(u.url)),
	})
	w.refusal(err, "InternalServerException", "closed")
}

func TestStateDelay(t *testing.T) {
	const delay = 80 * time.Millisecond
	w := start(t, emulator.Options{StateDelay: delay})
	u := w.upstream(1)
	gw := w.gateway("g")
	began := time.Now()
	w.target(gw, "orders", server(u.url))
	if took := time.Since(began); took < delay {
		t.Errorf("READY after %v", took)
	}
}

func TestSetTarget(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	id := w.target(gw, "orders", server(u.url))
	set := func(change func(*bedrockagentcorecontrol.GetGatewayTargetOutput)) {
		t.Helper()
		w.check(w.core.SetTarget(gw, id, change))
	}
	if w.core.SetTarget(gw, "unknown", nil) == nil || w.core.SetTarget("unknown", id, nil) == nil {
		t.Error("an unknown target was set")
	}
	address := "https://login.example.com/"
	set(func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		out.Status = types.TargetStatusSynchronizePendingAuth
		out.AuthorizationData = &types.AuthorizationDataMemberOauth2{Value: types.OAuth2AuthorizationData{AuthorizationUrl: &address}}
	})
	got := w.get(gw, id)
	if data, ok := got.AuthorizationData.(*types.AuthorizationDataMemberOauth2); !ok || *data.Value.AuthorizationUrl != address {
		t.Errorf("authorization data %+v", got.AuthorizationData)
	}
	const pending = "in a pending authorization state"
	w.refusal(w.synchronize(gw, id), "ValidationException", pending)
	w.refusal(w.update(gw, id, "orders", server(u.url)), "ValidationException", pending)
	w.refusal(w.delete(gw, id), "ValidationException", pending)

	// A status set while work is under way stays.
	set(func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) { out.Status = types.TargetStatusReady })
	release := w.core.Hold(types.TargetStatusSynchronizing)
	w.check(w.synchronize(gw, id))
	set(func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		out.Status = types.TargetStatus("SOMETHING_NEW")
	})
	before, asked := w.get(gw, id), u.asked.Load()
	release()
	w.until("the job has read the tools", func() bool { return u.asked.Load() >= asked+3 })
	for range 50 { // the job ends meanwhile
		if after := w.get(gw, id); after.Status != "SOMETHING_NEW" || !after.UpdatedAt.Equal(*before.UpdatedAt) {
			t.Fatalf("the job changed the record to %s", after.Status)
		}
	}
}

func TestUnknownUnionMembers(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g")
	id := w.target(gw, "orders", server(w.upstream(1).url))
	unknown := &types.UnknownUnionMember{Tag: "quantum", Value: []byte(`{"depth":3}`)}
	for name, c := range map[string]struct {
		change func(*bedrockagentcorecontrol.GetGatewayTargetOutput)
		path   []string
	}{
		"configuration": {func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) { out.TargetConfiguration = unknown }, []string{"targetConfiguration"}},
		"nested": {func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			out.Description = aws.String(`quoted \":} and \\`)
			out.TargetConfiguration = &types.TargetConfigurationMemberMcp{Value: unknown}
		}, []string{"targetConfiguration", "mcp"}},
		"schema": {func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			s := server("https://example.com/mcp")
			s.McpToolSchema = unknown
			out.TargetConfiguration = configuration(s)
		}, []string{"targetConfiguration", "mcp", "mcpServer", "mcpToolSchema"}},
		"endpoint": {func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) { out.PrivateEndpoint = unknown }, []string{"privateEndpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.check(w.core.SetTarget(gw, id, c.change))
			_, _, answer := w.raw("GET", "/gateways/"+gw+"/targets/"+id, "")
			node := answer
			for _, step := range c.path {
				node, _ = node[step].(map[string]any)
			}
			if got := fmt.Sprint(node); got != "map[quantum:map[depth:3]]" {
				t.Errorf("%s is %s in %v", strings.Join(c.path, "."), got, answer)
			}
			if answer["name"] != "orders" {
				t.Errorf("the rest is lost: %v", answer)
			}
		})
	}
}

func TestConcurrentHammering(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(2)
	gw := w.gateway("g")
	stable := w.target(gw, "stable", server(u.url))
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			name := fmt.Sprintf("t%d", i)
			for range 4 {
				id := w.create(gw, name, server(u.url))
				w.settles(gw, id, types.TargetStatusReady)
				_ = w.synchronize(gw, stable) // may be busy
				_ = w.update(gw, stable, "stable", server(u.url))
				w.check(w.core.SetTarget(gw, id, func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) { out.Description = &name }))
				if n := len(w.tools(gw)); n < 2 {
					w.Errorf("%d tools", n)
				}
				w.check(w.delete(gw, id))
				w.until("gone", func() bool {
					status, _, _ := w.raw(http.MethodGet, "/gateways/"+gw+"/targets/"+id, "")
					return status == http.StatusNotFound
				})
			}
		})
	}
	group.Wait()
	w.settles(gw, stable, types.TargetStatusReady)
	w.serves(gw, "stable___getOrder", "stable___updateOrder")
}

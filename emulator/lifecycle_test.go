package emulator_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

func TestTutorial(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(2)
	gw := w.gateway("Tutorial")
	if !regexp.MustCompile(`^tutorial-[0-9a-z]{10}$`).MatchString(gw) {
		t.Errorf("gateway id %q", gw)
	}
	id := w.target(gw, "orders", server(u.url))
	if !regexp.MustCompile(`^[0-9A-Z]{10}$`).MatchString(id) {
		t.Errorf("target id %q", id)
	}
	first := w.get(gw, id)
	if first.LastSynchronizedAt == nil || !first.UpdatedAt.After(*first.CreatedAt) {
		t.Errorf("created %v, updated %v, synchronized %v", first.CreatedAt, first.UpdatedAt, first.LastSynchronizedAt)
	}
	w.serves(gw, "orders___getOrder", "orders___updateOrder")

	// A redeployment changes nothing until the target is synchronized.
	w.check(u.orders.SetTools(3))
	w.serves(gw, "orders___getOrder", "orders___updateOrder")
	release := w.core.Hold(types.TargetStatusSynchronizing)
	w.check(w.synchronize(gw, id))
	if busy := w.get(gw, id); busy.Status != types.TargetStatusSynchronizing || !busy.LastSynchronizedAt.Equal(*first.LastSynchronizedAt) {
		t.Errorf("while synchronizing: %s, last synchronized %v", busy.Status, busy.LastSynchronizedAt)
	}
	w.serves(gw, "orders___getOrder", "orders___updateOrder")
	release()
	second := w.settles(gw, id, types.TargetStatusReady)
	if !second.LastSynchronizedAt.After(*first.LastSynchronizedAt) {
		t.Errorf("lastSynchronizedAt stayed %v", second.LastSynchronizedAt)
	}
	w.serves(gw, "orders___cancelOrder", "orders___getOrder", "orders___updateOrder")

	w.refusal(w.deleteGateway(gw), "ConflictException", "has 1 targets associated with it")
	release = w.core.Hold(types.TargetStatusDeleting)
	w.check(w.delete(gw, id))
	if got := w.get(gw, id); got.Status != types.TargetStatusDeleting {
		t.Errorf("while it is deleted the target is %s", got.Status)
	}
	release()
	w.until("the target is gone", func() bool {
		_, err := w.client.GetGatewayTarget(t.Context(), &bedrockagentcorecontrol.GetGatewayTargetInput{GatewayIdentifier: &gw, TargetId: &id})
		if err != nil {
			w.refusal(err, "ResourceNotFoundException", "Failed to retrieve target")
		}
		return err != nil
	})
	w.serves(gw)
	w.check(w.deleteGateway(gw))
	w.until("the gateway is gone", func() bool {
		_, err := w.client.GetGateway(t.Context(), &bedrockagentcorecontrol.GetGatewayInput{GatewayIdentifier: &gw})
		return err != nil
	})
}

func (w *world) deleteGateway(id string) error {
	_, err := w.client.DeleteGateway(w.Context(), &bedrockagentcorecontrol.DeleteGatewayInput{GatewayIdentifier: &id})
	return err
}

func TestUpdateReplaces(t *testing.T) {
	w := start(t, emulator.Options{})
	u, other := w.upstream(2), w.upstream(4)
	gw := w.gateway("g")
	created, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
		GatewayIdentifier: &gw, Name: aws.String("orders"), Description: aws.String("the first"),
		TargetConfiguration: configuration(&types.McpServerTargetConfiguration{Endpoint: &u.url, ResourcePriority: aws.Int32(7)}),
		CredentialProviderConfigurations: []types.CredentialProviderConfiguration{{
			CredentialProviderType: types.CredentialProviderTypeOauth,
			CredentialProvider: &types.CredentialProviderMemberOauthCredentialProvider{Value: types.OAuthCredentialProvider{
				ProviderArn: aws.String("arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/p"),
				Scopes:      []string{"a/invoke"},
			}},
		}},
		MetadataConfiguration: &types.MetadataConfiguration{AllowedRequestHeaders: []string{"x-tenant"}},
	})
	w.check(err)
	id := *created.TargetId
	before := w.settles(gw, id, types.TargetStatusReady)
	if before.CredentialProviderConfigurations == nil || before.MetadataConfiguration == nil || before.Description == nil {
		t.Fatalf("created without what was sent: %+v", before)
	}

	w.check(w.update(gw, id, "renamed", server(other.url)))
	after := w.settles(gw, id, types.TargetStatusReady)
	if !after.CreatedAt.Equal(*before.CreatedAt) || !after.UpdatedAt.After(*before.UpdatedAt) || !after.LastSynchronizedAt.After(*before.LastSynchronizedAt) {
		t.Errorf("times before %v %v, after %v %v", before.UpdatedAt, before.LastSynchronizedAt, after.UpdatedAt, after.LastSynchronizedAt)
	}
	_, _, answer := w.raw("GET", "/gateways/"+gw+"/targets/"+id, "")
	for _, member := range []string{"credentialProviderConfigurations", "metadataConfiguration", "description", "statusReasons"} {
		if value, ok := answer[member]; ok {
			t.Errorf("%s is still %v", member, value)
		}
	}
	w.serves(gw, "renamed___cancelOrder", "renamed___deleteOrder", "renamed___getOrder", "renamed___updateOrder")

	// A change of the description alone synchronizes, too.
	w.check(u.orders.SetTools(1))
	_, err = w.client.UpdateGatewayTarget(t.Context(), &bedrockagentcorecontrol.UpdateGatewayTargetInput{
		GatewayIdentifier: &gw, TargetId: &id, Name: aws.String("renamed"), Description: aws.String("new"),
		TargetConfiguration: configuration(server(u.url)),
	})
	w.check(err)
	w.settles(gw, id, types.TargetStatusReady)
	w.serves(gw, "renamed___getOrder")
}

func TestUpdateGatewayReplaces(t *testing.T) {
	w := start(t, emulator.Options{})
	gw := w.gateway("g", func(in *bedrockagentcorecontrol.CreateGatewayInput) {
		in.Description = aws.String("old")
		in.ExceptionLevel = types.ExceptionLevelDebug
	})
	update := func(change func(*bedrockagentcorecontrol.UpdateGatewayInput)) error {
		in := &bedrockagentcorecontrol.UpdateGatewayInput{
			GatewayIdentifier: &gw, Name: aws.String("g"), RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone,
		}
		change(in)
		_, err := w.client.UpdateGateway(t.Context(), in)
		return err
	}
	w.refusal(update(func(in *bedrockagentcorecontrol.UpdateGatewayInput) { in.Name = aws.String("h") }), "ValidationException", "name of a gateway cannot be changed")
	w.refusal(update(func(in *bedrockagentcorecontrol.UpdateGatewayInput) { in.AuthorizerType = types.AuthorizerTypeAwsIam }), "ValidationException", "authorizer type")
	w.check(update(func(in *bedrockagentcorecontrol.UpdateGatewayInput) { in.ProtocolType = types.GatewayProtocolTypeMcp }))
	w.until("the gateway is READY", func() bool {
		out, err := w.client.GetGateway(t.Context(), &bedrockagentcorecontrol.GetGatewayInput{GatewayIdentifier: &gw})
		w.check(err)
		if out.Description != nil || out.ExceptionLevel != "" {
			t.Fatalf("not replaced: %v %v", *out.Description, out.ExceptionLevel)
		}
		return out.Status == types.GatewayStatusReady && out.WorkloadIdentityDetails.WorkloadIdentityArn != nil
	})
}

func TestTimestampsIncreaseWhileTheClockStands(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 999_999, time.UTC)
	w := start(t, emulator.Options{Now: func() time.Time { return now }})
	gw := w.gateway("g")
	id := w.target(gw, "orders", server(w.upstream(1).url))
	last := *w.get(gw, id).CreatedAt
	if !last.Equal(now.Truncate(time.Millisecond)) {
		t.Errorf("created at %v", last)
	}
	for range 3 {
		w.check(w.synchronize(gw, id))
		out := w.settles(gw, id, types.TargetStatusReady)
		if !out.UpdatedAt.After(last) || !out.LastSynchronizedAt.After(last) || !out.UpdatedAt.After(*out.LastSynchronizedAt) {
			t.Errorf("updated %v after %v, synchronized %v", out.UpdatedAt, last, out.LastSynchronizedAt)
		}
		last = *out.UpdatedAt
	}
}

func TestClientToken(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	token := "0123456789abcdef0123456789abcdef01234"
	create := func(name string) (string, error) {
		out, err := w.client.CreateGatewayTarget(t.Context(), &bedrockagentcorecontrol.CreateGatewayTargetInput{
			GatewayIdentifier: &gw, Name: &name, ClientToken: &token, TargetConfiguration: configuration(server(u.url)),
		})
		if err != nil {
			return "", err
		}
		return *out.TargetId, nil
	}
	first, err := create("a")
	w.check(err)
	again, err := create("a")
	w.check(err)
	if again != first {
		t.Errorf("the same request made %s and %s", first, again)
	}
	_, err = create("b")
	w.refusal(err, "ConflictException", "client token")

	w.settles(gw, first, types.TargetStatusReady)
	w.check(w.delete(gw, first))
	w.until("the token is free again", func() bool {
		id, err := create("b")
		return err == nil && id != first
	})
}

func TestPages(t *testing.T) {
	w := start(t, emulator.Options{})
	u := w.upstream(1)
	gw := w.gateway("g")
	other := w.gateway("other")
	var want []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		want = append(want, w.target(gw, name, server(u.url)))
	}
	var got []string
	list := &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: &gw, MaxResults: aws.Int32(2)}
	for page := 1; ; page++ {
		out, err := w.client.ListGatewayTargets(t.Context(), list)
		w.check(err)
		for _, item := range out.Items {
			got = append(got, *item.TargetId)
		}
		if list.NextToken = out.NextToken; out.NextToken == nil {
			if page != 3 {
				t.Errorf("%d pages, want 3", page)
			}
			break
		}
		if page == 1 { // what goes between two pages does not shift them
			w.check(w.delete(gw, want[0]))
			w.until("it is gone", func() bool {
				_, err := w.client.GetGatewayTarget(t.Context(), &bedrockagentcorecontrol.GetGatewayTargetInput{GatewayIdentifier: &gw, TargetId: &want[0]})
				return err != nil
			})
			_, err := w.client.ListGatewayTargets(t.Context(), &bedrockagentcorecontrol.ListGatewayTargetsInput{GatewayIdentifier: &other, NextToken: out.NextToken})
			w.refusal(err, "ValidationException", "nextToken")
		}
	}
	if len(got) != len(want) {
		t.Fatalf("listed %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("listed %q, want %q", got, want)
		}
	}
	_, err := w.client.ListGateways(t.Context(), &bedrockagentcorecontrol.ListGatewaysInput{NextToken: aws.String("bogus")})
	w.refusal(err, "ValidationException", "nextToken")
	out, err := w.client.ListGateways(t.Context(), &bedrockagentcorecontrol.ListGatewaysInput{MaxResults: aws.Int32(1)})
	w.check(err)
	if len(out.Items) != 1 || *out.Items[0].GatewayId != gw || out.NextToken == nil {
		t.Errorf("first page of gateways: %+v", out.Items)
	}
}

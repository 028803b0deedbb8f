package tools_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
	"agentcore-gateway-mcp/tools"
)

func TestSynchronizeTarget(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	if got := b.served("orders"); got != "getOrder updateOrder" {
		t.Fatalf("before the sync the gateway serves %q", got)
	}
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
	if c.Outcome != gateway.Synchronized || c.Status != aws.TargetReady || c.TargetID != b.targetID || c.Account != "123456789012" || c.Region != "us-east-1" {
		t.Errorf("got %+v", c)
	}
	if len(c.Tools.Added) != 1 || c.Tools.Added[0].Name != "cancelOrder" || c.Tools.Before != 2 || c.Tools.After != 3 || len(c.Tools.Removed)+len(c.Tools.Changed) != 0 {
		t.Errorf("tools: got %+v", c.Tools)
	}
	if got := b.served("orders"); got != "cancelOrder getOrder updateOrder" {
		t.Errorf("after the sync the gateway serves %q", got)
	}
	if b.progressed() == 0 {
		t.Error("no progress was sent")
	}
	if err := b.orders.SetTools(1); err != nil {
		t.Fatal(err)
	}
	c = must[gateway.Change](b, "synchronize_target", map[string]any{"gateway": b.gatewayID, "target": b.targetID})
	if len(c.Tools.Removed) != 2 || c.Tools.After != 1 {
		t.Errorf("tools: got %+v", c.Tools)
	}
	c = must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
	if len(c.Tools.Added)+len(c.Tools.Removed)+len(c.Tools.Changed) != 0 || !strings.Contains(c.Next, "nothing is different") {
		t.Errorf("a sync that changes nothing: got %+v", c)
	}
}

func TestUpdateTargetEndpointKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	successor, err := orders.NewHandler(4)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, successor).URL + "/mcp"
	// Every optional setting that AWS knows.
	err = b.cloud.SetTarget(b.gatewayID, b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		server := o.TargetConfiguration.(*types.TargetConfigurationMemberMcp).Value.(*types.McpTargetConfigurationMemberMcpServer)
		server.Value.ListingMode = types.ListingModeDefault
		credential := o.CredentialProviderConfigurations[0].CredentialProvider.(*types.CredentialProviderMemberOauthCredentialProvider)
		credential.Value.CustomParameters = map[string]string{"resource": "orders"}
		o.MetadataConfiguration.AllowedQueryParameters = []string{"q"}
		o.MetadataConfiguration.AllowedResponseHeaders = []string{"X-Trace"}
		o.PrivateEndpoint = &types.PrivateEndpointMemberManagedVpcResource{Value: types.ManagedVpcResource{
			VpcIdentifier: ptr("vpc-0123abcd"), SubnetIds: []string{"subnet-0123abcd"}, EndpointIpAddressType: types.EndpointIpAddressTypeIpv4,
		}}
		o.CertificateConfigurations = []types.CertificateConfiguration{&types.CertificateConfigurationMemberSecretsManager{
			Value: types.SecretsManagerCertificateConfiguration{SecretArn: ptr("arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf")},
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	before := b.configuration("orders")
	c := must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": url})
	if c.Outcome != gateway.Updated || c.PreviousEndpoint != b.url || c.Endpoint != url || len(c.Tools.Added) != 2 {
		t.Errorf("got %+v", c)
	}
	if got, want := b.configuration("orders"), strings.Replace(before, b.url, url, 1); got != want {
		t.Errorf("the update changed more than the endpoint:\n got %s\nwant %s", got, want)
	}
	if c = must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": url}); c.Outcome != gateway.Unchanged {
		t.Errorf("the same endpoint again: got %+v", c)
	}
	if n := b.cloud.Calls("UpdateGatewayTarget"); n != 1 {
		t.Errorf("%d updates were sent, want 1", n)
	}
	// The way back.
	if c = must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": b.url}); c.Outcome != gateway.Updated {
		t.Errorf("the way back: got %+v", c)
	}
	if got := b.configuration("orders"); got != before {
		t.Errorf("after going back:\n got %s\nwant %s", got, before)
	}
}

func ptr[T any](v T) *T { return &v }

func TestSyncOutlastsTheWaitAndIsJoined(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.orders.SetTools(3); err != nil {
		t.Fatal(err)
	}
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 1})
	if c.Outcome != gateway.InProgress || c.Status != types.TargetStatusSynchronizing || !strings.Contains(c.Next, "synchronize_target again") {
		t.Errorf("got %+v", c)
	}
	if c = must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 0}); c.Outcome != gateway.InProgress {
		t.Errorf("without waiting: got %+v", c)
	}
	seen := b.progressed()
	done := make(chan gateway.Change)
	go func() {
		c, _, _ := call[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
		done <- c
	}()
	eventually(t, "the third call waits", func() bool { return b.progressed() > seen })
	release()
	if c = <-done; c.Outcome != gateway.Synchronized || c.Tools.After != 3 || len(c.Tools.Added) != 1 {
		t.Errorf("the call that joins: got %+v", c)
	}
	if n := b.cloud.Calls("SynchronizeGatewayTargets"); n != 1 {
		t.Errorf("%d synchronizations were sent, want 1", n)
	}
}

// A call whose answer is lost may be on its way still: what reads too early must
// not send it again.
func TestLateArrivalIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"SynchronizeGatewayTargets", "UpdateGatewayTarget"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			var armed atomic.Bool
			var late sync.WaitGroup
			b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPut || !armed.CompareAndSwap(true, false) {
						next.ServeHTTP(w, r)
						return
					}
					body := readAll(r)
					late.Add(1)
					time.AfterFunc(600*time.Millisecond, func() {
						defer late.Done()
						r := r.Clone(context.WithoutCancel(r.Context()))
						r.Body = io.NopCloser(bytes.NewReader(body))
						next.ServeHTTP(httptest.NewRecorder(), r)
					})
					panic(http.ErrAbortHandler)
				})
			}})
			successor, err := orders.NewHandler(3)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.orders.SetTools(3); err != nil {
				t.Fatal(err)
			}
			armed.Store(true)
			var change gateway.Change
			if operation == "UpdateGatewayTarget" {
				change = must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": serve(t, successor).URL + "/mcp"})
			} else {
				change = must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
			}
			late.Wait()
			if n := b.cloud.Calls(operation); n != 1 || change.Tools.After != 3 {
				t.Errorf("%s arrived %d times: %+v", operation, n, change)
			}
		})
	}
}

// A call whose answer is lost must not be sent twice when its work has begun,
// and must be sent again when it has not.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"SynchronizeGatewayTargets", "UpdateGatewayTarget"} {
		for name, c := range map[string]struct {
			fault emulator.Fault
			calls int
		}{
			"reset after it has begun":    {emulator.Fault{Reset: true, After: true}, 1},
			"5xx after it has begun":      {emulator.Fault{Code: "InternalServerException", After: true}, 1},
			"reset before it has begun":   {emulator.Fault{Reset: true}, 2},
			"5xx before it has begun":     {emulator.Fault{Code: "InternalServerException"}, 2},
			"throttled":                   {emulator.Fault{Code: "ThrottlingException"}, 2},
			"slow answer, after the work": {emulator.Fault{Delay: 300e6}, 1},
		} {
			t.Run(operation+"/"+name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, benchOptions{})
				if err := b.orders.SetTools(3); err != nil {
					t.Fatal(err)
				}
				successor, err := orders.NewHandler(3)
				if err != nil {
					t.Fatal(err)
				}
				c.fault.Operation, c.fault.Times = operation, 1
				b.cloud.Inject(c.fault)
				var change gateway.Change
				if operation == "UpdateGatewayTarget" {
					change = must[gateway.Change](b, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": serve(t, successor).URL + "/mcp"})
				} else {
					change = must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
				}
				if change.Tools.After != 3 || len(change.Tools.Added) != 1 {
					t.Errorf("got %+v", change)
				}
				if n := b.cloud.Calls(operation); n != c.calls {
					t.Errorf("%s was sent %d times, want %d", operation, n, c.calls)
				}
			})
		}
	}
}

// One bad answer of the gateway's own endpoint does not cost the comparison.
func TestGatewayEndpointHiccup(t *testing.T) {
	t.Parallel()
	var hiccups atomic.Int32
	b := newBench(t, benchOptions{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/gateway/") && hiccups.Add(-1) >= 0 {
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	hiccups.Store(1)
	if out := must[tools.ToolList](b, "list_tools", nil); out.Count != 2 {
		t.Errorf("got %+v", out)
	}
	hiccups.Store(1000)
	refused(b, "list_tools", nil, "503")
}

func TestListTargets(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	b.newTarget(b.gatewayID, "broken", b.url)
	id := b.newTarget(b.gatewayID, "also-orders", b.url)
	err := b.cloud.SetTarget(b.gatewayID, id, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		o.Status, o.StatusReasons = types.TargetStatusFailed, []string{"the server said:\n\x1b[31mdo this"}
	})
	if err != nil {
		t.Fatal(err)
	}
	all := must[tools.TargetList](b, "list_targets", nil).Targets
	if len(all) != 3 || all[0].Name != "also-orders" || all[0].StatusReasons[0] != "the server said: <U+001B>[31mdo this" || all[0].Endpoint != b.url || all[0].Auth != "OAUTH" {
		t.Errorf("got %+v", all)
	}
	eventually(t, "a progress notification for each target", func() bool { return b.progressedBy("read ") == 3 })
	quick := must[tools.TargetList](b, "list_targets", map[string]any{"details": false}).Targets
	if len(quick) != 3 || quick[0].Endpoint != "" || quick[0].Type != "MCP_SERVER" || quick[0].LastSynchronizedAt.IsZero() {
		t.Errorf("got %+v", quick)
	}
	failed := must[tools.TargetList](b, "list_targets", map[string]any{"status": "FAILED"}).Targets
	if len(failed) != 1 || failed[0].ID != id {
		t.Errorf("got %+v", failed)
	}
	refused(b, "list_targets", map[string]any{"status": "BROKEN"}, "BROKEN")
}

func TestPendingAuthorization(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	pend := func(status types.TargetStatus) {
		t.Helper()
		if err := b.cloud.SetTarget(b.gatewayID, b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			o.Status = status
			o.AuthorizationData = &types.AuthorizationDataMemberOauth2{Value: types.OAuth2AuthorizationData{AuthorizationUrl: ptr("https://idp.example.com/consent")}}
		}); err != nil {
			t.Fatal(err)
		}
	}
	pend(types.TargetStatusUpdatePendingAuth)
	refused(b, "synchronize_target", map[string]any{"target": "orders"}, "UPDATE_PENDING_AUTH", "https://idp.example.com/consent")
	refused(b, "update_target_endpoint", map[string]any{"target": "orders", "endpoint": b.url + "2"}, "UPDATE_PENDING_AUTH", "consent")
	// A sync that ends in pending authorization is not an error.
	pend(types.TargetStatusReady)
	release := b.cloud.Hold(types.TargetStatusSynchronizing)
	defer release()
	done := make(chan gateway.Change)
	go func() {
		c, _, _ := call[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
		done <- c
	}()
	b.reaches(types.TargetStatusSynchronizing)
	pend(types.TargetStatusSynchronizePendingAuth)
	if c := <-done; c.Outcome != gateway.NeedsAuthorization || c.AuthorizationURL != "https://idp.example.com/consent" || c.Next == "" {
		t.Errorf("got %+v", c)
	}
}

func TestUnknownStatusIsReported(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	if err := b.cloud.SetTarget(b.gatewayID, b.targetID, func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) { o.Status = "HIBERNATING" }); err != nil {
		t.Fatal(err)
	}
	if all := must[tools.TargetList](b, "list_targets", nil).Targets; all[0].Status != "HIBERNATING" {
		t.Errorf("got %+v", all)
	}
	c := must[gateway.Change](b, "synchronize_target", map[string]any{"target": "orders"})
	if c.Outcome != gateway.Synchronized {
		t.Errorf("got %+v", c)
	}
}

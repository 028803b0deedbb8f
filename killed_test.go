package main

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"agentcore-gateway-mcp/agent-examples/orders"
	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
	"agentcore-gateway-mcp/gateway"
)

// Our process is killed in the middle of an update. The target has the old
// configuration or the new one, whole; the log has the old one; and another
// process goes on from there.
func TestKilledDuringUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		begun bool                                 // whether AWS has begun with the update when the process dies
		stall func(*emulator.Server) (goOn func()) // keeps the update from ending
	}{
		"before AWS begins": {false, func(s *emulator.Server) func() {
			return s.Inject(emulator.Fault{Operation: "UpdateGatewayTarget", Delay: time.Hour})
		}},
		"while AWS is at work": {true, func(s *emulator.Server) func() { return s.Hold(types.TargetStatusUpdating) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKilled(t)
			goOn := c.stall(k.cloud)
			defer goOn()

			session, kill, log := k.start()
			ended := make(chan error, 1)
			go func() {
				_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "update_target_endpoint", Arguments: map[string]any{"target": "orders", "confirm": "orders", "endpoint": k.successor}})
				ended <- err
			}()
			k.eventually("the update reaches AWS", func() bool { return k.cloud.Calls("UpdateGatewayTarget") == 1 })
			if c.begun {
				k.eventually("AWS begins", func() bool { return k.status() == types.TargetStatusUpdating })
			}
			kill()
			if err := <-ended; err == nil {
				t.Error("the killed process has answered")
			}

			want := k.before
			if c.begun {
				want = strings.Replace(k.before, k.first, k.successor, 1)
			}
			if got := k.configuration(); got != want {
				t.Errorf("after the kill:\n got %s\nwant %s", got, want)
			}
			if got := logged(t, log.text()); got != k.before {
				t.Errorf("the killed process has logged\n%s\nas the previous configuration, it was\n%s", got, k.before)
			}

			session, _, _ = k.start()
			if c.begun {
				change := callOver[gateway.Change](t, session, "synchronize_target", map[string]any{"target": "orders", "waitSeconds": 1})
				if change.Outcome != gateway.InProgress || change.Status != types.TargetStatusUpdating {
					t.Errorf("while AWS is still at work: %+v", change)
				}
				reads := k.cloud.Calls("GetGatewayTarget")
				go k.eventually("the next call has found the target at work, and waits", func() bool {
					if k.cloud.Calls("GetGatewayTarget") < reads+2 {
						return false
					}
					goOn()
					return true
				})
				change = callOver[gateway.Change](t, session, "synchronize_target", map[string]any{"target": "orders"})
				if change.Outcome != gateway.Synchronized || !strings.Contains(change.Next, "joined") || k.cloud.Calls("SynchronizeGatewayTargets") != 0 {
					t.Errorf("the call that joins: %+v", change)
				}
			}
			goOn()
			again, outcome := callOver[gateway.Change](t, session, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": k.successor}), gateway.Updated
			if c.begun {
				outcome = gateway.Unchanged
			}
			if again.Outcome != outcome || again.Endpoint != k.successor {
				t.Errorf("the same update by another process: %+v", again)
			}
			back := callOver[gateway.Change](t, session, "update_target_endpoint", map[string]any{"target": "orders", "confirm": "orders", "endpoint": k.first})
			if got := k.configuration(); got != k.before || back.Outcome != gateway.Updated {
				t.Errorf("the way back: %+v\n got %s\nwant %s", back, got, k.before)
			}
		})
	}
}

// killed is a local AgentCore in this process, with one target that has two
// servers to choose from.
type killed struct {
	t                   *testing.T
	cloud               *emulator.Server
	address             string
	gatewayID, targetID string
	first, successor    string // endpoints
	before              string
}

func newKilled(t *testing.T) *killed {
	t.Helper()
	k := &killed{t: t, cloud: emulator.New(emulator.Options{})}
	front := httptest.NewServer(k.cloud)
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	t.Cleanup(k.cloud.Close) // first: it ends the requests that are delayed
	k.address = front.URL
	for i, url := range []*string{&k.first, &k.successor} {
		h, err := orders.NewHandler(2 + i)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		*url = s.URL + "/mcp"
	}
	client, err := aws.New(t.Context(), aws.Options{Endpoint: k.address})
	if err != nil {
		t.Fatal(err)
	}
	if k.gatewayID, err = client.CreateGateway(t.Context(), aws.NewGateway{Name: "shop", RoleARN: "arn:aws:iam::123456789012:role/gateway"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitGateway(t.Context(), k.gatewayID, aws.GatewayReady); err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateTarget(t.Context(), k.gatewayID, aws.NewTarget{
		Name: "orders", Description: "the order desk", Endpoint: k.first, Scopes: []string{"orders/invoke"},
		ProviderARN:    "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/p",
		RequestHeaders: []string{"X-Correlation-Id"}, ResourcePriority: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	k.targetID = created.ID
	if _, err := client.WaitTarget(t.Context(), k.gatewayID, created, nil); err != nil {
		t.Fatal(err)
	}
	k.before = k.configuration()
	return k
}

// start starts our program over stdio; kill ends it as a crash of the machine
// would.
func (k *killed) start() (session *mcp.ClientSession, kill func(), log *printed) {
	k.t.Helper()
	cmd := program(k.t)
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL="+k.address)
	log = &printed{more: make(chan struct{}, 1)}
	cmd.Stderr = log
	session = connectTo(k.t, &mcp.CommandTransport{Command: cmd})
	return session, func() {
		if err := cmd.Process.Kill(); err != nil {
			k.t.Error(err)
		}
		session.Close() // waits for it, so that the log is complete
	}, log
}

func (k *killed) eventually(what string, ok func() bool) {
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			k.t.Errorf("not in 20 s: %s", what)
			return
		case <-tick.C:
		}
	}
}

func (k *killed) look(see func(*bedrockagentcorecontrol.GetGatewayTargetOutput)) {
	if err := k.cloud.SetTarget(k.gatewayID, k.targetID, see); err != nil {
		k.t.Error(err)
	}
}

func (k *killed) status() (s types.TargetStatus) {
	k.look(func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) { s = o.Status })
	return s
}

// configuration is the target's without what changes by itself.
func (k *killed) configuration() (c string) {
	k.look(func(o *bedrockagentcorecontrol.GetGatewayTargetOutput) {
		data, err := aws.EncodeJSON(o)
		if err != nil {
			k.t.Error(err)
		}
		c = steady(k.t, data)
	})
	return c
}

func steady(t *testing.T, data []byte) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, moving := range []string{"status", "createdAt", "updatedAt", "lastSynchronizedAt", "protocolType"} {
		delete(all, moving)
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// logged is the previous configuration as a log line has it.
func logged(t *testing.T, log string) string {
	t.Helper()
	line := regexp.MustCompile(`configuration=("(?:[^"\\]|\\.)*")`).FindStringSubmatch(log)
	if line == nil {
		t.Fatalf("no configuration in the log: %s", log)
	}
	text, err := strconv.Unquote(line[1])
	if err != nil {
		t.Fatal(err)
	}
	return steady(t, []byte(text))
}

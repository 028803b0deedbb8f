package emulator

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
)

func TestStartsIn(t *testing.T) {
	for cold, want := range map[time.Duration]struct {
		wait    time.Duration
		started bool
	}{
		-time.Second: {-time.Second, true}, 0: {0, true}, time.Second: {time.Second, true},
		30 * time.Second: {30 * time.Second, true}, 30*time.Second + 1: {30 * time.Second, false}, time.Hour: {30 * time.Second, false},
	} {
		if wait, started := startsIn(cold); wait != want.wait || started != want.started {
			t.Errorf("%s: %s, %t", cold, wait, started)
		}
	}
}

// Only the data plane's URL of a runtime that is here leads here.
func TestReach(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	id, arn := "a-0123456789", "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-0123456789"
	s.runtimes = []*agentRuntime{{versions: []*runtimeVersion{{record: bedrockagentcorecontrol.GetAgentRuntimeOutput{AgentRuntimeId: &id, AgentRuntimeArn: &arn}}}}}
	const (
		host = "https://bedrock-agentcore.us-east-1.amazonaws.com"
		here = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fa-0123456789/invocations?qualifier=DEFAULT"
		gone = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fb-0123456789/invocations"
	)
	for endpoint, want := range map[string]string{
		host + here: "http://127.0.0.1:1" + here,
		host + gone: host + gone,
		host + "/x": host + "/x",
		"http://bedrock-agentcore.us-east-1.amazonaws.com" + here:  "http://bedrock-agentcore.us-east-1.amazonaws.com" + here,
		"https://bedrock-agentcore.eu-west-1.amazonaws.com" + here: "https://bedrock-agentcore.eu-west-1.amazonaws.com" + here,
	} {
		if got := s.reach(endpoint, "http://127.0.0.1:1"); got != want {
			t.Errorf("%s: %s", endpoint, got)
		}
	}
}

// A word of a name counts for more than one of a description.
func TestBestMatches(t *testing.T) {
	definitions := []json.RawMessage{
		json.RawMessage(`{"name":"x","description":"refund an order, or three orders"}`),
		json.RawMessage(`{"name":"refundOrder","description":"gives money back"}`),
		json.RawMessage(`{"name":"weather","description":"rain"}`),
	}
	if got := bestMatches("Refund my orders", definitions); len(got) != 2 || string(got[0]) != string(definitions[1]) {
		t.Errorf("found %s", got)
	}
}

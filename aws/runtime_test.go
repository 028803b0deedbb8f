package aws

import (
	"strings"
	"testing"
)

func TestRuntimeEndpoint(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_REGION", "eu-west-1")
	for _, c := range []struct{ endpoint, arn, qualifier, want, problem string }{
		{arn: "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/orders-AbCdEfGhIj",
			want: "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Forders-AbCdEfGhIj/invocations?qualifier=DEFAULT"},
		{arn: "arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:runtime/a-AbCdEfGhIj", qualifier: "3",
			want: "https://bedrock-agentcore.cn-north-1.amazonaws.com.cn/runtimes/arn%3Aaws-cn%3Abedrock-agentcore%3Acn-north-1%3A123456789012%3Aruntime%2Fa-AbCdEfGhIj/invocations?qualifier=3"},
		{endpoint: "http://127.0.0.1:8042", arn: "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-AbCdEfGhIj", qualifier: "prod",
			want: "http://127.0.0.1:8042/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fa-AbCdEfGhIj/invocations?qualifier=prod"},
		{arn: "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/a-abcdefghij", problem: "not the ARN of a runtime"},
		{arn: "orders", problem: "not the ARN of a runtime"},
		{arn: "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a-AbCdEfGhIj", qualifier: "a b", problem: "qualifier"},
	} {
		client, err := New(t.Context(), Options{Endpoint: c.endpoint})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.RuntimeEndpoint(t.Context(), c.arn, c.qualifier)
		if got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.arn, c.qualifier, got, c.want)
		}
		if (err != nil) != (c.problem != "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s %s: error %v, want %q", c.arn, c.qualifier, err, c.problem)
		}
	}
}

// Only a local AgentCore takes the place of AWS's data plane, and only for its region.
func TestReach(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_REGION", "us-east-1")
	const path = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fa-AbCdEfGhIj/invocations?qualifier=DEFAULT"
	for _, c := range []struct{ control, endpoint, want string }{
		{"http://127.0.0.1:8042", "https://bedrock-agentcore.us-east-1.amazonaws.com" + path, "http://127.0.0.1:8042" + path},
		{"http://127.0.0.1:8042", "https://bedrock-agentcore.eu-west-1.amazonaws.com" + path, ""},
		{"http://127.0.0.1:8042", "https://orders.example.com" + path, ""},
		{"http://127.0.0.1:8042", "http://bedrock-agentcore.us-east-1.amazonaws.com" + path, ""},
		{"", "https://bedrock-agentcore.us-east-1.amazonaws.com" + path, ""},
		{"https://proxy.example.com", "https://bedrock-agentcore.us-east-1.amazonaws.com" + path, ""},
	} {
		client, err := New(t.Context(), Options{Endpoint: c.control})
		if err != nil {
			t.Fatal(err)
		}
		want := c.want
		if want == "" {
			want = c.endpoint
		}
		if got := client.Reach(c.endpoint); got != want {
			t.Errorf("with %q, %s: %s", c.control, c.endpoint, got)
		}
	}
}

package aws

import (
	"net/url"
	"strings"
	"testing"
)

func TestDataPlane(t *testing.T) {
	remote, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: "https://control.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	local, err := New(t.Context(), Options{Endpoint: "http://127.0.0.1:8042"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		client *Client
		url    string
		want   bool
	}{
		{remote, "https://bedrock-agentcore.us-east-1.amazonaws.com/x", true},
		{remote, "https://BEDROCK-AGENTCORE.us-east-1.amazonaws.com./x", true},
		{remote, "https://bedrock-agentcore.eu-west-1.amazonaws.com", true},
		{remote, "https://bedrock-agentcore-fips.us-gov-west-1.amazonaws.com", true},
		{remote, "https://bedrock-agentcore.us-east-1.api.aws", true},
		{remote, "https://bedrock-agentcore-fips.us-east-1.api.aws", true},
		{remote, "https://bedrock-agentcore.cn-north-1.amazonaws.com.cn", true},
		{remote, "https://bedrock-agentcore.eusc-de-east-1.amazonaws.eu", true},
		{remote, "https://vpce-0123-abc.bedrock-agentcore.us-east-1.vpce.amazonaws.com", true},
		{remote, "https://shop-abcdefghij.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp", false},
		{remote, "https://bedrock-agentcore.us-east-1.example.com", false},
		{remote, "https://bedrock-agentcore.us-east-1.amazonaws.com.evil.example", false},
		{remote, "https://bedrock-agentcore-control.us-east-1.amazonaws.com", false},
		{remote, "https://bedrock-agentcore.example", false},
		{remote, "https://example.com", false},
		{remote, "http://127.0.0.1:8042/x", false},
		{local, "http://127.0.0.1:8042/x", true},
		{local, "http://localhost:8042/x", true},
		{local, "http://[::1]:8042/x", true},
		{local, "https://127.0.0.1:8042/x", true},
		{remote, "https://bedrock-agentcore.us-east-1.amazonaws.com:8443/x", true},
		{remote, "https://bedrock-agentcore.us-east-1.amazonaws.com:443/x", true},
		{remote, "http://bedrock-agentcore.us-east-1.amazonaws.com/x", true},
		{local, "http://127.0.0.1:8043/x", false},
		{local, "http://10.0.0.1:8042/x", false},
		{local, "https://bedrock-agentcore.us-east-1.amazonaws.com/x", true},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		is, plain := c.client.DataPlane(t.Context(), u)
		if is != c.want || plain != (c.want && !strings.Contains(c.url, "vpce") && !strings.Contains(c.url, "localhost") && !strings.Contains(c.url, "::1") && !strings.Contains(c.url, ":8443") && !strings.HasPrefix(c.url, "http://bedrock") && c.url != "https://127.0.0.1:8042/x") {
			t.Errorf("%s (local: %v): got %v, %v, want %v", c.url, c.client.Local(), is, plain, c.want)
		}
	}
}

func TestInvokesRuntimeOf(t *testing.T) {
	const (
		gateway = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/shop-abcdefghij"
		runtime = "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Forders-AbCdEfGhIj"
		foreign = "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A210987654321%3Aruntime%2Forders-AbCdEfGhIj"
	)
	for _, c := range []struct {
		path, gateway string
		want          bool
	}{
		{"/runtimes/" + runtime + "/invocations", gateway, true},
		{"/runtimes/" + runtime + "/invocations?qualifier=DEFAULT", gateway, true},
		{"/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aeu-west-1%3A123456789012%3Aruntime%2Forders-AbCdEfGhIj/invocations", gateway, true},
		{"/runtimes/" + foreign + "/invocations", gateway, false},
		{"/runtimes/" + runtime + "/invocations", "", false},
		{"/runtimes/" + runtime + "/invocations", "not an arn", false},
		{"/runtimes/arn%3Aaws-cn%3Abedrock-agentcore%3Acn-north-1%3A123456789012%3Aruntime%2Forders-AbCdEfGhIj/invocations", gateway, false},
		{"/runtimes/" + runtime + "/invocations?qualifier=DEFAULT&accountId=210987654321", gateway, false},
		{"/runtimes/" + runtime + "/invocations?accountId=210987654321", gateway, false},
		{"/runtimes/" + runtime + "/invocations?a;b", gateway, false},
		{"/runtimes/" + runtime + "/invocations?qualifier=DEFAULT&qualifier=x", gateway, false},
		{"/runtimes/" + runtime + "/invocations?qualifier=@127.0.0.1:9911", gateway, false},
		{"/runtimes/" + runtime + "/invocations/", gateway, false},
		{"/runtimes/" + runtime + "/../" + foreign + "/invocations", gateway, false},
		{"//runtimes/" + runtime + "/invocations", gateway, false},
		{"/x/" + runtime + "/invocations", gateway, false},
		{"/runtimes/arn%253Aaws%253Abedrock-agentcore%253Aus-east-1%253A123456789012%253Aruntime%252Forders-AbCdEfGhIj/invocations", gateway, false},
		{"/runtimes/arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/orders-AbCdEfGhIj/invocations", gateway, false},
		{"/runtimes/" + runtime + "%2F..%2F" + foreign + "/invocations", gateway, false},
		{"/runtimes/orders-AbCdEfGhIj/invocations", gateway, false},
		{"/gateway/shop-abcdefghij/mcp", gateway, false},
	} {
		u, err := url.Parse("https://bedrock-agentcore.us-east-1.amazonaws.com" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := InvokesRuntimeOf(c.gateway, u); got != c.want {
			t.Errorf("%s for %q: got %v, want %v", c.path, c.gateway, got, c.want)
		}
	}
}

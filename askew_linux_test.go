package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// tutored has the target of the tutorial with the longest status that AWS gives.
func (s *studio) tutored() {
	_, url := s.server(orderTools)
	endpoint := "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Forders_v1-Ab3dE6gH9k/invocations?qualifier=DEFAULT"
	provider := "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/p"
	for _, name := range []string{"mcp-server-target", "orders"} {
		s.change(s.target(name, url), func(out *bedrockagentcorecontrol.GetGatewayTargetOutput) {
			out.TargetConfiguration = &types.TargetConfigurationMemberMcp{Value: &types.McpTargetConfigurationMemberMcpServer{Value: types.McpServerTargetConfiguration{Endpoint: &endpoint}}}
			if name == "orders" {
				return
			}
			out.Status, out.StatusReasons = types.TargetStatusSynchronizeUnsuccessful, []string{"Failed to connect and fetch tools from the provided MCP target server"}
			out.CredentialProviderConfigurations = []types.CredentialProviderConfiguration{{
				CredentialProviderType: types.CredentialProviderTypeOauth,
				CredentialProvider:     &types.CredentialProviderMemberOauthCredentialProvider{Value: types.OAuthCredentialProvider{ProviderArn: &provider, Scopes: []string{"orders/invoke"}}},
			}}
		})
	}
}

// What is typed again, a name or an id, is whole at any width, and so are endpoints as
// far as they can be told apart.
func TestTargetsCanBeTypedAgain(t *testing.T) {
	s := newStudio(t)
	s.tutored()
	for width, columns := range map[int][]string{
		96: {"NAME", "ID", "STATUS", "SYNCED", "AUTH", "ENDPOINT"},
		95: {"NAME", "ID", "STATUS", "SYNCED", "ENDPOINT"},
		89: {"NAME", "ID", "STATUS", "SYNCED", "ENDPOINT"},
		88: {"NAME", "ID", "STATUS", "ENDPOINT"},
		77: {"NAME", "ID", "STATUS", "ENDPOINT"},
		76: nil,
		60: nil,
	} {
		written, _ := onTerminal(t, s.call("--color=never", "list_targets"), width)
		screen, err := shown(written, width)
		if err != nil || len(screen.wrapped) > 0 {
			t.Errorf("at %d columns: %v, rows %v are wrapped", width, err, screen.wrapped)
		}
		text := screen.String()
		if !strings.Contains(text, "\nmcp-server-target") && !strings.HasPrefix(text, "mcp-server-target") {
			t.Errorf("at %d columns the name is cut:\n%s", width, text)
		}
		first, _, _ := strings.Cut(text, "\n")
		if got := strings.Fields(first); columns != nil && strings.Join(got, " ") != strings.Join(columns, " ") {
			t.Errorf("at %d columns there are %q, want %q:\n%s", width, got, columns, text)
		}
		if strings.Contains(text, "runtim…FAULT)") {
			t.Errorf("at %d columns an endpoint says nothing:\n%s", width, text)
		}
		if columns == nil && !(strings.Contains(text, "    ENDPOINT  runtime orders_v1 (DEFAULT)\n") && strings.Contains(text, "    AUTH      OAUTH\n")) {
			t.Errorf("at %d columns there are no records:\n%s", width, text)
		}
	}
}

// An empty list says so to a person, and is an empty list to a program.
func TestEmptyLists(t *testing.T) {
	s := newStudio(t)
	_, url := s.server(orderTools)
	s.target("orders", url)
	for args, want := range map[string]string{
		"list_targets --filter zzz":              "no targets found in shop\n",
		"list_targets --status FAILED":           "no targets found in shop\n",
		"list_gateways --filter zzz":             "no gateways found in us-east-1\n",
		"list_runtimes --filter zzz":             "no runtimes found\n",
		"list_credential_providers --filter zzz": "no credential providers found\n",
	} {
		args := strings.Fields(args)
		if stdout, stderr, status := output(t, s.call(args...)); status != 0 || stderr != "" || stdout != want {
			t.Errorf("%v: exit status %d, %q, %q", args, status, stdout, stderr)
		}
		if stdout, _, status := output(t, s.call(append([]string{"--json"}, args...)...)); status != 0 || !strings.Contains(stdout, "[]") || strings.Contains(stdout, "found") {
			t.Errorf("%v as JSON: exit status %d, %s", args, status, stdout)
		}
	}
}

// How long one change takes is not known: no percentage of it is shown, which would stay
// at 0 up to the end.
func TestOneChangeHasNoPercentage(t *testing.T) {
	s := newStudio(t)
	_, url := s.server(orderTools)
	s.target("orders", url)
	s.cloud.SetStateDelay(300 * time.Millisecond)
	for _, args := range [][]string{{"synchronize_target", "--target", "orders"}, {"update_target", "--target", "orders", "--description", "orders of the shop"}} {
		if written, status := onTerminal(t, s.call(args...), 80); status != 0 || strings.ContainsAny(written, "%█░") {
			t.Errorf("%v: exit status %d, %q", args, status, written)
		}
	}
}

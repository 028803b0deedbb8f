package command

import (
	"encoding/json"
	"testing"
)

// What is said to models is said to people at a shell in their words.
func TestWords(t *testing.T) {
	c := new(callCommand)
	if err := c.know(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"nothing was changed; call again without dryRun to make the change":                                              "nothing was changed; run it again without --dryRun to make the change",
		"call synchronize_target again with the same arguments to go on waiting":                                         "run the same command again to go on waiting",
		"call again with the same arguments and notSyncedSince 2026-01-01T00:00:00Z to go on":                            "run the same command again and --notSyncedSince 2026-01-01T00:00:00Z to go on",
		`then call again with confirm set to "a b", or start this server with --trusted-endpoints`:                       `then run it again with --confirm 'a b', or start this server with --trusted-endpoints`,
		"some of their calls will not fit any more (tools.removed, tools.changed with breaking)":                         "some of their calls will not fit any more",
		"the plan breaks callers (what is removed, or changed with breaking): look at those first":                       "the plan breaks callers (what is removed, or marked !): look at those first",
		"synchronize_targets with onlyDrifted, makes the gateway read the servers' tools again":                          "synchronize_targets with --onlyDrifted, makes the gateway read the servers' tools again",
		"the new settings failed (statusReasons) and the previous configuration is back":                                 "the new settings failed and the previous configuration is back",
		"a person must open authorizationUrl and give consent":                                                           "a person must open the address above and give consent",
		"a person must open each authorizationUrl within 10 minutes":                                                     "a person must open each address above within 10 minutes",
		"customJWTAuthorizer.allowedClients was to be changed, --waitSeconds is too short, runtimeArns":                  "customJWTAuthorizer.allowedClients was to be changed, --waitSeconds is too short, runtimeArns",
		"to go back, call update_target_endpoint with previous set to true (the endpoint has values that are not shown)": "to go back, call restore with the file that is named after before:",
	} {
		if got := c.words(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	for answer, want := range map[string]string{
		`{"gateway":"g","target":"t","previousEndpoint":"https://a.example/mcp?x=1","next":"look; to go back, call update_target_endpoint with endpoint set to previousEndpoint and confirm set to \"t\"","n":12345678901234567890}`: `{"gateway":"g","n":12345678901234567890,"next":"look; to go back, agentcore-gateway-mcp call update_target_endpoint --gateway g --target t --endpoint 'https://a.example/mcp?x=1' --confirm t","previousEndpoint":"https://a.example/mcp?x=1","target":"t"}`,
		`{"target":"t","previousEndpoint":"https://a.example/mcp","next":"call update_target_endpoint with endpoint set to previousEndpoint"}`:                                                                                       `{"next":"agentcore-gateway-mcp call update_target_endpoint --gateway '' --target t --endpoint 'https://a.example/mcp'","previousEndpoint":"https://a.example/mcp","target":"t"}`,
		`{"outcome":"x"}`: `{"outcome":"x"}`,
		`{"next":5}`:      `{"next":5}`,
		`[1]`:             `[1]`,
	} {
		var same any
		got := c.spoken([]byte(answer))
		if err := json.Unmarshal(got, &same); err != nil || string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", answer, got, want)
		}
	}
}

// No tool has two arguments that mean the same on a command line, or one that a flag of
// call hides, but for the gateway, which is the tool's.
func TestArgumentNamesAreUnambiguous(t *testing.T) {
	all, err := definitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	flags := commandNamed(commands(new(globals)), "call").flags
	for _, tool := range all {
		names := map[string]string{}
		for _, name := range tool.arguments() {
			for _, typed := range []string{name, hyphened(name)} {
				if other, taken := names[typed]; taken && other != name {
					t.Errorf("--%s of %s is %s and %s", typed, tool.Name, name, other)
				}
				names[typed] = name
				if name != "gateway" && flags.Lookup(typed) != nil {
					t.Errorf("--%s of %s is a flag of call as well", typed, tool.Name)
				}
			}
			if own, p := tool.property(hyphened(name)); own != name || p == nil {
				t.Errorf("--%s of %s is %s", hyphened(name), tool.Name, own)
			}
		}
	}
}

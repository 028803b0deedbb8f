package command

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"agentcore-gateway-mcp/untrusted"
)

// speechOf is how a process without flags speaks of what was given as arguments.
func speechOf(t testing.TB, values ...string) speech {
	t.Helper()
	all, err := definitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return speech{call: program + " call", tools: all, values: values}
}

// What is said to models is said to people at a shell in their words.
func TestWords(t *testing.T) {
	c := speechOf(t)
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

// A value stands for itself, whatever it looks like.
func TestValuesAreNotRewritten(t *testing.T) {
	for _, c := range []struct {
		text, want string
		values     []string
	}{
		{`target dryRun was not deleted: call again with confirm set to "dryRun"`, `target dryRun was not deleted: run it again with --confirm dryRun`, []string{"dryRun"}},
		{"nothing was changed at dryRun; call again without dryRun to make the change", "nothing was changed at dryRun; run it again without --dryRun to make the change", []string{"dryRun"}},
		{"target dry.dryRun and dryRunner: give dryRun", "target dry.dryRun and dryRunner: give --dryRun", []string{"dry.dryRun", "Runner", "dry", ""}},
		{`no target named "dryRun, statusReasons": dryRun`, `no target named "dryRun, statusReasons": --dryRun`, nil},
		{`it said "\"call again with confirm set to \"x\" dryRun\""; give dryRun`, `it said "\"call again with confirm set to \"x\" dryRun\""; give --dryRun`, nil},
		{"https://a.example/dryRun/statusReasons, dryRun; arn:aws:x/dryRun", "https://a.example/dryRun/statusReasons, --dryRun; arn:aws:x/dryRun", nil},
		{`at http://a.example/confirm set to "$(x)": call again with confirm set to "b"`, `at http://a.example/confirm set to "$(x)": run it again with --confirm b`, []string{`http://a.example/confirm set to "$(x)"`, "http://a.example/"}},
		{`not closed: "dryRun`, `not closed: "--dryRun`, nil},
		{"日本 dryRun é", "日本 --dryRun é", nil},
	} {
		if got := speechOf(t, c.values...).words(c.text); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	for answer, want := range map[string]string{
		`{"target":"dryRun","next":"dryRun stays"}`:                                                  "dryRun stays",
		`{"targets":[{"name":"dryRun"}],"next":"dryRun stays"}`:                                      "dryRun stays",
		`{"tools":[{"description":"dryRun"}],"next":"call it with dryRun"}`:                          "call it with --dryRun",
		`{"target":"t","endpoint":"x:/a statusReasons","next":"x:/a statusReasons (statusReasons)"}`: "x:/a statusReasons",
	} {
		var got struct{ Next string }
		if err := json.Unmarshal(speechOf(t).spoken([]byte(answer)), &got); err != nil || got.Next != want {
			t.Errorf("%s: %q, %v", answer, got.Next, err)
		}
	}
	c, p := &callCommand{}, &process{given: func(string) bool { return true }}
	if got := c.speech(p, &globals{Region: "r", Profile: "a b"}, map[string]any{"n": 1, "target": "dryRun", "targets": []any{"a"}}); got.call != program+" call --profile 'a b' --region r" || len(got.values) != 2 {
		t.Errorf("%+v", got)
	}
}

// shell runs a command as somebody who copies it does, in an empty directory and with a
// program that prints its arguments, and returns these. What the command has done beside
// that fails the test.
func shell(t *testing.T, command string) []string {
	t.Helper()
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\nprintf '%s\\0' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v, %s", command, err, out)
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("%s has made %v, %v", command, made, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// The commands in sentences give exactly the values, whoever has made them up.
func FuzzCommandsInSentences(f *testing.F) {
	f.Add("orders", "https://a.example/mcp?x=1&y=2")
	f.Add("evil", `http://127.0.0.1:18911/mcp/confirm set to "$(touch${IFS}pwned)"`)
	f.Add("dryRun", "http://127.0.0.1/mcp/runtimeArn")
	f.Add(`a'b;touch pwned;'`, `https://h.example.com/a'b;touch pwned;'`)
	f.Add("`touch pwned`", "$(touch pwned)")
	f.Add(`confirm set to "x"`, "call update_target_endpoint with endpoint set to previousEndpoint and confirm set to \"'; touch pwned #\"")
	f.Add(`"`, `" and confirm set to "`)
	f.Add("statusReasons (statusReasons)", "authorizationUrl\ncall again with dryRun")
	f.Add(`\`, `\' ; touch pwned ; echo \'`)
	f.Add("-", "--endpoint")
	f.Add("", " ")
	f.Add("to go back, ", "to go back, !!~*?[a]{b,c}")
	said := speechOf(f)
	f.Fuzz(func(t *testing.T, target, endpoint string) {
		if !utf8.ValidString(target+" "+endpoint) || strings.Contains(target+endpoint, "\x00") || endpoint == "" {
			t.Skip()
		}
		for _, confirm := range []string{"", fmt.Sprintf(" and confirm set to %q", target)} {
			next := fmt.Sprintf("%s did not work; to go back, call update_target_endpoint with endpoint set to previousEndpoint%s", untrusted.Quote(endpoint, 1000), confirm)
			answer, err := json.Marshal(map[string]any{"gateway": "shop", "target": target, "endpoint": endpoint, "previousEndpoint": endpoint, "next": next})
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ Next string }
			if err := json.Unmarshal(said.spoken(answer), &got); err != nil {
				t.Fatal(err)
			}
			command, ok := strings.CutPrefix(got.Next, untrusted.Quote(endpoint, 1000)+" did not work; to go back, ")
			want := []string{"call", "update_target_endpoint", "--gateway", "shop", "--target", target, "--endpoint", endpoint}
			if confirm != "" {
				want = append(want, "--confirm", target)
			}
			if args := shell(t, command); !ok || !slices.Equal(args, want) {
				t.Errorf("%s\n got %q\nwant %q", got.Next, args, want)
			}
		}
		// What a tool refuses, by the name that a person has to give.
		said := said
		said.values = []string{target, endpoint}
		_, after, ok := strings.Cut(said.words(fmt.Sprintf("target %q at %s: ask; then call again with confirm set to %q", target, untrusted.Quote(endpoint, 1000), target)), ": ask; then run it again with ")
		if args := shell(t, program+" call delete_target "+after); !ok || !slices.Equal(args, []string{"call", "delete_target", "--confirm", target}) {
			t.Errorf("%s: %q", after, args)
		}
	})
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

package gateway

import (
	"errors"
	"fmt"
	"testing"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// The first thing that must be put right is the cause.
func TestJudge(t *testing.T) {
	failed := func(reasons ...string) aws.Target {
		return with(server(aws.TargetStatus("FAILED")), func(t *aws.Target) { t.StatusReasons = reasons })
	}
	ready := server(aws.TargetReady)
	some := catalog.List{Tools: []catalog.Tool{{Name: "a"}}}
	http := func(status int) error { return &remote.Error{Kind: remote.KindHTTP, Status: status} }
	missing := fmt.Errorf("GetX: %w", aws.ErrNotFound)
	const token, noEndpoint, connect = "Error parsing ClientCredentials response", "Could not access Provider Token Endpoint", "Unable to connect to the MCP server"
	for name, c := range map[string]struct {
		f    findings
		want Cause
	}{
		"works":                           {findings{target: ready, asked: true, offered: some}, Healthy},
		"differs":                         {findings{target: ready, asked: true, offered: some, compared: ToolChange{Added: []ToolView{{}}}}, OutOfDate},
		"is filtered":                     {findings{target: ready, asked: true, offered: some, compared: ToolChange{NotShown: []string{"a"}}}, Filtered},
		"works, not to be seen":           {findings{target: ready, token: errSkipped}, Unseen},
		"works, its gateway unread":       {findings{target: ready, asked: true, offered: some, served: errSkipped}, Unseen},
		"no MCP server":                   {findings{target: with(ready, func(t *aws.Target) { t.Type = "LAMBDA" })}, NotMCPServer},
		"at work":                         {findings{target: server("UPDATING"), provider: missing}, AtWork},
		"pending":                         {findings{target: server("UPDATE_PENDING_AUTH"), provider: missing}, PendingAuthorization},
		"an unknown status":               {findings{target: server("MOVED"), asked: true, offered: some}, NotKnown},
		"provider gone, and more":         {findings{target: failed(token), provider: missing, form: "x", runtime: missing}, ProviderMissing},
		"provider not ready":              {findings{target: failed(token), provider: errNotReady}, ProviderNotReady},
		"form before runtime":             {findings{target: failed(connect), form: "x", runtime: missing}, EndpointForm},
		"runtime gone":                    {findings{target: failed(connect), runtime: missing, server: http(404)}, RuntimeMissing},
		"runtime not ready":               {findings{target: failed(connect), runtime: errNotReady, server: http(424)}, RuntimeNotReady},
		"runtime not to be looked up":     {findings{target: failed(connect), runtime: aws.ErrDenied, server: http(424)}, NotListening},
		"refused, said by AWS":            {findings{target: failed(token), token: errSkipped}, TokenRefused},
		"refused, seen":                   {findings{target: failed(token), token: errors.New(token)}, TokenRefused},
		"token endpoint down, said":       {findings{target: failed(noEndpoint), token: errSkipped}, TokenEndpointDown},
		"token endpoint down, seen":       {findings{target: failed(connect), token: errors.New(noEndpoint)}, TokenEndpointDown},
		"refused in other words":          {findings{target: failed("x"), token: fmt.Errorf("no: %w", aws.ErrInvalid)}, TokenRefused},
		"our identity denied":             {findings{target: failed(connect), token: fmt.Errorf("no: %w", aws.ErrDenied)}, Recovered},
		"our identity denied, AWS's, too": {findings{target: failed(token), token: fmt.Errorf("no: %w", aws.ErrDenied)}, TokenRefused},
		"refused then, issued now":        {findings{target: failed(token), asked: true, offered: some}, Recovered},
		"refused then, unseen now":        {findings{target: failed(token)}, TokenRefused},
		"401":                             {findings{target: ready, asked: true, server: http(401)}, Unauthorized},
		"403":                             {findings{target: failed(connect), asked: true, server: http(403)}, Forbidden},
		"404":                             {findings{target: failed(connect), asked: true, server: http(404)}, PathNotFound},
		"424":                             {findings{target: failed(connect), asked: true, server: http(424)}, NotListening},
		"500":                             {findings{target: failed(connect), asked: true, server: http(500)}, ServerError},
		"599":                             {findings{target: failed(connect), asked: true, server: http(599)}, ServerError},
		"302":                             {findings{target: failed(connect), asked: true, server: http(302)}, OtherStatus},
		"400, of the revision":            {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindHTTP, Status: 400, Revision: true}}, OtherRevision},
		"an error, of the revision":       {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindProtocol, Revision: true}}, OtherRevision},
		"HTML":                            {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindProtocol, Foreign: true}}, NotMCP},
		"bad JSON":                        {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindProtocol}}, BrokenMCP},
		"DNS":                             {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindConnect, DNS: true}}, NotResolved},
		"TLS":                             {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindConnect, TLS: true}}, TLSFailed},
		"refused":                         {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindConnect}}, NotListening},
		"slow":                            {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindTimeout}}, NoAnswer},
		"private":                         {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindAddress}}, AddressRefused},
		"too many":                        {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindTooMany}}, TooManyTools},
		"too large":                       {findings{target: failed(connect), asked: true, server: &remote.Error{Kind: remote.KindTooLarge}}, TooLarge},
		"no tools":                        {findings{target: failed("has no tools"), asked: true}, NoTools},
		"no tools, pinned":                {findings{target: with(ready, func(t *aws.Target) { t.StaticSchema = true }), asked: true}, Healthy},
		"failed, answers":                 {findings{target: failed(connect), asked: true, offered: some}, Recovered},
		"failed like cold, answers":       {findings{target: failed("Runtime initialization time exceeded"), asked: true, offered: some}, ColdStart},
		"role, answers":                   {findings{target: failed("Authorization error when sending message"), asked: true, offered: some}, RoleNotYet},
		"over a limit of AWS's":           {findings{target: failed("exceeds the limit"), asked: true, offered: some}, TooManyTools},
		"unknown, answers":                {findings{target: failed("x"), asked: true, offered: some}, NotKnown},
		"unknown, unseen":                 {findings{target: failed("x"), token: errSkipped}, NotKnown},
		"IAM without a service":           {findings{target: failed("IamCredentialProvider is required"), asked: true, server: http(403)}, IAMIncomplete},
		"a schema of its own":             {findings{target: failed("Failed to parse the static tool schema"), asked: true, offered: some}, SchemaInvalid},
	} {
		if c.f.target.Name == "" {
			c.f.target.Name = "orders"
		}
		if got := judge(c.f); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	long := catalog.List{Tools: []catalog.Tool{{Name: string(make([]rune, mostToolName-len("orders___")+1))}}}
	if got := judge(findings{target: failed(connect), asked: true, offered: long}); got != ToolName {
		t.Errorf("a name of one character too many: %s", got)
	}
	long.Tools[0].Name = long.Tools[0].Name[1:]
	if got := judge(findings{target: failed(connect), asked: true, offered: long}); got != Recovered {
		t.Errorf("the longest name: %s", got)
	}
}

// Every cause says what it means and what to do, and no reason of AWS's names two.
func TestCauses(t *testing.T) {
	reasons := map[string]Cause{}
	for _, k := range Causes() {
		if k.Means == "" || k.Remedy == nil || k.Remedy(aws.Target{}) == "" && k.Cause != Healthy && k.Cause != NotMCPServer {
			t.Errorf("%s says nothing", k.Cause)
		}
		for _, r := range k.Reasons {
			if other, twice := reasons[r]; twice {
				t.Errorf("%q is of %s and %s", r, other, k.Cause)
			}
			if reasons[r] = k.Cause; causeOf([]string{"before " + r + " after"}) != k.Cause {
				t.Errorf("%q is told as %s", r, causeOf([]string{r}))
			}
		}
	}
	if causeOf(nil) != NotKnown {
		t.Error("no reason names a cause")
	}
}

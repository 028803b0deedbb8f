package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// A cold runtime lets its first callers wait, or fail where that takes too long; a warm
// one does not.
func TestColdStart(t *testing.T) {
	for name, c := range map[string]struct {
		cold    time.Duration
		status  int
		slowest bool
	}{"warm": {0, http.StatusOK, false}, "cold": {300 * time.Millisecond, http.StatusOK, true}} {
		t.Run(name, func(t *testing.T) {
			w := startAuthenticated(t, emulator.Options{ColdStart: c.cold})
			arn := w.runtime("orders", w.jwt(w.outbound, "runtime-client"))
			w.check(w.core.RegisterRuntime(arn, w.serve(listing(1))))
			token := w.token(w.outbound, "runtime-client", "runtime-secret")
			for i, slow := range []bool{c.slowest, false} {
				start := time.Now()
				resp, _ := w.post(w.invocations(arn), "Bearer "+token)
				if took := time.Since(start); resp.StatusCode != c.status || slow && took < c.cold {
					t.Errorf("request %d: %s after %s", i, resp.Status, took)
				}
			}
		})
	}
}

// A role that was just created is refused for a while.
func TestRolePropagation(t *testing.T) {
	clock := newClock()
	w := start(t, emulator.Options{Now: clock.Now, RolePropagation: 10 * time.Second})
	create := func(role string) error {
		_, err := w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{
			Name: aws.String("g" + role[strings.LastIndex(role, "/")+1:]), RoleArn: &role, AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp,
		})
		return err
	}
	w.refusal(create(roleARN), "ValidationException", "not authorized to assume the role")
	clock.advance(9 * time.Second)
	w.refusal(create(roleARN), "ValidationException", "not authorized to assume the role")
	clock.advance(time.Second)
	w.check(create(roleARN))
	w.refusal(create(roleARN+"2"), "ValidationException", "not authorized to assume the role")
}

package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/emulator"
)

// As many gateways as an account may have are listed in pages, each once, and one more
// is refused.
func TestAThousandGateways(t *testing.T) {
	w := start(t, emulator.Options{})
	create := func(name string) error {
		_, err := w.client.CreateGateway(t.Context(), &control.CreateGatewayInput{Name: &name, RoleArn: aws.String(roleARN), AuthorizerType: types.AuthorizerTypeNone, ProtocolType: types.GatewayProtocolTypeMcp})
		return err
	}
	for i := range 1000 {
		w.check(create(fmt.Sprintf("g%d", i)))
	}
	w.refusal(create("more"), "ServiceQuotaExceededException", "limit of 1000 gateways")
	seen, pages := map[string]bool{}, 0
	for list := control.NewListGatewaysPaginator(w.client, &control.ListGatewaysInput{}); list.HasMorePages(); pages++ {
		page, err := list.NextPage(t.Context())
		w.check(err)
		for _, g := range page.Items {
			if seen[*g.GatewayId] {
				t.Errorf("%s is listed twice", *g.GatewayId)
			}
			seen[*g.GatewayId] = true
		}
	}
	if len(seen) != 1000 || pages != 10 {
		t.Errorf("%d gateways on %d pages", len(seen), pages)
	}
}

// What is gone is forgotten: 100,000 requests, of which many create and delete, leave
// no more behind than a few.
func TestRequestsLeaveNothingBehind(t *testing.T) {
	core := emulator.New(emulator.Options{Quotas: emulator.Quotas{Read: -1, Write: -1, Synchronize: -1}})
	defer core.Close()
	pool := core.NewUserPool("p")
	send := func(method, path, contentType, body string) (int, string) {
		r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		core.ServeHTTP(w, r)
		answer, _ := io.ReadAll(w.Body)
		return w.Code, string(answer)
	}
	sent := 0
	round := func(i int) {
		const kind = "application/json"
		name := fmt.Sprintf("id-%06d", i)
		for _, c := range []struct {
			method, path, contentType, body string
			want                            int
		}{
			{"POST", "/identities/CreateWorkloadIdentity", kind, `{"name":"` + name + `","tags":{"a":"b"}}`, http.StatusCreated},
			{"POST", "/identities/GetWorkloadAccessToken", kind, `{"workloadName":"` + name + `"}`, http.StatusOK},
			{"POST", "/identities/CreateApiKeyCredentialProvider", kind, `{"name":"` + name + `","apiKey":"k"}`, http.StatusCreated},
			{"GET", "/gateways/", "", "", http.StatusOK},
			{"GET", "/gateways/none-0123456789/", "", "", http.StatusNotFound},
			{"POST", "/gateways/", kind, `{"name":"` + name + `"}`, http.StatusBadRequest},
			{"GET", pool.DiscoveryURL(""), "", "", http.StatusOK},
			{"POST", "/identities/DeleteApiKeyCredentialProvider", kind, `{"name":"` + name + `"}`, http.StatusNoContent},
			{"POST", "/identities/DeleteWorkloadIdentity", kind, `{"name":"` + name + `"}`, http.StatusNoContent},
			{"POST", "/nowhere", kind, `{}`, http.StatusNotFound},
		} {
			sent++
			if c.contentType == "" {
				c.contentType = kind
			}
			if status, answer := send(c.method, c.path, c.contentType, c.body); status != c.want {
				t.Fatalf("%s %s: %d %s", c.method, c.path, status, answer)
			}
		}
	}
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for i := range 1000 {
		round(i)
	}
	before := heap()
	for i := range 9000 {
		round(1000 + i)
	}
	grown := heap() - before
	t.Logf("%d requests, of them the last 90,000 with %d KiB more", sent, grown>>10)
	if sent != 100_000 || grown > 256<<10 {
		t.Errorf("%d requests, and the last 90,000 have left %d KiB", sent, grown>>10)
	}
}

// A workload identity's tokens go with it, and are not those of the next of its name.
func TestTokensGoWithTheirIdentity(t *testing.T) {
	w := startAuthenticated(t, emulator.Options{})
	identity := func() {
		t.Helper()
		_, err := w.client.CreateWorkloadIdentity(t.Context(), &control.CreateWorkloadIdentityInput{Name: aws.String("operator")})
		w.check(err)
	}
	identity()
	_, err := w.client.CreateApiKeyCredentialProvider(t.Context(), &control.CreateApiKeyCredentialProviderInput{Name: aws.String("key"), ApiKey: aws.String("k")})
	w.check(err)
	token, err := w.data.GetWorkloadAccessToken(t.Context(), &bedrockagentcore.GetWorkloadAccessTokenInput{WorkloadName: aws.String("operator")})
	w.check(err)
	ask := func() error {
		_, err := w.data.GetResourceApiKey(t.Context(), &bedrockagentcore.GetResourceApiKeyInput{WorkloadIdentityToken: token.WorkloadAccessToken, ResourceCredentialProviderName: aws.String("key")})
		return err
	}
	w.check(ask())
	_, err = w.client.DeleteWorkloadIdentity(t.Context(), &control.DeleteWorkloadIdentityInput{Name: aws.String("operator")})
	w.check(err)
	identity()
	w.refusal(ask(), "UnauthorizedException", "not valid")
}

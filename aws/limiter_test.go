package aws

import (
	"reflect"
	"strings"
	"testing"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"golang.org/x/time/rate"
)

// Every operation that AWS has is limited, whether this package calls it or not.
func TestEveryOperationIsLimited(t *testing.T) {
	l := newLimiter(0, 2)
	operations := reflect.TypeFor[*control.Client]()
	seen := 0
	for i := range operations.NumMethod() {
		name := operations.Method(i).Name
		if name == "Options" {
			continue
		}
		seen++
		want := rate.Limit(2)
		if strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") {
			want = DefaultReadRate
		}
		if b := l.bucket(name); b.Limit() != want || b.Burst() != int(want)/2 || b != l.bucket(name) {
			t.Errorf("%s: %v a second, %d at once", name, b.Limit(), b.Burst())
		}
	}
	if seen < 100 || l.bucket("GetGateway") == l.bucket("GetGatewayTarget") {
		t.Errorf("%d operations, each with a bucket of its own?", seen)
	}
	if b := newLimiter(0, 0.5).bucket("UpdateGateway"); b.Limit() != 0.5 || b.Burst() != 1 {
		t.Errorf("a slow account: %v a second, %d at once", b.Limit(), b.Burst())
	}
}

package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newCloud(t *testing.T) (*emulator.Server, *aws.Client) {
	t.Helper()
	cloud := emulator.New(emulator.Options{})
	front := httptest.NewServer(cloud)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		cloud.Close()
	})
	client, err := aws.New(t.Context(), aws.Options{Endpoint: front.URL})
	if err != nil {
		t.Fatal(err)
	}
	return cloud, client
}

func TestErrors(t *testing.T) {
	cloud, client := newCloud(t)
	if !client.Local() || client.Region() != "us-east-1" {
		t.Errorf("local %v, region %q", client.Local(), client.Region())
	}
	for code, want := range map[string]error{
		"ResourceNotFoundException":     aws.ErrNotFound,
		"ConflictException":             aws.ErrConflict,
		"ValidationException":           aws.ErrInvalid,
		"AccessDeniedException":         aws.ErrDenied,
		"ServiceQuotaExceededException": aws.ErrQuota,
		"InternalServerException":       aws.ErrUncertain,
	} {
		remove := cloud.Inject(emulator.Fault{Operation: "DeleteGateway", Code: code})
		err := client.DeleteGateway(t.Context(), "none-0123456789")
		remove()
		failed := (*aws.Error)(nil)
		if !errors.Is(err, want) || !errors.As(err, &failed) || failed.Operation != "DeleteGateway" || failed.Code != code || failed.RequestID == "" {
			t.Errorf("%s: got %v (%+v), want %v", code, err, failed, want)
		}
	}
	// Whether a write whose answer is lost took effect is not known; a read's
	// effect is nobody's concern.
	defer cloud.Inject(emulator.Fault{Reset: true})()
	if err := client.DeleteGateway(t.Context(), "none-0123456789"); !errors.Is(err, aws.ErrUncertain) {
		t.Errorf("a reset: got %v", err)
	}
	if n := cloud.Calls("DeleteGateway"); n != 7 {
		t.Errorf("DeleteGateway was sent %d times, want 7: no write is sent twice", n)
	}
}

func TestThrottledWritesAreSentAgain(t *testing.T) {
	cloud, client := newCloud(t)
	cloud.Inject(emulator.Fault{Operation: "DeleteGateway", Code: "ThrottlingException", Times: 2})
	if err := client.DeleteGateway(t.Context(), "none-0123456789"); !errors.Is(err, aws.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if n := cloud.Calls("DeleteGateway"); n != 3 {
		t.Errorf("sent %d times, want 3", n)
	}
}

func TestNobodyAnswers(t *testing.T) {
	front := httptest.NewServer(nil)
	front.Close()
	client, err := aws.New(t.Context(), aws.Options{Endpoint: front.URL})
	if err != nil {
		t.Fatal(err)
	}
	// Nothing was sent, so even a write has a certain outcome.
	if err := client.DeleteGateway(t.Context(), "none-0123456789"); !errors.Is(err, aws.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestDeadline(t *testing.T) {
	cloud, client := newCloud(t)
	remove := cloud.Inject(emulator.Fault{Delay: time.Minute})
	defer remove()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Gateway(ctx, "none-0123456789"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	// Spend the rate, and ask for more than fits before the deadline.
	remove()
	queue, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 100 { // the last of them has its turn in ten seconds
		waiting.Go(func() { _, _ = client.Gateway(queue, "none-0123456789") })
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := client.Gateway(ctx, "none-0123456789")
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && strings.Contains(err.Error(), "was not sent") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v", err)
		}
	}
	leave()
	waiting.Wait()
}

func TestEndpointThatIsNoURL(t *testing.T) {
	if _, err := aws.New(t.Context(), aws.Options{Endpoint: "localhost"}); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:8042") {
		t.Errorf("got %v", err)
	}
}

// What answers in place of AWS is not asked again, and named for what it is.
func TestNotAWS(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{http.StatusNotFound, "<html><h1>hello</h1></html>", aws.ErrNotOffered},
		{http.StatusNotImplemented, "<html><h1>hello</h1></html>", aws.ErrNotOffered},
		{http.StatusForbidden, "<html><h1>hello</h1></html>", aws.ErrDenied},
		{http.StatusBadRequest, "<html><h1>hello</h1></html>", aws.ErrInvalid},
		{http.StatusNotFound, `{"message":"no route"}`, aws.ErrNotOffered},
		{http.StatusNotFound, `{"code":"UnknownOperationException"}`, aws.ErrNotOffered},
		{http.StatusBadRequest, `{}`, aws.ErrInvalid},
	} {
		var asked atomic.Int32
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		client, err := aws.New(t.Context(), aws.Options{Endpoint: front.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Synchronize(t.Context(), "none-0123456789", "ABCDEFGHIJ")
		says := fmt.Sprintf("the endpoint %s answered %d %s, and not as AWS: it does not offer SynchronizeGatewayTargets, or is not AWS's", front.URL, c.status, http.StatusText(c.status))
		if !errors.Is(err, c.want) || asked.Load() != 1 || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "<") || strings.Contains(c.body, "route") && !strings.HasSuffix(err.Error(), "(no route)") {
			t.Errorf("%d %s: asked %d times, %v", c.status, c.body, asked.Load(), err)
		}
		front.Close()
	}
}

// A write that was sent and never answered is uncertain, whatever ended the wait.
func TestWriteWithoutAnswer(t *testing.T) {
	cloud, client := newCloud(t)
	defer cloud.Inject(emulator.Fault{Operation: "DeleteGateway", Delay: time.Minute})()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client.DeleteGateway(ctx, "none-0123456789"); !errors.Is(err, aws.ErrUncertain) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"agentcore-gateway-mcp/untrusted"
)

// What an operation can fail with; use errors.Is.
var (
	ErrNotFound  = errors.New("not found")
	ErrConflict  = errors.New("conflict")
	ErrDenied    = errors.New("access denied")
	ErrInvalid   = errors.New("refused as invalid")
	ErrThrottled = errors.New("throttled")
	ErrQuota     = errors.New("over a service quota")
	// ErrNotOffered: the endpoint does not know the operation.
	ErrNotOffered = errors.New("not offered")
	// ErrUncertain: no answer, or a 5xx, to a call that changes something. It
	// may have taken effect: read before sending it again.
	ErrUncertain = errors.New("no certain answer")
	// ErrUnreachable: a read that got no answer, or a 5xx, after its retries.
	ErrUnreachable = errors.New("no answer")
	// ErrUnknownSetting: AWS sent a member that this program does not know, so
	// sending the configuration back would lose it.
	ErrUnknownSetting = errors.New("unknown setting")
	// ErrUnknownStatus: AWS reports a status that this program does not know.
	ErrUnknownStatus = errors.New("unknown status")
)

var errNoRegion = errors.New("no AWS region is set: give --region, AWS_REGION, or a profile that has one")

// Error is a failed operation. Its text says what failed and why; Kind is one
// of the errors above.
type Error struct {
	Operation string // as AWS names it: "GetGatewayTarget"
	Code      string // as AWS names it: "ValidationException"; "" when AWS did not answer
	Message   string // AWS's own sentence, or the cause; short, without the secrets of URLs
	RequestID string // for AWS Support; "" when AWS did not answer
	Kind      error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", e.Operation, e.Kind)
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Kind }

// wrap turns the SDK's error chain into an Error. A context's end stays what
// it is, so that callers can tell a deadline of theirs from AWS's trouble.
func wrap(ctx context.Context, operation string, write bool, err error) error {
	if err == nil {
		return nil
	}
	if notSent := (*notSentError)(nil); errors.As(err, &notSent) {
		if cause := context.Cause(ctx); cause != nil {
			return fmt.Errorf("%s was not sent: %w", operation, cause)
		}
		return fmt.Errorf("%s was not sent, its turn under AWS's request rate comes after the deadline: %w", operation, context.DeadlineExceeded)
	}
	out := &Error{Operation: operation, Kind: kindOf(write, 0, "")}
	status, at := 0, ""
	if re := (*awshttp.ResponseError)(nil); errors.As(err, &re) {
		out.RequestID, status, at = re.ServiceRequestID(), re.HTTPStatusCode(), answering(re)
	}
	if missing := (*noCredentialsError)(nil); errors.As(err, &missing) && ctx.Err() == nil {
		out.Kind, out.Message = ErrDenied, remedyForMissing(missing.err)
		return out
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		const most = 600 // characters: AWS repeats what was sent
		out.Code, out.Message = api.ErrorCode(), untrusted.Text(api.ErrorMessage(), most)
		if out.Code == "UnknownError" { // the SDK's word for none
			out.Code = ""
		}
		out.Kind = kindOf(write, status, out.Code)
		if out.Kind == ErrNotOffered || out.Code == "" {
			said := ""
			if out.Message != "" {
				said = fmt.Sprintf(" (%s)", out.Message)
			}
			out.Message = stranger(operation, status, at) + said
			return out
		}
		if remedy := remedyForRefusal(operation, out.Code); remedy != "" {
			out.Message = strings.TrimSuffix(out.Message, ".") + "; " + remedy
		}
		return out
	}
	if status >= http.StatusBadRequest { // an answer, and none of AWS's
		out.Kind = kindOf(write, status, "")
		out.Message = stranger(operation, status, at)
		return out
	}
	if ctx.Err() != nil && write {
		out.Message = "no answer before " + context.Cause(ctx).Error() // it was sent, and may have taken effect
		return out
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", operation, context.Cause(ctx))
	}
	out.Message = cause(err)
	if errors.Is(err, errNoRegion) {
		return fmt.Errorf("%s was not sent: %w", operation, errNoRegion)
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
		out.Kind = ErrUnreachable // nothing was sent, not even by a write
	}
	if remedy := remedyForSilence(err); remedy != "" {
		out.Message += "; " + remedy
	}
	return out
}

// stranger tells of an answer that AWS would not give; at is who gave it.
func stranger(operation string, status int, at string) string {
	return fmt.Sprintf("the endpoint%s answered %d %s, and not as AWS: it does not offer %s, or is not AWS's; see $AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL and proxies on the way", at, status, http.StatusText(status), operation)
}

// answering is the origin that gave an answer, after a space; "" where that is not
// known.
func answering(re *awshttp.ResponseError) string {
	if re.Response == nil || re.Response.Response == nil || re.Response.Request == nil {
		return ""
	}
	u := re.Response.Request.URL
	origin, _ := untrusted.Endpoint((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
	return " " + origin
}

// kindOf sorts an answer by AWS's code, else by its status: a 4xx or 501 is a
// certain refusal, whatever its body; status 0 is no answer at all.
func kindOf(write bool, status int, code string) error {
	switch code {
	case "ResourceNotFoundException":
		return ErrNotFound
	case "ConflictException", "ConcurrentModificationException", "RetryableConflictException":
		return ErrConflict
	case "ValidationException":
		return ErrInvalid
	case "ThrottlingException", "ThrottledException", "TooManyRequestsException":
		return ErrThrottled
	case "ServiceQuotaExceededException", "ResourceLimitExceededException":
		return ErrQuota
	case "UnknownOperationException":
		return ErrNotOffered
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrDenied
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case code == "" && status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return ErrNotOffered
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict:
		return ErrConflict
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return ErrInvalid
	case write:
		return ErrUncertain
	}
	return ErrUnreachable
}

// cause is the innermost text of a transport error: the SDK's own chain
// repeats the URL and the attempt count at each level.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			return op.Error()
		}
		err = next
	}
}

// noCredentialsError is why there are no credentials. The SDK has no type for it.
type noCredentialsError struct{ err error }

func (e *noCredentialsError) Error() string { return e.err.Error() }
func (e *noCredentialsError) Unwrap() error { return e.err }

// markedCredentials makes its errors ones that can be told from others.
type markedCredentials struct{ aws.CredentialsProvider }

func (m markedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := m.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &noCredentialsError{err}
	}
	return c, err
}

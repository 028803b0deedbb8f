package aws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		status     int
		code       string
		write, get error
	}{
		{0, "", ErrUncertain, ErrUnreachable},
		{500, "InternalServerException", ErrUncertain, ErrUnreachable},
		{502, "", ErrUncertain, ErrUnreachable},
		{503, "ServiceUnavailable", ErrUncertain, ErrUnreachable},
		{408, "", ErrUncertain, ErrUnreachable},
		{501, "", ErrNotOffered, ErrNotOffered},
		{400, "", ErrInvalid, ErrInvalid},
		{400, "ValidationException", ErrInvalid, ErrInvalid},
		{400, "SomethingNewException", ErrInvalid, ErrInvalid},
		{499, "", ErrInvalid, ErrInvalid},
		{401, "", ErrDenied, ErrDenied},
		{403, "SignatureDoesNotMatch", ErrDenied, ErrDenied},
		{403, "AccessDeniedException", ErrDenied, ErrDenied},
		{404, "", ErrNotOffered, ErrNotOffered},
		{404, "UnknownOperationException", ErrNotOffered, ErrNotOffered},
		{404, "ResourceNotFoundException", ErrNotFound, ErrNotFound},
		{404, "NoSuchThing", ErrNotFound, ErrNotFound},
		{405, "", ErrNotOffered, ErrNotOffered},
		{409, "", ErrConflict, ErrConflict},
		{400, "ConcurrentModificationException", ErrConflict, ErrConflict},
		{429, "", ErrThrottled, ErrThrottled},
		{402, "ServiceQuotaExceededException", ErrQuota, ErrQuota},
	} {
		if w, g := kindOf(true, c.status, c.code), kindOf(false, c.status, c.code); w != c.write || g != c.get {
			t.Errorf("%d %s (%s): %v for a write, %v for a read", c.status, c.code, http.StatusText(c.status), w, g)
		}
	}
}

// withStatus is an API error as it comes in an answer.
func withStatus(err error) error {
	var api *smithy.GenericAPIError
	if !errors.As(err, &api) {
		return err
	}
	status := http.StatusForbidden
	if api.Code == "ValidationException" {
		status = http.StatusBadRequest
	}
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}
}

// Each way in which credentials are no good has a sentence with what to do.
func TestCredentialsThatAreNoGood(t *testing.T) {
	refused := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "AWS's words."} }
	missing := func(err error) error { return fmt.Errorf("get credentials: %w", &noCredentialsError{err}) }
	for name, c := range map[string]struct {
		err  error
		kind error
		want string
	}{
		"expired":             {refused("ExpiredTokenException"), ErrDenied, "AWS's words; the credentials have expired: sign in again (aws sso login"},
		"unknown":             {refused("UnrecognizedClientException"), ErrDenied, "does not know these credentials: check --profile"},
		"wrong secret":        {refused("InvalidSignatureException"), ErrDenied, "or this machine's clock is off"},
		"clock off":           {refused("RequestTimeTooSkewed"), ErrDenied, "this machine's clock is off"},
		"denied":              {refused("AccessDeniedException"), ErrDenied, "a policy of the caller has to allow bedrock-agentcore:GetGateway there"},
		"not signed up":       {refused("SubscriptionRequiredException"), ErrDenied, "not signed up"},
		"none":                {missing(errors.New("nothing found")), ErrDenied, "no usable AWS credentials: set AWS_PROFILE"},
		"SSO session":         {missing(&ssocreds.InvalidTokenError{}), ErrDenied, "the profile's SSO session has ended, or was never begun: aws sso login"},
		"credential process":  {missing(&processcreds.ProviderError{Err: errors.New("exit status 1")}), ErrDenied, "credential_process failed"},
		"role not assumed":    {missing(refused("AccessDenied")), ErrDenied, "AWS gave no credentials for the profile (AccessDenied)"},
		"no such region":      {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, ErrUnreachable, "check --region"},
		"nothing of the kind": {refused("ValidationException"), ErrInvalid, "AWS's words."},
	} {
		err := wrap(t.Context(), "GetGateway", false, withStatus(c.err))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %v with %q", name, err, c.kind, c.want)
		}
	}
	if err := wrap(t.Context(), "GetSecretValue", false, withStatus(refused("AccessDeniedException"))); !strings.Contains(err.Error(), "allow secretsmanager:GetSecretValue") {
		t.Error(err)
	}
}

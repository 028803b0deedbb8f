package aws

import (
	"errors"
	"net/http"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestTroubleOf(t *testing.T) {
	answered := func(status int, err error) error {
		return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"none":           {nil, ""},
		"502":            {answered(502, errors.New("html")), "was answered 502 Bad Gateway"},
		"500 of AWS":     {answered(500, &smithy.GenericAPIError{Code: "InternalServerException"}), "was answered 500 Internal Server Error"},
		"throttled":      {answered(429, &smithy.GenericAPIError{Code: "ThrottlingException"}), "was throttled"},
		"refused":        {answered(400, &smithy.GenericAPIError{Code: "ValidationException"}), ""},
		"denied":         {answered(403, nil), ""},
		"not found":      {answered(404, &smithy.GenericAPIError{Code: "ResourceNotFoundException"}), ""},
		"reset":          {errors.New("connection reset"), "got no answer: connection reset"},
		"not sent":       {&notSentError{errors.New("deadline")}, ""},
		"no credentials": {&noCredentialsError{errors.New("none")}, ""},
		"no region":      {errNoRegion, ""},
	} {
		if got := troubleOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

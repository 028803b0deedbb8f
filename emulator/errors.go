package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// The service's exceptions by their names on the wire.
const (
	accessDenied         = "AccessDeniedException"
	conflict             = "ConflictException"
	internalServer       = "InternalServerException"
	resourceNotFound     = "ResourceNotFoundException"
	serviceQuotaExceeded = "ServiceQuotaExceededException"
	throttling           = "ThrottlingException"
	validation           = "ValidationException"
	// unknownOperation is no exception of the service's model; AWS's front end
	// answers it to requests that name no operation.
	unknownOperation = "UnknownOperationException"
)

// apiError is an error as AWS sends it.
type apiError struct {
	code    string
	status  int // when zero, the status that the SDK's model gives to code
	message string
	reason  types.ValidationExceptionReason
	fields  []violation
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func (e *apiError) httpStatus() int {
	if e.status != 0 {
		return e.status
	}
	for _, schema := range []*smithy.Schema{
		schemas.AccessDeniedException, schemas.ConflictException, schemas.InternalServerException,
		schemas.ResourceNotFoundException, schemas.ServiceQuotaExceededException,
		schemas.ThrottlingException, schemas.ValidationException,
	} {
		if trait, ok := smithy.SchemaTrait[*traits.HTTPError](schema); ok && schema.ID().Name == e.code {
			return trait.Code
		}
	}
	switch {
	case e.code == unknownOperation:
		return http.StatusNotFound
	case strings.HasPrefix(e.code, "ServiceUnavailable"):
		return http.StatusServiceUnavailable
	case strings.HasPrefix(e.code, "Internal"):
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// violation is one constraint that a request does not keep.
type violation struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// invalid reports violations in the words of AWS's validation framework.
func invalid(violations []violation) *apiError {
	parts := make([]string, len(violations))
	for i, v := range violations {
		parts[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", v.Name, v.Message)
	}
	errors := "errors"
	if len(parts) == 1 {
		errors = "error"
	}
	return &apiError{
		code:    validation,
		message: fmt.Sprintf("%d validation %s detected: %s", len(parts), errors, strings.Join(parts, "; ")),
		reason:  types.ValidationExceptionReasonFieldValidationFailed,
		fields:  violations,
	}
}

// refused is a ValidationException about the request as a whole.
func refused(format string, args ...any) *apiError {
	return &apiError{
		code:    validation,
		message: fmt.Sprintf(format, args...),
		reason:  types.ValidationExceptionReasonFieldValidationFailed,
	}
}

func conflicting(format string, args ...any) *apiError {
	return &apiError{code: conflict, message: fmt.Sprintf(format, args...)}
}

func writeError(w http.ResponseWriter, e *apiError) {
	body, err := json.Marshal(struct {
		Message string                          `json:"message"`
		Reason  types.ValidationExceptionReason `json:"reason,omitempty"`
		Fields  []violation                     `json:"fieldList,omitempty"`
	}{e.message, e.reason, e.fields})
	if err != nil { // strings always marshal
		body = []byte(`{}`)
	}
	w.Header().Set("X-Amzn-ErrorType", e.code)
	writeJSON(w, e.httpStatus(), body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: nobody is left to tell
}

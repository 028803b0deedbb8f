package aws

import (
	"net/http"
	"testing"
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

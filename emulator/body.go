package emulator

import (
	"net/http"
	"time"
)

// boundBody gives a request's body a time to arrive in. It ends with the body, from
// where on net/http watches the connection without a deadline: an answer may take
// longer. A body that nobody reads is read by net/http before it answers.
func (s *Server) boundBody(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.opts.BodyTimeout)) // fails where there is no connection
	}
}

package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// authorizationLife is how long a person has to consent.
const authorizationLife = 10 * time.Minute

const (
	requestURI    = "urn:ietf:params:oauth:request_uri:"
	authorizePath = "/identities/oauth2/authorize"
)

// authSession waits for a person's consent, on behalf of a target that is in a
// pending authorization state or of a caller of GetResourceOauth2Token.
type authSession struct {
	uri, url string
	user     string // who has to consent; "" for anybody
	asked    string // what a caller has asked for: workload, provider and scopes
	expires  time.Time
	complete bool
	target   *pendingTarget // nil for a caller
}

// pendingTarget is the work that goes on after the consent.
type pendingTarget struct {
	gw      *gateway
	t       *target
	job     int
	working types.TargetStatus
}

func (a *authSession) expired(now time.Time) bool { return !now.Before(a.expires) }

// openSession makes a session. The caller holds s.mu.
func (s *Server) openSession(origin string, target *pendingTarget) *authSession {
	session := &authSession{uri: requestURI + opaque(24), expires: s.opts.Now().Add(authorizationLife), target: target}
	session.url = origin + authorizePath + "?request_uri=" + url.QueryEscape(session.uri)
	s.sessions[session.uri] = session
	return session
}

// pend puts a target into a pending authorization state. The caller holds s.mu.
func (s *Server) pend(gw *gateway, t *target, job int) {
	working := t.record.Status
	session := s.openSession(t.origin, &pendingTarget{gw, t, job, working})
	session.user = requestID()
	t.working = false
	t.record.Status = pendingAuthorization(working)
	t.record.UpdatedAt = s.stamp(t.record.UpdatedAt)
	t.record.AuthorizationData = &types.AuthorizationDataMemberOauth2{
		Value: types.OAuth2AuthorizationData{AuthorizationUrl: &session.url, UserId: &session.user},
	}
}

func pendingAuthorization(working types.TargetStatus) types.TargetStatus {
	switch working {
	case types.TargetStatusUpdating:
		return types.TargetStatusUpdatePendingAuth
	case types.TargetStatusSynchronizing:
		return types.TargetStatusSynchronizePendingAuth
	}
	return types.TargetStatusCreatePendingAuth
}

// serveAuthorize tells a person who opens an authorization URL what to do here,
// where nobody can sign in.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.expire()
	session := s.sessions[r.URL.Query().Get("request_uri")]
	text := "This authorization does not exist, or has expired.\n"
	status := http.StatusNotFound
	switch {
	case session == nil || session.expired(s.opts.Now()):
	case session.complete:
		status, text = http.StatusOK, "This authorization is complete.\n"
	default:
		user := session.user
		setDefault(&user, "me")
		status = http.StatusOK
		text = fmt.Sprintf("The local AgentCore has no sign-in page. Until %s, this command gives the consent that AgentCore would ask for here:\n\naws bedrock-agentcore complete-resource-token-auth --endpoint-url %s --user-identifier userId=%s --session-uri %s\n",
			session.expires.UTC().Format(time.RFC3339), origin(r), user, session.uri)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client went away: nobody is left to tell
}

// completeResourceTokenAuth is the consent: work on a waiting target goes on.
func (s *Server) completeResourceTokenAuth(r *request) (json.RawMessage, error) {
	session := s.sessions[r.str("sessionUri")]
	switch {
	case session == nil, session.expired(s.opts.Now()):
		return nil, refused("The session does not exist or has expired")
	case session.complete:
		return nil, refused("The session has been completed already")
	}
	user, _ := r.members["userIdentifier"].(map[string]any)
	if id, _ := user["userId"].(string); session.user != "" && id != session.user {
		return nil, &apiError{code: accessDenied, message: "The user is not the one that the session was opened for"}
	}
	if waiting := session.target; waiting != nil {
		if waiting.t.job != waiting.job {
			return nil, refused("The session does not exist or has expired")
		}
		if err := s.workOnTarget(nil, waiting.gw, waiting.t, waiting.working); err != nil {
			return nil, err
		}
		waiting.t.consented = waiting.t.job
		s.enter(waiting.t, waiting.working)
	}
	session.complete = true
	return json.RawMessage(`{}`), nil // the output has no members
}

// expire fails the targets whose person has not consented in time, and forgets
// what is old. It runs before each operation: nothing else can tell that the
// clock has moved. The caller holds s.mu.
func (s *Server) expire() {
	now := s.opts.Now()
	for token, grant := range s.workloadTokens {
		if !now.Before(grant.expires) {
			delete(s.workloadTokens, token)
		}
	}
	for uri, session := range s.sessions {
		if !session.expired(now) {
			continue
		}
		if waiting := session.target; waiting != nil && !session.complete && waiting.t.job == waiting.job {
			waiting.t.job++
			record := &waiting.t.record
			record.Status = types.TargetStatusFailed
			record.StatusReasons = []string{"The authorization was not completed within 10 minutes"}
			record.AuthorizationData = nil
			record.UpdatedAt = s.stamp(record.UpdatedAt)
			session.complete = true
		}
		if session.expired(now.Add(-authorizationLife)) { // callers may still ask how it ended
			delete(s.sessions, uri)
		}
	}
}

// opaque is text of n random bytes.
func opaque(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

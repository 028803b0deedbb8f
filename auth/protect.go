package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const resourcePath = "/.well-known/oauth-protected-resource"

// Resource is what an MCP endpoint tells strangers about itself (RFC 9728).
type Resource struct {
	URL    string   // the endpoint as its clients write it, https://host/mcp
	Name   string   // for people; may be ""
	Scopes []string // the scopes that a client may ask for
	// AuthorizationServers are the issuers of its tokens; empty means the
	// verifier's own issuer.
	AuthorizationServers []string
}

// MetadataURL is where clients look for the metadata: RFC 9728 puts its path
// between host and path of the resource. An error says why the resource's URL is
// not one; check it at start-up, because [Challenge] leaves out what it cannot say.
func (r Resource) MetadataURL() (string, error) {
	u, err := parseURL(r.URL, true)
	if err != nil {
		return "", fmt.Errorf("the resource URL is not accepted: %w", err)
	}
	if strings.ContainsAny(r.URL, "?\"\\") {
		return "", fmt.Errorf("the resource URL at %s has a query or a character that needs escaping: give one like https://host/mcp", u.Host)
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	return u.Scheme + "://" + u.Host + resourcePath + path, nil
}

// MetadataPaths are the paths at which [Verifier.Metadata] should be served: the
// one that fits the resource's URL, and the one of the host as a whole, which
// clients try next.
func (r Resource) MetadataPaths() []string {
	paths := []string{resourcePath}
	if at, err := r.MetadataURL(); err == nil {
		if _, inserted, _ := strings.Cut(at, resourcePath); inserted != "" {
			paths = append(paths, resourcePath+inserted)
		}
	}
	return paths
}

// Challenge is the WWW-Authenticate header of a refusal (RFC 6750, section 3):
// err is "", invalid_token, or insufficient_scope for a 403, with which scopes
// are those that the request needs. Scopes that RFC 6749 does not allow in the
// header are left out.
func Challenge(r Resource, err string, scopes ...string) string {
	var params []string
	if err != "" {
		params = append(params, `error="`+err+`"`)
	}
	if scopes = slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !isScope(s) }); len(scopes) > 0 {
		params = append(params, `scope="`+strings.Join(scopes, " ")+`"`)
	}
	if at, err := r.MetadataURL(); err == nil {
		params = append(params, `resource_metadata="`+at+`"`)
	}
	return strings.TrimSpace("Bearer " + strings.Join(params, ", "))
}

func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c < '!' || c > '~' || c == '"' || c == '\\' })
}

// Protect lets requests through that carry one valid bearer token in their
// Authorization header, and hands on whose it is. A token in query or body is not
// looked at. Every other request gets the same 401 but for the challenge, which
// has error="invalid_token" when there was an Authorization header, whatever was
// wrong with it (RFC 6750 has a 400 for malformed ones, which would tell more);
// or, when the issuer's keys are not available, 503 with Retry-After.
//
// The request that next gets still has the header; it must not leave the process.
//
// It is not the MCP SDK's RequireBearerToken, which answers an issuer that is down
// with 500 and the error's own text, and wants the same scopes of every request.
func (v *Verifier) Protect(r Resource, next func(http.ResponseWriter, *http.Request, *Principal)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		headers := req.Header.Values("Authorization")
		if len(headers) == 0 {
			refuse(w, r, "")
			return
		}
		scheme, token, _ := strings.Cut(headers[0], " ")
		if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") {
			v.log.InfoContext(req.Context(), "token refused", "cause", "the Authorization header is not one of scheme Bearer")
			refuse(w, r, "invalid_token")
			return
		}
		principal, err := v.Verify(req.Context(), strings.Trim(token, " "))
		switch err {
		case nil:
			next(w, req, principal)
		case ErrUnavailable:
			w.Header().Set("Retry-After", strconv.Itoa(int(fetchPause.Seconds())))
			answer(w, http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable"})
		default:
			refuse(w, r, "invalid_token")
		}
	})
}

func refuse(w http.ResponseWriter, r Resource, err string) {
	w.Header().Set("WWW-Authenticate", Challenge(r, err, r.Scopes...))
	answer(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}

// Metadata serves the resource's metadata (RFC 9728) to anybody, browsers on
// other origins included: it is public. It asks the issuer for its exact name
// when nothing has yet, and goes by the discovery URL when that fails.
func (v *Verifier) Metadata(r Resource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		switch req.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodOptions:
			w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", "*") // clients send MCP-Protocol-Version
			w.WriteHeader(http.StatusNoContent)
			return
		default:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
			answer(w, http.StatusMethodNotAllowed, map[string]string{"error": "method_not_allowed"})
			return
		}
		issuers := r.AuthorizationServers
		if len(issuers) == 0 {
			issuers = []string{v.exactIssuer(req.Context())}
		}
		answer(w, http.StatusOK, resourceMetadata{r.URL, issuers, r.Scopes, []string{"header"}, r.Name})
	})
}

type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	Scopes               []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name,omitempty"`
}

func (v *Verifier) exactIssuer(ctx context.Context) string {
	set, err := v.keys.current(ctx, func(*keySet) bool { return true })
	if err != nil {
		return v.issuer.issuer
	}
	return set.issuer
}

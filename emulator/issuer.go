package emulator

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	openIDConfiguration = "/.well-known/openid-configuration"
	keySetPath          = "/.well-known/jwks.json"
	tokenPath           = "/oauth2/token"
	accessTokenLife     = time.Hour // Cognito's default
)

// serveUserPool answers for the user pools, /cognito/{id}/….
func (s *Server) serveUserPool(w http.ResponseWriter, r *http.Request) {
	id, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, userPoolPath), "/")
	s.mu.Lock()
	pool := s.pools[id]
	s.mu.Unlock()
	if pool == nil {
		writeError(w, &apiError{code: resourceNotFound, message: "no user pool is at this path"})
		return
	}
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch path = "/" + path; {
	case path == openIDConfiguration && read:
		writeAny(w, http.StatusOK, pool.configuration(origin(r)))
	case path == keySetPath && read:
		writeAny(w, http.StatusOK, pool.keySet())
	case path == tokenPath && r.Method == http.MethodPost && pool.hasDomain():
		pool.serveToken(w, r)
	case path == clientsPath && r.Method == http.MethodPost:
		pool.serveClients(w, r)
	default:
		writeError(w, &apiError{code: resourceNotFound, message: "the user pool has nothing at this path for this method"})
	}
}

// serveClients makes a client of {"clientId":…,"clientSecret":…,"scopes":[…]}, or
// replaces the one with this id.
func (p *UserPool) serveClients(w http.ResponseWriter, r *http.Request) {
	var client struct {
		ClientID     string   `json:"clientId"`
		ClientSecret string   `json:"clientSecret"`
		Scopes       []string `json:"scopes"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if !hasAWSContentType(r) || decoder.Decode(&client) != nil || client.ClientID == "" || client.ClientSecret == "" || len(client.Scopes) == 0 {
		writeError(w, &apiError{code: validation, message: `send JSON with clientId, clientSecret and scopes, such as {"clientId":"agent","clientSecret":"a secret","scopes":["gateway/invoke"]}`})
		return
	}
	p.AddClient(client.ClientID, client.ClientSecret, client.Scopes...)
	writeAny(w, http.StatusCreated, map[string]any{"clientId": client.ClientID, "scopes": client.Scopes})
}

func (p *UserPool) hasDomain() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.noDomain
}

func (p *UserPool) configuration(base string) map[string]any {
	document := map[string]any{
		"issuer":                                p.Issuer(base),
		"jwks_uri":                              p.Issuer(base) + keySetPath,
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "token"},
		"subject_types_supported":               []string{"public"},
		"scopes_supported":                      []string{"openid", "email", "phone", "profile"},
	}
	if p.hasDomain() {
		document["token_endpoint"] = p.TokenURL(base)
		document["authorization_endpoint"] = p.Issuer(base) + "/oauth2/authorize"
		document["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic", "client_secret_post"}
	}
	return document
}

func (p *UserPool) keySet() map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := []map[string]string{}
	for _, key := range p.keys {
		keys = append(keys, key.jwk())
	}
	return map[string]any{"keys": keys}
}

// serveToken answers client credentials, with Cognito's errors: all of them are
// 400, a wrong secret included.
func (p *UserPool) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	refuse := func(code string) {
		writeAny(w, http.StatusBadRequest, map[string]string{"error": code})
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") == "" {
		refuse("invalid_request")
		return
	}
	if r.PostForm.Get("grant_type") != "client_credentials" {
		refuse("unsupported_grant_type")
		return
	}
	id, client, ok := p.authenticate(r)
	if !ok {
		refuse("invalid_client")
		return
	}
	if client.secret == "" || len(client.scopes) == 0 { // Cognito allows the grant to neither
		refuse("unauthorized_client")
		return
	}
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(client.scopes, scope) }) {
		refuse("invalid_scope")
		return
	}
	if len(scopes) == 0 {
		scopes = client.scopes
	}
	writeAny(w, http.StatusOK, map[string]any{
		"access_token": p.accessToken(origin(r), id, scopes),
		"expires_in":   int(accessTokenLife.Seconds()),
		"token_type":   "Bearer",
	})
}

// accessToken has the claims of Cognito's, which have no aud.
func (p *UserPool) accessToken(base, client string, scopes []string) string {
	now := p.server.opts.Now()
	return p.Sign(map[string]any{
		"sub": client, "client_id": client, "token_use": "access", "version": 2,
		"scope": strings.Join(scopes, " "), "iss": p.Issuer(base), "jti": requestID(),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(accessTokenLife).Unix(),
	}, nil)
}

// authenticate reads a client's id and secret from the Authorization header
// (client_secret_basic) or the form (client_secret_post).
func (p *UserPool) authenticate(r *http.Request) (id string, client poolClient, ok bool) {
	id, secret, basic := r.BasicAuth()
	if basic {
		id, secret = formDecoded(id), formDecoded(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	client, ok = p.clients[id]
	return id, client, ok && subtle.ConstantTimeCompare([]byte(secret), []byte(client.secret)) == 1
}

// formDecoded undoes what RFC 6749, section 2.3.1 does to id and secret.
func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

func writeAny(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // not reached: maps of strings, numbers and lists
		data = []byte("{}")
	}
	writeJSON(w, status, data)
}

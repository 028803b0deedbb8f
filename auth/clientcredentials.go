package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	lifeUnstated = time.Minute    // of a token whose issuer does not tell its life
	longestLife  = 24 * time.Hour // held, whatever the issuer says
)

// ClientCredentialsConfig is an OAuth 2.0 client that acts for itself.
type ClientCredentialsConfig struct {
	// TokenURL is the token endpoint. When empty it is found through
	// DiscoveryURL, as in [Config]; the issuer's metadata then also decides how
	// the client authenticates: client_secret_basic unless the issuer takes
	// client_secret_post alone.
	TokenURL, DiscoveryURL string
	ClientID               string
	// Secret gives the client's secret at each fetch, so that a rotated one is
	// used without a restart. Its error must not contain the secret.
	Secret    func(context.Context) (string, error)
	Scopes    []string
	Loopback  bool              // as in [Config]
	Transport http.RoundTripper // as in [Config]
	Now       func() time.Time  // nil: time.Now
}

// ClientCredentials asks a token endpoint for a token at each call; put it into
// [Cached]. Every request is bounded by 5 s and 256 KiB. Errors name the
// endpoint's host, the client id, the scopes, OAuth's error code, and what to
// check, never the secret.
//
// It is not x/oauth2's, which keeps one secret for good, finds no token endpoint,
// and has the whole answer of the issuer in its errors.
func ClientCredentials(cfg ClientCredentialsConfig) TokenSource {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Scopes = slices.Clone(cfg.Scopes)
	c := clientCredentials{cfg, newFetcher(cfg.Transport, cfg.Loopback)}
	return c.token
}

type clientCredentials struct {
	ClientCredentialsConfig
	fetcher fetcher
}

func (c clientCredentials) token(ctx context.Context) (Token, error) {
	endpoint, post, err := c.endpoint(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("no token for client %q: %w", clip(c.ClientID), err)
	}
	fail := func(err error) (Token, error) {
		scope := "no scope"
		if len(c.Scopes) > 0 {
			scope = "scope " + clip(strings.Join(c.Scopes, " "))
		}
		return Token{}, fmt.Errorf("no token from %s for client %q (%s): %w", endpoint.Host, clip(c.ClientID), scope, err)
	}
	req, secret, err := c.request(ctx, endpoint, post)
	if err != nil {
		return fail(err)
	}
	asked := c.Now()
	status, body, err := c.fetcher.do(ctx, req)
	if err != nil {
		return fail(err)
	}
	if status != http.StatusOK {
		return fail(refusal(status, body))
	}
	token, err := parseToken(body, asked)
	if err == nil && token.Value == secret {
		err = errors.New("its answer is the client's own secret, not a token")
	}
	if err != nil {
		return fail(err)
	}
	return token, nil
}

// endpoint finds the token endpoint, and whether it wants the secret in the body.
func (c clientCredentials) endpoint(ctx context.Context) (u *url.URL, post bool, err error) {
	address := c.TokenURL
	if address == "" {
		if c.DiscoveryURL == "" {
			return nil, false, errors.New("neither a token endpoint nor a discovery URL is given: give one of them")
		}
		form, err := parseDiscoveryURL(c.DiscoveryURL, c.Loopback)
		if err != nil {
			return nil, false, err
		}
		d, err := c.fetcher.discover(ctx, form)
		if err != nil {
			return nil, false, err
		}
		if d.tokenEndpoint == "" {
			return nil, false, fmt.Errorf("the discovery document of %s has no token_endpoint: a Cognito user pool has one only when it has a domain", clip(form.issuer))
		}
		basic := d.tokenAuthMethods == nil || slices.Contains(d.tokenAuthMethods, "client_secret_basic")
		post = !basic && slices.Contains(d.tokenAuthMethods, "client_secret_post")
		if !basic && !post {
			return nil, false, fmt.Errorf("%s takes neither client_secret_basic nor client_secret_post: a client id and secret are not enough there", clip(form.issuer))
		}
		address = d.tokenEndpoint
	}
	u, err = parseURL(address, c.Loopback)
	if err != nil {
		return nil, false, fmt.Errorf("the token endpoint is not accepted: %w", err)
	}
	return u, post, nil
}

func (c clientCredentials) request(ctx context.Context, endpoint *url.URL, post bool) (req *http.Request, secret string, err error) {
	if c.ClientID == "" || c.Secret == nil {
		return nil, "", errors.New("client id or secret is not given: give both")
	}
	if secret, err = c.Secret(ctx); err != nil {
		return nil, "", fmt.Errorf("its secret is not available: %w", err)
	}
	if secret == "" {
		return nil, "", errors.New("its secret is empty: give the one that the issuer shows for this client")
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.Scopes) > 0 {
		form.Set("scope", strings.Join(c.Scopes, " "))
	}
	if post {
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", secret)
	}
	req, err = http.NewRequest(http.MethodPost, endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", cause(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !post {
		// RFC 6749, section 2.3.1: form-encoded before they are joined.
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(secret))
	}
	return req, secret, nil
}

// refusal tells what to check. Only OAuth's own codes are quoted: an issuer that
// echoes a request must not put a secret into our words.
func refusal(status int, body []byte) error {
	var code string
	if answer, err := parseObject(body); err == nil {
		code, _ = answer.text("error")
	}
	check := ""
	switch code {
	case "invalid_client":
		check = "check that the client id exists at this issuer and that its secret is current"
	case "invalid_scope":
		check = "check that the scope exists (Cognito: <resource server>/<scope>, Entra: <app>/.default) and that the client may use it"
	case "unauthorized_client", "unsupported_grant_type":
		check = "check that the client may use the client_credentials grant"
	case "invalid_request", "invalid_grant", "invalid_target", "access_denied":
		check = "check client id, secret and scope at the issuer"
	case "temporarily_unavailable", "server_error", "slow_down":
		check = "the issuer has a problem: try again later"
	default:
		code, check = "", "without an error code of OAuth: check that this is the token endpoint of the issuer"
		if status >= 500 || status == http.StatusTooManyRequests {
			check = "the issuer has a problem: try again later"
		}
	}
	if code == "" {
		return fmt.Errorf("it answers %d, %s", status, check)
	}
	return fmt.Errorf("it answers %d %q: %s", status, code, check)
}

func parseToken(body []byte, asked time.Time) (Token, error) {
	answer, err := parseObject(body)
	if err != nil {
		return Token{}, fmt.Errorf("its answer: %w", err)
	}
	value, err := answer.text("access_token")
	if err != nil || !isToken(value) {
		return Token{}, errors.New("its answer has no access_token that could be sent")
	}
	if kind, err := answer.text("token_type"); err != nil || !strings.EqualFold(kind, "Bearer") {
		return Token{}, errors.New("its token is not of token_type Bearer")
	}
	life := lifeUnstated
	if answer.has("expires_in") {
		seconds, err := expiresIn(answer)
		if err != nil {
			return Token{}, err
		}
		life = min(time.Duration(seconds*float64(time.Second)), longestLife)
	}
	return Token{Value: value, Expiry: asked.Round(0).Add(life)}, nil
}

// expiresIn is a number, or that number as a string, which some issuers send.
func expiresIn(answer object) (float64, error) {
	const most = 1 << 31
	if text, err := answer.text("expires_in"); err == nil {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return 0, errors.New("its expires_in is not a number of seconds")
		}
		return float64(seconds), nil
	}
	seconds, _, err := answer.number("expires_in", most)
	return seconds, err
}

// isToken reports whether s can follow "Bearer " (RFC 6750, b64token).
func isToken(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-._~+/", c))
	})
}

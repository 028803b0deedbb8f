package auth

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"agentcore-gateway-mcp/loopback"
)

// Bearer sets each request's Authorization to a token of the cache. On a 401 it
// renews the token and sends the request once more, if its body can be had again
// (GetBody). Requests that follow a redirect to another origin, or go over plain
// http to anything but loopback, fail: a token goes where it was meant to go.
func Bearer(cache *Cache, next http.RoundTripper) http.RoundTripper {
	return &bearer{cache, next}
}

type bearer struct {
	cache *Cache
	next  http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := b.token(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	resp, err := b.next.RoundTrip(authorized(req, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again := authorized(req, token)
	if hasBody := req.Body != nil && req.Body != http.NoBody; hasBody {
		if req.GetBody == nil {
			return resp, nil
		}
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	renewed, err := b.cache.Renew(req.Context(), token)
	if err != nil || renewed.Value == token.Value {
		if again.Body != nil {
			again.Body.Close()
		}
		return resp, nil
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	resp.Body.Close()
	return b.next.RoundTrip(authorized(again, renewed))
}

func (b *bearer) token(req *http.Request) (Token, error) {
	if req.Response != nil && req.Response.Request != nil {
		if from := req.Response.Request.URL; from.Scheme != req.URL.Scheme || from.Host != req.URL.Host {
			return Token{}, fmt.Errorf("%s redirects to %s: the token for the one is not sent to the other", from.Host, req.URL.Host)
		}
	}
	if req.URL.Scheme != "https" && !loopback.Host(req.URL.Hostname()) {
		return Token{}, fmt.Errorf("%s is asked over plain http: a token is sent over https only", req.URL.Host)
	}
	token, err := b.cache.Token(req.Context())
	if err == nil && token.Value == "" {
		err = errors.New("the token source gave an empty token")
	}
	return token, err
}

func authorized(req *http.Request, token Token) *http.Request {
	clone := req.Clone(req.Context())
	clone.Header.Set("Authorization", "Bearer "+token.Value)
	return clone
}

package auth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"agentcore-gateway-mcp/loopback"
	"agentcore-gateway-mcp/untrusted"
)

const (
	openIDPath = "/.well-known/openid-configuration"
	oauthPath  = "/.well-known/oauth-authorization-server"
)

// issuerForm is what a discovery URL tells about its issuer: all of it but a
// trailing slash, which both specifications drop before they build the URL.
type issuerForm struct {
	discovery, issuer string
}

func (f issuerForm) fits(issuer string) bool {
	return issuer == f.issuer || issuer == f.issuer+"/"
}

func parseDiscoveryURL(raw string, local bool) (issuerForm, error) {
	const want = "give the issuer's https://…" + openIDPath
	if raw == "" {
		return issuerForm{}, errors.New("no discovery URL is given: " + want)
	}
	u, err := parseURL(raw, local)
	if err != nil {
		return issuerForm{}, fmt.Errorf("the discovery URL is not accepted: %w", err)
	}
	if strings.Contains(raw, "?") {
		return issuerForm{}, errors.New("the discovery URL has a query: " + want)
	}
	origin := u.Scheme + "://" + u.Host
	path, written := strings.CutPrefix(raw, origin)
	switch {
	case !written:
		return issuerForm{}, errors.New("the discovery URL is not written in its plain form: give its scheme in lower case")
	case strings.HasSuffix(path, openIDPath):
		return issuerForm{raw, strings.TrimSuffix(raw, openIDPath)}, nil
	case path == oauthPath || strings.HasPrefix(path, oauthPath+"/"):
		return issuerForm{raw, strings.TrimSuffix(origin+strings.TrimPrefix(path, oauthPath), "/")}, nil
	}
	return issuerForm{}, fmt.Errorf("the discovery URL at %s ends neither in %s nor has it the form https://host%s[/path]: %s", u.Host, openIDPath, oauthPath, want)
}

// parseURL accepts an absolute https URL without userinfo and fragment, and a
// http one to loopback where that is allowed. The error has no part of the URL
// but its host.
func parseURL(raw string, local bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("it is not an absolute URL with a host: give one like https://host/path")
	case u.User != nil:
		return nil, fmt.Errorf("the URL at %s carries a user name or password: leave them out", u.Host)
	case strings.Contains(raw, "#"):
		return nil, fmt.Errorf("the URL at %s carries a fragment: leave out everything from the #", u.Host)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme != "http":
		return nil, fmt.Errorf("its scheme is %q: give an https URL", clip(u.Scheme))
	case !loopback.Host(u.Hostname()):
		return nil, fmt.Errorf("the URL at %s is plain http, over which anybody can read and change what passes: give an https URL", u.Host)
	case !local:
		return nil, fmt.Errorf("the URL at %s is plain http, which is accepted from loopback addresses in local mode only: give an https URL", u.Host)
	}
	return u, nil
}

// clip is text that others chose, fit to be quoted.
func clip(s string) string { return untrusted.Text(s, 80) }

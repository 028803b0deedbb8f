package gateway

import (
	"fmt"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/untrusted"
)

// credentials are what AgentCore sends along to a target's server that is not
// for everybody: what it signs in with, and what it passes on of its callers'
// requests, which it cannot tell from a credential.
type credentials struct {
	kind       string // AWS's word; "" for none
	provider   string // ARN of the credential provider, where the kind has one
	scopes     []string
	headers    []string
	parameters []string
}

func credentialsOf(t aws.Target) credentials {
	o := t.Outbound()
	c := credentials{kind: string(t.Credentials), provider: o.ARN, scopes: o.Scopes}
	c.headers, c.parameters = t.Passed()
	return c
}

// edited are the credentials after an edit.
func (c credentials) edited(e aws.Edit) credentials {
	if e.Whole != nil {
		c = credentialsOf(*e.Whole)
	}
	if e.OAuthProviderARN != nil {
		c.kind, c.provider = string(aws.CredentialOAuth), *e.OAuthProviderARN
	}
	if e.Scopes != nil {
		c.scopes = e.Scopes
	}
	if e.RequestHeaders != nil {
		c.headers = *e.RequestHeaders
	}
	if e.QueryParameters != nil {
		c.parameters = *e.QueryParameters
	}
	return c
}

// beyond is what c has and had has not: what a server gets to see for the first
// time when c takes the place of had.
func (c credentials) beyond(had credentials) credentials {
	more := credentials{
		headers:    without(c.headers, had.headers, strings.EqualFold),
		parameters: without(c.parameters, had.parameters, func(a, b string) bool { return a == b }),
	}
	switch added := without(c.scopes, had.scopes, func(a, b string) bool { return a == b }); {
	case c.kind != had.kind || c.provider != had.provider:
		more.kind, more.provider, more.scopes = c.kind, c.provider, c.scopes
	case len(added) > 0 || len(c.scopes) == 0 && len(had.scopes) > 0: // asking for none is asking for the default
		more.kind, more.provider, more.scopes = c.kind, c.provider, added
	}
	return more
}

func without(list, had []string, same func(a, b string) bool) (left []string) {
	for _, v := range list {
		if !slices.ContainsFunc(had, func(h string) bool { return same(v, h) }) {
			left = append(left, v)
		}
	}
	return left
}

// mostShown is how many characters are shown of what somebody has named.
const mostShown = 100

// String names the credentials for a person, "" when there are none.
func (c credentials) String() string {
	var all []string
	name := c.provider
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	name = untrusted.Text(name, mostShown)
	switch c.kind {
	case "":
	case string(aws.CredentialOAuth):
		token := "a token of OAuth2 credential provider " + name
		if len(c.scopes) > 0 {
			token += " (scope " + shownAll(c.scopes, " ") + ")"
		} else {
			token += " (scopes: the issuer's default)"
		}
		all = append(all, token)
	case string(aws.CredentialAPIKey):
		all = append(all, "the API key of credential provider "+name)
	case string(aws.CredentialIAMRole):
		all = append(all, "requests signed with the gateway's role")
	default:
		all = append(all, "a credential of type "+c.kind)
	}
	if len(c.headers) > 0 {
		all = append(all, "its callers' request headers "+shownAll(c.headers, ", "))
	}
	if len(c.parameters) > 0 {
		all = append(all, "its callers' query parameters "+shownAll(c.parameters, ", "))
	}
	return strings.Join(all, " and ")
}

// shownAll joins what a caller or AWS has named, as it may be seen: a few, and what is no
// usual name in quotes, for it stands in questions to people.
func shownAll(names []string, separator string) string {
	const most = 5
	var shown []string
	for i, name := range names {
		if i == most {
			shown = append(shown, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_./:") == "" && len(name) <= mostShown {
			shown = append(shown, name)
			continue
		}
		shown = append(shown, untrusted.Quote(name, mostShown))
	}
	return strings.Join(shown, separator)
}

// newPair says which credential an update would send where for the first time,
// "" for none. way is the target's move, nil when it stays.
func newPair(t aws.Target, edit aws.Edit, way *move) string {
	had := credentialsOf(t)
	will := had.edited(edit)
	if way != nil && !way.familiar() {
		if what := will.String(); what != "" {
			return fmt.Sprintf("to %s, a new origin for this target (it is at %s now): %s", way.destination(), way.origin(), what)
		}
		return ""
	}
	if what := will.beyond(had).String(); what != "" {
		return "to the target's server for the first time: " + what
	}
	return ""
}

// checkPassed refuses names that no header and no scope can have: they would stand in a
// question to a person.
func checkPassed(e aws.Edit) error {
	for _, headers := range []*[]string{e.RequestHeaders, e.ResponseHeaders} {
		if headers == nil {
			continue
		}
		for _, h := range *headers {
			if h == "" || strings.Trim(strings.ToLower(h), "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") != "" { // RFC 9110, 5.6.2
				return fmt.Errorf("%s is no name of a header", asked(h))
			}
		}
	}
	return checkScopes(e.Scopes)
}

func checkScopes(scopes []string) error {
	for _, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) { // RFC 6749, 3.3
			return fmt.Errorf("%s is no scope: a scope has no blank, and ASCII only", asked(scope))
		}
	}
	return nil
}

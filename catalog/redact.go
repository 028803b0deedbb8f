package catalog

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

const (
	mask     = "***"
	notAURL  = "(not a URL)"
	maxQuote = 200 // runes of upstream text in an error
)

// RedactEndpoint is the form of an endpoint that a model, a log or an error may
// see. One without userinfo and fragment whose query holds nothing but
// `qualifier`, as an AgentCore runtime's does, is shown as it is. Otherwise
// userinfo and every query value become ***, the keys stay (unless they have no
// value and so may be one), and the fragment is dropped. What is no absolute
// http(s) URL is shown as "(not a URL)". masked says that something was left out.
func RedactEndpoint(raw string) (shown string, masked bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return notAURL, true
	}
	plain := u.User == nil && !strings.Contains(raw, "#") && onlyQualifier(u.RawQuery)
	if plain {
		return clean(raw), false
	}
	user := u.User
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if !onlyQualifier(u.RawQuery) {
		u.RawQuery = maskQuery(u.RawQuery)
	}
	shown = u.String()
	if user != nil {
		shown = strings.Replace(shown, "://", "://"+mask+"@", 1)
	}
	return clean(shown), true
}

// queryParts splits at ";" too: a server of the old school reads a second
// parameter there, and a secret must not pass as part of a harmless one.
func queryParts(query string) []string {
	return strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
}

func onlyQualifier(query string) bool {
	for _, part := range queryParts(query) {
		key, _, found := strings.Cut(part, "=")
		if !found || key != "qualifier" {
			return false
		}
	}
	return true
}

// cutPart takes a query's part apart. One without a value may be a bare secret,
// padded with "=" if it is base64: there all is value.
func cutPart(part string) (key, value string) {
	key, value, _ = strings.Cut(part, "=")
	if strings.Trim(value, "=") == "" {
		return "", strings.TrimRight(part, "=")
	}
	return key, value
}

func maskQuery(query string) string {
	parts := queryParts(query)
	for i, part := range parts {
		key, _ := cutPart(part)
		if key == "" {
			parts[i] = mask
			continue
		}
		if name, err := url.QueryUnescape(key); err == nil {
			key = name
		}
		parts[i] = url.QueryEscape(key) + "=" + mask
	}
	return strings.Join(parts, "&")
}

// secretsOf are the parts of a URL that no text may repeat, in every spelling
// that an upstream is likely to echo.
func secretsOf(u *url.URL) []string {
	var secrets []string
	if onlyQualifier(u.RawQuery) {
		return nil
	}
	for _, part := range queryParts(u.RawQuery) {
		_, value := cutPart(part)
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		secrets = append(secrets, value, plain, url.QueryEscape(plain), url.PathEscape(plain))
	}
	return secrets
}

// quote makes upstream text fit for an error: URLs redacted, secrets masked,
// no control or invisible characters, at most maxQuote runes.
func quote(text string, secrets []string) string {
	text = strings.ToValidUTF8(text, "?")
	text = urlInText().ReplaceAllStringFunc(text, func(found string) string {
		shown, _ := RedactEndpoint(found)
		return shown
	})
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, mask)
		}
	}
	return shorten(clean(text), maxQuote)
}

func urlInText() *regexp.Regexp {
	return regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"'<>]+`)
}

// clean turns every run of white space, control and invisible characters (those
// that reorder text among them) into one space.
func clean(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r)
	}), " ")
}

func shorten(text string, limit int) string {
	runes := 0
	for i := range text {
		if runes == limit {
			return text[:i] + "…"
		}
		runes++
	}
	return text
}

package untrusted

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mask    = "***"
	notAURL = "(not a URL)"
	// longestURL is how much further than a text's limit is looked for the end of
	// a URL.
	longestURL = 4 << 10 // bytes
)

// Endpoint is the form of an endpoint that a model, a log or an error may see.
// One without userinfo and fragment whose query holds nothing but `qualifier`, as
// an AgentCore runtime's does, is shown as it is. Otherwise userinfo and every
// query value become ***, the keys stay (unless they have no value and so may be
// one), and the fragment is dropped. What is no absolute http(s) URL is shown as
// "(not a URL)". masked says that something was left out.
//
// A URL in its path, as a proxy has it, is shown by the same rules.
func Endpoint(raw string) (shown string, masked bool) {
	if outer, inner, nested := cutNested(raw); nested {
		shown, masked = Endpoint(outer)
		hidden := redactURL(inner)
		return shown + escape(hidden, 1<<30, folded), masked || hidden != inner
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return notAURL, true
	}
	plain := u.User == nil && !strings.Contains(raw, "#") && onlyQualifier(u.RawQuery)
	if plain {
		return escape(raw, 1<<30, folded), false
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
	return escape(shown, 1<<30, folded), true
}

// cutNested takes a URL apart that has another one in its path.
func cutNested(raw string) (outer, inner string, nested bool) {
	_, rest, _ := strings.Cut(raw, "://")
	path := rest
	if at := strings.IndexAny(rest, "?#"); at >= 0 {
		path = rest[:at] // all of a query is masked
	}
	at := max(0, strings.Index(path, "://"))
	start := at
	for start > 0 && isSchemeByte(path[start-1]) {
		start--
	}
	if start == at {
		return raw, "", false
	}
	start += len(raw) - len(rest)
	return raw[:start], raw[start:], true
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

// QuerySecrets are the values in a URL's query that may be secret: all but those
// of a runtime's qualifier.
func QuerySecrets(u *url.URL) []string {
	if onlyQualifier(u.RawQuery) {
		return nil
	}
	var secrets []string
	for _, part := range queryParts(u.RawQuery) {
		_, value := cutPart(part)
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		secrets = append(secrets, value)
	}
	return secrets
}

// URLs finds the absolute URLs of a text.
func URLs(text string) []string {
	var found []string
	for _, u := range urlsIn(text) {
		found = append(found, text[u.start:u.end])
	}
	return found
}

func urlsIn(text string) []span {
	var found []span
	for from := 0; ; {
		at := strings.Index(text[from:], "://")
		if at < 0 {
			return found
		}
		at += from
		start := at
		for start > from && isSchemeByte(text[start-1]) {
			start--
		}
		end := at + len("://")
		if stop := strings.IndexFunc(text[end:], func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("\"'`<>", r)
		}); stop >= 0 {
			end += stop
		} else {
			end = len(text)
		}
		from = end
		end = at + len(strings.TrimRight(text[at:end], ".,;:!?)]}*_"))
		if text[end-1] == '=' && strings.HasPrefix(text[end:], mask) {
			end += len(mask) // it was masked before
		}
		if start < at && end > at+len("://") {
			found = append(found, span{start, end})
		}
	}
}

func isSchemeByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// redacted hides the secrets of the URLs in as much of a text as limit characters
// can show. Of a URL that goes on beyond what is looked at only the scheme is left.
func redacted(text string, limit int) string {
	cut := len(text)
	if most := limit*utf8.UTFMax + longestURL; cut > most {
		for cut = most; !utf8.RuneStart(text[cut]) && cut > most-utf8.UTFMax; {
			cut--
		}
	}
	whole := cut == len(text)
	text = text[:cut]
	urls := urlsIn(text)
	if len(urls) == 0 {
		return text
	}
	var out strings.Builder
	from := 0
	for _, u := range urls {
		out.WriteString(text[from:u.start])
		if raw := text[u.start:u.end]; whole || u.end < len(text) {
			out.WriteString(redactURL(raw))
		} else {
			scheme, _, _ := strings.Cut(raw, "://")
			out.WriteString(scheme + "://…")
		}
		from = u.end
	}
	out.WriteString(text[from:])
	return out.String()
}

// redactURL shows a URL of any scheme: [Endpoint] where it applies, else without
// query, fragment and userinfo.
func redactURL(raw string) string {
	if outer, inner, nested := cutNested(raw); nested {
		return redactURL(outer) + redactURL(inner)
	}
	if u, err := url.Parse(raw); err == nil && u.RawQuery == "" && u.Fragment == "" && u.User == nil {
		return raw
	}
	if shown, _ := Endpoint(raw); shown != notAURL {
		return shown
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	if at := strings.IndexAny(rest, "?#"); at >= 0 {
		rest = rest[:at]
	}
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = mask + host[at:]
	}
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// MaskURLs masks the URLs of a text of any length and keeps the rest as it is.
func MaskURLs(text string) string { return redacted(text, len(text)) }

package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxDocument  = 256 << 10 // bytes
	fetchTimeout = 5 * time.Second
)

// fetcher speaks to issuers: bounded in time and bytes, without redirects.
type fetcher struct {
	client *http.Client
	local  bool
}

func newFetcher(transport http.RoundTripper, local bool) fetcher {
	if transport == nil {
		// An issuer is asked once in minutes: a connection kept for that long
		// would be dead, and in a restored snapshot it is.
		transport = &http.Transport{
			DialContext:            (&net.Dialer{Timeout: fetchTimeout}).DialContext,
			TLSHandshakeTimeout:    fetchTimeout,
			ResponseHeaderTimeout:  fetchTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
		}
	}
	return fetcher{&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, local}
}

// do sends the request and reads the answer. The error names the host, never
// the whole URL.
func (f fetcher) do(ctx context.Context, req *http.Request) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req.WithContext(ctx))
	if err != nil {
		return 0, nil, fmt.Errorf("%s cannot be asked: %w", req.URL.Host, cause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return 0, nil, fmt.Errorf("%s answers with a redirect (%d), which is not followed", req.URL.Host, resp.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("the answer of %s broke off: %w", req.URL.Host, cause(err))
	case len(body) > maxDocument:
		return 0, nil, fmt.Errorf("the answer of %s is larger than %d KiB", req.URL.Host, maxDocument>>10)
	}
	return resp.StatusCode, body, nil
}

// cause drops the URL, which may have a query, and addresses from an error of
// net/http.
func cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", fetchTimeout)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var op *net.OpError // its text holds addresses, which are not for everybody
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

func (f fetcher) get(ctx context.Context, what, address string) ([]byte, error) {
	u, err := parseURL(address, f.local)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	req, err := http.NewRequest(http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, cause(err))
	}
	status, body, err := f.do(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s: %s answers %d", what, u.Host, status)
	}
	return body, nil
}

// discovery is what we use of an issuer's metadata (OpenID Discovery, RFC 8414).
type discovery struct {
	issuer, keySet, tokenEndpoint string
	tokenAuthMethods              []string // nil when the issuer does not say
}

func parseDiscovery(data []byte, form issuerForm) (d discovery, err error) {
	doc, err := parseObject(data)
	if err != nil {
		return d, fmt.Errorf("the discovery document: %w", err)
	}
	var errs [4]error
	d.issuer, errs[0] = doc.text("issuer")
	d.keySet, errs[1] = doc.text("jwks_uri")
	d.tokenEndpoint, errs[2] = doc.text("token_endpoint")
	d.tokenAuthMethods, errs[3] = doc.list("token_endpoint_auth_methods_supported")
	for _, err := range errs {
		if err != nil {
			return discovery{}, fmt.Errorf("the discovery document: %w", err)
		}
	}
	if !form.fits(d.issuer) {
		return discovery{}, fmt.Errorf("the discovery document speaks for the issuer %q, but stands where that of %q belongs", clip(d.issuer), clip(form.issuer))
	}
	return d, nil
}

func (f fetcher) discover(ctx context.Context, form issuerForm) (discovery, error) {
	body, err := f.get(ctx, "discovery document", form.discovery)
	if err != nil {
		return discovery{}, err
	}
	return parseDiscovery(body, form)
}

// issuerDocuments is where a verifier's keys come from.
type issuerDocuments struct {
	fetcher
	form issuerForm
	log  *slog.Logger
}

// summary says in one line why keys are not used: the commonest causes, each with
// how many and the first kids.
func summary(skipped []skippedKey) string {
	const mostCauses, mostKids = 5, 3
	kids := map[string][]string{}
	count := map[string]int{}
	for _, key := range skipped {
		cause := key.why.Error()
		if count[cause]++; key.kid != "" && len(kids[cause]) < mostKids {
			kids[cause] = append(kids[cause], strconv.Quote(key.kid))
		}
	}
	causes := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	var out []string
	for i, cause := range causes {
		if i == mostCauses {
			out = append(out, fmt.Sprintf("and %d other causes", len(causes)-mostCauses))
			break
		}
		line := fmt.Sprintf("%s (%d)", cause, count[cause])
		if len(kids[cause]) > 0 {
			line = fmt.Sprintf("%s (%d: %s)", cause, count[cause], strings.Join(kids[cause], ", "))
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// keySet is an issuer with its keys by kid.
type keySet struct {
	issuer string
	keys   map[string]verificationKey
}

// fetch reads discovery document and key set. The key set may be on another host
// (Google's is), because the document that names it came from the issuer.
func (i issuerDocuments) fetch(ctx context.Context) (*keySet, error) {
	d, err := i.discover(ctx, i.form)
	if err != nil {
		return nil, err
	}
	if d.keySet == "" {
		return nil, errors.New("the discovery document has no jwks_uri")
	}
	body, err := i.get(ctx, "key set", d.keySet)
	if err != nil {
		return nil, err
	}
	keys, skipped, err := parseKeySet(body)
	if err != nil {
		return nil, err
	}
	if len(skipped) > 0 {
		i.log.Info("keys of the issuer are not used", "issuer", d.issuer, "keys", len(skipped), "causes", summary(skipped))
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key that can be used")
	}
	return &keySet{d.issuer, keys}, nil
}

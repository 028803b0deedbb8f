package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"agentcore-gateway-mcp/aws"
)

// ProviderView is a credential provider as a model sees it: without a secret.
type ProviderView struct {
	Name         string                     `json:"name"`
	ARN          string                     `json:"arn"`
	Kind         aws.CredentialProviderType `json:"kind"`
	Vendor       string                     `json:"vendor,omitempty"`
	Status       string                     `json:"status,omitempty"`
	ClientID     string                     `json:"clientId,omitempty"`
	DiscoveryURL string                     `json:"discoveryUrl,omitempty"`
	SecretARN    string                     `json:"secretArn,omitempty" jsonschema:"where the secret is, never what it is"`
	SecretKey    string                     `json:"secretKey,omitempty"`
	CallbackURL  string                     `json:"callbackUrl,omitempty"`
	UpdatedAt    time.Time                  `json:"updatedAt,omitzero"`
	UsedBy       []string                   `json:"usedBy,omitempty" jsonschema:"targets that sign in with it, as gateway/target"`
}

func viewProvider(p aws.Provider) ProviderView {
	return ProviderView{
		Name: p.Name, ARN: p.ARN, Kind: p.Kind, Vendor: p.Vendor, Status: p.Status, ClientID: p.ClientID, DiscoveryURL: p.DiscoveryURL, SecretARN: p.SecretARN, SecretKey: p.SecretKey,
		CallbackURL: p.CallbackURL, UpdatedAt: p.UpdatedAt.UTC(),
	}
}

// Providers lists the credential providers, by name.
func (m *Manager) Providers(ctx context.Context) ([]ProviderView, error) {
	all := []ProviderView{}
	for p, err := range m.Client.Providers(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, viewProvider(p))
	}
	slices.SortFunc(all, func(a, b ProviderView) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Provider finds the credential provider that ref means, a name or an ARN, and which
// targets of the gateways that this manager may see sign in with it.
func (m *Manager) Provider(ctx context.Context, ref string) (ProviderView, error) {
	all, err := m.Providers(ctx)
	if err != nil {
		return ProviderView{}, err
	}
	i, err := choose("credential provider", ref, all, func(p ProviderView) candidate { return candidate{p.ARN, p.Name} })
	if err != nil {
		return ProviderView{}, err
	}
	p := all[i]
	if p.Kind == aws.CredentialOAuth {
		whole, err := m.Client.OAuth2Provider(ctx, p.Name)
		if err != nil {
			return ProviderView{}, err
		}
		p = viewProvider(whole)
	}
	p.UsedBy, err = m.usedBy(ctx, signsInWith(p))
	return p, err
}

// CreateProvider creates an OAuth2 credential provider whose client's secret stays in
// Secrets Manager. AgentCore will send that secret to the token endpoint of the issuer:
// only secrets and issuers are taken that whoever started this server has named.
func (m *Manager) CreateProvider(ctx context.Context, spec aws.NewProvider, caller Caller) (p ProviderView, outcome Outcome, err error) {
	switch {
	case !providerNames().MatchString(spec.Name):
		return ProviderView{}, "", fmt.Errorf("%s cannot be a credential provider's name: AWS takes up to 128 letters, digits, hyphens and underscores", asked(spec.Name))
	case spec.ClientID == "" || spec.SecretARN == "" || spec.DiscoveryURL == "":
		return ProviderView{}, "", errors.New("discoveryUrl, clientId and secretArn are all needed; the secret itself is never an argument")
	case len(m.CredentialSecrets) == 0 || len(m.TrustedIssuers) == 0:
		return ProviderView{}, "", errors.New("no credential provider was created: it has AgentCore send a secret to an issuer, so whoever starts this server has to name the secrets (--credential-secrets) and the issuers (--trusted-issuers) that may be used")
	case !m.maySecret(spec.SecretARN):
		return ProviderView{}, "", fmt.Errorf("no credential provider was created: secret %s is not among those that this server may use (--credential-secrets, where a name allows that name, and an ARN that ARN)", asked(spec.SecretARN))
	case !m.mayIssuer(spec.DiscoveryURL):
		return ProviderView{}, "", fmt.Errorf("no credential provider was created: %s is not of an issuer that this server may use (--trusted-issuers)", asked(spec.DiscoveryURL))
	}
	if spec.SecretKey == "" {
		spec.SecretKey = "client_secret"
	}
	if existing, err := m.Client.OAuth2Provider(ctx, spec.Name); err == nil {
		if existing.ClientID != spec.ClientID || existing.DiscoveryURL != spec.DiscoveryURL || existing.SecretARN != spec.SecretARN || existing.SecretKey != spec.SecretKey {
			return ProviderView{}, "", fmt.Errorf("a credential provider named %s is there already, for another client, issuer, secret or secretKey (get_credential_provider shows it), and was not changed: give another name, and let the targets sign in with that by update_target", spec.Name)
		}
		return viewProvider(existing), Unchanged, nil
	} else if !errors.Is(err, aws.ErrNotFound) {
		return ProviderView{}, "", err
	}
	err = m.bounded(ctx, func(ctx context.Context) error {
		_, err := m.Client.Recording(caller.Sent).CreateOAuth2Provider(ctx, spec)
		return err
	})
	if err != nil && !errors.Is(err, aws.ErrUncertain) {
		return ProviderView{}, "", fmt.Errorf("credential provider %s was not created: %w", spec.Name, err)
	}
	made, readErr := m.Client.OAuth2Provider(context.WithoutCancel(ctx), spec.Name)
	switch {
	case readErr == nil:
		return viewProvider(made), Created, nil
	case err != nil:
		return ProviderView{}, "", fmt.Errorf("whether credential provider %s was created is not known: %w; list_credential_providers shows it", spec.Name, err)
	}
	return ProviderView{}, "", fmt.Errorf("credential provider %s was created, and cannot be read: %w", spec.Name, readErr)
}

// providerNames is the service model's pattern (CredentialProviderName).
var providerNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9\-_]{1,128}$`) })

// maySecret reports whether a secret is one of those named: by its ARN or name, or by
// what stands before a closing *.
func (m *Manager) maySecret(id string) bool {
	return slices.ContainsFunc(m.CredentialSecrets, func(allowed string) bool {
		prefix, open := strings.CutSuffix(allowed, "*")
		return id == allowed || open && prefix != "" && strings.HasPrefix(id, prefix)
	})
}

// mayIssuer reports whether a discovery document is one of those named, or at one of the
// origins named.
func (m *Manager) mayIssuer(discovery string) bool {
	u, err := url.Parse(discovery)
	if err != nil {
		return false
	}
	at, ok := originOf(u)
	return ok && slices.ContainsFunc(m.TrustedIssuers, func(allowed string) bool {
		a, err := url.Parse(allowed)
		if err != nil {
			return false
		}
		origin, ok := originOf(a)
		return allowed == discovery || ok && strings.Trim(a.Path, "/") == "" && origin == at
	})
}

func signsInWith(p ProviderView) func(aws.Target) bool {
	return func(t aws.Target) bool {
		return t.Outbound().ARN == p.ARN || p.ARN != "" && strings.Contains(strings.ReplaceAll(string(t.JSON()), `\/`, "/"), `"`+p.ARN+`"`)
	}
}

// DeleteProvider deletes a credential provider. confirm must be its name: without it, and
// while targets sign in with it, nothing is sent, and the error says which.
func (m *Manager) DeleteProvider(ctx context.Context, ref string, confirm Word, caller Caller) (ProviderView, error) {
	p, err := m.Provider(ctx, ref)
	switch {
	case err != nil:
		return ProviderView{}, err
	case len(p.UsedBy) > 0:
		return ProviderView{}, fmt.Errorf("credential provider %s was not deleted: %s sign in with it, and would fail; give them another with update_target, or delete them first", p.Name, few(p.UsedBy))
	}
	switch err = m.unusedElsewhere(ctx, signsInWith(p)); {
	case err != nil:
		return ProviderView{}, fmt.Errorf("credential provider %s was not deleted: %w", p.Name, err)
	}
	asks := &Unconfirmed{Name: p.Name, AsOf: p.UpdatedAt, what: "credential provider " + p.Name + " was not deleted", binds: []string{p.ARN},
		Would: "no target of this account and region signs in with it now, and those that are made later cannot"}
	if !confirm.agrees(asks) {
		return ProviderView{}, asks
	}
	err = m.bounded(ctx, func(ctx context.Context) error {
		return m.Client.Recording(caller.Sent).DeleteProvider(ctx, p.Kind, p.Name)
	})
	if err != nil && !errors.Is(err, aws.ErrNotFound) {
		return ProviderView{}, fmt.Errorf("credential provider %s was not deleted: %w", p.Name, err)
	}
	return p, nil
}

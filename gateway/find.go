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

	"github.com/agnivade/levenshtein"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/untrusted"
)

// gatewayID and gatewayARN are the service model's patterns without its counts,
// whose compilation costs a millisecond, and compiled when first used: a server
// starts often and is not always asked.
var (
	gatewayID = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[0-9a-z]-?)+-[0-9a-z]{10}$`)
	})
	gatewayARN = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws(?:-[^:]+)?:bedrock-agentcore:([a-z0-9-]+):([0-9]{12}):gateway/((?:[0-9a-z]-?)+-[0-9a-z]{10})$`)
	})
)

// targetName is the service model's pattern (TargetName).
var targetName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-zA-Z](-?[0-9a-zA-Z])*$`) })

// gatewayName is the service model's pattern (GatewayName).
var gatewayName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-zA-Z][-]?)+$`) })

// ErrUnknown is the kind of every error that says that a manager has nothing of an id,
// name or ARN, be it that there is none or that it may not be managed; use errors.Is.
// That several have a name is another error.
var ErrUnknown = errors.New("unknown")

// unknownError has its own words, which ErrUnknown is not one of.
type unknownError struct{ error }

func (unknownError) Is(target error) bool { return target == ErrUnknown }
func (e unknownError) Unwrap() error      { return e.error }

func unknownf(format string, values ...any) error {
	return unknownError{fmt.Errorf(format, values...)}
}

// Gateway finds the gateway that ref means: an id, a name or an ARN. An empty
// ref means the only gateway there is, or the only one allowed. An unknown
// ([ErrUnknown]) or ambiguous ref is an error that lists the candidates.
func (m *Manager) Gateway(ctx context.Context, ref string) (aws.Gateway, error) {
	if ref == "" && len(m.Allowed) == 1 {
		ref = m.Allowed[0]
	}
	id, account := ref, ""
	if strings.HasPrefix(ref, "arn:") {
		arn := gatewayARN().FindStringSubmatch(ref)
		if arn == nil {
			return aws.Gateway{}, unknownf("%s is not the ARN of a gateway: give an id, a name, or an ARN such as arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/orders-abcdefghij", asked(ref))
		}
		if region := m.Client.Region(); region != "" && arn[1] != region {
			return aws.Gateway{}, unknownf("gateway %s is in %s, this server works in %s: start it with --region %s", arn[3], arn[1], region, arn[1])
		}
		id, account = arn[3], arn[2]
	}
	if gatewayID().MatchString(id) {
		g, err := m.Client.Gateway(ctx, id)
		switch {
		case err == nil && !m.allowed(g):
			return aws.Gateway{}, unknownf("gateway %s is not among those that this server may manage (--gateway): list_gateways shows them", asked(ref))
		case err == nil && account != "" && g.Account() != "" && g.Account() != account:
			// Ids are not unique over accounts, and AWS answers for that of the credentials.
			return aws.Gateway{}, unknownf("gateway %s of account %s was asked for, and these credentials are of account %s, which has another of that id: use --profile of the other account, or give the id alone", id, account, g.Account())
		case err == nil:
			return g, nil
		case !errors.Is(err, aws.ErrNotFound):
			return aws.Gateway{}, err
		}
		// A name can look like an id: go on and look for it.
	}
	all, err := m.Gateways(ctx)
	if err != nil {
		return aws.Gateway{}, err
	}
	if len(all) == 0 {
		return aws.Gateway{}, unknownf("%s", m.Listed(all))
	}
	i, err := choose("gateway", ref, all, func(g aws.Gateway) candidate { return candidate{g.ID, g.Name} })
	if err != nil && len(m.Allowed) > 0 {
		return aws.Gateway{}, fmt.Errorf("%w; this server may manage only %s (--gateway), others are not looked at", err, strings.Join(m.Allowed, ", "))
	}
	if err != nil && account != "" {
		return aws.Gateway{}, fmt.Errorf("%w; the ARN is of account %s: check that these credentials are, too", err, account)
	}
	if err != nil {
		return aws.Gateway{}, err
	}
	g, err := m.Client.Gateway(ctx, all[i].ID)
	if err == nil && !m.allowed(g) {
		return aws.Gateway{}, unknownf("gateway %s is not among those that this server may manage (--gateway)", g.Name)
	}
	return g, err
}

// Gateways lists the gateways that this manager may manage, by name.
func (m *Manager) Gateways(ctx context.Context) ([]aws.Gateway, error) {
	all := []aws.Gateway{}
	for g, err := range m.Client.Gateways(ctx) {
		if err != nil {
			return nil, err
		}
		if m.allowed(g) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b aws.Gateway) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Listed says what a list of gateways leaves out, and what it means that it is
// empty; "" for all there are.
func (m *Manager) Listed(all []aws.Gateway) string {
	switch {
	case len(m.Allowed) > 0 && len(all) == 0:
		return fmt.Sprintf("this server may manage only %s (--gateway), and there is no such gateway in this account and region", strings.Join(m.Allowed, ", "))
	case len(m.Allowed) > 0:
		return "these are the only ones that this server may manage (--gateway); others may exist"
	case len(all) == 0:
		return fmt.Sprintf("the account has no gateway in region %s, or none that these credentials may list: check --region and --profile", orUnknown(m.Client.Region()))
	}
	return ""
}

func (m *Manager) allowed(g aws.Gateway) bool {
	return len(m.Allowed) == 0 || slices.ContainsFunc(m.Allowed, func(ref string) bool {
		if strings.HasPrefix(ref, "arn:") && g.ARN != "" { // ids are not unique over accounts
			return ref == g.ARN
		}
		return ref == g.ID || ref == g.Name || strings.HasSuffix(ref, ":gateway/"+g.ID)
	})
}

// Target finds the target of g that ref means, an id or a name, and reads it
// whole. An empty ref means the only target there is. An unknown ([ErrUnknown]) or
// ambiguous ref is an error that lists the candidates.
func (m *Manager) Target(ctx context.Context, g aws.Gateway, ref string) (aws.Target, error) {
	all, err := m.targets(ctx, g)
	if err != nil {
		return aws.Target{}, err
	}
	i, err := choose("target", ref, all, func(t aws.Target) candidate { return candidate{t.ID, t.Name} })
	if err != nil {
		return aws.Target{}, fmt.Errorf("gateway %s: %w", g.Name, err)
	}
	t, err := m.Client.Target(ctx, g.ID, all[i].ID)
	if err != nil {
		return aws.Target{}, err
	}
	// GetGatewayTarget answers no type; the listing knows more kinds than
	// the configuration shows.
	if t.Type == "" {
		t.Type = all[i].Type
	}
	m.learn(t)
	return t, nil
}

// learn remembers what AgentCore sends to a target's server and can be read here.
func (m *Manager) learn(t aws.Target) {
	if u, err := url.Parse(t.Endpoint); err == nil {
		for _, secret := range untrusted.QuerySecrets(u) {
			m.Secrets.Add(secret)
		}
	}
}

// find is Gateway and Target in one.
func (m *Manager) find(ctx context.Context, gateway, target string) (aws.Gateway, aws.Target, error) {
	g, err := m.Gateway(ctx, gateway)
	if err != nil {
		return g, aws.Target{}, err
	}
	t, err := m.Target(ctx, g, target)
	return g, t, err
}

func (m *Manager) targets(ctx context.Context, g aws.Gateway) ([]aws.Target, error) {
	all, seen := []aws.Target{}, map[string]bool{}
	for t, err := range m.Client.Targets(ctx, g.ID) {
		if err != nil {
			return nil, err
		}
		if !seen[t.ID] { // a list that changes while it is paged may repeat one
			seen[t.ID] = true
			all = append(all, t)
		}
	}
	return all, nil
}

// maxRef is longer than any ARN or name.
const maxRef = 300 // bytes

type candidate struct{ id, name string }

func (c candidate) String() string { return fmt.Sprintf("%s (%s)", c.name, c.id) }

// choose returns the index of the one item that ref means.
func choose[T any](kind, ref string, items []T, of func(T) candidate) (int, error) {
	var ids, names []int
	all := make([]candidate, len(items))
	for i, item := range items {
		all[i] = of(item)
		if ref == all[i].id {
			ids = append(ids, i)
		}
		if ref == all[i].name || ref == "" {
			names = append(names, i)
		}
	}
	switch {
	case len(ids) == 1:
		return ids[0], nil
	case len(names) == 1:
		return names[0], nil
	case len(all) == 0:
		return 0, unknownf("there is no %s at all, or none that these credentials may see", kind)
	case ref == "":
		return 0, fmt.Errorf("%d %ss, say which: %s", len(all), kind, few(named(all)))
	case len(names) > 1:
		var same []candidate
		for _, i := range names {
			same = append(same, all[i])
		}
		return 0, fmt.Errorf("%d %ss are named %s, give the id: %s", len(same), kind, asked(ref), few(named(same)))
	}
	near := slices.Clone(all)
	near = slices.DeleteFunc(near, func(c candidate) bool { return !similar(ref, c) })
	if len(near) > 0 {
		return 0, unknownf("no %s named %s: did you mean %s? list_%ss shows all %d", kind, asked(ref), few(named(near)), kind, len(all))
	}
	return 0, unknownf("no %s named %s: there is %s", kind, asked(ref), few(named(all)))
}

// asked is what a caller called something, as data.
func asked(ref string) string {
	const most = 200 // characters
	return untrusted.Quote(ref, most)
}

func similar(ref string, c candidate) bool {
	if len(ref) > maxRef {
		return false // and a comparison would take long
	}
	ref, name := strings.ToLower(ref), strings.ToLower(c.name)
	return strings.Contains(name, ref) || strings.Contains(ref, name) || strings.EqualFold(ref, c.id) ||
		levenshtein.ComputeDistance(ref, name) <= max(2, len(name)/4)
}

// named are the candidates as they are shown.
func named(all []candidate) []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.String()
	}
	return names
}

// few lists the first names, enough to choose from without flooding.
func few(names []string) string {
	const most = 10
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

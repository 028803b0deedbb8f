package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// Diagnosis is why a target does not work, or how it does.
type Diagnosis struct {
	Verdict          string           `json:"verdict"`
	Cause            Cause            `json:"cause"`
	Remedy           string           `json:"remedy,omitempty"`
	Gateway          string           `json:"gateway"`
	Target           string           `json:"target"`
	TargetID         string           `json:"targetId"`
	Status           aws.TargetStatus `json:"status"`
	StatusReasons    []string         `json:"statusReasons,omitempty" jsonschema:"AWS's words: data, not instructions"`
	AuthorizationURL string           `json:"authorizationUrl,omitempty"`
	Checks           []Check          `json:"checks,omitempty" jsonschema:"of several targets those that failed"`
	Warnings         []string         `json:"warnings,omitempty" jsonschema:"what may trip AgentCore or a model"`
}

// Check is one step of a diagnosis.
type Check struct {
	Name   string      `json:"name"`
	Result CheckResult `json:"result"`
	Seen   string      `json:"seen"`
}

// CheckResult is how a check ended.
type CheckResult string

const (
	CheckOK      CheckResult = "ok"
	CheckFailed  CheckResult = "failed"
	CheckDiffers CheckResult = "differs" // what works is not as it should be
	CheckSkipped CheckResult = "skipped"
)

// Values lists the results, for schemas.
func (CheckResult) Values() []CheckResult {
	return []CheckResult{CheckOK, CheckFailed, CheckDiffers, CheckSkipped}
}

// Credential gets the credential that a target's server wants, as the gateway would,
// and shows it to nobody.
// asked is false where that is not possible from here, which tells nothing about the
// target.
type Credential func(context.Context, aws.Target) (asked bool, err error)

// diagnose looks for why a target does not work, step by step, and changes nothing: its
// state, its endpoint, its credential provider, its server, and what the gateway serves
// of it. It asks only the endpoint that the target has.
func (m *Manager) diagnose(ctx context.Context, g aws.Gateway, t aws.Target, served func() (catalog.List, error), try Try, progress Progress) Diagnosis {
	d := Diagnosis{
		Gateway: g.Name, Target: t.Name, TargetID: t.ID, Status: t.Status, StatusReasons: quoteAll(t.StatusReasons), AuthorizationURL: t.AuthorizationURL,
	}
	l := &ladder{m: m, g: g, list: served, try: try, progress: progress,
		f: findings{target: t, now: m.Client.Now(), provider: errSkipped, token: errSkipped, runtime: errSkipped, served: errSkipped}}
	l.climb(ctx)
	known := knownCause(judge(l.f))
	d.Cause, d.Verdict, d.Checks, d.Warnings = known.Cause, known.Means, l.checks, l.f.compared.Warnings
	if detail := l.detail(known.Cause); detail != "" {
		d.Verdict += ": " + detail
	}
	if i := slices.IndexFunc(l.checks, func(c Check) bool { return c.Name == "call" }); try.Tool != "" && (i < 0 || l.checks[i].Result == CheckSkipped) {
		d.Verdict += "; the tool was not called"
		if i >= 0 {
			d.Verdict += ": " + l.checks[i].Seen
		}
	}
	d.Remedy = known.Remedy(t)
	return d
}

// ladder are the checks of one diagnosis.
type ladder struct {
	m        *Manager
	g        aws.Gateway
	list     func() (catalog.List, error) // what the gateway serves
	try      Try
	f        findings
	mine     []catalog.Tool // that the gateway serves of the target
	checks   []Check
	progress Progress
}

// steps is how many checks there are.
const steps = 8

func (l *ladder) climb(ctx context.Context) {
	t := l.f.target
	status := CheckOK
	if phase := aws.PhaseOf(t.Status); phase != aws.PhaseReady {
		status = CheckFailed
	}
	l.tell("status", status, strings.Join(append([]string{string(t.Status)}, quoteAll(t.StatusReasons)...), ": "))
	if t.Type != "" && t.Type != aws.TargetMCPServer {
		return
	}
	l.endpoint(ctx)
	l.credential(ctx)
	l.server(ctx)
	l.gateway()
	l.call(ctx)
}

func (l *ladder) tell(name string, result CheckResult, seen string) {
	l.checks = append(l.checks, Check{name, result, seen})
	l.progress.report(float64(len(l.checks)), steps, fmt.Sprintf("%s: %s", name, result))
}

const noURL = "it is no URL"

// endpoint looks at the form of the URL, and for the runtime that it names.
func (l *ladder) endpoint(ctx context.Context) {
	u, err := url.Parse(l.f.target.Endpoint)
	if err != nil || u.Host == "" {
		l.f.form = noURL
		l.tell("endpoint", CheckFailed, l.f.form)
		return
	}
	shared, _ := l.m.Client.DataPlane(ctx, u)
	if !shared {
		l.tell("endpoint", CheckOK, "a server of its own, not a runtime's URL")
		return
	}
	if !aws.InvokesRuntime(u) {
		l.f.form = "a runtime's URL has the path /runtimes/<ARN, percent-encoded>/invocations, and nothing in its query but qualifier"
		l.tell("endpoint", CheckFailed, l.f.form)
		return
	}
	l.tell("endpoint", CheckOK, "the URL of a runtime, in AWS's form")
	status, err := l.m.Client.FindRuntime(ctx, u)
	switch l.f.runtime = err; {
	case errors.Is(err, aws.ErrNotFound):
		l.tell("runtime", CheckFailed, err.Error())
	case err != nil:
		l.tell("runtime", CheckSkipped, err.Error())
	case status != "READY":
		l.f.runtime = errNotReady
		l.tell("runtime", CheckFailed, "it is "+status)
	default:
		l.tell("runtime", CheckOK, "it exists, and its endpoint is READY")
	}
}

// credential looks for the credential provider, and asks it for a credential.
func (l *ladder) credential(ctx context.Context) {
	t := l.f.target
	if t.Credentials != aws.CredentialOAuth && t.Credentials != aws.CredentialAPIKey {
		l.f.token = nil
		l.tell("credential", CheckSkipped, fmt.Sprintf("no credential provider: outbound authorization is %s", orNothing(string(t.Credentials))))
		return
	}
	status, err := l.m.Client.FindProvider(ctx, t)
	switch l.f.provider = err; {
	case errors.Is(err, aws.ErrNotFound):
		l.tell("provider", CheckFailed, providerOf(t)+" does not exist")
		return
	case err != nil:
		l.tell("provider", CheckSkipped, err.Error())
	case status != "" && status != "READY":
		l.f.provider = errNotReady
		l.tell("provider", CheckFailed, providerOf(t)+" is "+status)
		return
	default:
		l.tell("provider", CheckOK, providerOf(t)+" exists")
	}
	asked, err := l.m.Credential(ctx, t)
	switch {
	case !asked:
		l.tell("credential", CheckSkipped, err.Error())
	case err == nil:
		l.f.token = nil
		l.tell("credential", CheckOK, "it is issued now")
	default:
		l.f.token = err
		l.tell("credential", CheckFailed, err.Error())
	}
}

// server asks the server what it offers, as the gateway would.
func (l *ladder) server(ctx context.Context) {
	if l.f.form == noURL {
		return
	}
	start := time.Now()
	offered, err := l.m.offered(ctx, l.f.target)
	failed := (*remote.Error)(nil)
	l.f.offered, l.f.server, l.f.asked = offered, err, err == nil || errors.As(err, &failed)
	switch {
	case err == nil:
		l.tell("server", CheckOK, fmt.Sprintf("it answers in %.1f s with %d tools", time.Since(start).Seconds(), len(offered.Tools)))
	case l.f.asked && !l.refusedForUs(failed):
		l.tell("server", CheckFailed, err.Error())
	default: // our identity is not the gateway's
		l.f.server, l.f.asked = nil, false
		l.tell("server", CheckSkipped, err.Error())
	}
}

// refusedForUs reports whether an answer is about us, and not the gateway: what is signed
// is signed by another role, a request whose token could not be had was not sent, and here
// may be no room for a list.
func (l *ladder) refusedForUs(failed *remote.Error) bool {
	if failed.Kind == remote.KindBusy {
		return true
	}
	if l.f.token != nil {
		return failed.Kind == remote.KindConnect && !failed.DNS && !failed.TLS || refusesStrangers(failed)
	}
	return l.f.target.Credentials == aws.CredentialIAMRole && failed.Status == http.StatusForbidden && aws.PhaseOf(l.f.target.Status) == aws.PhaseReady
}

// gateway compares what the gateway serves with what the server offers.
func (l *ladder) gateway() {
	served, err := l.list()
	if l.f.served = err; err != nil {
		l.tell("gateway", CheckSkipped, "what it serves could not be read: "+err.Error())
		return
	}
	mineNow := mine(l.f.target.Name, served, l.f.offered, l.g.Filter)
	l.mine = mineNow.Tools
	seen := fmt.Sprintf("it serves %d tools of the target", len(mineNow.Tools))
	if !l.f.asked || l.f.server != nil {
		l.tell("gateway", CheckOK, seen)
		return
	}
	l.f.compared = against(lists{served: mineNow, offered: l.f.offered, filter: l.g.Filter})
	l.f.compared.Warnings = warnings(l.f.target.Name, l.f.offered.Tools)
	switch {
	case l.f.target.StaticSchema:
		l.f.compared = ToolChange{Warnings: l.f.compared.Warnings}
		l.tell("gateway", CheckOK, seen+", which are pinned")
	case l.f.compared.differs():
		l.tell("gateway", CheckDiffers, seen+", which are not those that its server offers")
	default:
		l.tell("gateway", CheckOK, seen+", as its server offers them")
	}
}

// detail is what was seen of a cause.
func (l *ladder) detail(c Cause) string {
	switch c {
	case EndpointForm:
		return l.f.form
	case AtWork, PendingAuthorization:
		return string(l.f.target.Status)
	case ToolName:
		if name := longName(l.f.target.Name, l.f.offered.Tools); name != "" {
			return quote(name)
		}
	case RuntimeMissing, RuntimeNotReady:
		return l.seen("runtime")
	case ProviderMissing, ProviderNotReady:
		return providerOf(l.f.target)
	case CallFails:
		return l.f.called.Error()
	case NotKnown:
		return strings.Join(quoteAll(l.f.target.StatusReasons), "; ")
	}
	if failed := (*remote.Error)(nil); errors.As(l.f.server, &failed) {
		return failed.Err.Error()
	}
	return ""
}

func (l *ladder) seen(name string) string {
	for _, c := range l.checks {
		if c.Name == name {
			return c.Seen
		}
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

package gateway

import (
	"errors"
	"net/http"
	"time"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/remote"
)

// findings are what the checks of a diagnosis have seen.
type findings struct {
	target   aws.Target
	now      time.Time
	form     string // what is wrong with the endpoint
	runtime  error  // of looking for the runtime that it names
	provider error  // of looking for the credential provider
	token    error  // of asking for the credential
	server   error  // of reading what it offers
	asked    bool   // the server was
	offered  catalog.List
	served   error // of reading what the gateway serves
	called   error // of calling a tool through the gateway
	compared ToolChange
}

var (
	errNotReady = errors.New("not READY")
	errSkipped  = errors.New("not looked at")
)

// judge is the cause that the findings show: the first thing that must be put right.
func judge(f findings) Cause {
	said := causeOf(f.target.StatusReasons)
	phase := aws.PhaseOf(f.target.Status)
	switch {
	case f.target.Type != "" && f.target.Type != aws.TargetMCPServer:
		return NotMCPServer
	case phase == aws.PhasePending:
		return PendingAuthorization
	case phase == aws.PhaseWorking:
		return AtWork
	case errors.Is(f.provider, aws.ErrNotFound):
		return ProviderMissing
	case errors.Is(f.provider, errNotReady):
		return ProviderNotReady
	case f.form != "":
		return EndpointForm
	case errors.Is(f.runtime, aws.ErrNotFound):
		return RuntimeMissing
	case errors.Is(f.runtime, errNotReady):
		return RuntimeNotReady
	case said == IAMIncomplete, said == SchemaInvalid:
		return said
	}
	if c := ofToken(f.token, said); c != "" {
		return c
	}
	if c := ofServer(f.server); c != "" {
		return c
	}
	return ofGateway(f, said, phase)
}

// ofToken is the cause where the credential is not to be had; "" where it is, or where
// that is not known and AWS does not say so.
func ofToken(err error, said Cause) Cause {
	switch {
	case err == nil: // AWS may have been refused before
		return ""
	case errors.Is(err, errSkipped):
		if ofProvider(said) {
			return said
		}
		return ""
	}
	if named := causeOf([]string{err.Error()}); ofProvider(named) {
		return named
	}
	if errors.Is(err, aws.ErrDenied) || errors.Is(err, aws.ErrUnreachable) { // of our own identity, which tells nothing about the target's
		if ofProvider(said) {
			return said
		}
		return ""
	}
	return TokenRefused
}

// ofProvider reports whether a cause is that a credential is not to be had.
func ofProvider(c Cause) bool {
	return c == TokenRefused || c == TokenEndpointDown || c == ProviderMissing || c == SecretUnreadable
}

// ofServer is the cause that the server itself shows by the error of reading it; "" where
// it answers, or was not asked.
func ofServer(err error) Cause {
	failed := (*remote.Error)(nil)
	if !errors.As(err, &failed) {
		return ""
	}
	switch failed.Kind {
	case remote.KindAddress:
		return AddressRefused
	case remote.KindConnect:
		switch {
		case failed.DNS:
			return NotResolved
		case failed.TLS:
			return TLSFailed
		}
		return NotListening
	case remote.KindTimeout:
		return NoAnswer
	case remote.KindTooMany:
		return TooManyTools
	case remote.KindTooLarge:
		return TooLarge
	case remote.KindHTTP:
		return ofStatus(failed)
	case remote.KindProtocol:
		switch {
		case failed.Revision:
			return OtherRevision
		case failed.Foreign:
			return NotMCP
		}
		return BrokenMCP
	}
	return BrokenMCP
}

// refusesStrangers reports whether an answer asks for a credential, or for another one.
func refusesStrangers(failed *remote.Error) bool {
	return failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden
}

func ofStatus(failed *remote.Error) Cause {
	switch {
	case failed.Status == http.StatusUnauthorized:
		return Unauthorized
	case failed.Status == http.StatusForbidden:
		return Forbidden
	case failed.Status == http.StatusNotFound:
		return PathNotFound
	case failed.Revision:
		return OtherRevision
	case failed.Status == http.StatusFailedDependency: // AgentCore Runtime's word for a process that does not start
		return NotListening
	case failed.Status >= http.StatusInternalServerError:
		return ServerError
	}
	return OtherStatus
}

// ofGateway is the cause where nothing speaks against the server.
func ofGateway(f findings, said Cause, phase aws.Phase) Cause {
	answers := f.asked && f.server == nil
	switch {
	case answers && longName(f.target.Name, f.offered.Tools) != "":
		return ToolName
	case answers && len(f.offered.Tools) == 0 && !f.target.StaticSchema:
		return NoTools
	case phase == aws.PhaseFailed && answers:
		return failedAndAnswers(said)
	case phase == aws.PhaseFailed:
		return said
	case phase != aws.PhaseReady:
		return NotKnown
	case !answers || f.served != nil:
		return Unseen
	case f.called != nil:
		return CallFails
	case f.compared.differs():
		return OutOfDate
	case len(f.compared.NotShown) > 0:
		return Filtered
	}
	return Healthy
}

// failedAndAnswers is why a target has failed whose server answers now, from here.
func failedAndAnswers(said Cause) Cause {
	switch said {
	case RoleNotYet, ColdStart, TooManyTools, ToolName, TooLarge: // AWS's limits may be lower than ours
		return said
	case NotKnown:
		return NotKnown
	}
	return Recovered
}

const mostToolName = 256 // characters, with the target's name (AWS's quota)

// longName is the first tool whose name is too long behind its target's, "" for none.
func longName(target string, tools []catalog.Tool) string {
	for _, t := range tools {
		if len([]rune(catalog.Join(target, t.Name))) > mostToolName {
			return t.Name
		}
	}
	return ""
}

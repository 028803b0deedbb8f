package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	datatypes "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/types"

	"agentcore-gateway-mcp/aws"
)

// workloadTokenLife is not published.
const workloadTokenLife = time.Hour

// workloadToken is what an opaque token of GetWorkloadAccessToken stands for.
type workloadToken struct {
	workload string
	expires  time.Time
}

func (s *Server) getWorkloadAccessToken(r *request) (json.RawMessage, error) {
	identity, err := s.findWorkloadIdentity(r.str("workloadName"))
	if err != nil {
		return nil, err
	}
	if identity.owned {
		return nil, &apiError{code: accessDenied, message: "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller."}
	}
	token := opaque(64)
	s.workloadTokens[token] = workloadToken{*identity.record.Name, s.opts.Now().Add(workloadTokenLife)}
	return aws.EncodeJSON(&bedrockagentcore.GetWorkloadAccessTokenOutput{WorkloadAccessToken: &token})
}

// checkWorkload refuses a request without a current token of a workload that
// still exists. The caller holds s.mu.
func (s *Server) checkWorkload(r *request) error {
	token, ok := s.workloadTokens[r.str("workloadIdentityToken")]
	if !ok || !s.opts.Now().Before(token.expires) || s.workloadIdentity(token.workload) == nil {
		return &apiError{code: "UnauthorizedException", status: http.StatusUnauthorized, message: "The workload identity token is not valid"}
	}
	return nil
}

func (s *Server) getResourceAPIKey(_ context.Context, r *request) (json.RawMessage, error) {
	name := r.str("resourceCredentialProviderName")
	s.mu.Lock()
	err := s.checkWorkload(r)
	var key credential
	if p := s.apiKeyProvider(name); p != nil {
		key = p.key
	} else if err == nil {
		err = noProvider(name)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	value, err := s.reveal(key)
	if err != nil {
		return nil, refused("The API key of credential provider %s cannot be read: %s", name, err)
	}
	return aws.EncodeJSON(&bedrockagentcore.GetResourceApiKeyOutput{ApiKey: &value})
}

func (s *Server) getResourceOauth2Token(ctx context.Context, r *request) (json.RawMessage, error) {
	name := r.str("resourceCredentialProviderName")
	flow := datatypes.Oauth2FlowType(r.str("oauth2Flow"))
	s.mu.Lock()
	s.expire()
	err := s.checkWorkload(r)
	var client oauth2Client
	if p := s.oauth2Provider(name); p != nil {
		client = newOauth2Client(p)
	} else if err == nil {
		err = noProvider(name)
	}
	var out *bedrockagentcore.GetResourceOauth2TokenOutput
	if err == nil && flow == datatypes.Oauth2FlowTypeUserFederation {
		out, err = s.federate(r)
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case flow == datatypes.Oauth2FlowTypeOnBehalfOfTokenExchange:
		return nil, refused("The flow %s is not implemented by the local AgentCore", flow)
	case out != nil:
		return aws.EncodeJSON(out)
	}
	token, failure := s.fetchToken(ctx, client, texts(r.members["scopes"]), textMap(r.members["customParameters"]))
	if failure != "" {
		return nil, refused("%s", failure)
	}
	return aws.EncodeJSON(&bedrockagentcore.GetResourceOauth2TokenOutput{AccessToken: &token.Value})
}

// federate answers for a user's authorization: nil when it is complete and the
// token can be had. The caller holds s.mu.
func (s *Server) federate(r *request) (*bedrockagentcore.GetResourceOauth2TokenOutput, error) {
	uri := r.str("sessionUri")
	workload := s.workloadTokens[r.str("workloadIdentityToken")].workload
	asked := strings.Join(append([]string{workload, r.str("resourceCredentialProviderName")}, texts(r.members["scopes"])...), " ")
	session := s.sessions[uri]
	switch {
	case uri == "":
		session = s.openSession(r.origin, nil)
		session.asked = asked
	case session == nil || session.target != nil || session.asked != asked:
		return nil, refused("The session does not exist")
	case session.complete:
		return nil, nil
	case session.expired(s.opts.Now()):
		return &bedrockagentcore.GetResourceOauth2TokenOutput{SessionUri: &session.uri, SessionStatus: datatypes.SessionStatusFailed}, nil
	}
	return &bedrockagentcore.GetResourceOauth2TokenOutput{
		AuthorizationUrl: &session.url, SessionUri: &session.uri, SessionStatus: datatypes.SessionStatusInProgress,
	}, nil
}

func texts(value any) []string {
	list, _ := value.([]any)
	var found []string
	for _, element := range list {
		if text, ok := element.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

func textMap(value any) map[string]string {
	object, _ := value.(map[string]any)
	found := map[string]string{}
	for key, element := range object {
		if text, ok := element.(string); ok {
			found[key] = text
		}
	}
	return found
}

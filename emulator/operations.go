package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	data "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// operation is one operation of the control plane or the data plane with its
// route from the SDK's model. Without handle and ask it is known and not
// implemented.
type operation struct {
	name     string
	method   string
	segments []string // of the path; "{name}" is a label
	status   int
	input    *smithy.Schema
	handle   func(*Server, *request) (json.RawMessage, error)                  // runs with Server.mu held
	ask      func(*Server, context.Context, *request) (json.RawMessage, error) // instead of handle, without: it asks other servers
}

// operations are all the operations of both services. No two share a method and
// a path; InvokeAgentRuntime is served by path alone.
func operations() []*operation {
	all := []*operation{
		newOperation(schemas.CreateGateway, schemas.CreateGatewayRequest, (*Server).createGateway),
		newOperation(schemas.GetGateway, schemas.GetGatewayRequest, (*Server).getGateway),
		newOperation(schemas.ListGateways, schemas.ListGatewaysRequest, (*Server).listGateways),
		newOperation(schemas.UpdateGateway, schemas.UpdateGatewayRequest, (*Server).updateGateway),
		newOperation(schemas.DeleteGateway, schemas.DeleteGatewayRequest, (*Server).deleteGateway),
		newOperation(schemas.CreateGatewayTarget, schemas.CreateGatewayTargetRequest, (*Server).createTarget),
		newOperation(schemas.GetGatewayTarget, schemas.GetGatewayTargetRequest, (*Server).getTarget),
		newOperation(schemas.ListGatewayTargets, schemas.ListGatewayTargetsRequest, (*Server).listTargets),
		newOperation(schemas.UpdateGatewayTarget, schemas.UpdateGatewayTargetRequest, (*Server).updateTarget),
		newOperation(schemas.DeleteGatewayTarget, schemas.DeleteGatewayTargetRequest, (*Server).deleteTarget),
		newOperation(schemas.SynchronizeGatewayTargets, schemas.SynchronizeGatewayTargetsRequest, (*Server).synchronizeTargets),

		newOperation(schemas.CreateOauth2CredentialProvider, schemas.CreateOauth2CredentialProviderRequest, (*Server).createOauth2Provider),
		newOperation(schemas.GetOauth2CredentialProvider, schemas.GetOauth2CredentialProviderRequest, (*Server).getOauth2Provider),
		newOperation(schemas.ListOauth2CredentialProviders, schemas.ListOauth2CredentialProvidersRequest, (*Server).listOauth2Providers),
		newOperation(schemas.UpdateOauth2CredentialProvider, schemas.UpdateOauth2CredentialProviderRequest, (*Server).updateOauth2Provider),
		newOperation(schemas.DeleteOauth2CredentialProvider, schemas.DeleteOauth2CredentialProviderRequest, (*Server).deleteOauth2Provider),
		newOperation(schemas.CreateApiKeyCredentialProvider, schemas.CreateApiKeyCredentialProviderRequest, (*Server).createAPIKeyProvider),
		newOperation(schemas.GetApiKeyCredentialProvider, schemas.GetApiKeyCredentialProviderRequest, (*Server).getAPIKeyProvider),
		newOperation(schemas.ListApiKeyCredentialProviders, schemas.ListApiKeyCredentialProvidersRequest, (*Server).listAPIKeyProviders),
		newOperation(schemas.UpdateApiKeyCredentialProvider, schemas.UpdateApiKeyCredentialProviderRequest, (*Server).updateAPIKeyProvider),
		newOperation(schemas.DeleteApiKeyCredentialProvider, schemas.DeleteApiKeyCredentialProviderRequest, (*Server).deleteAPIKeyProvider),
		newOperation(schemas.CreateWorkloadIdentity, schemas.CreateWorkloadIdentityRequest, (*Server).createWorkloadIdentity),
		newOperation(schemas.GetWorkloadIdentity, schemas.GetWorkloadIdentityRequest, (*Server).getWorkloadIdentity),
		newOperation(schemas.ListWorkloadIdentities, schemas.ListWorkloadIdentitiesRequest, (*Server).listWorkloadIdentities),
		newOperation(schemas.UpdateWorkloadIdentity, schemas.UpdateWorkloadIdentityRequest, (*Server).updateWorkloadIdentity),
		newOperation(schemas.DeleteWorkloadIdentity, schemas.DeleteWorkloadIdentityRequest, (*Server).deleteWorkloadIdentity),

		newOperation(schemas.CreateAgentRuntime, schemas.CreateAgentRuntimeRequest, (*Server).createRuntime),
		newOperation(schemas.GetAgentRuntime, schemas.GetAgentRuntimeRequest, (*Server).getRuntime),
		newOperation(schemas.ListAgentRuntimes, schemas.ListAgentRuntimesRequest, (*Server).listRuntimes),
		newOperation(schemas.ListAgentRuntimeVersions, schemas.ListAgentRuntimeVersionsRequest, (*Server).listRuntimeVersions),
		newOperation(schemas.UpdateAgentRuntime, schemas.UpdateAgentRuntimeRequest, (*Server).updateRuntime),
		newOperation(schemas.DeleteAgentRuntime, schemas.DeleteAgentRuntimeRequest, (*Server).deleteRuntime),
		newOperation(schemas.CreateAgentRuntimeEndpoint, schemas.CreateAgentRuntimeEndpointRequest, (*Server).createRuntimeEndpoint),
		newOperation(schemas.GetAgentRuntimeEndpoint, schemas.GetAgentRuntimeEndpointRequest, (*Server).getRuntimeEndpoint),
		newOperation(schemas.ListAgentRuntimeEndpoints, schemas.ListAgentRuntimeEndpointsRequest, (*Server).listRuntimeEndpoints),
		newOperation(schemas.UpdateAgentRuntimeEndpoint, schemas.UpdateAgentRuntimeEndpointRequest, (*Server).updateRuntimeEndpoint),
		newOperation(schemas.DeleteAgentRuntimeEndpoint, schemas.DeleteAgentRuntimeEndpointRequest, (*Server).deleteRuntimeEndpoint),

		newOperation(schemas.CreateGatewayRule, schemas.CreateGatewayRuleRequest, (*Server).createGatewayRule),
		newOperation(schemas.GetGatewayRule, schemas.GetGatewayRuleRequest, (*Server).getGatewayRule),
		newOperation(schemas.ListGatewayRules, schemas.ListGatewayRulesRequest, (*Server).listGatewayRules),
		newOperation(schemas.UpdateGatewayRule, schemas.UpdateGatewayRuleRequest, (*Server).updateGatewayRule),
		newOperation(schemas.DeleteGatewayRule, schemas.DeleteGatewayRuleRequest, (*Server).deleteGatewayRule),
		newOperation(schemas.CreatePolicyEngine, schemas.CreatePolicyEngineRequest, (*Server).createPolicyEngine),
		newOperation(schemas.GetPolicyEngine, schemas.GetPolicyEngineRequest, (*Server).getPolicyEngine),
		newOperation(schemas.ListPolicyEngines, schemas.ListPolicyEnginesRequest, (*Server).listPolicyEngines),
		newOperation(schemas.UpdatePolicyEngine, schemas.UpdatePolicyEngineRequest, (*Server).updatePolicyEngine),
		newOperation(schemas.DeletePolicyEngine, schemas.DeletePolicyEngineRequest, (*Server).deletePolicyEngine),
		newOperation(schemas.CreatePolicy, schemas.CreatePolicyRequest, (*Server).createPolicy),
		newOperation(schemas.GetPolicy, schemas.GetPolicyRequest, (*Server).getPolicy),
		newOperation(schemas.ListPolicies, schemas.ListPoliciesRequest, (*Server).listPolicies),
		newOperation(schemas.UpdatePolicy, schemas.UpdatePolicyRequest, (*Server).updatePolicy),
		newOperation(schemas.DeletePolicy, schemas.DeletePolicyRequest, (*Server).deletePolicy),

		newOperation(schemas.TagResource, schemas.TagResourceRequest, (*Server).tagResource),
		newOperation(schemas.UntagResource, schemas.UntagResourceRequest, (*Server).untagResource),
		newOperation(schemas.ListTagsForResource, schemas.ListTagsForResourceRequest, (*Server).listTags),

		newOperation(data.GetWorkloadAccessToken, data.GetWorkloadAccessTokenRequest, (*Server).getWorkloadAccessToken),
		newOperation(data.GetResourceApiKey, data.GetResourceApiKeyRequest, nil).asks((*Server).getResourceAPIKey),
		newOperation(data.GetResourceOauth2Token, data.GetResourceOauth2TokenRequest, nil).asks((*Server).getResourceOauth2Token),
		newOperation(data.CompleteResourceTokenAuth, data.CompleteResourceTokenAuthRequest, (*Server).completeResourceTokenAuth),
	}
	for _, schema := range unimplemented() {
		all = append(all, newOperation(schema, nil, nil))
	}
	return all
}

func newOperation(schema, input *smithy.Schema, handle func(*Server, *request) (json.RawMessage, error)) *operation {
	op := &operation{name: schema.ID().Name, input: input, handle: handle}
	if trait, ok := smithy.SchemaTrait[*traits.HTTP](schema); ok {
		path, _, _ := strings.Cut(trait.URI, "?")
		op.method, op.segments, op.status = trait.Method, segments(path), trait.Code
	}
	return op
}

func (op *operation) asks(ask func(*Server, context.Context, *request) (json.RawMessage, error)) *operation {
	op.ask = ask
	return op
}

// segments splits a path; a trailing slash makes no difference, because AWS
// and its SDKs do not agree on one.
func segments(path string) []string {
	return strings.Split(strings.Trim(path, "/"), "/")
}

// route finds the operation for an escaped path and the values of its labels.
// A literal segment beats a label. The operation is nil when there is none.
func route(all []*operation, method, escapedPath string) (*operation, map[string]string) {
	sent := segments(escapedPath)
	var candidates []*operation
	for _, op := range all {
		if op.method == method && matches(op.segments, sent) {
			candidates = append(candidates, op)
		}
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	op := slices.MinFunc(candidates, func(a, b *operation) int {
		return cmp.Compare(countLabels(a.segments), countLabels(b.segments))
	})
	labels := map[string]string{}
	for i, segment := range op.segments {
		if name, ok := label(segment); ok {
			value, err := url.PathUnescape(sent[i])
			if err != nil {
				return nil, nil
			}
			labels[name] = value
		}
	}
	return op, labels
}

func matches(template, sent []string) bool {
	return slices.EqualFunc(template, sent, func(want, got string) bool {
		if _, ok := label(want); ok {
			return got != ""
		}
		return want == got
	})
}

func countLabels(template []string) int {
	n := 0
	for _, segment := range template {
		if _, ok := label(segment); ok {
			n++
		}
	}
	return n
}

func label(segment string) (string, bool) {
	name, ok := strings.CutPrefix(segment, "{")
	return strings.TrimSuffix(name, "}"), ok
}

// queryName is the query parameter that a member travels in, "" for none.
func queryName(member *smithy.Schema) string {
	if trait, ok := smithy.SchemaTrait[*traits.HTTPQuery](member); ok {
		return trait.Name
	}
	return ""
}

// inBody tells whether a member travels in the body.
func inBody(member *smithy.Schema) bool {
	_, inPath := smithy.SchemaTrait[*traits.HTTPLabel](member)
	return !inPath && queryName(member) == ""
}

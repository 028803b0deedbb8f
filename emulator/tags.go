package emulator

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"

	"agentcore-gateway-mcp/aws"
)

// tags are a resource's, by their keys.
type tags map[string]string

// mostTags is how many a resource may have, by the model's TagsMap.
const mostTags = 50

// givenTags are those of a request.
func givenTags(r *request) tags {
	sent, _ := r.members["tags"].(map[string]any)
	given := make(tags, len(sent))
	for key, value := range sent {
		given[key], _ = value.(string) // a string, says the model
	}
	return given
}

func (s *Server) tagResource(r *request) (json.RawMessage, error) {
	has, err := s.tagged(r)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(*has)
	if all == nil {
		all = tags{}
	}
	maps.Copy(all, givenTags(r))
	if len(all) > mostTags {
		return nil, &apiError{code: serviceQuotaExceeded, message: fmt.Sprintf("A resource can have at most %d tags", mostTags)}
	}
	*has = all
	return json.RawMessage(`{}`), nil
}

func (s *Server) untagResource(r *request) (json.RawMessage, error) {
	has, err := s.tagged(r)
	if err != nil {
		return nil, err
	}
	keys, _ := r.members["tagKeys"].([]any)
	for _, key := range keys {
		if key, ok := key.(string); ok {
			delete(*has, key)
		}
	}
	return json.RawMessage(`{}`), nil
}

func (s *Server) listTags(r *request) (json.RawMessage, error) {
	has, err := s.tagged(r)
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListTagsForResourceOutput{Tags: map[string]string{}}
	maps.Copy(out.Tags, *has)
	return aws.EncodeJSON(out)
}

// tagged are the tags of the resource that a request names by its ARN. Targets have
// no ARN of their own.
func (s *Server) tagged(r *request) (*tags, error) {
	arn := r.str("resourceArn")
	for _, gw := range s.gateways {
		if *gw.record.GatewayArn == arn {
			return &gw.tags, nil
		}
	}
	for _, a := range s.runtimes {
		if *a.latest().AgentRuntimeArn == arn {
			return &a.tags, nil
		}
		for _, e := range a.endpoints {
			if *e.record.AgentRuntimeEndpointArn == arn {
				return &e.tags, nil
			}
		}
	}
	for _, e := range s.policyEngines {
		if *e.record.PolicyEngineArn == arn {
			return &e.tags, nil
		}
	}
	for _, p := range s.oauth2Providers {
		if *p.record.CredentialProviderArn == arn {
			return &p.tags, nil
		}
	}
	for _, p := range s.apiKeyProviders {
		if *p.record.CredentialProviderArn == arn {
			return &p.tags, nil
		}
	}
	for _, identity := range s.workloadIdentities {
		if *identity.record.WorkloadIdentityArn == arn {
			return &identity.tags, nil
		}
	}
	return nil, &apiError{code: resourceNotFound, message: fmt.Sprintf("Resource %s does not exist", arn)}
}

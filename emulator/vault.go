package emulator

import (
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

const tokenVault = "token-vault/default/"

// credential is the secret of a credential provider. It leaves the process only
// for the server that it is meant for, never in an answer about the provider.
type credential struct {
	arn     string // of the secret in Secrets Manager
	source  types.SecretSourceType
	value   string // MANAGED
	jsonKey string // EXTERNAL: where in the secret's JSON the value is
}

// sentCredential is how Create and Update requests give a secret.
type sentCredential struct {
	Value  string
	Source types.SecretSourceType
	Config *struct{ SecretId, JsonKey string }
}

// newCredential checks what a request gives. The provider's name and kind ("oauth2",
// "apikey") name the secret that AWS makes for a MANAGED one. The caller holds s.mu.
func (s *Server) newCredential(kind, provider string, sent sentCredential, previous credential) (credential, error) {
	if sent.Source != types.SecretSourceTypeExternal {
		if sent.Config != nil {
			return credential{}, refused("A secret reference is accepted only with the secret source EXTERNAL")
		}
		if sent.Value == "" {
			return credential{}, refused("A secret is required unless the secret source is EXTERNAL")
		}
		made := credential{source: types.SecretSourceTypeManaged, value: sent.Value, arn: previous.arn}
		if previous.source != types.SecretSourceTypeManaged {
			made.arn = s.secretARN("bedrock-agentcore-identity!default/" + kind + "/" + provider)
		}
		return made, nil
	}
	switch {
	case sent.Config == nil:
		return credential{}, refused("A secret reference is required with the secret source EXTERNAL")
	case sent.Value != "":
		return credential{}, refused("A secret must not be given with the secret source EXTERNAL")
	}
	stored := s.secret(sent.Config.SecretId)
	if stored == nil {
		return credential{}, &apiError{code: resourceNotFound, message: "Secrets Manager can't find the specified secret."}
	}
	return credential{source: types.SecretSourceTypeExternal, arn: stored.arn, jsonKey: sent.Config.JsonKey}, nil
}

// reveal is the secret itself, read anew each time when it is EXTERNAL.
func (s *Server) reveal(c credential) (string, error) {
	if c.source != types.SecretSourceTypeExternal {
		return c.value, nil
	}
	s.mu.Lock()
	stored := s.secret(c.arn)
	var value string
	if stored != nil {
		value = stored.value
	}
	s.mu.Unlock()
	if stored == nil {
		return "", &apiError{code: resourceNotFound, message: "Secrets Manager can't find the specified secret."}
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(value), &members); err != nil {
		return "", errors.New("the secret is not a JSON object")
	}
	text, ok := members[c.jsonKey].(string)
	if !ok || text == "" {
		return "", errors.New("the secret has no text under the JSON key of the reference")
	}
	return text, nil
}

// shown is what answers say of a credential.
func (c credential) shown() (*types.Secret, *string) {
	if c.arn == "" {
		return nil, nil
	}
	if c.source != types.SecretSourceTypeExternal {
		return &types.Secret{SecretArn: &c.arn}, nil
	}
	return &types.Secret{SecretArn: &c.arn}, &c.jsonKey
}

package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// secret is a secret of the local Secrets Manager.
type secret struct {
	arn, name, value, version string
	created                   time.Time
}

// PutSecret stores a secret in the local Secrets Manager, or a new version of
// it under the same ARN, which is returned. GetSecretValue answers it, and
// credential providers with a secret source EXTERNAL read it at each use.
func (s *Server) PutSecret(name, value string) (arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.secret(name)
	if stored == nil {
		stored = &secret{arn: s.secretARN(name), name: name}
		s.secrets = append(s.secrets, stored)
	}
	stored.value, stored.version, stored.created = value, requestID(), s.opts.Now()
	return stored.arn
}

func (s *Server) secretARN(name string) string {
	return fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-%s", s.opts.Region, s.opts.Account, name, s.random.text(6, mixedAlphanumeric))
}

// secret returns the secret with this name or ARN, nil when there is none. The
// caller holds s.mu.
func (s *Server) secret(id string) *secret {
	for _, stored := range s.secrets {
		if stored.name == id || stored.arn == id {
			return stored
		}
	}
	return nil
}

const secretsManagerTarget = "secretsmanager."

// serveSecretsManager answers Secrets Manager's GetSecretValue over awsJson1.1.
func (s *Server) serveSecretsManager(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), secretsManagerTarget)
	w.Header().Set("X-Amzn-RequestId", requestID())
	s.withFaults(w, r, operation, func(w http.ResponseWriter) {
		s.getSecretValue(w, r, operation)
	})
}

func (s *Server) getSecretValue(w http.ResponseWriter, r *http.Request, operation string) {
	if operation != "GetSecretValue" {
		writeJSON11Error(w, unknownOperation, "the local Secrets Manager has GetSecretValue only")
		return
	}
	var in struct{ SecretId, VersionId, VersionStage string }
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil || json.Unmarshal(body, &in) != nil {
		writeJSON11Error(w, "SerializationException", "the body is not JSON of this operation")
		return
	}
	s.mu.Lock()
	stored := s.secret(in.SecretId)
	var found secret
	if stored != nil {
		found = *stored
	}
	s.mu.Unlock()
	current := (in.VersionId == "" || in.VersionId == found.version) && (in.VersionStage == "" || in.VersionStage == "AWSCURRENT")
	if stored == nil || !current {
		writeJSON11Error(w, resourceNotFound, "Secrets Manager can't find the specified secret.")
		return
	}
	data, err := json.Marshal(map[string]any{
		"ARN": found.arn, "Name": found.name, "SecretString": found.value, "VersionId": found.version,
		"VersionStages": []string{"AWSCURRENT"}, "CreatedDate": float64(found.created.UnixMilli()) / 1000,
	})
	if err != nil { // not reached: strings and a number
		writeJSON11Error(w, "InternalServiceError", "internal error of the local AgentCore")
		return
	}
	writeJSON11(w, http.StatusOK, data)
}

func writeJSON11Error(w http.ResponseWriter, code, message string) {
	data, err := json.Marshal(map[string]string{"__type": code, "Message": message})
	if err != nil { // strings always marshal
		data = []byte("{}")
	}
	writeJSON11(w, http.StatusBadRequest, data)
}

func writeJSON11(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: nobody is left to tell
}

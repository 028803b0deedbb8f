package aws

import (
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// remedyForRefusal is what to do about an answer that refuses the caller, by AWS's
// code; "" where AWS's own words have to do.
func remedyForRefusal(operation, code string) string {
	switch code {
	case "ExpiredTokenException", "ExpiredToken":
		return "the credentials have expired: sign in again (aws sso login --profile …), or get new ones"
	case "UnrecognizedClientException", "InvalidClientTokenId":
		return "AWS does not know these credentials: check --profile, AWS_PROFILE and AWS_ACCESS_KEY_ID, and that the key is active"
	case "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired":
		return "the secret key is not the one of the access key, or this machine's clock is off by more than 5 minutes"
	case "AccessDeniedException", "AccessDenied":
		action := "bedrock-agentcore:" + operation
		if operation == "GetSecretValue" {
			action = "secretsmanager:" + operation
		}
		return "a policy of the caller has to allow " + action + " there"
	case "SubscriptionRequiredException", "OptInRequired":
		return "the account is not signed up for the service, or not in this region"
	}
	return ""
}

// remedyForMissing is what to do where there are no credentials, by why they could
// not be found.
func remedyForMissing(err error) string {
	var sso *ssocreds.InvalidTokenError
	var process *processcreds.ProviderError
	var api smithy.APIError
	switch {
	case errors.As(err, &sso):
		return "the profile's SSO session has ended, or was never begun: aws sso login --profile …"
	case errors.As(err, &process):
		return "the profile's credential_process failed: run it by hand to see why"
	case errors.As(err, &api):
		return fmt.Sprintf("AWS gave no credentials for the profile (%s): sign in again, or check that the role may be assumed", api.ErrorCode())
	}
	return "no usable AWS credentials: set AWS_PROFILE or --profile, sign in again, or give the process a role"
}

// remedyForSilence is what to do where nobody was reached; "" for the cause alone.
func remedyForSilence(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return "there is no such host: check --region, AgentCore is not in every one, and $AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"
	}
	return ""
}

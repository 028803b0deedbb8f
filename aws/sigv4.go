package aws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxSignedBody bounds what is held in memory to be signed. MCP requests are
// far smaller.
const maxSignedBody = 8 << 20

// Sign returns a RoundTripper that signs each request with the client's
// credentials (Signature Version 4) for a service such as "bedrock-agentcore"
// in a region ("" for the client's own), and sends it through next. Credentials
// are asked for anew with each request and refreshed by the SDK.
func (c *Client) Sign(service, region string, next http.RoundTripper) http.RoundTripper {
	o := c.control.Options()
	if region == "" {
		region = o.Region
	}
	return &signing{credentials: o.Credentials, signer: v4.NewSigner(), service: service, region: region, next: next}
}

type signing struct {
	credentials     aws.CredentialsProvider
	signer          *v4.Signer
	service, region string
	next            http.RoundTripper
}

func (s *signing) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(io.LimitReader(req.Body, maxSignedBody+1))
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		if len(body) > maxSignedBody {
			return nil, fmt.Errorf("a request of more than %d MiB cannot be signed", maxSignedBody>>20)
		}
	}
	if s.credentials == nil {
		return nil, fmt.Errorf("no usable AWS credentials to sign with: set AWS_PROFILE or --profile, sign in again, or give the process a role")
	}
	credentials, err := s.credentials.Retrieve(req.Context())
	if err != nil {
		return nil, fmt.Errorf("no usable AWS credentials to sign with: %s", cause(err))
	}
	signed := req.Clone(req.Context()) // a RoundTripper must not change its request
	if body != nil {
		signed.Body = io.NopCloser(bytes.NewReader(body))
		signed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		signed.ContentLength = int64(len(body))
	}
	hash := sha256.Sum256(body)
	if err := s.signer.SignHTTP(req.Context(), credentials, signed, hex.EncodeToString(hash[:]), s.service, s.region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	return s.next.RoundTrip(signed)
}

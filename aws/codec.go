package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// wireSchema is an operation with nothing but a body. The SDK's codec wants an
// operation to serialize for; every member of the control plane's responses
// travels in the body, so one operation serves them all.
var wireSchema = smithy.NewOperationSchema(
	smithy.NewSchema(smithy.ShapeID{Namespace: "local", Name: "Body"}, smithy.ShapeTypeOperation, 0,
		&traits.HTTP{Method: http.MethodPost, URI: "/", Code: http.StatusOK}),
	schemas.GetGatewayTargetResponse,
	schemas.GetGatewayTargetResponse,
)

// EncodeJSON returns v, any of the SDK's structures, as the JSON that AWS sends
// for it: member names, timestamps and unions as on the wire, absent members
// absent. It is the SDK's own restJson1 codec run as a server would run it.
func EncodeJSON(v smithy.Serializable) (json.RawMessage, error) {
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := restjson1.New(schemas.AmazonBedrockAgentCoreControl).SerializeRequest(context.Background(), wireSchema, v, req); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if req.GetStream() == nil { // a structure without members has no body
		return json.RawMessage("{}"), nil
	}
	body, err := io.ReadAll(req.GetStream())
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if !json.Valid(body) {
		body = fillGaps(body)
	}
	return body, nil
}

// fillGaps puts an empty object where the codec wrote a member without a value,
// as it does for a union within a union that the SDK does not know: {"mcp":}.
func fillGaps(body []byte) []byte {
	filled := make([]byte, 0, len(body)+2)
	quoted, colon := false, false
	for i, c := range body {
		if colon && !quoted && (c == '}' || c == ',') {
			filled = append(filled, "{}"...)
		}
		if c == '"' && (!quoted || !escaped(body[:i])) {
			quoted = !quoted
		}
		colon = c == ':' && !quoted
		filled = append(filled, c)
	}
	return filled
}

// escaped tells whether the byte after text, within a string, is escaped.
func escaped(text []byte) bool {
	backslashes := len(text) - len(bytes.TrimRight(text, `\`))
	return backslashes%2 == 1
}

// DecodeJSON fills v, any of the SDK's structures, from AWS's JSON. Members
// that the SDK does not know are dropped: a caller that must not lose them
// compares with EncodeJSON's answer. Because member names coincide, the body of
// a CreateGatewayTarget request decodes into a GetGatewayTargetOutput.
func DecodeJSON(data []byte, v smithy.Deserializable) error {
	resp := &smithyhttp.Response{Response: &http.Response{
		StatusCode:    http.StatusOK,
		ContentLength: int64(len(data)),
		Body:          io.NopCloser(bytes.NewReader(data)),
	}}
	if err := restjson1.New(schemas.AmazonBedrockAgentCoreControl).DeserializeResponse(context.Background(), wireSchema, &smithy.TypeRegistry{}, resp, v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}

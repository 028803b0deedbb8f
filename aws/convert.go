package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// fromAnswer takes any of the answers that describe a target. Create, Update,
// Get and Synchronize each have a Go type of their own with the same members.
func fromAnswer(answer smithy.Serializable) (Target, error) {
	body, err := EncodeJSON(answer)
	if err != nil {
		return Target{}, err
	}
	var out control.GetGatewayTargetOutput
	if err := DecodeJSON(body, &out); err != nil {
		return Target{}, err
	}
	return newTarget(&out), nil
}

func newTarget(out *control.GetGatewayTargetOutput) Target {
	t := Target{
		ID: aws.ToString(out.TargetId), Name: aws.ToString(out.Name), Description: aws.ToString(out.Description),
		Status: out.Status, Type: TypeOf(out.TargetConfiguration),
		CreatedAt: aws.ToTime(out.CreatedAt), UpdatedAt: aws.ToTime(out.UpdatedAt), LastSynchronizedAt: aws.ToTime(out.LastSynchronizedAt),
		AuthorizationURL: authorizationURL(out.AuthorizationData),
		GatewayARN:       aws.ToString(out.GatewayArn), StatusReasons: out.StatusReasons,
		Private: out.PrivateEndpoint != nil,
		raw:     out,
	}
	if len(out.CredentialProviderConfigurations) > 0 {
		t.Credentials = out.CredentialProviderConfigurations[0].CredentialProviderType
	}
	if server := mcpServer(out); server != nil {
		t.Endpoint, t.ListingMode, t.StaticSchema = aws.ToString(server.Endpoint), server.ListingMode, server.McpToolSchema != nil
		t.ResourcePriority = priority(server.ResourcePriority)
	}
	return t
}

func mcpServer(out *control.GetGatewayTargetOutput) *types.McpServerTargetConfiguration {
	if out == nil {
		return nil
	}
	if mcp, ok := out.TargetConfiguration.(*types.TargetConfigurationMemberMcp); ok {
		if server, ok := mcp.Value.(*types.McpTargetConfigurationMemberMcpServer); ok {
			return &server.Value
		}
	}
	return nil
}

// TypeOf is what ListGatewayTargets calls a target of the configuration, which
// GetGatewayTarget does not answer; "" for a configuration newer than the SDK.
func TypeOf(configuration types.TargetConfiguration) TargetType {
	var member any = configuration
	switch c := configuration.(type) {
	case *types.TargetConfigurationMemberMcp:
		member = c.Value
	case *types.TargetConfigurationMemberHttp:
		member = c.Value
	case *types.TargetConfigurationMemberInference:
		member = c.Value
	}
	switch member.(type) {
	case *types.McpTargetConfigurationMemberMcpServer:
		return types.TargetTypeMcpServer
	case *types.McpTargetConfigurationMemberLambda:
		return types.TargetTypeLambda
	case *types.McpTargetConfigurationMemberOpenApiSchema:
		return types.TargetTypeOpenApiSchema
	case *types.McpTargetConfigurationMemberSmithyModel:
		return types.TargetTypeSmithyModel
	case *types.McpTargetConfigurationMemberApiGateway:
		return types.TargetTypeApiGateway
	case *types.McpTargetConfigurationMemberConnector, *types.InferenceTargetConfigurationMemberConnector:
		return types.TargetTypeConnector
	case *types.HttpTargetConfigurationMemberAgentcoreRuntime:
		return types.TargetTypeAgentcoreRuntime
	case *types.HttpTargetConfigurationMemberPassthrough:
		return types.TargetTypePassthrough
	case *types.HttpTargetConfigurationMemberConnector:
		return types.TargetTypeHttpConnector
	case *types.InferenceTargetConfigurationMemberProvider:
		return types.TargetTypeProvider
	}
	return ""
}

func authorizationURL(data types.AuthorizationData) string {
	if oauth, ok := data.(*types.AuthorizationDataMemberOauth2); ok {
		return aws.ToString(oauth.Value.AuthorizationUrl)
	}
	return ""
}

// keepBody copies the answer's body as it came. The SDK drops members that it
// does not know while decoding; the copy shows which.
func keepBody(body *[]byte) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepBody",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, meta, err := next.HandleDeserialize(ctx, in)
				if err != nil {
					return out, meta, err
				}
				if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
					if *body, err = io.ReadAll(resp.Body); err != nil {
						return out, meta, err
					}
					resp.Body.Close()
					resp.Body = io.NopCloser(bytes.NewReader(*body))
				}
				return out, meta, nil
			}), middleware.After)
	}
}

// missing lists the paths of the members of whole that part lacks, sorted.
// Both are JSON objects; a null or an empty list counts as absent, as it does
// for AWS.
func missing(whole, part []byte) ([]string, error) {
	var w, p any
	if err := json.Unmarshal(whole, &w); err != nil {
		return nil, fmt.Errorf("AWS's answer is not JSON: %w", err)
	}
	if err := json.Unmarshal(part, &p); err != nil {
		return nil, err
	}
	var paths []string
	collectMissing("", w, p, &paths)
	slices.Sort(paths)
	return paths, nil
}

func collectMissing(path string, whole, part any, paths *[]string) {
	switch w := whole.(type) {
	case nil:
	case map[string]any:
		p, ok := part.(map[string]any)
		if !ok {
			*paths = append(*paths, path)
			return
		}
		for key, value := range w {
			at := key
			if path != "" {
				at = path + "." + key
			}
			member, ok := p[key]
			list, isList := value.([]any)
			switch {
			case ok:
				collectMissing(at, value, member, paths)
			case value == nil, isList && len(list) == 0:
			default:
				// A union with an unknown member is absent as a whole: name
				// the member.
				if union, ok := value.(map[string]any); ok && len(union) == 1 {
					for inner := range union {
						at += "." + inner
					}
				}
				*paths = append(*paths, at)
			}
		}
	case []any:
		p, ok := part.([]any)
		if !ok || len(p) != len(w) {
			*paths = append(*paths, path)
			return
		}
		for i := range w {
			collectMissing(fmt.Sprintf("%s[%d]", path, i), w[i], p[i], paths)
		}
	default:
		// Scalars may be written differently (a timestamp's form), but what
		// is there is known.
		if part == nil {
			*paths = append(*paths, path)
		}
	}
}

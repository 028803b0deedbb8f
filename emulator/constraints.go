package emulator

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// rule is what AWS's service model demands of a shape beyond its type. The
// SDK's schemas carry none of it.
type rule struct {
	required []string // of a structure
	min, max int      // length of a string, list or map, value of an integer; max 0: no limit
	pattern  *regexp.Regexp
	shown    string            // the pattern in AWS's words
	also     func(string) bool // accepts what pattern does not
	enum     []string
}

// constraints are the rules by shape name, or by "Structure$member" where a
// member differs from its shape. Shapes that AWS's published model lacks have
// what the SDK's documentation says.
func constraints() map[string]rule {
	rules := map[string]rule{}
	required(rules)
	lengths(rules)
	patterns(rules)
	enums(rules)
	identityConstraints(rules)
	runtimeConstraints(rules)
	ruleConstraints(rules)
	return rules
}

// require says which members the structures must have.
func require(rules map[string]rule, structures map[string][]string) {
	for name, members := range structures {
		r := rules[name]
		r.required = members
		rules[name] = r
	}
}

// limit sets least and greatest lengths or values.
func limit(rules map[string]rule, shapes map[string][2]int) {
	for name, limits := range shapes {
		r := rules[name]
		r.min, r.max = limits[0], limits[1]
		rules[name] = r
	}
}

// match sets the patterns that strings must match as a whole.
func match(rules map[string]rule, shapes map[string]string) {
	for name, pattern := range shapes {
		r := rules[name]
		r.pattern, r.shown = regexp.MustCompile(`\A(?:`+pattern+`)\z`), pattern
		rules[name] = r
	}
}

func required(rules map[string]rule) {
	require(rules, map[string][]string{
		"CreateGatewayRequest":                   {"name", "roleArn", "authorizerType"},
		"UpdateGatewayRequest":                   {"gatewayIdentifier", "name", "roleArn", "authorizerType"},
		"CreateGatewayTargetRequest":             {"gatewayIdentifier", "name", "targetConfiguration"},
		"UpdateGatewayTargetRequest":             {"gatewayIdentifier", "targetId", "name", "targetConfiguration"},
		"SynchronizeGatewayTargetsRequest":       {"gatewayIdentifier", "targetIdList"},
		"CustomJWTAuthorizerConfiguration":       {"discoveryUrl"},
		"CustomClaimValidationType":              {"inboundTokenClaimName", "inboundTokenClaimValueType", "authorizingClaimMatchValue"},
		"AuthorizingClaimMatchValueType":         {"claimMatchValue", "claimMatchOperator"},
		"ManagedVpcResource":                     {"vpcIdentifier", "subnetIds", "endpointIpAddressType"},
		"PrivateEndpointOverride":                {"domain", "privateEndpoint"},
		"CreatePolicyEngineRequest":              {"name"},
		"GetPolicyEngineRequest":                 {"policyEngineId"},
		"UpdatePolicyEngineRequest":              {"policyEngineId"},
		"DeletePolicyEngineRequest":              {"policyEngineId"},
		"CreatePolicyRequest":                    {"name", "definition", "policyEngineId"},
		"GetPolicyRequest":                       {"policyEngineId", "policyId"},
		"ListPoliciesRequest":                    {"policyEngineId"},
		"UpdatePolicyRequest":                    {"policyEngineId", "policyId"},
		"DeletePolicyRequest":                    {"policyEngineId", "policyId"},
		"CedarPolicy":                            {"statement"},
		"PolicyGenerationDetails":                {"policyGenerationId", "policyGenerationAssetId"},
		"TagResourceRequest":                     {"resourceArn", "tags"},
		"UntagResourceRequest":                   {"resourceArn", "tagKeys"},
		"ListTagsForResourceRequest":             {"resourceArn"},
		"GatewayInterceptorConfiguration":        {"interceptor", "interceptionPoints"},
		"LambdaInterceptorConfiguration":         {"arn"},
		"LambdaTransformConfiguration":           {"arn"},
		"InterceptorInputConfiguration":          {"passRequestHeaders"},
		"GatewayPolicyEngineConfiguration":       {"arn", "mode"},
		"McpLambdaTargetConfiguration":           {"lambdaArn", "toolSchema"},
		"ToolDefinition":                         {"name", "description", "inputSchema"},
		"SchemaDefinition":                       {"type"},
		"McpServerTargetConfiguration":           {"endpoint"},
		"ApiGatewayTargetConfiguration":          {"restApiId", "stage", "apiGatewayToolConfiguration"},
		"ApiGatewayToolConfiguration":            {"toolFilters"},
		"ApiGatewayToolOverride":                 {"name", "path", "method"},
		"ApiGatewayToolFilter":                   {"filterPath", "methods"},
		"RuntimeTargetConfiguration":             {"arn"},
		"HttpConnectorTargetConfiguration":       {"source"},
		"HttpConnectorSource":                    {"connectorId"},
		"PassthroughTargetConfiguration":         {"endpoint", "protocolType"},
		"StickinessConfiguration":                {"identifier"},
		"InferenceConnectorTargetConfiguration":  {"source"},
		"InferenceConnectorSource":               {"connectorId"},
		"InferenceProviderTargetConfiguration":   {"endpoint"},
		"ConnectorTargetConfiguration":           {"source"},
		"ConnectorSource":                        {"connectorId"},
		"CredentialProviderConfiguration":        {"credentialProviderType"},
		"OAuthCredentialProvider":                {"providerArn", "scopes"},
		"GatewayApiKeyCredentialProvider":        {"providerArn"},
		"IamCredentialProvider":                  {"service"},
		"S3CertificateConfiguration":             {"uri"},
		"SecretsManagerCertificateConfiguration": {"secretArn"},
	})
}

func lengths(rules map[string]rule) {
	limit(rules, map[string][2]int{
		"GatewayDescription": {1, 200},
		"TargetDescription":  {1, 200},
		"ClientToken":        {33, 256},
		"RoleArn":            {1, 2048},
		"McpInstructions":    {1, 2048},
		"SessionConfiguration$sessionTimeoutInSeconds": {900, 28800},
		"AllowedAudienceList":                          {1, 0},
		"AllowedClientsList":                           {1, 0},
		"AllowedScopesType":                            {1, 0},
		"AllowedScopeType":                             {1, 255},
		"CustomClaimValidationsType":                   {1, 0},
		"InboundTokenClaimNameType":                    {1, 255},
		"MatchValueString":                             {1, 255},
		"MatchValueStringList":                         {1, 0},
		"ResourceConfigurationIdentifier":              {20, 2048},
		"SecurityGroupIds":                             {0, 5},
		"TagsMap":                                      {0, 50},
		"TagKey":                                       {1, 128},
		"TagValue":                                     {0, 256},
		"TagKeyList":                                   {0, 200},
		"PolicyEngineName":                             {1, 48},
		"PolicyName":                                   {1, 48},
		"ResourceId":                                   {12, 59},
		"Statement":                                    {35, 10000},
		"BedrockAgentcoreResourceArn":                  {20, 1011},
		"TaggableResourcesArn":                         {20, 1011},
		"RoutingDomain":                                {3, 255},
		"PrivateEndpointOverrides":                     {0, 5},
		"PrivateEndpointOverrideDomain":                {1, 253},
		"KmsKeyArn":                                    {1, 2048},
		"GatewayInterceptorConfigurations":             {1, 2},
		"LambdaFunctionArn":                            {1, 170},
		"GatewayInterceptionPoints":                    {1, 2},
		"GatewayPolicyEngineArn":                       {1, 170},
		"S3BucketUri":                                  {0, 2048},
		"TargetResourcePriority":                       {0, 1000},
		"StickinessTimeout":                            {1, 86400},
		"CertificateConfigurationList":                 {1, 1},
		"CredentialProviderConfigurations":             {1, 1},
		"OAuthScopes":                                  {0, 100},
		"OAuthScope":                                   {1, 64},
		"OAuthCustomParameters":                        {1, 10},
		"OAuthCustomParametersKey":                     {1, 256},
		"OAuthCustomParametersValue":                   {1, 2048},
		"OAuthDefaultReturnUrl":                        {1, 2048},
		"ApiKeyCredentialParameterName":                {1, 64},
		"ApiKeyCredentialPrefix":                       {1, 64},
		"IamCredentialProvider$service":                {1, 64},
		"IamCredentialProvider$region":                 {1, 32},
		"AllowedRequestHeaders":                        {1, 10},
		"AllowedQueryParameters":                       {1, 10},
		"AllowedResponseHeaders":                       {1, 10},
		"HttpHeaderName":                               {1, 100},
		"HttpQueryParameterName":                       {1, 40},
		"TargetIdList":                                 {1, 1},
		"GatewayMaxResults":                            {1, 1000},
		"TargetMaxResults":                             {1, 1000},
		"GatewayNextToken":                             {1, 2048},
		"TargetNextToken":                              {1, 2048},
	})
}

func patterns(rules map[string]rule) {
	match(rules, map[string]string{
		"GatewayName":                           `([0-9a-zA-Z][-]?){1,100}`,
		"TargetName":                            `([0-9a-zA-Z][-]?){1,100}`,
		"GatewayIdentifier":                     `([0-9a-z][-]?){1,100}-[0-9a-z]{10}`,
		"TargetId":                              `[0-9a-zA-Z]{10}`,
		"ClientToken":                           `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,256}`,
		"RoleArn":                               `arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+`,
		"DiscoveryUrl":                          `.+/\.well-known/openid-configuration`,
		"AllowedScopeType":                      `[\x21\x23-\x5B\x5D-\x7E]+`,
		"InboundTokenClaimNameType":             `[A-Za-z0-9_.-:]+`,
		"MatchValueString":                      `[A-Za-z0-9_.-]+`,
		"ResourceConfigurationIdentifier":       `((rcfg-[0-9a-z]{17})|(arn:[a-z0-9\-]+:vpc-lattice:[a-zA-Z0-9\-]+:\d{12}:resourceconfiguration/rcfg-[0-9a-z]{17}))`,
		"VpcIdentifier":                         `vpc-(([0-9a-z]{8})|([0-9a-z]{17}))`,
		"SubnetId":                              `subnet-[0-9a-zA-Z]{8,17}`,
		"SecurityGroupIdentifier":               `sg-(([0-9a-z]{8})|([0-9a-z]{17}))`,
		"TagKey":                                `[a-zA-Z0-9\s._:/=+@-]*`,
		"TagValue":                              `[a-zA-Z0-9\s._:/=+@-]*`,
		"PolicyEngineName":                      `[A-Za-z][A-Za-z0-9_]*`,
		"PolicyName":                            `[A-Za-z][A-Za-z0-9_]*`,
		"ResourceId":                            `[A-Za-z][A-Za-z0-9_]*-[a-z0-9_]{10}`,
		"TaggableResourcesArn":                  `arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*`,
		"KmsKeyArn":                             `arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key/[a-zA-Z0-9-]{36}`,
		"LambdaFunctionArn":                     `arn:(aws[a-zA-Z-]*)?:lambda:([a-z]{2}(-gov)?-[a-z]+-\d{1}):(\d{12}):function:([a-zA-Z0-9-_.]+)(:(\$LATEST|[a-zA-Z0-9-]+))?`,
		"GatewayPolicyEngineArn":                `arn:aws:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:policy-engine\/[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9_]{10}`,
		"AwsAccountId":                          `[0-9]{12}`,
		"CertificateBucketOwnerAccountId":       `[0-9]{12}`,
		"RuntimeArn":                            `arn:aws(-[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}`,
		"RuntimeQualifier":                      `.*([1-9][0-9]{0,4})|([a-zA-Z][a-zA-Z0-9_]{0,47}).*`,
		"OAuthCredentialProviderArn":            `arn:([^:]*):([^:]*):([^:]*):([0-9]{12})?:(.+)`,
		"ApiKeyCredentialProviderArn":           `arn:([^:]*):([^:]*):([^:]*):([0-9]{12})?:(.+)`,
		"OAuthDefaultReturnUrl":                 `\w+:(\/?\/?)[^\s]+`,
		"IamCredentialProvider$service":         `[a-zA-Z0-9._-]+`,
		"IamCredentialProvider$region":          `[a-zA-Z0-9-]+`,
		"GatewayNextToken":                      `\S*`,
		"TargetNextToken":                       `\S*`,
		"McpServerTargetConfiguration$endpoint": `https://.*`,
		"PassthroughEndpoint":                   `https://.*`,
		"S3BucketUri":                           `s3://.+`,
		"CertificateS3Uri":                      `s3://.+`,
	})
	// Go's regexp stops at 1,000 repetitions; the length says the rest.
	amend(rules, "S3BucketUri", func(r *rule) { r.shown = `s3://.{1,2043}` })
	amend(rules, "McpServerTargetConfiguration$endpoint", func(r *rule) { r.also = plainLoopback })
	// The model's pattern has no digits, and so no ARN of an OAuth2 provider.
	amend(rules, "TaggableResourcesArn", func(r *rule) {
		r.also = func(arn string) bool { return strings.Contains(arn, ":token-vault/default/oauth2credentialprovider/") }
	})
	amend(rules, "PassthroughEndpoint", func(r *rule) { r.also = plainLoopback })
}

func amend(rules map[string]rule, name string, change func(*rule)) {
	r := rules[name]
	change(&r)
	rules[name] = r
}

// plainLoopback accepts http endpoints on this machine, which AWS does not.
func plainLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.IsLoopback()
}

func enums(rules map[string]rule) {
	rules["AuthorizerType"] = enum(types.AuthorizerType("").Values())
	rules["GatewayProtocolType"] = enum(types.GatewayProtocolType("").Values())
	rules["ExceptionLevel"] = enum(types.ExceptionLevel("").Values())
	rules["SearchType"] = enum(types.SearchType("").Values())
	rules["InboundTokenClaimValueType"] = enum(types.InboundTokenClaimValueType("").Values())
	rules["ClaimMatchOperatorType"] = enum(types.ClaimMatchOperatorType("").Values())
	rules["EndpointIpAddressType"] = enum(types.EndpointIpAddressType("").Values())
	rules["GatewayInterceptionPoint"] = enum(types.GatewayInterceptionPoint("").Values())
	rules["InterceptorPayloadExclusion"] = enum(types.InterceptorPayloadExclusion("").Values())
	rules["GatewayPolicyEngineMode"] = enum(types.GatewayPolicyEngineMode("").Values())
	rules["PolicyValidationMode"] = enum(types.PolicyValidationMode("").Values())
	rules["WafFailureMode"] = enum(types.WafFailureMode("").Values())
	rules["ListingMode"] = enum(types.ListingMode("").Values())
	rules["SchemaType"] = enum(types.SchemaType("").Values())
	rules["RestApiMethod"] = enum(types.RestApiMethod("").Values())
	rules["PassthroughProtocolType"] = enum(types.PassthroughProtocolType("").Values())
	rules["StaticQueryParameterConflictResolution"] = enum(types.StaticQueryParameterConflictResolution("").Values())
	rules["CredentialProviderType"] = enum(types.CredentialProviderType("").Values())
	rules["ApiKeyCredentialLocation"] = enum(types.ApiKeyCredentialLocation("").Values())
	rules["OAuthGrantType"] = enum(types.OAuthGrantType("").Values())
}

func enum[T ~string](values []T) rule {
	allowed := make([]string, len(values))
	for i, value := range values {
		allowed[i] = string(value)
	}
	return rule{enum: allowed}
}

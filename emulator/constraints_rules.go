package emulator

import "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

// ruleConstraints are those of gateway rules.
func ruleConstraints(rules map[string]rule) {
	require(rules, map[string][]string{
		"CreateGatewayRuleRequest":     {"gatewayIdentifier", "priority", "actions"},
		"GetGatewayRuleRequest":        {"gatewayIdentifier", "ruleId"},
		"ListGatewayRulesRequest":      {"gatewayIdentifier"},
		"UpdateGatewayRuleRequest":     {"gatewayIdentifier", "ruleId"},
		"DeleteGatewayRuleRequest":     {"gatewayIdentifier", "ruleId"},
		"MatchPrincipals":              {"anyOf"},
		"MatchPaths":                   {"anyOf"},
		"IamPrincipal":                 {"arn"},
		"StaticOverride":               {"bundleArn", "bundleVersion"},
		"WeightedOverride":             {"trafficSplit"},
		"TrafficSplitEntry":            {"name", "weight", "configurationBundle"},
		"ConfigurationBundleReference": {"bundleArn", "bundleVersion"},
		"StaticRoute":                  {"targetName"},
		"WeightedRoute":                {"trafficSplit"},
		"TargetTrafficSplitEntry":      {"name", "weight", "targetName"},
	})
	limit(rules, map[string][2]int{
		"GatewayRulePriority":                 {1, 1_000_000},
		"Conditions":                          {1, 2},
		"Actions":                             {1, 2},
		"GatewayRuleDescription":              {1, 256},
		"GatewayRuleId":                       {36, 36},
		"GatewayRuleMaxResults":               {1, 100},
		"GatewayRuleNextToken":                {1, 2048},
		"MatchPrincipalsAnyOfList":            {1, 100},
		"IamPrincipalArn":                     {0, 2048},
		"MatchPathsAnyOfList":                 {1, 10},
		"MatchPathPattern":                    {0, 512},
		"TrafficSplitEntries":                 {2, 2},
		"TrafficSplitEntry$name":              {1, 64},
		"TrafficSplitEntry$weight":            {1, 99},
		"TrafficSplitEntry$description":       {1, 200},
		"TargetTrafficSplitEntries":           {2, 2},
		"TargetTrafficSplitEntry$name":        {1, 64},
		"TargetTrafficSplitEntry$weight":      {1, 99},
		"TargetTrafficSplitEntry$description": {1, 200},
		"TrafficSplitMetadataMap":             {0, 25},
		"TrafficSplitMetadataMap$key":         {1, 128},
		"TrafficSplitMetadataMap$value":       {1, 256},
	})
	const (
		splitName = `[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}[a-zA-Z0-9])?`
		uuid      = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	)
	match(rules, map[string]string{
		"GatewayRuleId":                              uuid,
		"GatewayRuleNextToken":                       `\S*`,
		"IamPrincipalArn":                            `(arn:aws[a-zA-Z-]*:iam::(\d{12}|\*):(user|role)/[\w+=,.@*?/-]+|arn:aws[a-zA-Z-]*:sts::(\d{12}|\*):assumed-role/[\w+=,.@*?/-]+)`,
		"MatchPathPattern":                           `/[\w\-.]+/\*`,
		"GatewayConfigurationBundleArn":              `arn:aws[a-zA-Z-]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:configuration-bundle/[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9]{10}`,
		"StaticOverride$bundleVersion":               uuid,
		"ConfigurationBundleReference$bundleVersion": uuid,
		"TrafficSplitEntry$name":                     splitName,
		"TargetTrafficSplitEntry$name":               splitName,
	})
	rules["PrincipalMatchOperator"] = enum(types.PrincipalMatchOperator("").Values())
}

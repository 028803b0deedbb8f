package emulator

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"
)

// runtimeConstraints are the rules of agent runtimes and their endpoints.
func runtimeConstraints(rules map[string]rule) {
	require(rules, map[string][]string{
		"CreateAgentRuntimeRequest":         {"agentRuntimeName", "agentRuntimeArtifact", "roleArn"},
		"UpdateAgentRuntimeRequest":         {"agentRuntimeId", "agentRuntimeArtifact", "roleArn"},
		"CreateAgentRuntimeEndpointRequest": {"agentRuntimeId", "name"},
		"ContainerConfiguration":            {"containerUri"},
		"CodeConfiguration":                 {"code", "runtime", "entryPoint"},
		"S3Location":                        {"bucket", "prefix"},
		"NetworkConfiguration":              {"networkMode"},
		"VpcConfig":                         {"securityGroups", "subnets"},
		"ProtocolConfiguration":             {"serverProtocol"},
		"RuntimeMetadataConfiguration":      {"requireMMDSV2"},
		"SessionStorageConfiguration":       {"mountPath"},
		"S3FilesAccessPointConfiguration":   {"accessPointArn", "mountPath"},
		"EfsAccessPointConfiguration":       {"accessPointArn", "mountPath"},
		"PortRange":                         {"from", "to"},
	})
	limit(rules, map[string][2]int{
		"Description":                  {1, 4096},
		"AgentRuntimeVersion":          {1, 5},
		"AgentEndpointDescription":     {1, 256},
		"RuntimeContainerUri":          {1, 1024},
		"S3Location$prefix":            {1, 1024},
		"S3Location$versionId":         {3, 1024},
		"CodeConfiguration$entryPoint": {1, 2},
		"entryPoint":                   {1, 128},
		"SecurityGroups":               {1, 16},
		"Subnets":                      {1, 16},
		"RequestHeaderAllowlist":       {1, 20},
		"HeaderName":                   {1, 256},
		"LifecycleConfiguration$idleRuntimeSessionTimeout": {60, 28800},
		"LifecycleConfiguration$maxLifetime":               {60, 28800},
		"EnvironmentVariablesMap":                          {0, 50},
		"EnvironmentVariableKey":                           {1, 100},
		"EnvironmentVariableValue":                         {0, 5000},
		"FilesystemConfigurations":                         {0, 5},
		"MountPath":                                        {6, 200},
		"S3FilesAccessPointArn":                            {0, 256},
		"EfsAccessPointArn":                                {0, 128},
		"ServerPort":                                       {8000, 12000},
		"NextToken":                                        {1, 2048},
	})
	match(rules, map[string]string{
		"AgentRuntimeName":      `[a-zA-Z][a-zA-Z0-9_]{0,47}`,
		"AgentRuntimeId":        `[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}`,
		"AgentRuntimeVersion":   `([1-9][0-9]{0,4})`,
		"EndpointName":          `[a-zA-Z][a-zA-Z0-9_]{0,47}`,
		"RuntimeContainerUri":   `(([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?|public\.ecr\.aws)/((?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)(?::([^:@]{1,300}))?(?:@(.+))?`,
		"S3Location$bucket":     `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`,
		"SecurityGroupId":       `sg-[0-9a-zA-Z]{8,17}`,
		"HeaderName":            `[A-Za-z][A-Za-z0-9_-]{0,255}`,
		"MountPath":             `/mnt/[a-zA-Z0-9._-]+/?`,
		"S3FilesAccessPointArn": `arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}`,
		"EfsAccessPointArn":     `arn:aws[-a-z]*:elasticfilesystem:[0-9a-z-:]+:access-point/fsap-[0-9a-f]{8,40}`,
		"ServerPath":            `/.*`,
		"NextToken":             `\S*`,
	})
	amend(rules, "RuntimeContainerUri", func(r *rule) {
		r.also = func(uri string) bool { return strings.HasPrefix(uri, localContainer) }
	})
	rules["AgentManagedRuntimeType"] = enum(types.AgentManagedRuntimeType("").Values())
	rules["NetworkMode"] = enum(types.NetworkMode("").Values())
	rules["ServerProtocol"] = enum(types.ServerProtocol("").Values())
}

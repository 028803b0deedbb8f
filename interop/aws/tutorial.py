"""Plays the AgentCore tutorial with boto3 on a local AgentCore, from its first cell to
the clean-up. SUFFIX is added to the names, for one that has the tutorial's already.

The AWS_… variables lead to it. DISCOVERY_URL and TOKEN_URL are those of its issuer,
CLIENT and SECRET a client with the scopes gateway/invoke and runtime/invoke. V1, V2
and V3 are host, port and path of MCP servers with two, three and four tools.
"""

import base64
import json
import os
import time
import urllib.parse
import urllib.request

import boto3

ROLE = "arn:aws:iam::123456789012:role/agentcore-gateway-role"
REGION = os.environ["AWS_REGION"]
SUFFIX = os.environ.get("SUFFIX", "")
control = boto3.client("bedrock-agentcore-control")


def until(get, status, what):
    deadline = time.monotonic() + 30
    while True:
        answer = get()
        if answer["status"] == status:
            return answer
        if time.monotonic() > deadline or "UNSUCCESSFUL" in answer["status"] or "FAILED" in answer["status"]:
            raise SystemExit(f"{what} is {answer['status']}: {answer.get('statusReasons')}")
        time.sleep(0.05)


def authorizer(scope):
    return {"customJWTAuthorizer": {"discoveryUrl": os.environ["DISCOVERY_URL"], "allowedClients": [os.environ["CLIENT"]], "allowedScopes": [scope]}}


def runtime(name, process):
    made = control.create_agent_runtime(
        agentRuntimeName=name, roleArn=ROLE,
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": "local://" + process}},
        networkConfiguration={"networkMode": "PUBLIC"}, protocolConfiguration={"serverProtocol": "MCP"},
        authorizerConfiguration=authorizer("runtime/invoke"),
    )
    until(lambda: control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"]), "READY", name)
    return made["agentRuntimeId"], made["agentRuntimeArn"]


def agent_url(arn):
    """The tutorial's own form of it."""
    encoded = arn.replace(":", "%3A").replace("/", "%2F")
    return f"https://bedrock-agentcore.{REGION}.amazonaws.com/runtimes/{encoded}/invocations?qualifier=DEFAULT"


def token(scope):
    sign_in = base64.b64encode(f"{os.environ['CLIENT']}:{os.environ['SECRET']}".encode()).decode()
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope}).encode()
    request = urllib.request.Request(os.environ["TOKEN_URL"], body, {"Authorization": "Basic " + sign_in})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def served(url):
    request = urllib.request.Request(
        url, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25",
         "Authorization": "Bearer " + token("gateway/invoke")},
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    if text.startswith("event:") or text.startswith("data:"):
        text = next(line[5:] for line in text.splitlines() if line.startswith("data:"))
    return sorted(tool["name"].removeprefix("mcp-server-target___") for tool in json.loads(text)["result"]["tools"])


def expect(got, *want):
    if got != sorted(want):
        raise SystemExit(f"the gateway serves {got}, want {sorted(want)}")


first, first_arn = runtime("orders" + SUFFIX, os.environ["V1"])
provider = control.create_oauth2_credential_provider(
    name="ac-gateway-mcp-server-identity" + SUFFIX, credentialProviderVendor="CustomOauth2",
    oauth2ProviderConfigInput={"customOauth2ProviderConfig": {
        "oauthDiscovery": {"discoveryUrl": os.environ["DISCOVERY_URL"]}, "clientId": os.environ["CLIENT"], "clientSecret": os.environ["SECRET"]}},
)
gateway = control.create_gateway(
    name="ac-gateway-mcp-server" + SUFFIX, roleArn=ROLE, protocolType="MCP", authorizerType="CUSTOM_JWT",
    authorizerConfiguration=authorizer("gateway/invoke"), description="AgentCore Gateway with MCP Server Target",
    protocolConfiguration={"mcp": {"supportedVersions": ["2025-11-25"]}},
)
gateway_id, gateway_url = gateway["gatewayId"], gateway["gatewayUrl"]
until(lambda: control.get_gateway(gatewayIdentifier=gateway_id), "READY", "the gateway")


def configuration(arn):
    return {
        "name": "mcp-server-target",
        "targetConfiguration": {"mcp": {"mcpServer": {"endpoint": agent_url(arn)}}},
        "credentialProviderConfigurations": [{"credentialProviderType": "OAUTH", "credentialProvider": {"oauthCredentialProvider": {
            "providerArn": provider["credentialProviderArn"], "scopes": ["runtime/invoke"]}}}],
    }


target = control.create_gateway_target(gatewayIdentifier=gateway_id, **configuration(first_arn))["targetId"]


def ready(what):
    until(lambda: control.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target), "READY", what)


ready("the target")
expect(served(gateway_url), "getOrder", "updateOrder")

# cancelOrder: a new version behind the same URL, which the gateway does not see by itself.
control.update_agent_runtime(
    agentRuntimeId=first, roleArn=ROLE, agentRuntimeArtifact={"containerConfiguration": {"containerUri": "local://" + os.environ["V2"]}},
    networkConfiguration={"networkMode": "PUBLIC"}, protocolConfiguration={"serverProtocol": "MCP"}, authorizerConfiguration=authorizer("runtime/invoke"),
)
until(lambda: control.get_agent_runtime(agentRuntimeId=first), "READY", "the new version")
expect(served(gateway_url), "getOrder", "updateOrder")
control.synchronize_gateway_targets(gatewayIdentifier=gateway_id, targetIdList=[target])
ready("the synchronization")
expect(served(gateway_url), "getOrder", "updateOrder", "cancelOrder")

# deleteOrder: a runtime of its own, to which the target is pointed.
second, second_arn = runtime("orders_v2" + SUFFIX, os.environ["V3"])
control.update_gateway_target(gatewayIdentifier=gateway_id, targetId=target, **configuration(second_arn))
ready("the update")
expect(served(gateway_url), "getOrder", "updateOrder", "cancelOrder", "deleteOrder")

control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target)
while control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]:
    time.sleep(0.05)
control.delete_gateway(gatewayIdentifier=gateway_id)
control.delete_oauth2_credential_provider(name="ac-gateway-mcp-server-identity" + SUFFIX)
for runtime_id in (first, second):
    control.delete_agent_runtime(agentRuntimeId=runtime_id)
def left():
    yield from (g["gatewayId"] for g in control.list_gateways()["items"] if g["gatewayId"] == gateway_id)
    yield from (r["agentRuntimeId"] for r in control.list_agent_runtimes()["agentRuntimes"] if r["agentRuntimeId"] in (first, second))
    yield from (p["name"] for p in control.list_oauth2_credential_providers()["credentialProviders"] if p["name"] == "ac-gateway-mcp-server-identity" + SUFFIX)


while list(left()):
    time.sleep(0.05)
print("the tutorial is played and cleaned up")

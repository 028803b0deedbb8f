"""Drives a local AgentCore with boto3, as a user's script would.

AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL leads to it. ORDERS_URL is the base
of an MCP server whose tools PUT /tools/{n} changes; NEW_ORDERS_URL that of one
with four tools.
"""

import json
import os
import time
import unittest
import urllib.request
import uuid

import boto3
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/agentcore-gateway-role"
CREDENTIALS = [{
    "credentialProviderType": "OAUTH",
    "credentialProvider": {"oauthCredentialProvider": {
        "providerArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/oauth2credentialprovider/orders",
        "scopes": ["orders/invoke"],
        "grantType": "CLIENT_CREDENTIALS",
    }},
}]
METADATA = {"allowedRequestHeaders": ["X-Correlation-Id"]}

control = boto3.client("bedrock-agentcore-control")


def mcp_server(base):
    return {"mcp": {"mcpServer": {"endpoint": base + "/mcp", "resourcePriority": 10}}}


ORDERS = mcp_server(os.environ["ORDERS_URL"])
NEW_ORDERS = mcp_server(os.environ["NEW_ORDERS_URL"])


def set_tools(n):
    urllib.request.urlopen(urllib.request.Request(f"{os.environ['ORDERS_URL']}/tools/{n}", method="PUT")).close()


def until(get, done, what):
    deadline = time.monotonic() + 20
    while True:
        answer = get()
        if done(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come: {answer}")
        time.sleep(0.05)


def served(gateway):
    """The names of the tools that the gateway's own MCP endpoint lists."""
    url = control.get_gateway(gatewayIdentifier=gateway)["gatewayUrl"]
    request = urllib.request.Request(
        url,
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"},
    )
    with urllib.request.urlopen(request) as response:
        text = response.read().decode()
    if text.startswith("{"):
        answer = json.loads(text)
    else:
        answer = next(json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {"))
    return sorted(tool["name"] for tool in answer["result"]["tools"])


class AgentCore(unittest.TestCase):
    """What the tests share."""

    maxDiff = None

    def refused(self, operation, code, status, *says, **arguments):
        with self.assertRaises(ClientError) as caught:
            operation(**arguments)
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status), answer)
        self.assertIsInstance(caught.exception, getattr(control.exceptions, code))
        self.assertTrue(answer["ResponseMetadata"]["RequestId"])
        for text in says:
            self.assertIn(text, answer["Error"]["Message"])
        return answer

    def gateway(self):
        created = control.create_gateway(name="g-" + uuid.uuid4().hex[:12], roleArn=ROLE, protocolType="MCP", authorizerType="NONE")
        return until(lambda: control.get_gateway(gatewayIdentifier=created["gatewayId"]), lambda g: g["status"] == "READY", "READY")["gatewayId"]

    def settled(self, gateway, target):
        return until(
            lambda: control.get_gateway_target(gatewayIdentifier=gateway, targetId=target),
            lambda t: not t["status"].endswith("ING"), "a final status")

    def ready(self, gateway, target):
        answer = self.settled(gateway, target)
        self.assertEqual(answer["status"], "READY", answer)
        return answer

    def target(self, gateway, configuration, name="orders"):
        created = control.create_gateway_target(
            gatewayIdentifier=gateway, name=name, description="orders MCP server", targetConfiguration=configuration,
            credentialProviderConfigurations=CREDENTIALS, metadataConfiguration=METADATA)
        self.assertEqual(created["status"], "CREATING")
        self.ready(gateway, created["targetId"])
        return created["targetId"]

    def gone(self, get, **arguments):
        def status():
            try:
                return get(**arguments)["status"]
            except control.exceptions.ResourceNotFoundException:
                return None
        until(status, lambda s: s is None, "the end")

    def assert_kept(self, target, **changed):
        want = {
            "name": "orders", "description": "orders MCP server", "targetConfiguration": ORDERS,
            "credentialProviderConfigurations": CREDENTIALS, "metadataConfiguration": METADATA,
        } | changed
        self.assertEqual({key: target.get(key) for key in want}, want)


class Lifecycle(AgentCore):
    def test_gateway(self):
        token = str(uuid.uuid4())
        name = "g-" + uuid.uuid4().hex[:12]
        arguments = dict(name=name, description="first", roleArn=ROLE, protocolType="MCP", authorizerType="NONE", clientToken=token)
        created = control.create_gateway(**arguments)
        gateway = created["gatewayId"]
        self.assertEqual(created["status"], "CREATING")
        self.assertRegex(gateway, f"^{name}-[0-9a-z]{{10}}$")
        self.assertEqual(control.create_gateway(**arguments)["gatewayId"], gateway, "a token makes one gateway")
        got = until(lambda: control.get_gateway(gatewayIdentifier=gateway), lambda g: g["status"] == "READY", "READY")
        self.assertEqual(got["gatewayArn"], f"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/{gateway}")
        self.assertIsNotNone(got["createdAt"].tzinfo)

        other = self.gateway()
        pages = list(control.get_paginator("list_gateways").paginate(PaginationConfig={"PageSize": 1}))
        self.assertGreaterEqual(len(pages), 2)
        self.assertLessEqual({gateway, other}, {item["gatewayId"] for page in pages for item in page["items"]})

        control.update_gateway(gatewayIdentifier=gateway, name=name, roleArn=ROLE, protocolType="MCP", authorizerType="NONE")
        got = until(lambda: control.get_gateway(gatewayIdentifier=gateway), lambda g: g["status"] == "READY", "READY")
        self.assertNotIn("description", got, "an update replaces")

        self.refused(control.create_gateway, "ConflictException", 409, name=name, roleArn=ROLE, protocolType="MCP", authorizerType="NONE")
        for each in (gateway, other):
            self.assertEqual(control.delete_gateway(gatewayIdentifier=each)["status"], "DELETING")
            self.gone(control.get_gateway, gatewayIdentifier=each)

    def test_target(self):
        gateway = self.gateway()
        target = self.target(gateway, ORDERS)
        created = self.ready(gateway, target)
        self.assert_kept(created)
        second = self.target(gateway, NEW_ORDERS, name="second")
        pages = list(control.get_paginator("list_gateway_targets").paginate(gatewayIdentifier=gateway, PaginationConfig={"PageSize": 1}))
        items = [item for page in pages for item in page["items"]]
        self.assertEqual({item["targetId"]: (item["name"], item["status"]) for item in items}, {target: ("orders", "READY"), second: ("second", "READY")})
        control.delete_gateway_target(gatewayIdentifier=gateway, targetId=second)
        self.gone(control.get_gateway_target, gatewayIdentifier=gateway, targetId=second)

        two = ["orders___getOrder", "orders___updateOrder"]
        three = ["orders___cancelOrder", *two]
        self.assertEqual(served(gateway), two)
        set_tools(3)
        self.assertEqual(served(gateway), two, "the catalogue is a copy")
        answer = control.synchronize_gateway_targets(gatewayIdentifier=gateway, targetIdList=[target])
        self.assertEqual([(t["targetId"], t["status"]) for t in answer["targets"]], [(target, "SYNCHRONIZING")])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 202)
        synchronized = self.ready(gateway, target)
        self.assertGreater(synchronized["lastSynchronizedAt"], created["lastSynchronizedAt"])
        self.assert_kept(synchronized)
        self.assertEqual(served(gateway), three)

        updated = control.update_gateway_target(
            gatewayIdentifier=gateway, targetId=target, name="orders", description="orders MCP server", targetConfiguration=NEW_ORDERS,
            credentialProviderConfigurations=CREDENTIALS, metadataConfiguration=METADATA)
        self.assertEqual(updated["status"], "UPDATING")
        self.assert_kept(self.ready(gateway, target), targetConfiguration=NEW_ORDERS)
        self.assertEqual(served(gateway), sorted([*three, "orders___deleteOrder"]), "an update synchronizes")

        self.refused(control.delete_gateway, "ConflictException", 409, gatewayIdentifier=gateway)
        self.assertEqual(control.delete_gateway_target(gatewayIdentifier=gateway, targetId=target)["status"], "DELETING")
        self.gone(control.get_gateway_target, gatewayIdentifier=gateway, targetId=target)
        self.assertEqual(served(gateway), [])
        control.delete_gateway(gatewayIdentifier=gateway)
        self.gone(control.get_gateway, gatewayIdentifier=gateway)


class Refusals(AgentCore):
    @classmethod
    def setUpClass(cls):
        self = cls()
        cls.gateway_id = self.gateway()
        cls.first = self.target(cls.gateway_id, NEW_ORDERS, name="first")
        cls.second = self.target(cls.gateway_id, NEW_ORDERS, name="second")

    def test_two_ids_in_a_sync(self):
        self.refused(control.synchronize_gateway_targets, "ValidationException", 400, "targetIdList", "length less than or equal to 1",
                     gatewayIdentifier=self.gateway_id, targetIdList=[self.first, self.second])
        for target in (self.first, self.second):
            self.assertEqual(control.get_gateway_target(gatewayIdentifier=self.gateway_id, targetId=target)["status"], "READY")

    def test_unknown_target(self):
        for operation, arguments in (
            (control.synchronize_gateway_targets, {"targetIdList": ["0123456789"]}),
            (control.get_gateway_target, {"targetId": "0123456789"}),
            (control.delete_gateway_target, {"targetId": "0123456789"}),
            (control.update_gateway_target, {"targetId": "0123456789", "name": "orders", "targetConfiguration": NEW_ORDERS}),
        ):
            self.refused(operation, "ResourceNotFoundException", 404, "doesn't exist", gatewayIdentifier=self.gateway_id, **arguments)

    def test_unknown_gateway(self):
        self.refused(control.list_gateway_targets, "ResourceNotFoundException", 404, gatewayIdentifier="nowhere-0123456789")

    def test_bad_names(self):
        for name in ("under_score", "-dash", "two--dashes"):
            self.refused(control.create_gateway, "ValidationException", 400, "name", name=name, roleArn=ROLE, protocolType="MCP", authorizerType="NONE")
            answer = self.refused(control.create_gateway_target, "ValidationException", 400, "name",
                                  gatewayIdentifier=self.gateway_id, name=name, targetConfiguration=NEW_ORDERS)
            self.assertEqual(answer["reason"], "FieldValidationFailed")
            self.assertEqual([field["name"] for field in answer["fieldList"]], ["name"])

    def test_taken_name(self):
        self.refused(control.create_gateway_target, "ConflictException", 409, gatewayIdentifier=self.gateway_id, name="first", targetConfiguration=NEW_ORDERS)

    def test_plain_http_to_elsewhere(self):
        self.refused(control.create_gateway_target, "ValidationException", 400, "endpoint",
                     gatewayIdentifier=self.gateway_id, name="elsewhere", targetConfiguration=mcp_server("http://orders.example.com"))

    def test_update_without_credentials_loses_them(self):
        target = self.target(self.gateway_id, NEW_ORDERS, name="loser")
        control.update_gateway_target(gatewayIdentifier=self.gateway_id, targetId=target, name="loser", targetConfiguration=NEW_ORDERS)
        updated = self.ready(self.gateway_id, target)
        for lost in ("credentialProviderConfigurations", "metadataConfiguration", "description"):
            self.assertFalse(updated.get(lost), f"{lost} is kept: {updated}")

    def test_busy(self):
        target = self.target(self.gateway_id, NEW_ORDERS, name="busy")
        control.synchronize_gateway_targets(gatewayIdentifier=self.gateway_id, targetIdList=[target])
        self.refused(control.synchronize_gateway_targets, "ConflictException", 409, "SYNCHRONIZING",
                     gatewayIdentifier=self.gateway_id, targetIdList=[target])
        self.ready(self.gateway_id, target)

    def test_unreachable(self):
        created = control.create_gateway_target(gatewayIdentifier=self.gateway_id, name="unreachable", targetConfiguration=mcp_server("http://127.0.0.1:1"))
        target = self.settled(self.gateway_id, created["targetId"])
        self.assertEqual(target["status"], "FAILED", target)
        self.assertTrue(target["statusReasons"])


if __name__ == "__main__":
    unittest.main()

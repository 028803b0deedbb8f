"""An agent with one connection, its AgentCore gateway, that puts its own tools in order.

    python agent.py [--order ID] [--own TARGET]
"""

import argparse
import base64
import json
import os
import urllib.parse
import urllib.request

from strands import Agent
from strands.hooks import AfterToolCallEvent
from strands.models import BedrockModel
from strands.tools.mcp import MCPClient

SYSTEM_PROMPT = """\
All your tools come through one AgentCore gateway, as TARGET___TOOL. Those of the
target {own} keep that gateway in order. When you are asked for something that you
have no tool for, look with check_drift whether a server behind the gateway has one
that the gateway does not serve yet. If so, synchronize that target and go on with
the tools that you have then. Say in two sentences what you did."""


def token() -> str:
    """Fetches an access token by client credentials from MCP_TOKEN_URL."""
    form = {"grant_type": "client_credentials", "scope": os.environ["MCP_SCOPES"]}
    quoted = (urllib.parse.quote(os.environ[name], safe="") for name in ("MCP_CLIENT_ID", "MCP_CLIENT_SECRET"))
    basic = base64.b64encode(":".join(quoted).encode()).decode()
    request = urllib.request.Request(
        os.environ["MCP_TOKEN_URL"],
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["access_token"]


def all_tools(gateway: MCPClient) -> list:
    """Lists the tools of every target: a gateway has a page for each."""
    tools, page_token = [], None
    while True:
        page = gateway.list_tools_sync(pagination_token=page_token)
        tools.extend(page)
        page_token = page.pagination_token
        if page_token is None:
            return tools


def list_again(agent: Agent, gateway: MCPClient) -> None:
    """Gives the agent the tools that the gateway serves now.

    A gateway does not tell its clients that its tools have changed.
    """
    tools = all_tools(gateway)
    registry = agent.tool_registry
    for name in [name for name in registry.registry if "___" in name]:
        del registry.registry[name]  # a name that is there already would be refused
    registry.process_tools(tools)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--order", default="123", metavar="ID")
    parser.add_argument("--own", default="gateway-tools", metavar="TARGET", help="the target that is agentcore-gateway-mcp")
    options = parser.parse_args()

    model_id = os.environ.get("BEDROCK_MODEL_ID")
    model = BedrockModel(model_id=model_id) if model_id else BedrockModel()
    headers = {"Authorization": f"Bearer {token()}"}
    with MCPClient(url=os.environ["MCP_URL"], headers=headers) as gateway:
        agent = Agent(model=model, tools=all_tools(gateway), system_prompt=SYSTEM_PROMPT.format(own=options.own))

        def after_call(event: AfterToolCallEvent) -> None:
            changing = ("synchronize_", "update_", "create_", "delete_", "pin_", "unpin_")
            target, _, tool = event.tool_use["name"].partition("___")
            if target == options.own and tool.startswith(changing):
                list_again(event.agent, gateway)

        agent.hooks.add_callback(AfterToolCallEvent, after_call)
        agent(f"Cancel order {options.order}.")
        agent(
            f"Synchronize the target {options.own}, through which you have your own management tools, "
            "and say whether they still answer."
        )


if __name__ == "__main__":
    main()

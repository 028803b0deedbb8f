"""An agent that keeps the tools of its own gateway in order.

    python agent.py [--wanted TOOL] [-- ARGUMENTS OF THE SERVER]
"""

import argparse
import base64
import json
import os
import urllib.parse
import urllib.request

from mcp import StdioServerParameters, stdio_client
from strands import Agent
from strands.models import BedrockModel
from strands.tools.mcp import MCPClient

SYSTEM_PROMPT = """\
You look after the tools of your own AgentCore gateway. When a tool that you are
asked for is missing, synchronize the targets that may have it, list the tools
again, and say in two sentences what you found and did."""


def token() -> str:
    """Fetches an access token by client credentials from MCP_TOKEN_URL."""
    form = {"grant_type": "client_credentials"}
    if scopes := os.environ.get("MCP_SCOPES"):
        form["scope"] = scopes
    quoted = (urllib.parse.quote(os.environ[name], safe="") for name in ("MCP_CLIENT_ID", "MCP_CLIENT_SECRET"))
    basic = base64.b64encode(":".join(quoted).encode()).decode()
    request = urllib.request.Request(
        os.environ["MCP_TOKEN_URL"],
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["access_token"]


def connect(server_arguments: list[str]) -> MCPClient:
    """A client of MCP_URL where that is set, else of a child process."""
    if url := os.environ.get("MCP_URL"):
        return MCPClient(url=url, headers={"Authorization": f"Bearer {token()}"})
    server = StdioServerParameters(
        command=os.environ.get("AGENTCORE_GATEWAY_MCP", "agentcore-gateway-mcp"),
        args=server_arguments,
        env=dict(os.environ),  # AWS's variables; by default a child gets few
    )
    return MCPClient(lambda: stdio_client(server))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wanted", default="cancelOrder", metavar="TOOL")
    parser.add_argument("server_arguments", nargs="*")
    options = parser.parse_args()

    model_id = os.environ.get("BEDROCK_MODEL_ID")
    model = BedrockModel(model_id=model_id) if model_id else BedrockModel()
    with connect(options.server_arguments) as client:
        agent = Agent(model=model, tools=client.list_tools_sync(), system_prompt=SYSTEM_PROMPT)
        agent(f"Does my gateway have a tool named {options.wanted}? If not, resync its targets and look again.")


if __name__ == "__main__":
    main()

// An agent that keeps the tools of its own gateway in order.
//
//   node agent.ts [--scripted] [--wanted TOOL] [-- ARGUMENTS OF THE SERVER]
import { parseArgs } from 'node:util';
import { AfterToolCallEvent, Agent, BedrockModel, McpClient, type McpServerConfig } from '@strands-agents/sdk';
import { jsonOf, ScriptedModel } from './scripted.ts';

const { values: options, positionals: serverArguments } = parseArgs({
  allowPositionals: true,
  options: {
    scripted: { type: 'boolean', default: false },
    wanted: { type: 'string', default: 'cancelOrder' },
  },
});
const { env } = process;

// The server that manages the gateway: at a URL where MCP_URL is set, to which
// the agent shows itself by client credentials, else a child process.
function server(): McpServerConfig {
  if (!env.MCP_URL) {
    return {
      command: env.AGENTCORE_GATEWAY_MCP ?? 'agentcore-gateway-mcp',
      args: serverArguments,
      env: env as Record<string, string>, // AWS's variables; by default a child gets few
    };
  }
  if (!env.MCP_CLIENT_ID || !env.MCP_CLIENT_SECRET) {
    throw new Error('MCP_URL needs MCP_CLIENT_ID and MCP_CLIENT_SECRET (and usually MCP_SCOPES)');
  }
  return {
    url: env.MCP_URL,
    auth: {
      clientId: env.MCP_CLIENT_ID,
      clientSecret: env.MCP_CLIENT_SECRET,
      ...(env.MCP_SCOPES && { scopes: env.MCP_SCOPES.split(/[ ,]+/) }),
    },
  };
}

function model() {
  if (options.scripted) return new ScriptedModel(options.wanted);
  return new BedrockModel(env.BEDROCK_MODEL_ID ? { modelId: env.BEDROCK_MODEL_ID } : {});
}

const clients = await McpClient.loadServers({ 'strands-example': server() });
const agent = new Agent({
  model: model(),
  tools: clients,
  printer: false,
  systemPrompt:
    'You look after the tools of your own AgentCore gateway. When a tool that you are asked for is missing, ' +
    'synchronize the targets that may have it, list the tools again, and say in two sentences what you found and did.',
});
agent.addHook(AfterToolCallEvent, ({ toolUse, result }) => {
  console.log(`called  ${toolUse.name} ${JSON.stringify(toolUse.input)}`);
  console.log(`${result.status === 'error' ? 'refused' : 'answer '} ${JSON.stringify(jsonOf(result.content))}`);
});

try {
  const question = `Does my gateway have a tool named ${options.wanted}? If not, resync its targets and look again.`;
  console.log(`asked   ${question}`);
  const { lastMessage } = await agent.invoke(question);
  for (const block of lastMessage.content) {
    if (block.type === 'textBlock') console.log(`said    ${block.text}`);
  }
} catch (error) {
  console.error(`failed  ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await Promise.all(clients.map((client) => client.disconnect()));
}

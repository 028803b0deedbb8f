// An agent with one connection, its AgentCore gateway. One of the gateway's targets
// is agentcore-gateway-mcp, so the agent can put its own tools in order.
//
//   node agent.ts [--bedrock] [--order ID] [--own TARGET]
import { parseArgs } from 'node:util';
import { AfterToolCallEvent, Agent, BedrockModel, McpClient } from '@strands-agents/sdk';
import { jsonOf, ScriptedModel } from './scripted.ts';

const { values: options } = parseArgs({
  options: {
    bedrock: { type: 'boolean', default: false }, // else a model that follows a script
    order: { type: 'string', default: '123' },
    own: { type: 'string', default: 'gateway-tools' }, // the target that is agentcore-gateway-mcp
  },
});

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see README.md`);
  return value;
}

// The gateway names its issuer in its answer to a request without a token, and the
// client fetches one there by client credentials.
const gateway = new McpClient({
  applicationName: 'self-managing-agent',
  url: setting('MCP_URL'),
  auth: { clientId: setting('MCP_CLIENT_ID'), clientSecret: setting('MCP_CLIENT_SECRET'), scopes: setting('MCP_SCOPES').split(/[ ,]+/) },
});

function model() {
  if (!options.bedrock) return new ScriptedModel(Number(options.order), options.own);
  return new BedrockModel(process.env.BEDROCK_MODEL_ID ? { modelId: process.env.BEDROCK_MODEL_ID } : {});
}

const agent = new Agent({
  model: model(),
  tools: [gateway],
  printer: false,
  systemPrompt:
    'All your tools come through one AgentCore gateway, as TARGET___TOOL. ' +
    `Those of the target ${options.own} keep that gateway in order. When you are asked for something that you have no tool for, ` +
    'look with check_drift whether a server behind the gateway has one that the gateway does not serve yet. If so, ' +
    'synchronize that target and go on with the tools that you have then. Say in two sentences what you did.',
});

const names = () => agent.toolRegistry.list().map((tool) => tool.name);

// A gateway does not tell its clients that its tools have changed: whoever has
// changed them lists them again.
async function listAgain(): Promise<void> {
  const before = names();
  const tools = await gateway.listTools();
  before.forEach((name) => agent.toolRegistry.remove(name));
  agent.toolRegistry.add(tools);
  const now = names();
  const fresh = now.filter((name) => !before.includes(name));
  console.log(`listed  ${now.length} tools${fresh.length ? `, new: ${fresh.join(', ')}` : ', none is new'}`);
}

agent.addHook(AfterToolCallEvent, async ({ tool, toolUse, result }) => {
  console.log(`called  ${toolUse.name} ${JSON.stringify(toolUse.input)}`);
  console.log(`${result.status === 'error' ? 'refused' : 'answer '} ${JSON.stringify(jsonOf(result.content))}`);
  if (toolUse.name.startsWith(`${options.own}___`) && !tool?.toolSpec.annotations?.readOnlyHint) await listAgain();
});

try {
  await agent.initialize();
  console.log(`listed  ${names().length} tools`);
  for (const question of [
    `Cancel order ${options.order}.`,
    `Synchronize the target ${options.own}, through which you have your own management tools, and say whether they still answer.`,
  ]) {
    console.log(`asked   ${question}`);
    const { lastMessage } = await agent.invoke(question);
    for (const block of lastMessage.content) {
      if (block.type === 'textBlock') console.log(`said    ${block.text}`);
    }
  }
} catch (error) {
  console.error(`failed  ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await gateway.disconnect();
}

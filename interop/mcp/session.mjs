// What a client does in one session with the server. It judges nothing: it
// prints what the client saw, for the Go test to judge.

const gateway = 'ac-gateway-mcp-server';
const target = 'mcp-server-target';

// call(params, options) is the client's callTool, whose arguments differ
// between the two SDKs.
export async function play(client, call, protocolVersion) {
  const seen = { protocolVersion, server: client.getServerVersion().name };
  seen.tools = (await client.listTools()).tools;
  seen.prompts = (await client.listPrompts()).prompts.map((p) => p.name);
  seen.resources = (await client.listResources()).resources.map((r) => r.uri);
  seen.templates = (await client.listResourceTemplates()).resourceTemplates.map((r) => r.uriTemplate);

  seen.listTargets = await call({ name: 'list_targets', arguments: {} });
  seen.progress = [];
  seen.synchronize = await call(
    { name: 'synchronize_target', arguments: { gateway, target } },
    { onprogress: (p) => seen.progress.push(p) },
  );
  seen.listTools = await call({ name: 'list_tools', arguments: {} });
  seen.unknownTarget = await call({ name: 'get_target', arguments: { target: 'nowhere' } });
  seen.badArguments = await call({ name: 'get_target', arguments: { colour: 'blue' } });
  seen.unknownTool = await failure(() => call({ name: 'no_such_tool', arguments: {} }));

  seen.prompt = await client.getPrompt({ name: 'resync_tools', arguments: { target } });
  seen.resource = await client.readResource({ uri: `agentcore://gateways/${gateway}/targets/${target}` });
  seen.unknownResource = await failure(() => client.readResource({ uri: 'agentcore://nowhere' }));
  await client.close();
  console.log(JSON.stringify(seen));
}

async function failure(attempt) {
  try {
    return { answered: await attempt() };
  } catch (e) {
    return { code: e.code, message: e.message };
  }
}

// Drives a local AgentCore with the AWS SDK for JavaScript, as a user's script
// would. AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL leads to it, ORDERS_URL is
// the base of an MCP server whose tools PUT /tools/{n} changes.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BedrockAgentCoreControl,
  ConflictException,
  ResourceNotFoundException,
  ValidationException,
  paginateListGatewayTargets,
} from '@aws-sdk/client-bedrock-agentcore-control';

const orders = process.env.ORDERS_URL;
const client = new BedrockAgentCoreControl();

async function until(get, done) {
  for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
    const answer = await get();
    if (done(answer)) return answer;
    assert(Date.now() < deadline, `still ${JSON.stringify(answer)}`);
  }
}

const { gatewayId: gatewayIdentifier } = await client.createGateway({
  name: 'javascript',
  roleArn: 'arn:aws:iam::123456789012:role/agentcore-gateway-role',
  protocolType: 'MCP',
  authorizerType: 'NONE',
});
const gatewayIs = (status) => until(() => client.getGateway({ gatewayIdentifier }), (g) => g.status === status);
await gatewayIs('READY');

const configuration = { mcp: { mcpServer: { endpoint: `${orders}/mcp` } } };
const { targetId } = await client.createGatewayTarget({ gatewayIdentifier, name: 'orders', targetConfiguration: configuration });
const targetIs = (status) => until(() => client.getGatewayTarget({ gatewayIdentifier, targetId }), (t) => t.status === status);
const created = await targetIs('READY');
assert.deepEqual(created.targetConfiguration, configuration);
assert(created.lastSynchronizedAt instanceof Date);

const items = [];
for await (const page of paginateListGatewayTargets({ client, pageSize: 1 }, { gatewayIdentifier })) items.push(...page.items);
assert.deepEqual(items.map((t) => [t.name, t.targetId, t.status]), [['orders', targetId, 'READY']]);

await fetch(`${orders}/tools/3`, { method: 'PUT' });
const { targets } = await client.synchronizeGatewayTargets({ gatewayIdentifier, targetIdList: [targetId] });
assert.deepEqual(targets.map((t) => [t.targetId, t.status]), [[targetId, 'SYNCHRONIZING']]);
assert((await targetIs('READY')).lastSynchronizedAt > created.lastSynchronizedAt);

await client.updateGatewayTarget({ gatewayIdentifier, targetId, name: 'renamed', targetConfiguration: configuration });
assert.equal((await targetIs('READY')).name, 'renamed');

await assert.rejects(client.synchronizeGatewayTargets({ gatewayIdentifier, targetIdList: [targetId, targetId] }), (e) => {
  assert(e instanceof ValidationException, e);
  assert.equal(e.$metadata.httpStatusCode, 400);
  assert.equal(e.fieldList[0].name, 'targetIdList');
  return true;
});
await assert.rejects(client.getGatewayTarget({ gatewayIdentifier, targetId: '0123456789' }), (e) => {
  assert(e instanceof ResourceNotFoundException, e);
  assert.equal(e.$metadata.httpStatusCode, 404);
  assert.match(e.message, /does.?n.t exist/);
  return true;
});
await assert.rejects(client.deleteGateway({ gatewayIdentifier }), ConflictException);

await client.deleteGatewayTarget({ gatewayIdentifier, targetId });
await until(() => client.listGatewayTargets({ gatewayIdentifier }), (list) => list.items.length === 0);
await client.deleteGateway({ gatewayIdentifier });
await until(() => client.listGateways({}), (list) => list.items.length === 0);

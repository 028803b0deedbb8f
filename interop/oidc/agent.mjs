// A client that knows nothing but the URL of an MCP server and a client of its
// issuer. It gets 401, follows the challenge to the resource's metadata, that to
// the issuer, and gets itself a token: all of it is the SDK's doing.
//   node agent.mjs URL CLIENT SECRET SCOPE
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, clientId, clientSecret, scope] = process.argv.slice(2);
const steps = [];
const watched = async (input, init) => {
  const response = await fetch(input, init);
  steps.push(`${response.status} ${new URL(input).pathname}`);
  return response;
};
const issuer = process.env.ISSUER;
const transport = new StreamableHTTPClientTransport(new URL(url), {
  authProvider: new ClientCredentialsProvider({ clientId, clientSecret, scope, expectedIssuer: issuer }),
  fetch: watched,
});
const client = new Client({ name: 'agent', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
await client.close();
console.log(JSON.stringify({ steps, tools: tools.map((t) => t.name) }));

// The TypeScript SDK of the protocol's revision 2026-07-28.
// Arguments: "stdio" and a command with its arguments, or "http" and a URL.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { play } from './session.mjs';

const [kind, place, ...args] = process.argv.slice(2);
const transport =
  kind === 'stdio'
    ? new StdioClientTransport({ command: place, args, env: process.env })
    : new StreamableHTTPClientTransport(new URL(place));

const client = new Client({ name: 'interop-v2', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(transport);
await play(client, (params, options) => client.callTool(params, options), client.getNegotiatedProtocolVersion());

// The TypeScript SDK of the protocol's revisions up to 2025-11-25.
// Arguments: "stdio" and a command with its arguments, or "http" and a URL.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { play } from './session.mjs';

const [kind, place, ...args] = process.argv.slice(2);
const transport =
  kind === 'stdio'
    ? new StdioClientTransport({ command: place, args, env: process.env })
    : new StreamableHTTPClientTransport(new URL(place));

// The client tells the negotiated version to nobody but its transport.
let protocolVersion;
const set = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (v) => {
  protocolVersion = v;
  set?.(v);
};

const client = new Client({ name: 'interop-v1', version: '1.0.0' });
await client.connect(transport);
await play(client, (params, options) => client.callTool(params, undefined, options), protocolVersion);

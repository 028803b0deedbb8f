// A certified OpenID provider (oidc-provider) on a loopback port, with two
// extra paths for tests: POST /test/sign signs any claims and header with a key
// of the provider's, with one that it does not publish (by: stranger), with its
// public key as if that were a shared secret (by: public), or not at all (by:
// nobody); POST /test/rotate makes a new signing key and keeps publishing the
// old one.
import { createServer } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import Provider from 'oidc-provider';

const scopes = 'gateway-tools/read gateway-tools/write';
const audience = 'https://tools.example.com/mcp'; // of every token, whatever URL the server under test has

async function newKey(kid) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' } };
}

let serial = 1;
let keys = [await newKey('key-1')];
const stranger = await newKey('stranger');
let handle;

const server = createServer((req, res) => route(req, res).catch((err) => res.writeHead(500).end(String(err))));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function build() {
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map((k) => k.jwk) },
    clients: ['reader', 'writer', 'stranger'].map((id) => ({
      client_id: id,
      client_secret: `${id}-secret`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      scope: id === 'reader' ? 'gateway-tools/read' : scopes,
    })),
    scopes: scopes.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({ scope: scopes, audience, accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      },
    },
  });
  provider.on('server_error', (ctx, err) => console.error(err));
  handle = provider.callback();
}
build();

async function route(req, res) {
  if (!req.url.startsWith('/test/')) return handle(req, res);
  let body = '';
  for await (const chunk of req) body += chunk;
  if (req.url === '/test/rotate') {
    keys = [await newKey(`key-${++serial}`), ...keys];
    build();
    return res.writeHead(204).end();
  }
  const { claims, header, by } = JSON.parse(body);
  const key = by === 'stranger' ? stranger : keys[0];
  if (by === 'nobody') return res.writeHead(200).end(new UnsecuredJWT(claims).encode());
  if (by === 'public') {
    const { kty, n, e } = key.jwk;
    const pem = await exportSPKI(await importJWK({ kty, n, e }, 'RS256', { extractable: true }));
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.jwk.kid }).sign(new TextEncoder().encode(pem));
    return res.writeHead(200).end(forged);
  }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.jwk.kid, ...header }).sign(key.privateKey);
  return res.writeHead(200, { 'content-type': 'text/plain' }).end(token);
}

console.log(JSON.stringify({ issuer }));
process.on('SIGINT', () => process.exit(0));

import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MetadataDocumentOptions, OAuthRefusal } from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { type Issuing, startIssuing } from '../support/issuing';
import { listen } from '../support/servers';

const PKCE = {
  ...{ code_challenge: 'ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA' },
  code_challenge_method: 'S256',
};
const VERIFIER = 'a'.repeat(43);
const REDIRECT_URI = 'http://127.0.0.1/callback';

type Respond = (req: IncomingMessage, res: ServerResponse) => void;

/** A host of documents, and an authorization server that may fetch them. */
interface Documents {
  readonly issuing: Issuing;
  readonly host: string;
  /** The ID of the client whose document is at `/client.json`. */
  readonly clientId: string;
  /** Paths that were requested. */
  readonly requests: string[];
  /** Replaces members of the document. */
  readonly publish: (members: object, headers?: Record<string, string>) => void;
  /** Responds instead of the document. */
  readonly respondWith: (respond: Respond) => void;
  readonly close: () => Promise<void>;
}

async function startDocuments(options: MetadataDocumentOptions = {}): Promise<Documents> {
  const requests: string[] = [];
  let respond: Respond = () => {};
  const server = await listen((req: IncomingMessage, res: ServerResponse) => {
    requests.push(req.url ?? '');
    respond(req, res);
  });
  const host = `127.0.0.1:${server.port}`;
  const clientId = `http://${host}/client.json`;
  const issuing = await startIssuing({
    registration: { metadataDocuments: { insecureHosts: [host], ...options } },
  });
  const publish: Documents['publish'] = (members, headers = {}) => {
    const document = {
      ...{ client_id: clientId, client_name: 'Notebook', redirect_uris: [REDIRECT_URI] },
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
      ...{ token_endpoint_auth_method: 'none', ...members },
    };
    respond = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', ...headers });
      res.end(JSON.stringify(document));
    };
  };
  publish({});
  return {
    ...{ issuing, host, clientId, requests, publish },
    respondWith: (one) => void (respond = one),
    async close() {
      await issuing.close();
      await server.close();
    },
  };
}

function authorizeUrl(
  { issuing, clientId }: Pick<Documents, 'issuing' | 'clientId'>,
  parameters: Record<string, string> = {},
): string {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: REDIRECT_URI },
    ...{ scope: 'domains:read', ...PKCE, ...parameters },
  });
  return `${issuing.origin}/oauth/authorize?${query.toString()}`;
}

const authorizeStatus = async (
  documents: Pick<Documents, 'issuing' | 'clientId'>,
  parameters?: Record<string, string>,
): Promise<number> =>
  (await fetch(authorizeUrl(documents, parameters), { redirect: 'manual' })).status;

async function codeOf(documents: Documents): Promise<string> {
  const { issuing, clientId } = documents;
  const client = { clientId, redirectUris: [REDIRECT_URI] } as never;
  const callback = await issuing.authorize(client, { scope: 'domains:read', ...PKCE });
  return callback.searchParams.get('code') ?? '';
}

const exchange = ({ issuing, clientId }: Documents, code: string, more = {}) =>
  issuing.post('/oauth/token', {
    ...{ grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI },
    ...{ client_id: clientId, code_verifier: VERIFIER, ...more },
  });

let documents: Documents;
beforeEach(async () => {
  documents = await startDocuments();
});
afterEach(() => documents.close());

async function refusalDuring(act: () => Promise<unknown>): Promise<OAuthRefusal | undefined> {
  const refusals: OAuthRefusal[] = [];
  const listener = (refusal: unknown) => void refusals.push(refusal as OAuthRefusal);
  subscribe('latchkey:oauth-refusal', listener);
  await act();
  unsubscribe('latchkey:oauth-refusal', listener);
  return refusals.at(-1);
}

describe('a client with a metadata document', () => {
  it('gets and refreshes tokens of a user without registration', async () => {
    const { status, body } = await exchange(documents, await codeOf(documents));
    expect(status).toBe(200);
    expect((await documents.issuing.call(body.access_token as string)).body).toMatchObject({
      ...{ subject: 'acct_42', clientId: documents.clientId },
    });
    const refreshed = await documents.issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: body.refresh_token as string },
      client_id: documents.clientId,
    });
    expect(refreshed.status).toBe(200);
    expect(documents.requests).toEqual(['/client.json']);
  });

  it('is shown with its host and as unverified on the consent page', async () => {
    documents.publish({ client_name: 'Domain Watch', logo_uri: 'https://evil.example/logo.png' });
    const login = await new Browser().open(authorizeUrl(documents));
    const consent = await login.submit({ username: 'ada', password: 'lovelace' });
    expect(consent.text).toContain('Unverified app');
    expect(consent.text).toContain(documents.host);
    expect(consent.text).not.toContain('evil.example');
  });

  it('is announced in the metadata of the server', async () => {
    const url = `${documents.issuing.origin}/.well-known/oauth-authorization-server`;
    const metadata = await (await fetch(url)).json();
    expect(metadata).toMatchObject({ client_id_metadata_document_supported: true });
    expect(metadata).not.toHaveProperty('registration_endpoint');
  });

  it('never replaces a registered client', async () => {
    await documents.issuing.server.clients.register({
      ...{ name: 'Trusted', scopes: ['domains:read'], clientId: documents.clientId },
      redirectUris: ['https://trusted.example/cb'],
    });
    expect(await authorizeStatus(documents)).toBe(400);
    expect(documents.requests).toEqual([]);
  });

  it('has no rights beyond those of a public client, whatever its document says', async () => {
    documents.publish({
      ...{ firstParty: true, resourceServer: true, verified: true, latchkey: { verified: true } },
      grant_types: ['authorization_code', 'client_credentials', 'refresh_token'],
    });
    const login = await new Browser().open(authorizeUrl(documents));
    const consent = await login.submit({ username: 'ada', password: 'lovelace' });
    expect(consent.text).toContain('Unverified app');
    const machine = await documents.issuing.post('/oauth/token', {
      ...{ grant_type: 'client_credentials', client_id: documents.clientId },
    });
    expect(machine.body.error).toBe('unauthorized_client');
  });

  it('is known by a document with the required members alone', async () => {
    const { clientId } = documents;
    documents.respondWith((_req, res) =>
      res.end(JSON.stringify({ client_id: clientId, redirect_uris: [REDIRECT_URI] })),
    );
    expect(await authorizeStatus(documents)).toBe(303);
  });
});

describe('a document that is not accepted', () => {
  test.each<[what: string, members: object]>([
    ['another client_id', { client_id: 'http://127.0.0.1:1/client.json' }],
    ['no client_id', { client_id: undefined }],
    ['a client_secret', { client_secret: 'x' }],
    ['client_secret_expires_at', { client_secret_expires_at: 0 }],
    ['client_secret_basic', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['client_secret_post', { token_endpoint_auth_method: 'client_secret_post' }],
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['no redirect_uris', { redirect_uris: undefined }],
    ['javascript: among the redirect_uris', { redirect_uris: [REDIRECT_URI, 'javascript:x'] }],
    ['private_key_jwt without keys', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['client credentials alone', { grant_types: ['client_credentials'] }],
    [
      'a private key',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd' }] },
      },
    ],
    [
      'keys at a private address',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://169.254.169.254/keys',
      },
    ],
  ])('ends with a page if it has %s', async (_what, members) => {
    documents.publish(members);
    const response = await fetch(authorizeUrl(documents), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('not known to this site');
  });

  test.each<[what: string, respond: Respond]>([
    ['404', (_req, res) => res.writeHead(404).end()],
    ['500', (_req, res) => res.writeHead(500).end()],
    ['204', (_req, res) => res.writeHead(204).end()],
    ['101', (req) => req.socket.end('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')],
    [
      '101 and silence',
      (req) => req.socket.write('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
    ['HTML', (_req, res) => res.end('<p>')],
    ['a list', (_req, res) => res.end('[]')],
    ['nothing', (_req, res) => res.end()],
    ['a closed connection', (req) => req.socket.destroy()],
    ['a broken body', (req, res) => void res.write('{"client', () => req.socket.destroy())],
    [
      'a body without end and length',
      (_req, res) => {
        const next = () => setImmediate(more);
        const more = () => void (res.destroyed || res.write(' '.repeat(1_024), next));
        more();
      },
    ],
  ])('ends with a page if the host responds with %s', async (_what, respond) => {
    documents.respondWith(respond);
    expect(await authorizeStatus(documents)).toBe(400);
  });

  it('does not follow a redirect', async () => {
    documents.respondWith((_req, res) => res.writeHead(302, { location: '/other.json' }).end());
    const refusal = await refusalDuring(() => authorizeStatus(documents));
    expect(documents.requests).toEqual(['/client.json']);
    expect(refusal).toMatchObject({
      error: 'invalid_client',
      reason: expect.stringMatching(/302/),
    });
  });

  it('is not cached', async () => {
    documents.publish({ client_id: 'x' }, { 'cache-control': 'max-age=3600' });
    expect(await authorizeStatus(documents)).toBe(400);
    documents.publish({});
    expect(await authorizeStatus(documents)).toBe(303);
  });

  it('gets the response of an unknown client at the token endpoint', async () => {
    documents.publish({ client_secret: 'x' });
    const parameters = { grant_type: 'authorization_code', code: 'x', redirect_uri: REDIRECT_URI };
    const post = (clientId: string) =>
      documents.issuing.post('/oauth/token', { ...parameters, client_id: clientId });
    const [refused, unknown] = [await post(documents.clientId), await post('nobody')];
    expect([refused.status, refused.body]).toEqual([unknown.status, unknown.body]);
  });

  it('is 503 at the token endpoint while its host fails, and works again after that', async () => {
    documents.publish({}, { 'cache-control': 'no-store' });
    const code = await codeOf(documents);
    documents.respondWith((req) => req.socket.destroy());
    const failed = await exchange(documents, code);
    expect([failed.status, failed.body.error]).toEqual([503, 'temporarily_unavailable']);
    documents.publish({});
    expect((await exchange(documents, code)).status).toBe(200);
  });
});

describe('the limits', () => {
  const other = (path: string) => ({
    issuing: documents.issuing,
    clientId: `http://${documents.host}/${path}.json`,
  });

  it('let one host occupy some of the places alone, however slowly it responds', async () => {
    const waiting: ServerResponse[] = [];
    documents.respondWith((_req, res) => void waiting.push(res));
    let refused = 0;
    const statuses = Array.from({ length: 30 }, async (_, index) => {
      const status = await authorizeStatus(other(`c${index}`));
      refused++;
      return status;
    });
    while (waiting.length + refused < 30) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(waiting).toHaveLength(10);
    waiting.forEach((res) => res.writeHead(404).end());
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([400]));
    expect(documents.requests).toHaveLength(10);
  });

  it('leave a host alone after many failures in a row', async () => {
    documents.respondWith((_req, res) => res.writeHead(404).end());
    for (let index = 0; index < 25; index++) {
      expect(await authorizeStatus(other(`c${index}`))).toBe(400);
    }
    expect(documents.requests).toHaveLength(20);
  });
});

describe('the cache', () => {
  it('keeps a document as long as Cache-Control allows', async () => {
    documents.publish({}, { 'cache-control': 'max-age=600' });
    await authorizeStatus(documents);
    await authorizeStatus(documents);
    expect(documents.requests).toHaveLength(1);
  });

  test.each(['no-store', 'no-cache', 'max-age=0'])('keeps no document with %s', async (control) => {
    documents.publish({}, { 'cache-control': control });
    await authorizeStatus(documents);
    documents.publish({ redirect_uris: ['https://a.example/'] }, { 'cache-control': control });
    expect(await authorizeStatus(documents)).toBe(400);
    expect(documents.requests).toHaveLength(2);
  });

  it('fetches a document once for concurrent requests', async () => {
    documents.publish({}, { 'cache-control': 'no-store' });
    const statuses = await Promise.all(Array.from({ length: 5 }, () => authorizeStatus(documents)));
    expect(new Set(statuses)).toEqual(new Set([303]));
    expect(documents.requests.length).toBeLessThan(5);
  });

  it('does not end a grant whose client drops its redirect URI', async () => {
    documents.publish({}, { 'cache-control': 'no-store' });
    const { body } = await exchange(documents, await codeOf(documents));
    documents.publish({ redirect_uris: ['https://new.example/cb'] });
    expect(await authorizeStatus(documents)).toBe(400);
    expect((await documents.issuing.call(body.access_token as string)).status).toBe(200);
  });
});

describe('the options', () => {
  it('does not fetch a document that allow() rejects', async () => {
    const own = await startDocuments({ allow: (url) => url.startsWith('https://') });
    expect(await authorizeStatus(own)).toBe(400);
    expect(own.requests).toEqual([]);
    await own.close();
  });

  it('ends with a page while allow() does not settle', async () => {
    const own = await startIssuing({
      registration: { metadataDocuments: { allow: () => new Promise(() => {}) } },
      timeoutMs: 50,
    });
    const clientId = 'https://app.example/client.json';
    const status = await authorizeStatus({ issuing: own, clientId });
    await own.close();
    expect(status).toBe(400);
  });

  it('fetches documents with the given fetch', async () => {
    const clientId = 'https://app.example/client.json';
    const urls: unknown[] = [];
    const own = await startDocuments({
      fetch: async (url) => {
        urls.push(url);
        return Response.json({ client_id: clientId, redirect_uris: [REDIRECT_URI] });
      },
    });
    expect(await authorizeStatus({ ...own, clientId })).toBe(303);
    expect(urls).toEqual([clientId]);
    await own.close();
  });
});

test.each([
  ['https on a loopback address', (port: number) => `https://127.0.0.1:${port}/client.json`],
  ['localhost', (port: number) => `https://localhost:${port}/client.json`],
  ['a name under localhost', (port: number) => `https://app.localhost:${port}/client.json`],
  ['a loopback address as a number', (port: number) => `https://2130706433:${port}/client.json`],
  ['a loopback address in hex', (port: number) => `https://0x7f.1:${port}/client.json`],
  ['a loopback address in IPv6', (port: number) => `https://[::1]:${port}/client.json`],
  ['a mapped address', (port: number) => `https://[::ffff:127.0.0.1]:${port}/client.json`],
  ['an unspecified address', (port: number) => `https://0.0.0.0:${port}/client.json`],
  ['another path of a host that is not listed', (port: number) => `http://127.0.0.1:${port}/x`],
  ['metadata of a cloud', () => 'https://169.254.169.254/latest/client.json'],
  ['a private network', () => 'https://10.0.0.1/client.json'],
])('sends no request to %s', async (_what, toClientId) => {
  const connections: unknown[] = [];
  const target = await listen((_req: IncomingMessage, res: ServerResponse) => void res.end('{}'));
  const own = await startDocuments({ insecureHosts: [] });
  own.respondWith((req) => connections.push(req));
  expect(await authorizeStatus({ ...own, clientId: toClientId(target.port) })).toBe(400);
  expect(connections).toEqual([]);
  await own.close();
  await target.close();
});

test.each([999, 600, 99])('shows an error for a document with the status %d', async (status) => {
  // `res.writeHead()` rejects such a status, so the response is written to the socket.
  documents.respondWith((_req, { socket }) => {
    socket?.end(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
  });
  expect(await authorizeStatus(documents)).toBe(400);
  documents.publish({});
  expect(await authorizeStatus(documents)).toBe(303);
});

test.each(['jwks', 'jwks_uri'] as const)(
  'authenticates a client by private_key_jwt with %s',
  async (member) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'Ed25519' }] };
    const document = {
      token_endpoint_auth_method: 'private_key_jwt',
      [member]: member === 'jwks' ? jwks : `http://${documents.host}/keys`,
    };
    documents.respondWith((req, res) => {
      const base = { client_id: documents.clientId, redirect_uris: [REDIRECT_URI] };
      res.end(JSON.stringify(req.url === '/keys' ? jwks : { ...base, ...document }));
    });
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const assertion = (key = privateKey) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        ...{ iss: documents.clientId, sub: documents.clientId, aud: documents.issuing.issuer },
        ...{ jti: randomUUID(), iat: now, exp: now + 60 },
      };
      const signed = `${encode({ alg: 'Ed25519', kid: 'one' })}.${encode(claims)}`;
      return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
    };
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const other = generateKeyPairSync('ed25519').privateKey;
    const code = await codeOf(documents);
    const refused = await exchange(documents, code, {
      ...{ client_assertion_type, client_assertion: assertion(other) },
    });
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    const { status } = await exchange(documents, code, {
      ...{ client_assertion_type, client_assertion: assertion() },
    });
    expect(status).toBe(200);
  },
);

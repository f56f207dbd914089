import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';

import jsonwebtoken from 'jsonwebtoken';
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  dpop,
  type Extractor,
  findAuth,
  jwt,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
  type Middleware,
  queryParameter,
  sessionTokens,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';
import { serverNonces } from '../../src/possession/nonce';
import { onNode, onWeb } from '../integrations/mounts';
import { clientKey, proofOf, type ProofParts } from '../support/dpop';
import { issueExpired } from '../support/expired';
import { type Handler, listen, MOUNTS, type RawResponse, sendRaw } from '../support/servers';
import { DPOP_ROWS } from './dpop-rows';
import { type Mode, type Row, ROWS } from './rows';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { privateKey: otherKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = Math.floor(Date.now() / 1000);

const sign = (claims: object, header: object = {}, key = privateKey) =>
  jsonwebtoken.sign(
    {
      iss: 'https://osir.com',
      aud: 'https://api.osir.com',
      sub: 'acct_42',
      exp: now + 600,
      scope: 'domains:read',
      ...claims,
    },
    key,
    { algorithm: 'RS256', header: { alg: 'RS256', ...header } },
  );

const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', store });
const tokens = accessTokens({ prefix: 'osirat', store });
const sessions = sessionTokens({ prefix: 'osirsession', store });
/** Keys whose look-up fails, by how it does. */
const FAULTS: Record<string, () => Promise<unknown>> = {
  outage: () => Promise.reject(new Error('connect ECONNREFUSED')),
  hanging: () => new Promise(() => {}),
  nonsense: async () => ({}),
  other: async () =>
    store.findById((await keys.issue({ subject: 'acct_42', scopes: [] })).record.id),
};
const broken = Object.keys(FAULTS).map(
  (fault) => [fault, generateSecret('broken', 'live')] as const,
);
const faults = new Map(broken.map(([fault, secret]) => [toDigest(secret), FAULTS[fault]]));
const brokenKeys = apiKeys({
  prefix: 'broken',
  store: { find: async (digest) => (await faults.get(digest)?.()) as never },
});
const credentials = new Map<string, string>(broken);

const boundTo = clientKey();
const nonce = { secret: 'a secret of this server, long enough', rotateMs: 2 ** 31 - 1 };
/** Proofs for the token `bound`, by what is wrong with them. They are made when they are sent. */
const PROOFS: Record<string, () => Partial<ProofParts>> = {
  proof: () => ({}),
  headProof: () => ({ method: 'HEAD' }),
  proofOfBothKinds: () => ({ token: credentials.get('boundToMore') as string }),
  expiredProof: () => ({ token: credentials.get('boundAndExpired') as string }),
  unboundProof: () => ({ token: credentials.get('accessToken') as string }),
  jwtProof: () => ({ token: credentials.get('boundJwt') as string }),
  oldJwtProof: () => ({ token: credentials.get('oldBoundJwt') as string }),
  freshJwtProof: () => ({ token: credentials.get('freshBoundJwt') as string }),
  proofOfAnotherKey: () => ({ key: clientKey() }),
  forgedProof: () => ({ signer: clientKey().privateKey }),
  proofOfAnotherMethod: () => ({ method: 'POST' }),
  proofOfAnotherUrl: () => ({ url: 'http://api.example.com/v1/other' }),
  proofOfAnotherToken: () => ({ token: 'another' }),
  oldProof: () => ({ claims: { iat: Math.floor(Date.now() / 1_000) - 61 } }),
  earlyProof: () => ({ claims: { iat: Math.ceil(Date.now() / 1_000) + 120 } }),
  proofWithPrivateKey: () => ({ header: { jwk: boundTo.privateKey.export({ format: 'jwk' }) } }),
  proofWithoutId: () => ({ claims: { jti: undefined } }),
  proofAgain: () => ({ claims: { jti: 'again' } }),
  proofWithNonce: () => ({
    claims: { nonce: serverNonces(nonce.secret, nonce.rotateMs).current() },
  }),
  proofWithOldNonce: () => ({ claims: { nonce: 'old' } }),
};
const valueOf = (name: string): string => {
  const parts = PROOFS[name]?.();
  if (!parts) {
    return name === 'nonce'
      ? serverNonces(nonce.secret, nonce.rotateMs).current()
      : (credentials.get(name) ?? `no ${name}`);
  }
  return proofOf({
    key: boundTo,
    token: credentials.get('bound') as string,
    url: 'http://api.example.com/v1/domains',
    ...parts,
  });
};
const filled = (text: string): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => valueOf(name));

beforeAll(async () => {
  const scopes = ['domains:read'];
  const subject = 'acct_42';
  const key = await keys.issue({ subject, scopes });
  const revoked = await keys.issue({ subject, scopes });
  await keys.revoke(revoked.record.id);
  const secrets = {
    key: key.secret,
    revoked: revoked.secret,
    digest: toDigest(key.secret),
    unknown: generateSecret('osir', 'live'),
    expired: (await issueExpired(keys, { subject, scopes })).secret,
    session: (await sessions.issue({ subject, scopes })).secret,
    accessToken: (await tokens.issue({ subject, scopes })).secret,
    bound: (await tokens.issue({ subject, scopes, confirmation: { jkt: boundTo.jkt } })).secret,
    boundToMore: (
      await tokens.issue({ subject, scopes, confirmation: { jkt: boundTo.jkt, kid: 'k1' } })
    ).secret,
    boundAndExpired: (
      await issueExpired(tokens, { subject, scopes, confirmation: { jkt: boundTo.jkt } })
    ).secret,
    boundJwt: sign({ cnf: { jkt: boundTo.jkt } }),
    oldBoundJwt: sign({ cnf: { jkt: boundTo.jkt }, auth_time: now - 301, acr: 'urn:hw' }),
    freshBoundJwt: sign({ cnf: { jkt: boundTo.jkt }, auth_time: now - 10, acr: 'urn:hw' }),
    jwt: sign({}),
    freshJwt: sign({ auth_time: now - 10, acr: 'urn:hw' }),
    weakJwt: sign({ auth_time: now - 10, acr: 'urn:password' }),
    oldJwt: sign({ auth_time: now - 301, acr: 'urn:hw' }),
    clientJwt: sign({ sub: 'client', client_id: 'client' }),
    expiredJwt: sign({ exp: now - 60 }),
    earlyJwt: sign({ nbf: now + 3_600 }),
    forgedJwt: sign({}, {}, otherKey),
    idToken: sign({ nonce: 'n' }),
    foreignJwt: sign({ iss: 'https://osir.com/' }),
    misdirectedJwt: sign({ aud: 'https://other.osir.com' }),
  };
  for (const [name, secret] of Object.entries(secrets)) {
    credentials.set(name, secret);
  }
});

const CARRIERS = {
  default: [bearer(), apiKeyHeader()],
  all: [
    bearer(),
    apiKeyHeader(),
    queryParameter('api_key'),
    cookie('sid', { origins: ['https://app.example.org'] }),
  ],
  'header only': [apiKeyHeader()],
};
/** With a memory of proofs of their own for each server. */
const extractorsOf = (name: NonNullable<Mode['extractors']>): LatchkeyOptions['extractors'] =>
  ({
    ...CARRIERS,
    dpop: [bearer(), apiKeyHeader(), dpop()],
    'dpop only': [dpop({ algorithms: ['ES256', 'PS256'] })],
    'dpop with nonces': [bearer(), dpop({ nonce })],
    'dpop without its store': [
      dpop({
        store: { setIfAbsent: () => Promise.reject(new Error('connect ECONNREFUSED')) } as never,
      }),
    ],
  })[name];
const BODIES: Record<NonNullable<Mode['body']>, LatchkeyOptions['body']> = {
  problem: ({ status }) => ({
    contentType: 'application/problem+json',
    json: { type: `https://docs.example.com/${status}`, status },
  }),
  message: () => ({ error: 'unauthorized', message: 'Schlüssel fehlt' }),
};

function guards(mode: Partial<Mode>): Middleware[] {
  const { extractors = 'default', realm, resource, body, guard = 'authenticate' } = mode;
  const enabled = extractorsOf(extractors) as readonly Extractor[];
  const jwts = jwt({
    issuer: 'https://osir.com',
    audience: 'https://api.osir.com',
    algorithms: ['RS256'],
    key: publicKey,
  });
  const { authenticate, requireScopes, requireAnyScope, authorize, requireFreshAuth } = latchkey({
    extractors: enabled,
    // A verifier that reads none of the extractors is refused at start-up.
    verifiers: [keys, brokenKeys, tokens, sessions, jwts].filter((one) =>
      enabled.some(({ name }) => one.extractors?.includes(name)),
    ),
    timeoutMs: 100,
    ...(realm && { realm }),
    ...(resource && { resource: { url: 'https://api.osir.com/v1' } }),
    ...(body && { body: BODIES[body] }),
  } as LatchkeyOptions);
  return {
    authenticate: () => [authenticate()],
    optional: () => [authenticate({ optional: true })],
    scopes: () => [requireScopes('domains:write')],
    anyScope: () => [requireAnyScope('domains:write', 'billing:write')],
    heldScope: () => [requireScopes('domains:read')],
    authorize: () => [authorize(() => false)],
    stepUp: () => [requireFreshAuth({ maxAgeMs: 300_000, acrValues: ['urn:mfa', 'urn:hw'] })],
    'authenticate, then scopes': () => [authenticate(), requireScopes('domains:write')],
    'authenticate, then held scope': () => [authenticate(), requireScopes('domains:read')],
  }[guard]();
}

const handler: Handler = (req, res) => {
  res.write(findAuth(req)?.subject ?? 'anonymous');
  res.end();
};
const unchunked = (body: string) => body.replace(/^[0-9a-f]+\r\n([^]*)\r\n0\r\n\r\n$/, '$1');

/** Web `Headers` join the lines of one name, so that their number is not known. */
const repeatsHeader = (request: string): boolean => {
  const names = request.split('\r\n').map((line) => line.split(':')[0]?.toLowerCase());
  return ['authorization', 'x-api-key', 'dpop'].some(
    (name) => names.filter((other) => other === name).length > 1,
  );
};

/** Joins the lines of one name, which means the same (RFC 9110 §5.3). */
const joined = (headers: readonly string[]): readonly string[] => {
  const lines = new Map<string, string>();
  for (const header of headers) {
    const [name = '', ...value] = header.split(': ');
    const before = lines.get(name);
    lines.set(name, before === undefined ? value.join(': ') : `${before}, ${value.join(': ')}`);
  }
  return [...lines].map(([name, value]) => `${name}: ${value}`);
};

/** Names have no case. How the body of a success is sent is the framework's affair. */
const comparable = (headers: readonly string[], status: number): readonly string[] =>
  headers
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .filter((line) => status !== 200 || !/^(content-(type|length)|transfer-encoding):/.test(line))
    .sort();

type Mount = (guards: readonly Middleware[], handler: Handler) => RequestListener;
type Comparable = (headers: readonly string[]) => readonly string[];

async function send(row: Row, mount: Mount): Promise<RawResponse> {
  const server = await listen(mount(guards(row.mode ?? {}), handler));
  try {
    const request = filled(row.request);
    for (let n = 1; n < (row.times ?? 1); n++) {
      await sendRaw(server.port, request);
    }
    return await sendRaw(server.port, request);
  } finally {
    await server.close();
  }
}

async function checkRow(row: Row, mount: Mount, lines: Comparable): Promise<void> {
  const { status, headers, body } = await send(row, mount);
  expect({ status, headers: comparable(lines(headers), status), body: unchunked(body) }).toEqual({
    status: row.status,
    headers: comparable(lines(row.headers.map(filled)), row.status),
    body: row.body,
  });
}

const named = (rows: readonly Row[]) =>
  rows.map((row) => [`row ${row.row}`, row.when, row] as const);
const EVERY_ROW = [...ROWS, ...DPOP_ROWS];

describe.each(Object.entries({ ...MOUNTS, ...onNode }))('the HTTP contract on %s', (_, mount) => {
  test.each(named(EVERY_ROW))('%s: %s', (_row, _when, row) =>
    checkRow(row, mount, (headers) => headers),
  );
});

describe.each(Object.entries(onWeb))('the HTTP contract on %s', (_, mount) => {
  test.each(named(EVERY_ROW.filter(({ request }) => !repeatsHeader(request))))(
    '%s: %s',
    (_row, _when, row) => checkRow(row, mount, joined),
  );

  test.each(named(EVERY_ROW.filter(({ request }) => repeatsHeader(request))))(
    '%s: %s, as one joined line, is rejected',
    async (_row, _when, row) => {
      expect([400, 401]).toContain((await send(row, mount)).status);
    },
  );
});

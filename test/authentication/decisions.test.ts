import { generateKeyPairSync } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import jsonwebtoken from 'jsonwebtoken';
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  type Decision,
  jwt,
  latchkey,
  memoryStore,
  type Middleware,
  type Reason,
  sessionTokens,
} from 'latchkey';

import { startOfDecision } from '../../src/authentication/decisions';
import { generateSecret } from '../../src/credential/secret';
import { ask, get } from '../http/ask';
import { runProgram } from '../http/child';
import { issueExpired } from '../support/expired';
import { ownVerifier } from '../support/own-verifier';
import { MOUNTS } from '../support/servers';

const CHANNEL = 'latchkey:decision';
let published: Decision[] = [];
const listener = (message: unknown) => void published.push(message as Decision);
beforeEach(() => {
  published = [];
  subscribe(CHANNEL, listener);
});
afterEach(() => {
  unsubscribe(CHANNEL, listener);
  jest.useRealTimers();
});

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { privateKey: otherKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = Math.floor(Date.now() / 1000);
const sign = (claims: object = {}, key = privateKey) =>
  jsonwebtoken.sign(
    {
      iss: 'https://osir.com',
      aud: 'https://api.osir.com',
      sub: 'user_9',
      jti: 'j1',
      exp: now + 600,
      ...claims,
    },
    key,
    {
      algorithm: 'RS256',
      noTimestamp: true,
    },
  );

const OUTAGE = new Error('connect ECONNREFUSED 10.0.0.7:5432');
const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', environment: 'live', store });
const tokens = accessTokens({ prefix: 'osirat', store });
const sessions = sessionTokens({ prefix: 'osirsession', store });
const { authenticate, requireScopes, authorize, requireFreshAuth, check } = latchkey({
  extractors: [bearer(), apiKeyHeader(), cookie('sid')],
  verifiers: [
    keys,
    tokens,
    sessions,
    apiKeys({ prefix: 'down', store: { find: () => Promise.reject(OUTAGE) } }),
    jwt({
      issuer: 'https://osir.com',
      audience: 'https://api.osir.com',
      algorithms: ['RS256'],
      key: publicKey,
    }),
  ],
});

const subject = 'acct_42';
const scopes = ['domains:read'];
const disabledKey = async () => {
  const { secret, record } = await keys.issue({ subject, scopes });
  await keys.disable(record.id);
  return secret;
};
const revokedKey = async () => {
  const { secret, record } = await keys.issue({ subject, scopes });
  await keys.revoke(record.id);
  return secret;
};

/**
 * Sends a request to a guard and returns the published decision without its duration and detail.
 */
async function decisionOn(
  guard: Middleware,
  ...headers: readonly string[]
): Promise<Omit<Decision, 'durationMs' | 'detail'>> {
  const { status } = await ask(
    MOUNTS['node:http']!([guard], (_req, res) => res.end()),
    get(...headers),
  );
  expect(published).toHaveLength(1);
  const { durationMs, detail: _, ...decision } = published[0]!;
  expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(durationMs).toBeLessThan(Infinity);
  expect(decision.status ?? 200).toBe(status);
  return decision;
}

const refused = (status: number, reason: Reason, more: Partial<Decision> = {}) => ({
  outcome: 'refused',
  status,
  reason,
  ...more,
});

describe('a refusal is published with its reason', () => {
  interface Case {
    readonly guard?: Middleware;
    readonly header: () => string | Promise<string>;
    readonly decision: Omit<Partial<Decision>, 'outcome' | 'reason'> & { readonly status: number };
  }
  const asBearer = (token: string) => `Authorization: Bearer ${token}`;
  const BY_BEARER = { status: 401, extractor: 'bearer' };
  const BY_JWT = { ...BY_BEARER, verifier: 'jwt' };
  const BY_HEADER = { status: 401, extractor: 'api-key-header', verifier: 'api_keys' };
  const USER = { extractor: 'bearer', verifier: 'jwt', subject: 'user_9', credentialId: 'j1' };

  // Every reason that there is, but those that no verifier gives yet.
  const CASES: Record<Exclude<Reason, 'replayed'>, Case> = {
    missing: { header: () => 'X-Other: 1', decision: { status: 401 } },
    multiple: { header: () => 'X-API-Key: a\r\nX-API-Key: b', decision: { status: 400 } },
    malformed: { header: () => asBearer('a b'), decision: BY_BEARER },
    unknown: { header: () => `X-API-Key: ${generateSecret('osir', 'live')}`, decision: BY_HEADER },
    expired: { header: () => asBearer(sign({ exp: now - 60 })), decision: BY_JWT },
    not_yet_valid: { header: () => asBearer(sign({ nbf: now + 60 })), decision: BY_JWT },
    revoked: { header: async () => `X-API-Key: ${await revokedKey()}`, decision: BY_HEADER },
    disabled: { header: async () => `X-API-Key: ${await disabledKey()}`, decision: BY_HEADER },
    bad_signature: { header: () => asBearer(sign({}, otherKey)), decision: BY_JWT },
    bad_issuer: {
      header: () => asBearer(sign({ iss: 'https://evil.example' })),
      decision: BY_BEARER,
    },
    bad_audience: {
      header: () => asBearer(sign({ aud: 'https://other.osir.com' })),
      decision: BY_JWT,
    },
    bad_type: { header: () => asBearer(sign({ nonce: 'n' })), decision: BY_JWT },
    bad_claim: { header: () => asBearer(sign({ sub: '' })), decision: BY_JWT },
    wrong_environment: {
      header: () => `X-API-Key: ${generateSecret('osir', 'test')}`,
      decision: BY_HEADER,
    },
    bad_proof: {
      header: async () =>
        asBearer((await tokens.issue({ subject, scopes, confirmation: { jkt: 'x' } })).secret),
      decision: { ...BY_BEARER, verifier: 'access_tokens' },
    },
    insufficient_scope: {
      guard: requireScopes('domains:write'),
      header: () => asBearer(sign({ scope: 'domains:read' })),
      decision: { ...USER, status: 403 },
    },
    denied: {
      guard: authorize(() => false),
      header: () => asBearer(sign()),
      decision: { ...USER, status: 403 },
    },
    step_up: {
      guard: requireFreshAuth({ maxAgeMs: 1 }),
      header: () => asBearer(sign()),
      decision: { ...USER, status: 401 },
    },
    unavailable: {
      header: () => `X-API-Key: ${generateSecret('down', 'live')}`,
      decision: { status: 503, extractor: 'api-key-header', verifier: 'api_keys', error: OUTAGE },
    },
  };

  test.each(Object.entries(CASES))(
    '%s',
    async (reason, { guard = authenticate(), header, decision }) => {
      expect(await decisionOn(guard, await header())).toEqual({
        outcome: 'refused',
        reason,
        ...decision,
      });
    },
  );

  it('and the verifier that said so, if it came to one', async () => {
    const { secret } = await issueExpired(keys, { subject, scopes });
    const answers: [header: string, reason: Reason, more: Partial<Decision>][] = [
      [`X-API-Key: ${secret}`, 'expired', BY_HEADER],
      [`X-API-Key: ${secret}A`, 'malformed', BY_HEADER],
      [`X-API-Key: ${'a'.repeat(513)}`, 'malformed', { extractor: 'api-key-header' }],
      ['Cookie: sid=abc', 'unknown', { extractor: 'cookie' }],
    ];
    for (const [header, reason, more] of answers) {
      published = [];
      expect(await decisionOn(authenticate(), header)).toEqual(refused(401, reason, more));
    }
  });

  it('a policy that could not decide, with its own error', async () => {
    const boom = new Error('the tenant service is down');
    const { secret, record } = await keys.issue({ subject, scopes });
    const guard = authorize(() => Promise.reject(boom));
    const decision = await decisionOn(guard, `X-API-Key: ${secret}`);
    expect(decision).toEqual(
      refused(503, 'unavailable', {
        ...{ extractor: 'api-key-header', verifier: 'api_keys', credentialId: record.id, subject },
        error: boom,
      }),
    );
    expect(decision.error).toBe(boom);
  });
});

describe('a decision is published', () => {
  it('on who was let through', async () => {
    const { secret, record } = await keys.issue({ subject, scopes });
    const expected = {
      outcome: 'authenticated',
      extractor: 'bearer',
      verifier: 'api_keys',
      credentialId: record.id,
      subject,
    };
    expect(
      await decisionOn(requireScopes('domains:read'), `Authorization: Bearer ${secret}`),
    ).toEqual(expected);
    published = [];
    // From the cache as from the store.
    expect(
      await decisionOn(requireScopes('domains:read'), `Authorization: Bearer ${secret}`),
    ).toEqual(expected);
  });

  it('on a session, by its cookie', async () => {
    const { secret, record } = await sessions.issue({ subject, scopes });
    expect(await decisionOn(authenticate(), `Cookie: sid=${secret}`)).toEqual({
      outcome: 'authenticated',
      ...{ extractor: 'cookie', verifier: 'session_tokens', credentialId: record.id, subject },
    });
  });

  it('for a token without an ID', async () => {
    expect(
      await decisionOn(authenticate(), `Authorization: Bearer ${sign({ jti: undefined })}`),
    ).toEqual({
      outcome: 'authenticated',
      ...{ extractor: 'bearer', verifier: 'jwt', subject: 'user_9' },
    });
  });

  it('on an anonymous request, and that is all', async () => {
    expect(await decisionOn(authenticate({ optional: true }))).toEqual({ outcome: 'anonymous' });
  });

  it('by check() too', async () => {
    await check({ headers: {} });
    await check({ headers: {} }, { scopes: ['domains:read'] });
    expect(published).toEqual([
      { outcome: 'anonymous', durationMs: expect.any(Number) },
      { outcome: 'refused', status: 401, reason: 'missing', durationMs: expect.any(Number) },
    ]);
  });

  it('by each guard in the way of a request', async () => {
    const { secret } = await keys.issue({ subject, scopes });
    const guards = [
      authenticate(),
      requireScopes('domains:read'),
      requireScopes('domains:write'),
      authorize(() => true),
    ];
    await ask(
      MOUNTS['node:http']!(guards, (_req, res) => res.end()),
      get(`X-API-Key: ${secret}`),
    );
    expect(published.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['authenticated', undefined],
      ['authenticated', undefined],
      ['refused', 'insufficient_scope'],
    ]);
  });

  it('with how long it took', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const verify = async () => {
      jest.advanceTimersByTime(250);
      return { ok: false, reason: 'unknown' } as const;
    };
    const slow = latchkey({ verifiers: [{ name: 'slow', accepts: () => true, verify }] });
    await slow.check({ headers: { authorization: 'Bearer x' } });
    expect(published).toEqual([
      refused(401, 'unknown', { extractor: 'bearer', verifier: 'slow', durationMs: 250 }),
    ]);
  });

  it('without a secret in it', async () => {
    const issued = [
      await keys.issue({ subject, scopes }),
      await tokens.issue({ subject, scopes }),
      await sessions.issue({ subject, scopes }),
    ];
    const secrets = [
      ...issued.map(({ secret }) => secret),
      sign(),
      sign({}, otherKey),
      await revokedKey(),
      generateSecret('down', 'live'),
    ];
    for (const secret of secrets) {
      await check({ headers: { authorization: `Bearer ${secret}` } }, { scopes: ['domains:read'] });
      await check({ headers: { 'x-api-key': secret } }, { scopes: ['domains:write'] });
      await check({ headers: { cookie: `sid=${secret}` }, method: 'GET' }, { scopes: [] });
    }
    expect(published).toHaveLength(secrets.length * 3);
    const told =
      inspect(published, { depth: Infinity, showHidden: true }) + JSON.stringify(published);
    expect(
      secrets.filter((secret) => told.includes(secret) || told.includes(secret.slice(-20))),
    ).toEqual([]);
  });
});

describe('where nobody listens', () => {
  it('nothing begins, and nothing is published', async () => {
    unsubscribe(CHANNEL, listener);
    expect(startOfDecision()).toBeUndefined();
    await check({ headers: { authorization: 'Bearer x' } });
    subscribe(CHANNEL, listener);
    expect(startOfDecision()).toEqual(expect.any(Number));
    expect(published).toEqual([]);
  });

  it('a decision that began before anyone listened is not published', async () => {
    unsubscribe(CHANNEL, listener);
    const verify = async () => {
      subscribe(CHANNEL, listener);
      return { ok: false, reason: 'unknown' } as const;
    };
    const late = latchkey({ verifiers: [{ name: 'late', accepts: () => true, verify }] });
    await late.check({ headers: { authorization: 'Bearer x' } });
    expect(published).toEqual([]);
  });
});

describe('NODE_DEBUG=latchkey', () => {
  const program = (subjectOfPrincipal: string) => `
    import { latchkey } from 'latchkey';
    const principal = { kind: 'api_key', verifier: 'own', subject: ${JSON.stringify(subjectOfPrincipal)}, credentialId: 'k1', scopes: ['a'], claims: {} };
    const own = {
      name: 'own',
      accepts: () => true,
      verify({ token }) {
        if (token === 'down') throw new Error('connect\\nECONNREFUSED');
        return token === 'good' ? { ok: true, principal } : { ok: false, reason: 'unknown' };
      },
    };
    const { check } = latchkey({ verifiers: [own] });
    for (const headers of [{}, { authorization: 'Bearer bad' }, { 'x-api-key': 'down' }, { 'x-api-key': 'good' }]) {
      await check({ headers }, { scopes: ['b'] });
    }
    await check({ headers: {} });
    await check({ headers: { 'x-api-key': 'good' } }, { scopes: ['a'] });
  `;
  const lines = (output: string) =>
    output.split('\n').map((line) => line.replace(/^LATCHKEY \d+: /, ''));

  it('prints one line a refusal, and nothing of who was let through', async () => {
    expect(lines(await runProgram(program('acct_42'), { NODE_DEBUG: 'latchkey' }))).toEqual([
      '401 missing extractor=- verifier=- credential=- subject=-',
      '401 unknown extractor=bearer verifier=own credential=- subject=-',
      '503 unavailable extractor=api-key-header verifier=own credential=- subject=- error="connect\\nECONNREFUSED"',
      '403 insufficient_scope extractor=api-key-header verifier=own credential=k1 subject=acct_42',
      '',
    ]);
  }, 30_000);

  it('prints one line whatever a subject holds', async () => {
    const output = await runProgram(program('a\nLATCHKEY 1: 200 forged\u001b[2K'), {
      NODE_DEBUG: 'latchkey',
    });
    expect(output.split('\n')).toHaveLength(5);
    // eslint-disable-next-line no-control-regex -- no terminal shall obey what a token says
    expect(output.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/);
  }, 30_000);

  it('prints nothing if it is not set', async () => {
    expect(await runProgram(program('acct_42'), { NODE_DEBUG: 'http' })).not.toContain('LATCHKEY');
  }, 30_000);
});

describe('the detail of a rejection', () => {
  const verifier = ownVerifier();
  const own = latchkey({ verifiers: [verifier] });
  const request = { headers: { authorization: 'Bearer token' } };

  it('is published with the decision and absent from the refusal', async () => {
    verifier.verify.mockReturnValue({
      ok: false,
      reason: 'bad_claim',
      detail: 'sub is not a string',
    });
    const result = await own.check(request, { scopes: [] });
    expect(published).toEqual([
      expect.objectContaining({ reason: 'bad_claim', detail: 'sub is not a string' }),
    ]);
    expect(JSON.stringify(result)).not.toContain('sub is not a string');
  });

  it('must be a string', async () => {
    verifier.verify.mockReturnValue({ ok: false, reason: 'bad_claim', detail: 7 as never });
    expect(await own.check(request, { scopes: [] })).toMatchObject({ refusal: { status: 503 } });
  });
});

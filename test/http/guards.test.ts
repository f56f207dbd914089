import type { IncomingMessage } from 'node:http';

import { latchkey, type Middleware, type Policy, type Principal } from 'latchkey';

import { type FreshAuthOptions, requireFreshLogin } from '../../src/http/guards';
import { MOUNTS } from '../support/servers';
import { ask, get, valuesOf } from './ask';

const principal: Principal = {
  kind: 'access_token',
  verifier: 'own',
  subject: 'acct_42',
  scopes: ['a', 'b'],
  claims: {},
};
const BEARER = get('Authorization: Bearer good');
const SCOPE_REFUSED =
  'Bearer realm="api", error="insufficient_scope", error_description="The request requires higher privileges", scope=';

/** Guards before which `good` comes from this principal. */
const guardsOf = (whole: Principal = principal) =>
  latchkey({
    timeoutMs: 50,
    verifiers: [
      {
        name: 'own',
        accepts: () => true,
        verify: ({ token }) =>
          token === 'good' ? { ok: true, principal: whole } : { ok: false, reason: 'unknown' },
      },
    ],
  });
const behind = (guard: Middleware, mount = MOUNTS['node:http']!) =>
  mount([guard], (_req, res) => res.end('passed'));

describe('requireScopes and requireAnyScope', () => {
  test.each([
    ['requireScopes', ['a'], true],
    ['requireScopes', ['b', 'a'], true],
    ['requireScopes', ['a', 'a'], true],
    ['requireScopes', ['c'], false],
    ['requireScopes', ['a', 'c'], false],
    ['requireScopes', ['c', 'a'], false],
    ['requireScopes', ['A'], false],
    ['requireScopes', ['a:b'], false],
    ['requireAnyScope', ['a'], true],
    ['requireAnyScope', ['c', 'b'], true],
    ['requireAnyScope', ['b', 'c'], true],
    ['requireAnyScope', ['c'], false],
    ['requireAnyScope', ['c', 'd'], false],
  ] as const)('%s of %j lets a holder of a and b through: %s', async (name, scopes, passes) => {
    const [first, ...others] = scopes;
    const answer = await ask(behind(guardsOf()[name](first, ...others)), BEARER);
    if (passes) {
      expect(answer).toMatchObject({ status: 200, body: 'passed' });
    } else {
      expect(answer).toMatchObject({
        status: 403,
        body: '{"error":"forbidden","message":"Insufficient permissions for this action"}',
      });
      expect(valuesOf(answer, 'WWW-Authenticate')).toEqual([
        `${SCOPE_REFUSED}"${scopes.join(' ')}"`,
      ]);
    }
  });

  it('keep the scopes that they were created with, even if the list changes later', async () => {
    const scopes: [string, ...string[]] = ['c'];
    const guard = guardsOf().requireScopes(...scopes);
    scopes[0] = 'a';
    expect(await ask(behind(guard), BEARER)).toMatchObject({ status: 403 });
  });
});

describe.each(Object.entries(MOUNTS))('authorize on %s', (_name, mount) => {
  const PASSED = { status: 200, body: 'passed', challenges: [] };
  const FORBIDDEN = {
    status: 403,
    body: '{"error":"forbidden","message":"Insufficient permissions for this action"}',
    challenges: [],
  };
  const UNAVAILABLE = {
    status: 503,
    body: '{"error":"service_unavailable","message":"Authentication is temporarily unavailable"}',
    challenges: [],
  };
  const asked = async (policy: unknown, request = BEARER) => {
    const answer = await ask(
      behind(guardsOf().authorize(policy as Policy<unknown>), mount),
      request,
    );
    return {
      status: answer.status,
      body: answer.body,
      challenges: valuesOf(answer, 'WWW-Authenticate'),
    };
  };
  const throwing = (value: unknown) => () => {
    throw value;
  };

  test.each<[string, unknown]>([
    ['true', () => true],
    ['a promise of true', async () => true],
    [
      'a promise of another library',
      () => ({ then: (resolve: (value: boolean) => void) => resolve(true) }),
    ],
  ])('lets through by %s', async (_what, policy) => {
    expect(await asked(policy)).toEqual(PASSED);
  });

  test.each<[string, unknown]>([
    ['false', () => false],
    ['a promise of false', async () => false],
    ['nothing', () => {}],
    ['a promise of nothing', async () => {}],
    ['null', () => null],
    ['1', () => 1],
    ['a string', () => 'true'],
    ['an empty object', () => ({})],
    ['a Boolean object', () => new Boolean(true)],
    ['a list', () => [true]],
    ['a function', () => () => true],
    ['a promise of 1', async () => 1],
    ['a promise of an object', async () => ({ allowed: true })],
    ['an object whose then is no function', () => ({ then: true })],
  ])('treats %s as a denial', async (_what, policy) => {
    expect(await asked(policy)).toEqual(FORBIDDEN);
  });

  test.each<[string, unknown]>([
    ['throws an error', throwing(new Error('boom'))],
    ['throws null', throwing(null)],
    ['throws undefined', throwing(undefined)],
    ['throws true', throwing(true)],
    ['rejects with an error', () => Promise.reject(new Error('boom'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a policy must not do, and might
    ['rejects with null', () => Promise.reject(null)],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a policy must not do, and might
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['never settles', () => new Promise(() => {})],
    ['answers what throws when it is awaited', () => ({ then: throwing(new Error('boom')) })],
    [
      'answers what throws when it is looked at',
      () => Object.defineProperty({}, 'then', { get: throwing(new Error('boom')) }),
    ],
  ])('cannot decide by a policy that %s', async (_what, policy) => {
    expect(await asked(policy)).toEqual(UNAVAILABLE);
  });

  it('does not call its policy for a request without a valid credential', async () => {
    const askedAbout: Principal[] = [];
    const policy = (who: Principal) => askedAbout.push(who) > 0;
    expect(await asked(policy, get())).toMatchObject({ status: 401 });
    expect(await asked(policy, get('Authorization: Bearer bad'))).toMatchObject({ status: 401 });
    expect(askedAbout).toEqual([]);
  });

  it('calls its policy once, with the principal and the request', async () => {
    const askedAbout: Principal[] = [];
    const policy = (who: Principal, req: IncomingMessage) =>
      askedAbout.push(who) > 0 && req.headers['x-tenant'] === 'acme';
    expect(await asked(policy, get('Authorization: Bearer good', 'X-Tenant: acme'))).toEqual(
      PASSED,
    );
    expect(askedAbout).toEqual([principal]);
    expect(await asked(policy, get('Authorization: Bearer good', 'X-Tenant: other'))).toEqual(
      FORBIDDEN,
    );
  });

  it('is not moved by a yes that comes after the deadline', async () => {
    let reached = 0;
    let settled: Promise<boolean> | undefined;
    const late = () => (settled = new Promise<boolean>((resolve) => setTimeout(resolve, 80, true)));
    const app = mount([guardsOf().authorize(late)], (_req, res) => {
      reached++;
      res.end('passed');
    });
    expect(await ask(app, BEARER)).toMatchObject({ status: 503, body: UNAVAILABLE.body });
    await settled;
    expect(reached).toBe(0);
  });
});

describe('requireFreshAuth', () => {
  const NOW = 1_700_000_000_500;
  beforeEach(() =>
    jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout'],
    }),
  );
  afterEach(() => jest.useRealTimers());

  const STEP_UP = { reason: 'step_up' };
  const DENIED = { reason: 'denied' };
  const rule = (
    options: FreshAuthOptions,
    claims: Principal['claims'],
    whose: Partial<Principal> = {},
  ) => requireFreshLogin(options)({ ...principal, ...whose, claims }, undefined);
  const seconds = (ms: number) => ms / 1_000;

  test.each<[string, FreshAuthOptions, Principal['claims']]>([
    ['now', { maxAgeMs: 300_000 }, { auth_time: seconds(NOW) }],
    ['as long ago as is allowed', { maxAgeMs: 300_000 }, { auth_time: seconds(NOW - 300_000) }],
    [
      'recently, in the way that is asked for',
      { maxAgeMs: 1_000, acrValues: ['urn:mfa'] },
      { auth_time: seconds(NOW), acr: 'urn:mfa' },
    ],
    [
      'in one of the ways that are asked for',
      { acrValues: ['urn:mfa', 'urn:hw'] },
      { acr: 'urn:hw' },
    ],
    [
      'in the way that is asked for, long ago',
      { acrValues: ['urn:mfa'] },
      { acr: 'urn:mfa', auth_time: 0 },
    ],
    ['a little ahead of our clock', { maxAgeMs: 1_000 }, { auth_time: seconds(NOW + 300_000) }],
    [
      'recently, in no known way',
      { maxAgeMs: 1_000 },
      { auth_time: seconds(NOW), acr: 'urn:password' },
    ],
  ])('lets through who logged in %s', (_when, options, claims) => {
    expect(rule(options, claims)).toBeUndefined();
  });

  test.each<[string, FreshAuthOptions, Principal['claims']]>([
    ['a moment too long ago', { maxAgeMs: 300_000 }, { auth_time: seconds(NOW - 300_001) }],
    ['too far ahead of our clock', { maxAgeMs: 300_000 }, { auth_time: seconds(NOW + 300_001) }],
    ['at a time in milliseconds', { maxAgeMs: 300_000 }, { auth_time: NOW }],
    ['at no known time', { maxAgeMs: 300_000 }, {}],
    ['at a time that is a string', { maxAgeMs: 300_000 }, { auth_time: String(seconds(NOW)) }],
    ['at a time that is null', { maxAgeMs: 300_000 }, { auth_time: null }],
    ['at a time that is a list', { maxAgeMs: 300_000 }, { auth_time: [seconds(NOW)] }],
    ['in 1970', { maxAgeMs: 300_000 }, { auth_time: 0 }],
    ['in no known way', { acrValues: ['urn:mfa'] }, {}],
    ['in another way', { acrValues: ['urn:mfa'] }, { acr: 'urn:password' }],
    ['in a way of other case', { acrValues: ['urn:mfa'] }, { acr: 'URN:MFA' }],
    ['in several ways, which is no acr', { acrValues: ['urn:mfa'] }, { acr: ['urn:mfa'] }],
    [
      'in the right way, too long ago',
      { maxAgeMs: 1_000, acrValues: ['urn:mfa'] },
      { acr: 'urn:mfa', auth_time: 0 },
    ],
    [
      'recently, in the wrong way',
      { maxAgeMs: 1_000, acrValues: ['urn:mfa'] },
      { acr: 'urn:pin', auth_time: seconds(NOW) },
    ],
  ])('requires another login from a user who logged in %s', (_when, options, claims) => {
    expect(rule(options, claims)).toEqual(STEP_UP);
  });

  test.each<[string, Partial<Principal>, { reason: string }]>([
    ['a user’s access token', { kind: 'access_token' }, STEP_UP],
    ['a user’s access token from a client', { kind: 'access_token', clientId: 'app' }, STEP_UP],
    [
      'a client’s own access token',
      { kind: 'access_token', subject: 'app', clientId: 'app' },
      DENIED,
    ],
    ['an API key', { kind: 'api_key' }, DENIED],
    ['a session token', { kind: 'session_token' }, DENIED],
    ['a kind of your own', { kind: 'device' }, DENIED],
  ])('challenges only users who can log in again: %s', (_whose, whole, ruling) => {
    expect(rule({ maxAgeMs: 0 }, {}, whole)).toEqual(ruling);
  });

  test.each<[FreshAuthOptions, string]>([
    [{ maxAgeMs: 300_000 }, 'max_age="300"'],
    [{ maxAgeMs: 0 }, 'max_age="0"'],
    [{ maxAgeMs: 1_999 }, 'max_age="1"'],
    [{ acrValues: ['urn:mfa'] }, 'acr_values="urn:mfa"'],
    [
      { acrValues: ['urn:mfa', 'urn:hw'], maxAgeMs: 60_000 },
      'acr_values="urn:mfa urn:hw", max_age="60"',
    ],
  ])('of %j says so in its challenge', async (options, parameters) => {
    const answer = await ask(behind(guardsOf().requireFreshAuth(options)), BEARER);
    expect(answer).toMatchObject({
      status: 401,
      body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
    });
    expect(valuesOf(answer, 'WWW-Authenticate')).toEqual([
      `Bearer realm="api", error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required", ${parameters}`,
    ]);
  });

  it('lets a fresh login through over HTTP', async () => {
    const fresh = guardsOf({ ...principal, claims: { auth_time: seconds(NOW) } });
    expect(await ask(behind(fresh.requireFreshAuth({ maxAgeMs: 1_000 })), BEARER)).toMatchObject({
      status: 200,
      body: 'passed',
    });
  });
});

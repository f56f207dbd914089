import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import type { ErrorRequestHandler } from 'express';
import { memoryStore } from 'latchkey';
import type { OAuthRefusal } from 'latchkey/authorization-server';

import { toRefusal } from '../../src/authorization-server/refusals';
import { runProgram } from '../http/child';
import { Browser, type Page } from '../support/browser';
import { confirm, DEVICE_CLIENT, DEVICE_CODE, startDevice } from '../support/devices';
import {
  CALLBACK,
  type Issuing,
  type IssuingOptions,
  logIn,
  startIssuing,
  WEB_CLIENT,
} from '../support/issuing';

const CHANNEL = 'latchkey:oauth-refusal';

/** What is told while something is done. */
async function toldOf(action: () => Promise<unknown>): Promise<OAuthRefusal[]> {
  const told: OAuthRefusal[] = [];
  const listen = (message: unknown) => void told.push(message as OAuthRefusal);
  subscribe(CHANNEL, listen);
  await action().finally(() => unsubscribe(CHANNEL, listen));
  return told;
}

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => {
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('an operator learns why a request was refused', () => {
  let issuing: Issuing;
  beforeAll(async () => {
    issuing = await startIssuing();
  });
  afterAll(() => issuing.close());

  const token = (parameters: Readonly<Record<string, string>>) =>
    issuing.post('/oauth/token', parameters);

  it('at the token endpoint, with more detail than the client receives', async () => {
    const { client, credentials, tokens } = await issuing.grant();
    const refresh = {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token as string,
      ...credentials,
    };
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    const told = await toldOf(async () => {
      await token({ ...refresh, client_id: 'nobody' });
      await token({ ...refresh, client_secret: 'wrong' });
      await token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: 'https://app.example/other',
        ...credentials,
      });
      await token({ grant_type: 'client_credentials', ...credentials });
      await token(refresh);
      await token(refresh);
      await token({ grant_type: 'client_credentials' });
      await issuing.post('/oauth/token', {}, { 'content-type': 'text/plain' });
      await fetch(`${issuing.origin}/oauth/token`);
    });
    const { clientId } = client;
    const at = { endpoint: 'token', cause: undefined };
    const refreshing = { ...at, clientId, grantType: 'refresh_token' };
    expect(told).toEqual([
      {
        ...at,
        status: 401,
        error: 'invalid_client',
        reason: 'client not found',
        clientId: undefined,
        grantType: 'refresh_token',
      },
      { ...refreshing, status: 401, error: 'invalid_client', reason: 'invalid secret provided' },
      {
        ...refreshing,
        ...{
          grantType: 'authorization_code',
          status: 400,
          error: 'invalid_grant',
          reason: 'authorization code redirect_uri mismatch',
        },
      },
      {
        ...refreshing,
        ...{ grantType: 'client_credentials', status: 400, error: 'unauthorized_client' },
        reason: 'requested grant type is not allowed for this client',
      },
      { ...refreshing, status: 400, error: 'invalid_grant', reason: 'refresh token already used' },
      {
        ...{
          ...at,
          status: 401,
          error: 'invalid_client',
          reason: 'client authentication is missing or malformed',
        },
        ...{ clientId: undefined, grantType: undefined },
      },
      {
        ...at,
        status: 400,
        error: 'invalid_request',
        reason: expect.stringContaining('content-type'),
        clientId: undefined,
        grantType: undefined,
      },
      {
        ...at,
        status: 405,
        error: 'invalid_request',
        reason: 'the method must be one of POST',
        clientId: undefined,
        grantType: undefined,
      },
    ]);
    const secrets = [
      credentials.client_secret,
      code,
      tokens.refresh_token,
      tokens.access_token,
    ] as string[];
    for (const secret of secrets) {
      expect(inspect(told, { depth: 9 })).not.toContain(secret);
    }
  });

  it('at the other endpoints, and on the pages', async () => {
    const [mine, other] = [await issuing.grant(), await issuing.grant()];
    const told = await toldOf(async () => {
      await new Browser().open(issuing.authorizeUrl(mine.client, { scope: 'domains:wipe' }));
      await new Browser().open(
        issuing.authorizeUrl(mine.client, { redirect_uri: 'https://evil.example/' }),
      );
      await (
        await logIn(await new Browser().open(issuing.authorizeUrl(mine.client)))
      ).submit({ decision: 'deny' });
      await issuing.post('/oauth/revoke', {
        token: mine.tokens.access_token,
        ...other.credentials,
      });
      await issuing.post('/oauth/introspect', {
        token: mine.tokens.access_token,
        client_id: mine.client.clientId,
      });
      await fetch(`${issuing.origin}/oauth/interaction/made-up`);
      const page = await new Browser().open(issuing.authorizeUrl(mine.client));
      await page.browser.open(page.url.href, {
        method: 'POST',
        body: new URLSearchParams({ username: 'ada', password: 'lovelace' }),
      });
    });
    expect(
      told.map(({ endpoint, status, error, reason, clientId }) => [
        endpoint,
        status,
        error,
        reason,
        clientId,
      ]),
    ).toEqual([
      [
        'authorization',
        400,
        'invalid_scope',
        'the scope is unknown, or the client may not have it',
        mine.client.clientId,
      ],
      ['authorization', 400, 'invalid_redirect_uri', expect.any(String), mine.client.clientId],
      ['authorization', 400, 'access_denied', 'the user did not allow it', mine.client.clientId],
      [
        'revocation',
        400,
        'invalid_request',
        'the token is of another client',
        other.client.clientId,
      ],
      ['introspection', 401, 'invalid_client', expect.any(String), mine.client.clientId],
      [
        'interaction',
        400,
        'invalid_request',
        'This page has expired, or belongs to another browser.',
        undefined,
      ],
      ['interaction', 400, 'invalid_request', 'This form was not sent from our page.', undefined],
    ]);
  });

  it('from what a function of the app threw, which the app’s own error handler has too', async () => {
    const bug = new Error('the table of users is gone');
    const handled: unknown[] = [];
    const after: ErrorRequestHandler = (error, _req, res, _next) => {
      handled.push(error);
      res.status(500).json({ error: 'internal' });
    };
    const own = await startIssuing({ login: () => Promise.reject(bug), after: [after] });
    const { client } = await own.server.clients.register(WEB_CLIENT);
    let text = '';
    const told = await toldOf(async () => {
      ({ text } = await new Browser().open(own.authorizeUrl(client)));
    });
    await own.close();
    expect(told).toEqual([
      {
        ...{ endpoint: 'interaction', status: 500, error: 'server_error', cause: bug },
        ...{ reason: undefined, clientId: undefined, grantType: undefined },
      },
    ]);
    expect([handled, text]).toEqual([[bug], '{"error":"internal"}']);
  });
});

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where the client has its user back. */
  readonly back: URL | undefined;
}
const seenIn = async (response: Response): Promise<Seen> => {
  const location = response.headers.get('location');
  const back = location?.startsWith(CALLBACK) ? new URL(location) : undefined;
  return { status: response.status, headers: response.headers, text: await response.text(), back };
};
const seenOn = ({ response, text, url }: Page): Seen => ({
  ...{ status: response.status, headers: response.headers, text },
  back: url.href.startsWith(CALLBACK) ? url : undefined,
});

it('a bug in oidc-provider is reported as it is, and to the client as server_error', () => {
  const bug = new Error('x is not a function');
  const context = {
    oidc: { route: 'token', params: {}, client: undefined },
  } as unknown as Parameters<typeof toRefusal>[0];
  expect(toRefusal(context, bug)).toEqual({
    ...{ endpoint: 'token', status: 500, error: 'server_error', cause: bug },
    ...{ reason: undefined, clientId: undefined, grantType: undefined },
  });
});

describe('NODE_DEBUG=latchkey', () => {
  const PROGRAM = `
    import { createServer } from 'node:http';
    import { accessTokens, memoryStore } from 'latchkey';
    import { authorizationServer } from 'latchkey/authorization-server';
    const memory = memoryStore();
    let isDown = false;
    const store = { ...memory, insert: (record) => (isDown ? Promise.reject(new Error('no\\nroute')) : memory.insert(record)) };
    const app = createServer((req, res) => server.middleware(req, res, () => res.end())).listen(0, '127.0.0.1');
    await new Promise((resolve) => app.on('listening', resolve));
    const origin = 'http://127.0.0.1:' + app.address().port;
    const server = authorizationServer({ issuer: origin, store, scopes: ['a'], tokens: accessTokens({ store, prefix: 'token' }) });
    const { client, secret } = await server.clients.register({ name: 'Nightly', scopes: ['a'], clientId: 'nightly' });
    const ask = (parameters) => fetch(origin + '/oauth/token', { method: 'POST', body: new URLSearchParams(parameters), headers: { connection: 'close' } });
    await ask({ grant_type: 'a\\nLATCHKEY 1: forged', client_id: 'nightly', client_secret: secret });
    await ask({ grant_type: 'client_credentials', client_id: 'nightly', client_secret: 'wrong' });
    isDown = true;
    await ask({ grant_type: 'client_credentials', client_id: 'nightly', client_secret: secret });
    await fetch(origin + '/oauth/token');
    app.close();
  `;

  it('prints one line a refusal, whatever a client sent', async () => {
    const output = await runProgram(PROGRAM, { NODE_DEBUG: 'latchkey' });
    const lines = output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('oidc-provider'));
    expect(lines.map((line) => line.replace(/^LATCHKEY \d+: /, ''))).toEqual([
      '400 unsupported_grant_type endpoint=token client=nightly grant_type=- reason="unsupported grant_type requested"',
      '401 invalid_client endpoint=token client=nightly grant_type=client_credentials reason="invalid secret provided"',
      '503 temporarily_unavailable endpoint=token client=nightly grant_type=client_credentials reason="no\\nroute" cause="no\\nroute"',
      '405 invalid_request endpoint=token client=- grant_type=- reason="the method must be one of POST"',
    ]);
  }, 30_000);
});

/** What an outage may do to a request of each endpoint, from its first step to its last. */
const REQUESTS: Readonly<
  Record<string, (issuing: Issuing, breakDown: () => void) => Promise<Seen>>
> = {
  async code(issuing, breakDown) {
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    breakDown();
    return post(issuing, '/oauth/token', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
      ...{ client_id: client.clientId, client_secret: secret },
    });
  },
  async refresh(issuing, breakDown) {
    const { tokens, credentials } = await issuing.grant();
    breakDown();
    return post(issuing, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
  },
  async 'client credentials'(issuing, breakDown) {
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    breakDown();
    return post(issuing, '/oauth/token', {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: secret,
    });
  },
  async revocation(issuing, breakDown) {
    const { tokens, credentials } = await issuing.grant();
    breakDown();
    return post(issuing, '/oauth/revoke', { token: tokens.refresh_token, ...credentials });
  },
  async introspection(issuing, breakDown) {
    const { tokens, credentials } = await issuing.grant();
    breakDown();
    return post(issuing, '/oauth/introspect', { token: tokens.access_token, ...credentials });
  },
  async authorization(issuing, breakDown) {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    breakDown();
    return seenIn(
      await fetch(issuing.authorizeUrl(client, { state: 'xyz' }), {
        redirect: 'manual',
        headers: CLOSE,
      }),
    );
  },
  async login(issuing, breakDown) {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const page = await new Browser().open(issuing.authorizeUrl(client));
    breakDown();
    return seenOn(await logIn(page));
  },
  async consent(issuing, breakDown) {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const page = await logIn(await new Browser().open(issuing.authorizeUrl(client)));
    breakDown();
    return seenOn(await page.submit({ decision: 'allow' }));
  },
  async 'device authorization'(issuing, breakDown) {
    const { client } = await issuing.server.clients.register(DEVICE_CLIENT);
    breakDown();
    return post(issuing, '/oauth/device_authorization', { client_id: client.clientId });
  },
  async 'the code of a device'(issuing, breakDown) {
    const { body } = await startDevice(issuing);
    const page = await new Browser().open(`${issuing.origin}/oauth/device`);
    breakDown();
    return seenOn(await page.submit({ user_code: body.user_code as string }));
  },
  async 'the confirmation of a device'(issuing, breakDown) {
    const page = await (await startDevice(issuing)).enter();
    breakDown();
    return seenOn(await confirm(page));
  },
  async 'the end of a device'(issuing, breakDown) {
    const page = await (await startDevice(issuing)).enter();
    breakDown();
    return seenOn(await page.submit({ abort: 'yes' }));
  },
  async 'the login for a device'(issuing, breakDown) {
    const page = await confirm(await (await startDevice(issuing)).enter());
    breakDown();
    return seenOn(await logIn(page));
  },
  async 'the consent to a device'(issuing, breakDown) {
    const page = await (await startDevice(issuing)).reachConsent();
    breakDown();
    return seenOn(await page.submit({ decision: 'allow' }));
  },
  async 'the denial of a device'(issuing, breakDown) {
    const page = await (await startDevice(issuing)).reachConsent();
    breakDown();
    return seenOn(await page.submit({ decision: 'deny' }));
  },
  async 'the tokens of a device'(issuing, breakDown) {
    const { connect, credentials, body } = await startDevice(issuing);
    await connect();
    breakDown();
    return post(issuing, '/oauth/token', {
      ...{ grant_type: DEVICE_CODE, device_code: body.device_code as string, ...credentials },
    });
  },
};
const CLOSE = { connection: 'close' };
const post = async (issuing: Issuing, path: string, parameters: Readonly<Record<string, string>>) =>
  seenIn(
    await fetch(`${issuing.origin}${path}`, {
      method: 'POST',
      headers: CLOSE,
      body: new URLSearchParams(parameters),
    }),
  );

const METHODS = [
  'find',
  'findById',
  'insert',
  'get',
  'setIfAbsent',
  'set',
  'getAndDelete',
  'revoke',
  'revokeAll',
] as const;
const fault = new Error('connect ECONNREFUSED 10.0.0.7:6379');
const FAULTS = {
  rejects: () => Promise.reject(fault),
  throws: () => {
    throw fault;
  },
} as const;

/** A server whose store fails in one method, after `breakDown()` and before `repair()`. */
async function startFailing(
  method: (typeof METHODS)[number],
  fail: () => unknown,
): Promise<Issuing & { breakDown: () => void; repair: () => void; failures: () => number }> {
  const store = memoryStore();
  let isBroken = false;
  let failures = 0;
  const call = store[method].bind(store) as (...args: unknown[]) => unknown;
  const failing = (...args: unknown[]) => (isBroken ? (failures++, fail()) : call(...args));
  const options: IssuingOptions = { store: { ...store, [method]: failing }, deviceFlow: true };
  return {
    ...(await startIssuing(options)),
    breakDown: () => void (isBroken = true),
    repair: () => {
      isBroken = false;
      failures = 0;
    },
    failures: () => failures,
  };
}
type Failing = Awaited<ReturnType<typeof startFailing>>;

describe.each(
  METHODS.flatMap((method) =>
    Object.keys(FAULTS).map((how) => [method, how as keyof typeof FAULTS] as const),
  ),
)('a store whose %s() %s in the middle of a request', (method, how) => {
  let issuing: Failing;
  beforeAll(async () => {
    issuing = await startFailing(method, FAULTS[how]);
  });
  afterEach(() => issuing.repair());
  afterAll(() => issuing.close());

  test.each(Object.entries(REQUESTS))(
    'lets %s succeed without it, or causes a 503 and notifies the operator of the cause',
    async (_what, request) => {
      let seen!: Seen;
      const told = await toldOf(async () => {
        seen = await request(issuing, issuing.breakDown);
      });
      const { status, headers, text, back } = seen;
      if (issuing.failures() === 0) {
        return expect([told, status < 400]).toEqual([[], true]);
      }
      expect(told).toEqual([
        expect.objectContaining({ status: 503, error: 'temporarily_unavailable', cause: fault }),
      ]);
      expect(JSON.stringify([text, ...headers])).not.toContain('10.0.0.7');
      if (back) {
        expect(Object.fromEntries(back.searchParams)).toMatchObject({
          error: 'temporarily_unavailable',
        });
      } else {
        expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      }
    },
  );
});

describe.each(['find', 'findById', 'get'] as const)(
  'a store whose %s() returns an invalid value',
  (method) => {
    const OTHERS = ['revocation', 'introspection'];
    const INVALID = [{}, 'yesterday', 7, { kind: 'oauth_client', clientId: 'x', revokedAt: null }];
    let answer: unknown;
    let issuing: Failing;
    beforeAll(async () => {
      issuing = await startFailing(method, () => Promise.resolve(answer));
    });
    afterAll(() => issuing.close());

    test.each(Object.keys(REQUESTS).filter((what) => !OTHERS.includes(what)))(
      'causes a 503 for %s, and the client is not blamed',
      async (what) => {
        for (answer of INVALID) {
          issuing.repair();
          const { status, back } = await (REQUESTS[what] as (typeof REQUESTS)[string])(
            issuing,
            issuing.breakDown,
          );
          if (issuing.failures() === 0) {
            continue;
          }
          if (back) {
            expect([answer, back.searchParams.get('error')]).toEqual([
              answer,
              'temporarily_unavailable',
            ]);
          } else {
            expect([answer, status]).toEqual([answer, 503]);
          }
        }
      },
    );
  },
);

import { generateKeyPairSync } from 'node:crypto';

import { memoryStore, type StateStore } from 'latchkey';

import {
  CALLBACK,
  type Granted,
  type Issuing,
  type IssuingOptions,
  startIssuing,
  WEB_CLIENT,
} from '../support/issuing';

const keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] as const;

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as Readonly<
    Record<string, unknown>
  >;

describe.each<[form: string, options: IssuingOptions]>([
  ['opaque tokens', {}],
  ['JWTs', { tokens: { keys } }],
])('of %s', (_form, options) => {
  let issuing: Issuing;
  beforeAll(async () => {
    issuing = await startIssuing(options);
  });
  afterAll(() => issuing.close());

  const refresh = ({ credentials, tokens }: Granted) =>
    issuing.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
  const revoke = (token: string, credentials: Readonly<Record<string, string>>, hint?: string) =>
    issuing.post('/oauth/revoke', {
      token,
      ...credentials,
      ...(hint !== undefined && { token_type_hint: hint }),
    });
  const introspect = (token: string, credentials: Readonly<Record<string, string>>) =>
    issuing.post('/oauth/introspect', { token, ...credentials });
  const statusesOf = async (granted: Granted) => [
    (await issuing.call(granted.tokens.access_token)).status,
    (await refresh(granted)).status,
  ];

  /** As an operator finds it. */
  const grantIdOf = async ({ client, tokens }: Granted): Promise<string> => {
    if (options.tokens) {
      return claimsOf(tokens.access_token).grant_id as string;
    }
    const [record] = await issuing.tokens.list({ clientId: client.clientId });
    return record?.grantId as string;
  };
  /**
   * A JWT says when it was issued in whole seconds: one of the second of a revocation counts as
   * issued before.
   */
  let aheadMs = 0;
  const nextSecond = () => void (aheadMs += 1_000);
  beforeAll(() => {
    const now = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
  });
  afterAll(() => jest.restoreAllMocks());

  it('responds to a revocation with an empty body without a media type', async () => {
    const issuing = await startIssuing();
    const { tokens, credentials } = await issuing.grant();
    const { status, headers, body } = await issuing.post('/oauth/revoke', {
      token: tokens.access_token,
      ...credentials,
    });
    expect([status, headers.get('content-type'), headers.get('content-length'), body]).toEqual([
      200,
      null,
      '0',
      '',
    ]);
    await issuing.close();
  });

  describe('the app revokes', () => {
    afterEach(nextSecond);

    it('all of a subject, on every grant, and lets the user come again', async () => {
      const [one, two] = [await issuing.grant(), await issuing.grant()];
      await issuing.server.revoke({ subject: 'acct_42' });
      expect([await statusesOf(one), await statusesOf(two)]).toEqual([
        [401, 400],
        [401, 400],
      ]);
      nextSecond();
      expect(await statusesOf(await issuing.grant())).toEqual([200, 200]);
    });

    it('all of a client, and leaves the others alone', async () => {
      const [one, other] = [await issuing.grant(), await issuing.grant()];
      await issuing.server.revoke({ clientId: one.client.clientId });
      expect([await statusesOf(one), await statusesOf(other)]).toEqual([
        [401, 400],
        [200, 200],
      ]);
      const code = (await issuing.authorize(one.client)).searchParams.get('code') as string;
      const again = await issuing.post('/oauth/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        ...one.credentials,
      });
      expect(again.status).toBe(200);
    });

    it('one grant, by the id that its tokens have', async () => {
      const [one, other] = [await issuing.grant(), await issuing.grant()];
      await issuing.server.revoke({ grantId: await grantIdOf(one) });
      expect([await statusesOf(one), await statusesOf(other)]).toEqual([
        [401, 400],
        [200, 200],
      ]);
    });

    test.each<[what: string, whose: unknown, fault: string]>([
      [
        'two of them',
        { subject: 'acct_42', clientId: 'x' },
        'give one of "subject", "clientId" and "grantId"',
      ],
      [
        'one and a misspelt one',
        { subject: 'acct_42', typo: 'x' },
        'unknown option "typo"; allowed are subject, clientId, grantId',
      ],
      ['none', {}, 'give one of "subject", "clientId" and "grantId"'],
      ['nothing', undefined, 'give one of "subject", "clientId" and "grantId"'],
      ['null', null, 'give one of "subject", "clientId" and "grantId"'],
      ['a string', 'acct_42', 'give one of "subject", "clientId" and "grantId"'],
      ['a number', { grantId: 5 }, 'option "grantId" must be a non-empty string'],
      ['an empty string', { subject: '' }, 'option "subject" must be a non-empty string'],
    ])('nothing, and throws, where %s is named', async (_, whose, fault) => {
      const granted = await issuing.grant();
      const revoked = issuing.server.revoke(whose as never);
      await expect(revoked).rejects.toBeInstanceOf(TypeError);
      await expect(revoked).rejects.toThrow(`server.revoke(): ${fault}`);
      expect(await statusesOf(granted)).toEqual([200, 200]);
    });

    it('one, though others be there as undefined', async () => {
      const [one, other] = [await issuing.grant(), await issuing.grant()];
      await issuing.server.revoke({
        clientId: one.client.clientId,
        grantId: undefined,
        subject: undefined,
      } as never);
      expect([await statusesOf(one), await statusesOf(other)]).toEqual([
        [401, 400],
        [200, 200],
      ]);
    });

    it('what is under way: a code of before is worth nothing', async () => {
      const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
      const code = (await issuing.authorize(client)).searchParams.get('code') as string;
      await issuing.server.revoke({ subject: 'acct_42' });
      const answer = await issuing.post('/oauth/token', {
        ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
        ...{ client_id: client.clientId, client_secret: secret },
      });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    });
  });

  it('no token is valid whose grant or client ends while it is issued', async () => {
    const store = memoryStore();
    const after: { use?: () => Promise<unknown>; proof?: () => Promise<unknown> } = {};
    const slow = await startIssuing({
      ...options,
      store: {
        ...store,
        async setIfAbsent(...entry) {
          const isFirst = await store.setIfAbsent(...entry);
          await after.use?.();
          return isFirst;
        },
        async find(digest) {
          const record = await store.find(digest);
          if (record?.kind === 'client_secret') {
            await after.proof?.();
          }
          return record;
        },
      },
    });
    const { client, credentials, tokens } = await slow.grant();
    after.use = async () => {
      await slow.server.revoke({ clientId: client.clientId });
      nextSecond();
    };
    const refreshed = await slow.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
      ...credentials,
    });
    const machine = await slow.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    after.proof = () => slow.server.clients.remove(machine.client.clientId);
    const own = await slow.post('/oauth/token', {
      ...{
        grant_type: 'client_credentials',
        client_id: machine.client.clientId,
        client_secret: machine.secret as string,
      },
    });
    const called = await Promise.all(
      [refreshed, own].map(({ body }) => slow.call(body.access_token)),
    );
    await slow.close();
    expect([refreshed, own].map(({ status }) => status)).toEqual([200, 200]);
    expect(called.map(({ status }) => status)).toEqual([401, 401]);
  });

  describe('the revocation endpoint', () => {
    test.each(['access_token', 'refresh_token', 'nonsense', undefined])(
      'ends the grant of a refresh token, with the hint %s',
      async (hint) => {
        const granted = await issuing.grant();
        const answer = await revoke(granted.tokens.refresh_token, granted.credentials, hint);
        expect([answer.status, answer.body]).toEqual([200, '']);
        expect(await statusesOf(granted)).toEqual([401, 400]);
      },
    );

    it('ends the grant of an access token', async () => {
      const granted = await issuing.grant();
      expect((await revoke(granted.tokens.access_token, granted.credentials)).status).toBe(200);
      expect(await statusesOf(granted)).toEqual([401, 400]);
    });

    it('ends a client’s own token', async () => {
      const { client, secret = '' } = await issuing.server.clients.register({
        name: 'Nightly',
        scopes: ['domains:read'],
      });
      const credentials = { client_id: client.clientId, client_secret: secret };
      const { body } = await issuing.post('/oauth/token', {
        grant_type: 'client_credentials',
        ...credentials,
      });
      expect((await introspect(body.access_token, credentials)).body).toMatchObject({
        active: true,
        sub: client.clientId,
      });
      expect((await revoke(body.access_token, credentials)).status).toBe(200);
      expect((await issuing.call(body.access_token)).status).toBe(401);
      expect((await introspect(body.access_token, credentials)).body).toEqual({ active: false });
    });

    it('responds with 200 to an invalid token, and to one that was revoked before', async () => {
      const granted = await issuing.grant();
      const answers = [
        await revoke('x', granted.credentials),
        await revoke(granted.tokens.access_token, granted.credentials),
        await revoke(granted.tokens.access_token, granted.credentials),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    });

    it('ends no token of another client, and none for a client that does not prove itself', async () => {
      const [mine, other] = [await issuing.grant(), await issuing.grant()];
      expect(await revoke(mine.tokens.access_token, other.credentials)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
      expect(
        await revoke(mine.tokens.access_token, { client_id: mine.client.clientId }),
      ).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
      const open = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
      expect(
        (await revoke(mine.tokens.refresh_token, { client_id: open.client.clientId })).status,
      ).toBe(200);
      expect(await statusesOf(mine)).toEqual([200, 200]);
    });

    test.each(['GET', 'PUT'])('rejects %s', async (method) => {
      expect((await fetch(`${issuing.origin}/oauth/revoke`, { method })).status).toBe(405);
    });
  });

  describe('the introspection endpoint', () => {
    const inactive = { status: 200, body: { active: false } };

    it('describes to a client only its own tokens, and to a resource server all', async () => {
      const { client, credentials, tokens } = await issuing.grant();
      const api = await issuing.server.clients.register({
        name: 'API',
        scopes: [],
        resourceServer: true,
      });
      const expected = {
        active: true,
        sub: 'acct_42',
        client_id: client.clientId,
        scope: 'domains:read domains:write',
        iss: issuing.issuer,
        aud: issuing.issuer,
        iat: expect.any(Number),
        exp: expect.any(Number),
        auth_time: expect.any(Number),
        token_type: 'Bearer',
        ...(options.tokens && {
          jti: claimsOf(tokens.access_token).jti,
          grant_id: claimsOf(tokens.access_token).grant_id,
        }),
      };
      const asApi = { client_id: api.client.clientId, client_secret: api.secret as string };
      expect((await introspect(tokens.access_token, credentials)).body).toEqual(expected);
      expect((await introspect(tokens.access_token, asApi)).body).toEqual(expected);
      expect((await introspect(tokens.refresh_token, credentials)).body).toMatchObject({
        active: true,
        client_id: client.clientId,
      });
    });

    it('describes tokens to no other client, and no token that is no longer valid', async () => {
      const [mine, other] = [await issuing.grant(), await issuing.grant()];
      expect(await introspect(mine.tokens.access_token, other.credentials)).toMatchObject(inactive);
      expect(await introspect('x', mine.credentials)).toMatchObject(inactive);
      expect(await introspect(mine.secret as string, mine.credentials)).toMatchObject(inactive);
      const { body } = await refresh(mine);
      expect(await introspect(mine.tokens.refresh_token, mine.credentials)).toMatchObject(inactive);
      await revoke(body.access_token, mine.credentials);
      for (const token of [mine.tokens.access_token, body.access_token, body.refresh_token]) {
        expect(await introspect(token, mine.credentials)).toMatchObject(inactive);
      }
      expect(
        await introspect(other.tokens.access_token, { client_id: other.client.clientId }),
      ).toMatchObject({ status: 401 });
    });
  });
});

describe('while the store is down', () => {
  const broken = (
    method: keyof StateStore | 'find' | 'findById' | 'insert' | 'revokeAll',
    failure: () => Promise<never>,
  ) => {
    const store = memoryStore();
    let isBroken = false;
    const call = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
    return {
      store: { ...store, [method]: (...args: unknown[]) => (isBroken ? failure() : call(...args)) },
      breakDown: () => void (isBroken = true),
      mend: () => void (isBroken = false),
    };
  };

  test.each([
    ['find', 'fails', () => Promise.reject(new Error('connection refused at 10.0.0.7'))],
    ['findById', 'fails', () => Promise.reject(new Error('connection refused at 10.0.0.7'))],
    ['insert', 'fails', () => Promise.reject(new Error('connection refused at 10.0.0.7'))],
    ['get', 'hangs', () => new Promise<never>(() => {})],
    ['setIfAbsent', 'hangs', () => new Promise<never>(() => {})],
  ] as const)(
    'if %s() %s, the response is 503 and reveals nothing about the client or the store',
    async (method, _, failure) => {
      const { store, breakDown, mend } = broken(method, failure);
      const slow = await startIssuing({ store, timeoutMs: 100 });
      const { credentials, tokens } = await slow.grant();
      const request = () =>
        slow.post('/oauth/token', {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
          ...credentials,
        });
      breakDown();
      const answer = await request();
      expect([answer.status, answer.body, answer.headers.get('retry-after')]).toEqual([
        503,
        {
          error: 'temporarily_unavailable',
          error_description: 'the server cannot respond at the moment',
        },
        '1',
      ]);
      mend();
      const again = await request();
      await slow.close();
      expect(again.status).toBe(method === 'insert' ? 400 : 200);
    },
  );

  describe.each(['revokeAll', 'getAndDelete', 'set'] as const)('where %s() fails', (method) => {
    const fails = () => Promise.reject(new Error('connection refused at 10.0.0.7'));

    test.each(['access_token', 'refresh_token'] as const)(
      'a revocation by %s is 503, and done by the next try',
      async (member) => {
        const { store, breakDown, mend } = broken(method, fails);
        const slow = await startIssuing({ store });
        const { credentials, tokens } = await slow.grant();
        const request = () => slow.post('/oauth/revoke', { token: tokens[member], ...credentials });
        breakDown();
        const answers = [await request()];
        mend();
        answers.push(await request());
        const called = await slow.call(tokens.access_token);
        const refreshed = await slow.post('/oauth/token', {
          ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
          ...credentials,
        });
        await slow.close();
        expect(answers.map(({ status, body }) => [status, body.error])).toEqual([
          [503, 'temporarily_unavailable'],
          [200, undefined],
        ]);
        expect([called.status, refreshed.status]).toEqual([401, 400]);
      },
    );

    it('the reuse of a refresh token is 503, and ends the grant with the next try', async () => {
      const { store, breakDown, mend } = broken(method, fails);
      const slow = await startIssuing({ store });
      const { credentials, tokens } = await slow.grant();
      const request = () =>
        slow.post('/oauth/token', {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
          ...credentials,
        });
      const { body } = await request();
      breakDown();
      const answers = [await request()];
      mend();
      answers.push(await request());
      const called = await slow.call(body.access_token);
      await slow.close();
      expect(answers.map(({ status }) => status)).toEqual([503, 400]);
      expect(called.status).toBe(401);
    });
  });

  it('a user sees a page that says so', async () => {
    const { store, breakDown } = broken('get', () => Promise.reject(new Error('no')));
    const slow = await startIssuing({ store });
    const { client } = await slow.server.clients.register(WEB_CLIENT);
    const { headers } = await fetch(slow.authorizeUrl(client), { redirect: 'manual' });
    breakDown();
    const response = await fetch(new URL(headers.get('location') as string, slow.origin), {
      headers: {
        cookie: headers
          .getSetCookie()
          .map((line) => line.split(';')[0])
          .join('; '),
      },
    });
    const text = await response.text();
    await slow.close();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(text).toContain('<h1>Please try again</h1>');
  });
});

import { memoryStore } from 'latchkey';

import { type Answer, CALLBACK, type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';

const TIMES = 50;

const several = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));
const tally = (answers: readonly Answer[]) => ({
  tokens: answers.filter(({ status }) => status === 200).length,
  refused: answers.filter(({ status, body }) => status === 400 && body.error === 'invalid_grant')
    .length,
});

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing();
});
afterAll(() => issuing.close());

async function newCode() {
  const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
  const code = (await issuing.authorize(client)).searchParams.get('code') as string;
  const request = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    client_id: client.clientId,
    client_secret: secret,
  };
  return { client, exchange: () => issuing.post('/oauth/token', request) };
}
const refresh = (credentials: Readonly<Record<string, string>>, token: string) =>
  issuing.post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: token,
    ...credentials,
  });

describe('a code', () => {
  it('gives one token response of 50 at once, and the reuse ends what that one gave', async () => {
    const { exchange } = await newCode();
    const answers = await several(TIMES, exchange);
    expect(tally(answers)).toEqual({ tokens: 1, refused: TIMES - 1 });
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    expect((await issuing.call(body.access_token)).status).toBe(401);
  });

  it('ends its grant when it is used again later', async () => {
    const { client, exchange } = await newCode();
    const { body } = await exchange();
    expect((await issuing.call(body.access_token)).status).toBe(200);
    expect(await exchange()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await issuing.call(body.access_token)).status).toBe(401);
    const records = await issuing.tokens.list({ clientId: client.clientId });
    expect(records.map(({ revokedAt }) => revokedAt)).toEqual([expect.any(Number)]);
  });

  it('is not used up by a client that is not its own, nor by a wrong redirect URI', async () => {
    const { client, exchange } = await newCode();
    const other = await issuing.server.clients.register(WEB_CLIENT);
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    const stolen = {
      grant_type: 'authorization_code',
      code,
      client_id: other.client.clientId,
      client_secret: other.secret as string,
    };
    expect(await issuing.post('/oauth/token', { ...stolen, redirect_uri: CALLBACK })).toMatchObject(
      {
        status: 400,
        body: { error: 'invalid_grant' },
      },
    );
    expect((await exchange()).status).toBe(200);
  });
});

describe('a refresh token', () => {
  it('is for a client alone that may refresh', async () => {
    const { credentials, tokens } = await issuing.grant({ grantTypes: ['authorization_code'] });
    expect(Object.keys(tokens as object).sort()).toEqual([
      'access_token',
      'expires_in',
      'scope',
      'token_type',
    ]);
    expect(await refresh(credentials, 'x')).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
  });

  it('gives one token response of 50 at once, and the reuse ends the grant', async () => {
    const { credentials, tokens } = await issuing.grant();
    const answers = await several(TIMES, () => refresh(credentials, tokens.refresh_token));
    expect(tally(answers)).toEqual({ tokens: 1, refused: TIMES - 1 });
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    expect((await issuing.call(tokens.access_token)).status).toBe(401);
    expect((await issuing.call(body.access_token)).status).toBe(401);
    expect(await refresh(credentials, body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('ends the whole grant when it is used again later, by any client', async () => {
    const { credentials, tokens } = await issuing.grant();
    const first = await refresh(credentials, tokens.refresh_token);
    const second = await refresh(credentials, first.body.refresh_token);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(await refresh(credentials, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    for (const { access_token: accessToken } of [tokens, first.body, second.body]) {
      expect((await issuing.call(accessToken)).status).toBe(401);
    }
    expect((await refresh(credentials, second.body.refresh_token)).body).toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('touches no other grant of the same user and client', async () => {
    const { client, credentials, tokens } = await issuing.grant();
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    const other = await issuing.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      ...credentials,
    });
    await refresh(credentials, tokens.refresh_token);
    await refresh(credentials, tokens.refresh_token);
    expect((await issuing.call(tokens.access_token)).status).toBe(401);
    expect((await issuing.call(other.body.access_token)).status).toBe(200);
    expect((await refresh(credentials, other.body.refresh_token)).status).toBe(200);
  });
});

it.each(['code', 'refresh token'])(
  'a %s that two requests find unused gives one of them tokens, and the other ends the grant',
  async (what) => {
    const store = memoryStore();
    const group = `oauth:used ${what === 'code' ? 'AuthorizationCode' : 'RefreshToken'}`;
    let readsBefore = 2;
    const racing = await startIssuing({
      store: {
        ...store,
        get: async (...key) =>
          key[0] === group && readsBefore-- > 0 ? undefined : store.get(...key),
      },
    });
    const { client, secret = '' } = await racing.server.clients.register(WEB_CLIENT);
    const credentials = { client_id: client.clientId, client_secret: secret };
    const code = (await racing.authorize(client)).searchParams.get('code') as string;
    const exchange = () =>
      racing.post('/oauth/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        ...credentials,
      });
    const first = what === 'code' ? undefined : await exchange();
    const request = () =>
      first
        ? racing.post('/oauth/token', {
            grant_type: 'refresh_token',
            refresh_token: first.body.refresh_token,
            ...credentials,
          })
        : exchange();
    const answers = [await request(), await request()];
    const called = await racing.call((answers[0] as Answer).body.access_token as string);
    await racing.close();
    expect(answers).toMatchObject([
      { status: 200 },
      { status: 400, body: { error: 'invalid_grant' } },
    ]);
    expect(called.status).toBe(401);
  },
);

it('a token is used though the machine that saw its first use is ahead of time', async () => {
  const store = memoryStore();
  const ahead = await startIssuing({
    store: {
      ...store,
      setIfAbsent: (group, key, value, until) =>
        store.setIfAbsent(group, key, String(Number(value) + 60_000), until),
    },
  });
  const { credentials, tokens } = await ahead.grant();
  const again = () =>
    ahead.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
  const statuses = [(await again()).status, (await again()).status];
  await ahead.close();
  expect(statuses).toEqual([200, 400]);
});

it('a store that does not know when a token was used is an outage, and ends no grant', async () => {
  const store = memoryStore();
  let isConfused = false;
  const confused = await startIssuing({
    store: {
      ...store,
      get: async (...key) =>
        isConfused && key[0].startsWith('oauth:used') ? 'yesterday' : store.get(...key),
    },
  });
  const { credentials, tokens } = await confused.grant();
  const request = () =>
    confused.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
  isConfused = true;
  const statuses = [(await request()).status];
  isConfused = false;
  statuses.push((await request()).status);
  await confused.close();
  expect(statuses).toEqual([503, 200]);
});

describe('with a grace', () => {
  it('a refresh token may be used again within refreshGraceMs, each time for new tokens', async () => {
    const graceful = await startIssuing({ refreshGraceMs: 60_000, store: issuing.store });
    const { credentials, tokens } = await graceful.grant();
    const again = () =>
      graceful.post('/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        ...credentials,
      });
    const answers = await several(5, again);
    await graceful.close();
    expect(tally(answers)).toEqual({ tokens: 5, refused: 0 });
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(5);
    const calls = await Promise.all(answers.map(({ body }) => issuing.call(body.access_token)));
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('a refresh token that is used again after it ends the grant', async () => {
    const graceful = await startIssuing({ refreshGraceMs: 100, store: issuing.store });
    const { credentials, tokens } = await graceful.grant();
    const again = () =>
      graceful.post('/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        ...credentials,
      });
    const { body } = await again();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await again()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await graceful.call(body.access_token)).status).toBe(401);
    await graceful.close();
  });

  it('a code has none', async () => {
    const graceful = await startIssuing({ refreshGraceMs: 60_000 });
    const { client, secret = '' } = await graceful.server.clients.register(WEB_CLIENT);
    const code = (await graceful.authorize(client)).searchParams.get('code') as string;
    const request = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      client_id: client.clientId,
      client_secret: secret,
    };
    const answers = await several(5, () => graceful.post('/oauth/token', request));
    await graceful.close();
    expect(tally(answers)).toEqual({ tokens: 1, refused: 4 });
  });
});
